r"""NumPy values of every activation in the catalogue, right to the last digits.

``values.f(x)`` is f at each entry of ``x``; :mod:`activations.slopes` has the derivatives under the same names.
Each is within 4 units in the last place of the exact value at every finite float64 and float32 (8 for ``gelu``,
``gelu_tanh``, ``mish``, ``softmax`` and ``log_softmax``), gives the limit at ±∞, and never warns.

>>> print(f"{gelu(-10.0):.6g}")
-7.61985e-23
"""

from activations._values.gates import gelu, gelu_tanh, hardswish, mish, silu
from activations._values.rectifiers import (
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
from activations._values.sigmoids import (
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
from activations._values.vectors import geglu, glu, log_softmax, maxout, reglu, softmax, sparsemax, swiglu

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
