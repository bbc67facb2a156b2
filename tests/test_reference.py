"""The oracle itself, against numbers from elsewhere and against plain arithmetic."""

import mpmath
import numpy as np
import pytest
from activations import catalogue, reference


@pytest.mark.parametrize(
    ("name", "x", "digits"),
    [
        # Abramowitz and Stegun (1964): tables 4.5 (tanh 1), 26.1 (P(1)); and log 2, by definition.
        ("tanh", 1.0, "0.761594155955764888119458282604793590412768597257936551596810500121953244576638"),
        ("gelu", 1.0, "0.841344746068542948585232545632037"),
        ("softplus", 0.0, "0.693147180559945309417232121458176568"),
    ],
)
def test_values_are_those_of_printed_tables(name, x, digits):
    assert mpmath.almosteq(reference.value(name, [x])[0], mpmath.mpf(digits), 1e-15)
    with mpmath.workdps(80):
        assert abs(reference.value(name, [x])[0] - mpmath.mpf(digits)) < mpmath.mpf(10) ** -(len(digits) - 3)


@pytest.mark.parametrize("name", ["sigmoid", "tanh", "mish", "silu", "gelu"])
def test_slopes_are_numerical_derivatives_of_values(name):
    def exact(t):
        return reference.value(name, [float(t)])[0]

    for x in (-3.0, 0.25, 2.0):
        step = 2.0**-20
        central = (exact(x + step) - exact(x - step)) / (2 * step)
        assert abs(central - reference.slope(name, [x])[0]) < 1e-11


def test_sixty_digits_are_right_where_the_definition_cancels():
    # e^x to first order: log(1 + e^x) is e^x − e^{2x}/2.
    with mpmath.workdps(400):
        power = mpmath.exp(-745)
        assert abs(reference.value("softplus", [-745.0])[0] / power - (1 - power / 2)) < mpmath.mpf(10) ** -60


@pytest.mark.parametrize("name", catalogue.names("one"))
def test_values_exist_at_the_ends_of_the_numbers(name):
    assert all(mpmath.isfinite(number) for number in reference.value(name, [-1e308, 1e308]))


def test_parameters_are_read_as_the_binary_number_they_are():
    with mpmath.workdps(60):
        third = mpmath.mpf(1 / 3)
        assert reference.slope("leaky_relu", [-1.0], negative_slope=1 / 3)[0] == third != mpmath.mpf(1) / 3


def test_ulps_count_units_in_the_last_place_of_each_dtype():
    exact = [mpmath.mpf(1)]
    assert reference.ulps(np.float64([1 + 3 * 2**-52]), exact) == [3.0]
    assert reference.ulps(np.float32([1 + 3 * 2**-23]), exact) == [3.0]
    assert reference.ulps(np.array([2e-323]), [mpmath.mpf("1e-323")]) == pytest.approx(2.0, abs=0.1)
    assert reference.ulps([np.inf, np.inf], [mpmath.mpf("1e400"), mpmath.mpf(1)]).tolist() == [0.0, np.inf]
    assert np.isnan(reference.ulps([np.nan], exact))


def test_hard_points_hold_both_signs_and_the_kinks_with_their_neighbours():
    points = reference.hard_points("relu6")
    assert {0.0, 6.0, np.nextafter(6, 7), np.nextafter(6, 5), -745.0, 745.0, 1e-300} <= set(points.tolist())


def test_sweep_is_repeatable():
    np.testing.assert_array_equal(reference.sweep(5, seed=1), reference.sweep(5, seed=1))
    assert not np.array_equal(reference.sweep(5, seed=1), reference.sweep(5, seed=2))
