r"""What one hidden layer can approximate: a construction with its error, and what holds a polynomial back.

The construction has one dimension. A continuous :math:`f` is known at knots :math:`x_0 < \dots < x_n`, and the network

.. math:: N(x) = f(x_0) + \sum_{k=0}^{n-1} (s_k - s_{k-1}) \operatorname{relu}(x - x_k), \qquad s_{-1} = 0,

in which :math:`s_k` is the slope of the chord from :math:`x_k` to :math:`x_{k+1}`, runs along all chords.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence

import sympy as sp
from sympy import Eq, Function, Lambda, Rational, Symbol, symbols
from sympy.polys.domains import ZZ
from sympy.polys.matrices import DomainMatrix

from ..catalogue import get
from ..catalogue import x as variable
from .derivation import Derivation

__all__ = [
    "INTEGER_ACTIVATIONS",
    "between_two_knots",
    "certificate",
    "far_from_quadratics",
    "largest_product",
    "line_over_a_tooth",
    "one_more_unit",
    "power_from_units",
    "remainder",
    "sharpness",
    "span_of_networks",
    "tent_falls",
]

_a, _b, _t = symbols("a b t", real=True)
_f = Function("f", real=True)


def one_more_unit() -> Derivation:
    """The network up to unit k − 1 runs along chord k − 1; unit k, which wakes at x_k, turns it onto chord k."""
    x, x_k, x_p, y_k, y_p, s_k, s_p = symbols("x x_k x_p y_k y_p s_k s_p", real=True)
    chord = Eq(s_p, (y_k - y_p) / (x_k - x_p), evaluate=False)
    return (
        Derivation(y_p + s_p * (x - x_p) + (s_k - s_p) * (x - x_k), given=(chord,))
        .then(y_p + s_p * (x_k - x_p) + s_k * (x - x_k), because="collect the terms in $x$")
        .use(chord, because="the old chord ends in $y_k$, where the new one starts")
    )


def between_two_knots() -> Derivation:
    """On a chord the error is an average of two differences of f, so it is no larger than the larger of them."""
    share = Symbol("lambda", real=True)
    x, chord = Symbol("x", real=True), (1 - share) * _f(_a) + share * _f(_b)
    return Derivation(_f(x) - chord).then(
        (1 - share) * (_f(x) - _f(_a)) + share * (_f(x) - _f(_b)), because="the shares add up to 1"
    )


def remainder() -> Derivation:
    """What is left of g = f − chord − K(t − a)(t − b) after two derivatives: the chord has gone."""
    g, p, q, k = Function("g", real=True), *symbols("p q K", real=True)
    meaning = _f(_t) - (p + q * _t) - k * (_t - _a) * (_t - _b)
    return (
        Derivation(Eq(g(_t), meaning, evaluate=False), where={g: Lambda(_t, meaning)})
        .differentiate(_t)
        .then(_f(_t).diff(_t) - q - k * (2 * _t - _a - _b), because="the chord has slope $q$")
        .differentiate(_t)
    )


def largest_product() -> Derivation:
    """The gap between h²/4 and the product of the distances to both knots, for x at s right of their middle, is s²."""
    h, s = symbols("h s", real=True)
    return Derivation(h**2 / 4 - (h / 2 + s) * (h / 2 - s)).then(s**2, because="a difference of two squares")


def sharpness() -> Derivation:
    """For f(t) = t², whose second derivative is 2, the chord misses the middle by exactly h²/8 · 2."""
    return Derivation((_a**2 + _b**2) / 2 - ((_a + _b) / 2) ** 2).then(
        (_b - _a) ** 2 / 8 * 2, because="multiply out and collect"
    )


def power_from_units(order: int, activation: str = "sigmoid") -> Derivation:
    """The derivative of φ(wx + b) in w, taken ``order`` times at w = 0, is the power xᵏ times φ⁽ᵏ⁾(b).

    A derivative is a limit of sums of units with outer weights. Raises ValueError for an order below 1.
    """
    if order < 1:
        raise ValueError(f"power_from_units: order must be at least 1, got {order}")
    phi, (x, w, b) = Function("varphi", real=True), symbols("x w b", real=True)
    unit = sp.Subs(sp.Derivative(phi(w * x + b), (w, order)), w, 0)
    return Derivation(unit, where={phi: _meaning(activation)}).then(
        x**order * phi(b).diff((b, order)), because="the chain rule, once for each order"
    )


def _meaning(activation: str) -> Lambda:
    return Lambda(variable, get(activation).at())


# --- depth ------------------------------------------------------------------------------------------------------------


def tent_falls() -> Derivation:
    """The tent at d right of ½, where both of its units are on: it falls from 1 with the slope −2."""
    relu, d = Function("relu", real=True), Symbol("d", positive=True)
    tent = 2 * relu(Rational(1, 2) + d) - 4 * relu(d)
    return Derivation(tent, where={relu: _meaning("relu")}).then(1 - 2 * d, because="both units are on")


def line_over_a_tooth() -> Derivation:
    """What a straight line misses of a tooth, which is 0, 1, 0 at u, u + h, u + 2h: its errors e there add up to 2."""
    e, p, q, u = Function("e", real=True), *symbols("p q u", real=True)
    h = Symbol("h", positive=True)
    tooth = 1 - sp.Abs(_t - u - h) / h
    return Derivation(e(u) - 2 * e(u + h) + e(u + 2 * h), where={e: Lambda(_t, p + q * _t - tooth)}).then(
        sp.Integer(2), because="a line has no second difference, the tooth has −2"
    )


# --- what polynomials cannot do ---------------------------------------------------------------------------------------

_KNOTS = tuple(Rational(k, 2) for k in range(-2, 3))
WEIGHTS = tuple(Rational(c, 16) for c in (1, -4, 6, -4, 1))


def certificate(function: Callable[[sp.Expr], sp.Expr]) -> sp.Expr:
    """(g(−1) − 4g(−½) + 6g(0) − 4g(½) + g(1)) / 16: at most max |g| in size, and 0 for every cubic.

    >>> certificate(lambda x: x**3), certificate(sp.Abs)
    (0, -1/8)
    """
    return sum(weight * function(knot) for weight, knot in zip(WEIGHTS, _KNOTS, strict=True))


def far_from_quadratics() -> Derivation:
    """The certificate of e = |x| − q, for any quadratic q, is −⅛: so e is at least ⅛ in size somewhere."""
    e, c = Function("e", real=True), symbols("c0:3", real=True)
    error = sp.Abs(_t) - (c[0] + c[1] * _t + c[2] * _t**2)
    return Derivation(certificate(e), where={e: Lambda(_t, error)}).then(
        Rational(-1, 8), because="the coefficients of $q$ cancel"
    )


INTEGER_ACTIVATIONS: dict[str, Callable[[int], int]] = {
    "identity": lambda z: z,
    "square": lambda z: z**2,
    "cube": lambda z: z**3,
    "relu": lambda z: max(z, 0),
    "heaviside": lambda z: int(z >= 0),
}
"""Activations that turn integers into integers, so that a rank is counted without rounding."""


def span_of_networks(
    activation: str, *, depth: int = 1, inputs: int = 1, networks: int = 40, width: int = 8, seed: int = 0
) -> int:
    """The dimension of the space that random networks span: the rank of their outputs at as many random points.

    Weights are integers, so that the rank is exact. Raises ValueError, naming the setting, for an unknown activation
    or a number below 1.

    >>> span_of_networks("identity"), span_of_networks("square"), span_of_networks("cube")
    (2, 3, 4)
    """
    if activation not in INTEGER_ACTIVATIONS:
        raise ValueError(
            f"span_of_networks: activation must be one of {', '.join(INTEGER_ACTIVATIONS)}, got {activation!r}"
        )
    for name, value in {"depth": depth, "inputs": inputs, "networks": networks, "width": width}.items():
        if value < 1:
            raise ValueError(f"span_of_networks: {name} must be at least 1, got {value}")
    dice = random.Random(seed)
    points = list(zip(*(dice.sample(range(-4 * networks, 4 * networks), networks) for _ in range(inputs)), strict=True))
    rows = [_outputs(activation, depth, width, points, dice) for _ in range(networks)]
    return DomainMatrix(rows, (networks, networks), ZZ).to_field().rank()


def _outputs(
    activation: str, depth: int, width: int, points: Sequence[Sequence[int]], dice: random.Random
) -> list[object]:
    """One random network's outputs at the points."""
    signals, act = points, INTEGER_ACTIVATIONS[activation]
    for _ in range(depth):
        weights = [[dice.randint(-9, 9) for _ in signals[0]] for _ in range(width)]
        # Each unit's threshold lies near one of the points, where it can make a difference.
        biases = [dice.randint(-9, 9) - _dot(row, dice.choice(signals)) for row in weights]
        signals = [
            [act(_dot(row, signal) + bias) for row, bias in zip(weights, biases, strict=True)] for signal in signals
        ]
    last = [dice.randint(-9, 9) for _ in range(width)]
    return [ZZ(_dot(last, signal)) for signal in signals]


def _dot(weights: Sequence[int], signal: Sequence[int]) -> int:
    return sum(w * s for w, s in zip(weights, signal, strict=True))
