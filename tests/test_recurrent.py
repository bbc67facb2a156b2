"""The chapter on recurrent networks: its derivations, its rates and its networks, against numbers, torch and SciPy."""

import mpmath
import numpy as np
import pytest
import sympy as sp
import torch
from activations import charts, claims, values
from activations.experiments import _unrolled as unrolled
from activations.experiments import lags, matrix_products, recurrent
from activations.experiments._summary import mean_interval
from activations.explore import Control, explore
from activations.proofs import Derivation, ProofError
from activations.proofs import recurrent as proofs
from scipy import stats

DERIVATIONS = (
    "chain", "fixed_point_slope", "half_life", "jacobian", "log_mean", "mean_square", "moments", "shortening",
    "triangular_powers", "uniform_powers",
)  # fmt: skip

# --- proofs -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", DERIVATIONS)
def test_a_derivation_holds_and_argues_nothing(name):
    derivation = getattr(proofs, name)()
    assert derivation.last != derivation.start and not derivation.argued


def test_the_chain_is_torchs():
    h0 = torch.tensor(0.3, dtype=torch.float64, requires_grad=True)
    w, u1, u2 = 1.7, -0.2, 0.4
    h1 = torch.tanh(w * h0 + u1)
    h2 = torch.tanh(w * h1 + u2)
    (slope,) = torch.autograd.grad(h2, h0)
    assert slope.item() == pytest.approx(w**2 * (1 - h1.item() ** 2) * (1 - h2.item() ** 2), rel=1e-14)


@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_the_triangular_powers_are_the_powers(n):
    a, c = sp.Rational(9, 10), sp.Integer(3)
    assert sp.Matrix([[a, c], [0, a]]) ** n == sp.Matrix([[a**n, n * c * a ** (n - 1)], [0, a**n]])


def test_the_stretch_is_numpys():
    exact = float(proofs.stretch(proofs.TRIANGULAR))
    assert exact == pytest.approx(np.linalg.norm(np.array(proofs.TRIANGULAR, dtype=float), 2), rel=1e-14)
    assert exact > 1


@pytest.mark.parametrize("count", [1, 2, 7])
def test_the_log_of_a_chi_square_has_the_derived_mean_and_variance(count):
    density = stats.chi2(count).pdf
    # In u = log x, so that the density has no pole.
    mean, square = (
        mpmath.quad(lambda u, p=p: u**p * density(float(mpmath.exp(u))) * mpmath.exp(u), [-60, -20, -5, 0, 3, 6])
        for p in (1, 2)
    )
    derived = float(np.log(2) + mpmath.digamma(count / 2))
    assert float(mean) == pytest.approx(derived, abs=1e-9)
    assert float(square - mean**2) == pytest.approx(float(proofs.log_variance(count)), abs=1e-8)


def test_the_half_life_halves():
    steps = proofs.half_life().last.rhs
    (bias,) = steps.free_symbols
    for value in (-2.0, 0.0, 3.0):
        assert values.sigmoid(value) ** float(steps.subs(bias, value)) == pytest.approx(0.5, rel=1e-12)


def test_a_resting_tanh_has_the_derived_slope():
    weight, state = 1.8, 0.5
    for _ in range(200):
        state = np.tanh(weight * state)
    z = weight * state
    assert weight * (1 - state**2) == pytest.approx(2 * z / np.sinh(2 * z), rel=1e-12) and 2 * z / np.sinh(2 * z) < 1


A, C = sp.symbols("a c", positive=True)
Z = sp.Symbol("z", positive=True)
N = sp.Symbol("n", integer=True, positive=True)


@pytest.mark.parametrize(
    ("start", "broken"),
    [
        (proofs.fixed_point_slope().start, 2 * Z / sp.sinh(Z)),
        (proofs.triangular_powers().start, sp.Matrix([[A ** (N + 1), N * C * A**N], [0, A ** (N + 1)]])),
        (proofs.uniform_powers().start, 2 ** (N + 1) * A ** (N + 1) * sp.ones(2, 2)),
        (proofs.shortening().start, proofs.shortening().start + 1),
    ],
)
def test_a_slip_is_found(start, broken):
    with pytest.raises(ProofError, match="is false"):
        Derivation(start).then(broken, because="broken on purpose")


