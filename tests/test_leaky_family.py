"""The leaky family: constants, maps and runs against mpmath, SciPy and torch, and the chapter's claims."""

import mpmath
import numpy as np
import pytest
import sympy as sp
import torch
from activations import claims, slopes, values
from activations.catalogue import x
from activations.experiments import leaky as runs
from activations.experiments import saddle
from activations.experiments import selu as layers
from activations.explore import explore
from activations.proofs import leaky, selu
from scipy import stats

# --- SELU's constants -------------------------------------------------------------------------------------------------


def _elu(alpha):
    return lambda z: z if z > 0 else alpha * mpmath.expm1(z)


def _mean(f, q=1):
    """E f(X) for X ~ N(0, q), by quadrature at 40 digits, split at the kink."""
    edges = [-mpmath.inf, -8, -2, 0, 2, 8, mpmath.inf]
    return mpmath.quad(lambda z: f(mpmath.sqrt(q) * z) * mpmath.npdf(z), edges)


@pytest.fixture(scope="module")
def constants():
    """α and λ by root finding on the two integrals: no closed form is used."""
    with mpmath.workdps(25):
        alpha = mpmath.findroot(lambda a: _mean(_elu(a)), (1.5, 1.8), solver="secant")
        scale = 1 / mpmath.sqrt(_mean(lambda z: _elu(alpha)(z) ** 2))
    return alpha, scale


def test_selu_constants_solve_the_two_equations_to_20_digits(constants):
    with mpmath.workdps(30):
        for exact, found in zip((selu.ALPHA, selu.SCALE), constants, strict=True):
            assert abs(mpmath.mpf(str(exact.n(30))) - found) < mpmath.mpf(10) ** -20


def test_selu_constants_are_those_of_numpy_and_torch(constants):
    alpha, scale = (float(one) for one in constants)
    far = torch.tensor([1.0, -1e3], dtype=torch.float64)
    for right, left in (values.selu(np.array([1.0, -np.inf])), torch.nn.functional.selu(far).numpy()):
        assert right == pytest.approx(scale, rel=1e-15)
        assert -left / right == pytest.approx(alpha, rel=1e-15)


def test_the_derived_constants_are_the_exact_ones():
    numbers = {selu.Phi(-1): (1 + sp.erf(-1 / sp.sqrt(2))) / 2, selu.Phi(-2): (1 + sp.erf(-sp.sqrt(2))) / 2}
    alpha = selu.alpha_from_mean().last.rhs.subs(numbers)
    square = selu.scale_from_mean_square().last.rhs.subs(numbers).subs(selu.alpha, selu.ALPHA)
    assert abs((alpha - selu.ALPHA).n(30)) < 1e-25
    assert abs((square - selu.SCALE**2).n(30)) < 1e-25
    assert selu.same_as_the_catalogue() == (0, 0)


# --- SELU's map -------------------------------------------------------------------------------------------------------

QS = (1e-6, 0.03, 0.5, 1.0, 3.0, 40.0)


@pytest.mark.parametrize("q", QS)
def test_the_map_is_the_integral(q, constants):
    alpha, scale = constants
    exact = _mean(lambda z: (scale * _elu(alpha)(z)) ** 2, q)
    assert float(selu.layer_map().subs(selu.q, sp.Rational(str(q))).n(25)) == pytest.approx(float(exact), rel=1e-12)
    assert layers.selu_map(q) == pytest.approx(float(exact), rel=1e-9)
    assert layers.selu_map(q / 3, 3) == pytest.approx(float(exact), rel=1e-9)


def test_the_slope_of_the_map_is_its_difference_quotient():
    slope = selu.layer_map_slope().last.replace(selu.Phi, sp.Lambda(x, (1 + sp.erf(x / sp.sqrt(2))) / 2))
    for q in QS[1:]:
        exact = float(slope.subs({selu.alpha: selu.ALPHA, selu.scale: selu.SCALE, selu.q: sp.Rational(str(q))}).n(20))
        h = 1e-4 * q
        assert exact == pytest.approx(float(layers.selu_map(q + h) - layers.selu_map(q - h)) / (2 * h), rel=1e-6)


