"""XOR: certificates, exact networks, one neuron with a bend, and training whose counts can be trusted."""

import numpy as np
import pytest
import sympy as sp
import torch
from activations import claims, modules, values
from activations.catalogue import get, names, x
from activations.claims import xor as xor_claims
from activations.experiments import xor as runs
from activations.explore import explore
from activations.proofs import Derivation, ProofError, xor
from hypothesis import given
from hypothesis import strategies as st

NEGATED = tuple(1 - label for label in xor.XOR)

# --- no half-plane ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("labels", xor.LABELLINGS, ids=str)
def test_each_labelling_has_weights_or_a_certificate_and_never_both(labels):
    found, multipliers = xor.separating_map(labels), xor.certificate(labels)
    assert (found is None) == (multipliers is not None) == (labels in (xor.XOR, NEGATED))
    if found is not None:
        assert tuple(int(bool(value > 0)) for value in xor.on_the_points(found)) == labels
        assert 0 not in xor.on_the_points(found)


def test_there_are_sixteen_labellings():
    assert len(set(xor.LABELLINGS)) == 16 and xor.XOR in xor.LABELLINGS


@pytest.mark.parametrize("multipliers", [(1, 1, 1, 0), (0, 0, 0, 0), (-1, -1, -1, -1), (1, 1, 1, 2)])
def test_what_proves_nothing_is_no_certificate(multipliers):
    assert not xor.is_certificate(xor.XOR, multipliers)


def test_the_certificate_of_xor_proves_nothing_about_and():
    assert not xor.is_certificate((0, 0, 0, 1), (1, 1, 1, 1))


def test_multipliers_of_both_signs_prove_nothing_though_all_cancels():
    assert not xor.is_certificate((0, 0, 0, 1), (1, -1, -1, -1))


@pytest.mark.parametrize("labels", [(0, 1, 1), (0, 1, 1, 2), ()])
@pytest.mark.parametrize("decide", [xor.separating_map, xor.certificate])
def test_labels_are_checked(decide, labels):
    with pytest.raises(ValueError, match="labels must be four numbers 0 or 1"):
        decide(labels)


def test_opposite_corners_is_machine_checked_and_a_flipped_sign_breaks_it():
    shown = xor.opposite_corners()
    assert len(shown.steps) == 2 and not shown.argued
    w1, w2, b = sp.symbols("w1 w2 b", real=True)
    with pytest.raises(ProofError, match="is false"):
        Derivation(shown.start).then((w1 + b) + (b - w2), because="broken on purpose")


# --- two ReLUs --------------------------------------------------------------------------------------------------------


def test_the_relu_network_is_xor_and_so_is_its_form_by_region():
    assert xor.on_the_points(xor.relu_network()) == xor.XOR
    pieces = xor.by_region().last
    assert [pieces.subs(xor.s, total) for total in (-3, 0, sp.Rational(1, 2), 1, 2, 5)] == [
        0,
        0,
        sp.Rational(1, 2),
        1,
        0,
        -3,
    ]


def test_a_wrong_region_breaks_the_derivation():
    wrong = sp.Piecewise((0, xor.s <= 0), (xor.s, xor.s <= 1), (3 - xor.s, True))
    with pytest.raises(ProofError, match="is false"):
        Derivation(xor.relu_network(xor.s)).then(wrong, because="broken on purpose")


# --- one neuron -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("formula", [xor.cosine_neuron(), xor.difference_squared()], ids=str)
def test_one_neuron_is_exact(formula):
    assert xor.on_the_points(formula) == xor.XOR


def test_the_silu_neuron_needs_its_dip():
    neuron = xor.silu_neuron()
    assert neuron.labels(get("silu").at()) == xor.XOR
    assert neuron.labels(get("relu").at()) != xor.XOR
    assert xor.ThresholdNeuron(neuron.weights, neuron.bias, neuron.threshold).labels(get("silu").at()) == NEGATED


@pytest.mark.parametrize("name", names("one"))
def test_a_neuron_is_found_exactly_where_the_function_is_not_monotone(name):
    slope = np.diff(getattr(values, name)(np.linspace(-6, 6, 2401)))
    monotone = bool(np.all(slope >= 0) or np.all(slope <= 0))
    neuron = xor.one_neuron(get(name).at())
    assert (neuron is None) == monotone
    if neuron:
        assert neuron.labels(get(name).at()) == xor.XOR


