"""Claims of the chapter on the single neuron."""

from __future__ import annotations

import math

import sympy as sp

from ..catalogue import get, x
from .ledger import Check, Counterexample, Evidence, claim


@claim("a-neuron-is-a-weighted-sum-and-an-activation", verdict="convention", sources=["S0.2", "S2.1", "S2.3"])
def a_neuron_is_a_weighted_sum_and_an_activation() -> Evidence:
    r"""A neuron is a weighted sum, a bias and an activation, in this order: $a = f(w \cdot x + b)$, where $w \cdot x$
    is $w_1 x_1 + \dots + w_n x_n$. Neurons side by side are a layer; their outputs are the inputs of the next layer."""
    return Evidence(
        "This is how the word is used; the threshold unit of 1943 is its oldest form.", cite="mcculloch1943"
    )


@claim("the-activation-comes-after-the-sum", verdict="corrected")
def the_activation_comes_after_the_sum() -> Evidence:
    r"""The activation is applied *to* the weighted sum; it does not calculate it, and the order matters."""
    relu = sp.Lambda(x, get("relu").at())
    products = (sp.Integer(2), sp.Integer(-3))
    return Evidence(
        "Two products whose sum is negative, with ReLU before and after adding.",
        counterexamples=[
            Counterexample(
                "the products 2 and −3, if ReLU could as well be applied before they are added",
                sum(relu(product) for product in products),
                relu(sum(products)),
            )
        ],
        cite="goodfellow2016",
    )


@claim("a-colour-picture-is-a-long-vector", verdict="proved", sources=["S2.2"])
def a_colour_picture_is_a_long_vector() -> Evidence:
    """A picture of 100 by 100 pixels with three colours enters a network as 30 000 numbers."""
    return Evidence("A product.", checks=[Check("100 · 100 · 3 = 30 000", math.prod((100, 100, 3)) == 30_000)])


@claim("a-bias-is-a-threshold", verdict="proved", sources=["S2.7"])
def a_bias_is_a_threshold() -> Evidence:
    r"""With the weight 1 and the bias $-b$ a ReLU returns 0 for inputs up to $b$, and above it the input less $b$."""
    b = sp.Symbol("b", real=True)
    excess = sp.Symbol("e", positive=True)
    unit = get("relu").at().subs(x, x - b)
    return Evidence(
        "The two cases of the definition, with the input written as b plus or minus an excess.",
        checks=[
            Check("at b the output is 0", unit.subs(x, b) == 0),
            Check("below b, at b − e, the output is 0", unit.subs(x, b - excess) == 0),
            Check("above b, at b + e, the output is e", unit.subs(x, b + excess) == excess),
        ],
    )


@claim("a-sigmoid-gate-lets-a-share-through", verdict="proved", sources=["S2.9"])
def a_sigmoid_gate_lets_a_share_through() -> Evidence:
    r"""A signal multiplied by a sigmoid keeps its sign and loses some of its size: the factor lies strictly between
    0 and 1."""
    sigmoid = get("sigmoid").expr
    return Evidence(
        "Both σ and 1 − σ are positive at every real input.",
        checks=[
            Check("σ > 0", sigmoid.is_positive),
            Check("1 − σ > 0", sp.simplify(1 - sigmoid).is_positive),
        ],
    )


@claim("tanh-keeps-the-sign", verdict="proved", sources=["S2.10"])
def tanh_keeps_the_sign() -> Evidence:
    r"""Tanh returns a number of the same sign as its input and below 1 in size: a value to write, not a filter."""
    tanh, positive = get("tanh").expr, sp.Symbol("x", positive=True)
    gap = sp.simplify((1 - tanh).rewrite(sp.exp).subs(x, positive))
    return Evidence(
        "Tanh is odd, positive for positive inputs, and below 1.",
        checks=[
            Check("tanh(−x) = −tanh(x)", tanh.subs(x, -x) == -tanh),
            Check("tanh > 0 for x > 0", tanh.subs(x, positive).is_positive),
            Check("1 − tanh > 0 for x > 0", gap.is_positive),
        ],
    )


@claim("the-formal-neuron-was-a-threshold", verdict="reported", sources=["S2.6", "S4.1"])
def the_formal_neuron_was_a_threshold() -> Evidence:
    """The first formal neuron was modelled on the nerve cell: it outputs 1 when enough of its inputs are active, and 0
    otherwise."""
    return Evidence(
        "The paper of 1943 idealises the cell as all or none. It is history, not evidence about today's networks.",
        cite="mcculloch1943",
    )


@claim("rectifiers-are-older-than-backpropagation", verdict="corrected", sources=["S0.7"])
def rectifiers_are_older_than_backpropagation() -> Evidence:
    """Activations did not appear in the order sigmoid, tanh, ReLU, leaky ReLU, Maxout: rectifiers were used in 1969,
    long before backpropagation made the sigmoid popular, and leaky ReLU and Maxout came in the same year."""
    years = {name: get(name).year for name in ("sigmoid", "relu", "leaky_relu", "maxout")}
    return Evidence(
        f"Years of the papers cited in the catalogue: {', '.join(f'{name} {year}' for name, year in years.items())}.",
        counterexamples=[
            Counterexample("the rectifier's year, if it came after the sigmoid's in networks", "later", _order(years))
        ],
        checks=[Check("leaky ReLU and Maxout share a year", years["leaky_relu"] == years["maxout"])],
        cite="fukushima1969",
    )


def _order(years: dict[str, int]) -> str:
    return "earlier" if years["relu"] < years["sigmoid"] else "later"