def test_the_map_rises_and_bends_down():
    q = np.geomspace(1e-4, 1e3, 400)
    rise = np.diff(layers.selu_map(q)) / np.diff(q)
    assert (rise > 0).all() and (np.diff(rise) < 0).all()


def test_the_mixture_holds_in_numbers():
    proof = selu.mixture()
    assert not proof.argued
    s, t = sp.symbols("s t", positive=True)
    integrand = proof.last.function
    for at in (0.1, 1.0, 4.0):
        left = proof.start.replace(selu.Phi, sp.Lambda(x, sp.erfc(-x / sp.sqrt(2)) / 2)).subs(s, at).n(20)
        right = mpmath.quad(sp.lambdify(t, integrand.subs(s, at), "mpmath"), [0, 1, 5, mpmath.inf])
        assert float(left) == pytest.approx(float(right), rel=1e-10)


@pytest.mark.parametrize("start", [1e-8, 0.1, 1.0, 7.0, 1e6])
def test_every_start_comes_to_one(start):
    q = start
    for _ in range(300):
        q = layers.selu_map(q)
    assert q == pytest.approx(1, abs=1e-12)


@pytest.mark.parametrize(("end", "inside", "outside"), [(0, 1.02, 0.98), (1, 0.98, 1.02)])
def test_the_window_ends_where_the_fixed_point_goes(end, inside, outside):
    # Just inside there is a fixed point, however small or large; just outside the iterates leave every bound.
    edge, start = float(selu.variance_window()[end]), (1e-12, 1e12)[end]
    towards = layers.selu_map(start, inside * edge) / start
    away = layers.selu_map(start, outside * edge) / start
    assert (towards - 1) * (away - 1) < 0
    assert (towards > 1) == (end == 0)


def test_the_gradient_factor_is_the_mean_of_the_squared_slope(constants):
    alpha, scale = constants
    exact = _mean(lambda z: (scale * (1 if z > 0 else alpha * mpmath.exp(z))) ** 2)
    assert float(selu.gradient_factor()) == pytest.approx(float(exact), rel=1e-14)


# --- ELU, CELU and the slopes -----------------------------------------------------------------------------------------


def test_the_mean_of_an_elu_is_the_integral():
    mean = leaky.elu_mean().last
    phi = next(atom for atom in mean.atoms(sp.Function) if atom.func.__name__ == "Phi")
    number = mean.subs(phi, (1 + sp.erf(-1 / sp.sqrt(2))) / 2)
    for alpha in (0.3, 1.0, 2.5):
        (symbol,) = number.free_symbols
        assert float(number.subs(symbol, alpha)) == pytest.approx(float(_mean(_elu(alpha))), rel=1e-12)


def test_the_centred_elu_is_selus():
    assert abs(_mean(_elu(mpmath.mpf(str(leaky.zero_mean_alpha().n(25)))))) < 1e-14
    assert sp.simplify(leaky.zero_mean_alpha() - selu.ALPHA) == 0


@pytest.mark.parametrize("alpha", [0.5, 1.0, 2.0])
@pytest.mark.parametrize("name", ["elu", "celu"])
def test_the_kink_is_what_torch_has(name, alpha):
    z = torch.tensor([-1e-9, 1e-9], dtype=torch.float64, requires_grad=True)
    getattr(torch.nn.functional, name)(z, alpha).sum().backward()
    left, right = (float(side.subs(leaky.alpha, alpha)) for side in leaky.kink(name))
    assert z.grad.tolist() == pytest.approx([left, right], rel=1e-8)


def test_means_of_slopes_are_those_of_draws():
    multiplied, divided = leaky.multiplied_slope().last, leaky.divided_slope().last
    assert multiplied == sp.Rational(11, 48)
    uniform = stats.uniform(3, 5)
    assert float(divided) == pytest.approx(uniform.expect(lambda draw: 1 / draw), rel=1e-10)


def test_no_derivation_rests_on_words():
    shown = [*leaky.shortcut(), leaky.undo_negative(), leaky.undo_positive(), *leaky.learned_slope()]
    shown += [*leaky.at_the_origin(), leaky.celu_as_elu(), leaky.elu_mean(), selu.mean(), selu.slope_square()]
    assert all(proof.steps and not proof.argued for proof in shown)


