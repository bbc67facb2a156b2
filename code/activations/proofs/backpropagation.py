r"""Backpropagation, derived: one neuron, one layer, and a chain of neurons, for any activation and any loss.

The activation is a free function symbol :math:`f` and the loss a free function symbol :math:`\ell`, so that nothing
here depends on which ones they are. The error of a unit, :math:`\delta = \partial \ell / \partial z`, is the loss
differentiated in the unit's weighted sum.

Each function returns a :class:`Derivation`, so that it is checked whenever it is called.
"""

from __future__ import annotations

import sympy as sp
from sympy import Derivative, Lambda, Subs

from ._called import called
from .derivation import Derivation

__all__ = [
    "by_bias",
    "by_input",
    "by_weight",
    "chain",
    "chain_step",
    "error",
    "jacobian",
    "several_users",
    "transposed",
]

_w, _x, _b, _rest, _u, _v, _t = sp.symbols("w_i x_i b R u v t", real=True)


_f, _slope_f = called("f", real=True), called("f'", real=True)
_loss, _slope_loss = called(r"\ell", real=True), called(r"\ell'", real=True)


def _slope_of(function: sp.core.function.UndefinedFunction) -> Lambda:
    return Lambda(_u, Subs(Derivative(function(_v), _v), _v, _u))


_PRIMES = {_slope_f: _slope_of(_f), _slope_loss: _slope_of(_loss)}


# --- one neuron -------------------------------------------------------------------------------------------------------


def error() -> Derivation:
    r"""The error of an output unit: the loss's slope times the activation's.

    .. math:: \delta = \ell'(f(z))\, f'(z)
    """
    z = sp.Symbol("z", real=True)
    return Derivation(Derivative(_loss(_f(z)), z), where=_PRIMES).then(
        _slope_loss(_f(z)) * _slope_f(z), because="the chain rule"
    )


def _neuron() -> tuple[sp.Expr, sp.Expr, dict]:
    """z and δ as functions of one weight, its input and the bias; R is the rest of the sum."""
    z, delta = called("z", bare=True, real=True), called(r"\delta", bare=True, real=True)
    free = (_w, _x, _b, _rest)
    meaning = {
        delta: Lambda(free, _slope_loss(_f(z(*free))) * _slope_f(z(*free))),
        z: Lambda(free, _w * _x + _rest + _b),
    }
    return z(*free), delta(*free), meaning | _PRIMES


def _in_one_number(number: sp.Symbol, factor: sp.Expr, because: str) -> Derivation:
    z, delta, meaning = _neuron()
    return (
        Derivation(Derivative(_loss(_f(z)), number), where=meaning)
        .then(_slope_loss(_f(z)) * _slope_f(z) * Derivative(z, number), because="the chain rule")
        .then(delta * factor, because=because)
    )


def by_weight() -> Derivation:
    r"""The loss's slope in a weight is the unit's error times what the weight multiplies.

    .. math:: \frac{\partial \ell}{\partial w_i} = \delta\, x_i

    >>> print(by_weight().last)
    x_i*\delta(w_i, x_i, b, R)
    """
    return _in_one_number(_w, _x, "of $z = w_i x_i + R + b$ only $w_i x_i$ moves")


def by_bias() -> Derivation:
    r"""The loss's slope in the bias is the unit's error.

    .. math:: \frac{\partial \ell}{\partial b} = \delta
    """
    return _in_one_number(_b, sp.S.One, "$z$ moves as $b$ does")


def by_input() -> Derivation:
    r"""What a unit sends back to one of its inputs: its error times the weight of that input.

    .. math:: \frac{\partial \ell}{\partial x_i} = \delta\, w_i
    """
    return _in_one_number(_x, _w, "of $z = w_i x_i + R + b$ only $w_i x_i$ moves")


# --- a layer ----------------------------------------------------------------------------------------------------------


def several_users(units: int = 2) -> Derivation:
    r"""An input that several units use collects what each of them sends back.

    .. math:: \frac{\partial \ell}{\partial x} = \sum_j \delta_j\, w_j

    The loss is a free function of all the sums :math:`z_j`, and :math:`\delta_j` its slope in the j-th one. Raises
    ValueError for no unit.
    """
    _at_least("several_users", "units", units)
    x, weights, rests = sp.Symbol("x", real=True), _numbers("w", units), _numbers("R", units)
    sums = [called(f"z_{j}", bare=True, real=True) for j in range(1, units + 1)]
    places, free = _numbers("z", units), sp.symbols(f"u1:{units + 1}", real=True)
    errors = [called(rf"\delta_{j}", bare=True, real=True) for j in range(1, units + 1)]
    meaning = {
        delta: Lambda(free, Subs(Derivative(_loss(*places), place), places, free))
        for delta, place in zip(errors, places, strict=True)
    } | {z: Lambda(x, w * x + rest) for z, w, rest in zip(sums, weights, rests, strict=True)}
    at = [z(x) for z in sums]
    return Derivation(Derivative(_loss(*at), x), where=meaning).then(
        sum(delta(*at) * w for delta, w in zip(errors, weights, strict=True)),
        because="the chain rule: one term for each way from $x$ to the loss",
    )


