"""Fact sheets against oracles that share no code with them: quadrature, grids, optimisation, rounding by NumPy."""

import json
import time
from functools import cache

import mpmath
import numpy as np
import pytest
import scipy.optimize
import sympy as sp
from activations._calculus import Analysis, extreme_facts
from activations._deadline import within
from activations._pieces import curve, limit
from activations._sheet import EMPTY, GROUPS, LABELS, VALUES
from activations._signs import sign_chart, sign_of
from activations.catalogue import CATALOGUE, Activation, ManyInputActivation, get, names, x
from activations.properties import Fact, FactSheet, fact_sheet, forward_gain
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Piecewise, Rational, oo, pi, sqrt

ONE, MANY = names("one"), names("many")
DTYPES = (np.float16, np.float32, np.float64)


@cache
def function(name, derivative=0):
    """The definition, cases and all, as a function of mpmath numbers."""
    return sp.lambdify(x, CATALOGUE[name].at().diff(x, derivative), "mpmath")


@cache
def grid_and_values(name, derivative=0):
    half = np.concatenate([np.linspace(0.013, 8, 400), np.geomspace(8.1, 300, 60)])
    points = np.concatenate([-half[::-1], half])
    with mpmath.workdps(40):
        return points, np.array([float(function(name, derivative)(mpmath.mpf(p))) for p in points])


def value(name, key):
    return fact_sheet(name)[key].value


def number(name, key):
    return float(value(name, key))


# --- every sheet -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", names())
def test_every_fact_is_exact_without_floats_or_numerical_with_digits_and_says_what_establishes_it(name):
    for fact in fact_sheet(name).facts:
        assert fact.status in ("exact", "numerical")
        assert fact.proof
        floats = fact.value.atoms(sp.Float) if isinstance(fact.value, sp.Basic) else set()
        if fact.status == "exact":
            assert not floats and fact.digits is None
        elif fact.digits is not None:
            assert fact.digits >= 8 and (floats or fact.key == "zero_centred")


@pytest.mark.parametrize("name", [name for name in names() if get(name).arity == "one"])
def test_the_gain_alone_is_the_fact_of_the_sheet(name):
    assert forward_gain(name) == value(name, "forward_gain")


def test_the_gain_is_for_functions_of_one_input():
    with pytest.raises(ValueError, match="softmax takes many inputs"):
        forward_gain("softmax")


def test_only_the_tanh_form_of_gelu_needs_samples():
    facts = [(name, fact) for name in names() for fact in fact_sheet(name).facts]
    sampled = {(name, fact.key) for name, fact in facts if fact.status == "numerical" and not fact.digits}
    assert sampled == {("gelu_tanh", "convexity"), ("gelu_tanh", "inflection_points"), ("gelu_tanh", "lipschitz")}


@pytest.mark.parametrize("name", names())
def test_sheet_reads_as_a_markdown_table(name):
    rows = [line for line in fact_sheet(name)._repr_markdown_().split("\n") if line.startswith("|")]
    assert len(rows) > 10
    for row in rows:
        assert row.count("|") == 4, row
        assert row.count("$") % 2 == 0, row
        assert "Piecewise" not in row and "AccumBounds" not in row and r"\middle" not in row
        assert len(row) < 420, row


@pytest.mark.parametrize("name", names())
def test_sheet_is_plain_python_and_plain_text(name):
    sheet = fact_sheet(name)
    assert json.loads(json.dumps(sheet.as_dict())).keys() == set(sheet)
    assert len(repr(sheet).split("\n")) == len(sheet) + 1
    assert "$" not in repr(sheet) and "$$" not in sheet.proofs._repr_markdown_()


def test_dict_holds_numbers_words_and_lists():
    plain = fact_sheet("silu").as_dict()
    assert plain["infimum"]["value"] == pytest.approx(-0.2784645427610738, abs=1e-15)
    assert plain["infimum"]["text"] == "-LambertW(exp(-1))"
    assert plain["supremum"]["value"] == float("inf")
    assert plain["saturation_left"]["value"] == "soft"
    assert plain["polynomial"]["value"] is False
    assert plain["rounds_left"]["value"] == pytest.approx([20.34133451, 108.6603036, 751.7556304])
    assert plain["lipschitz"]["status"] == "numerical" and plain["lipschitz"]["digits"] >= 30


def test_all_words_and_labels_are_in_the_tables():
    facts = [fact for name in names() for fact in fact_sheet(name).facts]
    assert {fact.key for fact in facts} <= set(LABELS)
    words = {f.value for f in facts if isinstance(f.value, str) and f.key not in ("outputs", "rank")}
    assert words <= set(VALUES)
    assert {group for group, _ in LABELS.values()} == set(GROUPS)
    assert set(EMPTY) <= set(LABELS)


