"""Stacks of affine layers as numbers, against plain loops and torch."""

import numpy as np
import pytest
import torch
from activations.experiments import affine, plane
from hypothesis import given
from hypothesis import strategies as st


@given(st.lists(st.integers(1, 7), min_size=2, max_size=6), st.integers(0, 2**32 - 1))
def test_folding_changes_nothing_but_rounding(widths, seed):
    rng = np.random.default_rng(seed)
    stack, x = affine.random_stack(widths, rng), rng.normal(size=(5, widths[0]))
    one_by_one = affine.run(stack, x)
    assert one_by_one.shape == (5, widths[-1])
    scale = 1 + np.abs(one_by_one).max()
    assert np.allclose(affine.run([affine.fold(stack)], x), one_by_one, rtol=0, atol=1e-9 * scale)


@pytest.mark.parametrize("widths", [[], [3], [3, 0], [3, -1]])
def test_widths_are_checked(widths):
    with pytest.raises(ValueError, match="widths must be two or more positive numbers"):
        affine.random_stack(widths, np.random.default_rng(0))


def test_weights_have_variance_one_over_fan_in():
    (weight, _), *_ = affine.random_stack([400, 500], np.random.default_rng(0))
    assert weight.var() * 400 == pytest.approx(1, rel=0.02)


def test_parameters_counts_weights_and_biases():
    assert affine.parameters(affine.random_stack([4, 3, 2], np.random.default_rng(0))) == 4 * 3 + 3 + 3 * 2 + 2


def test_a_trained_stack_learns_and_folds():
    stack, x, y = affine.trained_linear_stack([12], steps=100)
    assert (stack(x).argmax(1) == y).double().mean() > 0.9
    one = affine.fold_module(stack)
    assert torch.allclose(one(x), stack(x), rtol=1e-10, atol=1e-10)
    again, *_ = affine.trained_linear_stack([12], steps=100)
    assert torch.equal(again[0].weight, stack[0].weight)


def test_a_bottleneck_reports_its_progress_and_holds_accuracy_down():
    def finished(**settings):
        run, shares = affine.bottleneck(**settings), []
        while True:
            try:
                shares.append(next(run))
            except StopIteration as end:
                return shares, end.value

    shares, (narrow, thin) = finished(narrow=1, steps=60)
    assert narrow == 1 and len(thin) == len(shares) == 60
    assert shares == sorted(shares) and 0 <= shares[0] and shares[-1] < 1
    _, (_, wide) = finished(narrow=16, steps=60)
    assert wide[-1] > thin[-1] + 0.3
    assert affine.bottleneck_chart((16, wide)).words.endswith(f"ends at {wide[-1]:.0%} of the digits right.")
    for bad in ({"narrow": 0}, {"steps": 0}):
        with pytest.raises(ValueError, match=f"{next(iter(bad))} must be at least 1, got 0"):
            next(affine.bottleneck(**bad))


def test_only_linear_layers_fold():
    with pytest.raises(TypeError, match="only Linear layers fold into one, got ReLU"):
        affine.fold_module(torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU()))


@pytest.mark.parametrize("depth", [0, 1, 6])
def test_affine_layers_keep_lines_straight_and_evenly_spaced(depth):
    image = plane.bent(depth)
    steps = np.diff(image, axis=1)
    assert np.allclose(steps, steps[:, :1], atol=1e-12)


def test_tanh_bends_them_and_keeps_them_inside():
    image = plane.bent(3, "tanh")
    steps = np.diff(image, axis=1)
    assert not np.allclose(steps, steps[:, :1], atol=1e-2)
    assert np.abs(image).max() < 1


def test_the_same_seed_gives_the_same_layers():
    assert np.array_equal(plane.bent(2, "relu", seed=3), plane.bent(2, "relu", seed=3))
    assert not np.array_equal(plane.bent(2, "relu", seed=3), plane.bent(2, "relu", seed=4))


def test_bad_settings_name_what_is_wrong():
    with pytest.raises(ValueError, match="depth must be 0 or more, got -1"):
        plane.bent(-1)
    with pytest.raises(KeyError, match="did you mean relu"):
        plane.bent(1, "relux")


def test_the_chart_says_what_is_seen():
    assert (
        plane.chart(1).words
        == "A square grid after 1 layer with Identity: its lines are straight, parallel and evenly spaced."
    )
    assert "bent" in plane.chart(4, "tanh").words