# --- rates of products ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("width", "variance"), [(1, 1.0), (4, 1.0), (16, 1 / 16), (50, 0.1)])
def test_the_rate_is_mpmaths(width, variance):
    exact = (mpmath.log(2 * mpmath.mpf(variance)) + mpmath.digamma(mpmath.mpf(width) / 2)) / 2
    assert matrix_products.growth_rate(width, variance) == pytest.approx(float(exact), rel=1e-13, abs=1e-15)
    assert float(proofs.growth_rate(width, variance)) == pytest.approx(float(exact), rel=1e-13, abs=1e-15)
    assert matrix_products.step_variance(width) == pytest.approx(float(mpmath.psi(1, width / 2)) / 4, rel=1e-13)


@pytest.mark.parametrize("width", [1, 3, 20])
def test_the_relu_rate_is_the_sum_over_active_counts(width):
    coins = [
        mpmath.binomial(width, on) / (2**width - 1) * mpmath.digamma(mpmath.mpf(on) / 2) for on in range(1, width + 1)
    ]
    exact = float((mpmath.log(mpmath.mpf(2) / 3) + mpmath.fsum(coins)) / 2)
    assert matrix_products.relu_growth_rate(width, 1 / 3) == pytest.approx(exact, rel=1e-12)
    assert float(proofs.relu_growth_rate(width, sp.Rational(1, 3))) == pytest.approx(exact, rel=1e-12)


def test_the_measured_growth_holds_the_exact_rate_and_spread():
    found = matrix_products.products()
    for row, width in enumerate(found.widths):
        growth = found.growth["linear, fresh W"][row]
        error = np.sqrt(matrix_products.step_variance(width) / (found.depth * growth.size))
        assert abs(growth.mean() - matrix_products.growth_rate(width, 1 / width)) < 3.3 * error
        chances = stats.chi2(growth.size - 1)
        scaled = (growth.size - 1) * growth.var(ddof=1) * found.depth / matrix_products.step_variance(width)
        assert chances.ppf(0.001) < scaled < chances.ppf(0.999)


def test_a_rate_for_another_width_would_be_noticed():
    found = matrix_products.products()
    growth = found.growth["linear, fresh W"][0]
    error = np.sqrt(matrix_products.step_variance(16) / (found.depth * growth.size))
    assert abs(growth.mean() - matrix_products.growth_rate(8, 1 / 8)) > 3.3 * error


def test_products_are_those_of_a_plain_loop():
    found = matrix_products.products((16,), (7, 3), depth=5, share=2.0)
    rng = np.random.default_rng(3)
    start = rng.normal(size=(16, 2))
    matrices = rng.normal(size=(5, 16, 16)) * (2 / 16) ** 0.5
    for kind in matrix_products.KINDS:
        x, v = start.T
        for step in range(5):
            matrix = matrices[0 if "one" in kind else step]
            x, v = matrix @ x, matrix @ v
            if "ReLU" in kind:
                x, v = np.maximum(x, 0), v * (x > 0)
        grown = np.log(np.linalg.norm(v) / np.linalg.norm(start[:, 1])) / 5
        assert found.growth[kind][0, 1] == pytest.approx(grown, rel=1e-10)


def test_a_share_moves_every_rate_by_half_its_logarithm():
    small, large = (matrix_products.products((16,), (0, 1), depth=10, share=share) for share in (1.0, 3.0))
    for kind in matrix_products.KINDS:
        assert np.allclose(large.growth[kind] - small.growth[kind], np.log(3) / 2, atol=1e-12)


def test_products_say_what_they_measured():
    found = matrix_products.products((16,), (0, 1, 2), depth=4)
    assert str(found).splitlines()[0].split() == ["width", "product", "growth", "a", "step", "exact", "spread"]
    assert np.isnan(found.exact("linear, one W")).all()
    assert len(found.chart().marks) == 1 + 4 + 2


def test_the_powers_are_numpys():
    triangular = [[0.9, 1.0], [0.0, 0.9]]
    chart = matrix_products.powers_chart({"triangular": triangular, "half": [[0.5]]}, 12)
    expected = [np.linalg.norm(np.linalg.matrix_power(triangular, t), 2) for t in range(13)]
    assert np.allclose(chart.marks[0].y, expected, rtol=1e-12)
    assert chart.words.startswith("triangular: at most 3.91, and") and "half: at most 1, and" in chart.words


