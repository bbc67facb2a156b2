"""The floating-point chapter: types, thresholds, programs and losses, against NumPy, torch, mpmath and counting."""

import mpmath
import numpy as np
import pytest
import sympy as sp
import torch
from activations import claims, explore, slopes, values
from activations.catalogue import x
from activations.experiments import accuracy, logits, precision
from activations.proofs import Derivation, ProofError
from activations.proofs import rounding as proofs
from hypothesis import given
from hypothesis import strategies as st

DERIVED = [name for name in proofs.__all__ if name not in ("k", "p", "softplus", "t", "y")]
TYPES = tuple(precision.TYPES)

# --- proofs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DERIVED)
def test_a_derivation_holds_and_argues_nothing(name):
    derivation = getattr(proofs, name)()
    assert derivation.steps and not derivation.argued


@pytest.mark.parametrize("bits", [4, 8, 11, 24, 53])
def test_the_places_are_half_a_spacing_away_from_one(bits):
    half = mpmath.mpf(2) ** (-bits - 1)
    with mpmath.workdps(60):
        sigmoid, tanh = (mpmath.mpf(str(f().last.rhs.subs(proofs.p, bits).evalf(60))) for f in _PLACES)
        assert abs((1 - 1 / (1 + mpmath.exp(-sigmoid))) / half - 1) < 1e-30
        assert abs((1 - mpmath.tanh(tanh)) / half - 1) < 1e-30


_PLACES = (proofs.sigmoid_is_one, proofs.tanh_is_one)


def test_a_wrong_number_of_bits_is_found():
    with pytest.raises(ProofError, match="is false"):
        Derivation(proofs.gap_to_round_number().start).then(-sp.log(1 - 2 ** (-proofs.p)), because="one bit off")
    with pytest.raises(ProofError, match="is false"):
        Derivation(proofs.log_loss().start).then(sp.log(1 + sp.exp(x)) + x * proofs.y, because="the wrong sign")


# --- number types -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", TYPES)
def test_the_types_are_torchs(kind):
    one, info = precision.TYPES[kind], torch.finfo(getattr(torch, kind))
    assert 2.0 ** (1 - one.precision) == info.eps
    assert 2.0**one.smallest == info.smallest_normal * info.eps
    assert precision.largest(kind) == info.max


@pytest.mark.parametrize("kind", ["float16", "float32", "float64"])
@given(numbers=st.lists(st.floats(allow_nan=False), min_size=1))
def test_rounding_is_numpys(kind, numbers):
    with np.errstate(over="ignore", under="ignore"):
        expected = np.array(numbers).astype(kind).astype(float)
    found = precision.rounded(np.array(numbers), kind)
    assert np.array_equal(found, expected) and np.array_equal(np.signbit(found), np.signbit(expected))


@given(st.lists(st.floats(width=32, allow_nan=False), min_size=1))
def test_rounding_to_bfloat16_is_torchs(numbers):
    # Torch goes by way of float32, so only numbers that are float32 already are rounded once by both.
    expected = torch.tensor(numbers, dtype=torch.float32).bfloat16().double().numpy()
    assert np.array_equal(precision.rounded(np.array(numbers), "bfloat16"), expected)


def test_rounding_keeps_nan_and_infinity_and_goes_to_the_even_one():
    found = precision.rounded(np.array([np.nan, -np.inf, 1 + 2.0**-11, 1 + 3 * 2.0**-11, 65519.9, 65520.0]), "float16")
    assert np.array_equal(found, [np.nan, -np.inf, 1.0, 1 + 2.0**-9, 65504.0, np.inf], equal_nan=True)


def test_the_table_of_types_has_them_all():
    assert [line.split()[0] for line in str(precision.types()).splitlines()[1:]] == list(TYPES)


# --- programs ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", precision.TYPED)
def test_typed_and_library_are_the_same_function(name):
    at = np.linspace(-5, 5, 41)
    exact = getattr(values, name)(at)
    for form in ("as typed", "torch"):
        assert np.allclose(precision.evaluate(name, form, at, "float64"), exact, rtol=1e-9, atol=1e-12)
    assert np.allclose(accuracy.SCIPY[name](at), exact, rtol=1e-13, atol=1e-15)


@pytest.mark.parametrize("name", precision.LIBRARY)
def test_the_slope_by_torch_is_the_slope(name):
    at = np.linspace(-4, 4, 17)
    assert np.allclose(precision.slope_by_torch(name, at, "float64"), getattr(slopes, name)(at), atol=1e-12)


@pytest.mark.parametrize("name", ["sigmoid", "tanh"])
def test_arrival_in_float16_is_found_by_trying_every_number(name):
    every = np.arange(0x7C00, dtype=np.uint16).view(np.float16)
    first = every[getattr(values, name)(every) == 1].min()
    assert precision.arrival(name).of("rounded once", "float16") == first
    by_torch = precision.LIBRARY[name](torch.tensor(every)).numpy()
    assert precision.arrival(name).of("torch", "float16") == every[by_torch == 1].min()


