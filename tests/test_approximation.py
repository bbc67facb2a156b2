"""One hidden layer against its error bound, polynomials against their rank, sawtooths against exact counts."""

from fractions import Fraction
from math import comb

import numpy as np
import pytest
import sympy as sp
from activations.catalogue import x as variable
from activations.claims import ClaimError
from activations.claims import universal_approximation as claims
from activations.experiments import approximation as layers
from activations.experiments import pieces
from activations.explore import explore
from activations.proofs import Derivation, ProofError
from activations.proofs import approximation as proofs
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.interpolate import CubicSpline

GRID = np.linspace(0, 1, 2001)

# --- proofs -----------------------------------------------------------------------------------------------------------

DERIVATIONS = {
    "one_more_unit": proofs.one_more_unit,
    "between_two_knots": proofs.between_two_knots,
    "remainder": proofs.remainder,
    "largest_product": proofs.largest_product,
    "sharpness": proofs.sharpness,
    "far_from_quadratics": proofs.far_from_quadratics,
    "line_over_a_tooth": proofs.line_over_a_tooth,
    "tent_falls": proofs.tent_falls,
    "power_from_units": lambda: proofs.power_from_units(2, "tanh"),
}


@pytest.mark.parametrize("name", DERIVATIONS)
def test_derivations_hold_and_argue_nothing(name):
    shown = DERIVATIONS[name]()
    assert shown.steps and not shown.argued


@pytest.mark.parametrize("name", DERIVATIONS)
def test_a_flipped_sign_in_any_step_is_found(name):
    shown = DERIVATIONS[name]()
    so_far = Derivation(shown.start, where=shown.where, given=shown.given)
    for step in shown.steps:
        right = step.result.rhs if isinstance(step.result, sp.Eq) else step.result
        old = so_far.last.rhs if isinstance(so_far.last, sp.Eq) else so_far.last
        if step.how not in ("operation", "given"):
            with pytest.raises(ProofError, match="is false"):
                Derivation(old, where=shown.where).then(-right, because="flipped on purpose")
        so_far = Derivation(step.result, where=shown.where)


def test_the_conclusions_are_the_formulas():
    s = sp.Symbol("s", real=True)
    assert proofs.largest_product().last == s**2
    assert proofs.largest_product().start.subs(s, 0) == 0  # h²/4 is attained in the middle
    assert proofs.far_from_quadratics().last == -sp.Rational(1, 8)
    assert proofs.line_over_a_tooth().last == 2


@settings(max_examples=30, deadline=None)
@given(st.lists(st.fractions(-9, 9, max_denominator=9), min_size=4, max_size=4))
def test_the_certificate_cancels_every_cubic_and_no_more(coefficients):
    assert proofs.certificate(lambda t: sum(sp.Rational(c) * t**k for k, c in enumerate(coefficients))) == 0
    assert proofs.certificate(lambda t: t**4) != 0


def test_no_least_squares_fit_of_squares_beats_an_eighth():
    at = np.linspace(-1, 1, 401)
    rng = np.random.default_rng(0)
    for _ in range(50):
        q = np.polyval(np.polyfit(at, np.abs(at), 2, w=rng.uniform(0.1, 1, at.size)), at)
        assert np.abs(np.abs(at) - q).max() >= 1 / 8
    assert np.abs(np.abs(at) - at**2 - 1 / 8).max() == pytest.approx(1 / 8)


@pytest.mark.parametrize(
    ("name", "degree", "depth", "inputs"),
    [("identity", 1, 3, 2), ("square", 2, 1, 1), ("square", 2, 2, 1), ("square", 2, 1, 3), ("cube", 3, 2, 1)],
)
def test_polynomial_networks_fill_their_space_and_no_more(name, degree, depth, inputs):
    space = comb(degree**depth + inputs, inputs)
    assert proofs.span_of_networks(name, depth=depth, inputs=inputs, networks=space + 5) == space
    assert proofs.span_of_networks(name, depth=depth, inputs=inputs, networks=space + 5, width=20) == space


