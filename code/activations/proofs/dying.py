r"""When a ReLU unit is dead, when it can come back, and how likely a network is to be born dead.

A unit forms :math:`z = w \cdot h + b` and passes on :math:`\operatorname{relu}(z)`. It is dead on some inputs when
:math:`z \le 0` at each of them: there the slope is 0, by the catalogue's convention at 0 itself too.
"""

from __future__ import annotations

from typing import NamedTuple

import sympy as sp
from sympy import Eq, Rational

from ..catalogue import get, x
from .derivation import Derivation

__all__ = [
    "Half",
    "State",
    "a",
    "both_alive_orthogonal",
    "born_dead_bounds",
    "coasting",
    "gradient_when_silent",
    "killing_rate",
    "lower_bound",
    "mean_sum",
    "mixture",
    "one_input_dies",
    "orthant",
    "revival",
    "upper_bound",
]

a = sp.Symbol("a", positive=True)
"""The probability that a layer of N units stays alive at one input, :math:`a = 1 - 2^{-N}`."""

Half = Rational(1, 2)
"""The probability that a symmetric sum is negative."""

_b = sp.Symbol("b", real=True)
_H = sp.Symbol("H", integer=True, positive=True)


# --- one unit --------------------------------------------------------------------------------------------------------


def gradient_when_silent() -> Derivation:
    r"""What one example adds to the gradient of a silent unit's weight: nothing, whatever comes from above.

    .. math:: \delta \, \operatorname{relu}'(z) \, h = 0 \qquad \text{for } z \le 0

    >>> gradient_when_silent().last
    0
    """
    delta, h, z = sp.Symbol("delta", real=True), sp.Symbol("h", real=True), sp.Symbol("z", nonpositive=True)
    slope = sp.Function("phi", real=True)
    meaning = {slope: sp.Lambda(x, get("relu").slope())}
    return Derivation(delta * slope(z) * h, where=meaning).then(sp.S.Zero, because="ReLU's slope is 0 for $z \\le 0$")


def mixture() -> Derivation:
    r"""At a mixture of two inputs a unit's sum is the same mixture of its sums.

    .. math:: w \cdot \bigl(t\,p + (1 - t)\,q\bigr) + b = t\,(w \cdot p + b) + (1 - t)\,(w \cdot q + b)
    """
    n, j = sp.symbols("n j", integer=True, positive=True)
    t = sp.Symbol("t", real=True)
    w, p, q = (sp.IndexedBase(name, real=True) for name in "wpq")

    def total(term: sp.Expr) -> sp.Expr:
        return sp.Sum(term, (j, 1, n))

    whole = total(w[j] * (t * p[j] + (1 - t) * q[j])) + _b
    parts = t * (total(w[j] * p[j]) + _b) + (1 - t) * (total(w[j] * q[j]) + _b)
    return Derivation(whole).then(parts, because="a sum of products is linear in the input, and $b = tb + (1 - t)b$")


def mean_sum() -> Derivation:
    r"""The mean of a unit's sums over inputs with mean 0 is its bias.

    .. math:: \frac1n \sum_k (w \cdot x_k + b) = w \cdot \bar x + b = b

    >>> mean_sum().last.rhs
    b
    """
    w, mean = sp.symbols("w xbar", real=True)
    mean_z = sp.Symbol("zbar", real=True)
    given = Eq(mean, 0, evaluate=False)
    return Derivation(Eq(mean_z, w * mean + _b, evaluate=False), given=(given,)).use(given, because="centred inputs")


def killing_rate() -> Derivation:
    r"""The learning rate at which one step brings a sum z down to 0.

    .. math:: z - \eta c = 0, \qquad c = g \cdot h + g_b

    where g and :math:`g_b` are the gradients of the unit's weights and bias, and h is the input at which it is active.

    >>> killing_rate().last.rhs
    z/c
    """
    z, c, eta = sp.symbols("z c eta", positive=True)
    return Derivation(Eq(z - eta * c, 0, evaluate=False)).solve_for(eta)


def coasting() -> Derivation:
    r"""How far momentum carries a dead unit in all: velocity v, rate η, and no gradient any more.

    .. math:: \eta \sum_{k = 1}^{\infty} \mu^k v = \frac{\eta \mu v}{1 - \mu}

    >>> coasting().last.rhs
    eta*mu*v/(1 - mu)
    """
    mu = sp.Symbol("mu", positive=True)
    eta, v = sp.symbols("eta v", real=True)
    s = sp.Symbol("S", real=True)
    # S = μv + μS: after the first step the rest is the same journey with velocity μv.
    return (
        Derivation(Eq(s, mu * v + mu * s, evaluate=False))
        .solve_for(s, because="the first step takes $\\mu v$, and the rest is the whole journey again, times $\\mu$")
        .both_sides(lambda side: eta * side, because="every step is multiplied by the rate")
        .then(eta * mu * v / (1 - mu), because="collect")
    )


# --- a dead unit that comes back -------------------------------------------------------------------------------------