@pytest.mark.parametrize("kind", [np.float16, np.float32])
@pytest.mark.parametrize("case", [("sigmoid", "value"), ("gelu", "value"), ("gelu", "slope"), ("silu", "slope")])
def test_the_package_fades_where_the_exact_value_does(case, kind):
    name, what = case
    found = precision.arrival(name, what, "left")
    edge = kind(found.of("rounded once", kind.__name__))
    function = getattr(values if what == "value" else slopes, name)
    assert function(edge) == 0 and function(np.nextafter(edge, kind(0))) != 0


def test_arrival_says_what_it_found():
    found = precision.arrival("sigmoid", "slope", "left")
    assert found.limit == 0 and list(found.at) == ["rounded once", "torch"]
    assert str(found).endswith("x from which the slope of sigmoid is stored as 0, to the left")
    assert precision.arrival("tanh", side="left").limit == -1
    mirrored = -precision.arrival("tanh", side="left").at["torch"]
    assert np.array_equal(mirrored, precision.arrival("tanh").at["torch"])


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("relu",), "name must be one of"),
        (("sigmoid", "curve"), "what must be one of value, slope"),
        (("sigmoid", "value", "up"), "side must be one of left, right"),
        (("gelu",), "side must be left for gelu"),
        (("sigmoid", "value", "right", ("float8",)), "kinds must be one of"),
    ],
)
def test_arrival_names_what_is_wrong(arguments, message):
    with pytest.raises(ValueError, match=message):
        precision.arrival(*arguments)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: precision.rounded(1.0, "float8"), "rounded: kind"),
        (lambda: precision.types([]), "types: names must name at least one"),
        (lambda: precision.evaluate("tanh", "rounded once", 1.0, "float16"), "form must be one of as typed, torch"),
        (lambda: precision.slope_by_torch("relu", 1.0, "float16"), "slope_by_torch: name"),
        (lambda: precision.steps_chart("gelu"), "steps_chart: activation"),
        (lambda: precision.slope_chart(end=-1), "slope_chart: end"),
        (lambda: accuracy.accuracy("bend"), "accuracy: what"),
        (lambda: accuracy.accuracy(names=("relu",)), "accuracy: names"),
        (lambda: accuracy.digits_chart(kind="float64"), "digits_chart: kind"),
        (lambda: logits.losses([]), "losses: logits"),
        (lambda: logits.losses([1.0], target=2), "target must be from 0 to 1"),
        (lambda: logits.success(kinds=("float8",)), "success: kinds"),
        (lambda: logits.success(programs=("hinge",)), "success: programs"),
        (lambda: logits.success(seeds=(1,)), "success: seeds must hold at least 2"),
        (lambda: logits.success(steps=0), "success: steps"),
        (lambda: logits.success(rate=0), "success: rate"),
    ],
)
def test_bad_settings_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- accuracy ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("what", ["value", "slope"])
def test_the_package_keeps_its_promise(what):
    found = accuracy.accuracy(what)
    assert found.of("package, 64") <= 8
    assert found.of("package, 32") <= 1
    assert found.points == 120 and str(found).startswith(what.rjust(8))


def test_the_table_sees_a_lost_tail():
    worst = accuracy.accuracy().worst["gelu"]
    assert worst["torch, 32"] > 1e5 > worst["package, 32"]
    assert np.isnan(accuracy.accuracy("slope").worst["gelu"]["SciPy, 64"])


def test_errors_are_counted_in_units():
    at = np.array([1.0, 2.0, -16.0, 3.0, 100.0])
    exact = precision.rounded(values.sigmoid(at), "float16")
    found = exact + np.array([0.0, 2.0**-11, 0.0, np.nan, -3 * 2.0**-11])
    found[2] = 0.0  # where the type has a number
    error = accuracy._units(found, "sigmoid", at, "float16", most=1024.0)
    # The exact value at 100 is 1, and its unit is that above 1.
    assert error == pytest.approx([0.0, 1.0, 1024.0, 1024.0, 1.5], abs=0.5)


# --- losses -----------------------------------------------------------------------------------------------------------


@given(st.floats(-500, 500), st.sampled_from([0.0, 0.25, 1.0]))
def test_the_loss_from_the_logit_is_right(logit, target):
    found = logits.losses([logit], target, "float64")
    with mpmath.workdps(300):
        q = 1 / (1 + mpmath.exp(-mpmath.mpf(logit)))
        exact = -target * mpmath.log(q) - (1 - target) * mpmath.log1p(-q)
        slope = q - target
    # Torch ends with a difference, so that its error is that of numbers of the logit's size.
    assert found.value["from the logit"][0] == pytest.approx(float(exact), rel=1e-12, abs=4e-16 * (1 + abs(logit)))
    assert found.slope["from the logit"][0] == pytest.approx(float(slope), rel=1e-12, abs=1e-15)