def test_facts_are_found_by_key_and_the_rest_is_refused():
    sheet = fact_sheet("tanh")
    assert isinstance(sheet, FactSheet) and isinstance(sheet["range"], Fact)
    assert sheet["range"].label == "range" and sheet["range"].group == "definition"
    assert sheet.proofs["parity"] == sheet["parity"].proof
    with pytest.raises(KeyError, match="no fact 'colour'; it has formula, slope"):
        sheet["colour"]


# --- shape, on grids -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ONE)
def test_range_holds_every_value_and_no_more(name):
    low, high = number(name, "infimum"), number(name, "supremum")
    _, values = grid_and_values(name)
    assert low - 1e-12 <= values.min() and values.max() <= high + 1e-12
    # An extreme that is attained or approached is nearly reached; arctan and softsign approach theirs as 1/x.
    for reached, extreme in ((values.min(), low), (values.max(), high)):
        assert abs(reached) > 250 * 0.01 - 1 if np.isinf(extreme) else abs(reached - extreme) < 5e-3
    closed = sp.Interval(value(name, "infimum"), value(name, "supremum"))
    assert value(name, "range").is_subset(closed)


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize("key", ["infimum", "supremum"])
def test_extremes_are_attained_where_the_sheet_says(name, key):
    places = value(name, f"{key}_at")
    if places is sp.S.EmptySet:
        assert value(name, key) not in value(name, "range")
        return
    samples = [sp.Float(-1000), sp.Float(1000), *places] if isinstance(places, sp.FiniteSet) else _members(places)
    inside = [p for p in samples if places.contains(p) == True]  # noqa: E712
    assert inside
    for place in inside:
        got = CATALOGUE[name].at().subs(x, place).evalf(30)
        assert abs(got - value(name, key)) < 1e-25


def _members(places):
    if isinstance(places, sp.Interval):
        return [p for p in (places.start, places.end, places.start + 1, places.end - 1) if p.is_finite]
    return [places.lamda(k) for k in (-2, 0, 3)]


@pytest.mark.parametrize(
    ("name", "place", "least"),
    [
        ("gelu", -0.7517916, -0.1699712),
        ("gelu_tanh", -0.7524614, -0.1700408),
        ("silu", -1.2784645, -0.2784645),
        ("mish", -1.1924312, -0.3088434),
        ("hardswish", -1.5, -0.375),
    ],
)
def test_minima_agree_with_the_literature_and_with_an_optimiser(name, place, least):
    f = sp.lambdify(x, CATALOGUE[name].at(), ["scipy", "numpy"])
    found = scipy.optimize.minimize_scalar(f, bounds=(-3, 0), method="bounded", options={"xatol": 1e-9})
    assert number(name, "infimum") == pytest.approx(least, abs=1e-6) == found.fun
    (where,) = value(name, "infimum_at")
    assert float(where) == pytest.approx(place, abs=1e-6)
    assert float(where) == pytest.approx(found.x, abs=1e-4)
    assert value(name, "turning_points") == sp.FiniteSet(where)


SIGNS = {"strictly increasing": {1}, "increasing": {0, 1}, "strictly decreasing": {-1}, "constant": {0}}


@pytest.mark.parametrize("name", ONE)
def test_monotonicity_holds_on_a_grid(name):
    points, values = grid_and_values(name)
    steps = {int(s) for s in np.sign(np.diff(values[np.abs(points) < 15]))}
    word = value(name, "monotonicity")
    assert steps == SIGNS[word] if word in SIGNS else {-1, 1} <= steps


CURVATURES = {
    "strictly convex": {1},
    "convex": {0, 1},
    "strictly concave": {-1},
    "affine": {0},
    "neither": {-1, 1},
}


@pytest.mark.parametrize("name", ONE)
def test_convexity_holds_on_a_grid(name):
    points = [mpmath.mpf(k) / 4 + mpmath.mpf(1) / 16 for k in range(-32, 33)]
    with mpmath.workdps(40):
        f = [function(name)(p) for p in points]
        bends = {_sign(a - 2 * b + c) for a, b, c in zip(f, f[1:], f[2:], strict=False)}
    expected = CURVATURES[value(name, "convexity")]
    assert bends <= expected | {0} and bends >= expected - {0}


def _sign(number):
    return 0 if abs(number) < mpmath.mpf(10) ** -30 else int(mpmath.sign(number))


@pytest.mark.parametrize("name", ONE)
def test_parity_holds_on_a_grid(name):
    points, values = grid_and_values(name)
    even, odd = np.allclose(values, values[::-1], rtol=1e-14), np.allclose(values, -values[::-1], rtol=1e-14)
    assert value(name, "parity") == ("odd" if odd else "even" if even else "neither")
    if "centre" in fact_sheet(name):
        np.testing.assert_allclose(values + values[::-1], 2 * float(value(name, "centre")[1]), rtol=1e-14)


