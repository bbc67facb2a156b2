"""The chapter on ReLU: regions against Zaslavsky's formula, the rest against torch, SciPy, and planted faults."""

import re
from fractions import Fraction
from math import comb

import numpy as np
import pytest
import sympy as sp
import torch
from activations.catalogue import x
from activations.experiments import affine as stacks
from activations.experiments import cost, kink, pace, rectified, regions, sparsity
from activations.experiments.ensemble import Network
from activations.experiments.training import Recipe, Training
from activations.explore import explore
from activations.proofs import Derivation, ProofError
from activations.proofs import regions as counting
from activations.proofs import relu as proofs
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate, stats

# --- proofs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["difference", "homogeneity", "rescaling", "slope_of_tanh", "total"])
def test_a_derivation_holds_and_argues_nothing(name):
    derivation = getattr(proofs, name)()
    assert derivation.steps and not derivation.argued


def test_the_half_sum_is_relu_on_both_sides():
    right, left = proofs.as_half_a_sum()
    assert right.last == right.start.doit() != 0
    assert left.last == left.start.doit() == 0


R, MEANING = proofs.relu, proofs.homogeneity().where
K = sp.Symbol("k", negative=True)


@pytest.mark.parametrize(
    ("start", "broken"),
    [
        (R(proofs.c * x), R(x)),
        (R(K * x), K * R(x)),
        (R(x) - R(-x), sp.Abs(x)),
        (R(x) + R(-x), x),
    ],
)
def test_what_is_not_so_is_refused(start, broken):
    with pytest.raises(ProofError, match="is false"):
        Derivation(start, where=MEANING).then(broken, because="broken on purpose")


@pytest.mark.parametrize("slope", [-0.1, 0.0, 0.3, 1.0, 1.1])
def test_a_subgradient_is_a_line_that_stays_below(slope):
    at = np.linspace(-2, 2, 401)
    below = bool((slope * at <= np.maximum(at, 0)).all())
    assert below == (sp.Rational(str(slope)) in proofs.slopes_at_zero())


@given(st.floats(-15, 15))
def test_slopes_from_values_are_torchs(at):
    z = torch.tensor(at, dtype=torch.float64, requires_grad=True)
    for name, formula in proofs.slopes_from_values().items():
        a = getattr(torch, name)(z)
        (slope,) = torch.autograd.grad(a, z)
        (symbol,) = formula.free_symbols
        assert float(formula.subs(symbol, a.item())) == pytest.approx(slope.item(), abs=1e-15)


@pytest.mark.parametrize("dimension", [1, 2, 3, 4])
def test_zaslavskys_formula_grows_as_it_must(dimension):
    assert not counting.one_more(dimension).argued


@pytest.mark.parametrize("dimension", range(5))
@pytest.mark.parametrize("lines", [0, 1, 2, 7, 12])
def test_zaslavskys_formula_is_the_count_line_by_line(lines, dimension):
    assert counting.regions(lines, dimension) == counting.by_adding(lines, dimension)
    if lines:
        assert counting.formula(sp.Integer(lines), dimension) == counting.regions(lines, dimension)


def test_as_many_hyperplanes_as_dimensions_make_every_pattern():
    assert [counting.regions(n, n) for n in range(9)] == [2**n for n in range(9)]


def test_the_polynomial_for_the_plane():
    assert counting.in_the_plane().last.subs(counting.n, 7) == 29


@pytest.mark.parametrize("call", [counting.regions, counting.by_adding])
def test_counts_refuse_negative_numbers(call):
    with pytest.raises(ValueError, match="lines must be 0 or more, got -1"):
        call(-1)
    with pytest.raises(ValueError, match="dimension must be 0 or more"):
        call(3, -1)
    with pytest.raises(ValueError, match="dimension must be at least 1"):
        counting.one_more(0)


# --- regions ----------------------------------------------------------------------------------------------------------

ONE = [Fraction(1)]