@pytest.mark.parametrize("name", ["relu", "heaviside"])
@pytest.mark.parametrize("networks", [3, 12, 25])
def test_each_network_of_other_units_brings_something_new(name, networks):
    assert proofs.span_of_networks(name, networks=networks) == networks


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"activation": "tanh"}, "activation must be one of identity, square, cube, relu, heaviside, got 'tanh'"),
        ({"activation": "relu", "width": 0}, "width must be at least 1, got 0"),
        ({"activation": "relu", "networks": 0}, "networks must be at least 1, got 0"),
    ],
)
def test_spans_name_a_bad_setting(settings, message):
    with pytest.raises(ValueError, match=message):
        proofs.span_of_networks(**settings)


def test_an_order_below_one_is_refused():
    with pytest.raises(ValueError, match="order must be at least 1, got 0"):
        proofs.power_from_units(0)


# --- the layer along the chords ---------------------------------------------------------------------------------------

heights = st.floats(-10, 10, allow_subnormal=False)


@settings(deadline=None)
@given(st.lists(heights, min_size=2, max_size=40))
def test_the_layer_is_the_piecewise_linear_interpolant(y):
    knots = np.linspace(0, 1, len(y))
    network = layers.interpolant(lambda at: np.interp(at, knots, y), len(y) - 1)
    assert network.outer.size == network.thresholds.size == len(y) - 1
    assert np.allclose(network(GRID), np.interp(GRID, knots, y), rtol=0, atol=1e-10 * len(y) * (1 + np.abs(y).max()))


@settings(max_examples=300, deadline=None)
@given(st.lists(heights, min_size=4, max_size=9), st.integers(1, 40))
def test_the_bound_is_never_violated_for_random_splines(y, units):
    # A cubic spline is twice continuously differentiable, and its second derivative is largest at one of its knots.
    at = np.linspace(0, 1, len(y))
    spline = CubicSpline(at, y)
    largest = np.abs(spline(at, 2)).max()
    error = layers.worst_error(spline, layers.interpolant(spline, units), points=1201)
    assert error <= largest / (8 * units**2) * (1 + 1e-9) + 1e-11 * units * (1 + np.abs(y).max())


@settings(max_examples=200, deadline=None)
@given(st.lists(st.integers(-40, 40).map(lambda n: n / 4), min_size=3, max_size=7), st.integers(1, 40))
def test_the_bound_is_never_violated_for_random_polynomials(coefficients, units):
    f = np.polynomial.Polynomial(coefficients)
    turning = f.deriv(3).roots() if len(coefficients) > 4 else np.empty(0)
    inside = turning.real[(np.abs(turning.imag) < 1e-6) & (turning.real > 0) & (turning.real < 1)]
    largest = np.abs(f.deriv(2)(np.array([0, 1, *inside]))).max()
    error = layers.worst_error(f, layers.interpolant(f, units), points=1201)
    assert error <= largest / (8 * units**2) * (1 + 1e-6) + 1e-11 * units * (1 + np.abs(coefficients).sum())


@pytest.mark.parametrize("units", [1, 3, 10])
def test_a_parabola_attains_the_bound(units):
    error = layers.worst_error(np.square, layers.interpolant(np.square, units))
    assert error == pytest.approx(2 / (8 * units**2), rel=1e-12)


@pytest.mark.parametrize("name", ["wave", "peak"])
def test_the_stated_curvature_is_the_largest(name):
    target = layers.TARGETS[name]
    second = np.abs(sp.lambdify(variable, target.formula.diff(variable, 2), "numpy")(np.linspace(0, 1, 8001)))
    assert second.max() == pytest.approx(float(target.curvature), rel=1e-12)


def test_errors_fall_at_the_rate_of_the_targets_smoothness():
    found = layers.convergence(units=(64, 128, 256))
    assert (found.error <= found.bound * (1 + 1e-9)).all()
    wave, peak, _, root = found.error[:, 1] / found.error[:, 2]
    assert (wave, peak, root) == pytest.approx((4, 4, 2**0.5), rel=0.05)
    assert "bound" in repr(found) and len(found.chart().marks) == 6


