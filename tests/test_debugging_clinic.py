"""The debugging clinic: runs against torch's own loop, measurements on planted cases, and each patient as the chapter
describes it."""

from dataclasses import fields, replace
from itertools import islice
from pathlib import Path

import numpy as np
import pytest
import torch
from activations import claims
from activations.experiments import clinic, clinic_charts, clinic_runs
from activations.experiments import clinic_measures as measures
from activations.experiments.clinic_runs import ACTIVATIONS, LOSSES, Setup, run
from activations.experiments.digits import raw, split
from activations.experiments.ensemble import Pass
from activations.explore import explore
from torch import nn
from torch.nn import functional

CHAPTER = (Path(__file__).parents[1] / "chapters" / "debugging-clinic.md").read_text(encoding="utf8")
SHORT = Setup(gain=2**0.5, steps=6, width=5)
every_case = pytest.mark.parametrize("case", clinic.CASES, ids=[case.key for case in clinic.CASES])


# --- the table of cases -----------------------------------------------------------------------------------------------


@every_case
def test_a_patient_differs_from_its_twin_in_one_setting(case):
    different = [f.name for f in fields(Setup) if getattr(case.setup, f.name) != getattr(case.twin, f.name)]
    assert different == [case.cure[0]]


def test_there_are_twelve_with_names_and_causes_of_their_own():
    for what in ("key", "name", "cause", "symptom", "fix", "wrong"):
        assert len({getattr(case, what) for case in clinic.CASES}) == len(clinic.CASES) == 12
    assert [clinic.patient(case.number) for case in clinic.CASES] == list(clinic.CASES)


def test_a_cure_that_changes_nothing_is_refused():
    with pytest.raises(ValueError, match="the cure of rate changes nothing"):
        replace(clinic.named("rate"), cure=("rate", 5.0))
    with pytest.raises(ValueError, match="first must be one of inputs"):
        replace(clinic.named("rate"), first="blood")
    with pytest.raises(ValueError, match="number must be one of 1, 2"):
        clinic.patient(13)
    with pytest.raises(ValueError, match="key must be one of twice"):
        clinic.named("flu")


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("activation", "gelu"),
        ("form", "columns"),
        ("start", "zero"),
        ("loss", "hinge"),
        ("gain", 0.0),
        ("rate", -1.0),
        ("clip", 0.0),
        ("steps", 1),
        ("width", 0),
    ],
)
def test_a_bad_setting_is_refused_by_name(field, value):
    with pytest.raises(ValueError, match=f"Setup: {field} must be"):
        Setup(**{field: value})


# --- torch as the oracle ----------------------------------------------------------------------------------------------


def _module(setup, seed):
    """The same network as an nn.Module, from the same draws."""
    made = clinic_runs._Layers(setup, (seed,))
    layers = []
    for layer in (*made.layers, made.readout):
        linear = nn.Linear(layer.weight.shape[-1], layer.weight.shape[-2])
        linear.weight.data, linear.bias.data = layer.weight[0, 0].clone(), layer.bias[0, 0, 0].clone()
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _losses_of_torch(setup, seed, loss_of):
    net = _module(setup, seed)
    optimizer = torch.optim.SGD(net.parameters(), lr=setup.rate)
    x, labels = (torch.tensor(one[:512]) for one in (split().train, split().train_labels))
    found = []
    for places in clinic_runs._order(seed, setup.steps, setup.batch):
        loss = loss_of(net(x[places].float()), labels[places])
        if setup.zeroed:
            optimizer.zero_grad()
        loss.backward()
        if setup.clip:
            nn.utils.clip_grad_norm_(net.parameters(), setup.clip)
        optimizer.step()
        found.append(loss.item())
    return found