def test_at_the_origin_both_gradients_vanish():
    for proof in leaky.at_the_origin():
        v, w = sp.symbols("v w", real=True)
        assert proof.last.subs({v: 0, w: 0}) == 0
        assert proof.last.subs({v: 1, w: 1}) != 0


def test_a_wrong_shortcut_breaks():
    with pytest.raises(ArithmeticError, match="is false"):
        leaky.shortcut()[0].then(2 * leaky.p, because="a slip")


# --- waking up --------------------------------------------------------------------------------------------------------


def test_waking_counts_what_torch_counts():
    found = runs.waking((0.1,), range(3))
    for seed in range(3):
        rng = np.random.default_rng(seed)
        inputs, w = rng.normal(size=(100, 10)), rng.normal(size=10)
        w = torch.tensor(w / np.linalg.norm(w))
        x_, target = torch.tensor(inputs), torch.relu(torch.tensor(inputs) @ w)
        b = -(x_ @ w).max() - 1
        steps = 0
        while (x_ @ w + b).max() <= 0:
            w, b = w.detach().requires_grad_(), b.detach().requires_grad_()
            h = torch.nn.functional.leaky_relu(x_ @ w + b, 0.1)
            by_w, by_b = torch.autograd.grad(0.5 * (h - target).square().mean(), (w, b))
            w, b, steps = (w - 0.1 * by_w).detach(), (b - 0.1 * by_b).detach(), steps + 1
        assert found.steps[0, seed] == steps


def test_a_relu_never_wakes_and_a_leaky_one_waits_in_proportion():
    found = runs.waking()
    assert np.isnan(found.steps[0]).all()
    cost = found.steps[1:].mean(axis=1) * np.array(found.slopes[1:])
    assert cost == pytest.approx([cost[0]] * 4, rel=0.05)
    assert found.chart().marks[1].x.tolist() == [0.01, 0.03, 0.1, 0.3]
    assert str(found).splitlines()[1].split() == ["0", "0%", "–"]


def test_a_unit_that_needs_longer_than_allowed_is_not_counted():
    assert np.isnan(runs.waking((0.01,), range(2), most=3).steps).all()


# --- slopes that are drawn or learned ---------------------------------------------------------------------------------


def test_torch_draws_uniformly():
    drawn = runs.drawn_slopes(4000, seed=3)
    assert stats.kstest(drawn, stats.uniform(1 / 8, 1 / 3 - 1 / 8).cdf).pvalue > 0.001
    assert np.array_equal(drawn, runs.drawn_slopes(4000, seed=3))


def test_drawing_leaves_the_global_dice_alone():
    before = torch.random.get_rng_state()
    runs.drawn_slopes(10)
    assert torch.equal(before, torch.random.get_rng_state())


def test_the_learned_slope_is_torchs():
    found = runs.learned_slopes((0.8,), range(2), steps=5)
    for seed in range(2):
        rng = np.random.default_rng(seed)
        inputs, teacher, w = rng.normal(size=(200, 5)), rng.normal(size=5), rng.normal(size=5)
        target = torch.tensor(values.prelu(inputs @ teacher, weight=0.8) + 0.1 * rng.normal(size=200))
        w, a = torch.tensor(w * np.sign(w @ teacher)), torch.tensor([0.25], dtype=torch.float64)
        for _ in range(5):
            w, a = w.detach().requires_grad_(), a.detach().requires_grad_()
            h = torch.nn.functional.prelu(torch.tensor(inputs) @ w, a)
            by_w, by_a = torch.autograd.grad(0.5 * (h - target).square().mean(), (w, a))
            w, a = w - 0.3 * by_w, a - 0.3 * by_a
        assert found.learned[0, seed] == pytest.approx(a.item(), rel=1e-10)


def test_without_noise_the_slope_is_found_exactly():
    found = runs.learned_slopes((0.1, 0.5), range(4), noise=0.0, steps=600)
    assert found.learned == pytest.approx(np.array([[0.1] * 4, [0.5] * 4]), abs=1e-6)