def test_convolutions_are_torchs():
    found = matrix_products.convolutions((2.0,), (4, 9), depth=3, channels=2, size=5)
    rng = np.random.default_rng(9)
    image, back = rng.normal(size=(2, 5, 5)), rng.normal(size=(2, 5, 5))
    kernels = rng.normal(size=(3, 2, 18)) * (2 / 18) ** 0.5
    states = [torch.from_numpy(image)[None].requires_grad_()]
    for kernel in kernels:
        # Our patches list the nine places first and the channels within each.
        weight = torch.from_numpy(kernel).reshape(2, 3, 3, 2).permute(0, 3, 1, 2).flip(-1, -2)
        padded = torch.nn.functional.pad(states[-1], (1, 1, 1, 1), mode="circular")
        states.append(torch.relu(torch.nn.functional.conv2d(padded, weight)))
    sent = torch.from_numpy(back / np.linalg.norm(back))[None]
    grads = torch.autograd.grad((states[-1] * sent).sum(), states)
    expected = [np.log10(grad.norm().item()) for grad in reversed(grads)]
    assert np.allclose(found.norms["a kernel a layer"][0, :, 1], expected, atol=1e-12)


def test_a_relu_cnn_grows_by_its_variance_and_not_by_its_sharing():
    found = matrix_products.convolutions()
    one, two, three = found.factors("a kernel a layer")
    assert mean_interval(one)[2] < 1 < mean_interval(three)[1]
    assert np.allclose(three / one, np.sqrt(3), rtol=1e-10)  # a ReLU network is homogeneous in its weights
    assert mean_interval(two)[2] < 1.02
    assert str(found).splitlines()[1].split()[0] == "1/72"
    assert "50 convolutional ReLU layers" in found.chart().words


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: matrix_products.products((8,)), "widths must be 16 or more for ReLU"),
        (lambda: matrix_products.products((16,), kinds=("cubic",)), "kinds must be one of"),
        (lambda: matrix_products.products((16,), share=0), "share must be a finite number above 0"),
        (lambda: matrix_products.products((16,), seeds=(1, 1)), "at least 2 distinct"),
        (lambda: matrix_products.products(()), "widths must name at least one"),
        (lambda: matrix_products.convolutions(size=2), "size must be a whole number of at least 3"),
        (lambda: matrix_products.convolutions((-1,)), "shares must be a finite number above 0"),
        (lambda: matrix_products.growth_rate(0, 1.0), "width must be a whole number"),
        (lambda: matrix_products.powers_chart({"wide": [[1.0, 2.0]]}), "must be square"),
        (lambda: matrix_products.powers_chart({}), "must name at least one"),
    ],
)
def test_products_name_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- gradients through time -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["tanh", "relu", "gelu"])
def test_gradients_through_time_are_torchs(name):
    found = recurrent.through_time((name,), (0.8, 1.4), (2, 5), noise=0.3, width=6, steps=4)
    matrix, first, inputs, back = recurrent._drawn(np.random.default_rng(5), 6, 4)
    assert np.abs(np.linalg.eigvals(matrix)).max() == pytest.approx(1)
    function = getattr(torch.nn.functional, name, None) or getattr(torch, name)
    states, weight = [torch.from_numpy(first).requires_grad_()], 1.4 * torch.from_numpy(matrix)
    for seen in inputs:
        states.append(function(weight @ states[-1] + 0.3 * torch.from_numpy(seen)))
    grads = torch.autograd.grad(states[-1] @ torch.from_numpy(back), states)
    expected = [np.log10(grad.norm().item()) for grad in reversed(grads)]
    assert np.allclose(found.norms[name][1, 1], expected, atol=1e-12)


def test_without_an_activation_the_radius_decides():
    found = recurrent.through_time()
    for row, radius in enumerate(found.radii):
        assert abs(found.rate("identity")[row].mean() / radius - 1) < 0.05


def test_relu_turns_near_the_root_of_two_and_tanh_can_explode():
    found = recurrent.through_time()
    relu = found.rate("relu")
    assert mean_interval(relu[found.radii.index(1.3)])[2] < 1 < mean_interval(relu[found.radii.index(1.75)])[1]
    alone = recurrent.through_time(("tanh",), (1.0, 2.0), noise=0.0)
    assert mean_interval(alone.rate("tanh")[0])[2] < 1 < mean_interval(alone.rate("tanh")[1])[1]


