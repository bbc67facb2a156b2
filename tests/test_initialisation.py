"""The first weights: moments, maps and measurements, against mpmath, SciPy, torch and plain loops."""

import mpmath
import numpy as np
import pytest
import sympy as sp
import torch
from activations import catalogue, claims, values
from activations.catalogue import x
from activations.experiments import defaults, firstlayers, glorot, meanfield, meeting, moments
from activations.experiments._summary import mean_interval
from activations.experiments.digits import split
from activations.explore import Control, explore
from activations.proofs import Derivation, ProofError
from activations.proofs import initialisation as proofs
from activations.properties import fact_sheet
from scipy import integrate

NAMES = catalogue.names("one")
SMOOTH = ("tanh", "sigmoid", "gelu", "sine")

# --- proofs -----------------------------------------------------------------------------------------------------------

DERIVATIONS = (
    "default_bound",
    "default_fixed_point",
    "density_growth",
    "factor_square",
    "he_variance",
    "rectifier_square",
    "relu_edge",
    "square_of_sum",
)


@pytest.mark.parametrize("name", DERIVATIONS)
def test_a_derivation_holds_and_argues_nothing(name):
    derivation = getattr(proofs, name)()
    assert derivation.steps and not derivation.argued


@pytest.mark.parametrize("wrong", [(1 - proofs.alpha**2) * x**2, 2 * (1 + proofs.alpha**2) * x**2])
def test_a_wrong_square_is_found(wrong):
    right = proofs.rectifier_square()
    with pytest.raises(ProofError, match="is false"):
        Derivation(right.start, where=right.where).then(wrong, because="broken on purpose")


def test_the_square_of_the_derivation_is_that_of_leaky_relu():
    z = np.array([-2.0, -0.3, 1.7])
    sum_ = sp.lambdify((x, proofs.alpha), proofs.rectifier_square().last)(z, 0.01)
    assert np.allclose(values.leaky_relu(z) ** 2 + values.leaky_relu(-z) ** 2, sum_, rtol=1e-14)


@pytest.mark.parametrize("size", [1, 2, 5])
def test_the_mean_square_of_a_sum_is_that_of_random_weights(size):
    found, said = proofs.sum_square(size)
    assert found == said
    inputs = np.arange(1, size + 1)
    symbols = {f"a{i}": i for i in inputs} | {"v_w": 0.3**2, "v_b": 0.5**2}
    rng = np.random.default_rng(0)
    z = 0.3 * rng.uniform(-(3**0.5), 3**0.5, size=(200_000, size)) @ inputs + 0.5 * rng.normal(size=200_000)
    expected = float(found.subs({symbol: symbols[symbol.name] for symbol in found.free_symbols}))
    assert np.mean(z**2) == pytest.approx(expected, rel=0.02)


def test_he_s_variance_is_two_over_fan_in():
    assert proofs.he_variance().last.rhs.subs(proofs.alpha, 0) == 2 / proofs.n
    leaky = proofs.he_variance().last.rhs.subs({proofs.alpha: sp.Rational(1, 10), proofs.n: 50})
    assert float(leaky) == pytest.approx(torch.nn.init.calculate_gain("leaky_relu", 0.1) ** 2 / 50, rel=1e-12)


def test_the_default_s_variance_is_that_of_its_bound():
    assert proofs.default_bound().last.rhs == 1 / (3 * proofs.n)
    weight = torch.nn.Linear(50, 4000).weight.detach()
    assert float(weight.abs().max()) == pytest.approx(50**-0.5, rel=1e-3) and float(weight.abs().max()) <= 50**-0.5


@pytest.mark.parametrize(("j", "k"), [(0, 0), (1, 1), (2, 2), (3, 3), (0, 2), (1, 3), (2, 4)])
def test_mehler_s_formula_in_numbers(j, k):
    points, weights = moments.hermite_rule(20)
    at_x, at_y = (sp.lambdify(x, proofs.hermite(degree)) for degree in (j, k))
    across = np.zeros((20, 1)) + points[:, None]
    y = 0.3 * across + (1 - 0.3**2) ** 0.5 * points
    found = weights @ (at_x(across) * at_y(y) * np.ones_like(y)) @ weights
    assert found == pytest.approx(float(proofs.mehler(j, k).subs(proofs.c, 0.3)), abs=1e-12)


