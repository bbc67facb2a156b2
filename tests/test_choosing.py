"""The chapter on choosing: pairs against torch, the race against planted results, the guide against the book."""

import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import sympy as sp
import torch
from activations import catalogue, claims
from activations.experiments import benchmark as runs
from activations.experiments import guide
from activations.experiments.digits import CLASSES, PIXELS, TEST, negatives, split
from activations.experiments.ensemble import Ensemble, natural_gain
from activations.experiments.training import Recipe, train
from activations.explore import explore
from activations.proofs import Derivation, ProofError, outputs
from activations.properties import fact_sheet
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

ROOT = Path(__file__).parents[1]
CHAPTER = (ROOT / "chapters" / "choosing.md").read_text(encoding="utf8")

# --- outputs and losses -----------------------------------------------------------------------------------------------

TORCH = {
    "identity, half the squared error": lambda z, y: functional.mse_loss(z, y) / 2,
    "sigmoid, cross-entropy": functional.binary_cross_entropy_with_logits,
    "exponential, Poisson": functional.poisson_nll_loss,
}


@pytest.mark.parametrize("name", outputs.PAIRS)
def test_a_pair_is_proved_and_argues_nothing(name):
    derivation = outputs.pair(name)
    assert derivation.steps and not derivation.argued
    assert sp.simplify(derivation.last - (outputs.PAIRS[name][0] - outputs.y)) == 0
    assert not outputs.general().argued


@pytest.mark.parametrize("name", outputs.PAIRS)
@given(at=st.floats(-5, 5), target=st.sampled_from([0.0, 1.0]))
def test_the_slope_is_torchs(name, at, target):
    z = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    (slope,) = torch.autograd.grad(TORCH[name](z, torch.tensor(target, dtype=torch.float64)), z)
    found = outputs.pair(name).last.subs({outputs.z: at, outputs.y: target})
    assert float(found) == pytest.approx(slope.item(), abs=1e-12)


def test_the_squared_error_behind_a_sigmoid_is_no_pair():
    sigmoid = outputs.PAIRS["sigmoid, cross-entropy"][0]
    with pytest.raises(ProofError, match="is false"):
        loss = sp.Rational(1, 2) * (outputs.y - sigmoid) ** 2
        Derivation(sp.Derivative(loss, outputs.z)).then(sigmoid - outputs.y, because="broken on purpose")


def test_an_unknown_pair_is_refused():
    with pytest.raises(ValueError, match="name must be one of"):
        outputs.pair("softplus, nothing")


# --- the task ---------------------------------------------------------------------------------------------------------


def test_negatives_turn_some_pictures_and_keep_the_labels():
    plain, turned = split(), negatives()
    for part in ("train", "test"):
        signs = np.sign((getattr(plain, part) * getattr(turned, part)).sum(axis=1))
        assert np.array_equal(signs[:, None] * getattr(plain, part), getattr(turned, part))
        assert 0.45 < (signs < 0).mean() < 0.55
        assert np.array_equal(getattr(plain, f"{part}_labels"), getattr(turned, f"{part}_labels"))
    assert not turned.train.flags.writeable


def test_training_sees_the_negatives_only_when_asked():
    recipe = Recipe(steps=5, batch=16, every=5)
    networks = {"tanh": runs.network("tanh", 1, 4)}
    plain, again, turned = (
        train(networks, replace(recipe, negatives=negated), range(2)).loss["tanh"] for negated in (False, False, True)
    )
    assert np.array_equal(plain, again) and not np.array_equal(plain, turned)


# --- the networks -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["identity", "relu", "sigmoid", "tanh", "elu", "softplus", "hardswish", "cosine"])
def test_the_gain_is_that_of_the_fact_sheet(name):
    assert runs.gain(name) == pytest.approx(natural_gain(name), rel=2e-3)


@pytest.mark.parametrize("name", ["relu", "prelu", "maxout", "swiglu"])
def test_parameters_are_those_of_the_tensors(name):
    one = runs.network(name)
    assert runs.parameters(one) == sum(tensor.numel() for tensor in Ensemble(one, (0,)).parameters())
    assert abs(runs.parameters(one) / runs.parameters(runs.network("relu")) - 1) < 0.02


