"""The kernels of :mod:`activations.slopes`, by family."""