def test_squares_stop_where_sigmoids_go_on():
    wave = layers.TARGETS["wave"]
    squares, sigmoids = (
        [layers.worst_error(wave, layers.fitted(wave, n, kind)) for n in (2, 8, 32)] for kind in ("square", "sigmoid")
    )
    assert squares == pytest.approx([squares[0]] * 3, rel=1e-6)
    assert sigmoids[2] < 0.05 < squares[2]


@pytest.mark.parametrize("stretch", [1.0, 10.0])
def test_one_unit_follows_the_line_near_zero_and_nowhere_else(stretch):
    unit = layers.line_from_one_unit(stretch)
    near = stretch * np.linspace(-1, 1, 201)
    assert (np.abs(unit(near) - near) <= np.abs(near) ** 3 / (12 * stretch**2) + 1e-12).all()
    assert np.abs(unit(np.array([-1e6, 1e6]))).max() <= 2 * stretch


def test_bad_settings_name_the_field():
    with pytest.raises(ValueError, match="target must be one of wave, peak, corner, root, step, got 'wavy'"):
        layers.get_target("wavy")
    with pytest.raises(ValueError, match="units must be at least 1, got 0"):
        layers.interpolant(np.square, 0)
    with pytest.raises(ValueError, match="activation must be one of relu, sigmoid, tanh, square, got 'gelu'"):
        layers.fitted(np.square, 3, "gelu")
    with pytest.raises(ValueError, match="stretch must be positive, got 0"):
        layers.line_from_one_unit(0)
    with pytest.raises(ValueError, match="hidden must be one of"):
        layers.fit_chart("wave", 3, "relu")
    with pytest.raises(ValueError, match="seeds must be at least 2, got 1"):
        layers.train(seeds=1)


# --- charts -----------------------------------------------------------------------------------------------------------


def test_the_fit_chart_says_how_far_off_it_is():
    fit, error = layers.fit_chart("wave", 8)
    assert fit.words == "Target wave, sin 4πx; units: 8 (ReLU, by formula); worst error 0.21."
    assert np.allclose(error.marks[1].y, fit.marks[1].y - fit.marks[0].y)


def test_the_explorable_is_small():
    shown = explore(layers.fit_chart, target=list(layers.TARGETS), hidden=list(layers.HIDDEN), units=[1, 6, 32])
    assert shown.bytes_per_frame * 150 < 80_000


def test_the_corner_chart_marks_where_the_parabola_is_off_by_an_eighth():
    corner, _, off = layers.corner_chart().marks
    assert np.array_equal(corner.y, np.abs(corner.x))
    assert np.array_equal(np.abs(off.y - np.abs(off.x)), np.full(5, 1 / 8))


# --- training ---------------------------------------------------------------------------------------------------------


def test_training_lowers_the_error_and_repeats():
    short, longer = (layers.train("wave", 12, 3, steps=steps) for steps in (1, 200))
    squared = [np.square(run.y - layers.TARGETS["wave"](run.x)).mean() for run in (short, longer)]
    assert squared[1] < squared[0] / 2
    again = layers.train.__wrapped__("wave", 12, 3, steps=200)
    assert np.array_equal(again.trained, longer.trained)
    assert longer.by_formula == pytest.approx(layers.convergence(("wave",), (12,)).error.item())
    assert "3 starts" in repr(longer) and len(longer.chart().marks) == 4


def test_the_claim_on_training_falls_when_training_does_as_well(monkeypatch):
    rival = layers.Training("wave", 16, 1.0, np.array([0.9, 1.0, 1.1] * 7), GRID, np.zeros((21, GRID.size)))
    monkeypatch.setattr(claims.layers, "train", lambda *_, **__: rival)
    monkeypatch.delitem(claims.training_does_not_find_the_formula.__dict__, "_evidence", raising=False)
    with pytest.raises(ClaimError, match="refuted by worst error after training"):
        claims.training_does_not_find_the_formula.evidence()


