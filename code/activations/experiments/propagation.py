r"""Signals and gradients through depth, in networks that have not been trained.

Digits go in, the cross-entropy of the labels comes out, and every hidden layer is looked at: the weighted sums on the
way forward, and on the way back the norm of the gradient by its weights. All gains and seeds of one shape are one
computation (:mod:`.ensemble`).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch.nn.functional import cross_entropy

from .. import slopes
from ..charts import Axis, Chart, Line, style
from . import _checks as check
from ._kept import kept
from ._summary import band, in_words, table
from .digits import split
from .ensemble import Ensemble, Network, Pass, natural_gain
from .probes import PROBES

__all__ = [
    "MEASURES",
    "Propagation",
    "backward",
    "first_digits",
    "jacobians",
    "losses",
    "power_in_words",
    "propagate",
    "singular_values",
]

MEASURES = ("gradient", "delta", "mean_square", "mean", "saturated", "dead")

Case = tuple[str, int, int]
"""An activation, a depth and a width."""


@dataclass(frozen=True, eq=False)
class Propagation:
    """What :func:`propagate` measured: ``measured[name][activation, depth, width]`` has shape (gains, seeds, layers).

    It displays as a table of the gradient at the first layer over that at the last, as a geometric mean over the seeds
    with its 95 % interval.
    """

    network: Network
    activations: tuple[str, ...]
    gains: tuple[float | str, ...]
    depths: tuple[int, ...]
    widths: tuple[int, ...]
    seeds: tuple[int, ...]
    measured: dict[str, dict[Case, np.ndarray]]

    def layers(
        self, measure: str, activation: str, depth: int, gain: float | str | None = None, width: int | None = None
    ) -> np.ndarray:
        """One measure by seed and layer, shape (seeds, layers); the first gain and width unless they are given.

        Raises ValueError for what was not measured.
        """
        check.one_of("Propagation", "measure", measure, self.measured)
        check.one_of("Propagation", "activation", activation, self.activations)
        check.one_of("Propagation", "depth", depth, self.depths)
        gain = check.one_of("Propagation", "gain", self.gains[0] if gain is None else gain, self.gains)
        width = check.one_of("Propagation", "width", self.widths[0] if width is None else width, self.widths)
        return self.measured[measure][activation, depth, width][self.gains.index(gain)]

    def ratio(
        self,
        activation: str,
        depth: int,
        gain: float | str | None = None,
        width: int | None = None,
        *,
        measure: str = "gradient",
    ) -> np.ndarray:
        """One measure at the first layer over that at the last, one for each seed; the gradient's norm by default."""
        found = self.layers(measure, activation, depth, gain, width)
        return found[:, 0] / found[:, -1]

    def cases(self) -> Iterator[tuple[str, float | str, int, int]]:
        """Every activation, gain, depth and width, in the order of the table."""
        for activation in self.activations:
            for gain in self.gains:
                yield from ((activation, gain, depth, width) for depth in self.depths for width in self.widths)

    def __repr__(self) -> str:
        rows = [
            [activation, _gain_in_words(gain), depth, width, power_in_words(self.ratio(activation, depth, gain, width))]
            for activation, gain, depth, width in self.cases()
        ]
        return table(["activation", "gain", "depth", "width", "first / last layer"], rows)

    def chart(self, measure: str = "gradient", *, depth: int | None = None, gain: float | str | None = None) -> Chart:
        """One measure by layer, a line for each activation with its interval; the last depth unless it is given."""
        depth = self.depths[-1] if depth is None else depth
        found = {one: self.layers(measure, one, depth, gain) for one in self.activations}
        lines = [
            Line(np.arange(1, depth + 1), **_band_on_log(values), label=one, **style(one))
            for one, values in found.items()
        ]
        last = ", ".join(f"{one} {_middle(values[:, 0]):.2g}" for one, values in found.items())
        label = {"gradient": "gradient norm of the weights"}.get(measure, measure.replace("_", " "))
        words = f"{label.capitalize()} by layer in networks of {depth} layers; at the first layer: {last}."
        return Chart(Axis("layer"), Axis(label, "log"), lines, words=words)


def _gain_in_words(gain: float | str) -> str:
    return gain if isinstance(gain, str) else f"{gain:g}"


def _middle(values: np.ndarray) -> float:
    """The geometric mean; 0 where a value is 0."""
    with np.errstate(divide="ignore"):
        return float(np.exp(np.log(values).mean()))


def _band_on_log(values: np.ndarray) -> dict[str, np.ndarray]:
    """Geometric means over the first axis, the seeds, with their intervals; a gap where a value is not positive."""
    with np.errstate(divide="ignore"):
        return {name: np.exp(end) for name, end in band(np.log(values).T).items()}


def power_in_words(ratios: np.ndarray) -> str:
    """A geometric mean with its 95 % interval, as powers of ten.

    >>> power_in_words(np.array([1e-3, 1e-5]))
    '10^(−4 [−16.7, 8.71])'
    """
    if not np.all(ratios > 0):
        return f"0 for {np.mean(ratios == 0):.0%} of the seeds"
    return f"10^({in_words(np.log10(ratios))})"


