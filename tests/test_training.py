"""Ensembles that train, against torch's own optimisers on one network, and results that are kept on disk."""

import os
from dataclasses import replace

import numpy as np
import pytest
import torch
import torch.nn.functional as F
from activations.experiments import _kept, training
from activations.experiments._summary import in_words
from activations.experiments.digits import TEST, TRAIN, split
from activations.experiments.ensemble import Ensemble, Network
from activations.experiments.training import Recipe, train

SMALL = Network("tanh", depth=2, width=8)
QUICK = Recipe(steps=6, batch=16, every=2, rates=(0.1, 0.5))


def _trained_by_torch(optimiser, recipe, rate, seed, clip=None):
    """The accuracies of one network, trained by torch.optim from the same start on the same batches."""
    ensemble = Ensemble(SMALL, [seed], dtype=torch.float32)
    layers = [
        tuple(p[0, 0].clone().requires_grad_() for p in (layer.weight, layer.bias))
        for layer in (*ensemble.layers, ensemble.readout)
    ]
    parameters = [parameter for layer in layers for parameter in layer]
    step = optimiser(parameters, lr=rate)

    def logits(h):
        for weight, bias in layers[:-1]:
            h = torch.tanh(F.linear(h, weight, bias))
        return F.linear(h, *layers[-1])

    x, labels = training._pictures("train")
    test, _ = training._pictures("test")
    for batch in training._order(seed, recipe):
        step.zero_grad()
        F.cross_entropy(logits(x[batch]), labels[batch]).backward()
        if clip is not None:
            torch.nn.utils.clip_grad_norm_(parameters, clip)
        step.step()
    return F.cross_entropy(logits(x[:256]), labels[:256]).item(), logits(test).detach()


@pytest.mark.parametrize(
    ("optimiser", "settings"),
    [
        (torch.optim.SGD, {}),
        (lambda p, lr: torch.optim.SGD(p, lr=lr, momentum=0.9), {"momentum": 0.9}),
        (torch.optim.Adam, {"optimiser": "adam", "rates": (0.003, 0.02)}),
        (torch.optim.SGD, {"clip": 0.3}),
    ],
    ids=["sgd", "momentum", "adam", "clip"],
)
def test_training_is_what_torch_does_to_each_network(optimiser, settings):
    recipe = replace(QUICK, steps=25, **settings)
    result = train({"net": SMALL}, recipe, seeds=range(3))
    for index, rate in enumerate(recipe.rates):
        loss, logits = _trained_by_torch(optimiser, recipe, rate, 2, settings.get("clip"))
        assert result.loss["net"][index, 2, -1] == pytest.approx(loss, rel=1e-4)
        accuracy = (logits.argmax(-1) == training._pictures("test")[1]).double().mean().item()
        assert result.accuracy["net"][index, 2, -1] == pytest.approx(accuracy, abs=1.5 / TEST)


@pytest.mark.parametrize(
    "network",
    [
        SMALL,
        replace(SMALL, activation="rrelu"),
        replace(SMALL, activation="prelu"),
        replace(SMALL, activation="maxout"),
        replace(SMALL, activation="swiglu"),
        replace(SMALL, normalise=True, scheme="torch"),
        replace(SMALL, gated=True),
    ],
    ids=lambda network: network.activation,
)
def test_halves_of_the_seeds_give_the_same_bits(network):
    recipe = replace(QUICK, probes=("mean", "gradient", "histogram"))
    whole, first, second = (train({"n": network}, recipe, seeds) for seeds in (range(4), range(2), range(2, 4)))
    for what in ("loss", "accuracy"):
        parts = [getattr(one, what)["n"] for one in (first, second)]
        assert np.array_equal(getattr(whole, what)["n"], np.concatenate(parts, axis=1), equal_nan=True)
    for probe, found in whole.probed.items():
        parts = [one.probed[probe]["n"] for one in (first, second)]
        assert np.array_equal(found["n"], np.concatenate(parts, axis=1), equal_nan=True)


def test_the_digits_are_split_once_and_for_all():
    digits = split()
    assert (len(digits.train), len(digits.test)) == (TRAIN, TEST)
    assert np.bincount(digits.test_labels).min() >= 43
    np.testing.assert_allclose(digits.train.mean(0), 0, atol=1e-12)
    assert not (digits.train[:, None, :] == digits.test[None, :40]).all(-1).any()
    with pytest.raises(ValueError, match="read-only"):
        digits.train[0] = 0


def test_every_epoch_sees_every_picture_once():
    recipe = Recipe(steps=4, batch=300, examples=600)
    order = training._order(0, recipe)
    for epoch in (order[:2], order[2:]):
        assert sorted(epoch.ravel()) == list(range(600))
    assert not np.array_equal(order[:2], order[2:])
    assert not np.array_equal(order, training._order(1, recipe))


def test_probes_are_written_down_at_every_watch():
    result = train(
        {"prelu": replace(SMALL, activation="prelu")}, replace(QUICK, probes=("slope", "saturated")), range(3)
    )
    assert result.steps.tolist() == [0, 2, 4, 6]
    slopes = result.probed["slope"]["prelu"]
    assert slopes.shape == (2, 3, 4, 2)
    np.testing.assert_allclose(slopes[:, :, 0], 0.25)
    assert np.all(slopes[:, :, -1] != 0.25)


