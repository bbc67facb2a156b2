"""Experiments: pure functions of a configuration and seeds that return what was measured."""