def test_halves_of_the_seeds_are_the_whole():
    whole = recurrent.through_time(("relu",), (1.1,), range(4), width=8, steps=6).norms["relu"]
    halves = [
        recurrent.through_time(("relu",), (1.1,), seeds, width=8, steps=6).norms["relu"]
        for seeds in (range(2), range(2, 4))
    ]
    assert np.array_equal(whole, np.concatenate(halves, axis=1))


def test_the_charts_of_time_say_what_they_show():
    assert recurrent.time_chart("relu", 0.5, 0.5).words.startswith("ReLU, spectral radius 0.5, inputs of size 0.5: 100")
    assert recurrent.time_chart("tanh", 2.0, 0).words.startswith("Hyperbolic tangent, spectral radius 2, no inputs")
    assert "by spectral radius" in recurrent.through_time().chart().words


def test_the_explorable_is_light():
    page = explore(
        recurrent.time_chart,
        radius=Control(recurrent.RADII),
        inputs=Control([0.0, 0.5, 1.0]),
        activation=["tanh", "relu", "identity"],
    )
    assert len(page.payload) < 80_000


def test_the_gradient_along_cells_is_that_of_torchs_lstm():
    found = recurrent.gates((2.0,), (3, 8), width=3, steps=5)
    rng = np.random.default_rng(8)
    weights = torch.from_numpy(rng.uniform(-1, 1, size=(6, 12)) / 3**0.5)
    inputs, back = torch.from_numpy(rng.normal(size=(5, 1, 3))), rng.normal(size=(1, 3))
    cell = torch.nn.LSTMCell(3, 3, dtype=torch.float64)
    order = [1, 0, 3, 2]  # torch's input, forget, candidate and output gate among our forget, input, output, candidate
    turned = torch.cat([weights.chunk(4, dim=1)[place] for place in order], dim=1).T
    bias = torch.zeros(12, dtype=torch.float64)
    bias[3:6] = 2.0
    with torch.no_grad():
        for parameter, value in zip(cell.parameters(), (turned[:, 3:], turned[:, :3], bias, 0 * bias), strict=True):
            parameter.copy_(value)
    hidden, cells = torch.zeros(1, 3, dtype=torch.float64), [torch.zeros(1, 3, dtype=torch.float64).requires_grad_()]
    for seen in inputs:
        hidden, last = cell(seen, (hidden, cells[-1]))
        cells.append(last)
    grads = torch.autograd.grad((cells[-1] * torch.from_numpy(back / np.linalg.norm(back))).sum(), cells)
    assert np.allclose(found.norms[0, 1], [np.log10(grad.norm().item()) for grad in reversed(grads)], atol=1e-12)


def test_a_larger_forget_bias_lets_more_through():
    found = recurrent.gates()
    assert np.all(np.diff(found.rate.mean(axis=1)) > 0)
    assert str(found).splitlines()[1].split()[:2] == ["0", "0.5"]
    assert len(found.chart().marks) == 1 + 2 * len(found.biases)


def test_the_slope_of_a_unit_is_that_of_a_difference():
    bias, h = np.array([-0.3, 0.1, 0.6]), 1e-6
    _, slope = recurrent.unit(1.7, bias, -0.4, 12)
    above, below = (recurrent.unit(1.7, bias + side * h, -0.4, 12)[0] for side in (1, -1))
    assert np.allclose(slope, (above - below) / (2 * h), rtol=1e-6)


@pytest.mark.parametrize("weight", [1.2, 2.0, 5.0])
def test_at_the_fold_the_map_touches_the_diagonal(weight):
    bias, state = recurrent.fold(weight), -np.sqrt(1 - 1 / weight)
    assert np.tanh(weight * state + bias) == pytest.approx(state, rel=1e-12)
    assert weight * (1 - state**2) == pytest.approx(1, rel=1e-12)
    before, after = recurrent.unit(weight, np.array([bias - 0.01, bias + 0.01]), -0.99, 2000)[0]
    assert before < 0 < after