def _summed(layer):
    return [layer, ([ONE * len(layer[1])], [Fraction(0)])]


def _area(corners):
    pairs = zip(corners, corners[1:] + corners[:1], strict=True)
    return sum(a * d - b * c for (a, b), (c, d) in pairs) / 2


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10**6), st.integers(1, 7))
def test_layers_in_general_position_have_the_regions_of_zaslavskys_formula(seed, units):
    layer = regions.arrangement("general", units, seed)
    lines = [(*row, bias) for row, bias in zip(*layer, strict=True)]
    assert len(regions.cut(_summed(layer), regions.box_around(layer))) == _by_crossings(lines)


def _by_crossings(lines):
    """1 + lines + a crossing for each line but one through it: Zaslavsky's count for any arrangement of a plane."""
    distinct = {tuple(v / next(w for w in line if w) for v in line) for line in lines}
    through = {}
    for i, (a, b, c) in enumerate(sorted(distinct)):
        for j, (d, e, f) in enumerate(sorted(distinct)):
            if i < j and (determinant := a * e - b * d):
                point = ((b * f - c * e) / determinant, (c * d - a * f) / determinant)
                through.setdefault(point, set()).update((i, j))
    return 1 + len(distinct) + sum(len(met) - 1 for met in through.values())


def test_the_counts_are_the_formulas_for_all_three_arrangements():
    found = regions.counts((1, 2, 5), range(4))
    for row, units in enumerate(found.units):
        assert (found.found["general"][row] == 1 + units + comb(units, 2)).all()
        assert (found.found["through one point"][row] == 2 * units).all()
        assert (found.found["parallel"][row] == units + 1).all()
    assert repr(found).splitlines()[0].split() == ["units", "general", "through", "one", "point", "parallel"]


SMALL_INTEGERS = st.lists(st.tuples(*[st.integers(-2, 2)] * 3), min_size=1, max_size=5)


@settings(deadline=None, max_examples=60)
@given(SMALL_INTEGERS)
def test_arrangements_with_crossings_of_many_and_equal_lines(rows):
    lines = [tuple(map(Fraction, row)) for row in rows if row[0] or row[1]]
    if not lines:
        return
    layer = ([line[:2] for line in lines], [line[2] for line in lines])
    assert len(regions.cut(_summed(layer), regions.box_around(layer))) == _by_crossings(lines)


@pytest.mark.parametrize("widths", [[5], [4, 3], [3, 3, 3]])
@pytest.mark.parametrize("seed", range(4))
def test_regions_tile_the_square_with_different_patterns(widths, seed):
    cells = regions.cut(regions.random_network(widths, seed))
    assert sum(_area(cell.corners) for cell in cells) == 36
    assert all(_area(cell.corners) > 0 for cell in cells)
    assert len({cell.on for cell in cells}) == len(cells)


@pytest.mark.parametrize("widths", [[5], [4, 3], [3, 3, 3]])
def test_every_pattern_of_random_points_has_its_region_and_its_map(widths):
    network = regions.random_network(widths, 2)
    stack = [(np.array(weights, dtype=float), np.array(biases, dtype=float)) for weights, biases in network]
    cells = {cell.on: cell.outputs[0] for cell in regions.cut(network)}
    points = np.random.default_rng(0).uniform(-3, 3, size=(4000, 2))
    patterns = np.concatenate(rectified.gates(stack, points), axis=1)
    flat = {tuple(sum(on, ())): form for on, form in cells.items()}
    seen = {tuple(pattern.tolist()) for pattern in patterns}
    assert seen <= set(flat) and len(seen) > 0.6 * len(flat)
    for point, pattern in zip(points[:50], patterns[:50], strict=True):
        a, b, c = map(float, flat[tuple(pattern.tolist())])
        expected = regions.evaluated(network, point).item()
        assert a * point[0] + b * point[1] + c == pytest.approx(expected, abs=1e-9)
        assert rectified.run(stack, point).item() == pytest.approx(expected, abs=1e-9)


