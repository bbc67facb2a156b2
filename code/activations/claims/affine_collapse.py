"""Claims of the chapter on stacked affine layers."""

from __future__ import annotations

import sympy as sp

from ..catalogue import get, x
from ..proofs import affine
from ..properties import FactSheet, fact_sheet
from .ledger import Check, Counterexample, Evidence, claim


@claim("affine-layers-collapse", verdict="argued", sources=["S0.3", "S2.4", "S2.11"])
def affine_layers_collapse() -> Evidence:
    """Affine layers, stacked to any depth and with any widths, equal one affine layer. Its weight is the product of
    their weights, and each bias is carried through the weights behind it."""
    depths = (2, 3, 4)
    return Evidence(
        f"The induction step holds for matrices of any sizes; the closed form is multiplied out for depths "
        f"{depths[0]} to {depths[-1]}, every width free.",
        derivations=[affine.induction_step(), *map(affine.collapse, depths)],
        argument="Induction on depth. One layer is affine by definition. If the layers so far compute $Ax + c$, one "
        "more layer $Wy + b$ computes $(WA)x + (Wc + b)$, which is affine again; unrolling the two recursions gives "
        "the weight $W_L \\cdots W_1$ and the bias $\\sum_l W_L \\cdots W_{l+1} b_l$.",
        cite="goodfellow2016",
    )


@claim("narrowest-layer-bounds-the-rank", verdict="argued")
def narrowest_layer_bounds_the_rank() -> Evidence:
    r"""The rank of the folded weight $W_L \cdots W_1$ is at most the width of the narrowest layer."""
    widths = (1, 2)
    return Evidence(
        f"Every determinant of size r + 1 vanishes once a product passes through r units: expanded in full for r = "
        f"{widths[0]} and {widths[1]} with free entries.",
        checks=[
            Check(f"a {r + 1}×{r + 1} product through {r} unit(s) has determinant 0", affine.vanishing_minor(r) == 0)
            for r in widths
        ],
        argument="Whatever enters, the signal after a layer of $r$ units is a vector of $r$ numbers. All that follows "
        "is a linear image of those vectors, so the outputs (bias aside) fill a space of dimension $r$ at most.",
    )


@claim("nonlinear-means-not-affine", verdict="corrected", sources=["S0.4"])
def nonlinear_means_not_affine() -> Evidence:
    r"""For an activation, nonlinear means *not affine*: no $a$ and $c$ give $f(x) = ax + c$. A degree above one is not
    needed, and a curved graph is not either."""
    relu = get("relu").at()
    curvature = [piece.diff(x, 2) for piece, _ in relu.args]
    return Evidence(
        "ReLU has degree at most one on each side and no curvature on either, and is not affine.",
        checks=[
            Check("identity is affine", affine.is_affine(get("identity").at(), x)),
            Check("3x + 1 is affine", affine.is_affine(3 * x + 1, x)),
            Check("x² is not affine", not affine.is_affine(x**2, x)),
            Check("tanh is not affine", not affine.is_affine(get("tanh").at(), x)),
            Check("both pieces of ReLU have second derivative 0", curvature == [0, 0]),
        ],
        counterexamples=[
            Counterexample(
                "ReLU, called linear by a rule that looks for a degree above one: its value halfway between −1 and 1",
                (relu.subs(x, -1) + relu.subs(x, 1)) / 2,
                relu.subs(x, 0),
            )
        ],
        cite="leshno1993",
    )


@claim("polynomial-layers-stay-polynomial", verdict="argued")
def polynomial_layers_stay_polynomial() -> Evidence:
    r"""With a polynomial activation of degree $d$, a network of $L$ hidden layers computes a polynomial of degree at
    most $d^L$, whatever its width: a degree above one is not sufficient either."""
    a, b, c, d = sp.symbols("a b c d", real=True)
    layer = sp.Lambda(x, a * (b * x + c) ** 2 + d)
    degrees = [sp.degree(expr, x) for expr in _iterates(layer, 4)]
    return Evidence(
        f"Layers with the activation x² reach the degrees {', '.join(map(str, degrees))}: each one doubles it.",
        checks=[Check("the degree doubles with each layer", degrees == [2 ** (i + 1) for i in range(len(degrees))])],
        argument="A weighted sum of polynomials has no higher degree than they have, so width adds nothing; the "
        "activation multiplies the degree by $d$. The polynomials of degree at most $d^L$ fill a space of finite "
        "dimension, which no width can leave.",
        cite="leshno1993",
    )


def _iterates(layer: sp.Lambda, depth: int) -> list[sp.Expr]:
    found = [x]
    for _ in range(depth):
        found.append(layer(found[-1]))
    return found[1:]


@claim(
    "relu-is-not-the-closest-to-linear",
    verdict="corrected",
    sources=["S2.5"],
    numerical="The shares of sigmoid and tanh are quadratures; that of ReLU is exact.",
)
def relu_is_not_the_closest_to_linear() -> Evidence:
    r"""ReLU is not the activation closest to a linear function: on standard normal inputs an affine function explains
    more of the variance of the sigmoid and of tanh than of ReLU."""
    sheets = {name: fact_sheet(name) for name in ("sigmoid", "tanh", "relu")}
    shares = {name: float(sheet["affine_share_1"].value) for name, sheet in sheets.items()}
    listed = ", ".join(f"{name} {share:.1%}" for name, share in shares.items())
    scale_free = {sheets["relu"][f"affine_share_{size}"].value for size in ("0.1", "1", "10")}
    return Evidence(
        f"Shares of the variance that the best affine function explains: {listed}. ReLU's is the same at every size of "
        "the inputs; those of smooth functions with a slope at 0 tend to 1 as the inputs shrink.",
        checks=[
            Check("ReLU's share is the same at sizes 0.1, 1 and 10", len(scale_free) == 1),
            Check("tanh's share grows as the inputs shrink", _grows(sheets["tanh"])),
        ],
        counterexamples=[
            Counterexample(
                "the largest of the three shares, said to be ReLU's", "relu", max(shares, key=lambda name: shares[name])
            )
        ],
        cite="stein1981",
    )


def _grows(sheet: FactSheet) -> bool:
    shares = [float(sheet[f"affine_share_{size}"].value) for size in ("10", "1", "0.1")]
    return shares == sorted(shares)