def test_normal_means_scale_with_the_deviation():
    assert proofs.normal_mean(x**2) == proofs.sigma**2
    assert proofs.normal_mean(x**4, positive=True) == 3 * proofs.sigma**4 / 2


# --- quadrature and gains ---------------------------------------------------------------------------------------------


def _by_mpmath(name: str, of, sigma: float) -> float:
    """E of(f, σX) by mpmath, from the symbolic formula, on panels that end at the kinks."""
    formula = catalogue.get(name).at()
    f = sp.lambdify(x, of(formula), "mpmath")
    with mpmath.workdps(25):
        s = mpmath.mpf(sigma)
        edges = {k / s for k in map(mpmath.mpf, moments.kinks(name))} | {mpmath.mpf(e) for e in range(-11, 12)}
        return float(mpmath.quad(lambda z: f(s * z) * mpmath.npdf(z), sorted(edges | {-3 / s, 3 / s})))


@pytest.mark.parametrize("name", NAMES)
def test_the_gain_is_mpmath_s(name):
    assert moments.gain(name) == pytest.approx(_by_mpmath(name, lambda f: f**2, 1.0) ** -0.5, rel=1e-10)


@pytest.mark.parametrize("name", ["tanh", "gelu", "selu", "hardtanh", "sigmoid"])
@pytest.mark.parametrize("q", [0.01, 30.0])
def test_moments_at_other_lengths_are_mpmath_s(name, q):
    assert moments.mean_square(name, q) == pytest.approx(_by_mpmath(name, lambda f: f**2, q**0.5), rel=1e-10)
    slope = _by_mpmath(name, lambda f: sp.diff(f, x) ** 2, q**0.5)
    assert moments.slope_square(name, q) == pytest.approx(slope, rel=1e-10)


@pytest.mark.parametrize("name", ["relu", "tanh", "hardtanh", "elu", "leaky_relu", "sine"])
def test_the_gains_are_those_of_the_fact_sheet(name):
    sheet = fact_sheet(name)
    assert moments.gain(name) == pytest.approx(float(sheet["forward_gain"].value), rel=1e-12)
    assert moments.backward_gain(name) == pytest.approx(float(sheet["backward_gain"].value), rel=1e-12)


@pytest.mark.parametrize("name", NAMES)
def test_steadiness_is_the_slope_of_the_map(name):
    h = 1e-4
    g = moments.gain(name)
    rise = meanfield.length_map(name, 1 + h, g, 0) - meanfield.length_map(name, 1 - h, g, 0)
    assert moments.steadiness(name) == pytest.approx(rise / (2 * h), abs=1e-6)


def test_which_gains_hold():
    table = moments.gains()
    assert {"tanh", "sigmoid", "elu", "selu", "hardtanh"} <= set(table.holds)
    assert set(table.repels) == {"squared_relu", "gelu", "gelu_tanh", "silu", "mish", "hardswish"}
    assert not {"relu", "leaky_relu", "prelu", "identity"} & ({*table.holds} | {*table.repels})
    assert str(table).splitlines()[0].split() == ["activation", "gain", "backward", "torch", "steadiness"]
    assert "above 1 for 6" in table.chart().words


def test_the_library_s_gains_are_asked_of_the_library():
    assert moments.library_gain("tanh") == torch.nn.init.calculate_gain("tanh") == 5 / 3
    assert moments.library_gain("identity") == 1
    assert np.isnan(moments.library_gain("gelu"))


def test_rules_integrate_what_they_must():
    points, weights = moments.hermite_rule(8)
    assert [round(float(weights @ points**p), 8) for p in (0, 2, 4, 6, 14)] == [1, 1, 3, 15, 135135]
    points, weights = moments.split_rule((-1.0, 1.0), 120)
    share = float(weights @ (np.abs(points) < 1))
    assert share == pytest.approx(float(mpmath.erf(mpmath.sqrt(0.5))), rel=1e-13)