def test_all_programs_agree_where_nothing_is_rounded_away():
    found = logits.losses(np.linspace(-4, 4, 17), 1.0, "float64")
    for name in logits.PROGRAMS:
        assert np.allclose(found.value[name], found.value["from the logit"], rtol=1e-4)
        assert np.allclose(found.slope[name], found.slope["from the logit"], rtol=1e-4)


def test_the_charts_of_the_losses_leave_gaps():
    value, slope = logits.losses([5.0, 20.0]).charts()
    typed = next(mark for mark in value.marks if getattr(mark, "label", "") == "as typed")
    assert np.isnan(typed.y).tolist() == [False, True]
    assert slope.words.endswith("as typed nan, with epsilon 0, clamped 0, from the logit 1.")
    assert str(logits.losses([5.0])).endswith("target 0, float32")


def test_success_counts_what_a_plain_loop_counts():
    found = logits.success(("float16",), ("as typed",), (3, 4), steps=80)
    rng = np.random.default_rng(4)
    inputs, teacher = rng.normal(size=(100, 10)), rng.normal(size=10)
    target = torch.tensor(inputs @ teacher > 0).half()
    weight, step = np.zeros(10), 0
    while True:
        logit = torch.tensor(inputs @ weight).half().requires_grad_()
        q = torch.sigmoid(logit)
        (-target * torch.log(q) - (1 - target) * torch.log(1 - q)).sum().backward()
        following = weight - logit.grad.double().numpy() @ inputs / 100
        if not np.isfinite(following).all():
            break
        weight, step = following, step + 1
    assert found.last["as typed", "float16"][1] == step
    assert found.right["as typed", "float16"][1] == np.mean((inputs @ weight > 0) == target.bool().numpy())


def test_halves_of_the_seeds_give_the_same_numbers():
    whole, half = (logits.success(("bfloat16",), ("as typed",), seeds, steps=40) for seeds in ((0, 1, 2, 3), (2, 3)))
    assert np.array_equal(whole.last["as typed", "bfloat16"][2:], half.last["as typed", "bfloat16"])


def test_the_loss_from_the_logit_loses_nobody():
    runs = logits.success()
    assert all(runs.lost("from the logit", kind) == 0 for kind in TYPES)
    assert [runs.lost("as typed", kind) for kind in TYPES] == [20, 20, 20, 0]
    assert str(runs).endswith("400 steps at rate 1") and runs.chart().words.startswith("Last step with sound weights")


# --- charts -----------------------------------------------------------------------------------------------------------


def _line(chart, label):
    return next(mark for mark in chart.marks if getattr(mark, "label", "") == label)


def test_the_staircase_is_the_curve_to_the_nearest_mark():
    chart = precision.steps_chart("sigmoid", "float32", "rounded once")
    assert np.abs(_line(chart, "stored").y - _line(chart, "exact").y).max() < 0.501


def test_the_typed_sigmoid_skips_every_other_mark():
    stored = _line(precision.steps_chart("sigmoid", "float32", "as typed"), "stored").y
    assert np.all(stored % 2 == 0) and set(stored) >= {0, 2, 4}


def test_the_slopes_chart_has_gaps_where_torch_has_zeros():
    chart = precision.slope_chart()
    by_torch, exact = _line(chart, "torch"), _line(chart, "rounded once")
    assert np.isnan(by_torch.y[by_torch.x > 17]).all() and not np.isnan(by_torch.y[np.abs(by_torch.x) < 16]).any()
    assert np.array_equal(exact.y, exact.y[::-1], equal_nan=True)


def test_the_explorables_are_light():
    steps = explore.explore(
        precision.steps_chart, activation=["sigmoid", "tanh"], kind=list(TYPES), form=list(precision.FORMS)
    )
    digits = explore.explore(
        accuracy.digits_chart,
        activation=list(precision.TYPED),
        kind=list(TYPES[:3]),
        window=["−20 to 20", "−120 to 120"],
    )
    assert max(len(steps.payload), len(digits.payload)) < 30_000


# --- claims -----------------------------------------------------------------------------------------------------------

CLAIMS = [claim for claim in claims.all_claims().values() if claim.subject == "floating_point"]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_a_claim_stands(claim):
    assert claim.evidence().says


def test_a_claim_falls_with_the_program_that_it_is_about(monkeypatch):
    # With GELU from erfc the tail is kept, and the claim that it is lost must fall.
    kept = {**precision.TYPED, "gelu": lambda x: x * torch.erfc(-x / 2**0.5) / 2}
    monkeypatch.setattr(precision, "TYPED", kept)
    with pytest.raises(claims.ClaimError, match="no counterexample"):
        one = claims.get("one-plus-erf-loses-the-tail-of-gelu")
        type(one)(one.id, one.verdict, one.sources, one.subject, one.function).evidence()
