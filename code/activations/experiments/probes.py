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
from .ensemble import Ensemble, Layer, Network, Pass

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
    if not made.slopes:
        made.slopes = [_slope_at(ensemble, *each) for each in zip(ensemble.layers, made.sums, made.active, strict=True)]
    return made.slopes


def _slope_at(ensemble: Ensemble, layer: Layer, z: Tensor, active: Tensor) -> Tensor:
    if not z.requires_grad:
        z = z.detach().requires_grad_()
        active = ensemble.activate(z, layer)
    return torch.autograd.grad(active.sum(), z, retain_graph=True)[0]


# --- the probes ------------------------------------------------------------------------------------------------------


def _layers(of_each: Sequence[Tensor]) -> Tensor:
    """All hidden layers in one tensor (variants, seeds, layers, examples, units): they have the same shape."""
    return torch.stack([layer.detach() for layer in of_each], dim=2)


def _norms(matrices: Sequence[Tensor]) -> Tensor:
    return torch.stack([matrix.detach().flatten(-2).norm(dim=-1) for matrix in matrices], dim=2)


def _over_units(tensor: Tensor) -> Tensor:
    return tensor.mean(dim=(-2, -1))


def dead(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    """The share of units whose slope is 0 on every example."""
    return (_layers(slopes_at(ensemble, made)) == 0).all(dim=-2).double().mean(dim=-1)


def asleep(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    """Which units have the slope 0 on every example, 1 or 0 each; units are the last axis."""
    return (_layers(slopes_at(ensemble, made)) == 0).all(dim=-2).double()


def saturated(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    """The share of units, over examples, whose slope is below :data:`FLAT` of the steepest."""
    least = FLAT * steepest(ensemble.network)
    return _over_units((_layers(slopes_at(ensemble, made)).abs() < least).double())


def mean_square(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    """The mean square of the weighted sums, over units and examples."""
    return _over_units(_layers(made.sums).square())


def mean(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    """The mean output, over units and examples."""
    return _over_units(_layers(made.outputs))


def spread(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    """The standard deviation of the outputs over units and examples."""
    return _layers(made.outputs).flatten(-2).std(dim=-1, correction=0)


def active(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    """The share of outputs that are not 0, over units and examples."""
    return _over_units((_layers(made.outputs) != 0).double())


def gradient(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    r"""The norm of the gradient of the loss by a layer's weights, :math:`\lVert \partial L / \partial W_l \rVert_F`."""
    return _norms(gradients[:-1])


def delta(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    r"""The norm of the gradient of the loss by a layer's sums, :math:`\lVert \partial L / \partial z_l \rVert`."""
    return _norms(made.deltas)


def weight(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    r"""The norm of a layer's weights, :math:`\lVert W_l \rVert_F`."""
    return _norms(ensemble.weights()[:-1])


def slope(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    """The learned negative slope of a layer; raises ValueError where none is learned."""
    if ensemble.network.activation != "prelu":
        raise ValueError(f"the probe slope is for prelu, which learns one; got {ensemble.network.activation}")
    return torch.stack([layer.slope.detach()[..., 0, 0] for layer in ensemble.layers], dim=2)


def histogram(ensemble: Ensemble, made: Pass, gradients: Sequence[Tensor]) -> Tensor:
    """The share of outputs in each bin between :data:`EDGES`, over units and examples; bins are the last axis."""
    inner = torch.tensor(EDGES[1:-1], dtype=made.logits.dtype)
    bins = len(EDGES) - 1

    places = torch.bucketize(_layers(made.outputs).flatten(-2), inner, right=True)
    return torch.stack([(places == place).double().mean(dim=-1) for place in range(bins)], dim=-1)


PROBES: Mapping[str, Probe] = MappingProxyType(
    {
        probe.__name__: probe
        for probe in (
            dead,
            asleep,
            saturated,
            mean_square,
            mean,
            spread,
            active,
            gradient,
            delta,
            weight,
            slope,
            histogram,
        )
    }
)