def test_a_line_that_only_touches_a_corner_cuts_nothing():
    touching = ([[Fraction(1), Fraction(1)]], [Fraction(-6)])  # x + y = 6 meets the square in its corner (3, 3)
    (cell,) = regions.cut(_summed(touching))
    assert cell.corners == regions.square() and cell.on == ((False,),)


def test_the_deepest_borders_bend_only_on_the_first_layers_lines():
    network = regions.random_network([4, 3], 5)
    _, (first, second) = regions._cut(network)
    ends = [end for _, *pair in second for end in pair]
    for p, q in ends:
        on_a_line = any(a * p + b * q + c == 0 for (a, b), c in zip(*network[0], strict=True))
        assert on_a_line or 3 in (abs(p), abs(q))
    assert len(first) <= 4


def test_regions_refuse_what_they_cannot_cut():
    with pytest.raises(ValueError, match="must read two inputs, got 3"):
        regions.cut(_summed(([[1, 2, 3]], [0])))
    with pytest.raises(ValueError, match="kind must be one of general"):
        regions.arrangement("crooked", 3, 0)
    with pytest.raises(ValueError, match="units must be a whole number of at least 1, got 0"):
        regions.counts((0,))
    with pytest.raises(ValueError, match="widths"):
        regions.random_network([])
    with pytest.raises(ValueError, match="layers must be one of 1, 2"):
        regions.turned(0, 0, 3)


def test_the_star_has_sixteen_regions_and_special_positions_fewer():
    found = {at: len(regions.cut(regions.turned(*at, 1))) for at in ((0, 0.8), (72, 0.8), (36, 0.4))}
    assert found == {(0, 0.8): 16, (72, 0.8): 11, (36, 0.4): 15}


def test_the_chart_draws_the_output_and_its_borders():
    network = regions.random_network([6], 1)
    chart = regions.chart(network, cells=11)
    heat, line = chart.marks
    assert heat.z[0, -1] == pytest.approx(regions.evaluated(network, np.array([3.0, -3.0])).item())
    ends = np.column_stack([line.x, line.y])[~np.isnan(line.y)]
    lines = np.column_stack([np.array(network[0][0], dtype=float), np.array(network[0][1], dtype=float)])
    assert len(ends) == 12
    assert (np.abs(ends @ lines[:, :2].T + lines[:, 2]).min(axis=1) < 1e-9).all()
    assert f"{len(regions.cut(network))} regions" in chart.words


def test_every_frame_of_the_explorable_has_one_shape():
    made = explore(regions.turning_chart, turn=range(0, 360, 36), shift=[0, 0.8], layers=[1, 2], caption="regions")
    assert made.frames == 40


# --- A(x) x + c(x) ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("widths", [[3, 2], [4, 6, 3], [5, 9, 9, 9, 2]])
def test_the_piece_is_torchs_jacobian_and_gives_the_output(widths):
    rng = np.random.default_rng(len(widths))
    stack = stacks.random_stack(widths, rng)
    net = [torch.tensor(part) for layer in stack for part in layer]

    def forward(v):
        for number in range(0, len(net), 2):
            v = net[number] @ (v if number == 0 else torch.relu(v)) + net[number + 1]
        return v

    for point in rng.normal(size=(20, widths[0])):
        weight, bias = rectified.piece(stack, point)
        jacobian = torch.autograd.functional.jacobian(forward, torch.tensor(point))
        assert np.allclose(weight, jacobian.numpy(), atol=1e-12)
        assert np.allclose(weight @ point + bias, rectified.run(stack, point), atol=1e-12)


# --- the slope at 0 ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("spelling", kink.SPELLINGS)
def test_all_spellings_are_relu_and_have_a_subgradient_at_zero(spelling):
    at = torch.tensor([-2.0, -0.5, 0.0, 0.5, 2.0])
    assert torch.equal(kink.SPELLINGS[spelling](at), torch.relu(at))
    assert 0 <= kink.slope_at_zero(spelling) <= 1


