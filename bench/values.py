"""Time and accuracy of the NumPy activations, beside the plain formula in SciPy or NumPy and beside torch.

    PYTHONPATH=code python bench/values.py [name ...]

One thread and a million numbers in each dtype. A time is the best of several runs, in nanoseconds an element; an error
is the worst over hard and random points, in units in the last place of the exact value (around the root of a slope such
units are very small). A ratio below 1 means that ours is the faster. Torch's slopes are a forward and a backward pass.
"""

import argparse
import timeit
import warnings
from collections.abc import Callable
from functools import partial

import numpy as np
import scipy.special
import sympy as sp
import torch
import torch.nn.functional as F
from activations import catalogue, reference, slopes, values

COUNT = 1_000_000
ROW = 100
VECTORS = ("softmax", "log_softmax")

# What a user of SciPy or NumPy would write; for the others it is the catalogue's formula as it stands.
PLAIN = {
    "sigmoid": scipy.special.expit,
    "logsigmoid": scipy.special.log_expit,
    "tanh": np.tanh,
    "relu": lambda x: np.maximum(x, 0),
    "relu6": lambda x: np.clip(x, 0, 6),
    "hardtanh": lambda x: np.clip(x, -1, 1),
    "softplus": scipy.special.softplus,
    "silu": lambda x: x * scipy.special.expit(x),
    "gelu": lambda x: x * scipy.special.ndtr(x),
    "softmax": partial(scipy.special.softmax, axis=-1),
    "log_softmax": partial(scipy.special.log_softmax, axis=-1),
}
TORCH = {
    "arctan": torch.arctan,
    "cosine": torch.cos,
    "gelu_tanh": partial(F.gelu, approximate="tanh"),
    "log_softmax": partial(torch.log_softmax, dim=-1),
    "prelu": lambda x: F.prelu(x, torch.tensor(0.25, dtype=x.dtype)),
    "sine": torch.sin,
    "softmax": partial(torch.softmax, dim=-1),
}


def contenders(name: str, differentiate: bool) -> dict[str, Callable | None]:
    """Ours, the plain formula and torch's as functions of an array; None where there is none."""
    ours = getattr(slopes if differentiate else values, name)
    plain = None if differentiate else PLAIN.get(name)
    if plain is None and name not in VECTORS:
        entry = catalogue.get(name)
        plain = sp.lambdify(catalogue.x, entry.slope() if differentiate else entry.at(), ["scipy", "numpy"])
    of_tensor = TORCH.get(name, getattr(F, name, None))
    return {"ours": ours, "plain": plain, "torch": of_tensor and partial(in_torch, of_tensor, differentiate)}


def in_torch(function: Callable, differentiate: bool, x: np.ndarray) -> np.ndarray:
    tensor = torch.from_numpy(x).requires_grad_(differentiate)
    if differentiate:
        return torch.autograd.grad(function(tensor).sum(), tensor)[0].numpy()
    return function(tensor).numpy()


def nanoseconds(function: Callable, x: np.ndarray) -> float:
    return min(timeit.repeat(lambda: function(x), number=1, repeat=7)) / x.size * 1e9


def points(name: str, dtype: type) -> np.ndarray:
    """Where errors are measured: one vector of inputs, or several rows of them."""
    if name in VECTORS:
        return np.random.default_rng(0).normal(0, 30, (5, ROW)).astype(dtype)
    spread = np.concatenate([reference.hard_points(name), reference.sweep(75, seed=0)])
    return spread[np.abs(spread) <= np.finfo(dtype).max].astype(dtype)


def exact(name: str, differentiate: bool, x: np.ndarray) -> np.ndarray:
    if name in VECTORS:
        return np.array([reference.value(name, row) for row in x])
    return (reference.slope if differentiate else reference.value)(name, x)


def measured(name: str, differentiate: bool, dtype: type) -> str:
    """One line of the table."""
    x = np.random.default_rng(0).normal(0, 4, COUNT).astype(dtype)
    x = x.reshape(-1, ROW) if name in VECTORS else x
    hard = points(name, dtype)
    true = exact(name, differentiate, hard)
    times, errors = {}, {}
    for who, function in contenders(name, differentiate).items():
        known = function is not None
        times[who] = nanoseconds(function, x) if known else np.nan
        computed = np.broadcast_to(function(hard), hard.shape).astype(dtype) if known else np.full(hard.shape, np.nan)
        errors[who] = reference.ulps(computed, true).max()
    columns = [*times.values(), times["ours"] / times["plain"], times["ours"] / times["torch"], *errors.values()]
    return f"{name:<13}" + "".join(f"{'-':>9}" if np.isnan(number) else f"{number:9.3g}" for number in columns)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="name", help="activations to measure; all when none is named")
    chosen = [catalogue.get(name).name for name in parser.parse_args().names]
    torch.set_num_threads(1)
    warnings.simplefilter("ignore")  # plain formulas overflow
    for what, differentiate in (("values", False), ("slopes", True)):
        for dtype in (np.float64, np.float32):
            heads = ["ours", "plain", "torch", "/plain", "/torch", "ours", "plain", "torch"]
            print(f"\n{what}, {dtype.__name__:<13}{'ns an element':>20}{'ratio':>19}{'worst error in ulps':>27}")
            print(" " * 13 + "".join(f"{head:>9}" for head in heads))
            for name in [*catalogue.names("one"), *([] if differentiate else VECTORS)]:
                if name in (chosen or catalogue.names()):
                    print(measured(name, differentiate, dtype), flush=True)


if __name__ == "__main__":
    main()
