"""Functions of one's own: what is read and refused, gradients, signals, trials, luck, the workbench and the lab."""

import re
from pathlib import Path

import joblib
import mpmath
import numpy as np
import pytest
import sympy as sp
import torch
from activations import fact_sheet, slopes, values
from activations.catalogue import CATALOGUE, Activation, get, names, x
from activations.claims import all_claims
from activations.claims import design_your_own as claims
from activations.experiments import luck, own, symbolic, workbench
from activations.experiments.ensemble import Ensemble, Network
from activations.experiments.training import Recipe, train
from activations.experiments.written import FUNCTIONS, parse, written
from activations.explore import Control
from activations.lab import Text, lab
from activations.proofs import own as proofs
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch.nn import functional

SMALL = {"depth": 2, "width": 5, "tuning": 2, "steps": 4, "rates": (0.05, 0.1)}
CUBE = Activation("cube", x**3)


# --- written ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("0.1", sp.Rational(1, 10)),
        ("-x + 2*x - +x/3", x * sp.Rational(2, 3)),
        ("x**-2", x**-2),
        ("1e-3 * x", x / 1000),
        ("e**x", sp.exp(x)),
        ("ln(2) + pi", sp.log(2) + sp.pi),
        ("  tanh( x )\n", sp.tanh(x)),
        ("sigmoid(x)", get("sigmoid").at()),
        ("softplus(2*x)", sp.log(1 + sp.exp(2 * x))),
        ("max(x, 0)", get("relu").at()),
        ("relu(x)", get("relu").at()),
        ("min(x, 1)", sp.Piecewise((x, x < 1), (1, True))),
        ("abs(x)", sp.Piecewise((x, x > -x), (-x, True))),
        ("x if x >= 1 else 0 if x <= -1 else 2", sp.Piecewise((x, x >= 1), (0, x <= -1), (2, True))),
    ],
)
def test_a_formula_is_read_exactly(formula, expected):
    assert parse(formula) == expected
    assert not parse(formula).atoms(sp.Float)


@pytest.mark.parametrize(
    ("formula", "message"),
    [
        ("", "1 to 400 characters"),
        (" " * 500, "1 to 400 characters"),
        ("x+" * 300 + "x", "1 to 400 characters"),
        ("2x", "no formula; write 2[*]x"),
        ("x +", "no formula"),
        ("x = 2", "no formula"),
        ("x^2", r"write \*\* for powers"),
        ("y*x", "unknown name y"),
        ("sigmod(x)", "did you mean sigmoid"),
        ("__import__('os')", "unknown function __import__; known are"),
        ("(lambda: x)()", "unknown function"),
        ("x.real", "not arithmetic"),
        ("[x]", "not arithmetic"),
        ("x // 2", "not arithmetic"),
        ("not x", "not arithmetic"),
        ("'x'", "real numbers up to 1e9"),
        ("True", "real numbers up to 1e9"),
        ("x + 1j", "real numbers up to 1e9"),
        ("1e400*x", "real numbers up to 1e9"),
        ("10**10**10", "powers up to 40"),
        ("x**-41", "powers up to 40"),
        ("max(x)", "max takes 2 inputs"),
        ("exp(x, x)", "exp takes 1 input, got"),
        ("max(x, 0, key=x)", "max takes 2 inputs"),
        ("x if x else 0", "chosen by <"),
        ("x if 0 < x < 1 else 0", "chosen by <"),
        ("x if x == 0 else 1", "chosen by <"),
        ("7", "the constant 7"),
        ("x - x", "the constant 0"),
        ("1/0", "the constant zoo"),
        ("sqrt(x)", "none at x = -1"),
        ("1/x", "none at x = 0"),
        ("log(x)", "none at x = 0"),
        ("tan(x)", "none at x = 1.57"),
        ("x**x", "none at x"),
        ("max(x, sin(x))", "finitely many points"),
    ],
)
def test_what_is_wrong_with_a_formula_is_said(formula, message):
    with pytest.raises(ValueError, match=f"^mine: .*{message}"):
        written("mine", formula)