@pytest.mark.parametrize("name", ONE)
def test_lipschitz_constant_bounds_every_chord_and_is_nearly_reached(name):
    points, values = grid_and_values(name)
    chords = np.abs(np.diff(values) / np.diff(points))
    constant = number(name, "lipschitz")
    if np.isinf(constant):
        assert name in ("heaviside", "squared_relu")
        return
    assert chords.max() <= constant * (1 + 1e-12)
    near = [mpmath.mpf(p) for k in (0, *value(name, "kinks")) for p in (float(k) - 1e-6, float(k) + 1e-6)]
    steepest = max(abs(function(name, 1)(p)) for p in [*near, *map(mpmath.mpf, points)])
    assert constant * (1 - 2e-4) <= steepest <= constant * (1 + 1e-12)


@pytest.mark.parametrize("name", ONE)
def test_fixed_points_are_fixed_and_all_of_them(name):
    points, values = grid_and_values(name)
    points, values = points[np.abs(points) < 5], values[np.abs(points) < 5]
    crossings = points[:-1][np.diff(np.sign(values - points)) != 0]
    fixed = value(name, "fixed_points")
    for p in [p for p in fixed if not p.is_infinite] if isinstance(fixed, sp.FiniteSet) else []:
        assert abs(CATALOGUE[name].at().subs(x, p).evalf(40) - p) < 1e-35
    if isinstance(fixed, sp.FiniteSet):
        assert len(fixed) == len(crossings)
    else:
        touching = points[np.abs(values - points) < 1e-15]
        assert all(fixed.contains(sp.Float(float(p))) == True for p in touching)  # noqa: E712


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize("order", [1, 2])
def test_signs_of_derivatives_hold_on_a_grid(name, order):
    f = curve(CATALOGUE[name].at()).slope
    f = f.slope if order == 2 else f
    points = [Rational(k, 8) + Rational(1, 37) for k in range(-100, 100)]
    derivative = function(name, order)
    for piece in f.pieces:
        chart = sign_chart(piece.expr, piece.left, piece.right)
        for left, right, sign in chart.gaps if chart.period is None else []:
            for p in (p for p in points if left < p < right):
                # The tanh form of GELU loses all digits to cancellation on the left unless it has hundreds.
                with mpmath.workdps(300):
                    assert mpmath.sign(derivative(mpmath.mpf(p.p) / p.q)) == sign, (p, chart)


CLASSES = {
    "heaviside": -1, "hardtanh": 0, "relu": 0, "relu6": 0, "leaky_relu": 0, "prelu": 0, "rrelu": 0, "selu": 0,
    "hardsigmoid": 0, "hardswish": 0, "softsign": 1, "squared_relu": 1, "elu": 1, "celu": 1,
}  # fmt: skip


@pytest.mark.parametrize("name", ONE)
def test_smoothness_class_and_kinks(name):
    assert value(name, "smoothness") == CLASSES.get(name, oo)
    kinks = value(name, "kinks")
    assert (kinks is sp.S.EmptySet) == (name not in CLASSES)
    assert {c.at for c in CATALOGUE[name].conventions} <= set(kinks)


def test_only_the_identity_is_a_polynomial():
    assert [name for name in ONE if value(name, "polynomial")] == ["identity"]


def test_elu_with_another_alpha_loses_its_derivative_at_zero():
    assert fact_sheet("elu", alpha=2)["smoothness"].value == 0
    assert fact_sheet("celu", alpha=2)["smoothness"].value == 1


def test_exact_constants():
    assert value("sigmoid", "lipschitz") == Rational(1, 4)
    assert value("softsign", "lipschitz") == value("tanh", "lipschitz") == value("sine", "lipschitz") == 1
    assert value("hardswish", "lipschitz") == Rational(3, 2)
    assert number("selu", "lipschitz") == pytest.approx(1.0507009873554805 * 1.6732632423543772, abs=1e-15)
    assert fact_sheet("selu")["lipschitz"].status == fact_sheet("gelu")["lipschitz"].status == "exact"
    assert number("gelu", "lipschitz") == pytest.approx(1.1289041450, abs=1e-9)
    assert number("silu", "lipschitz") == pytest.approx(1.0998393, abs=1e-7)
    assert number("mish", "lipschitz") == pytest.approx(1.0884981, abs=1e-6)
    assert value("gelu", "inflection_points") == sp.FiniteSet(-sqrt(2), sqrt(2))
    assert value("heaviside", "range") == sp.FiniteSet(0, 1)
    assert value("silu", "range") == sp.Interval(-sp.LambertW(sp.exp(-1)), oo)