def test_hermite_fails_at_a_kink_and_not_at_relu_s():
    found = moments.rule_errors(("tanh", "hardtanh", "selu", "relu"), (10, 110))
    assert found.hermite[0, 1] < 1e-10 and found.hermite[3].max() < 1e-14
    assert found.hermite[1, 1] > 1e-4 and found.hermite[2, 1] > 1e-5
    assert found.split[1:, 1].max() < 1e-13
    assert "hardtanh 3e-03" in moments.rule_errors(("hardtanh",), (10, 110)).chart().words
    assert str(found).splitlines()[0].startswith("nodes")


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: moments.split_rule((0.0,), 1), "at least one a panel, 2 here, got 1"),
        (lambda: moments.expected("relu", lambda x, f, s: f, 0.0), "sigma must be positive"),
        (lambda: moments.rule_errors(("relu",), (2,)), "nodes must be 4 or more, got 2"),
    ],
)
def test_rules_name_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- maps -------------------------------------------------------------------------------------------------------------


def _next_by_scipy(name: str, q: float, weight: float, bias: float) -> float:
    f = getattr(values, name)
    mean, _ = integrate.quad(lambda z: f(q**0.5 * z) ** 2 * np.exp(-z * z / 2), -10, 10, points=[0.0], epsabs=1e-13)
    return weight**2 * mean / (2 * np.pi) ** 0.5 + bias**2


@pytest.mark.parametrize(
    ("name", "weight", "bias"), [("tanh", 1.5, 0.3), ("selu", 1.0, 0.1), ("sigmoid", 2.0, 0.0), ("relu", 1.0, 0.5)]
)
def test_the_fixed_length_is_where_the_map_leads(name, weight, bias):
    q = 1.0
    for _ in range(120):
        q = _next_by_scipy(name, q, weight, bias)
    assert meanfield.fixed_length(name, weight, bias) == pytest.approx(q, rel=1e-8)


def test_lengths_without_a_limit():
    assert meanfield.fixed_length("tanh", 0.9, 0) == 0
    assert meanfield.fixed_length("relu", 1.5, 0) == np.inf
    assert meanfield.fixed_length("relu", 2**0.5, 0) == 1
    assert meanfield.mean_square("tanh", 0.0) == 0 and meanfield.slope_square("tanh", 0.0) == 1


C = np.linspace(0, 1, 21)


def test_relu_s_correlation_map_is_the_arc_cosine_kernel():
    closed = (np.sqrt(1 - C**2) + C * (np.pi - np.arccos(C))) / np.pi
    for q in (0.1, 5.0):
        assert meanfield.correlation_map("relu", C, 2**0.5, 0, q) == pytest.approx(closed, abs=2e-7)


def test_the_sine_s_correlation_map_has_a_closed_form():
    q, w, b = 1.7, 1.3, 0.4
    top = w**2 * np.exp(-q) * np.sinh(q * C) + b**2
    assert meanfield.correlation_map("sine", C, w, b, q) == pytest.approx(top / top[-1], rel=1e-12)


@pytest.mark.parametrize("name", SMOOTH)
def test_the_correlation_map_is_the_double_integral(name):
    points, weights = moments.hermite_rule(80)
    q, c, f = 0.8, 0.6, getattr(values, name)
    y = c * points[:, None] + (1 - c**2) ** 0.5 * points
    both = weights @ (f(q**0.5 * points)[:, None] * f(q**0.5 * y)) @ weights
    expected = (2.25 * both + 0.04) / (2.25 * moments.mean_square(name, q) + 0.04)
    assert float(meanfield.correlation_map(name, c, 1.5, 0.2, q)) == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("name", ["tanh", "gelu", "selu"])
