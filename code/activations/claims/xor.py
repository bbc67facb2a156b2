"""Claims of the chapter on XOR."""

from __future__ import annotations

import sympy as sp

from ..catalogue import get, names, x
from ..experiments import xor as runs
from ..proofs import xor as proofs
from .ledger import Check, Counterexample, Evidence, Measurement, claim

MONOTONE = ("sigmoid", "tanh", "softplus", "relu", "leaky_relu", "elu")
NOT_MONOTONE = ("gelu", "silu", "cosine")


def _successes(result: runs.Success, row: str, width: int, refuted_if: str = "", **bounds: float) -> Measurement:
    share = result.share(row, width)
    units = "one hidden unit" if width == 1 else f"{width} hidden units"
    what = f"{get(row).title}, share of starts that reach XOR with {units}"
    return Measurement(what, share.mean, *share.interval, share.runs, refuted_if, **bounds)


@claim("xor-is-no-half-plane", verdict="proved", sources=["S2.4", "S2.12"])
def xor_is_no_half_plane() -> Evidence:
    r"""No affine map followed by a threshold computes XOR, so weights, sums and biases alone cannot, however deep."""
    ones = (1, 1, 1, 1)
    unreachable = [labels for labels in proofs.LABELLINGS if proofs.separating_map(labels) is None]
    certified = [labels for labels in proofs.LABELLINGS if proofs.certificate(labels) is not None]
    return Evidence(
        "Opposite corners of the square have the same total under an affine map, so one pair cannot be all positive "
        "and the other all negative.",
        derivations=[proofs.opposite_corners()],
        checks=[
            Check("the four inequalities, each taken once, add up to 0 > 0", proofs.is_certificate(proofs.XOR, ones)),
            Check("linear programming finds no weights for XOR", proofs.separating_map(proofs.XOR) is None),
            Check(
                "of the sixteen functions of two bits XOR and its negation alone have no weights",
                unreachable == [proofs.XOR, tuple(1 - label for label in proofs.XOR)],
            ),
            Check("the functions without weights are those with a certificate", unreachable == certified),
        ],
        cite="minsky1969",
    )


@claim("two-relus-compute-xor", verdict="proved", sources=["S2.12"])
def two_relus_compute_xor() -> Evidence:
    r"""Two ReLU units compute XOR exactly: $\mathrm{relu}(x_1 + x_2) - 2\,\mathrm{relu}(x_1 + x_2 - 1)$."""
    never = sp.And(proofs.s <= 0, proofs.s - 1 > 0).as_set()
    return Evidence(
        "The values on the four points are exact, and the formula is one affine map in each of three regions.",
        derivations=[proofs.by_region()],
        checks=[
            Check("the values on the four points are 0, 1, 1, 0", _on_points(proofs.relu_network()) == proofs.XOR),
            Check("the second unit is never on without the first", never == sp.S.EmptySet),
        ],
        cite="goodfellow2016",
    )


def _on_points(formula: sp.Expr) -> tuple[sp.Expr, ...]:
    return proofs.on_the_points(formula)


@claim("hand-set-weights-are-not-trained", verdict="corrected", sources=["S2.12"])
def hand_set_weights_are_not_trained() -> Evidence:
    r"""To write down weights that compute XOR shows that they exist, and trains nothing. Training two ReLU units from
    random weights failed more often than it succeeded."""
    result = runs.success()
    share = result.share("relu", 2)
    others = [result.share(name, 2).interval[0] for name in (*MONOTONE, *NOT_MONOTONE) if name != "relu"]
    return Evidence(
        f"Weights for two ReLU units exist; from random starts training reached XOR in {share} per cent of the runs.",
        checks=[
            Check("the weights written down compute XOR", _on_points(proofs.relu_network()) == proofs.XOR),
            Check("the interval of the share of successes ends below one half", share.interval[1] < 0.5),
            Check("every other nonlinear activation's interval lies above it", share.interval[1] < min(others)),
        ],
        counterexamples=[
            Counterexample(
                "the starts that end at XOR, if weights that exist were weights that training finds",
                share.runs,
                share.count,
            )
        ],
    )


