r"""Fact sheets: what is true of an activation, derived from its one definition.

Each fact is *exact*, with what proves it, or *numerical*, with the digits that are known.

>>> sheet = fact_sheet("relu")
>>> sheet["lipschitz"].value, sheet["lipschitz"].status
(1, 'exact')
>>> sheet["second_moment"].value
1/2
>>> fact_sheet("silu")["infimum"].value
-LambertW(exp(-1))
"""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

from ._calculus import (
    Analysis,
    convexity_facts,
    domain_fact,
    extreme_facts,
    fixed_points_fact,
    lipschitz_fact,
    monotonicity_facts,
    polynomial_fact,
    smoothness_facts,
)
from ._gaussian import forward_gain_fact, moment_facts
from ._proofs import proof
from ._sheet import LABELS, Fact, FactSheet
from ._symmetry import symmetry_facts
from ._tails import limit_facts, rounding_facts, saturation_facts
from ._vector import vector_facts
from .catalogue import Activation, ManyInputActivation, get

__all__ = ["Fact", "FactSheet", "fact_sheet", "forward_gain"]


def fact_sheet(activation: str | Activation | ManyInputActivation, **parameters: object) -> FactSheet:
    r"""The fact sheet of an activation of the catalogue, by any of its names, or of one that you define.

    .. math::
        L = \sup |f'|, \qquad
        \text{affine share} = \frac{(\mathrm E[X f(X)])^2}{\sigma^2 \operatorname{Var} f(X)}
        \quad \text{for } X \sim N(0, \sigma^2)

    Parameters take the catalogue's defaults unless given, as exact numbers.
    Signs of f′ and f″ are proved with Rolle's theorem, piece by piece; what happens at kinks is read from one-sided
    limits, what happens at ±∞ from limits. Sheets are remembered.

    Raises KeyError, naming the nearest known names, for an unknown name; TypeError for anything else than a name or an
    entry, and for an unknown parameter; ValueError for a parameter out of its range, and for a function that is not a
    real number at every real input.

    >>> from activations.catalogue import x
    >>> fact_sheet(Activation("mine", x * sp.atan(x)))["convexity"].value
    'strictly convex'
    >>> fact_sheet("leaky_relu", negative_slope=0)["monotonicity"].value
    'increasing'
    """
    entry = get(activation)
    if isinstance(entry, ManyInputActivation):
        if parameters:
            raise TypeError(f"{entry.name} takes no parameters, got {', '.join(parameters)}")
        return _many_input_sheet(entry)
    settings = _settings(entry, parameters)
    return _one_input_sheet(entry, entry.at(**parameters), entry.slope(**parameters), settings)


def forward_gain(activation: str | Activation) -> sp.Expr:
    r"""The gain that keeps the mean square of a signal on average, exact or with the digits that are known.

    .. math:: g = 1 / \sqrt{\mathrm E\, f(X)^2}, \qquad X \sim N(0, 1)

    It is the fact of that name on the fact sheet, in a fraction of the time that the whole sheet takes.
    Raises what :func:`fact_sheet` raises, and ValueError for a function of many inputs.

    >>> forward_gain("relu")
    sqrt(2)
    """
    entry = get(activation)
    if isinstance(entry, ManyInputActivation):
        raise ValueError(f"{entry.name} takes many inputs; the gain is defined for functions of one")
    return _forward_gain(entry.at())


@lru_cache(maxsize=256)
def _forward_gain(expr: sp.Expr) -> sp.Expr:
    return forward_gain_fact(Analysis.of(expr)).value


@lru_cache(maxsize=256)
def _many_input_sheet(entry: ManyInputActivation) -> FactSheet:
    return FactSheet(entry.name, entry.title, _in_reading_order(vector_facts(entry)))


@lru_cache(maxsize=256)
def _one_input_sheet(entry: Activation, expr: sp.Expr, slope: sp.Expr, settings: tuple[sp.Eq, ...]) -> FactSheet:
    a = Analysis.of(expr)
    smoothness = smoothness_facts(a)
    facts = [
        Fact("formula", expr, "exact", proof("given")),
        Fact("slope", slope, "exact", proof("differentiated")),
        domain_fact(a),
        *smoothness,
        polynomial_fact(a, smoothness[0].value),
        *extreme_facts(a),
        *symmetry_facts(a.f, a.symmetry),
        *monotonicity_facts(a),
        *convexity_facts(a),
        fixed_points_fact(a),
        lipschitz_fact(a),
        *limit_facts(a),
        *saturation_facts(a),
        *rounding_facts(a),
        *moment_facts(a),
    ]
    return FactSheet(entry.name, entry.title, _in_reading_order(facts), settings)


def _settings(entry: Activation, parameters: dict[str, object]) -> tuple[sp.Eq, ...]:
    """The values of the parameters as equations; raises ValueError for one that is not a finite real number."""
    settings = []
    for parameter in entry.parameters:
        value = sp.sympify(parameters.get(parameter.name, parameter.default), rational=True)
        if not (value.is_real and value.is_finite):
            raise ValueError(f"{entry.name}: {parameter.name} must be a finite real number, got {value}")
        settings.append(sp.Eq(parameter.symbol, value, evaluate=False))
    return tuple(settings)


def _in_reading_order(facts: list[Fact]) -> tuple[Fact, ...]:
    order = list(LABELS)
    return tuple(sorted(facts, key=lambda fact: order.index(fact.key)))