@pytest.fixture(scope="module")
def small():
    return runs.data_sizes((40, 80), range(3), steps=4)


def test_data_sizes_measure_every_network_at_every_size(small):
    assert {label: found.shape for label, found in small.accuracy.items()} == {label: (2, 3) for label in runs.SLOPED}
    assert small.slopes.shape == (2, 3, 3)
    assert small.lead("relu") == pytest.approx(100 * (small.accuracy["prelu"] - small.accuracy["relu"]))
    assert not np.allclose(small.slopes, 0.25)
    assert "PReLU's lead" in small.chart().words and str(small).split()[:3] == ["pictures", "40", "80"]
    with pytest.raises(ValueError, match="label must be one of"):
        small.lead("tanh")


def test_half_of_the_seeds_gives_the_same_bits(small):
    half = runs.data_sizes((40, 80), (2,) + (0,), steps=4)
    for label in runs.SLOPED:
        assert np.array_equal(half.accuracy[label], small.accuracy[label][:, [2, 0]])
    assert np.array_equal(half.slopes, small.slopes[:, [2, 0]])


# --- saddles ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("place", saddle.PLACES)
def test_gradients_are_those_of_torch(place):
    task = saddle._task(place, (0, 1))
    rng = np.random.default_rng(5)
    inner, outer = (part + 0.1 * rng.normal(size=part.shape) for part in (task.inner, task.outer))
    slope = rng.uniform(saddle.LOWER, saddle.UPPER, size=(2, 2, task.y.shape[1]))
    by_inner, by_outer, loss = saddle._gradients(task, inner, outer, slope)
    w, v = (torch.tensor(part, requires_grad=True) for part in (inner, outer))
    z = w @ torch.tensor(task.x).mT
    out = (v[..., None] * torch.where(z > 0, z, torch.tensor(slope) * z)).sum(1)
    each = 0.5 * (out - torch.tensor(task.y)).square().mean(1)
    each.sum().backward()
    assert np.allclose(by_inner, w.grad.numpy(), rtol=1e-12, atol=1e-14)
    assert np.allclose(by_outer, v.grad.numpy(), rtol=1e-12, atol=1e-14)
    assert loss == pytest.approx(each.detach().numpy(), rel=1e-12)


def test_the_places_are_what_they_are_called():
    found = saddle.surroundings()
    assert found.gradient.max() < 1e-14
    origin, silent, basin = range(3)
    for place in (origin, silent):
        assert (found.rise[place] > 0.1).all() and (found.fall[place] > 0.1).all()
    assert (found.fall[basin] == 0).all() and (found.rise[basin] > 0.9).all()
    assert str(found).splitlines()[0].split()[0] == "place"


def test_the_silent_saddle_bends_down_somewhere():
    """The second derivative by torch has eigenvalues of both signs, so it is a strict saddle."""
    task = saddle._task("silent", (0,))
    inputs, target = torch.tensor(task.x[0]), torch.tensor(task.y[0])
    start = torch.tensor(np.concatenate([task.inner[0].ravel(), task.outer[0]]))

    def loss(point):
        z = inputs @ point[:10].reshape(2, 5).T
        return 0.5 * (torch.where(z > 0, z, saddle.MEAN * z) @ point[10:] - target).square().mean()

    eigenvalues = torch.linalg.eigvalsh(torch.autograd.functional.hessian(loss, start))
    assert eigenvalues[0] < -0.05 and eigenvalues[-1] > 0.05


def test_who_escapes():
    found = saddle.escape()
    assert not found.left("origin", "random").any() and found.left("origin", "nudged").all()
    assert np.array_equal(found.loss["origin", "random"], found.loss["origin", "fixed"])
    assert found.left("silent", "random").all() and found.left("silent", "nudged").all()
    assert (found.when("silent", "random") < found.when("silent", "nudged")).all()
    assert np.isnan(found.when("basin", "random")).all()
    share, low, high = found.share("basin", "random")
    assert share == 0 and low == 0 and 0.1 < high < 0.2
    assert "random" in found.chart("silent").words and str(found).splitlines()[0].split()[0] == "place"
    with pytest.raises(ValueError, match="place and kind must be among"):
        found.left("summit", "random")