# --- pieces -----------------------------------------------------------------------------------------------------------

small = st.integers(-5, 5).map(Fraction)


def networks(widths):
    """Random networks of integer weights with the given hidden widths."""
    sizes = (1, *widths, 1)
    return st.tuples(
        *(
            st.tuples(
                st.lists(st.lists(small, min_size=a, max_size=a), min_size=b, max_size=b),
                st.lists(small, min_size=b, max_size=b),
            )
            for a, b in zip(sizes, sizes[1:], strict=False)
        )
    )


def run(network, at):
    """The network by matrices, in float64; integers this small are exact."""
    signal = np.asarray(at, dtype=float)[None]
    for number, (weights, biases) in enumerate(network, 1):
        signal = np.array(weights, dtype=float) @ signal + np.array(biases, dtype=float)[:, None]
        signal = signal if number == len(network) else np.maximum(signal, 0)
    return signal[0]


@pytest.mark.parametrize("depth", range(1, 9))
def test_the_sawtooth_doubles_with_each_layer(depth):
    network = pieces.sawtooth(depth)
    assert pieces.units(network) == 2 * depth
    steps = 2**depth
    assert pieces.corners(network) == [(Fraction(k, steps), Fraction(k % 2)) for k in range(steps + 1)]


@settings(deadline=None)
@given(st.lists(st.integers(1, 4), min_size=1, max_size=3).flatmap(networks))
def test_the_corners_are_the_network(network):
    found = pieces.corners(network, (-2, 2))
    at = np.linspace(-2, 2, 301)
    x, y = np.array(found, dtype=float).T
    assert np.allclose(np.interp(at, x, y), run(network, at), rtol=0, atol=1e-8 * (1 + np.abs(y).max()))
    slopes = [(b[1] - a[1]) / (b[0] - a[0]) for a, b in zip(found, found[1:], strict=False)]
    assert all(left != right for left, right in zip(slopes, slopes[1:], strict=False))


@settings(deadline=None)
@given(st.integers(1, 6).flatmap(lambda width: networks([width])))
def test_one_hidden_layer_bends_at_most_once_a_unit(network):
    assert pieces.count(network, (-10, 10)) <= pieces.units(network) + 1


@settings(deadline=None)
@given(networks([7]))
def test_a_shallow_network_misses_the_sawtooth_by_a_half(network):
    at = np.arange(17) / 16  # 8 teeth, and 7 units: one tooth has no bend in it
    assert np.abs(run(network, at) - np.arange(17) % 2).max() >= 0.5


def test_random_networks_are_counted_with_their_interval():
    found = pieces.random_pieces(12, (1, 2), range(5))
    assert found.shapes == ((12,), (6, 6)) and found.counts.shape == (2, 5)
    assert (found.counts[0] <= 13).all() and (found.half_width > 0).all()
    assert found.possible.tolist() == [2, 4]
    assert repr(found).startswith("layers  width") and "12 units" in found.chart().words


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: pieces.sawtooth(0), "depth must be at least 1, got 0"),
        (lambda: pieces.corners(pieces.sawtooth(1), (1, 0)), r"span must rise, got \(1, 0\)"),
        (lambda: pieces.corners(pieces.sawtooth(2)[:2]), "must have one output, got 2"),
        (lambda: pieces.random_pieces(10, (1, 3)), "depths must divide the total of 10 units, got 3"),
        (lambda: pieces.random_pieces(10, (1,), range(1)), "seeds must be two or more, for an interval, got 1"),
    ],
)
def test_pieces_name_a_bad_setting(call, message):
    with pytest.raises(ValueError, match=message):
        call()


def test_the_sawtooth_chart_has_a_panel_a_depth():
    titles = [panel.title for panel in pieces.sawtooth_chart((1, 3))]
    assert titles == ["2 units, 2 pieces", "6 units, 8 pieces"]
