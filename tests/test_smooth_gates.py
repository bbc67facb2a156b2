"""The chapter on smooth gates: minima by other root finders, gates, equal parameters, and experiments by halves."""

import numpy as np
import pytest
import sympy as sp
import torch
from activations import claims, slopes, values
from activations.catalogue import get, x
from activations.experiments import gate_charts, gates
from activations.experiments.ensemble import Ensemble, Network
from activations.experiments.training import Recipe
from activations.explore import Control, explore
from activations.proofs import Derivation, ProofError, dips, smooth
from activations.properties import fact_sheet
from mpmath import mp
from scipy.optimize import brentq, minimize_scalar
from scipy.special import lambertw
from scipy.stats import norm

CLAIMS = [claim for claim in claims.all_claims().values() if claim.subject == "smooth_gates"]
HEAVY = (
    "on-the-digits-no-function-stands-out",
    "each-function-is-best-at-its-own-task",
    "functions-that-grow-like-a-square-need-smaller-steps",
)

# --- proofs -----------------------------------------------------------------------------------------------------------

DERIVATIONS = [
    *(getattr(dips, name) for name in dips.__all__ if name.startswith(("silu_", "gelu_", "mish_"))),
    smooth.softplus_less_silu,
    smooth.softplus_gap,
    smooth.noisy_relu,
    smooth.noisy_relu_primitive,
    smooth.gap_below_relu,
    smooth.small_beta,
    smooth.transformer_width,
    smooth.matched_width,
    lambda: smooth.half_and_even("silu"),
    lambda: smooth.half_and_even("gelu_tanh"),
    lambda: smooth.two_units_multiply("geglu"),
]


@pytest.mark.parametrize("derive", DERIVATIONS, ids=lambda one: one.__name__)
def test_a_derivation_holds_and_argues_nothing(derive):
    derivation = derive()
    assert derivation.steps and not derivation.argued


@pytest.mark.parametrize(
    ("start", "broken"),
    [
        (sp.Derivative(get("silu").at(), x), (1 - x + sp.exp(x)) * sp.exp(x) / (1 + sp.exp(x)) ** 2),
        (sp.Derivative(get("gelu").at(), x), sp.erfc(-x / sp.sqrt(2)) / 2 - x * dips.density(x)),
        (sp.Derivative(dips.MISH_FACTOR, x), 4 - (4 * x + 10) * sp.exp(x) + 8 * sp.exp(2 * x) + 3 * sp.exp(3 * x)),
        (smooth.softplus_less_silu().start, -smooth.softplus_less_silu().last),
        (smooth.gap_below_relu().start, smooth.t / (1 + sp.exp(-smooth.beta * smooth.t))),
        (smooth.two_units_multiply("swiglu").start, -smooth.a * smooth.b),
    ],
)
def test_a_flipped_sign_is_found(start, broken):
    with pytest.raises(ProofError, match="is false"):
        Derivation(start).then(broken, because="broken on purpose")


def test_mish_is_no_half_identity():
    with pytest.raises(ProofError, match="is false"):
        smooth.half_and_even("mish")


@pytest.mark.parametrize("place", [-2.0, 0.0, 1.5])
def test_the_noisy_relu_is_a_mean(place):
    # By the midpoint rule over the noise, not by the primitive.
    noise = (np.arange(-12_000, 12_000) + 0.5) / 1000
    mean = np.sum(np.maximum(place + noise, 0) * norm.pdf(noise)) / 1000
    assert float(smooth.noisy_relu().last.subs(x, place)) == pytest.approx(mean, abs=1e-6)


def test_the_gap_of_softplus_is_an_entropy():
    at = np.linspace(-8, 8, 33)
    p = values.sigmoid(at)
    entropy = -p * np.log(p) - (1 - p) * np.log1p(-p)
    assert np.allclose(values.softplus(at) - values.silu(at), entropy, atol=1e-12)


def test_the_claimed_derivations_start_from_the_catalogue():
    assert dips.silu_slope().start == sp.Derivative(get("silu").at(), x)
    assert dips.mish_slope().start == sp.Derivative(get("mish").at(), x)
    assert smooth.gate_gradients()[0].start == sp.Derivative(smooth.a / (1 + sp.exp(-smooth.b)), smooth.a)