# --- tails -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", [name for name in ONE if len(curve(CATALOGUE[name].at()).pieces) == 1])
@pytest.mark.parametrize("order", [0, 1])
def test_limits_agree_with_gruntz(name, order):
    expr = CATALOGUE[name].at().diff(x, order)
    for point in (-oo, oo):
        assert sp.simplify(limit(expr, point) - sp.limit(expr, x, point)) in (0, sp.nan, sp.AccumBounds(-2, 2))


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize("order", [0, 1])
def test_limits_are_approached(name, order):
    for side, far in (("left", -(10**7)), ("right", 10**7)):
        target = value(name, ("", "slope_")[order] + f"limit_{side}")
        with mpmath.workdps(30):
            reached = function(name, order)(mpmath.mpf(far))
        if isinstance(target, sp.AccumBounds):
            assert target.min <= reached <= target.max
        elif target.is_infinite:
            assert abs(reached) > 1e4 and mpmath.sign(reached) == sp.sign(target)
        else:
            assert abs(reached - float(target)) < 1e-6


SATURATION = {
    "sigmoid": "soft soft", "tanh": "soft soft", "softsign": "soft soft", "arctan": "soft soft",
    "heaviside": "hard hard", "hardtanh": "hard hard", "relu6": "hard hard", "hardsigmoid": "hard hard",
    "relu": "hard none", "squared_relu": "hard none", "hardswish": "hard none",
    "elu": "soft none", "celu": "soft none", "selu": "soft none", "softplus": "soft none", "gelu": "soft none",
    "gelu_tanh": "soft none", "silu": "soft none", "mish": "soft none", "logsigmoid": "none soft",
}  # fmt: skip


@pytest.mark.parametrize("name", ONE)
def test_saturation(name):
    found = f"{value(name, 'saturation_left')} {value(name, 'saturation_right')}"
    assert found == SATURATION.get(name, "none none")


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize("side", ["left", "right"])
def test_rounded_values_reach_the_limit_where_the_sheet_says(name, side):
    target = value(name, f"limit_{side}")
    if f"rounds_{side}" not in fact_sheet(name):
        assert isinstance(target, sp.AccumBounds) or target.is_infinite
        return
    direction = -1 if side == "left" else 1
    for dtype, distance in zip(DTYPES, value(name, f"rounds_{side}"), strict=True):
        with mpmath.workdps(500):
            edge = mpmath.mpf(str(distance))
            nearest = dtype(float(target))
            outside = direction * (edge * (1 + mpmath.mpf("1e-15")) + mpmath.mpf("1e-400"))
            inside = direction * edge * (1 - mpmath.mpf("1e-15"))
            assert _rounds_to(function(name)(outside), nearest)
            assert distance == 0 or not _rounds_to(function(name)(inside), nearest)


def _rounds_to(number, nearest):
    """Whether a high-precision number is nearer to a float than to both its neighbours."""
    neighbours = (np.nextafter(nearest, nearest.dtype.type(end)) for end in (-np.inf, np.inf))
    gap = abs(number - mpmath.mpf(float(nearest)))
    return all(gap < abs(number - mpmath.mpf(float(neighbour))) for neighbour in neighbours)


@pytest.mark.parametrize(("bits", "i"), [(11, 0), (24, 1), (53, 2)])
def test_known_saturation_points(bits, i):
    log2 = np.log(2)
    assert float(value("sigmoid", "rounds_right")[i]) == pytest.approx((bits + 1) * log2, abs=5e-4)
    assert float(value("tanh", "rounds_right")[i]) == pytest.approx((bits + 2) / 2 * log2, abs=1e-4)
    assert value("tanh", "rounds_left") == value("tanh", "rounds_right")
    assert float(value("sigmoid", "rounds_left")[2]) == pytest.approx(1075 * log2)
    assert float(value("softsign", "rounds_right")[i]) == 2.0 ** (bits + 1) - 1


# --- under a normal input --------------------------------------------------------------------------------------------


def expectation(name, of, sigma=1):
    """E of(X, f(X)) by mpmath's tanh-sinh rule, split at the kinks."""
    kinks = sorted(float(k) / sigma for k in value(name, "kinks"))
    points = [-13, *(k for k in sorted({*kinks, -6, -3, -1, -0.3, 0, 0.3, 1, 3, 6}) if abs(k) < 13), 13]
    f = function(name)
    return mpmath.quad(lambda t: of(sigma * t, f(sigma * t)) * mpmath.npdf(t), points)


@pytest.mark.parametrize("name", ONE)
def test_moments_agree_with_another_quadrature(name):
    slope = function(name, 1)
    oracle = {
        "mean": expectation(name, lambda t, y: y),
        "second_moment": expectation(name, lambda t, y: y * y),
        "mean_slope": expectation(name, lambda t, y: t * y),
        "slope_second_moment": expectation(name, lambda t, y: slope(t) ** 2),
    }
    for key, expected in oracle.items():
        assert number(name, key) == pytest.approx(float(expected), rel=1e-12, abs=1e-13), key
    assert value(name, "zero_centred") == (abs(oracle["mean"]) < 1e-13)
    assert number(name, "forward_gain") == pytest.approx(float(oracle["second_moment"]) ** -0.5, rel=1e-12)