def test_everything_in_the_catalogue_that_maps_a_vector_to_one_takes_part_once():
    outputs_only = {"softmax", "log_softmax", "sparsemax"}
    assert sorted(runs.NAMES) == sorted(set(catalogue.names()) - outputs_only)
    assert all(name in runs.KINDS[runs.kind_of(name)] for name in runs.NAMES)


def test_rectifier_like_functions_grow_like_x_on_the_right_and_less_on_the_left():
    for name in set(runs.RECTIFIERS) - {"selu", "gelu", "gelu_tanh", "silu", "mish"}:
        sheet = fact_sheet(name)
        assert sheet["slope_limit_right"].value == 1 > sheet["slope_limit_left"].value >= 0


# --- the race ---------------------------------------------------------------------------------------------------------


def _planted(**right):
    seeds = tuple(range(len(next(iter(right.values())))))
    right = {name: np.array(each, dtype=float) for name, each in right.items()}
    networks = {name: runs.network(name) for name in right}
    loss = {name: np.ones(len(seeds)) for name in right}
    return runs.Benchmark(networks, 1, (0.1,), (99,), seeds, True, dict.fromkeys(right, 0.1), right, loss)


PLANTED = _planted(relu=[10, 20, 30, 40], elu=[15, 24, 36, 45], silu=[10, 60, 0, 30], celu=[99, 99, 99, 99])


def test_differences_are_paired():
    assert PLANTED.difference("elu").tolist() == [5, 4, 6, 5]
    assert PLANTED.difference("elu", "silu").tolist() == [5, -36, 36, 15]
    with pytest.raises(ValueError, match="difference: name must be one of relu"):
        PLANTED.difference("tanh")


def test_intervals_widen_with_the_number_of_comparisons():
    mean, low, high = PLANTED.interval("elu")
    assert mean == 5 and high - mean == pytest.approx(3.1824463 * np.std([5, 4, 6, 5], ddof=1) / 2)
    one, many = PLANTED.interval("elu"), PLANTED.interval("elu", 10)
    assert many[1] < one[1] < one[2] < many[2]
    assert PLANTED.apart(["relu", "elu", "silu"]) == ("elu",)
    assert PLANTED.apart(["silu"]) == ()


def test_the_winners_luck_is_what_is_left_on_the_other_seeds():
    assert PLANTED.winners() == ("elu", "silu", "elu", "elu")
    there, elsewhere = PLANTED.luck(("relu", "elu", "silu"))
    assert there.tolist() == [5, 40, 6, 5]
    assert elsewhere == pytest.approx([5, (0 - 30 - 10) / 3, 14 / 3, 5])


def test_the_planted_race_reads_and_draws():
    lines = repr(PLANTED).splitlines()
    assert [line.split()[0] for line in lines[1:]] == ["celu", "elu", "relu", "silu"]
    chart = PLANTED.chart()
    assert chart.names == ("celu", "elu", "silu") and chart.marks[0].length[1] == 5
    assert "+74.0 (celu)" in chart.words and "+0.0 (silu)" in chart.words
    lucky = PLANTED.luck_chart(("relu", "elu", "silu"))
    assert lucky.marks[0].y.tolist() == [5, 40, 6, 5] and "2 functions win" in lucky.words
    assert "0 always" in repr(_planted(relu=[1, 2], elu=[1, 2]))


SHORT = {"tuning": (50, 51), "rates": (0.003, 0.03), "steps": 6, "width": 6, "depth": 1}


def test_half_of_the_seeds_gives_the_same_bits():
    whole, half = (runs.benchmark(("tanh",), seeds, **SHORT) for seeds in (range(4), range(2)))
    assert whole.rates == half.rates
    for name in ("relu", "tanh"):
        assert np.array_equal(whole.right[name][:2], half.right[name])
        assert np.array_equal(whole.loss[name][:2], half.loss[name])


def test_the_rate_is_the_one_with_the_smallest_loss_on_the_tuning_seeds():
    found = runs.benchmark(("tanh",), range(2), **SHORT)
    by_rate = []
    for rate in SHORT["rates"]:
        recipe = Recipe(steps=6, batch=32, rates=(rate,), optimiser="adam", every=6, negatives=True)
        by_rate.append(train({"tanh": found.networks["tanh"]}, recipe, (50, 51)).loss["tanh"][0, :, -1].mean())
    assert found.rates["tanh"] == SHORT["rates"][int(np.argmin(by_rate))]