# --- minima -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["silu", "gelu", "mish"])
def test_the_lowest_point_is_that_of_a_second_root_finder(name):
    # mpmath's bisection on a formula typed here, at 40 digits.
    with mp.workdps(40):
        f = {
            "silu": lambda t: t / (1 + mp.exp(-t)),
            "gelu": lambda t: t * mp.ncdf(t),
            "mish": lambda t: t * mp.tanh(mp.log1p(mp.exp(t))),
        }[name]
        place = mp.findroot(lambda t: mp.diff(f, t), (-2, mp.mpf("-0.5")), solver="anderson", tol=1e-30)
        found = dips.lowest(name)
        assert abs(mp.mpf(str(sp.N(found[0], 18))) - place) < mp.mpf(10) ** -16
        assert abs(mp.mpf(str(sp.N(found[1], 18))) - f(place)) < mp.mpf(10) ** -16


@pytest.mark.parametrize("name", ["silu", "gelu", "mish"])
def test_the_lowest_point_is_that_of_the_package_and_of_torch(name):
    place, value = map(float, dips.lowest(name))
    assert brentq(getattr(slopes, name), -3, -0.1, xtol=1e-14) == pytest.approx(place, abs=1e-12)
    function = getattr(torch.nn.functional, name)
    search = minimize_scalar(lambda t: function(torch.tensor(t, dtype=torch.float64)).item(), bounds=(-3, 0))
    assert search.fun == pytest.approx(value, abs=1e-12)


def test_the_lowest_point_is_that_of_the_fact_sheet():
    sheet = fact_sheet("silu")
    place, value = dips.lowest("silu")
    assert sheet["infimum"].value == value and sheet["infimum_at"].value == sp.FiniteSet(place)
    assert float(-value) == pytest.approx(lambertw(np.exp(-1)).real, abs=1e-15)


def test_a_function_without_a_dip_is_refused():
    with pytest.raises(ValueError, match="lowest: name must be silu, gelu or mish, got 'relu'"):
        dips.lowest("relu")


@pytest.mark.parametrize("beta", [0.3, 1.0, 5.0])
def test_swish_is_nowhere_farther_from_relu_than_its_dip_is_deep(beta):
    at = np.linspace(-60, 60, 400_001)
    gap = np.abs(values.silu(at, beta=beta) - values.relu(at)).max()
    assert gap == pytest.approx(float(dips.DEPTH) / beta, rel=1e-6)
    assert np.all(np.abs(values.silu(at, beta=beta) - at / 2) <= beta * at**2 / 4 + 1e-12)


# --- gates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", gate_charts.GATES)
def test_a_function_is_its_input_times_its_gate(name):
    at = np.linspace(-6, 6, 241)
    assert np.allclose(at * gate_charts.GATES[name](at), getattr(values, name)(at), atol=1e-14)


def test_the_point_lies_on_the_ray_and_on_the_curve():
    ray, curve, point = gate_charts.gate_opening("mish", -1.5)[1].marks[1:]
    assert np.interp(-1.5, ray.x, ray.y) == pytest.approx(point.y[0], abs=1e-12)
    assert np.interp(-1.5, curve.x, curve.y) == pytest.approx(point.y[0], abs=1e-12)


def test_the_marked_point_of_swish_is_the_lowest():
    for beta in (0.5, 1, 4):
        curve, point = (gate_charts.swish(beta).marks[place] for place in (3, 5))
        assert curve.y.min() >= point.y[0] - 1e-12
        assert float(slopes.silu(point.x[0], beta=float(beta))) == pytest.approx(0, abs=1e-14)


def test_the_turned_gate_is_the_unit_of_torch():
    chart = gate_charts.turned_gate("glu", 30)
    heat = chart.marks[0]
    first, second = 0.6, -1.2
    row, column = np.argmin(np.abs(heat.y - second)), np.argmin(np.abs(heat.x - first))
    a = 0.5 * heat.x[column] + np.sqrt(0.75) * heat.y[row]
    expected = torch.nn.functional.glu(torch.tensor([a, heat.y[row]]), dim=0).item()
    assert heat.z[row, column] == pytest.approx(expected, abs=1e-12)


def test_with_shared_weights_the_output_depends_on_one_sum():
    assert np.ptp(gate_charts.turned_gate("swiglu", 0).marks[0].z, axis=1).max() < 1e-12
    assert np.ptp(gate_charts.turned_gate("swiglu", 15).marks[0].z, axis=1).max() > 0.1


@pytest.mark.parametrize(
    ("chart_of", "controls"),
    [
        (gate_charts.gate_opening, {"activation": list(gate_charts.GATES), "point": [k / 4 for k in range(-16, 17)]}),
        (gate_charts.swish, {"beta": [0.25, 1, 16]}),
        (gate_charts.turned_gate, {"activation": gate_charts.TURNED, "angle": Control([0, 45, 90], start=90)}),
    ],
)
def test_every_frame_of_an_explorable_has_one_shape_and_is_small(chart_of, controls):
    assert len(explore(chart_of, **controls, caption="A test.").payload) < 80_000