def test_sympy_is_welcome_and_checked_too():
    assert written("mine", sp.atan(x)).expr == sp.atan(x)
    with pytest.raises(ValueError, match="no last case"):
        written("mine", sp.Piecewise((x, x > 0)))
    with pytest.raises(ValueError, match="unknown symbol a"):
        written("mine", sp.Symbol("a") * x)
    with pytest.raises(ValueError, match="exact numbers only"):
        written("mine", 0.1 * x)
    with pytest.raises(ValueError, match="no derivative by formula"):
        written("mine", sp.floor(x))
    with pytest.raises(TypeError, match="SymPy expression"):
        written("mine", 3)


def test_a_name_of_the_catalogue_is_taken():
    with pytest.raises(ValueError, match="relu: the catalogue has"):
        written("relu", "x**2")


@pytest.mark.parametrize("name", sorted(set(FUNCTIONS) - {"max", "min"}))
def test_every_function_of_one_input_means_what_mpmath_means(name):
    meant = {
        "ln": mpmath.log,
        "arctan": mpmath.atan,
        "arcsinh": mpmath.asinh,
        "abs": abs,
        "relu": lambda z: max(z, mpmath.mpf(0)),
        "sigmoid": lambda z: 1 / (1 + mpmath.exp(-z)),
        "softplus": lambda z: mpmath.log(1 + mpmath.exp(z)),
    }.get(name) or getattr(mpmath, name)
    for point in ("0.3", "1.7"):
        found = parse(f"{name}({point})").evalf(20)
        assert float(found) == pytest.approx(float(meant(mpmath.mpf(point))), rel=1e-14)


OLD = {
    "tanh": "(exp(x) - exp(-x)) / (exp(x) + exp(-x))",
    "relu": "max(x, 0)",
    "leaky_relu": "x if x > 0 else x / 100",
}


@pytest.mark.parametrize("name", OLD)
def test_an_old_function_written_anew_has_the_old_sheet(name):
    sheet, known = fact_sheet(written("anew", OLD[name])), fact_sheet(name)
    for key in ("range", "parity", "monotonicity", "lipschitz", "smoothness", "forward_gain", "saturation_left"):
        assert sheet[key].value == known[key].value, key


def test_an_entry_has_the_same_key_on_disk_each_time():
    made = [written("mine", "x if x > 0 else x / sqrt(1 + x**2)") for _ in range(2)]
    assert made[0] == made[1] and joblib.hash(made[0]) == joblib.hash(made[1])
    assert joblib.hash(made[0]) != joblib.hash(written("mine", "x if x > 0 else x / sqrt(2 + x**2)"))


# --- symbolic ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in names("one") if name not in ("prelu", "rrelu")])
def test_the_torch_function_agrees_with_the_catalogues_values_and_slopes(name):
    copy = Activation("copy", get(name).at())
    z = torch.tensor([-30.0, -3.0, -0.7, 0.2, 1.1, 4.0, 30.0], dtype=torch.float64, requires_grad=True)
    made = symbolic.function(copy)(z)
    made.sum().backward()
    at = z.detach().numpy()
    assert made.detach().numpy() == pytest.approx(getattr(values, name)(at), rel=1e-9, abs=1e-12)
    assert z.grad.numpy() == pytest.approx(getattr(slopes, name)(at), rel=1e-9, abs=1e-12)


def test_the_gradient_is_that_of_torchs_own_autograd():
    z = torch.linspace(-4, 4, 31, dtype=torch.float64, requires_grad=True)
    y = torch.where(z > 0, z, z / torch.sqrt(1 + z**2))
    (expected,) = torch.autograd.grad((y**2).sum(), z)
    made = symbolic.function(claims.ISRLU)(z)
    (found,) = torch.autograd.grad((made**2).sum(), z)
    assert made.detach().numpy() == pytest.approx(y.detach().numpy(), abs=1e-15)
    assert found.numpy() == pytest.approx(expected.numpy(), abs=1e-14)
    assert torch.autograd.gradcheck(symbolic.function(claims.WAVE), (z,))


@pytest.mark.parametrize("dtype", [torch.float32, torch.float64])
def test_shape_and_dtype_are_kept(dtype):
    z = torch.zeros((2, 0, 3), dtype=dtype)
    for formula in ("x - cos(x)", "max(x, 0)", "x if x > 0 else 3"):
        made = symbolic.function(written("mine", formula))
        assert made(z).shape == z.shape and made(z).dtype == dtype
        assert made(torch.tensor(1.0, dtype=dtype)).shape == ()