def test_chi_is_the_slope_of_the_map_at_one(name):
    weight, bias = 1.2, 0.3
    q = meanfield.fixed_length(name, weight, bias) if name == "tanh" else 1.0
    scale = meanfield.length_map(name, q, weight, bias)
    h = 1e-7
    rise = 1 - float(meanfield.correlation_map(name, 1 - h, weight, bias, q))
    # The series of a function with a kink converges slowly at c = 1, where 128 terms leave a little out.
    tolerance = 0.01 if name == "selu" else 1e-5
    assert meanfield.separation_rate(name, weight, q) * q / scale == pytest.approx(rise / h, rel=tolerance)


def test_the_fixed_correlation_and_the_depth_scale_are_those_of_the_iteration():
    for weight in (1.0, 2.0):
        q, c = meanfield.fixed_length("tanh", weight, 0.3), 0.5
        path = []
        for _ in range(60):
            c = float(meanfield.correlation_map("tanh", c, weight, 0.3, q))
            path.append(c)
        limit = meanfield.fixed_correlation("tanh", weight, 0.3)
        assert limit == pytest.approx(path[-1], abs=1e-6 if weight == 1 else 1e-4)
        gaps = np.abs(np.array(path) - limit)
        rate = (gaps[25] / gaps[15]) ** 0.1
        assert meanfield.depth_scale("tanh", weight, 0.3) == pytest.approx(-1 / np.log(rate), rel=0.01)


def test_an_odd_function_without_biases_makes_inputs_orthogonal():
    assert meanfield.fixed_correlation("tanh", 2.0, 0.0) == 0


def test_on_the_edge_the_length_stays_and_chi_is_one():
    found = meanfield.edge("tanh", [0.05, 1.0, 4.0])
    for q, weight, bias in zip(found.q, found.weight, found.bias, strict=True):
        assert meanfield.length_map("tanh", q, weight, bias) == pytest.approx(q, rel=1e-12)
        assert meanfield.separation_rate("tanh", weight, q) == pytest.approx(1, rel=1e-12)
    assert meanfield.edge_weight("tanh", found.bias[1]) == pytest.approx(found.weight[1], rel=1e-9)
    assert meanfield.depth_scale("tanh", found.weight[1], found.bias[1]) > 1e6
    assert (
        np.allclose(meanfield.edge("relu", [0.3, 7.0]).weight, 2**0.5) and len(meanfield.edge("sigmoid", [1.0]).q) == 0
    )


def test_phases():
    found = [meanfield.phase("tanh", w, b) for w, b in ((0.9, 0.0), (1.0, 0.3), (2.0, 0.3))]
    assert found == ["dying", "ordered", "chaotic"]
    assert meanfield.phase("relu", 2**0.5, 0.0) == "on the edge" and meanfield.phase("relu", 2.0, 0.3) == "exploding"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: meanfield.fixed_length("tanh", -1.0, 0.0), "weight must be a finite number that is not negative"),
        (lambda: meanfield.edge("tanh", [0.0]), "lengths must be a finite number above 0"),
        (lambda: meanfield.depth_scale("relu", 2.0, 0.1), "the mean square tends to inf"),
        (lambda: meanfield.edge_weight("sigmoid", 0.0), "χ of sigmoid does not cross 1"),
        (lambda: meeting.meeting(start=1.0), "start must be a correlation"),
        (lambda: meeting.meeting(settings=((0.9, 0.0),)), "the mean square tends to 0.0"),
        (lambda: meeting.meeting(activation="thing"), "meeting: activation"),
    ],
)
def test_maps_name_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- two inputs -------------------------------------------------------------------------------------------------------


def test_halves_of_the_seeds_give_the_same_bits():
    settings = {"depth": 4, "width": 20}
    whole, second = (meeting.meeting(seeds=seeds, **settings) for seeds in (range(4), range(2, 4)))
    assert np.array_equal(whole.measured[..., 2:], second.measured)
    both, later = (firstlayers.isometry(depth=3, width=5, seeds=seeds).values for seeds in (range(4), range(2, 4)))
    assert np.array_equal(both[:, :, 2:], later)
    drawn, rest = (
        firstlayers.relu_lengths(widths=(16,), depth=5, seeds=seeds).length for seeds in (range(4), range(2, 4))
    )
    assert np.array_equal(drawn[..., 2:], rest)
    quiet, half = (defaults.silence(3, 8, 50, seeds).off["the default"] for seeds in (range(4), range(2, 4)))
    assert np.array_equal(quiet[2:], half)


