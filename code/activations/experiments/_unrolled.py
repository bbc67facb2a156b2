r"""Recurrent networks unrolled in time, forward and back, many at once.

Networks lie along the leading axis; an array over time begins with the step. One step of a plain network is

.. math:: h_t = \varphi(x_t U + b + h_{t-1} W)

and what comes back is computed by hand rather than recorded, which makes the training of hundreds of networks cheap.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby

import torch
from torch import Tensor

__all__ = ["ACTIVATIONS", "Parameters", "forward", "gradients", "lstm_step"]

ACTIVATIONS = {
    "tanh": (torch.tanh_, lambda state: 1 - state * state),
    "relu": (torch.relu_, lambda state: state > 0),
    "relu6": (lambda sums: sums.clamp_(0, 6), lambda state: (state > 0) & (state < 6)),
}
"""What acts on the sums, in place, and its slope, read off its value."""

Parameters = Sequence[Tensor]
"""Recurrent weights (network, n, m), input weights (network, i, m), biases (network, 1, m), then output weights
(network, n, 1) and output biases (network, 1, 1); m is n, or 4n for an LSTM."""


def forward(kinds: Sequence[str], parameters: Parameters, seen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Log-odds (network, sequence), states (step + 1, network, sequence, n), and what an LSTM's way back needs.

    ``kinds`` names the activation of each network, or is ``"lstm"`` for all; ``seen`` has shape (step, network,
    sequence, i).
    """
    recurrent, inner, bias, outer, shift = parameters
    steps, networks, count = seen.shape[:3]
    states = torch.zeros(steps + 1, networks, count, recurrent.shape[1], dtype=recurrent.dtype)
    gated = kinds[0] == "lstm"
    memory = torch.zeros(steps + 1, 6 if gated else 0, *states.shape[1:], dtype=recurrent.dtype)
    runs = _runs(kinds)
    for step in range(steps):
        sums = torch.baddbmm(torch.baddbmm(bias, seen[step], inner), states[step], recurrent)
        if gated:
            states[step + 1] = _remember(sums, memory[step], memory[step + 1])
        else:
            for name, start, stop in runs:
                ACTIVATIONS[name][0](sums[start:stop])
            states[step + 1] = sums
    return torch.baddbmm(shift, states[-1], outer)[..., 0], states, memory


def gradients(
    kinds: Sequence[str], parameters: Parameters, seen: Tensor, states: Tensor, memory: Tensor, sent: Tensor
) -> tuple[list[Tensor], Tensor]:
    """The slopes of a loss in all parameters, from its slopes ``sent`` (network, sequence) in the log-odds.

    Also how much of the gradient reaches the first state: its length there over its length at the last one.
    """
    recurrent, inner, _, outer, _ = parameters
    sent = sent[..., None]
    back, along = sent @ outer.mT, torch.zeros_like(states[0])
    begin = back
    found = [torch.zeros_like(part) for part in parameters[:3]]
    runs = _runs(kinds)
    for step in reversed(range(len(seen))):
        if kinds[0] == "lstm":
            turned, along = _recall(back, along, memory[step], memory[step + 1])
        else:
            turned = torch.cat([back[i:j] * ACTIVATIONS[name][1](states[step + 1, i:j]) for name, i, j in runs])
        found[0] = torch.baddbmm(found[0], states[step].mT, turned)
        found[1] = torch.baddbmm(found[1], seen[step].mT, turned)
        found[2] += turned.sum(1, keepdim=True)
        back = turned @ recurrent.mT
    reach = (back.square() + along.square()).sum((1, 2)).sqrt() / begin.square().sum((1, 2)).sqrt()
    return [*found, states[-1].mT @ sent, sent.sum(1, keepdim=True)], reach


def _runs(kinds: Sequence[str]) -> list[tuple[str, int, int]]:
    """Neighbours of one kind: its name, where they start and where they stop."""
    runs, start = [], 0
    for name, members in groupby(kinds):
        stop = start + len(list(members))
        runs.append((name, start, stop))
        start = stop
    return runs


# --- LSTM ------------------------------------------------------------------------------------------------------------


def lstm_step(sums: Tensor, cell: Tensor) -> tuple[Tensor, Tensor]:
    r"""The next hidden state and cell, from the sums of the forget, input and output gate and the candidate in a row.

    .. math:: c = \sigma(s_f)\,c_- + \sigma(s_i) \tanh s_c, \qquad h = \sigma(s_o) \tanh c
    """
    forget, take, show, new = sums.chunk(4, dim=-1)
    cell = torch.sigmoid(forget) * cell + torch.sigmoid(take) * torch.tanh(new)
    return torch.sigmoid(show) * torch.tanh(cell), cell


def _remember(sums: Tensor, before: Tensor, after: Tensor) -> Tensor:
    """The next state; gates, candidate, cell and its tanh go into ``after``."""
    width = sums.shape[-1] // 4
    after[:3] = torch.sigmoid(sums[..., : 3 * width]).unflatten(-1, (3, width)).movedim(-2, 0)
    after[3] = torch.tanh(sums[..., 3 * width :])
    after[4] = after[0] * before[4] + after[1] * after[3]
    after[5] = torch.tanh(after[4])
    return after[2] * after[5]


def _recall(back: Tensor, along: Tensor, before: Tensor, after: Tensor) -> tuple[Tensor, Tensor]:
    """What comes back to the sums, and along the cell, from what came back to the state and along the cell."""
    forget, take, show, new, _, lit = after
    along = along + back * show * (1 - lit * lit)
    gates = torch.stack([along * before[4], along * new, back * lit], dim=-2)
    opened = torch.stack([forget, take, show], dim=-2)
    turned = torch.cat([(gates * opened * (1 - opened)).flatten(-2), along * take * (1 - new * new)], dim=-1)
    return turned, along * forget