def test_the_slope_of_torchs_relu_is_the_catalogues():
    assert kink.slope_at_zero("relu(x)") == 0
    assert len({kink.slope_at_zero(spelling) for spelling in kink.SPELLINGS}) > 1


def test_one_step_by_hand_is_torchs_in_float64():
    rng = np.random.default_rng(3)
    shapes = ((6, 5), (4, 6), (10, 4))
    weights = [torch.tensor(rng.normal(size=(2, 1, *shape))) for shape in shapes]
    biases = [torch.tensor(rng.normal(size=(2, 1, 1, shape[0]))) for shape in shapes]
    inputs, labels = torch.tensor(rng.normal(size=(1, 7, 5))), torch.tensor(rng.integers(10, size=(1, 7)))
    leaves = [part[0, 0].clone().requires_grad_() for pair in zip(weights, biases, strict=True) for part in pair]
    h = inputs[0]
    for number in range(0, 6, 2):
        h = (h if number == 0 else torch.relu(h)) @ leaves[number].T + leaves[number + 1]
    torch.nn.functional.cross_entropy(h, labels[0]).backward()
    sums, outputs = kink._forward(inputs.expand(2, -1, -1, -1), weights, biases, torch.float64)
    kink._step(
        weights, biases, sums, outputs, labels, torch.tensor([0.0, 1.0])[:, None, None, None], 0.1, torch.float64
    )
    moved = [part[0, 0] for pair in zip(weights, biases, strict=True) for part in pair]
    for leaf, new in zip(leaves, moved, strict=True):
        assert torch.allclose(leaf.detach() - 0.1 * leaf.grad, new, atol=1e-12)


def test_a_sum_of_exactly_zero_takes_the_chosen_slope():
    weights = [torch.ones(2, 1, 1, 1, dtype=torch.float64), torch.ones(2, 1, 10, 1, dtype=torch.float64)]
    weights[1][..., 0, :] = -1.0
    biases = [torch.full((2, 1, 1, 1), -1.0, dtype=torch.float64), torch.zeros(2, 1, 1, 10, dtype=torch.float64)]
    inputs, labels = torch.ones(2, 1, 1, 1, dtype=torch.float64), torch.zeros(1, 1, dtype=torch.int64)
    sums, outputs = kink._forward(inputs, weights, biases, torch.float64)
    assert (sums[0] == 0).all()
    kink._step(
        weights, biases, sums, outputs, labels, torch.tensor([0.0, 1.0])[:, None, None, None], 0.1, torch.float64
    )
    assert biases[0].flatten().tolist() == [-1.0, pytest.approx(-1.0 - 0.1 * 1.8)]


def test_rounding_is_to_the_type():
    third = torch.tensor([1 / 3])
    assert kink._rounded(third, torch.float16).item() == np.float16(1 / 3)
    assert kink._rounded(third, torch.bfloat16).item() == third.bfloat16().item() != np.float16(1 / 3)
    assert kink._rounded(third, torch.float32) is third


SHORT = {"steps": 12, "width": 8}


def test_the_runs_part_where_there_are_zeros_and_nowhere_else():
    found = kink.kink(("float64", "bfloat16"), range(6), steps=60)
    assert not found.zeros["float64"].any() and not found.parted["float64"].any()
    assert not found.difference("float64").any()
    assert found.parted["bfloat16"].any()
    assert (found.zeros["bfloat16"] > 0)[found.parted["bfloat16"]].all()
    assert "6 seeds" in repr(found)


def test_equal_slopes_never_part():
    found = kink.kink(("bfloat16",), range(3), slopes=(0.5, 0.5), steps=40)
    assert not found.parted["bfloat16"].any() and not found.difference("bfloat16").any()