def test_meeting_is_a_plain_loop():
    setting, depth, width = (1.4, 0.2), 3, 7
    found = meeting.meeting(settings=(setting,), depth=depth, width=width, seeds=(5,)).measured[0, :, 0]
    rng = np.random.default_rng(5)
    u, v = np.linalg.qr(rng.standard_normal((width, 2)))[0].T * width**0.5
    q = meanfield.fixed_length("tanh", *setting)
    one, other = q**0.5 * u, q**0.5 * (0.6 * u + 0.8 * v)
    for layer in range(depth + 1):
        assert found[layer] == pytest.approx(one @ other / np.linalg.norm(one) / np.linalg.norm(other), rel=1e-12)
        weight = 1.4 * rng.standard_normal((width, width)) / width**0.5
        bias = 0.2 * rng.standard_normal(width)
        one, other = weight @ np.tanh(one) + bias, weight @ np.tanh(other) + bias


def test_meeting_follows_the_map():
    found = meeting.meeting()
    assert found.falls(0, 0, 20).mean() == pytest.approx(found.rate[0], abs=0.02)
    assert np.abs(found.measured.mean(axis=-1) - found.predicted).max() < 0.06
    assert "0.3" in str(found) and found.chart().words.startswith("Correlation of two inputs")


@pytest.mark.parametrize("name", ["tanh", "relu", "sigmoid"])
def test_the_maps_are_drawn_as_they_are(name):
    length, angle = meeting.maps_chart(name, 1.0, 0.5)
    q = meanfield.fixed_length(name, 1.0, 0.5)
    curve = length.marks[1]
    assert np.interp(q, curve.x, curve.y) == pytest.approx(q, abs=0.01)
    assert length.marks[2].x[-1] == pytest.approx(q, abs=0.02)
    assert angle.marks[1].y[-1] == 1 and "ordered" in angle.words


def test_maps_without_a_limit_say_so():
    assert "dies out" in meeting.maps_chart("tanh", 0.5, 0.0)[0].words
    assert "runs away" in meeting.maps_chart("relu", 3.0, 0.6)[0].words


def test_the_explorable_is_light():
    controls = {"weight": Control([0.5, 1, 1.5, 2, 2.5, 3]), "bias": Control([0, 0.1, 0.3, 0.6])}
    shown = explore(meeting.maps_chart, activation=["tanh", "relu", "gelu"], caption="Both maps.", **controls)
    assert len(shown.payload) < 80_000


def test_the_phase_chart_has_the_edge():
    chart = meeting.phase_chart()
    assert chart.marks[0].y[0] == pytest.approx(1, abs=1e-3) and np.all(np.diff(chart.marks[0].y) > 0)


# --- first layers -----------------------------------------------------------------------------------------------------


def test_the_factor_of_a_layer_is_a_chi_square_with_a_random_number_of_degrees():
    rng = np.random.default_rng(0)
    g = rng.normal(size=(100_000, 20))
    factor = 2 * np.mean(np.maximum(g, 0) ** 2, axis=1)
    mean, deviation = firstlayers.log_factor(20)
    assert np.log(factor).mean() == pytest.approx(mean, abs=0.006)
    assert np.log(factor).std() == pytest.approx(deviation, abs=0.006)
    assert np.mean(factor**2) == pytest.approx(float(proofs.factor_square().last.subs(proofs.n, 20)), rel=0.01)


