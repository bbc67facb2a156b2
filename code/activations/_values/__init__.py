"""The kernels of :mod:`activations.values`, by family."""