def test_half_of_the_seeds_give_the_same_corner_runs():
    whole, half = (kink.kink(("float16",), seeds, **SHORT) for seeds in (range(4), range(2)))
    assert (whole.accuracy["float16"][:, :2] == half.accuracy["float16"]).all()
    assert (whole.zeros["float16"][:2] == half.zeros["float16"]).all()


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"types": ("float8",)}, "types must be one of float64"),
        ({"types": ()}, "types must name at least one"),
        ({"seeds": (1,)}, "seeds must hold at least 2"),
        ({"slopes": (0.0, 2.0)}, "slopes must be two numbers from 0 to 1"),
        ({"slopes": (0.0,)}, "slopes must be two numbers"),
        ({"steps": 0}, "steps must be a whole number"),
        ({"rate": 0.0}, "rate must be a finite number above 0"),
    ],
)
def test_the_corner_refuses_a_bad_configuration(bad, says):
    with pytest.raises(ValueError, match=says):
        kink.kink(**bad)
    with pytest.raises(ValueError, match="spelling must be one of"):
        kink.slope_at_zero("max")


# --- the detector -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", rectified.DETECTORS)
@pytest.mark.parametrize("share", [0.1, 0.5])
def test_the_disturbance_is_that_of_quadrature(name, share):
    f, noise = rectified.DETECTORS[name], 0.15
    nodes, weights = np.polynomial.hermite_e.hermegauss(201)
    weights = weights / weights.sum()

    def moved(a):
        return weights @ (f(a + noise * nodes) - f(a)) ** 2

    def over_strengths(g):
        return share * integrate.quad(g, 1, 2)[0] + (1 - share) * g(0.0)

    signal = over_strengths(lambda a: f(a) ** 2) - over_strengths(lambda a: f(a)) ** 2
    found = rectified.disturbance((share,), noise=noise).share[name][0]
    assert found.mean() == pytest.approx(over_strengths(moved) / signal, rel=0.02)


def test_noise_below_the_threshold_does_not_reach_a_silent_relu():
    f = rectified.DETECTORS["ReLU, threshold ½"]
    assert not f(np.linspace(-0.5, 0.5, 11)).any() and f(np.array(1.25)) == 0.75


def test_the_disturbance_forgets_scale_and_shift():
    rng = np.random.default_rng(0)
    strength, error = rng.uniform(0, 2, 500), 0.1 * rng.normal(size=500)
    f = rectified.DETECTORS["tanh, threshold ½"]
    assert rectified._quotient(lambda a: 7 - 3 * f(a), strength, error) == pytest.approx(
        rectified._quotient(f, strength, error)
    )


def test_the_detectors_chart_shows_what_was_measured():
    found = rectified.disturbance((0.1, 0.4), range(3), units=500)
    chart = found.chart()
    assert [line.label for line in chart.marks] == [*rectified.DETECTORS]
    assert chart.marks[0].y == pytest.approx(found.share["ReLU, threshold ½"].mean(axis=1))
    assert "3 seeds" in repr(found)
    half = rectified.disturbance((0.1, 0.4), range(2), units=500)
    assert all((half.share[name] == found.share[name][:, :2]).all() for name in half.share)


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"present": (0.0,)}, "present must hold shares"),
        ({"present": ()}, "present must name"),
        ({"seeds": (1,)}, "seeds"),
        ({"noise": -1}, "noise must be"),
        ({"units": 5}, "units must be"),
    ],
)
def test_the_disturbance_refuses_a_bad_configuration(bad, says):
    with pytest.raises(ValueError, match=says):
        rectified.disturbance(**bad)


@pytest.mark.parametrize("rho", [-0.9, -0.3, 0.0, 0.5, 0.95])
def test_the_closed_form_of_relus_correlation_is_that_of_quadrature(rho):
    pair = stats.multivariate_normal([0, 0], [[1, rho], [rho, 1]])
    both = integrate.dblquad(lambda v, u: u * v * pair.pdf([u, v]), 0, 9, 0, 9, epsabs=1e-7)[0]
    mean = 1 / np.sqrt(2 * np.pi)
    assert rectified.relu_correlation(rho) == pytest.approx((both - mean**2) / (0.5 - mean**2), abs=1e-5)