def test_an_overflow_in_the_branch_not_taken_does_not_reach_the_gradient():
    naive = torch.tensor([1000.0], requires_grad=True)
    torch.where(naive > 0, naive, torch.exp(naive) - 1).sum().backward()
    z = torch.tensor([1000.0, 0.0, -1.0], requires_grad=True)
    symbolic.function(written("bent", "x if x > 0 else exp(x) - 1"))(z).sum().backward()
    assert naive.grad.isnan().all()
    assert z.grad.tolist() == pytest.approx([1, 1, np.exp(-1)])


def test_the_definition_chooses_the_slope_at_a_kink():
    for formula, slope in (("max(x, 0)", 0), ("x if x >= 0 else 0", 1), ("abs(x)", -1)):
        z = torch.zeros(1, requires_grad=True)
        symbolic.function(written("mine", formula))(z).sum().backward()
        assert z.grad.item() == slope


def test_it_can_be_differentiated_once_and_says_so():
    z = torch.tensor([1.0], requires_grad=True)
    (slope,) = torch.autograd.grad((z * symbolic.function(CUBE)(z)).sum(), z, create_graph=True)
    with pytest.raises(RuntimeError, match="once_differentiable"):
        slope.sum().backward()


def test_own_is_what_the_catalogue_does_not_hold():
    assert symbolic.is_own(CUBE) and symbolic.is_own(Activation("relu", x**2))
    assert not any(map(symbolic.is_own, (*CATALOGUE.values(), "relu", None)))


def test_parameters_of_an_own_function_are_options():
    a = sp.Symbol("a", real=True)
    from activations.catalogue import Parameter

    entry = Activation("mine", a * x, parameters=(Parameter(a, sp.Integer(2), "the factor"),))
    ensemble = Ensemble(Network(entry, depth=1, width=3, options=(("a", 5.0),)), range(1))
    z = torch.ones((1, 1, 2, 3), dtype=torch.float64)
    assert torch.equal(ensemble.activate(z, ensemble.layers[0]), 5 * z)
    with pytest.raises(ValueError, match="options of"):
        Network(entry, options=(("b", 1.0),))


# --- in networks ------------------------------------------------------------------------------------------------------


def test_a_copy_of_a_catalogue_function_makes_the_same_network():
    copy = Network(Activation("copy", get("relu").at()), depth=3, width=6)
    recipe = Recipe(steps=5, batch=16, rates=(0.1,), every=5)
    made = train({"old": Network("relu", depth=3, width=6), "new": copy}, recipe, range(3))
    assert np.array_equal(made.loss["old"], made.loss["new"])


def test_the_gain_is_the_fact_sheets():
    for entry in (claims.ISRLU, claims.WAVE, claims.SQUARE, get("tanh")):
        assert own.network_of("t", entry, 1, 1).gain == pytest.approx(float(fact_sheet(entry)["forward_gain"].value))


def test_a_function_without_a_gain_is_refused():
    with pytest.raises(ValueError, match="signal: huge has no gain; its mean square .* inf"):
        own.signal([written("huge", "exp(x**3)")], seeds=range(2))


@pytest.mark.parametrize("power", [1, 2, 3, 5])
def test_the_steadiness_of_a_power_is_the_power(power):
    assert own.steadiness(Activation("p", x**power)) == pytest.approx(power)


def test_steadiness_is_the_slope_of_the_length_map():
    rng = np.random.default_rng(0)
    draws = rng.normal(size=400_000)

    def length(q):
        at = np.sqrt(q) * draws
        return np.mean(np.where(at > 0, at, at / np.sqrt(1 + at**2)) ** 2)

    found = (length(1.05) - length(0.95)) / 0.1 / length(1.0)
    assert own.steadiness(claims.ISRLU) == pytest.approx(found, abs=0.01)


