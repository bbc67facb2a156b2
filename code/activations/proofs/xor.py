r"""XOR and the units that can compute it: certificates, exact networks, and one neuron for every activation that bends.

XOR maps two bits to 1 when exactly one of them is 1. As points of a plane the bits are :data:`POINTS`, and XOR is
:data:`XOR`. A labelling by one threshold means that an affine map is positive where the label is 1 and negative where
it is 0; on four points any threshold can be written so.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import count

import sympy as sp
from scipy.optimize import linprog

from ..catalogue import get, x
from .derivation import Derivation

__all__ = [
    "LABELLINGS",
    "POINTS",
    "XOR",
    "ThresholdNeuron",
    "by_region",
    "certificate",
    "cosine_neuron",
    "difference_squared",
    "is_certificate",
    "on_the_points",
    "one_neuron",
    "opposite_corners",
    "relu_network",
    "s",
    "separating_map",
    "silu_neuron",
    "x1",
    "x2",
]

x1, x2 = sp.symbols("x1 x2", real=True)
"""The two inputs."""

s = sp.Symbol("s", real=True)
"""Their sum, where a formula depends on nothing else."""

POINTS = ((0, 0), (0, 1), (1, 0), (1, 1))
XOR = (0, 1, 1, 0)
LABELLINGS = tuple(tuple(number >> bit & 1 for bit in (3, 2, 1, 0)) for number in range(16))
"""All ways to label the four points with 0 and 1, which are the sixteen Boolean functions of two bits."""

_UNKNOWNS = w1, w2, b = sp.symbols("w1 w2 b", real=True)
_GRID = [sp.Rational(k, 2) for k in range(-12, 13)]


def on_the_points(formula: sp.Expr) -> tuple[sp.Expr, ...]:
    """The exact values of a formula in ``x1`` and ``x2`` on the four points.

    >>> on_the_points(x1 + x2 - 2 * x1 * x2)
    (0, 1, 1, 0)
    """
    return tuple(formula.subs({x1: first, x2: second}) for first, second in POINTS)


# --- no half-plane ---------------------------------------------------------------------------------------------------


def opposite_corners() -> Derivation:
    """Whatever the weights, an affine map has the same total over either pair of opposite corners of the square."""
    at = dict(zip(POINTS, on_the_points(w1 * x1 + w2 * x2 + b), strict=True))
    zeros = sp.Add(at[0, 0], at[1, 1], evaluate=False)
    ones = sp.Add(at[0, 1], at[1, 0], evaluate=False)
    return (
        Derivation(zeros)
        .then(w1 + w2 + 2 * b, because="the corners of the zeros, added up")
        .then(ones, because="the corners of the ones")
    )


def _wanted(labels: Sequence[int]) -> list[sp.Expr]:
    """What must be positive at each point: the affine map there, with its sign turned where the label is 0."""
    if len(labels) != len(POINTS) or set(labels) - {0, 1}:
        raise ValueError(f"labels must be four numbers 0 or 1, one for each of {POINTS}, got {labels!r}")
    values = on_the_points(w1 * x1 + w2 * x2 + b)
    return [value if label else -value for value, label in zip(values, labels, strict=True)]


def separating_map(labels: Sequence[int]) -> sp.Expr | None:
    """An affine map that is positive where the label is 1 and negative where it is 0, or None where there is none.

    Linear programming finds the weights (a gap may be scaled up to 1); the four signs are then checked exactly.
    Raises ValueError for anything but four labels 0 or 1.

    >>> separating_map((0, 0, 0, 1)) is not None, separating_map(XOR)
    (True, None)
    """
    wanted = _wanted(labels)
    rows = [[-float(need.coeff(unknown)) for unknown in _UNKNOWNS] for need in wanted]
    found = linprog([0, 0, 0], A_ub=rows, b_ub=[-1] * len(rows), bounds=(None, None))
    if found.status == 2:  # infeasible
        return None
    weights = dict(zip(_UNKNOWNS, map(_rational, found.x), strict=True))
    if not all(need.subs(weights) > 0 for need in wanted):
        raise ArithmeticError(f"separating_map: the weights {weights} do not separate {labels}")
    return weights[w1] * x1 + weights[w2] * x2 + weights[b]


def certificate(labels: Sequence[int]) -> tuple[sp.Rational, ...] | None:
    r"""Multipliers that turn the four inequalities of a labelling into :math:`0 > 0`, or None where there are none.

    They are non-negative, add up to 1, and the four sides weighted by them add up to 0 whatever the weights are.
    Linear programming finds them, and :func:`is_certificate` checks them exactly.
    Exactly one of this and :func:`separating_map` exists.
    Raises ValueError for anything but four labels 0 or 1.

    >>> certificate(XOR)
    (1/4, 1/4, 1/4, 1/4)
    """
    wanted = _wanted(labels)
    rows = [[float(need.coeff(unknown)) for need in wanted] for unknown in _UNKNOWNS]
    found = linprog([0] * 4, A_eq=[*rows, [1] * 4], b_eq=[0, 0, 0, 1])
    if found.status == 2:  # infeasible
        return None
    multipliers = tuple(map(_rational, found.x))
    if not is_certificate(labels, multipliers):
        raise ArithmeticError(f"certificate: the multipliers {multipliers} prove nothing about {labels}")
    return multipliers


def is_certificate(labels: Sequence[int], multipliers: Sequence[sp.Expr]) -> bool:
    """Whether the multipliers prove, in exact arithmetic, that no affine map separates these labels.

    >>> is_certificate(XOR, (1, 1, 1, 1)), is_certificate(XOR, (1, 1, 1, 0)), is_certificate(XOR, (0, 0, 0, 0))
    (True, False, False)
    """
    combined = sum(factor * need for factor, need in zip(multipliers, _wanted(labels), strict=True))
    signs = all(factor >= 0 for factor in multipliers) and any(factor > 0 for factor in multipliers)
    return bool(signs and sp.expand(combined) == 0)


def _rational(number: float) -> sp.Rational:
    return sp.Rational(float(number)).limit_denominator(1000)


# --- two ReLUs -------------------------------------------------------------------------------------------------------


def relu_network(of: sp.Expr = x1 + x2) -> sp.Expr:
    """The two-unit network relu(s) − 2·relu(s − 1), with the sum of the inputs for s unless another is given.

    >>> on_the_points(relu_network())
    (0, 1, 1, 0)
    """
    relu = sp.Lambda(x, get("relu").at())
    return relu(of) - 2 * relu(of - 1)


def by_region() -> Derivation:
    """The two-unit network as one affine map a region: each way to switch the units on or off, where it can occur."""
    relu = sp.Function("relu", real=True)
    first, second = s > 0, s > 1
    pieces = sp.Piecewise(
        (s - 2 * (s - 1), sp.And(first, second)),
        (s - 2 * 0, sp.And(first, sp.Not(second))),
        (0, sp.And(sp.Not(first), sp.Not(second))),
    )
    return (
        Derivation(relu(s) - 2 * relu(s - 1), where={relu: sp.Lambda(x, get("relu").at())})
        .then(pieces, because="both units on, the first, none")
        .then(sp.Piecewise((0, s <= 0), (s, s <= 1), (2 - s, True)), because="sorted by the sum s")
    )


# --- one neuron ------------------------------------------------------------------------------------------------------


def cosine_neuron() -> sp.Expr:
    """The neuron cos(π(x1 + x2 − 1)/2), which is XOR on the four points.

    >>> on_the_points(cosine_neuron())
    (0, 1, 1, 0)
    """
    return get("cosine").at().subs(x, sp.pi * (x1 + x2 - 1) / 2)


def difference_squared() -> sp.Expr:
    """The neuron (x1 − x2)², with the square as its activation: XOR on the four points again.

    >>> on_the_points(difference_squared())
    (0, 1, 1, 0)
    """
    return (x1 - x2) ** 2


@dataclass(frozen=True)
class ThresholdNeuron:
    """A neuron of two inputs whose output is compared with a threshold: 1 above it, or below where ``above`` is False.

    >>> silu_neuron().labels(get("silu").at()), silu_neuron().labels(get("relu").at())
    ((0, 1, 1, 0), (0, 0, 0, 0))
    """

    weights: tuple[sp.Expr, sp.Expr]
    bias: sp.Expr
    threshold: sp.Expr
    above: bool = True

    def weighted_sum(self) -> sp.Expr:
        return self.weights[0] * x1 + self.weights[1] * x2 + self.bias

    def labels(self, activation: sp.Expr) -> tuple[int, ...]:
        """What it decides on the four points with an activation, an expression in ``x``; compared exactly."""
        sums = on_the_points(self.weighted_sum())
        return tuple(int(self._fires(activation.subs(x, z))) for z in sums)

    def _fires(self, output: sp.Expr) -> bool:
        return bool(output > self.threshold if self.above else output < self.threshold)


def silu_neuron() -> ThresholdNeuron:
    """A SiLU neuron that computes XOR: it fires in the dip, where the output is below −1/5."""
    return ThresholdNeuron((sp.Integer(2), sp.Integer(2)), sp.Integer(-3), sp.Rational(-1, 5), above=False)


def one_neuron(activation: sp.Expr) -> ThresholdNeuron | None:
    """A single neuron with this activation that computes XOR by a threshold, or None where the search finds no bend.

    It looks on a grid from −6 to 6 for a peak inside, or a dip, and puts the two points of XOR's ones on it and the
    two others on either side; the decision is then checked exactly. For a monotone activation there is nothing to
    find. A bend that the grid misses is missed.

    >>> one_neuron(get("silu").at()).labels(get("silu").at()), one_neuron(get("relu").at())
    ((0, 1, 1, 0), None)
    """
    heights = [sp.N(activation.subs(x, at), 30) for at in _GRID]
    for above in (True, False):
        found = _on_a_peak([height if above else -height for height in heights])
        if found is None:
            continue
        (left, low, high), level = found
        p, m, n = (_GRID[index] for index in (left, low, high))
        neuron = ThresholdNeuron((n - p, m - p), p, level if above else -level, above)
        if neuron.labels(activation) != XOR:
            raise ArithmeticError(f"one_neuron: {neuron} does not compute XOR with {activation}")
        return neuron
    return None


def _on_a_peak(heights: Sequence[sp.Float]) -> tuple[tuple[int, int, int], sp.Rational] | None:
    """Indices left of the highest points, of the first and of the last of them, and a level between; None at an end.

    The step to the left is as long as the one to the right of the last, and such that the gap is widest.
    """
    top = max(heights)
    highest = [index for index, height in enumerate(heights) if height == top]
    low, high = highest[0], highest[-1]
    steps = range(1, min(low, len(heights) - 1 - high) + 1)
    if not steps:
        return None

    def beside(step: int) -> sp.Float:
        return max(heights[low - step], heights[high + step])

    step = min(steps, key=beside)
    return (low - step, low, high), _simplest_between(beside(step), top)


def _simplest_between(low: sp.Float, high: sp.Float) -> sp.Rational:
    """A fraction strictly between two numbers, with a small denominator."""
    middle = (low + high) / 2
    fractions = (sp.Rational(int(sp.floor(middle * below + sp.Rational(1, 2))), below) for below in count(1))
    return next(fraction for fraction in fractions if low < fraction < high)