def test_what_is_right_is_a_whole_number_of_pictures():
    found = runs.benchmark(("tanh",), range(3), **SHORT)
    for right in found.right.values():
        assert np.array_equal(right, np.round(right)) and (0 <= right).all() and (right <= TEST).all()


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"names": ("softmax",)}, "name must be one of identity"),
        ({"names": ()}, "names must name at least one"),
        ({"seeds": (1,)}, "seeds must hold at least 2"),
        ({"seeds": range(5), "tuning": (3,)}, "must differ from those for tuning, both have 3"),
        ({"rates": (0.0,)}, "rates must be a finite number above 0"),
        ({"rates": ()}, "rates must name at least one"),
        ({"depth": 0}, "depth must be a whole number"),
        ({"width": 0}, "width must be a whole number"),
        ({"steps": 0}, "steps must be a whole number"),
    ],
)
def test_the_race_refuses_a_bad_configuration(bad, says, monkeypatch):
    monkeypatch.setattr(runs, "train", None)
    with pytest.raises(ValueError, match=says):
        runs.benchmark(**bad)


# --- what the chapter says of the race --------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def race():
    return runs.benchmark()


def test_the_words_of_the_chapter_on_the_race_hold(race):
    assert set(race.apart(runs.RECTIFIERS)) <= {"prelu", "selu", "elu", "celu"}
    assert race.interval("prelu")[1] > 0 > race.interval("selu")[2]
    assert [name for name, rate in race.rates.items() if rate == max(runs.RATES)] == ["hardsigmoid", "softsign"]
    assert race.rates["selu"] == 0.03 and {race.rates[name] for name in runs.RECTIFIERS if name != "selu"} == {0.0125}
    assert {race.names[-1], race.names[-2]} == set(runs.KINDS["control"])
    assert race.names[0] == "cosine" and race.names[-3] == "hardsigmoid"
    assert np.array_equal(race.right["celu"], race.right["elu"])


def test_less_than_half_of_what_selu_lacked_is_left_at_the_rate_of_its_relatives(race):
    other = runs.benchmark(("selu",), rates=(0.0125,))
    assert race.difference("selu").mean() < 2 * other.difference("selu").mean() < 0


def test_the_slopes_of_prelu_fall_below_zero_on_negatives_and_rise_on_the_digits_as_they_are(race):
    recipe = Recipe(steps=120, batch=32, rates=(race.rates["prelu"],), optimiser="adam", probes=("slope",))
    ends = [
        train({"prelu": race.networks["prelu"]}, replace(recipe, negatives=negated), range(20)).probed["slope"]["prelu"]
        for negated in (False, True)
    ]
    plain, turned = (slopes[0, :, -1].mean(axis=0) for slopes in ends)
    assert (plain > 0.25).all() and (turned < 0).all()


def test_in_the_first_race_elu_came_to_the_edge_and_selu_was_level():
    first = runs.benchmark(("elu", "selu"), tuning=range(100, 104), steps=150)
    ends = {name: first.interval(name, 12)[1:] for name in ("elu", "selu")}
    assert abs(ends["elu"][0]) < 2 and ends["selu"][0] < 0 < ends["selu"][1]


def test_the_cosine_is_last_of_nine_on_the_digits_as_they_are():
    from activations.claims.choosing import ON_PLAIN_DIGITS

    assert runs.benchmark(ON_PLAIN_DIGITS, negatives=False).names[-1] == "cosine"
    assert len(ON_PLAIN_DIGITS) == 8


# --- times ------------------------------------------------------------------------------------------------------------


def test_times_are_marked_as_times():
    found = runs.step_times(("relu", "rrelu", "swiglu"), ((3, 10),), repeats=1)
    page = found._repr_html_()
    assert page.count("data-timing") == 3 and "width 3, 10 pictures" in page
    with pytest.raises(ValueError, match="shapes must be a whole number"):
        runs.step_times(("relu",), ((0, 1),))
    with pytest.raises(ValueError, match="name must be one of"):
        runs.step_times(("softmax",))


def test_a_timed_step_is_a_whole_step():
    one = runs.network("tanh", width=5)
    gradients = runs._step(one, 10)()
    assert [tuple(g.shape[2:]) for g in gradients][::2] == [(5, PIXELS), (5, 5), (CLASSES, 5)]