@pytest.mark.parametrize("name", ["tanh", "mish", "softsign"])
def test_twenty_digits_are_right(name):
    with mpmath.workdps(32):
        expected = expectation(name, lambda t, y: y * y)
        got = mpmath.mpf(str(value(name, "second_moment")))
        assert abs(got / expected - 1) < mpmath.mpf(10) ** -(fact_sheet(name)["second_moment"].digits - 1)


@pytest.mark.parametrize("name", ONE)
@pytest.mark.parametrize("sigma", ["0.1", "1", "10"])
def test_affine_share_is_that_of_a_regression_line(name, sigma):
    s = float(sigma)
    nodes, weights = _fine_normal_nodes(name, s)
    f = np.array([float(function(name)(p)) for p in nodes])
    line = np.polynomial.polynomial.polyfit(nodes, f, 1, w=np.sqrt(weights))
    residual = weights @ (f - np.polynomial.polynomial.polyval(nodes, line)) ** 2
    variance = weights @ (f - weights @ f) ** 2
    assert number(name, f"affine_share_{sigma}") == pytest.approx(1 - residual / variance, abs=3e-5)


def _fine_normal_nodes(name, s):
    """Midpoints of 1,500 cells and their probabilities; a kink lies on no node."""
    edges = np.linspace(-9 * s, 9 * s, 1501)
    middle = (edges[:-1] + edges[1:]) / 2
    weights = np.exp(-((middle / s) ** 2) / 2)
    return middle, weights / weights.sum()


def test_known_moments():
    assert value("relu", "mean") == 1 / sqrt(2 * pi)
    assert value("relu", "second_moment") == value("relu", "slope_second_moment") == Rational(1, 2)
    assert value("relu", "forward_gain") == sqrt(2)
    assert value("relu", "affine_share_1") == pi / (pi - 1) / 2 == value("relu", "affine_share_0.1")
    assert value("heaviside", "affine_share_1") == 2 / pi
    assert value("gelu", "mean") == 1 / (2 * sqrt(pi))
    assert value("sine", "second_moment") == (1 - sp.exp(-2)) / 2
    # Self-normalisation, proved: SELU's constants are defined by it.
    assert (value("selu", "mean"), value("selu", "second_moment")) == (0, 1)
    assert round(100 * number("sigmoid", "affine_share_1")) == 98
    assert round(100 * number("tanh", "affine_share_1")) == 93
    assert round(100 * number("relu", "affine_share_1")) == 73
    assert value("identity", "affine_share_10") == 1


def test_a_smooth_function_looks_affine_when_its_input_is_small_and_relu_never_does():
    smooth = ("sigmoid", "tanh", "softplus", "gelu", "silu", "mish", "sine", "arctan")
    assert all(number(name, "affine_share_0.1") > 0.98 for name in smooth)
    assert value("relu", "affine_share_10") == value("relu", "affine_share_0.1")


# --- several inputs --------------------------------------------------------------------------------------------------


@cache
def vector_function(name, size):
    entry = CATALOGUE[name]
    z = entry.inputs(size)
    return sp.lambdify([z], list(entry.of(z)), ["scipy", "numpy"])


@cache
def jacobians(name):
    """Jacobians at random points for the first size, by central differences."""
    size, rng = CATALOGUE[name].sizes[0], np.random.default_rng(7)
    f = vector_function(name, size)
    steps = 1e-6 * np.eye(size)
    return [
        np.array([(np.array(f(z + h)) - np.array(f(z - h))) / 2e-6 for h in steps]).T
        for z in rng.normal(scale=2, size=(60, size))
    ]


@pytest.mark.parametrize("name", MANY)
def test_gradient_bounds_hold_at_random_points(name):
    bound, entries = number(name, "lipschitz_norm"), value(name, "slope_range")
    for jacobian in jacobians(name):
        assert np.linalg.norm(jacobian, 2) <= bound + 1e-8
        assert np.all((jacobian >= float(entries.inf) - 1e-8) & (jacobian <= float(entries.sup) + 1e-8))


@pytest.mark.parametrize("name", MANY)
def test_invariances_hold_at_random_points(name):
    size, rng = CATALOGUE[name].sizes[1], np.random.default_rng(3)
    f = vector_function(name, size)
    shift, scale = value(name, "shift"), value(name, "scaling")
    shifts = []
    for z in rng.normal(scale=2, size=(20, size)):
        y, order = np.array(f(z)), rng.permutation(size)
        shifts.append(np.allclose(f(z + 0.7), y + (0.7 if shift == "equivariant" else 0)))
        permuted = {"invariant": y, "equivariant": y[order] if len(y) == size else None}.get(value(name, "permutation"))
        assert permuted is None or np.allclose(f(z[order]), permuted)
        assert scale == "none" or np.allclose(f(3 * z), 3.0 ** int(scale) * y)
    assert all(shifts) == (shift != "changes")