def test_the_result_shows_who_learned():
    networks = {"tanh": SMALL, "sigmoid": replace(SMALL, activation="sigmoid", depth=8)}
    result = train(networks, Recipe(steps=100, rates=(1e-4, 0.3)), seeds=range(5))
    assert result.best_rate("tanh") == 0.3
    assert result.learned("tanh", 0.3).all() and not result.learned("sigmoid", 0.3).any()
    assert len(repr(result).splitlines()) == 5 and "100%" in repr(result)
    chart = result.chart("accuracy", {"tanh": 0.3})
    assert chart.marks[0].colour != chart.marks[1].colour
    assert chart.marks[0].y[-1] > 0.8 > 0.3 > chart.marks[1].y[-1]
    twins = train({"a": SMALL, "b": replace(SMALL, residual=True)}, QUICK, seeds=range(2)).chart("loss")
    assert len({(line.colour, line.dash) for line in twins.marks}) == 2


def test_a_run_that_overflows_is_reported_and_is_never_the_best():
    network = Network("relu", depth=6, width=8, gain=3.0)
    result = train({"n": network}, Recipe(steps=40, rates=(1e6, 0.001)), seeds=range(3))
    assert not np.isfinite(result.loss["n"][0, :, -1]).all()
    assert result.best_rate("n") == 0.001
    assert not result.learned("n", 1e6).any()
    assert np.isnan(result.chart("loss").marks[0].y[-1])


@pytest.mark.parametrize(
    "settings",
    [
        {"steps": 0},
        {"batch": 0},
        {"rates": ()},
        {"rate": (-0.1,)},
        {"momentum": -0.5},
        {"optimiser": "magic"},
        {"clip": 0},
        {"batch": 99, "examples": 50},
        {"probe": ("joy",)},
        {"every": 1.5},
    ],
)
def test_a_bad_recipe_is_refused_and_the_field_named(settings):
    field = next(iter(settings))
    plural = {"rate": "rates", "probe": "probes"}
    with pytest.raises(ValueError, match=rf"^Recipe: {field}"):
        Recipe(**{plural.get(key, key): value for key, value in settings.items()})


def test_no_network_and_no_seed_are_refused():
    with pytest.raises(ValueError, match="networks"):
        train({})
    with pytest.raises(ValueError, match="seeds"):
        train({"n": SMALL}, seeds=())
    result = train({"n": SMALL}, QUICK, seeds=range(2))
    with pytest.raises(ValueError, match="rate must be one of"):
        result.final("n", 7.0)


# --- results kept on disk ---------------------------------------------------------------------------------------------


@pytest.fixture
def keeper(tmp_path, monkeypatch):
    """A function that counts its calls, kept in a folder of its own."""
    monkeypatch.setattr(_kept, "_folder", lambda: tmp_path)
    _kept._memory.cache_clear()
    calls = []

    def double(number, *, times=2):
        calls.append(number)
        if number < 0:
            raise ValueError("no")
        return np.full(3, times * number)

    yield _kept.kept(double), calls
    _kept._memory.cache_clear()


def test_a_result_is_computed_once(keeper):
    double, calls = keeper
    np.testing.assert_array_equal(double(2), double(number=2, times=2))
    assert calls == [2]
    assert double(2, times=3)[0] == 6 and calls == [2, 2]
    for _ in range(2):
        with pytest.raises(ValueError, match="no"):
            double(-1)
    assert calls == [2, 2, -1, -1]


def test_another_state_of_the_source_computes_again(keeper, monkeypatch, tmp_path):
    double, calls = keeper
    double(2)
    (old,) = tmp_path.iterdir()
    monkeypatch.setattr(_kept, "_digest", lambda: "another")
    _kept._memory.cache_clear()
    double(2)
    assert calls == [2, 2] and old.exists()
    os.utime(old, (0, 0))
    _kept._memory.cache_clear()
    double(2)
    assert calls == [2, 2] and not old.exists()


def test_the_digest_changes_with_the_source(tmp_path, monkeypatch):
    before = _kept._digest()
    monkeypatch.setattr(_kept, "_PACKAGE", tmp_path)
    (tmp_path / "a.py").write_text("x = 1\n")
    one = _kept._digest()
    (tmp_path / "a.py").write_text("x = 2\n")
    assert len({before, one, _kept._digest()}) == 3


def test_where_nothing_can_be_written_the_work_is_done_all_the_same(keeper, monkeypatch, tmp_path):
    double, calls = keeper
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(_kept, "_folder", lambda: tmp_path / "file")
    assert double(2)[0] == double(2)[0] == 4
    assert calls == [2, 2]


def test_results_lie_in_the_build_folder_of_a_checkout_or_in_the_users_cache(monkeypatch, tmp_path):
    assert _kept._folder().parts[-2:] == ("_build", ".experiments")
    monkeypatch.setattr(_kept, "_PACKAGE", tmp_path / "code" / "activations")
    assert _kept._folder().name == "activations"


def test_the_work_is_done_on_one_thread(keeper):
    threads = torch.get_num_threads()
    counted = _kept.kept(_threads)
    assert counted() == 1 and torch.get_num_threads() == threads


def _threads():
    return torch.get_num_threads()


def test_differences_that_cancel_are_reported_as_zero():
    cancelling = np.array([0.1, 0.2, -0.3])
    assert cancelling.mean() != 0
    assert in_words(cancelling).startswith("0 [")