@claim("cosine-neuron-computes-xor", verdict="proved", sources=["S2.13"])
def cosine_neuron_computes_xor() -> Evidence:
    r"""One neuron with the cosine as its activation computes XOR exactly:
    $\cos\bigl(\tfrac{\pi}{2}(x_1 + x_2 - 1)\bigr)$."""
    return Evidence(
        "The sums 0, 1, 2 become the angles −π/2, 0, π/2.",
        checks=[
            Check("the values on the four points are 0, 1, 1, 0", _on_points(proofs.cosine_neuron()) == proofs.XOR),
            Check("(x₁ − x₂)², with the square, has the same", _on_points(proofs.difference_squared()) == proofs.XOR),
        ],
    )


@claim("silu-neuron-computes-xor-by-a-threshold", verdict="proved")
def silu_neuron_computes_xor_by_a_threshold() -> Evidence:
    r"""One SiLU neuron computes XOR by a threshold: with $z = 2x_1 + 2x_2 - 3$ its output is below $-\tfrac15$ exactly
    where XOR is 1."""
    neuron, silu = proofs.silu_neuron(), get("silu").at()
    outputs = {z: silu.subs(x, z) for z in (-3, -1, 1)}
    return Evidence(
        f"The outputs at z = −3, −1, 1 are {', '.join(str(sp.N(value, 3)) for value in outputs.values())}.",
        checks=[
            Check(
                "the sums on the four points are −3, −1, −1, 1", _on_points(neuron.weighted_sum()) == (-3, -1, -1, 1)
            ),
            Check("SiLU(−1) < −1/5", outputs[-1] < neuron.threshold),
            Check("SiLU(−3) > −1/5", outputs[-3] > neuron.threshold),
            Check("SiLU(1) > −1/5", outputs[1] > neuron.threshold),
        ],
    )


@claim("one-monotone-neuron-cannot-compute-xor", verdict="argued")
def one_monotone_neuron_cannot_compute_xor() -> Evidence:
    r"""No single neuron with a monotone activation computes XOR, whatever its weights and whatever threshold is put on
    its output."""
    return Evidence(
        "A threshold on a monotone function of the weighted sum is a threshold on the sum, and there is none.",
        derivations=[proofs.opposite_corners()],
        checks=[
            Check("no affine map parts XOR's ones from its zeros", proofs.certificate(proofs.XOR) is not None),
            Check(
                "nor its zeros from its ones",
                proofs.certificate(tuple(1 - label for label in proofs.XOR)) is not None,
            ),
        ],
        argument="Let $f$ never fall (if it never rises, turn the signs of the weights and bias). Suppose the outputs "
        "at the ones lie on one side of a threshold and those at the zeros on the other. From $f(u) > f(v)$ follows "
        "$u > v$, so the weighted sums at the ones all lie above those at the zeros, or all below. Then a number "
        "between them parts the sums, which an affine map cannot do.",
        cite="minsky1969",
    )


@claim("any-other-neuron-computes-xor", verdict="argued")
def any_other_neuron_computes_xor() -> Evidence:
    r"""One neuron with any continuous activation that is not monotone computes XOR, for some weights and some threshold
    on its output."""
    m, n, e = sp.symbols("m n epsilon", real=True)
    neuron = proofs.ThresholdNeuron((n - m + e, e), m - e, sp.Integer(0))
    found = {name: proofs.one_neuron(get(name).at()) for name in names("one")}
    able = [name for name in found if found[name]]
    return Evidence(
        f"The construction, carried out for the catalogue entries that have a peak or a dip: {', '.join(able)}.",
        checks=[
            Check(
                "the weights of the argument give the sums m − ε, m, n, n + ε",
                tuple(map(sp.expand, _on_points(neuron.weighted_sum()))) == (m - e, m, n, n + e),
            ),
            *(Check(f"one {get(name).title} neuron computes XOR", _decides(name, found[name])) for name in able),
            Check("the measured non-monotone activations are among them", set(NOT_MONOTONE) <= set(able)),
            Check("the measured monotone ones are not", not set(MONOTONE) & set(able)),
        ],
        argument="A function that is not monotone rises between two points and falls between two. Along these four, in "
        "order, its values go up and then down, or down and then up. So there are three points $a < c < d$ with the "
        "value in the middle above both others, or below both; turn the sign of $f$ in the second case. On $[a, d]$ it "
        "has a highest value, by continuity, and takes it inside. Let $m$ be the first point where it does, $n$ the "
        "last, and $\\varepsilon > 0$ so small that $m - \\varepsilon$ and $n + \\varepsilon$ still lie in the "
        "interval. The values at those two are lower. The weights $n - m + \\varepsilon$ and $\\varepsilon$ with the "
        "bias $m - \\varepsilon$ send XOR's ones to $m$ and $n$ and its zeros to $m - \\varepsilon$ and "
        "$n + \\varepsilon$.",
    )