def test_the_gradient_has_a_spike_at_the_fold():
    loss, gradient = recurrent.cliff_chart()
    spike = gradient.marks[1]
    assert abs(spike.x[spike.y.argmax()] - recurrent.fold(2.0)) < 0.01
    assert spike.y.max() > 1000 * np.median(spike.y) and loss.title == "Loss"


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: recurrent.through_time(("reluu",)), "activation"),
        (lambda: recurrent.through_time(radii=(-1,)), "radii must be a finite number that is not negative"),
        (lambda: recurrent.through_time(noise=-1), "noise"),
        (lambda: recurrent.through_time(steps=0), "steps must be a whole number"),
        (lambda: recurrent.time_chart("tanh", 0.55, 0.0), "radius must be one of"),
        (lambda: recurrent.gates((np.inf,)), "biases must be finite"),
        (lambda: recurrent.gates(seeds=(0,)), "at least 2 distinct"),
        (lambda: recurrent.fold(1.0), "weight must be above 1"),
        (lambda: recurrent.unit(1.0, np.zeros(1), 0.0, 0), "steps must be a whole number"),
    ],
)
def test_what_goes_through_time_names_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- unrolled networks and the task with a lag --------------------------------------------------------------------


def _random_parameters(kinds: list[str], width: int) -> list[torch.Tensor]:
    rng, many = np.random.default_rng(1), 4 if kinds[0] == "lstm" else 1
    shapes = (width, many * width), (2, many * width), (1, many * width), (width, 1), (1, 1)
    return [torch.from_numpy(rng.normal(size=(len(kinds), *shape))).requires_grad_() for shape in shapes]


@pytest.mark.parametrize("kinds", [["tanh", "relu", "relu", "relu6"], ["lstm", "lstm"]])
def test_what_comes_back_by_hand_is_what_torch_records(kinds):
    parameters = _random_parameters(kinds, 3)
    rng = np.random.default_rng(2)
    seen = torch.from_numpy(3 * rng.normal(size=(5, len(kinds), 4, 2)))
    sent = torch.from_numpy(rng.normal(size=(len(kinds), 4)))
    recurrent_, inner, bias, outer, shift = parameters
    first = torch.zeros(len(kinds), 4, 3, dtype=torch.float64, requires_grad=True)
    remembered = torch.zeros(len(kinds), 4, 3, dtype=torch.float64, requires_grad=True)
    functions = {"tanh": torch.tanh, "relu": torch.relu, "relu6": torch.nn.functional.relu6}
    state, cell = first, remembered
    for step in seen:
        sums = step @ inner + bias + state @ recurrent_
        if kinds[0] == "lstm":
            state, cell = unrolled.lstm_step(sums, cell)
        else:
            state = torch.stack([functions[kind](part) for kind, part in zip(kinds, sums, strict=True)])
    logits = (state @ outer + shift)[..., 0]
    loss = (logits * sent).sum()
    with torch.no_grad():
        by_hand, *kept_back = unrolled.forward(kinds, parameters, seen)
        slopes, reach = unrolled.gradients(kinds, parameters, seen, *kept_back, sent)
    assert torch.allclose(by_hand, logits, rtol=1e-12)
    *recorded, at_first, at_cell, at_last = torch.autograd.grad(
        loss, [*parameters, first, remembered, state], allow_unused=True
    )
    assert all(torch.allclose(ours, theirs, rtol=1e-10) for ours, theirs in zip(slopes, recorded, strict=True))
    along = 0 if at_cell is None else at_cell.square().sum((1, 2))
    theirs = (at_first.square().sum((1, 2)) + along).sqrt() / at_last.norm(dim=(1, 2))
    assert torch.allclose(reach, theirs, rtol=1e-10)


KINDS = (lags.Kind("tanh", "2/n"), lags.Kind("lstm", clip=True, forget=1.0), lags.Kind("relu", "identity", clip=True))
SHORT = lags.Recipe(steps=3, batch=4, width=4, test=20)


def test_the_order_of_the_kinds_does_not_matter():
    one, other = (lags.lags(kinds, (5,), (0, 1), SHORT) for kinds in (KINDS, KINDS[::-1]))
    for name in ("accuracy", "largest", "before", "after"):
        assert np.array_equal(getattr(one, name), getattr(other, name)[::-1])


def test_seeds_do_not_touch_each_other():
    both = lags.lags(KINDS, (5,), (0, 1), SHORT)
    other = lags.lags(KINDS, (5,), (1, 2), SHORT)
    assert np.allclose(both.before[..., 1], other.before[..., 0], rtol=1e-5)
    assert np.array_equal(both.accuracy[..., 1], other.accuracy[..., 0])