TORCH = {
    "cross-entropy": functional.cross_entropy,
    "cross-entropy of probabilities": lambda z, y: functional.cross_entropy(functional.softmax(z, dim=-1), y),
    "cross-entropy over the pictures": lambda z, y: functional.nll_loss(functional.log_softmax(z, dim=0), y),
    "yes or no, cross-entropy": lambda z, y: functional.binary_cross_entropy_with_logits(
        z, functional.one_hot(y, 10).float()
    ),
    "yes or no, squared error": lambda z, y: functional.mse_loss(torch.sigmoid(z), functional.one_hot(y, 10).float()),
}


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("change", [{}, {"zeroed": False}, {"clip": 0.5}, {"shift": 2.0}, {"start": "equal"}], ids=str)
def test_a_run_is_that_of_torchs_own_loop(loss, change):
    setup = replace(SHORT, loss=loss, rate=0.5, **change)
    ours = run(setup, (3, 8)).loss
    for row, seed in enumerate((3, 8)):
        assert ours[row] == pytest.approx(_losses_of_torch(setup, seed, TORCH[loss]), rel=2e-4)


def test_the_recurrent_network_is_torchs():
    setup = replace(SHORT, form="rows", gain=1.3)
    made = clinic_runs._Rows(setup, (4,))
    rnn = nn.RNN(8, setup.width, nonlinearity="relu", batch_first=True)
    with torch.no_grad():
        rnn.weight_ih_l0[:], rnn.weight_hh_l0[:] = made.reads.weight[0, 0], made.repeats.weight[0, 0]
        rnn.bias_ih_l0[:], rnn.bias_hh_l0[:] = made.reads.bias[0, 0, 0], 0
        x = torch.tensor(split().train[:7]).float()
        states = rnn(x.unflatten(-1, (8, 8)))[0]
        assert torch.allclose(torch.stack(made(x).outputs)[:, 0, 0].movedim(0, 1), states, atol=1e-6)


def test_the_typed_tanh_agrees_with_tanh_until_it_overflows():
    z = torch.tensor([-11.0, -1.0, 0.0, 2.0, 11.0])
    typed, library = (ACTIVATIONS[name][1] for name in ("tanh as typed, in 16 bits", "tanh in 16 bits"))
    assert torch.allclose(typed(z), library(z), atol=2e-3)
    beyond = torch.tensor([-12.0, 12.0])
    assert typed(beyond).isnan().all() and torch.equal(library(beyond), torch.tensor([-1.0, 1.0]))


def test_half_of_the_seeds_gives_the_same_bits():
    whole, half = run(SHORT, range(4)), run(SHORT, range(2))
    assert np.array_equal(whole.loss[:2], half.loss) and np.array_equal(whole.right[:2], half.right)
    for name in measures.MEASUREMENTS:
        assert np.array_equal(whole.measures[name][:, :2], half.measures[name], equal_nan=True)


def test_one_batch_comes_as_pixels_and_the_others_do_not():
    sick, twin = (run(replace(SHORT, spoilt=spoilt), (0, 1)) for spoilt in ((2,), ()))
    assert np.array_equal(sick.loss[:, :2], twin.loss[:, :2]) and (sick.loss[:, 2] > 3 * twin.loss[:, 2]).all()
    assert raw().train.max() == 255 and np.corrcoef(raw().train[5], split().train[5])[0, 1] > 0.5


def test_a_fix_half_way_changes_nothing_before():
    sick, other = replace(SHORT, rate=0.5), replace(SHORT, rate=0.1)
    plain, treated = run(sick, (0, 1)), run(sick, (0, 1), other)
    assert np.array_equal(plain.loss[:, :4], treated.loss[:, :4])
    assert (plain.loss[:, 4:] != treated.loss[:, 4:]).all() and not treated.measures


# --- measurements on planted cases ------------------------------------------------------------------------------------

SEEDS, PICTURES, UNITS = 2, 40, 6


def _sight(**planted):
    torch.manual_seed(0)
    pictures = torch.randn(PICTURES, 5)
    h = torch.tanh(torch.randn(1, SEEDS, PICTURES, UNITS))
    scores, labels = torch.randn(SEEDS, 32, 10), torch.randint(10, (SEEDS, 32))
    shares = torch.softmax(scores, dim=-1)
    weights = [torch.randn(SEEDS, 4, 4) for _ in range(4)]
    healthy = {
        "inputs": torch.randn(SEEDS, 32, 5),
        "labels": labels,
        "extremes": torch.tensor([[[-3.0] * SEEDS, [3.0] * SEEDS]]),
        "losses": torch.full((3, SEEDS), 2.4),
        "norms": torch.ones(3, SEEDS),
        "guess": 2.3,
        "given": scores,
        "shares": shares,
        "exclusive": True,
        "slopes": shares - functional.one_hot(labels, 10),
        "weights": weights,
        "gradients": [0.1 * weight for weight in weights],
        "updates": [0.01 * weight for weight in weights],
        "deltas": [torch.ones(SEEDS, 4)] * 2,
        "rate": 0.1,
        "whole": Pass([h] * 3, [h] * 3, h, [h] * 3),
        "slants": [torch.ones(SEEDS, PICTURES, UNITS)] * 3,
        "pictures": pictures,
    }
    return measures.Sight(**(healthy | planted))


