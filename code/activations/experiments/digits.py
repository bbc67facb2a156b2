"""Scikit-learn's handwritten digits, ready for a network: 1 797 pictures of 8 × 8 pixels, ten classes."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from ._kept import kept

__all__ = ["CLASSES", "PIXELS", "TEST", "TRAIN", "Split", "negatives", "pictures", "raw", "split"]

PIXELS, CLASSES, TRAIN, TEST = 64, 10, 1347, 450


@dataclass(frozen=True, eq=False)
class Split:
    """Inputs of shape (examples, 64), float64, and labels 0 to 9 of shape (examples,), to train on and to test on."""

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray


@cache
def split() -> Split:
    r"""The digits, three quarters to train on, with as many of each class in both parts.

    .. math:: x = \frac{p - \bar p}{\sqrt{\tfrac{1}{64} \sum_i \operatorname{Var} p_i}}

    From each pixel p its mean over the training pictures is taken, and all are divided by one number, so that the
    mean square of an input is 1. No pixel is stretched on its own: some are nearly always blank.

    >>> split().train.shape, split().test.shape, round(float((split().train ** 2).mean()), 12)
    ((1347, 64), (450, 64), 1.0)
    """
    train, test, train_labels, test_labels = _parts()
    mean = train.mean(axis=0)
    scale = np.sqrt(((train - mean) ** 2).mean())
    arrays = (train - mean) / scale, train_labels, (test - mean) / scale, test_labels
    for array in arrays:
        array.setflags(write=False)
    return Split(*arrays)


def pictures() -> tuple[np.ndarray, np.ndarray]:
    """All pictures as they come, shape (1797, 64), float64 from 0 to 16, and their labels, shape (1797,).

    >>> pixels, labels = pictures()
    >>> pixels.shape, float(pixels.max()), sorted(set(labels.tolist())) == list(range(10))
    ((1797, 64), 16.0, True)
    """
    # Imported where it is used: it takes a second, and all but the first find the digits on disk.
    from sklearn.datasets import load_digits

    return load_digits(return_X_y=True)


@kept
def _parts() -> list[np.ndarray]:
    """Pictures to train on and to test on as they come, with values from 0 to 16, then the labels of both."""
    from sklearn.model_selection import train_test_split

    pixels, labels = pictures()
    return train_test_split(pixels, labels, train_size=TRAIN, test_size=TEST, random_state=0, stratify=labels)


@cache
def raw() -> Split:
    """The same split with the pixels as an image file holds them, from 0 to 255, neither centred nor scaled.

    >>> float(raw().train.min()), float(raw().train.max())
    (0.0, 255.0)
    """
    train, test, train_labels, test_labels = _parts()
    arrays = train * (255 / 16), train_labels, test * (255 / 16), test_labels
    for array in arrays:
        array.setflags(write=False)
    return Split(*arrays)


@cache
def negatives() -> Split:
    r"""The same pictures, about half of them as their negative, which ones drawn once: no affine map can read them.

    .. math:: x \mapsto s\,x, \qquad s = \pm 1

    >>> bool((abs(negatives().test) == abs(split().test)).all()), bool((negatives().test == split().test).all())
    (True, False)
    """
    plain, rng = split(), np.random.default_rng(0)
    signed = [rng.choice((-1.0, 1.0), len(pictures))[:, None] * pictures for pictures in (plain.train, plain.test)]
    for array in signed:
        array.setflags(write=False)
    return Split(signed[0], plain.train_labels, signed[1], plain.test_labels)