def test_a_chart_refuses_what_it_cannot_draw():
    with pytest.raises(ValueError, match="gate_opening: activation must be one of"):
        gate_charts.gate_opening("tanh", 0)
    with pytest.raises(ValueError, match="swish: beta must be a finite number above 0"):
        gate_charts.swish(0)
    with pytest.raises(ValueError, match="turned_gate: activation must be one of"):
        gate_charts.turned_gate("silu", 0)


# --- two forms of GELU ------------------------------------------------------------------------------------------------


def test_the_largest_difference_of_the_forms_is_found_and_bounded():
    forms = gates.gelu_forms()
    with mp.workdps(30):

        def difference(at):
            at = mp.mpf(at)
            gate = (1 + mp.tanh(mp.sqrt(2 / mp.pi) * (at + mp.mpf("0.044715") * at**3))) / 2
            return at * (gate - mp.ncdf(at))

        at = mp.findroot(lambda t: mp.diff(difference, t), forms.at)
        peak = difference(at)
    assert forms.at == pytest.approx(float(at), abs=2 * forms.step)
    assert forms.largest == pytest.approx(float(peak), rel=1e-7)
    assert float(peak) <= forms.bound < 5e-4


def test_the_bound_tightens_with_the_grid():
    coarse, fine = gates.gelu_forms(0.002), gates.gelu_forms(0.0005)
    assert fine.largest <= fine.bound < coarse.bound
    assert "0.0004732" in repr(fine)


def test_the_chart_of_the_forms_is_even():
    line = gates.gelu_forms(0.001).chart().marks[1]
    assert np.array_equal(line.y, line.y[::-1]) and np.array_equal(line.x, -line.x[::-1])


@pytest.mark.parametrize(("field", "value"), [("step", 0), ("step", 0.5), ("end", 5.0)])
def test_the_forms_refuse_a_bad_grid(field, value):
    with pytest.raises(ValueError, match=f"gelu_forms: {field}"):
        gates.gelu_forms(**{field: value})


# --- equal parameters -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", gates.PLAIN + gates.GATED)
def test_parameters_are_counted_as_the_ensemble_holds_them(name):
    network = gates.equal_networks([name])[name]
    ensemble = Ensemble(network, [0])
    assert gates.parameters(network) == sum(part.numel() for part in ensemble.parameters()) == 2110


def test_the_derived_width_is_the_one_that_is_used():
    derived = smooth.matched_width().last.rhs.subs({smooth.inputs: 2, smooth.outputs: 1, smooth.h: 14})
    assert gates.equal_networks(["swiglu"], 14, inputs=2, outputs=1)["swiglu"].width == derived == 8


def test_no_whole_width_is_refused():
    with pytest.raises(ValueError, match="no whole width of glu has as many parameters as 27 plain units"):
        gates.equal_networks(["glu"], 27)


def test_a_gated_unit_multiplies_in_floats_too():
    a, b = np.random.default_rng(0).normal(size=(2, 100))
    pair = values.swiglu(np.stack([a, b], -1)) - values.swiglu(np.stack([a, -b], -1))
    assert np.allclose(pair[:, 0], a * b, atol=1e-14)


def test_the_state_of_an_lstm_needs_sigmoids():
    by_torch, by_formula, all_tanh = gates.lstm_step(3, size=6)
    assert np.allclose(by_torch, by_formula, atol=1e-13)
    assert np.abs(by_torch - all_tanh).max() > 0.1


# --- experiments ------------------------------------------------------------------------------------------------------

SHORT = Recipe(steps=5, batch=16, rates=(0.01, 0.02), optimiser="adam", every=5)


def test_half_of_the_seeds_gives_the_same_fits():
    settings = {"names": ("relu", "swiglu"), "width": 7, "steps": 5, "rates": (0.05,)}
    whole, half = gates.fit(**settings, seeds=range(4)), gates.fit(**settings, seeds=(2, 3))
    for task, name in (("product", "relu"), ("maximum", "swiglu")):
        assert np.array_equal(whole.error[task][name][2:], half.error[task][name])