@pytest.mark.parametrize("name", MANY)
def test_rank_and_null_space_hold_at_random_points(name):
    size = CATALOGUE[name].sizes[0]
    ranks = {int(r) for r in value(name, "rank").split(";")[0].split(":")[1].split(",")}
    assert {np.linalg.matrix_rank(j, tol=1e-7) for j in jacobians(name)} <= ranks
    if value(name, "shift") == "invariant":
        assert value(name, "null_space") == sp.Tuple(sp.ImmutableMatrix([[1] * size]))
        assert all(np.allclose(j @ np.ones(size), 0, atol=1e-8) for j in jacobians(name))


def test_softmax_sheet_says_what_the_book_says():
    sheet = fact_sheet("softmax")
    p1, p2, p3 = sp.symbols("p1:4", positive=True)
    expected = sp.diag(p1, p2, p3) - sp.Matrix([p1, p2, p3]) * sp.Matrix([[p1, p2, p3]])
    difference = (sheet["jacobian_3"].value - expected).subs(p3, 1 - p1 - p2)
    assert difference.applyfunc(sp.expand).is_zero_matrix
    assert sheet["lipschitz_norm"].value == Rational(1, 2) and sheet["lipschitz_norm"].status == "exact"
    assert "any number of inputs" in sheet["lipschitz_norm"].proof
    assert sheet["rank"].value == "n = 2: 1; n = 3: 2; n = 4: 3"
    assert sheet["range"].value == sp.Interval.open(0, 1) and sheet["sum"].value == 1
    assert sheet["symmetric"].value is True


def test_other_functions_of_several_inputs():
    assert value("sparsemax", "range") == sp.Interval(0, 1)
    assert value("sparsemax", "lipschitz_norm") == value("maxout", "lipschitz_norm") == 1
    assert value("log_softmax", "lipschitz_norm") == sqrt(2)
    assert value("log_softmax", "symmetric") is False
    assert [value(name, "lipschitz_norm") for name in ("glu", "reglu", "geglu", "swiglu")] == [oo] * 4
    assert (value("maxout", "scaling"), value("reglu", "scaling")) == (1, 2)
    assert "any number of inputs" not in fact_sheet("log_softmax")["lipschitz_norm"].proof


# --- functions of the reader -----------------------------------------------------------------------------------------


def mine(expr):
    return fact_sheet(Activation("mine", sp.sympify(expr)))


def test_a_function_of_the_reader_gets_its_whole_sheet():
    sheet = mine(x * sp.atan(x))
    assert sheet["convexity"].value == "strictly convex" and sheet["convexity"].status == "exact"
    assert sheet["lipschitz"].value == pi / 2
    assert sheet["parity"].value == "even" and sheet["affine_share_1"].value == 0
    assert len(sheet) >= len(fact_sheet("identity")) and "mine" in repr(sheet)


def test_a_modulus_does_not_break_the_table():
    rows = [row for row in mine(sp.Abs(x) / 2)._repr_markdown_().split("\n") if row.startswith("|")]
    assert r"\vert" in rows[3] and all(row.count("|") == 4 for row in rows)


def test_the_counterexample_to_a_parity_may_be_a_break():
    assert mine(Piecewise((1, x >= 0), (-1, True)))["parity"].proof.startswith("f(0) = 1")


@pytest.mark.parametrize(
    ("expr", "key", "expected"),
    [
        (sp.sqrt(x**2 + 1), "convexity", "strictly convex"),
        (x / sp.sqrt(x**2 + 1), "range", sp.Interval.open(-1, 1)),
        (x / sp.sqrt(x**2 + 1), "inflection_points", sp.FiniteSet(0)),
        (x / sp.sqrt(x**2 + 1), "monotonicity", "strictly increasing"),
        (sp.sqrt(sp.Abs(x)), "slope_second_moment", "none found"),
        (sp.Abs(x), "second_moment", 1),
        (sp.Max(0, x) ** 3, "smoothness", 2),
        (sp.exp(-(x**2)), "inflection_points", sp.FiniteSet(-1 / sqrt(2), 1 / sqrt(2))),
        (x * sp.exp(-(x**2) / 2), "supremum", sp.exp(-Rational(1, 2))),
        (x + sp.sin(x) ** 2, "monotonicity", "strictly increasing"),
        (x + sp.sin(x) ** 2, "slope_limit_left", sp.AccumBounds(0, 2)),
        (2 * sp.sin(x) ** 2, "range", sp.Interval(0, 2)),
        (x + 2 * sp.sin(x), "supremum", oo),
        (x + 2 * sp.sin(x), "limit_right", oo),
        (x + 2 * sp.sin(x), "slope_limit_right", sp.AccumBounds(-1, 3)),
        (x + 2 * sp.sin(x), "monotonicity", "not monotone"),
        (x**2 + 4 * sp.sin(x), "lipschitz", oo),
        (sp.erf(x), "second_moment", 2 * sp.asin(Rational(2, 3)) / pi),
        (x**3 - 3 * x, "fixed_points", sp.FiniteSet(-2, 0, 2)),
        (x**3 - 3 * x, "turning_points", sp.FiniteSet(-1, 1)),
        (sp.S(3), "affine_share_1", "undefined"),
        (sp.S(3), "monotonicity", "constant"),
        (sp.sign(x), "parity", "odd"),
        (Piecewise((1, x >= 0), (-1, True)), "parity", "neither"),
        (-sp.exp(x), "convexity", "strictly concave"),
        (sp.log(sp.cosh(x)), "lipschitz", 1),
        (sp.exp(x**2), "second_moment", "none found"),
    ],
)
def test_known_facts_of_other_functions(expr, key, expected):
    found = mine(expr)[key]
    assert found.value == expected or sp.simplify(found.value - expected) == 0
    assert found.status == ("numerical" if expected == "none found" else "exact")