@pytest.mark.parametrize(
    "formula",
    [x**2, -(x**2), sp.Abs(x), sp.Piecewise((0, sp.Abs(x) > 1), (1, True)), sp.exp(-(x**2)), -x * sp.exp(x)],
    ids=str,
)
def test_peaks_dips_and_plateaus_of_any_function_serve(formula):
    assert xor.one_neuron(formula).labels(formula) == xor.XOR


numbers = st.fractions(-5, 5, max_denominator=12).map(lambda q: sp.Rational(q.numerator, q.denominator))


@given(
    numbers, numbers, numbers, numbers, st.booleans(), st.sampled_from(["relu", "leaky_relu", "hardtanh", "identity"])
)
def test_no_weights_make_a_monotone_neuron_compute_xor(first, second, bias, threshold, above, name):
    neuron = xor.ThresholdNeuron((first, second), bias, threshold, above)
    assert neuron.labels(get(name).at()) != xor.XOR


# --- training ---------------------------------------------------------------------------------------------------------


def test_the_batch_computes_what_linear_layers_compute():
    training = runs.Training(starts=3, seed=4)
    batch = runs._Batch.drawn([torch.relu, torch.tanh], [2, 5], training)
    together = batch.logits(runs._INPUTS)[1]
    for i, width, own in ((0, 2, slice(2)), (1, 5, slice(2, 7))):
        inner, outer = (torch.nn.Linear(a, b, dtype=torch.float64) for a, b in ((2, width), (width, 1)))
        with torch.no_grad():
            inner.weight.copy_(batch.weight[1, 1, own])
            inner.bias.copy_(batch.bias[1, 1, own])
            outer.weight.copy_(batch.out[1, 1, own][None])
            outer.bias.copy_(batch.shift[1, 1, i][None])
        assert torch.allclose(outer(torch.tanh(inner(runs._INPUTS)))[:, 0], together[i, 1], rtol=1e-13, atol=1e-13)


def test_starts_are_drawn_as_linear_draws_them():
    batch = runs._Batch.drawn([torch.tanh], [2, 8], runs.Training(starts=4000))
    narrow, wide = batch.out[0].split([2, 8], dim=-1)
    for part, fan_in in ((batch.weight, 2), (batch.bias, 2), (narrow, 2), (wide, 8), (batch.shift[..., 1], 8)):
        assert part.abs().max() <= fan_in**-0.5
        assert part.var().item() == pytest.approx(1 / (3 * fan_in), rel=0.05)


def test_a_width_starts_the_same_alone_and_in_company():
    training = runs.Training(starts=5)
    alone = runs._Batch.drawn([torch.tanh], [2], training)
    together = runs._Batch.drawn([torch.relu, torch.tanh], [1, 2, 8], training)
    for name in ("weight", "bias", "out"):
        assert torch.equal(getattr(alone, name)[0], getattr(together, name)[1, :, 1:3])
    assert torch.equal(alone.shift[0, :, 0], together.shift[1, :, 1])
    assert torch.equal(together.weight[0], together.weight[1])
    assert torch.equal(together.weight[:, :, 1:3], together.weight[:, :, 3:5])


@pytest.mark.parametrize("optimiser", ["adam", "sgd"])
def test_batched_training_is_training_one_by_one(optimiser):
    settings = {"steps": 20, "starts": 3, "optimiser": optimiser, "rate": 0.1}
    together = runs.success(["relu", "tanh"], [1, 3], **settings)
    batch = runs._Batch.drawn([torch.tanh], [3], runs.Training(**settings))
    inner, bias = (part[0, 2].detach().clone().requires_grad_() for part in (batch.weight, batch.bias))
    out, shift = (part[0, 2].detach().clone().requires_grad_() for part in (batch.out, batch.shift))
    stepper = {"adam": torch.optim.Adam, "sgd": torch.optim.SGD}[optimiser]([inner, bias, out, shift], lr=0.1)
    for _ in range(20):
        stepper.zero_grad()
        z = torch.tanh(runs._INPUTS @ inner.T + bias) @ out + shift
        torch.nn.functional.binary_cross_entropy_with_logits(z, runs._LABELS).backward()
        stepper.step()
    z = torch.tanh(runs._INPUTS @ inner.T + bias) @ out + shift
    assert torch.allclose(together.outputs("tanh", 3)[2], z.detach(), rtol=1e-9, atol=1e-12)