def test_a_wrong_slope_would_be_noticed(monkeypatch):
    assert own.gradient_error(claims.WAVE) < 1e-9 and own.gradient_error(CATALOGUE["elu"]) < 1e-9
    right = symbolic.numeric

    def wrong(expr):
        return right(1 - sp.sin(x) if expr == claims.WAVE.slope() else expr)

    monkeypatch.setattr(own, "numeric", wrong)
    assert own.gradient_error(claims.WAVE) > 0.1


def test_signals_of_half_of_the_seeds_are_the_same_bits():
    both, half = (own.signal(["tanh", CUBE], depth=3, width=6, seeds=seeds) for seeds in (range(4), range(2, 4)))
    for label in ("Hyperbolic tangent", "cube"):
        assert np.array_equal(both.mean_square[label][2:], half.mean_square[label])
        assert np.array_equal(both.delta[label][2:], half.delta[label])


def test_the_first_layer_of_a_signal_is_what_numpy_computes():
    found = own.signal([CUBE], depth=2, width=4, examples=3, seeds=[0, 7])
    from activations.experiments.digits import split

    rng = np.random.default_rng((7, 1))
    weights = rng.normal(size=(4, 64)) / 8 / np.sqrt(15)
    assert found.mean_square["cube"][1, 0] == pytest.approx(np.mean((split().train[:3] @ weights.T) ** 2))


def test_what_leaves_the_axis_leaves_a_gap():
    chart = own.signal([CUBE, "relu"], depth=9, width=6, seeds=range(3)).chart()
    assert [line.label for line in chart.marks] == ["cube", "ReLU"]
    assert np.isnan(chart.marks[0].y[-1]) and not np.isnan(chart.marks[1].y).any()


def test_readers_functions_look_different_from_each_other():
    chart = own.signal([CUBE, claims.WAVE, claims.SQUARE, "relu"], depth=2, width=4, seeds=range(2)).chart("delta")
    assert len({(line.colour, line.dash) for line in chart.marks}) == 4


def test_a_trial_takes_differences_seed_by_seed():
    found = own.trial([claims.ISRLU], seeds=range(3), **SMALL)
    right = found.runs["ISRLU"].accuracy["ISRLU"][0, :, -1] - found.runs["ReLU"].accuracy["ReLU"][0, :, -1]
    assert np.array_equal(found.lead("ISRLU"), 100 * right)
    assert np.array_equal(found.lead("ReLU"), np.zeros(3))
    assert found.rate("ISRLU") in SMALL["rates"]
    assert set(found.tuning.seeds).isdisjoint(found.seeds)
    assert "points over ReLU" in repr(found) and "ISRLU" in found.chart().words + found.tuning_chart().words


def test_halves_of_a_trial_are_the_same_bits_where_the_rate_is():
    given_rate = {**SMALL, "rates": (0.1,)}
    both, half = (own.trial([CUBE], seeds=seeds, **given_rate) for seeds in (range(4), range(2)))
    assert np.array_equal(both.accuracy("cube")[:2], half.accuracy("cube"))