def test_what_is_read_off_samples_is_not_called_exact():
    sheet = fact_sheet("gelu_tanh")
    assert sheet["lipschitz"].status == "numerical" and sheet["lipschitz"].mark == "sampled"
    assert float(sheet["lipschitz"].value) == pytest.approx(1.128993069, abs=1e-9)
    assert sheet["convexity"].value == "neither" and "read off" in sheet["convexity"].proof


@settings(max_examples=12, deadline=None)
@given(st.integers(-6, 6), st.integers(-6, 6), st.integers(-2, 2))
def test_two_slopes(a, b, kink):
    expr = Piecewise((a * (x - kink), x > kink), (b * (x - kink), True))
    sheet = mine(expr)
    assert sheet["lipschitz"].value == max(abs(a), abs(b))
    assert sheet["convexity"].value == ("affine" if a == b else "convex" if a > b else "concave")
    kinks = sp.S.EmptySet if a == b else sp.FiniteSet(kink)
    assert sheet["kinks"].value == kinks
    if kink == 0:
        assert sheet["second_moment"].value == Rational(a * a + b * b, 2)


@settings(max_examples=12, deadline=None)
@given(st.lists(st.integers(-3, 3), min_size=2, max_size=5))
def test_polynomials(coefficients):
    polynomial = sp.Poly(coefficients, x)
    sheet = mine(polynomial.as_expr())
    moments = [1, 0, 1, 0, 3, 0, 15, 0, 105]
    assert sheet["polynomial"].value is True
    assert sheet["mean"].value == sum(c * m for c, m in zip(coefficients[::-1], moments, strict=False))
    assert sheet["lipschitz"].value == (oo if polynomial.degree() > 1 else abs(polynomial.nth(1)))
    roots = {r for r in sp.real_roots(polynomial.as_expr() - x, x)} if polynomial.degree() > 1 else None
    assert roots is None or {r.evalf(20) for r in sheet["fixed_points"].value} == {r.evalf(20) for r in roots}


# --- parameters and refusals -----------------------------------------------------------------------------------------


def test_parameters_are_taken_and_shown():
    sheet = fact_sheet("silu", beta=2)
    assert sheet["infimum"].value == -sp.LambertW(sp.exp(-1)) / 2
    assert "with $\\beta = 2$" in sheet._repr_markdown_() and "with beta = 2" in repr(sheet)
    assert fact_sheet("leaky_relu", negative_slope=0.5)["second_moment"].value == Rational(5, 8)
    assert fact_sheet("swish") is fact_sheet("silu")


def test_unknown_names_are_met_with_the_nearest():
    with pytest.raises(KeyError, match="relu.*relu6"):
        fact_sheet("relux")


@pytest.mark.parametrize("wrong", [3, None, x, ["relu"]])
def test_anything_but_a_name_or_an_entry_is_a_type_error(wrong):
    with pytest.raises(TypeError, match="by name"):
        fact_sheet(wrong)


def test_wrong_parameters_are_refused():
    with pytest.raises(TypeError, match="unknown parameter 'gamma'; it takes beta"):
        fact_sheet("silu", gamma=1)
    with pytest.raises(TypeError, match="softmax takes no parameters, got axis"):
        fact_sheet("softmax", axis=1)
    with pytest.raises(ValueError, match="alpha must satisfy"):
        fact_sheet("elu", alpha=-1)
    with pytest.raises(ValueError, match="negative_slope must be a finite real number"):
        fact_sheet("leaky_relu", negative_slope="steep")


@pytest.mark.parametrize(
    ("expr", "message"),
    [
        (1 / x, "none at x = 0"),
        (sp.log(x), "none at x = 0"),
        (sp.log(x + 5), "none at x = -6"),
        (sp.sqrt(x - 1), "none at x = 0"),
        (sp.tan(x), "none at x = 1.57"),
        (1 / (x**2 - 2), "none at x = -1.41"),
        (sp.floor(x), "no derivative by formula"),
        (sp.Abs(sp.sin(x)), "finitely many points"),
    ],
)
def test_functions_that_are_no_activation_are_refused(expr, message):
    with pytest.raises(ValueError, match=message):
        mine(expr)


