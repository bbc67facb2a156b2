r"""What is looked at in every hidden layer of an ensemble, at the start or while it trains.

A probe takes the ensemble, what a forward pass made, and the gradients of the loss by the weight matrices; it returns
a tensor of shape (variants, seeds, layers), or with one more axis at the end. :data:`PROBES` has them by name.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cache
from types import MappingProxyType

import torch
from sympy import Rational
from torch import Tensor

from ..properties import fact_sheet
from .ensemble import Ensemble, Network, Pass

__all__ = ["EDGES", "FLAT", "PROBES", "Probe", "slopes_at", "steepest"]

Probe = Callable[[Ensemble, Pass, Sequence[Tensor]], Tensor]

FLAT = 1e-3
"""A unit is saturated at an input where its slope is below this share of the activation's steepest."""

EDGES = tuple(-1.2 + 0.1 * step for step in range(33))
"""The edges of the bins of the probe ``histogram``; what lies outside counts in the first and the last bin."""


@cache
def steepest(network: Network) -> float:
    r"""The largest slope of a network's activation, :math:`\sup |\varphi'|`, from the fact sheet.

    Raises ValueError for a function of many inputs.

    >>> steepest(Network("sigmoid"))
    0.25
    """
    options = {name: Rational(str(value)) for name, value in network.options}
    sheet = fact_sheet(network.activation, **options) if network.sums == 1 else ()
    if "lipschitz" not in sheet:
        raise ValueError(f"steepest: {network.activation} takes many inputs and has no single slope")
    return float(sheet["lipschitz"].value)


def slopes_at(ensemble: Ensemble, made: Pass) -> list[Tensor]:
    """The slopes of the activation at the weighted sums of each hidden layer, with their shape."""
    found = []
    for layer, z in zip(ensemble.layers, made.sums, strict=True):
        z = z.detach().requires_grad_()
        found.append(torch.autograd.grad(ensemble.activate(z, layer).sum(), z)[0])
    return found


# --- the probes ------------------------------------------------------------------------------------------------------


def _by_layer(of_one: Callable[[Tensor], Tensor], layers: Sequence[Tensor]) -> Tensor:
    return torch.stack([of_one(layer) for layer in layers], dim=2)


def _over_units(tensor: Tensor) -> Tensor:
    return tensor.mean(dim=(-2, -1))


def dead(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    """The share of units whose slope is 0 on every example."""
    return _by_layer(lambda slope: (slope == 0).all(dim=-2).double().mean(dim=-1), slopes_at(ensemble, made))


def saturated(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    """The share of units, over examples, whose slope is below :data:`FLAT` of the steepest."""
    least = FLAT * steepest(ensemble.network)
    return _by_layer(lambda slope: _over_units((slope.abs() < least).double()), slopes_at(ensemble, made))


def mean_square(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    """The mean square of the weighted sums, over units and examples."""
    return _by_layer(lambda z: _over_units(z.detach().square()), made.sums)


def mean(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    """The mean output, over units and examples."""
    return _by_layer(lambda h: _over_units(h.detach()), made.outputs)


def spread(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    """The standard deviation of the outputs over units and examples."""
    return _by_layer(lambda h: h.detach().flatten(-2).std(dim=-1, correction=0), made.outputs)


def active(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    """The share of outputs that are not 0, over units and examples."""
    return _by_layer(lambda h: _over_units((h.detach() != 0).double()), made.outputs)


def gradient(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    r"""The norm of the gradient of the loss by a layer's weights, :math:`\lVert \partial L / \partial W_l \rVert_F`."""
    return _by_layer(lambda g: g.flatten(-2).norm(dim=-1), gradients[:-1])


def delta(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    r"""The norm of the gradient of the loss by a layer's sums, :math:`\lVert \partial L / \partial z_l \rVert`."""
    return _by_layer(lambda d: d.flatten(-2).norm(dim=-1), made.deltas)


def weight(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    r"""The norm of a layer's weights, :math:`\lVert W_l \rVert_F`."""
    return _by_layer(lambda w: w.detach().flatten(-2).norm(dim=-1), ensemble.weights()[:-1])


def slope(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    """The learned negative slope of a layer; raises ValueError where none is learned."""
    if ensemble.network.activation != "prelu":
        raise ValueError(f"the probe slope is for prelu, which learns one; got {ensemble.network.activation}")
    return torch.stack([layer.slope.detach()[..., 0, 0] for layer in ensemble.layers], dim=2)


def histogram(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    """The share of outputs in each bin between :data:`EDGES`, over units and examples; bins are the last axis."""
    inner = torch.tensor(EDGES[1:-1], dtype=made.logits.dtype)
    bins = len(EDGES) - 1

    def shares(h: Tensor) -> Tensor:
        places = torch.bucketize(h.detach().contiguous(), inner, right=True).flatten(-2)
        return torch.stack([(places == place).double().mean(dim=-1) for place in range(bins)], dim=-1)

    return _by_layer(shares, made.outputs)


PROBES: Mapping[str, Probe] = MappingProxyType(
    {
        probe.__name__: probe
        for probe in (dead, saturated, mean_square, mean, spread, active, gradient, delta, weight, slope, histogram)
    }
)