def test_the_same_seed_gives_the_same_runs_and_another_does_not():
    few = {"steps": 5, "starts": 20}
    first, other = runs.success(["relu"], [2], **few), runs.success(["relu"], [2], seed=1, **few)
    runs._runs.cache_clear()
    assert torch.equal(runs.success(["relu"], [2], **few).logits, first.logits)
    assert not torch.equal(other.logits, first.logits)


def success_of(logits) -> runs.Success:
    return runs.Success(("relu",), (2,), torch.tensor(logits, dtype=torch.float64)[None, None])


def test_success_is_four_right_signs():
    result = success_of([[-1, 1, 1, -1], [-1, 1, 1, 1], [1, -1, -1, 1], [0, 1, 1, -1]])
    assert result.solved("relu", 2).tolist() == [True, False, False, True]
    assert str(result.share("relu", 2)) == "50 [15, 85]"
    assert "| relu | 50 [15, 85] |" in str(result)
    assert "| relu | 50\u00a0[15,\u00a085] |" in result._repr_markdown_()


def test_losses_are_the_cross_entropy():
    result = success_of([[0, 0, 0, 0], [-2, 3, 1, -1]])
    by_hand = -np.log([values.sigmoid(z) for z in (2.0, 3.0, 1.0, 1.0)]).mean()
    assert result.losses("relu", 2) == pytest.approx([np.log(2), by_hand])


def test_merged_points_are_recognised_and_others_are_not():
    third, half = np.log(1 / 2), 0.0
    stuck = [[-9, 9, half, half], [third, third, 9, third], [half] * 4]
    assert runs.merged(success_of(stuck), "relu", 2) == runs.Share(3, 3)
    assert runs.merged(success_of([[-1, 1, 1, 1], *stuck]), "relu", 2) == runs.Share(3, 4)
    with pytest.raises(ValueError, match="every run of relu at width 2 reached XOR"):
        runs.merged(success_of([[-1, 1, 1, -1]]), "relu", 2)


@pytest.mark.parametrize(("points", "ones"), [(2, 1), (3, 1), (3, 2), (4, 2)])
def test_the_stuck_levels_are_the_least_losses(points, ones):
    z = np.linspace(-5, 5, 20001)
    losses = (ones * np.logaddexp(0, -z) + (points - ones) * np.logaddexp(0, z)) / 4
    assert losses.min() == pytest.approx(runs.STUCK[points], abs=1e-7)


@pytest.mark.parametrize(
    ("settings", "complaint"),
    [
        ({"steps": 0}, "steps must be a whole number above 0, got 0"),
        ({"starts": 1.5}, "starts must be a whole number above 0, got 1.5"),
        ({"rate": 0}, "rate must be above 0, got 0"),
        ({"optimiser": "newton"}, "optimiser must be one of adam, sgd, got 'newton'"),
        ({"widths": [0]}, "width must be a whole number above 0, got 0"),
        ({"widths": []}, "at least one activation and one width"),
        ({"activations": []}, "at least one activation and one width"),
    ],
)
def test_settings_are_checked(settings, complaint):
    with pytest.raises(ValueError, match=complaint):
        runs.success(**settings)


def test_unknown_names_are_refused():
    with pytest.raises(KeyError, match="did you mean relu"):
        runs.success(["relux"])
    with pytest.raises(ValueError, match="row must be one of relu, got 'tanh'"):
        success_of([[0, 0, 0, 0]]).share("tanh", 2)
    with pytest.raises(ValueError, match="width must be one of 2, got 3"):
        success_of([[0, 0, 0, 0]]).share("relu", 3)


# --- what the chapter says of the measured runs -----------------------------------------------------------------------


def test_the_groups_of_the_claims_are_all_that_is_measured():
    groups = xor_claims.MONOTONE + xor_claims.NOT_MONOTONE
    assert sorted((*groups, "identity")) == sorted(runs.ACTIVATIONS)