def test_the_measured_correlations_are_those_of_the_closed_form():
    found = rectified.correlations()
    for row, rho in enumerate(found.sums):
        assert found.found["relu"][row].mean() == pytest.approx(rectified.relu_correlation(rho), abs=0.01)
    straight = rectified.correlations(activations=("identity",))
    assert straight.found["identity"].mean(axis=1) == pytest.approx(found.sums, abs=0.01)
    assert "20 seeds" in repr(found)


def test_correlations_refuse_a_bad_configuration():
    for bad, says in (
        ({"sums": (1.0,)}, "sums must hold"),
        ({"activations": ("rulu",)}, "activation"),
        ({"seeds": (0,)}, "seeds"),
    ):
        with pytest.raises(ValueError, match=says):
            rectified.correlations(**bad)
    with pytest.raises(ValueError, match="rho must lie between"):
        rectified.relu_correlation(1.5)


# --- sparsity ---------------------------------------------------------------------------------------------------------


def test_zeros_are_counted_and_only_where_there_are_any():
    relu = sparsity.sparsity((0.1, 0.3), range(4), depth=2, steps=30)
    tanh = sparsity.sparsity((0.1,), range(4), depth=2, steps=30, activation="tanh")
    assert relu.start.mean() == pytest.approx(0.5, abs=0.1)
    assert (relu.zeros[0.1][0] == relu.zeros[0.3][0]).all()
    assert not tanh.zeros[0.1].any()
    half = sparsity.sparsity((0.1, 0.3), range(2), depth=2, steps=30)
    assert (half.zeros[0.3] == relu.zeros[0.3][:, :2]).all()
    assert "test accuracy" in repr(relu) and len(relu.chart().marks) == 2


def test_sparsity_refuses_a_bad_configuration():
    for bad, says in (({"seeds": (0,)}, "seeds"), ({"rates": (-1.0,)}, "rate"), ({"steps": 0}, "steps")):
        with pytest.raises(ValueError, match=says):
            sparsity.sparsity(**bad)


# --- pace -------------------------------------------------------------------------------------------------------------


def _made_up(curves) -> Training:
    recipe = Recipe(steps=20, rates=tuple(0.1 * (i + 1) for i in range(len(curves))), every=10)
    loss = np.array(curves, dtype=float)
    return Training({"net": Network("relu", 1)}, recipe, (0, 1), {"net": loss}, {"net": loss}, {})


def test_arrivals_lie_between_looks_on_a_logarithmic_scale():
    found = pace._arrivals(_made_up([[[1.0, 0.01, 0.01], [1.0, 1.0, 0.1]], [[1.0, 0.5, np.nan], [3.0, 2.0, 0.3]]]), 0.1)
    assert found[0] == pytest.approx([5.0, 20.0])
    assert np.isinf(found[1]).all()


def test_the_best_rate_is_that_with_which_all_arrive_soonest():
    late, early, torn = [[1.0, 1.0, 0.01]] * 2, [[1.0, 0.01, 0.01]] * 2, [[1.0, 0.001, 0.001], [1.0, 1.0, 1.0]]
    assert pace._best(_made_up([late, early, torn]), 0.1) == pytest.approx(0.2)
    with pytest.raises(ValueError, match="no rate of"):
        pace._best(_made_up([torn]), 0.1)


@pytest.mark.parametrize("activation", pace.GAINS)
def test_the_gains_keep_small_gradients_in_size(activation):
    z = torch.randn(200_000, generator=torch.Generator().manual_seed(0), dtype=torch.float64)
    z = (1e-3 * z).requires_grad_()
    (slope,) = torch.autograd.grad(getattr(torch, activation)(z).sum(), z)
    assert pace.GAINS[activation] ** 2 * slope.square().mean().item() == pytest.approx(1, abs=0.01)


