"""One neuron and a layer, against plain sums and torch."""

import numpy as np
import pytest
import torch
from activations.experiments import neuron
from activations.experiments.neuron import Neuron, layer, lstm_step, response
from hypothesis import given
from hypothesis import strategies as st

numbers = st.floats(-100, 100)


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=8), numbers)
def test_a_neuron_is_a_sum_of_products(pairs, bias):
    weights, x = zip(*pairs, strict=True)
    expected = sum(w * v for w, v in pairs) + bias
    assert Neuron(weights, bias, "identity")(x) == pytest.approx(expected, rel=1e-12, abs=1e-9)
    assert Neuron(weights, bias, "relu")(x) == pytest.approx(max(0, expected), rel=1e-12, abs=1e-9)


def test_a_layer_is_torchs_linear():
    linear = torch.nn.Linear(3, 4, dtype=torch.float64)
    x = torch.randn(5, 3, dtype=torch.float64, generator=torch.Generator().manual_seed(0))
    weight, bias = (parameter.detach().numpy() for parameter in (linear.weight, linear.bias))
    assert np.allclose(layer(x.numpy(), weight, bias, "tanh"), torch.tanh(linear(x)).detach().numpy(), rtol=1e-12)


def test_an_lstm_step_is_torchs():
    cell = torch.nn.LSTMCell(1, 2, dtype=torch.float64)
    sums = {
        name: np.array(value)
        for name, value in zip(("input", "forget", "new", "output"), np.arange(8.0).reshape(4, 2) - 3, strict=True)
    }
    with torch.no_grad():
        for parameter in cell.parameters():
            parameter.zero_()
        cell.bias_ih.copy_(torch.tensor(np.concatenate([sums[k] for k in ("input", "forget", "new", "output")])))
        memory = torch.tensor([[0.7, -1.2]], dtype=torch.float64)
        told, kept = cell(torch.zeros(1, 1, dtype=torch.float64), (torch.zeros_like(memory), memory))
    ours = lstm_step(memory.numpy()[0], sums, sums["new"])
    assert np.allclose(ours[0], kept.numpy()[0]) and np.allclose(ours[1], told.numpy()[0])


def test_inputs_and_weights_must_match():
    with pytest.raises(ValueError, match=r"2 weights need as many inputs, got shape \(3,\)"):
        Neuron([1, 2], 0.0)([1, 2, 3])
    with pytest.raises(KeyError, match="unknown activation"):
        Neuron([1], 0.0, "relux")([1])


def test_the_chart_shows_every_part():
    chart = Neuron([2.0, -1.0], 0.5, "relu").chart([1.0, 4.0])
    assert chart.marks[0].length.tolist() == [2.0, -4.0, 0.5, -1.5, 0.0]


@pytest.mark.parametrize("activation", list(neuron.LIMITS))
def test_the_response_is_the_neurons_and_fits_its_colours(activation):
    chart = response(2, -1, 1, activation, cells=5)
    (heat,) = chart.marks
    for i, second in enumerate(heat.y):
        for j, first in enumerate(heat.x):
            assert heat.z[i, j] == Neuron([2, -1], 1, activation)([first, second])