# --- the guide --------------------------------------------------------------------------------------------------------


def test_every_piece_of_advice_leads_to_a_claim_that_its_chapter_shows():
    for branch in guide.GUIDE.branches:
        assert branch.evidence
        for chapter, claim in branch.evidence:
            text = (ROOT / "chapters" / f"{chapter}.md").read_text(encoding="utf8")
            assert re.search(rf'claims\.show\(\s*"{claim}"', text), (chapter, claim)
            assert claim in claims.all_claims()


def test_the_guide_is_whole_as_a_table_and_as_a_tree():
    tree, text = guide.GUIDE.tree()._repr_html_(), repr(guide.GUIDE.tree())
    assert (
        tree.count("<li>") == len(guide.GUIDE.branches) == sum(len(guide.GUIDE.part(p).branches) for p in guide.PARTS)
    )
    assert tree.count("<ul>") == tree.count("</ul>") == len(guide.PARTS) + 1
    for branch in guide.GUIDE.branches:
        assert f"{branch.when}: {branch.take}" in text
        assert branch.when in repr(guide.GUIDE) and branch.why in guide.GUIDE._repr_markdown_()
    assert '<a href="relu.html#claim-an-activation' in guide.GUIDE.part("machine")._repr_markdown_()
    assert ">An LSTM remembers if its gate starts open<" in guide.GUIDE.part("gate")._repr_markdown_()
    with pytest.raises(ValueError, match="part must be one of output"):
        guide.GUIDE.part("attic")


def test_every_part_is_shown_in_the_chapter():
    assert set(re.findall(r'GUIDE\.part\("(\w+)"\)', CHAPTER)) == set(guide.PARTS)


QUICK = sorted(set(guide._CHOICE) - {"selu", "gelu", "gelu_tanh", "silu", "mish"})


@pytest.mark.parametrize("name", QUICK)
def test_facts_are_those_of_the_fact_sheet(name):
    sheet, fact = fact_sheet(name), guide.facts(name)
    low, high = sheet["infimum"].value, sheet["supremum"].value
    assert fact.low == pytest.approx(float(low), abs=1e-4) if low.is_finite else fact.low < -guide._FAR
    assert fact.high == pytest.approx(float(high), abs=1e-4) if high.is_finite else fact.high > guide._FAR
    assert fact.jumps == (sheet["smoothness"].value < 1)
    assert fact.flat == ("hard" in (sheet["saturation_left"].value, sheet["saturation_right"].value))


def test_candidates_meet_every_demand_and_can_be_none():
    assert guide.candidates() == guide._CHOICE
    assert guide.candidates("between 0 and 1") == ("sigmoid", "hardsigmoid")
    assert guide.candidates("between 0 and 1", arithmetic="no exponential") == ("hardsigmoid",)
    assert guide.candidates("between 0 and 1", "any", "never flat", "no exponential") == ()
    assert set(guide.candidates("bounded")) >= set(guide.candidates("between 0 and 1"))
    with pytest.raises(ValueError, match="candidates: ends must be one of any"):
        guide.candidates(ends="round")
    with pytest.raises(ValueError, match="facts: name must be one of"):
        guide.facts("identity")


def test_the_explorable_blanks_what_is_ruled_out_and_all_frames_have_one_shape(race):
    chart = guide.candidates_chart("between 0 and 1")
    bars = chart.marks[0]
    shown = [name for name, length in zip(bars.names, bars.length, strict=True) if not np.isnan(length)]
    assert sorted(shown) == ["hardsigmoid", "sigmoid"]
    assert bars.length[bars.names.index("sigmoid")] == pytest.approx(100 / TEST * race.right["sigmoid"].mean())
    assert "2 of 24 functions remain: sigmoid, hardsigmoid. First among them on the digits: sigmoid." in chart.words
    nothing = guide.candidates_chart("between 0 and 1", "any", "never flat", "no exponential")
    assert "None of the 24" in nothing.words and np.isnan(nothing.marks[0].length).all()
    made = explore(guide.candidates_chart, caption="c", **{field: list(each) for field, each in guide.DEMANDS.items()})
    assert made.frames == 32 and len(made.payload) < 80_000