@pytest.fixture(scope="module")
def small_race():
    return pace.pace(1, 16, range(4), tuning=range(100, 102), rates=(0.2, 0.8, 3.2), steps=90, loss=1.0)


def test_the_race_has_three_stages_in_which_relu_stays_as_it_is(small_race):
    relu = [small_race.steps[stage]["relu"] for stage in pace.STAGES]
    assert all((one == relu[0]).all() for one in relu)
    assert small_race.ratio(pace.STAGES[-1], "relu") == pytest.approx(1)
    assert set(small_race.rates) == set(pace.GAINS) and "own rates" in repr(small_race)
    assert "as multiples of ReLU's" in repr(small_race)
    assert len(small_race.chart().marks) == 3


def test_half_of_the_seeds_give_the_same_race(small_race):
    half = pace.pace(1, 16, range(2), tuning=range(100, 102), rates=(0.2, 0.8, 3.2), steps=90, loss=1.0)
    for stage in pace.STAGES:
        for name in pace.GAINS:
            assert (half.steps[stage][name] == small_race.steps[stage][name][:2]).all()


def test_a_run_that_does_not_arrive_has_no_ratio():
    steps = {"relu": np.array([5.0, 6.0]), "tanh": np.array([5.0, np.inf]), "sigmoid": np.full(2, np.inf)}
    made = pace.Pace(0.1, 20, (0, 1), {}, dict.fromkeys(pace.STAGES, steps), {})
    assert made.arrived(pace.STAGES[0], "tanh") == 1
    assert "1 of 2 get there" in repr(made) and "none in 20" in repr(made)
    with pytest.raises(ValueError, match="not every run of tanh"):
        made.ratio(pace.STAGES[0], "tanh")


@pytest.mark.parametrize(
    ("bad", "says"),
    [
        ({"tuning": range(5)}, "seeds must differ from those for tuning, both have 0"),
        ({"seeds": (0,)}, "seeds"),
        ({"rates": ()}, "rates must name"),
        ({"rates": (0.0,)}, "rates must be"),
        ({"loss": 0.0}, "loss must be"),
        ({"steps": 0}, "steps must be"),
        ({"depth": 0}, "depth must be"),
    ],
)
def test_the_race_refuses_a_bad_configuration(bad, says):
    with pytest.raises(ValueError, match=says):
        pace.pace(**bad)


# --- times ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "made", [cost.per_element(50, repeats=1), cost.per_layer((4, 8), examples=3, repeats=1)], ids=["element", "layer"]
)
def test_every_time_on_a_page_is_marked_as_one(made):
    html = made._repr_html_()
    cells = re.findall(r"<td>(.*?)</td>", html)
    assert len(cells) == sum(len(row) - 1 for row in made.rows)
    assert all(re.fullmatch(r"<span data-timing>[\d.%]+</span>", cell) for cell in cells)
    assert not re.search(r">[\d.]+%?<", re.sub(r"<span data-timing>.*?</span>|<th.*?</th>", "", html))
    assert repr(made).count("\n") == len(made.rows) + 1


def test_words_of_a_table_of_times_are_escaped():
    assert "&lt;b&gt;" in cost.Timing("times", ("<b>", "t"), (("a", "1"),))._repr_html_()


def test_the_backward_formulas_are_the_proofs():
    a = torch.tensor([0.1, 0.5, 0.9], dtype=torch.float64)
    for name, formula in proofs.slopes_from_values().items():
        (symbol,) = formula.free_symbols
        expected = [float(formula.subs(symbol, value)) for value in a.tolist()]
        assert cost.BACKWARD[name](a).tolist() == pytest.approx(expected)


def test_times_refuse_a_bad_configuration():
    with pytest.raises(ValueError, match="size must be"):
        cost.per_element(0)
    with pytest.raises(ValueError, match="repeats must be"):
        cost.per_layer(repeats=0)
    with pytest.raises(ValueError, match="widths must name"):
        cost.per_layer(())