def test_without_the_factor_two_half_the_mean_square_is_lost_in_each_layer():
    half, whole = (firstlayers.relu_lengths(factor, widths=(128,), seeds=range(20)) for factor in (1.0, 2.0))
    for found, value in ((half, 0.5), (whole, 1.0)):
        _, low, high = mean_interval(found.one_layer[0])
        assert low < value < high and high - low < 0.06 * value
    assert half.length[0, -1] * 2.0**50 == pytest.approx(whole.length[0, -1], rel=1e-9)


def test_lengths_are_those_of_a_plain_loop():
    found = firstlayers.relu_lengths(1.5, widths=(16,), depth=3, seeds=(4,))
    rng = np.random.default_rng(4)
    h = rng.standard_normal(16)
    h /= np.mean(h**2) ** 0.5
    for layer in range(4):
        assert found.length[0, layer, 0] == pytest.approx(np.mean(h**2), rel=1e-12)
        h = np.maximum(rng.standard_normal((16, 16)) @ h * (1.5 / 16) ** 0.5, 0)


def test_the_typical_network_shrinks_as_predicted():
    found = firstlayers.relu_lengths()
    for width, length in zip(found.widths, found.length, strict=True):
        last, (mean, deviation) = np.log(length[-1]), found.predicted(width)
        assert abs(last.mean() - mean) < 4 * deviation / len(found.seeds) ** 0.5
        assert last.std() == pytest.approx(deviation, rel=0.3)
    assert str(found).splitlines()[0].split()[0] == "width" and "four fifths" in found.chart().words


def test_singular_values_are_those_of_torch_s_jacobian():
    depth, width, length = 3, 6, 0.1
    found = firstlayers.isometry(("tanh",), depth, width, (7,), length).values[0, 0, 0]
    rng = np.random.default_rng(7)
    start, biases = rng.standard_normal(width), rng.standard_normal((depth, width))
    weights = rng.standard_normal((depth, width, width)) / width**0.5
    edge = meanfield.edge("tanh", [length])
    scale, shift = float(edge.weight[0]), float(edge.bias[0])

    def network(z):
        for weight, bias in zip(torch.tensor(weights), torch.tensor(biases), strict=True):
            z = scale * weight @ torch.tanh(z) + shift * bias
        return z

    z = torch.tensor((length / np.mean(start**2)) ** 0.5 * start)
    sizes = torch.linalg.svdvals(torch.autograd.functional.jacobian(network, z)).numpy()
    assert found == pytest.approx(sizes / np.sqrt(np.mean(sizes**2)), rel=1e-9)


def test_a_rotation_moves_nothing_apart():
    found = firstlayers.isometry(("identity",), depth=10, width=8, seeds=range(3))
    assert found.values[0, 1] == pytest.approx(1, abs=1e-12)
    assert found.largest("identity", "normal").min() > 1.5


def test_isometry_tells_the_cases_apart():
    found = firstlayers.isometry()
    assert found.largest("tanh", "orthogonal").max() < 2 < found.largest("relu", "orthogonal").min()
    assert "median over rms" in str(found) and "Singular values" in found.chart().words


def test_the_gradient_grows_by_chi():
    found = firstlayers.two_ways()
    assert found.predicted["relu"] == pytest.approx(1, rel=1e-12)
    for name in ("relu", "tanh", "selu"):
        assert found.back[name].mean() == pytest.approx(found.predicted[name], abs=0.01)
    assert found.length["gelu"][:, -1].min() > 10 and found.length["tanh"][:, -1].max() < 1.5
    assert "back, a layer" in str(found) and "with the gain of each" in found.chart().words


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: firstlayers.relu_lengths(0.0), "factor must be a finite number above 0"),
        (lambda: firstlayers.relu_lengths(widths=(8,)), "widths must be a whole number of at least 16, got 8"),
        (lambda: firstlayers.isometry(("gelu",)), "activations must be one of identity, relu, tanh"),
        (lambda: firstlayers.two_ways(depth=3), "depth must be a whole number of at least 7"),
        (lambda: firstlayers.two_ways(("nothing",)), "two_ways: activation"),
        (lambda: defaults.silence(examples=5000), "examples must be at most"),
        (lambda: defaults.silence(starts=("mine",)), "starts must be one of"),
        (lambda: glorot.top_layer(("mine",)), "labels must be one of"),
        (lambda: glorot.top_layer(steps=0), "steps must be a whole number"),
    ],
)
def test_settings_are_named_when_they_are_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- the library's default --------------------------------------------------------------------------------------------


