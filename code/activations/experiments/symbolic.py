r"""An activation's definition as a torch function, for entries that the catalogue does not hold.

Forward is the formula and backward is the formula of the slope,

.. math:: y = f(z), \qquad \frac{\partial L}{\partial z} = f'(z)\, \frac{\partial L}{\partial y},

both evaluated by SciPy in float64. The gradient never passes through the branch of a case distinction that was not
taken, where an overflow would turn it into NaN; and at a kink it is the slope that the definition chooses.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache

import numpy as np
import sympy as sp
import torch
from torch import Tensor

from .._pieces import curve
from ..catalogue import CATALOGUE, Activation, x

__all__ = ["function", "is_own", "numeric"]


def is_own(activation: object) -> bool:
    """Whether this is an entry that a reader has defined, and not one of the catalogue or a name.

    >>> is_own(Activation("mine", x**3)), is_own("relu"), is_own(CATALOGUE["relu"])
    (True, False, False)
    """
    return isinstance(activation, Activation) and CATALOGUE.get(activation.name) != activation


@lru_cache(maxsize=256)
def numeric(expr: sp.Expr) -> Callable[[np.ndarray], np.ndarray]:
    """An expression in x as a NumPy function of float64 arrays, which keeps the shape and does not warn.

    >>> numeric(1 / (1 + sp.exp(-x)))(np.array([-1e4, 0.0])).tolist()
    [0.0, 0.5]
    """
    by_scipy = sp.lambdify(x, expr, ["scipy", "numpy"])

    def evaluate(z: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):  # every branch of a Piecewise is evaluated
            return np.array(np.broadcast_to(by_scipy(z), np.shape(z)), dtype=np.float64)

    return evaluate


@lru_cache(maxsize=256)
def function(activation: Activation, **options: float) -> Callable[[Tensor], Tensor]:
    r"""The torch function of an activation of one's own; shape, dtype and device are kept.

    .. math:: y = f(z), \qquad \frac{\partial y}{\partial z} = f'(z)

    ``options`` are values of its parameters. It can be differentiated once.

    >>> z = torch.tensor([-1.0, 0.0, 2.0], requires_grad=True)
    >>> function(Activation("cube", x**3))(z).sum().backward()
    >>> z.grad
    tensor([ 3.,  0., 12.])
    """
    whole = curve(activation.at(**options))
    value, slope = numeric(whole.expr), numeric(whole.slope.expr)

    def at(formula: Callable[[np.ndarray], np.ndarray], z: Tensor) -> Tensor:
        return torch.from_numpy(formula(z.detach().cpu().double().numpy())).to(z)

    class Own(torch.autograd.Function):
        @staticmethod
        def forward(ctx, z: Tensor) -> Tensor:
            ctx.save_for_backward(z)
            return at(value, z)

        @staticmethod
        @torch.autograd.function.once_differentiable
        def backward(ctx, upstream: Tensor) -> Tensor:
            (z,) = ctx.saved_tensors
            return upstream * at(slope, z)

    return Own.apply