def test_a_gated_unit_of_the_reader_works_too():
    tanh_gate = ManyInputActivation(
        "tglu", lambda z: sp.Matrix([z[0] * sp.tanh(z[1])]), sp.Eq(sp.Symbol("f"), x), sizes=(2, 2)
    )
    assert fact_sheet(tanh_gate)["lipschitz_norm"].value == oo
    assert fact_sheet(tanh_gate)["range"].value == sp.S.Reals


def test_a_rank_that_no_argument_bounds_is_not_called_exact():
    twins = ManyInputActivation(
        "twins", lambda z: sp.Matrix([z[0] * z[1]] * 2), sp.Eq(x, x, evaluate=False), sizes=(2,)
    )
    assert fact_sheet(twins)["rank"].value == "n = 2: 1"
    assert fact_sheet(twins)["rank"].status == "numerical"


def test_no_norm_is_claimed_where_the_rank_is_two():
    sheet = fact_sheet(ManyInputActivation("pair", lambda z: sp.Matrix([z[0] ** 2, z[1]]), sp.Eq(x, x, evaluate=False)))
    assert sheet["rank"].value.startswith("n = 2: 2") and "lipschitz_norm" not in sheet
    assert "| directions that change nothing | none |" in sheet._repr_markdown_()


# --- the tools -------------------------------------------------------------------------------------------------------


def test_time_limit_stops_the_work_and_passes_on_errors():
    def spin():
        while True:
            pass

    with pytest.raises(TimeoutError, match="spin took more than 0.2 s"):
        within(0.2, spin)
    with pytest.raises(ZeroDivisionError):
        within(10, lambda: 1 / 0)
    assert within(10, time.strftime, "") == ""


def test_a_filled_gap_is_a_break_but_neither_a_jump_nor_a_kink():
    filled = curve(Piecewise((sp.sin(x) / x, sp.Ne(x, 0)), (1, True)))
    assert (filled.breaks, filled.jumps) == ((0,), ())
    wrongly_filled = curve(Piecewise((sp.sin(x) / x, sp.Ne(x, 0)), (0, True)))
    assert wrongly_filled.jumps == (0,)


def test_extremes_of_what_oscillates_without_a_period_are_not_claimed():
    for expr in (x * sp.sin(x), Piecewise((sp.sin(x), x > 0), (x, True))):
        facts = {fact.key: fact for fact in extreme_facts(Analysis.of(expr))}
        assert {facts[key].value for key in ("range", "infimum", "supremum_at")} == {"none found"}


def test_roots_have_closed_forms_where_there_are_some():
    assert sign_chart(1 + x + sp.exp(x)).roots[0].value == -1 - sp.LambertW(sp.exp(-1))
    assert sign_chart(sp.exp(2 * x) - sp.exp(x) - 6).roots[0].value == sp.log(3)
    assert [r.value for r in sign_chart(x**2 - 2).roots] == [-sqrt(2), sqrt(2)]
    assert not sign_chart(sp.cos(x) - x).roots[0].exact


def test_signs_are_proved_where_a_function_only_tends_to_zero_or_only_touches_it():
    assert sign_chart(sp.atan(x) - pi / 2).signs == (-1,)
    assert sign_chart(sp.sqrt(x**2 + 1) - x).signs == (1,)
    touching = sign_chart(x - sp.sin(x))
    assert touching.proved and (touching.roots[0].value, touching.signs) == (0, (-1, 1))
    assert sign_chart((x - 1) ** 2 * sp.exp(x)).signs == (1, 1)


def test_quadratics_and_numbers_without_rational_coefficients():
    assert [root.value for root in sign_chart(x**2 - pi).roots] == [-sqrt(pi), sqrt(pi)]
    assert [root.value for root in sign_chart(x - pi).roots] == [pi]
    assert sign_chart(x**2 + x + pi).signs == (1,)
    assert sign_of((sqrt(2) + sqrt(3)) ** 2 - 5 - 2 * sqrt(6)) == 0
    assert sign_of(sp.exp(-1000) - sp.exp(-999)) == -1


def test_half_lines_of_periodic_functions():
    assert sign_chart(2 + sp.cos(x), sp.S.Zero, oo).signs == (1,)
    half = sign_chart(sp.cos(x), sp.S.Zero, oo)
    assert not half.proved and "half line" in half.steps[0]
    assert [root.value for root in sign_chart(sp.sin(x), sp.S.One, sp.S(7)).roots] == [pi, 2 * pi]


def test_cases_that_leave_a_gap_are_refused():
    with pytest.raises(ValueError, match=r"no case of .* holds at x = -1.0"):
        fact_sheet(Activation("gap", sp.Piecewise((x, x > 0))))
