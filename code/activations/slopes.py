r"""NumPy derivatives of every activation in the catalogue, right to the last digits.

``slopes.f(x)`` is f′ at each entry of ``x``, for the f that :mod:`activations.values` has under the same name, with the
same parameters. At a kink it takes the catalogue's convention, and at ±∞ the limit.
Each is within 4 units in the last place of the exact value at every finite float64 and float32; those of ``gelu``,
``gelu_tanh`` and ``mish`` within 8, and within 4 ε of it around their roots.
For a function of several inputs ``slopes.f(x, tangent)`` is the product of its Jacobian at ``x`` with ``tangent``.

>>> print(f"{sigmoid(40.0):.6g}")
4.24835e-18
"""

from activations._slopes.gates import gelu, gelu_tanh, hardswish, mish, silu
from activations._slopes.rectifiers import (
    celu,
    elu,
    identity,
    leaky_relu,
    prelu,
    relu,
    relu6,
    rrelu,
    selu,
    softplus,
    squared_relu,
)
from activations._slopes.sigmoids import (
    arctan,
    cosine,
    hardsigmoid,
    hardtanh,
    heaviside,
    logsigmoid,
    sigmoid,
    sine,
    softsign,
    tanh,
)
from activations._slopes.vectors import geglu, glu, log_softmax, maxout, reglu, softmax, sparsemax, swiglu

__all__ = [
    "arctan",
    "celu",
    "cosine",
    "elu",
    "geglu",
    "gelu",
    "gelu_tanh",
    "glu",
    "hardsigmoid",
    "hardswish",
    "hardtanh",
    "heaviside",
    "identity",
    "leaky_relu",
    "log_softmax",
    "logsigmoid",
    "maxout",
    "mish",
    "prelu",
    "reglu",
    "relu",
    "relu6",
    "rrelu",
    "selu",
    "sigmoid",
    "silu",
    "sine",
    "softmax",
    "softplus",
    "softsign",
    "sparsemax",
    "squared_relu",
    "swiglu",
    "tanh",
]