def _decides(name: str, neuron: proofs.ThresholdNeuron) -> bool:
    return neuron.labels(get(name).at()) == proofs.XOR


@claim("nonlinearity-lets-training-reach-xor", verdict="measured", sources=["S0.1"])
def nonlinearity_lets_training_reach_xor() -> Evidence:
    r"""Training reaches XOR with eight hidden units and any of the nonlinear activations tried from most random starts,
    and without a nonlinearity from none."""
    result = runs.success()
    bent = [_successes(result, name, 8, above=0.5) for name in (*MONOTONE, *NOT_MONOTONE)]
    alone = [result.share("identity", width).count for width in result.widths]
    contradicted = "a single start succeeded: it would contradict the proof"
    affine = _successes(result, "identity", 8, contradicted, below=0.05)
    return Evidence(
        "The same hundred starts for each activation.",
        measurements=[affine, *bent],
        checks=[
            Check("no start succeeds with the identity, at any width", not any(alone)),
            Check("every other interval lies above one half", all(one.low > 0.5 for one in bent)),
            Check("with a monotone activation it lies above that of two units", all(map(_gains, MONOTONE))),
        ],
    )


def _gains(name: str) -> bool:
    narrow, wide = (runs.success().share(name, width).interval for width in (2, 8))
    return narrow[1] < wide[0]


@claim("non-monotone-activations-reach-xor-more-often", verdict="measured")
def non_monotone_activations_reach_xor_more_often() -> Evidence:
    r"""With two hidden units, training reaches XOR more often with each of the non-monotone activations tried than with
    any of the monotone ones. With one hidden unit the monotone ones never reach it, and the others mostly do."""
    result = runs.success()
    border = min(result.share(name, 2).interval[0] for name in NOT_MONOTONE)
    monotone = [_successes(result, name, 2, below=border) for name in MONOTONE]
    others = [_successes(result, name, 2, above=max(m.high for m in monotone)) for name in NOT_MONOTONE]
    single = {name: result.share(name, 1).count for name in result.rows}
    return Evidence(
        "The same hundred starts for each activation.",
        measurements=[*monotone, *others],
        checks=[
            Check(
                "the intervals of the two groups lie apart", max(m.high for m in monotone) < min(o.low for o in others)
            ),
            Check("one unit of a monotone activation never succeeds", not any(single[name] for name in MONOTONE)),
            Check("one unit of another does, from most starts", min(single[name] for name in NOT_MONOTONE) > 50),
        ],
    )


@claim("stuck-relu-networks-merge-points", verdict="measured")
def stuck_relu_networks_merge_points() -> Evidence:
    r"""Two-unit ReLU networks that do not reach XOR end by giving two, three or all four points one common output, with
    the least loss that a network which does so can have."""
    share = runs.merged(runs.success(), "relu", 2)
    what = "share of the runs without success that end so, the loss within 0.01 of the least"
    return Evidence(
        "The three losses are known beforehand: they follow from how many points are merged, and their labels.",
        measurements=[Measurement(what, share.mean, *share.interval, share.runs, above=0.9)],
        checks=[Check("the interval lies above 0.9", share.interval[0] > 0.9)],
    )