def test_the_library_draws_a_third():
    state = torch.get_rng_state()
    drawn = defaults.library_variance.__wrapped__(200, range(20))
    assert torch.equal(state, torch.get_rng_state())
    _, low, high = mean_interval(drawn)
    assert low < 1 / 3 < high < 0.34


def test_silence_counts_what_a_plain_network_shows():
    found = defaults.silence(depth=2, width=6, examples=40, seeds=(3,), starts=("the default",))
    h = split().train[:40]
    for layer, inputs in enumerate((64, 6)):
        rng = np.random.default_rng((3, layer + 1))
        end = inputs**-0.5
        weight, bias = rng.uniform(-end, end, size=(6, inputs)), rng.uniform(-end, end, size=6)
        z = h @ weight.T + bias
        (name,) = found.off
        assert found.off[name][0, layer] == np.mean((z <= 0).all(axis=0))
        assert found.on[name][0, layer] == np.mean((z > 0).all(axis=0))
        h = np.maximum(z, 0)


def test_weights_alone_silence_nobody():
    found = defaults.silence()
    both, he, without, he_without = defaults.STARTS
    assert np.array_equal(found.off[without], found.off[he_without])
    assert np.array_equal(found.on[without], found.on[he_without])
    assert found.off[both][:, -1].mean() > 0.4 > 0.3 > found.off[he][:, -1].mean()
    assert found.switching(both).mean() < 0.05 < 0.5 < found.switching(he).mean()
    assert "dead" in str(found) and "before training" in found.chart().words


# --- the logistic network ---------------------------------------------------------------------------------------------


def _story(loss):
    label = next(iter(glorot.NETWORKS))
    mean = np.zeros((2, 3, 4))
    mean[..., -1] = [[0.5, 0.1, 0.2], [0.5, 0.3, 0.4]]
    parts = ({label: part} for part in (np.array([0, 10, 20]), mean, mean, np.array(loss), np.zeros((2, 3))))
    return glorot.Story((0, 1), 2.0, 32, *parts), label


def test_the_story_is_read_right():
    story, label = _story([[2.4, 2.0, 0.1], [2.4, 2.3, 2.2]])
    assert story.lowest(label).tolist() == [0.1, 0.3]
    assert story.waited(label).tolist() == [10.0, 20.0]
    assert story.waited(label, share=0.99).tolist() == [10.0, 20.0]


def test_the_top_layer_falls_and_comes_back():
    story = glorot.top_layer()
    published, own = glorot.NETWORKS
    assert story.mean[published][:, 0].mean() == pytest.approx(0.5, abs=0.05)
    assert story.lowest(published).max() < 0.1 < story.lowest(own).mean()
    assert np.all(story.mean[published][:, :, 0] > 0.4)
    assert story.waited(own).max() < story.waited(published).mean()
    assert "lowest top mean" in str(story)
    assert "down to" in story.chart().words and "ends at" in story.losses().words


def test_the_weights_are_those_of_the_paper():
    network = glorot.NETWORKS["sigmoid, gain 1/√3"]
    assert (network.activation, network.depth, network.scheme) == ("sigmoid", 4, "uniform")
    assert 3**0.5 * network.gain == pytest.approx(1, rel=1e-12)  # uniform in ±gain·√3/√n


# --- claims -----------------------------------------------------------------------------------------------------------

CLAIMS = [claim for claim in claims.all_claims().values() if claim.subject == "initialisation"]


@pytest.mark.parametrize("claim", CLAIMS, ids=lambda claim: claim.id)
def test_a_claim_stands(claim):
    assert claim.evidence().says


def test_there_are_claims():
    assert len(CLAIMS) == 21
