"""Claims of the chapter on recurrent networks about what they learn to remember."""

from __future__ import annotations

from functools import cache

import numpy as np
import sympy as sp

from ..experiments import lags as lag_experiments
from ..experiments.lags import Kind
from ..proofs import recurrent as proofs
from .ledger import Check, Counterexample, Evidence, Measurement, claim

SUBJECT = "recurrent"


@cache
def _lags() -> lag_experiments.Lags:
    return lag_experiments.lags()


def _solved(kind: Kind, **bounds: float) -> Measurement:
    found = _lags()
    share, low, high = found.solved(kind, found.lags[-1])
    return Measurement(
        f"{kind}: share that remembers for {found.lags[-1]} steps", share, low, high, len(found.seeds), **bounds
    )


_CLIPPED = Kind("relu", "identity", clip=True)
_PLAIN = Kind("relu", "identity")


@claim("clipped-gradients-let-relu-remember", verdict="qualified", sources=["S1.11"])
def clipped_gradients_let_relu_remember() -> Evidence:
    r"""With clipped gradients a recurrent ReLU network learns to remember for 40 steps, if its weights start as the
    identity. From random weights clipping does not help at this lag."""
    without = _solved(_PLAIN, below=0.5)
    with_clip = _solved(_CLIPPED, above=without.high)
    random = [_solved(Kind("relu", start, clip=True)) for start in ("1/n", "2/n")]
    return Evidence(
        "The same starts, sequences and rate, with and without a limit on the length of the gradient.",
        condition="The recurrent weights start as the identity.",
        measurements=[with_clip, without],
        checks=[Check("clipped and unclipped intervals do not meet", bool(with_clip.low > without.high))],
        counterexamples=[
            Counterexample(
                f"ReLU from a random start of variance {start}, clipped", "intervals meet", _apart(run, with_clip)
            )
            for start, run in zip(("1/n", "2/n"), random, strict=True)
        ],
        cite="pascanu2013",
    )


def _apart(run: Measurement, other: Measurement) -> str:
    return f"{run.mean:.0%} solve it" if run.high < other.low else "intervals meet"


@claim("capping-relu-does-not-let-it-remember", verdict="measured", sources=["S1.11"])
def capping_relu_does_not_let_it_remember() -> Evidence:
    r"""Cutting off ReLU's *values*, at 6, is no substitute for clipping the gradients: alone it does not let the
    network remember for 40 steps, and together with clipped gradients it does worse than they do alone."""
    best = _solved(_CLIPPED, above=0.5)
    alone, both = (_solved(Kind("relu6", "identity", clip), below=best.low) for clip in (False, True))
    capped, free = (
        np.median(_lags().reach(Kind(name, "identity", clip=True), 40, after=True)) for name in ("relu6", "relu")
    )
    return Evidence(
        f"After training a gradient is at the first step {capped:.2g} times as long as at the last with ReLU6 and "
        f"{free:.2g} times with ReLU, in the median network, both with clipped gradients.",
        measurements=[alone, both, best],
        checks=[
            Check("neither interval meets the one of clipped gradients", bool(max(alone.high, both.high) < best.low))
        ],
    )


@claim("tanh-remembers-longer-than-relu-from-random-starts", verdict="measured", sources=["S1.10"])
def tanh_remembers_longer_than_relu_from_random_starts() -> Evidence:
    r"""From random weights tanh does remember longer than ReLU in a recurrent network: with variance $2/n$ and clipped
    gradients tanh learns to hold a sign for 40 steps from most starts, and ReLU from next to none."""
    kinds = [Kind(name, "2/n", clip=True) for name in ("tanh", "relu")]
    relu = _solved(kinds[1], below=0.5)
    tanh = _solved(kinds[0], above=relu.high)
    narrow, wide = (np.ptp(np.log10(_lags().reach(kind, 40))) for kind in kinds)
    return Evidence(
        f"The same matrices, sequences and rate. Before training the reach of the gradient spans {narrow:.1f} powers "
        f"of ten over the seeds with tanh, and {wide:.1f} with ReLU.",
        measurements=[tanh, relu],
        checks=[
            Check("the intervals do not meet", bool(tanh.low > relu.high)),
            Check("tanh keeps the reach of the seeds closer together", bool(narrow < wide)),
        ],
    )


@claim("a-forget-gate-has-a-half-life", verdict="proved", sources=["S3.6"])
def a_forget_gate_has_a_half_life() -> Evidence:
    r"""Along the cell of an LSTM a forget gate that stays at $\sigma(b)$ halves a gradient every
    $\log 2 / \log(1 + e^{-b})$ steps, its half-life: 1 step at $b = 0$, and about 14 at $b = 3$."""
    steps, b = proofs.half_life().last.rhs, sp.Symbol("b", real=True)
    return Evidence(
        f"At b = 1 the half-life is {float(steps.subs(b, 1)):.2f} steps, at b = 5 it is {float(steps.subs(b, 5)):.0f}.",
        derivations=[proofs.half_life()],
        checks=[
            Check("1 step at b = 0", steps.subs(b, 0) == 1),
            Check("14 steps at b = 3, rounded", round(float(steps.subs(b, 3))) == 14),
        ],
        cite="gers2000",
    )


@claim("an-lstm-remembers-if-its-gate-starts-open", verdict="qualified", sources=["S3.6"])
def an_lstm_remembers_if_its_gate_starts_open() -> Evidence:
    r"""An LSTM is a remedy for vanishing gradients through time if its forget gates start open: with a forget bias of 3
    it learned to remember for 40 steps, and with a bias of 0 or 1 it did not, in equally long training."""
    half, one, three = (Kind("lstm", clip=True, forget=bias) for bias in (0.0, 1.0, 3.0))
    best = _solved(three, above=max(_solved(kind).high for kind in (half, one)))
    return Evidence(
        "LSTMs of 16 cells with clipped gradients, the same weights and sequences.",
        condition="The half-life of the forget gate at the start is not much shorter than the lag.",
        measurements=[best],
        counterexamples=[
            Counterexample(f"an LSTM with {name}", "intervals meet", _apart(_solved(kind), best))
            for name, kind in (("forget bias 0", half), ("forget bias 1", one))
        ],
        cite="hochreiter1997",
    )


@claim("a-latch-remembers-and-passes-no-gradient", verdict="measured")
def a_latch_remembers_and_passes_no_gradient() -> Evidence:
    r"""A tanh network that starts at the identity and has learned to remember a sign for 40 steps keeps it ten times
    as long, through noise, and lets next to no gradient back to the first step."""
    kind = Kind("tanh", "identity", clip=True)
    held = lag_experiments.lags((kind,), (40,), recipe=lag_experiments.LONG)
    share, low, high = held.solved(kind, 40)
    reach = float(np.median(_lags().reach(kind, 40, after=True)))
    return Evidence(
        f"The median share of the gradient that reaches the first of 40 steps after training is {reach:.0e}.",
        measurements=[Measurement("share that remembers for 400 steps", share, low, high, len(held.seeds), above=0.5)],
        checks=[
            Check("the lower end of the interval is above ½", low > 0.5),
            Check("less than a thousandth of the gradient arrives", reach < 1e-3),
        ],
        cite="bengio1994",
    )