def test_half_of_the_seeds_escapes_in_the_same_bits():
    whole = saddle.escape(range(4), places=("silent",), kinds=("random", "nudged"), steps=30)
    half = saddle.escape((1, 3), places=("silent",), kinds=("random", "nudged"), steps=30)
    for key in whole.loss:
        assert np.array_equal(whole.loss[key][[1, 3]], half.loss[key])


# --- through layers ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["relu", "elu", "selu"])
def test_layers_are_those_of_torch(name):
    found = layers.through_layers(((name, layers.Case(name, 1.5)),), (4, 7), depth=3, width=6, examples=2)
    rng = np.random.default_rng(4)
    h, delta = (torch.tensor(rng.normal(size=(2, 6))) for _ in range(2))
    weights = torch.tensor(rng.normal(size=(3, 6, 6)) * (1.5 / 6) ** 0.5)
    outputs = []
    for weight in weights:
        h = getattr(torch.nn.functional, name)(h.requires_grad_() @ weight.T)
        outputs.append(h)
    gradients = torch.autograd.grad((outputs[-1] * delta).sum(), outputs)
    expected = [float(g.square().mean() / delta.square().mean()) for g in gradients]
    made = [one.detach() for one in outputs]
    assert found.mean[name][0] == pytest.approx([one.mean().item() for one in made], rel=1e-10)
    assert found.mean_square[name][0] == pytest.approx([one.square().mean().item() for one in made], rel=1e-10)
    assert found.gradient[name][0] == pytest.approx(expected, rel=1e-10)


def test_a_variance_of_zero_stands_for_the_one_that_suits():
    relu, half = (layers.Case("relu", variance) for variance in (0, 2))
    found = layers.through_layers((("suits", relu), ("he", half)), range(2), depth=4, width=8)
    assert found.mean_square["suits"] == pytest.approx(found.mean_square["he"], rel=1e-9)


def test_half_of_the_networks_has_the_same_bits():
    whole = layers.through_layers(None, range(4), depth=3, width=8)
    half = layers.through_layers(None, (1, 2), depth=3, width=8)
    for label in layers.CASES:
        assert np.array_equal(whole.gradient[label][1:3], half.gradient[label])


def test_the_broken_networks_break_as_the_map_says():
    found = layers.through_layers(tuple(layers.BREAKS.items()))
    for label, case in layers.BREAKS.items():
        q = 1.0
        for _ in range(50):
            q = layers.selu_map(q, case.variance)
        assert np.log10(found.mean_square[label][:, -1].mean() / q) == pytest.approx(0, abs=0.3)


def test_the_charts_of_depth_say_what_they_show():
    found = layers.through_layers(None, range(2), depth=3, width=8)
    assert found.chart().y.scale == "log" and found.chart("mean").y.scale == "linear"
    assert found.chart("gradient").words.startswith("Gradient by layer; in the first layer")
    broken = layers.through_layers(tuple(layers.BREAKS.items()), range(2), depth=3, width=8)
    assert [line.label for line in broken.chart().marks] == [*layers.BREAKS]
    with pytest.raises(ValueError, match="what must be one of"):
        found.chart("median")


def test_the_map_chart_marks_the_fixed_point():
    marks = layers.map_chart().marks
    assert (marks[-1].x[0], marks[-1].y[0]) == (1, 1)
    one = next(mark for mark in marks if mark.label == "s = 1")
    assert np.interp(1, one.x, one.y) == pytest.approx(1, abs=1e-9)


# --- the explorable ---------------------------------------------------------------------------------------------------


def test_the_explorable_is_light_and_its_frames_have_one_shape():
    made = explore(layers.family_chart, kind=layers.FAMILY, alpha=[0.1, 1, 2], variance=tuple(layers.VARIANCES))
    assert made.frames == 36 and len(made.payload) < 20_000