def test_each_runs_at_the_rate_of_the_smallest_loss():
    found = own.trial(["tanh"], baseline=CUBE, seeds=range(2), **SMALL)
    for label in ("cube", "Hyperbolic tangent"):
        last = found.tuning.loss[label][:, :, -1].mean(axis=1)
        assert found.rate(label) == SMALL["rates"][int(last.argmin())]
        assert found.runs[label].recipe.rates == (found.rate(label),)
    assert found.baseline == "cube"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: own.signal([], seeds=range(2)), "activations must name at least one"),
        (lambda: own.signal("relu"), "activations must be a sequence"),
        (lambda: own.signal(["rleu"]), "did you mean relu"),
        (lambda: own.signal(["softmax"]), "softmax takes many"),
        (lambda: own.signal([CUBE, CUBE]), "different names, got cube twice"),
        (lambda: own.signal([CUBE], depth=0), "depth must be"),
        (lambda: own.signal([CUBE], width=0), "width must be"),
        (lambda: own.signal([CUBE], examples=1), "examples must be"),
        (lambda: own.signal([CUBE], seeds=[1]), "seeds must hold at least 2"),
        (lambda: own.trial([CUBE], rates=[]), "rates must name"),
        (lambda: own.trial([CUBE], rates=[0.1, -1]), "rate must be"),
        (lambda: own.trial([CUBE], tuning=0), "steps must be"),
        (lambda: own.trial([CUBE], steps=1), "steps must be"),
        (lambda: own.trial(["relu"]), "got ReLU twice"),
        (lambda: own.trial([CUBE], seeds=[1]), "seeds must hold at least 2"),
        (lambda: own.gradient_error(CUBE, points=1), "points must be"),
        (lambda: own.gradient_error(CUBE, reach=0), "reach must be"),
        (lambda: luck.luck(candidates=1), "candidates must be"),
        (lambda: luck.luck("maxout"), "maxout takes many"),
        (lambda: luck.luck(rate=0), "rate must be"),
        (lambda: luck.luck(seeds=[2]), "seeds must hold at least 2"),
        (lambda: luck.expected_best(0), "candidates must be"),
        (lambda: workbench.workbench(0, -1, 0), "bend must be"),
        (lambda: Text(" "), "start must be"),
    ],
)
def test_a_bad_configuration_is_refused_by_name_before_any_work(call, message, monkeypatch):
    def working(*args, **kwargs):
        raise AssertionError("it went to work")

    for module, name in ((own, "train"), (own, "Ensemble"), (luck, "train")):
        monkeypatch.setattr(module, name, working)
    with pytest.raises(ValueError, match=message):
        call()


# --- luck -------------------------------------------------------------------------------------------------------------


def test_luck_counts_what_it_says():
    found = luck.luck(candidates=3, depth=1, width=4, steps=2, seeds=range(3))
    assert found.first.shape == (3, 3) and found.again.shape == (3,)
    assert found.promised == pytest.approx(100 * (found.first.max(axis=1) - found.first.mean()))
    assert found.delivered == pytest.approx(100 * (found.again - found.first.mean()))
    half = luck.luck(candidates=3, depth=1, width=4, steps=2, seeds=[2, 0])
    assert np.array_equal(half.first, found.first[[2, 0]]) and np.array_equal(half.again, found.again[[2, 0]])
    assert "3 copies of ReLU" in repr(found) and len(found.chart().marks) == 3


@pytest.mark.parametrize("candidates", [1, 2, 5, 10])
def test_the_expected_best_is_the_mean_of_the_largest_order_statistic(candidates):
    largest = stats.beta(candidates, 1).expect(stats.norm.ppf)
    assert luck.expected_best(candidates) == pytest.approx(largest, abs=1e-6)


# --- the workbench and the lab ----------------------------------------------------------------------------------------


@given(st.floats(-2, 2), st.floats(0.05, 3), st.floats(-1, 1))
@settings(max_examples=25, deadline=None)
def test_the_slope_of_a_bent_line_is_a_difference_quotient(left, bend, lift):
    at, h = np.linspace(-5, 5, 41), 1e-6
    quotient = (workbench.bent(at + h, left, bend, lift)[0] - workbench.bent(at - h, left, bend, lift)[0]) / (2 * h)
    assert workbench.bent(at, left, bend, lift)[1] == pytest.approx(quotient, abs=1e-7)


def test_the_knobs_find_old_friends():
    at = np.linspace(-3, 3, 8)
    assert workbench.bent(at, 0, 0, 0)[0] == pytest.approx(values.relu(at))
    assert workbench.bent(at, -1, 0, 0)[0] == pytest.approx(np.abs(at))
    assert workbench.bent(at, 0.1, 0, 0)[0] == pytest.approx(values.leaky_relu(at, negative_slope=0.1))
    soft = functional.softplus(torch.tensor(at), beta=2).numpy()
    assert workbench.bent(at, 0, 0.5, 0)[0] == pytest.approx(soft)
    assert "affine share 1, steadiness 1." in workbench.workbench(1, 0.5, 0).words


def test_the_numbers_of_the_workbench_are_the_fact_sheets():
    sheet = fact_sheet("relu")
    words = workbench.workbench(0, 0, 0).words
    for key, name in (("forward_gain", "gain"), ("mean", "mean"), ("affine_share_1", "affine share")):
        assert f"{name} {float(sheet[key].value):.3g}" in words