def test_a_fit_by_hand_gives_the_same_error():
    # One network, one seed, one rate, with torch's own layers and optimiser.
    result = gates.fit(["gelu"], 7, tasks=["product"], rates=[0.05], steps=4, examples=32, seeds=range(2))
    ensemble = Ensemble(Network("gelu", 1, 7, scheme="torch", inputs=2, outputs=1), [1], dtype=torch.float32)
    weights = [
        torch.nn.Parameter(part[0, 0].squeeze(0).clone() if part.shape[2] == 1 else part[0, 0].clone())
        for layer in (*ensemble.layers, ensemble.readout)
        for part in (layer.weight, layer.bias)
    ]
    draws = np.random.default_rng(1).normal(size=(160, 2))
    seen, new = torch.tensor(draws, dtype=torch.float32).split([32, 128])

    def missed(inputs):
        hidden = torch.nn.functional.gelu(inputs @ weights[0].T + weights[1])
        guess = hidden @ weights[2].reshape(-1) + weights[3].reshape(-1)
        target = inputs.prod(dim=1)
        return ((guess - target) ** 2).mean() / target.var(correction=0)

    adam = torch.optim.Adam(weights, lr=0.05)
    for _ in range(4):
        adam.zero_grad()
        missed(seen).backward()
        adam.step()
    assert result.error["product"]["gelu"][1] == pytest.approx(missed(new).item(), rel=1e-4)


def test_half_of_the_seeds_gives_the_same_digits():
    whole = gates.on_digits(["relu", "geglu"], recipe=SHORT, seeds=range(4))
    half = gates.on_digits(["relu", "geglu"], recipe=SHORT, seeds=(2, 3))
    assert np.array_equal(whole.training.loss["geglu"][:, 2:], half.training.loss["geglu"])


def test_the_difference_counts_pictures():
    result = gates.on_digits(["relu", "geglu"], recipe=SHORT, seeds=range(3))
    right = {name: np.round(4.5 * result.accuracy(name)) for name in result.names}
    assert np.array_equal(result.difference("geglu"), right["geglu"] - right["relu"])
    assert np.array_equal(result.difference("relu"), np.zeros(3))
    assert "pictures more" in repr(result)


def test_results_can_be_drawn():
    digits = gates.on_digits(["relu", "geglu", "silu"], recipe=SHORT, seeds=range(3))
    assert digits.chart().names == ("geglu", "silu")
    assert digits.chart().marks[0].colours() == ("vermillion", "blue")
    fits = gates.fit(["relu", "swiglu"], 7, steps=2, seeds=range(2))
    assert [chart.title for chart in fits.charts()] == ["product", "maximum"]
    assert "log₁₀ error, maximum" in repr(fits)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"tasks": ["sum"]}, "fit: task must be one of product, maximum"),
        ({"rates": []}, "Recipe: rates"),
        ({"steps": 0}, "Recipe: steps"),
        ({"examples": 1}, "fit: examples"),
        ({"seeds": [1]}, "fit: seeds must hold at least 2"),
        ({"names": []}, "equal_networks: names"),
        ({"width": 3}, "no whole width"),
    ],
)
def test_a_fit_refuses_a_bad_configuration(wrong, message):
    with pytest.raises(ValueError, match=message):
        gates.fit(**wrong)


def test_the_descent_refuses_a_bad_configuration():
    with pytest.raises(ValueError, match="plain_descent: steps"):
        gates.plain_descent(steps=0)
    with pytest.raises(ValueError, match="on_digits: seeds"):
        gates.on_digits(seeds=[])


# --- claims -----------------------------------------------------------------------------------------------------------


def test_the_chapter_has_its_claims():
    assert len(CLAIMS) == 21
    assert {row for claim in CLAIMS for row in claim.sources} == {"S0.8", "S1.4"}


@pytest.mark.parametrize("claim", [c for c in CLAIMS if c.id not in HEAVY], ids=lambda c: c.id)
def test_a_claim_stands(claim):
    assert claim.evidence().says


@pytest.mark.parametrize("id", HEAVY)
def test_a_measured_claim_stands_on_twenty_seeds(id):
    evidence = claims.get(id).evidence()
    assert {measurement.seeds for measurement in evidence.measurements} == {20}


def test_a_claim_on_the_bound_of_gelus_forms_can_fall(monkeypatch):
    worse = gates.GeluForms(1e-4, np.array([2.7]), np.array([4.8e-4]), 6e-4)
    monkeypatch.setattr(gates, "gelu_forms", lambda: worse)
    claim = claims.get("gelus-tanh-form-is-within-half-a-thousandth")
    with pytest.raises(claims.ClaimError, match="the bound is below"):
        claim._refuse_fallen(claim.function())