def test_clipping_limits_the_step_and_keeps_its_direction():
    parameters = [torch.zeros(2, 1, 2), torch.zeros(2, 1, 1)]
    slopes = [torch.tensor([[[3.0, 0.0]], [[0.3, 0.0]]]), torch.tensor([[[4.0]], [[0.4]]])]
    norm = lags._descend(parameters, slopes, 0.5, torch.tensor([1.0, 1.0]))
    assert norm.tolist() == pytest.approx([5.0, 0.5])
    assert parameters[0].flatten().tolist() == pytest.approx([-0.3, 0.0, -0.15, 0.0])
    assert parameters[1].flatten().tolist() == pytest.approx([-0.4, -0.2])


def test_the_starts_are_what_they_are_called():
    group = lags._Group([lags.Kind("relu", start) for start in lags.STARTS], range(30), lags.Recipe(width=20))
    weight = group.parameters()[0].reshape(3, 30, 20, 20)
    assert weight[0].var().item() * 20 == pytest.approx(1, abs=0.05)
    assert torch.allclose(weight[1], weight[0] * 2**0.5)
    assert torch.equal(weight[2], torch.eye(20).expand(30, 20, 20))


def test_the_forget_bias_is_on_the_forget_gate():
    group = lags._Group([lags.Kind("lstm", forget=3.0)], range(2), lags.Recipe(width=4))
    bias = group.parameters()[2]
    assert torch.equal(bias[..., :4], torch.full((2, 1, 4), 3.0)) and not bias[..., 4:].any()


def test_the_sign_is_seen_at_the_first_step_only():
    group = lags._Group([lags.Kind("tanh")] * 2, range(3), SHORT)
    signal, noise = lags._sequences([lags._dice(seed)[1] for seed in range(3)], 6, 4, 0.5)
    seen = group.seen(signal, noise)
    assert seen.shape == (6, 6, 4, 2) and torch.equal(seen[:, :3], seen[:, 3:])
    assert torch.equal(seen[0, :3, :, 0], signal) and not seen[1:, ..., 0].any()
    assert set(signal.flatten().tolist()) == {-1.0, 1.0}


def test_long_lags_need_a_plan():
    found = lags.lags()
    clipped, plain = (lags.Kind("relu", "identity", clip=clip) for clip in (True, False))
    assert found.solved(clipped, 40)[1] > found.solved(plain, 40)[2]
    assert found.overflowed(plain, 40) > 0.2 and found.overflowed(clipped, 40) == 0
    for kind in (clipped, lags.Kind("tanh", "identity", clip=True), lags.Kind("lstm", clip=True, forget=3.0)):
        assert found.solved(kind, 40)[0] > 0.9
    assert str(found).splitlines()[0].split()[:3] == ["lag", "10,", "%"]
    assert isinstance(found.chart(), charts.Chart) and "for 40 steps" in found.chart().words
    assert len(found.chart(10, [clipped]).marks[0].names) == 1


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: lags.Kind("gelu"), "activation must be one of"),
        (lambda: lags.Kind("relu", "zero"), "start must be one of"),
        (lambda: lags.Recipe(rate=0), "rate must be a finite number above 0"),
        (lambda: lags.Recipe(noise=-1), "noise"),
        (lambda: lags.Recipe(longer=0), "longer must be a whole number"),
        (lambda: lags.lags(lengths=(1,)), "lengths must be a whole number of at least 2"),
        (lambda: lags.lags(()), "kinds must name at least one"),
        (lambda: lags.lags(KINDS, (5,), (0,)), "at least 2 distinct"),
        (lambda: lags.lags().chart(11), "lag must be one of"),
    ],
)
def test_lags_name_what_is_wrong(call, message):
    with pytest.raises(ValueError, match=message):
        call()


# --- claims -----------------------------------------------------------------------------------------------------------

OURS = [claim for claim in claims.all_claims().values() if claim.subject == "recurrent"]


@pytest.mark.parametrize("claim", OURS, ids=lambda claim: claim.id)
def test_a_claim_stands(claim):
    assert claim.evidence().says


def test_the_rows_of_the_sources_are_answered():
    assert {row for claim in OURS for row in claim.sources} == {"S1.10", "S1.11", "S1.12", "S3.6"}
