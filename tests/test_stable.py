"""The parts of formulas that keep their digits, each against exact arithmetic."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp
from activations import _stable as stable
from hypothesis import given
from hypothesis import strategies as st

ordinary = st.floats(-1e100, 1e100).filter(lambda v: v == 0 or abs(v) > 1e-100)


@given(ordinary, ordinary)
def test_two_sum_loses_nothing(a, b):
    assert sum(map(Fraction, stable.two_sum(a, b))) == Fraction(a) + Fraction(b)


@given(st.lists(st.floats(0, 1), min_size=1, max_size=100))
def test_compensated_sum_is_rounded_once(terms):
    exact = sum(map(Fraction, terms))
    got = Fraction(float(stable.compensated_sum(np.array(terms))[0]))
    assert abs(got - exact) <= exact * Fraction(101, 200) / 2**52


@given(ordinary, ordinary)
def test_product_loses_next_to_nothing(a, b):
    rounded, lost = map(Fraction, map(float, stable.product(a, b)))
    assert abs(rounded + lost - Fraction(a) * Fraction(b)) <= abs(rounded) / 2**104


@given(ordinary, ordinary, st.floats(1e-3, 1e3))
def test_quotient_of_sums_is_rounded_once(a, rest, b):
    a_rest, b_rest = rest % 1 * 2**-54 * a, rest % 1 * 2**-54 * b
    exact = (Fraction(a) + Fraction(a_rest)) / (Fraction(b) + Fraction(b_rest))
    assert abs(Fraction(float(stable.quotient(a, a_rest, b, b_rest))) - exact) <= abs(exact) * Fraction(51, 100) / 2**52


def test_split_holds_a_number_in_106_bits():
    high, low = stable.split(sp.pi)
    with mpmath.workdps(50):
        assert abs(mpmath.mpf(high) + mpmath.mpf(low) - mpmath.pi) < mpmath.mpf(2) ** -104


def test_difference_of_equal_infinities_is_0_and_huge_ones_carry_no_nan():
    a, b = np.array([[np.inf, np.inf], [-np.inf, -np.inf], [1e308, -1e308], [1.0, 1e-20]]).T
    with np.errstate(over="ignore", invalid="ignore"):
        rounded, lost = stable.difference(a, b)
    np.testing.assert_array_equal(rounded, [0.0, 0.0, np.inf, 1.0])
    np.testing.assert_array_equal(lost, [0.0, 0.0, 0.0, -1e-20])


@pytest.mark.parametrize("factor", [0.1, 0.25, 50.0])
def test_scaled_keeps_what_matters_in_an_exponential(factor):
    x = np.array([-700.0, 1e-3, 7.7]) / factor
    rounded, lost = stable.scaled(factor, x)
    for entry, got, rest in zip(x, rounded, np.broadcast_to(lost, x.shape), strict=True):
        assert abs(Fraction(got) + Fraction(rest) - Fraction(factor) * Fraction(entry)) < Fraction(1, 2**90)


def test_times_exp_keeps_all_digits_where_the_exponential_is_subnormal():
    t = np.array([-10.0, -689.0, -691.0, -744.0, -800.0, -np.inf])
    got = stable.times_exp(1e60, t, np.exp(t))
    for entry, number in zip(t[:-1], got[:-1], strict=True):
        exact = mpmath.mpf(1e60) * mpmath.exp(mpmath.mpf(entry))
        assert abs(mpmath.mpf(number) - exact) < 4e-16 * exact
    assert got[-1] == 0


@pytest.mark.parametrize("a", [0.0, 1e-10, 0.1, 0.75, 1.0, 3.0, 6.28, 8.99, 9.01, 18.0, 40.0])
def test_scaled_upper_tail_is_the_integral(a):
    with mpmath.workdps(40):
        exact = mpmath.exp(mpmath.mpf(a) ** 2 / 2) * mpmath.erfc(mpmath.mpf(a) / mpmath.sqrt(2)) / 2
        assert abs(float(stable.scaled_upper_tail(np.array([a]))[0]) - exact) < 5e-16 * exact


@given(st.floats(-30, 30))
def test_exponent_of_gelu_tanh_has_106_bits(x):
    high, low = (float(part[0]) for part in stable.gelu_tanh_exponent(np.array([x])))
    with mpmath.workdps(60):
        t = mpmath.mpf(x)
        exact = 2 * mpmath.sqrt(2 / mpmath.pi) * (t + mpmath.mpf(44715) / 10**6 * t**3)
        assert abs(mpmath.mpf(high) + mpmath.mpf(low) - exact) <= abs(exact) * mpmath.mpf(2) ** -90 + mpmath.mpf(
            "1e-300"
        )