def test_failing_runs_are_stuck_and_not_slow():
    names = ["relu", "tanh", "sigmoid"]
    short, long = runs.success(names, [2]), runs.success(names, [2], steps=1200)
    for name in names:
        assert abs(short.share(name, 2).count - long.share(name, 2).count) <= 2


def test_the_starts_shown_fail_and_succeed_as_the_chapter_says():
    result = runs.success()
    shown = {name: result.solved(name, 2)[[0, 2, 3]].tolist() for name in ("relu", "tanh")}
    assert shown == {"relu": [False, False, True], "tanh": [False, True, True]}


def test_one_number_moves_the_border():
    result = runs.slope_sweep()
    single = {row: result.share(row, 1).count for row in result.rows}
    assert [row for row in result.rows if single[row]] == ["−0.5", "−0.1"]
    relu = result.share("0", 2).interval
    assert all(relu[1] < result.share(row, 2).interval[0] for row in ("−0.5", "−0.1", "0.1", "0.5"))


def test_another_optimiser_keeps_the_two_groups_apart():
    chosen = ["sigmoid", "leaky_relu", "relu", "silu"]
    result = runs.success(chosen, [2], optimiser="sgd", rate=0.5, steps=1000)
    *monotone, silu = (result.share(name, 2).interval for name in chosen)
    assert max(high for _, high in monotone) < silu[0]


# --- pictures ---------------------------------------------------------------------------------------------------------


def test_the_surface_shows_the_run_that_was_counted():
    chart = runs.surface("tanh", runs.STEPS[-1], 3)
    heat = chart.marks[0]
    at = {value: int(np.argmin(np.abs(heat.x - value))) for value in (0, 1)}
    corners = [heat.z[at[second], at[first]] for first, second in xor.POINTS]
    logits = runs.success(widths=[2], activations=["tanh"]).outputs("tanh", 2)[2].numpy()
    assert corners == pytest.approx(values.sigmoid(logits), abs=1e-9)
    assert "4 of 4 points right" in chart.words


@pytest.mark.parametrize(("step", "start"), [(7, 1), (0, 0), (0, 101)])
def test_a_surface_that_was_not_kept_is_refused(step, start):
    with pytest.raises(ValueError, match="surface: step is one of"):
        runs.surface("relu", step, start)


def test_the_explorable_of_the_chapter_is_small_enough():
    activations = ["relu", "tanh", "silu", "cosine", "identity"]
    shown = explore(runs.surface, activation=activations, start=(1, 3, 4), step=runs.STEPS)
    assert len(shown.payload) < 80_000


def test_the_relu_network_is_drawn_as_it_computes():
    plane, hidden = runs.relu_network_charts()
    heat = plane.marks[0]
    network = sp.lambdify((xor.x1, xor.x2), xor.relu_network(), "numpy")
    assert heat.z == pytest.approx(network(*np.meshgrid(heat.x, heat.y)))
    ones, zeros = hidden.marks[-2:]
    assert ones.x - 2 * ones.y == pytest.approx([1, 1])
    assert zeros.x - 2 * zeros.y == pytest.approx([0, 0])


def test_the_neuron_chart_puts_the_points_on_the_curve():
    chart = runs.neuron_chart("silu", (2, 2), -3, threshold=-0.2)
    *_, ones, zeros = chart.marks
    assert ones.x.tolist() == [-1, -1] and zeros.x.tolist() == [-3, 1]
    assert np.all(ones.y < -0.2) and np.all(zeros.y > -0.2)
    assert "no level parts" in runs.neuron_chart("sigmoid", (2, 2), -2).words


def test_charts_of_results_show_what_was_counted():
    result = runs.success(["relu", "silu"], [1, 2], steps=10, starts=20)
    line = result.chart(["relu"]).marks[0]
    assert line.y.tolist() == [result.share("relu", width).mean for width in (1, 2)]
    assert np.all(line.lo <= line.y) and np.all(line.y <= line.hi)
    histogram = runs.stuck_chart(result, "relu", 2).marks[0]
    assert histogram.height.sum() == 20


def test_every_claim_of_the_chapter_answers_for_its_rows():
    rows = {row for claim in claims.all_claims().values() if claim.subject == "xor" for row in claim.sources}
    assert {"S0.1", "S2.4", "S2.12", "S2.13"} <= rows
    assert modules.get("cosine") is not None