def _passed(h):
    return Pass([h] * 3, [h] * 3, h, [h] * 3)


def _planted():
    good = _sight()
    affine = (good.pictures @ torch.randn(5, UNITS) + 1)[None, None].repeat(1, SEEDS, 1, 1)
    same = affine[..., :1] * torch.arange(1.0, UNITS + 1)
    nan = torch.full((1, SEEDS, PICTURES, UNITS), torch.nan)
    half_silent = torch.ones(SEEDS, PICTURES, UNITS)
    half_silent[..., : UNITS // 2] = 0
    return {
        "inputs": {"extremes": torch.tensor([[[0.0] * SEEDS, [255.0] * SEEDS]])},
        "size of the outputs": {"whole": _passed(100 * good.whole.outputs[0])},
        "numbers that are none": {"whole": _passed(nan)},
        "different units": {"whole": _passed(same)},
        "flat units": {"slants": [torch.full((SEEDS, PICTURES, UNITS), 0.01)] * 3},
        "silent units": {"slants": [half_silent] * 3},
        "what an affine map explains": {"whole": _passed(affine)},
        "what the loss is given": {"given": good.shares},
        "sums of probabilities": {"shares": torch.softmax(good.given, dim=-2)},
        "the pull of the loss": {"slopes": 0.01 * good.slopes},
        "the loss against guessing": {"losses": torch.full((3, SEEDS), 3.7)},
        "size of the gradient": {"norms": torch.tensor([[1.0] * SEEDS, [500.0] * SEEDS])},
        "step against weights": {"updates": good.weights, "rate": 10.0},
        "step against gradient": {"updates": [5 * one for one in good.updates]},
    }


def _alarmed(sight):
    found = measures.measure(sight)
    return {name for name, one in measures.MEASUREMENTS.items() if one.sick(found[name]).all()}


def test_a_healthy_sight_raises_no_alarm():
    found = measures.measure(_sight())
    assert list(found) == list(measures.MEASUREMENTS) and all(v.shape == (SEEDS, 4) for v in found.values())
    assert not _alarmed(_sight())


@pytest.mark.parametrize("name", measures.MEASUREMENTS)
def test_a_planted_fault_raises_its_alarm(name):
    assert name in _alarmed(_sight(**_planted()[name]))


def test_numbers_of_planted_sights_are_what_they_should_be():
    sights = {name: measures.measure(_sight(**planted))[name] for name, planted in _planted().items()}
    assert sights["what an affine map explains"] == pytest.approx(1, abs=1e-5)
    assert sights["different units"][:, :3] == pytest.approx(1 / UNITS)
    assert sights["silent units"][:, :3] == pytest.approx(0.5)
    assert sights["sums of probabilities"][:, 2:] == pytest.approx(1, abs=1e-5)
    assert sights["what the loss is given"][:, 2:] == pytest.approx(1, abs=1e-5)
    assert sights["the pull of the loss"] == pytest.approx(0.01, rel=1e-4)
    assert sights["step against gradient"] == pytest.approx(5, rel=1e-5)
    assert sights["size of the gradient"][:, 3] == pytest.approx(500)
    assert sights["step against weights"] == pytest.approx(1)
    assert (sights["numbers that are none"][:, 0] == 1).all() and (sights["numbers that are none"][:, 1:] == 0).all()


def test_an_overflow_is_not_the_largest_number_so_far():
    norms = torch.tensor([[7.0] * SEEDS, [torch.inf] * SEEDS, [torch.nan] * SEEDS])
    assert (measures.measure(_sight(norms=norms))["size of the gradient"][:, 3] == 7).all()


def test_ten_answers_of_yes_or_no_need_not_sum_to_one():
    found = measures.measure(_sight(exclusive=False))["sums of probabilities"]
    assert np.isnan(found).all() and not measures.MEASUREMENTS["sums of probabilities"].sick(found).any()


def test_heights_are_shares_and_the_ends_hold_what_lies_beyond():
    h = torch.tensor([[[[-100.0, 0.0], [0.0, torch.nan]]]])
    found = measures.heights(Pass([], [h] * 3, h, []))
    assert found.shape == (3, len(measures.EDGES) - 1) and found[0, 0] == 0.25 and found[0, found.shape[1] // 2] == 0.5
    assert found.sum() == pytest.approx(3 * 0.75)


# --- the patients as the chapter has them -----------------------------------------------------------------------------


@pytest.fixture(scope="module")
def ward():
    return clinic.visits()


def _mean(ward, key, name, look, row=None, who="sick"):
    values = getattr(ward[key], who).measures[name][look]
    # A gap stays a gap, and is not worth a warning.
    mean = np.ma.masked_invalid(values if row is None else values[:, row]).mean(axis=None if row is not None else 0)
    return np.ma.filled(mean, np.nan)


def _loss(one):
    return np.exp(np.log(one.loss).mean(axis=0))


@every_case
def test_every_fault_breaks_its_run_and_every_fix_restores_it(case, ward):
    sick, twin = (getattr(ward[case.key], who).right[:, -1] for who in ("sick", "twin"))
    lost = twin - sick
    half = 2.1 * lost.std(ddof=1) / np.sqrt(lost.size)
    assert lost.mean() - half > (0.02 if case.key == "twice" else 0.25)
    assert twin.mean() > 0.75


@every_case
def test_the_rule_names_every_cause_and_accuses_no_twin(case):
    found = clinic.triage()
    assert found.found[case.key][1] == case.first
    assert found.shares[case.key][0] > 0.9 and found.shares[case.key][1] < 0.1


def test_the_runs_are_not_those_on_which_the_bounds_were_set():
    assert not set(clinic.WARD) & set(range(20))


def test_healthy_runs_raise_few_alarms_and_most_of_them_in_one_twin(ward):
    twins = {case.twin: ward[case.key].twin for case in clinic.CASES}
    found = {setup: np.any([*measures.alarms(one.measures).values()], axis=1) for setup, one in twins.items()}
    alarmed = {setup: sum(any_look.sum() for any_look in flags) for setup, flags in found.items()}
    worst = max(alarmed, key=alarmed.get)
    assert worst == clinic.named("squared").twin and alarmed[worst] > 0.7 * sum(alarmed.values())


def test_patient_1_stops_above_the_floor_and_reads_most_pictures(ward):
    sick = ward["twice"].sick
    assert 1.46 < sick.loss[:, -20:].mean() < 1.6 and 0.85 < sick.right[:, -1].mean() < 0.92
    flat = [_mean(ward, "twice", "flat units", 3, slice(0, 3), who) for who in ("sick", "twin")]
    assert flat[0] < flat[1]
    steps = [_mean(ward, "twice", "step against weights", 0, who=who) for who in ("sick", "twin")]
    assert (steps[0] < 0.2 * steps[1]).all()


def test_patient_2_explodes_and_guesses(ward):
    sick = ward["pixels"].sick
    assert (sick.loss[:, 0] > 50).all() and np.exp(np.log(sick.loss[:, 0]).mean()) > 100
    assert np.nanmedian(sick.loss[:, -1]) == pytest.approx(np.log(10), abs=0.1)
    assert _mean(ward, "pixels", "silent units", 0, slice(0, 3)) < 0.1 < 0.75
    assert (_mean(ward, "pixels", "silent units", 1, slice(0, 3)) > 0.75).all()
    assert np.isfinite(ward["pixels"].treated.loss[:, -1]).mean() < 0.5
    assert clinic.triage().counts["pixels"][0] == 5


def test_patient_3_is_affine_and_its_gradient_is_no_smaller(ward):
    for look in range(4):
        assert _mean(ward, "affine", "what an affine map explains", look) == pytest.approx(1, abs=1e-4)
    gradient = [_mean(ward, "affine", "size of the gradient", 0, 2, who) for who in ("sick", "twin")]
    assert gradient[0] > gradient[1]


def test_patient_4_breaks_without_a_warning(ward):
    sick, twin = ward["typed"].sick, ward["typed"].twin
    last = np.isfinite(sick.loss).sum(axis=1)
    assert 5 < last.min() < last.max() < 60 and len(set(last)) > 5
    largest = [_mean(ward, "typed", "size of the gradient", 2, 3, who) for who in ("sick", "twin")]
    assert largest[0] < 1.1 * largest[1]
    assert clinic.triage().counts["typed"][:2] == (0, 0) and np.isfinite(twin.loss).all()


def test_patient_5_begins_at_the_loss_of_guessing_and_stays_one_unit_wide(ward):
    assert ward["equal"].sick.loss[:, 0] == pytest.approx(np.log(10), abs=5e-4)
    for look in range(4):
        assert ward["equal"].sick.measures["different units"][look, :, :3] == pytest.approx(1 / 24)
    assert _mean(ward, "equal", "silent units", 3, slice(0, 3)) == 0


def test_patient_6_leaps_and_its_units_are_flat_only_later(ward):
    loss = _loss(ward["rate"].sick)
    assert loss[:10].max() > 2.5 * loss[0] and loss[-10:].mean() > loss[0]
    assert _mean(ward, "rate", "step against weights", 0, 3) > 1
    assert (_mean(ward, "rate", "flat units", 3)[:3] > 0.85).all()
    flat = [_mean(ward, "rate", "flat units", 0, slice(0, 3), who) for who in ("sick", "twin")]
    assert flat[0] == pytest.approx(flat[1])


def test_patient_7_lowers_a_loss_that_a_no_to_everything_has(ward):
    loss = _loss(ward["squared"].sick)
    assert loss[0] > 0.8 and 0.1 < loss[-10:].mean() < 0.13
    assert ward["squared"].sick.right[:, -1].mean() < 0.25
    assert 0.01 < _mean(ward, "squared", "the pull of the loss", 0, 0) < 0.05
    assert _mean(ward, "squared", "the pull of the loss", 0, who="twin") == pytest.approx(1, abs=1e-3)
    even = run(replace(clinic.named("squared").setup, shift=0.0), clinic.WARD).right[:, -1].mean()
    sick, twin = (getattr(ward["squared"], who).right[:, -1].mean() for who in ("sick", "twin"))
    assert 0.5 < (even - sick) / (twin - sick) < 0.95


def test_patient_8_has_flat_units_and_steps_in_the_outputs_alone(ward):
    assert (_mean(ward, "large", "flat units", 0)[:3] > 0.9).all()
    steps = [_mean(ward, "large", "step against weights", 0, who=who) for who in ("sick", "twin")]
    assert (steps[0][:3] < 0.25 * steps[1][:3]).all() and steps[0][3] > steps[1][3]
    ends = ward["large"].sick.histogram[0][:, np.abs(measures.EDGES[:-1] + 0.24) > 0.7].sum(axis=1)
    assert (ends > 0.9).all() and _mean(ward, "large", "silent units", 3, slice(0, 3)) == 0


def test_patient_9_leads_and_turns(ward):
    sick, twin = _loss(ward["zeroed"].sick), _loss(ward["zeroed"].twin)
    lead = 3 + int(np.argmax(sick[3:] > twin[3:]))
    assert 45 < lead < 65 and sick[-5:].mean() > sick[0]
    step = [_mean(ward, "zeroed", "step against gradient", look) for look in (0, 1)]
    assert step[0] == pytest.approx(1) and (step[1] > 4).all()


def test_patient_10_begins_at_the_logarithm_of_the_batch(ward):
    sick, twin = ward["axis"].sick.loss[:, 0].mean(), ward["axis"].twin.loss[:, 0].mean()
    assert sick - np.log(32) == pytest.approx(twin - np.log(10), abs=0.25)
    assert 1.5 < _loss(ward["axis"].sick)[-5:].mean() < 1.8 and 0.5 < ward["axis"].sick.right[:, -1].mean() < 0.7
    for name in ("size of the outputs", "what the loss is given"):
        assert _mean(ward, "axis", name, 0) == pytest.approx(_mean(ward, "axis", name, 0, who="twin"))


def test_patient_11_grows_row_by_row_before_it_breaks(ward):
    sizes = _mean(ward, "rows", "size of the outputs", 0)
    assert (sizes[1:] / sizes[:-1] > 7).all() and (ward["rows"].sick.loss[:, 0] > 50).all()
    assert np.isfinite(ward["rows"].sick.loss).sum(axis=1).max() < 8


def test_patient_12_is_its_twin_until_one_batch_silences_it(ward):
    sick, twin = ward["spoilt"].sick, ward["spoilt"].twin
    assert np.array_equal(sick.loss[:, :40], twin.loss[:, :40])
    assert _loss(sick)[40:43].max() > 1000 * _loss(sick)[39]
    assert 1.9 < _loss(sick)[-20:].mean() < np.log(10)
    norms = sick.measures["size of the gradient"][3, :, 3], twin.measures["size of the gradient"][3, :, 3]
    assert np.median(norms[0] / norms[1]) > 100
    assert (_mean(ward, "spoilt", "silent units", 2)[1:3] > 0.5).all()
    assert _mean(ward, "spoilt", "numbers that are none", 3).max() == 0 and clinic.triage().counts["spoilt"][2] == 6


def test_three_patients_have_flat_units_at_the_end(ward):
    for key in ("rate", "large", "zeroed"):
        assert measures.alarms(ward[key].sick.measures)["flat units"][3].mean() > 0.9
    for key in ("rate", "zeroed"):
        assert not measures.alarms(ward[key].sick.measures)["flat units"][0].any()


def test_twelve_faults_need_eleven_lines_of_fourteen():
    assert len({case.first for case in clinic.CASES}) == 11 and len(measures.MEASUREMENTS) == 14
    assert "eleven lines of a menu of fourteen" in CHAPTER


def test_the_flow_follows_the_menu():
    places = [[*measures.MEASUREMENTS].index(row[1].strip("*")) for row in clinic.flow().rows()]
    assert places == sorted(places) and len(places) == 12


# --- what the reader sees ---------------------------------------------------------------------------------------------


@every_case
def test_the_lines_of_torch_can_be_read_by_python(case):
    for lines in (case.wrong, case.right):
        compile(lines, case.key, "exec")
        assert len(lines.splitlines()) <= 3 and all(len(line) <= 80 for line in lines.splitlines())


def _executed(lines, **names):
    space = {"torch": torch, "nn": nn, "F": functional} | names
    exec(lines, space)  # lines of the clinic's own table
    return space


def test_the_lines_of_torch_have_the_fault_and_the_right_ones_have_not():
    torch.manual_seed(0)
    scores, labels = torch.randn(32, 10), torch.randint(10, (32,))
    for key, loss in (("twice", "cross-entropy of probabilities"), ("axis", "cross-entropy over the pictures")):
        for lines, name in ((clinic.named(key).wrong, loss), (clinic.named(key).right, "cross-entropy")):
            made = _executed(lines, scores=scores, labels=labels)["loss"]
            assert made.item() == pytest.approx(LOSSES[name].of(scores[None, None], labels[None]).item(), rel=1e-5)
    targets = functional.one_hot(labels, 10).float()
    for lines, name in zip(
        (clinic.named("squared").wrong, clinic.named("squared").right),
        ("yes or no, squared error", "yes or no, cross-entropy"),
        strict=True,
    ):
        made = _executed(lines, scores=scores, targets=targets)["loss"]
        assert made.item() == pytest.approx(LOSSES[name].of(scores[None, None], labels[None]).item(), rel=1e-5)
    z = torch.tensor([12.0], dtype=torch.float16)
    assert (
        _executed(clinic.named("typed").wrong, z=z)["h"].isnan()
        and _executed(clinic.named("typed").right, z=z)["h"] == 1
    )
    for lines, alike in ((clinic.named("equal").wrong, True), (clinic.named("equal").right, False)):
        layer = _executed(lines, layer=nn.Linear(4, 3))["layer"]
        assert (layer.weight.unique().numel() == 1) == alike


def test_a_file_shows_cause_code_and_effect():
    text = clinic.patient(3).file()._repr_markdown_()
    assert "**Cause:** No activation" in text and text.count("```python") == 2 and "in per cent" in text
    assert "no activation" in repr(clinic.patient(3).file())


def test_menu_and_flow_are_tables_with_every_line():
    assert measures.menu()._repr_markdown_().count("\n") == 15 and repr(measures.menu()).count("\n") == 14
    assert clinic.flow()._repr_markdown_().count("\n") == 13 and repr(clinic.flow()).count("\n") == 12
    assert repr(clinic.triage()).count("\n") == 12 and clinic.triage().pile().count("\n") == 12


def test_symptoms_and_cures_draw(ward):
    for number in range(1, 13):
        loss, right = clinic_charts.symptom_charts(number)
        assert loss.words.startswith(f"Patient {number}:") and loss.y.scale == "log" and len(right.marks) == 2
    cured = clinic_charts.cured_chart()
    assert len(cured.names) == 12 and [mark.label for mark in cured.marks] == [
        "patient",
        "fixed half-way",
        "healthy twin",
    ]


def test_a_measurement_shows_patient_and_twin(ward):
    chart = clinic_charts.measured_chart("patient 11", "size of the outputs")
    assert chart.names == measures.TIMES
    assert chart.marks[0].length == pytest.approx(_mean(ward, "rows", "size of the outputs", 0))
    assert chart.words.startswith("Patient 11, size of the outputs, step 1; patient and twin: row 2 ")
    gone = clinic_charts.measured_chart("patient 4", "size of the gradient", "last step")
    assert np.isnan(gone.marks[0].length[:3]).all() and "no number" in gone.words


@pytest.mark.parametrize(
    ("chart", "bad", "says"),
    [
        ("measured_chart", {"patient": "patient 0"}, "patient must be one of"),
        ("measured_chart", {"measurement": "pulse"}, "measurement must be one of"),
        ("measured_chart", {"when": "never"}, "when must be one of"),
        ("histogram_chart", {"layer": "outputs"}, "layer must be one of"),
        ("histogram_chart", {"when": "never"}, "when must be one of"),
    ],
)
def test_an_unknown_choice_is_refused(chart, bad, says):
    with pytest.raises(ValueError, match=says):
        getattr(clinic_charts, chart)(**bad)


def test_the_explorables_are_small():
    looks = list(measures.LOOKS)
    rooms = [
        explore(
            clinic_charts.measured_chart,
            patient=clinic_charts.PATIENTS,
            measurement=list(measures.MEASUREMENTS),
            when=looks,
        ),
        explore(
            clinic_charts.histogram_chart,
            patient=clinic_charts.PATIENTS,
            layer=list(measures.LAYERS[:3]),
            when=looks,
        ),
    ]
    assert rooms[0].frames == 12 * 14 * 4 and max(len(room.payload) for room in rooms) < 55_000


def _bed(**choice):
    steps = clinic_charts.bed(seeds=2, **choice)
    assert [*islice(steps, 2)] == [0.0, 0.5]
    with pytest.raises(StopIteration) as end:
        next(steps)
    return end.value.value


def test_a_bed_hides_its_patient_and_judges_the_verdict():
    cause = _bed(deal=2, place="D").case.cause
    other = next(one for one in clinic_charts.DIAGNOSES[1:] if one != cause)
    answers = {
        verdict: clinic_charts.bed_chart(_bed(deal=2, place="D", verdict=verdict))
        for verdict in (clinic_charts.DIAGNOSES[0], cause, other)
    }
    assert [chart.title.split()[0] for chart in answers.values()] == ["Name", "Your", "No:"]
    assert all("patient 1" not in chart.words.lower() for chart in answers.values())


def test_every_deal_puts_all_patients_to_bed_in_another_order():
    orders = [[case.number for case in clinic_charts.dealt(deal)] for deal in (1, 2)]
    assert orders[0] != orders[1] and all(sorted(order) == list(range(1, 13)) for order in orders)
    assert len(clinic_charts.BEDS) == 12


def test_the_lab_refuses_what_there_is_not():
    with pytest.raises(ValueError, match="place must be one of A, B"):
        next(clinic_charts.bed(place="Z"))
    with pytest.raises(ValueError, match="verdict must be one of no verdict yet"):
        next(clinic_charts.bed(verdict="flu"))


@pytest.mark.parametrize(
    "name", [name for name, one in claims.all_claims().items() if one.subject == "debugging_clinic"]
)
def test_the_claims_of_the_chapter_stand(name):
    assert claims.get(name).evidence()