@kept
def propagate(
    network: Network | None = None,
    *,
    activations: Sequence[str] = ("sigmoid", "tanh", "relu"),
    gains: Sequence[float | str] = (1.0,),
    depths: Sequence[int] = (1, 2, 5, 10, 20, 50),
    widths: Sequence[int] | None = None,
    examples: int = 16,
    seeds: Iterable[int] = range(20),
    measures: Sequence[str] = MEASURES,
) -> Propagation:
    r"""Measure untrained networks layer by layer: activation × gain × depth × width × seed.

    .. math:: \left\lVert \frac{\partial L}{\partial W_l} \right\rVert_F, \qquad
        \frac{1}{n} \sum_i z_{l,i}^2, \qquad \dots \qquad l = 1, \dots, L

    ``network`` gives all that is not varied: scheme, bias, normalisation, residual connections (default: normal weights
    of variance 1/fan-in, width 32). A gain of ``"natural"`` is each activation's own, which keeps the mean square.
    ``measures`` are names of :data:`.probes.PROBES` that give one number a layer. The examples are the first digits.
    Raises ValueError, before any work, naming the field that is wrong.

    >>> propagate(activations=["tanh"], depths=[3], seeds=range(2)).layers("gradient", "tanh", 3).shape
    (2, 3)
    """
    network = Network() if network is None else network
    names = tuple(
        check.activation("propagate", name) for name in check.several("propagate", "activations", activations)
    )
    gains = check.several("propagate", "gains", gains)
    depths = tuple(check.whole("propagate", "depth", one) for one in check.several("propagate", "depths", depths))
    widths = (network.width,) if widths is None else check.several("propagate", "widths", widths)
    widths = tuple(check.whole("propagate", "width", one) for one in widths)
    for gain in gains:
        gain == "natural" or check.positive("propagate", "gain", gain)
    check.whole("propagate", "examples", examples, 2)
    for name in check.several("propagate", "measures", measures):
        check.one_of("propagate", "measure", name, PROBES)
    seeds = check.some_seeds("propagate", seeds)
    measured: dict[str, dict[Case, np.ndarray]] = {name: {} for name in measures}
    for case in ((name, depth, width) for name in names for depth in depths for width in widths):
        one = replace(network, activation=case[0], depth=case[1], width=case[2])
        for name, values in _measure(one, gains, examples, seeds, measures).items():
            measured[name][case] = values
    return Propagation(network, names, gains, depths, widths, seeds, measured)


def _measure(network: Network, gains, examples: int, seeds, measures: Sequence[str]) -> dict[str, np.ndarray]:
    """Each measure of one shape, as arrays (gains, seeds, layers)."""
    own = [natural_gain(network.activation) if gain == "natural" else gain for gain in gains]
    ensemble = Ensemble(network, seeds, gains=own)
    made, gradients = backward(ensemble, *first_digits(examples))
    return {name: PROBES[name](ensemble, made, gradients).numpy() for name in measures}


def first_digits(examples: int) -> tuple[torch.Tensor, torch.Tensor]:
    """The first training pictures of :func:`.digits.split` with their labels."""
    digits = split()
    return torch.tensor(digits.train[:examples]), torch.tensor(digits.train_labels[:examples])


def backward(ensemble: Ensemble, x: torch.Tensor, labels: torch.Tensor) -> tuple[Pass, list[torch.Tensor]]:
    """A forward pass, and the gradients of the mean cross-entropy by every weight matrix."""
    weights = [weight.requires_grad_() for weight in ensemble.weights()]
    made = ensemble(x)
    # The networks share no parameter: the sum of their losses keeps them apart.
    loss = losses(made.logits, labels).sum()
    found = torch.autograd.grad(loss, [*weights, *made.sums], retain_graph=True)  # probes ask for more
    made.deltas = list(found[len(weights) :])
    return made, list(found[: len(weights)])


def losses(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    """The mean cross-entropy of each network, shape (variants, seeds), for labels (examples,) or (seeds, examples)."""
    labels = labels.expand(logits.shape[:-1])
    each = cross_entropy(logits.flatten(0, -2), labels.flatten(), reduction="none")
    return each.view(labels.shape).mean(dim=-1)


# --- Jacobians -------------------------------------------------------------------------------------------------------


def jacobians(network: Network, seeds: Iterable[int] = range(20), *, examples: int = 1) -> np.ndarray:
    r"""The Jacobian of the last hidden layer by the first, a product of one factor a layer.

    .. math:: \frac{\partial h_L}{\partial h_1} = \prod_{l = L}^{2} \operatorname{diag}\bigl(\varphi'(z_l)\bigr) W_l

    The product after each layer, of shape (layers − 1, seeds, examples, width, width); the slopes are those of
    :mod:`activations.slopes`. Raises ValueError for a network that is no plain stack of activations of one input.

    >>> jacobians(Network("tanh", depth=4, width=3), range(5)).shape
    (3, 5, 1, 3, 3)
    """
    if network.normalise or network.residual or network.gated or network.sums > 1 or network.depth < 2:
        raise ValueError("jacobians: a plain network of two layers or more, with an activation of one input, is needed")
    ensemble = Ensemble(network, check.some_seeds("jacobians", seeds))
    made = ensemble(first_digits(check.whole("jacobians", "examples", examples))[0])
    slope = getattr(slopes, network.activation)
    product, products = np.eye(network.width), []
    for layer, z in zip(ensemble.layers[1:], made.sums[1:], strict=True):
        factor = slope(z[0].numpy(), **dict(network.options))[..., None] * layer.weight[0, :, None].numpy()
        product = factor @ product
        products.append(product)
    return np.stack(products)


def singular_values(network: Network, seeds: Iterable[int] = range(20), *, examples: int = 1) -> np.ndarray:
    """The singular values of :func:`jacobians`, the largest first: (layers − 1, seeds, examples, width)."""
    return np.linalg.svd(jacobians(network, seeds, examples=examples), compute_uv=False)