class State(NamedTuple):
    """Where :func:`revival` stands after some steps; ``own`` are the second unit's weight and bias."""

    step: int
    below: sp.Rational
    own: tuple[sp.Rational, sp.Rational]
    sums: tuple[sp.Rational, ...]
    alive: bool


def revival(steps: int = 3) -> list[State]:
    r"""Gradient descent, in fractions, on a network in which a dead unit comes back to life.

    .. math:: h = \operatorname{relu}(w x), \qquad y = c\,h + v \operatorname{relu}(u h + b)

    The inputs are 1 and ½, the targets 6 and 3, the loss is half the mean squared error, and the rate ⅕. At the start
    u = 1 and b = −2, so that the second unit is dead; the path over c goes on teaching w.

    >>> [state.alive for state in revival()]
    [False, False, True, True]
    """
    w, c, v, u, b = names = sp.symbols("w c v u b", real=True)
    relu = get("relu")
    inputs, targets = (Rational(1), Rational(1, 2)), (6, 3)
    hidden = [relu.at().subs(x, w * one) for one in inputs]
    sums = [u * h + b for h in hidden]
    outputs = [c * h + v * relu.at().subs(x, z) for h, z in zip(hidden, sums, strict=True)]
    loss = sum((y - t) ** 2 for y, t in zip(outputs, targets, strict=True)) / (2 * len(inputs))
    slopes = [loss.diff(name) for name in names]
    at, seen = dict(zip(names, map(Rational, (1, 1, 1, 1, -2)), strict=True)), []
    for step in range(steps + 1):
        now = tuple(z.subs(at) for z in sums)
        seen.append(State(step, at[w], (at[u], at[b]), now, bool(max(now) > 0)))
        at = {name: at[name] - Rational(1, 5) * slope.subs(at) for name, slope in zip(names, slopes, strict=True)}
    return seen


# --- born dead -------------------------------------------------------------------------------------------------------


def orthant(cosine: sp.Expr | int) -> sp.Expr:
    r"""The probability that a Gaussian unit without bias is silent at two inputs, by the cosine of their angle.

    .. math:: \frac{\pi - \theta}{2\pi}, \qquad \theta = \arccos(\text{cosine})

    The weights must lie in two half-spaces at once, and their direction is uniform: the share of the circle is asked.

    >>> orthant(0), orthant(1), orthant(-1)
    (1/4, 1/2, 0)
    """
    return (sp.pi - sp.acos(cosine)) / (2 * sp.pi)


def one_input_dies(depth: int, width: int) -> sp.Rational:
    r"""The probability that at one given input some layer of a ReLU network is wholly silent at the start.

    .. math:: 1 - (1 - 2^{-N})^H

    H layers of N units; weights symmetric about 0 and continuous, biases zero or likewise.

    >>> one_input_dies(1, 3), one_input_dies(2, 1)
    (1/8, 3/4)
    """
    return 1 - (1 - Half**width) ** depth


def both_alive_orthogonal() -> Derivation:
    r"""One layer leaves two orthogonal inputs alive, both of them, with probability a².

    .. math:: 1 - 2 \cdot 2^{-N} + 4^{-N} = a^2

    >>> both_alive_orthogonal().last
    a**2
    """
    return Derivation(1 - 2 * (1 - a) + (1 - a) ** 2).then(a**2, because="a square, with $2^{-N} = 1 - a$")


def lower_bound() -> Derivation:
    r"""The least probability that a network of one input and zero biases is born dead, from inclusion and exclusion.

    .. math:: 1 - 2a^H + (2a - 1)\,a^{2(H - 1)}

    >>> lower_bound().last == 1 - 2 * a**_H + (2 * a - 1) * a ** (2 * (_H - 1))
    True
    """
    start = 1 - 2 * a**_H + (1 - 2 * (1 - a)) * (a**2) ** (_H - 1)
    closed = 1 - 2 * a**_H + (2 * a - 1) * a ** (2 * (_H - 1))
    return Derivation(start).then(closed, because="both stay alive with probability $a^2$ a layer at the least")


def upper_bound() -> Derivation:
    r"""The largest such probability.

    .. math:: 1 - 2a^H + (2a - 1)\,a^{H - 1} = 1 - a^{H - 1}

    >>> upper_bound().last == 1 - a ** (_H - 1)
    True
    """
    start = 1 - 2 * a**_H + (1 - 2 * (1 - a)) * a ** (_H - 1)
    return Derivation(start).then(1 - a ** (_H - 1), because="$a^H = a \\cdot a^{H - 1}$")


def born_dead_bounds(depth: int, width: int) -> tuple[sp.Rational, sp.Rational]:
    """Both bounds as fractions, for Gaussian weights, zero biases and inputs on a line through 0.

    Raises ValueError for a depth or a width below 1.

    >>> born_dead_bounds(1, 3), born_dead_bounds(2, 1)
    ((0, 0), (1/2, 1/2))
    """
    if depth < 1 or width < 1:
        raise ValueError(f"born_dead_bounds: depth and width must be at least 1, got {depth} and {width}")
    values = {a: 1 - Half**width, _H: depth}
    return tuple(derivation.last.subs(values) for derivation in (lower_bound(), upper_bound()))