def test_the_curves_are_those_of_the_package():
    function, _ = layers.family_chart("CELU", 2.0)
    f, slope = function.marks[1:]
    assert np.array_equal(f.y, values.celu(f.x, alpha=2.0))
    assert np.array_equal(slope.y, slopes.celu(f.x, alpha=2.0))
    kinked = layers.family_chart("ELU", 2.0)[0].marks[2]
    assert np.isnan(kinked.y[kinked.x == 0]).all() and np.isfinite(kinked.y[kinked.x != 0]).all()


def test_the_scaled_elu_is_selu_at_its_alpha():
    alpha = float(selu.ALPHA)
    y = layers.family_chart("scaled ELU", alpha)[0].marks[1]
    assert y.y == pytest.approx(values.selu(y.x), rel=1e-6)


def test_ten_layers_of_the_identity_keep_the_mean_square_on_average():
    _, panel = layers.family_chart("leaky ReLU", 1.0)
    square = panel.marks[-1]
    assert square.lo[-1] < 1 < square.hi[-1]
    assert panel.words.startswith("After ten layers with weights of variance 1 over n: mean")


# --- bad settings -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: runs.waking((-0.1,)), "waking: slope must be a finite number that is not negative"),
        (lambda: runs.waking(rate=0), "waking: rate must be a finite number above 0"),
        (lambda: runs.waking(seeds=[1]), "waking: seeds must hold at least 2"),
        (lambda: runs.waking(most=0), "waking: most must be a whole number"),
        (lambda: runs.drawn_slopes(0), "drawn_slopes: count must be a whole number"),
        (lambda: runs.learned_slopes(()), "learned_slopes: truths must name at least one"),
        (lambda: runs.learned_slopes(steps=0), "learned_slopes: steps must be a whole number"),
        (lambda: runs.learned_slopes(noise=-1), "learned_slopes: noise must be a finite number"),
        (lambda: runs.data_sizes((0,)), "data_sizes: size must be a whole number"),
        (lambda: runs.data_sizes((10,)), "batch must not exceed examples"),
        (lambda: saddle.escape(places=("summit",)), "escape: place must be one of origin, silent, basin"),
        (lambda: saddle.escape(kinds=("bold",)), "escape: kind must be one of"),
        (lambda: saddle.escape(rate=-1), "escape: rate must be a finite number above 0"),
        (lambda: saddle.surroundings(("summit",)), "surroundings: place must be one of"),
        (lambda: saddle.surroundings(size=0), "surroundings: size must be a finite number above 0"),
        (lambda: layers.Case("leeky_relu"), "Case: activation: unknown activation"),
        (lambda: layers.Case("relu", -1), "Case: variance must be a finite number"),
        (lambda: layers.through_layers(()), "through_layers: cases must name at least one"),
        (lambda: layers.through_layers(depth=0), "through_layers: depth must be a whole number"),
        (lambda: layers.family_chart("GELU", 1), "family_chart: kind must be one of"),
        (lambda: layers.family_chart("ELU", 0), "family_chart: alpha must be a finite number above 0"),
        (lambda: layers.family_chart("ELU", 1, "5"), "family_chart: variance must be one of"),
    ],
)
def test_what_is_wrong_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- claims -----------------------------------------------------------------------------------------------------------

OURS = {id: claim for id, claim in claims.all_claims().items() if claim.subject == "leaky_family"}


def test_the_rows_of_the_sources_are_answered():
    rows = {row for claim in OURS.values() for row in claim.sources}
    assert rows == {"S0.17", "S3.13", "S3.14", "S3.15", "S3.16", "S4.17"}


@pytest.mark.parametrize("id", OURS)
def test_the_claim_stands(id):
    assert OURS[id].evidence().says


def test_the_claim_on_saddles_falls_when_the_origin_is_left(monkeypatch):
    """Were random slopes to leave the origin, there would be no counterexample, and the claim would say so."""
    found = saddle.escape()
    loss = {**found.loss, ("origin", "random"): found.loss["silent", "random"]}
    forged = saddle.Escape(found.steps, found.seeds, loss)
    monkeypatch.setattr(saddle, "escape", lambda: forged)
    claim = OURS["a-random-slope-leaves-some-saddles"]
    with pytest.raises(claims.ClaimError, match="is no counterexample"):
        claim._refuse_fallen(claim.function())