def jacobian(units: int = 2, inputs: int = 3) -> Derivation:
    r"""All slopes of a layer's outputs in its inputs: a diagonal matrix times the weights.

    .. math:: \frac{\partial f(Wx + b)}{\partial x} = \operatorname{diag}(f'(z))\, W

    Raises ValueError for a layer without units or inputs.
    """
    _at_least("jacobian", "units", units)
    _at_least("jacobian", "inputs", inputs)
    x, weight, bias = _numbers("x", inputs), _matrix("w", units, inputs), _numbers("b", units)
    sums = [called(f"z_{j}", bare=True, real=True) for j in range(1, units + 1)]
    made = weight * sp.Matrix(x) + sp.Matrix(bias)
    meaning = _PRIMES | {z: Lambda(x, total) for z, total in zip(sums, made, strict=True)}
    slopes = sp.Matrix(units, inputs, lambda j, i: Derivative(_f(sums[j](*x)), x[i]))
    product = sp.Matrix(units, inputs, lambda j, i: _slope_f(sums[j](*x)) * weight[j, i])
    return Derivation(slopes, where=meaning).then(product, because="row $j$ has the factor $f'(z_j)$")


def transposed() -> Derivation:
    r"""Backwards through a layer is a product with the transposed weights, for any sizes.

    .. math:: \delta^\top (W h) = (W^\top \delta)^\top h

    The left side is what the loss gains when the layer's input moves by h.
    """
    units, inputs = sp.symbols("m n", integer=True, positive=True)
    delta, move = sp.MatrixSymbol(r"\delta", units, 1), sp.MatrixSymbol("h", inputs, 1)
    weight = sp.MatrixSymbol("W", units, inputs)
    sent_back = sp.MatMul(sp.Transpose(weight.T * delta), move)
    return Derivation(sp.MatMul(delta.T, weight, move)).then(sent_back, because="transpose the product")


def _at_least(who: str, name: str, value: int) -> None:
    if value < 1:
        raise ValueError(f"{who}: {name} must be at least 1, got {value}")


def _numbers(name: str, count: int) -> tuple[sp.Symbol, ...]:
    return tuple(sp.Symbol(f"{name}_{j}", real=True) for j in range(1, count + 1))


def _matrix(name: str, rows: int, columns: int) -> sp.Matrix:
    return sp.Matrix(rows, columns, lambda j, i: sp.Symbol(f"{name}_{{{j + 1}{i + 1}}}", real=True))


# --- a chain of neurons -----------------------------------------------------------------------------------------------


def chain(depth: int = 3) -> Derivation:
    r"""The loss's slope in the first bias of a chain of one-unit layers, written out.

    .. math:: \frac{\partial \ell}{\partial b_1} = \ell'(a_L)\, f'(z_L)\, w_L\, f'(z_{L-1}) \cdots w_2\, f'(z_1)

    Raises ValueError for a depth below 1.
    """
    _at_least("chain", "depth", depth)
    sums, weights, meaning = _chained(depth)
    out = sums[-1]
    factors = [_slope_f(z) for z in sums] + weights[1:]
    last = _slope_loss(_f(out)) * _slope_f(out) * Derivative(out, _first)
    return (
        Derivation(Derivative(_loss(_f(out)), _first), where=meaning)
        .then(last, because="the chain rule at the last unit")
        .then(_slope_loss(_f(out)) * sp.Mul(*factors), because="the chain rule at every unit before it")
    )


_first = sp.Symbol("b_1", real=True)


def _chained(depth: int) -> tuple[list[sp.Expr], list[sp.Symbol], dict]:
    """The sums z₁ … z_L as functions of the first bias, the weights, and what the names stand for."""
    weights, biases = _numbers("w", depth), (_first, *_numbers("b", depth)[1:])
    sums = [called(f"z_{layer}", bare=True, real=True)(_first) for layer in range(1, depth + 1)]
    below = [sp.Symbol("a_0", real=True), *(_f(z) for z in sums[:-1])]
    made = [w * a + b for w, a, b in zip(weights, below, biases, strict=True)]
    named = list(zip(sums, made, strict=True))[::-1]  # the last one first: it holds the names of those before
    return sums, list(weights), _PRIMES | {z.func: Lambda(_first, expr) for z, expr in named}


def chain_step() -> Derivation:
    r"""One more unit on top of a chain multiplies any slope of its output by f′(z) w, whatever the chain so far.

    .. math:: \frac{d}{dt} f\bigl(w\, a(t) + b\bigr) = f'(z)\, w\, a'(t)
    """
    w, b = sp.symbols("w b", real=True)
    a, z = called("a", real=True), called("z", bare=True, real=True)
    return Derivation(Derivative(_f(z(_t)), _t), where=_PRIMES | {z: Lambda(_t, w * a(_t) + b)}).then(
        _slope_f(z(_t)) * w * Derivative(a(_t), _t), because="the chain rule, with $z = w\\, a(t) + b$"
    )
