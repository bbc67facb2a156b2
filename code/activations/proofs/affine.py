r"""Why stacked affine layers are one affine layer: with symbolic matrices of symbolic sizes, for every depth.

A layer is :math:`x \mapsto W x + b`. Write :math:`n_0` for the number of inputs and :math:`n_l` for the width of layer
:math:`l`; then :math:`W_l` has shape :math:`n_l \times n_{l-1}`.
"""

from __future__ import annotations

from functools import reduce

import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixExpr

from .derivation import Derivation

__all__ = ["collapse", "folded", "induction_step", "is_affine", "layers", "nested", "vanishing_minor", "vector"]


def _width(layer: int) -> sp.Symbol:
    return sp.Symbol(f"n_{layer}", integer=True, positive=True)


def vector() -> sp.MatrixSymbol:
    """The input, a column of n₀ numbers."""
    return sp.MatrixSymbol("x", _width(0), 1)


def layers(depth: int) -> list[tuple[sp.MatrixSymbol, sp.MatrixSymbol]]:
    """The weights and biases of ``depth`` layers of free widths, first layer first.

    Raises ValueError for a depth below 1.

    >>> layers(2)[1][0].shape
    (n_2, n_1)
    """
    if depth < 1:
        raise ValueError(f"layers: depth must be at least 1, got {depth}")
    return [
        (sp.MatrixSymbol(f"W_{i}", _width(i), _width(i - 1)), sp.MatrixSymbol(f"b_{i}", _width(i), 1))
        for i in range(1, depth + 1)
    ]


def nested(depth: int) -> MatrixExpr:
    """What the network computes: each layer applied to the one before.

    >>> nested(2)
    W_2*(W_1*x + b_1) + b_2
    """
    return reduce(lambda signal, layer: layer[0] * signal + layer[1], layers(depth), vector())


def folded(depth: int) -> tuple[MatrixExpr, MatrixExpr]:
    r"""The one layer that does the same: :math:`W_L \cdots W_1` and :math:`\sum_l W_L \cdots W_{l+1}\, b_l`.

    >>> folded(2)
    (W_2*W_1, W_2*b_1 + b_2)
    """
    weights, biases = zip(*layers(depth), strict=True)
    later = [reduce(lambda product, w: w * product, weights[i + 1 :], biases[i]) for i in range(depth)]
    return reduce(lambda product, w: w * product, weights), sp.MatAdd(*later) if depth > 1 else biases[0]


def collapse(depth: int) -> Derivation:
    """``depth`` nested layers rewritten as one, for any widths."""
    weight, bias = folded(depth)
    return Derivation(nested(depth)).then(
        weight * vector() + bias, because="multiply out; products of matrices associate"
    )


def induction_step() -> Derivation:
    """One more layer on top of an affine map is an affine map again, whatever the depth so far.

    The hypothesis, that layer l's output is A x + c, is given; the step is checked.
    """
    before, after, inputs = sp.symbols("n_l n_m n_0", integer=True, positive=True)
    x, y = sp.MatrixSymbol("x", inputs, 1), sp.MatrixSymbol("y_l", before, 1)
    a, c = sp.MatrixSymbol("A", before, inputs), sp.MatrixSymbol("c", before, 1)
    w, b = sp.MatrixSymbol("W", after, before), sp.MatrixSymbol("b", after, 1)
    hypothesis = sp.Eq(y, a * x + c, evaluate=False)
    return (
        Derivation(w * y + b, given=(hypothesis,))
        .use(hypothesis, because="the induction hypothesis")
        .then((w * a) * x + (w * c + b), because="multiply out: a matrix times x, plus a vector")
    )


def vanishing_minor(narrow: int) -> sp.Expr:
    """The determinant of a (narrow+1)-square product that passes through a layer of ``narrow`` units: always 0.

    >>> vanishing_minor(1)
    0
    """
    wide = narrow + 1
    up = sp.Matrix(wide, narrow, sp.symbols(f"u0:{wide * narrow}"))
    down = sp.Matrix(narrow, wide, sp.symbols(f"d0:{narrow * wide}"))
    return sp.expand((up * down).det(method="berkowitz"))


def is_affine(expr: sp.Expr, symbol: sp.Symbol) -> bool:
    """Whether an expression of one real input is affine: the same slope between any two points.

    The chord's slope from 0 to any point must not depend on the point.
    Decided by SymPy; raises ValueError when it cannot decide.

    >>> x = sp.Symbol("x", real=True)
    >>> is_affine(3 * x + 1, x), is_affine(x**2, x), is_affine(sp.Piecewise((x, x > 0), (0, True)), x)
    (True, False, False)
    """
    start = expr.subs(symbol, 0)
    slopes = [sp.N((expr.subs(symbol, at) - start) / at, 30) for at in (1, -1, 2, -2, 10, -10, 1000, -1000)]
    if any(abs(slope - slopes[0]) > sp.Float("1e-20") for slope in slopes if slope.is_number):
        return False
    if sp.simplify(expr - start - symbol * (expr.subs(symbol, 1) - start)) == 0:
        return True
    raise ValueError(f"is_affine: could not decide for {expr}")