def test_a_formula_can_be_typed_into_a_lab():
    box = lab(
        echo, lambda made: workbench.workbench(len(made), 0, 0), formula=Text("x", "f(x) ="), depth=Control([2, 3])
    )
    assert box.choice == {"formula": "x", "depth": 2}
    box._choosers["formula"].value = "x**2"
    box.start().join(20)
    assert box._status.value == "Done." and "Left slope 4" in box._picture.value
    box._choosers["formula"].value = "1/x"
    box.start().join(20)
    assert "none at x = 0" in box._status.value
    box._choosers["formula"].value = "x"
    assert "f(x) = x" in box.as_html() and "<input" not in box.as_html()


def echo(formula="x", depth=2):
    return written("mine", formula) and formula


def test_a_label_is_the_controls_name_unless_it_has_one():
    box = lab(echo, lambda made: workbench.workbench(0, 0, 0), formula=Text("x"))
    assert box.controls["formula"].label == "formula"


def test_the_first_look_is_a_trial_that_yields_first(monkeypatch):
    monkeypatch.setattr(own, "trial", lambda found, **settings: (found[0].expr, settings["depth"]))
    steps = own.first_look("x**2", depth=3)
    assert 0 < next(steps) < 1
    with pytest.raises(StopIteration) as end:
        next(steps)
    assert end.value.value == (x**2, 3)


# --- proofs and claims ------------------------------------------------------------------------------------------------


def test_the_length_map_of_squares_by_quadrature():
    points, weights = np.polynomial.hermite_e.hermegauss(12)
    for length in (0.5, 2.0):
        moment = weights @ (np.sqrt(length) * points) ** 4 / weights.sum()
        assert float(proofs.square_map().last.subs(proofs.q, length)) == pytest.approx(moment / 3)
    assert not (proofs.square_map().argued or proofs.repeated_square().argued or proofs.scaled_step().argued)


def test_a_step_on_a_doubled_function_is_a_step_at_four_times_the_rate():
    f, w, rate = 0.7, torch.tensor(1.3, dtype=torch.float64), 0.05
    moved = {}
    for factor in (1.0, 2.0):
        v = (w / factor).clone().requires_grad_()
        torch.sin(factor * f * v).backward()
        eta = rate if factor == 2 else 4 * rate
        moved[factor] = (factor * (v - eta * v.grad)).item()
    assert moved[1.0] == pytest.approx(moved[2.0], rel=1e-14)


MINE = [one for one in all_claims().values() if one.subject == "design_your_own"]


@pytest.mark.parametrize("one", MINE, ids=lambda one: one.id)
def test_every_claim_of_the_chapter_stands(one):
    assert one.evidence()


def test_the_sources_row_is_dealt_with():
    assert {row for one in MINE for row in one.sources} == {"S4.17"}


def test_the_claims_speak_of_the_functions_that_the_chapter_writes_down():
    text = (Path(__file__).parents[1] / "chapters" / "design-your-own.md").read_text(encoding="utf8")
    written_there = dict(re.findall(r'written\(\s*"(\w+)",\s*"([^"]+)"', text))
    for entry in (claims.ISRLU, claims.WAVE, claims.DOUBLED, claims.SQUARE):
        assert parse(written_there[entry.name]) == entry.expr
    assert 'own.trial([isrlu, wave, doubled, "identity", square])' in text


def test_a_picture_and_its_negative_are_one_to_a_square_without_biases():
    ensemble = Ensemble(own.network_of("t", claims.SQUARE, 1, 4), range(2))
    pictures = torch.randn((3, 64), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert torch.equal(ensemble(pictures).logits, ensemble(-pictures).logits)


def test_twice_relu_starts_as_the_same_network():
    made = [Ensemble(own.network_of("t", one, 3, 8), range(3)) for one in (claims.DOUBLED, get("relu"))]
    pictures = torch.randn((5, 64), dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    assert torch.allclose(*(ensemble(pictures).logits for ensemble in made), rtol=1e-9)


def test_a_trial_may_leave_the_pictures_as_they_are():
    assert not own.trial([CUBE], seeds=range(2), negatives=False, **SMALL).tuning.recipe.negatives
    assert own.trial([CUBE], seeds=range(2), **SMALL).runs["cube"].recipe.negatives
