"""The theorems that the first chapters derive, and what happens when one is broken on purpose."""

import numpy as np
import pytest
import sympy as sp
from activations.catalogue import get, names, x
from activations.proofs import Derivation, ProofError, affine, sigmoid
from activations.proofs._called import called
from sympy import exp, tanh

SIGMOID = get("sigmoid").expr


@pytest.mark.parametrize("depth", [1, 2, 3, 4, 6])
def test_affine_layers_collapse_at_each_depth(depth):
    shown = affine.collapse(depth)
    assert not shown.argued
    weight, bias = affine.folded(depth)
    assert shown.last == weight * affine.vector() + bias


def test_the_folded_layer_agrees_with_numbers():
    rng = np.random.default_rng(0)
    sizes = dict(zip(sp.symbols("n_0:4", integer=True, positive=True), (2, 3, 4, 2), strict=True))
    drawn = {affine.vector(): rng.integers(-3, 4, (2, 1))}
    for weight, bias in affine.layers(3):
        for symbol in (weight, bias):
            drawn[symbol] = rng.integers(-3, 4, [int(size.subs(sizes)) for size in symbol.shape])
    signal = drawn[affine.vector()]
    for weight, bias in affine.layers(3):
        signal = drawn[weight] @ signal + drawn[bias]

    def number(expr):
        placed = {symbol.subs(sizes): sp.Matrix(value) for symbol, value in drawn.items()}
        return np.array(expr.subs(sizes).subs(placed).doit().tolist(), dtype=float)

    weight, bias = affine.folded(3)
    assert np.array_equal(number(weight) @ drawn[affine.vector()] + number(bias), signal)


@pytest.mark.parametrize("depth", [0, -1])
def test_a_stack_has_a_layer(depth):
    with pytest.raises(ValueError, match=f"depth must be at least 1, got {depth}"):
        affine.layers(depth)


def test_a_minor_through_a_wide_enough_layer_does_not_vanish():
    # The counterpart of the rank bound: with as many units as rows the determinant is the product of two.
    up, down = (sp.Matrix(2, 2, sp.symbols(f"{name}0:4")) for name in "ud")
    assert sp.expand((up * down).det() - up.det() * down.det()) == 0
    assert affine.vanishing_minor(2) == 0


def test_only_the_identity_is_affine():
    assert [name for name in names("one") if affine.is_affine(get(name).at(), x)] == ["identity"]


def test_is_affine_does_not_guess():
    with pytest.raises(ValueError, match="could not decide"):
        affine.is_affine(x + sp.Function("f")(x), x)


DERIVATIONS = [name for name in sigmoid.__all__ if name not in ("p", "sigma", "slope_at")]


@pytest.mark.parametrize("name", DERIVATIONS)
def test_the_sigmoids_derivations_hold_and_argue_nothing(name):
    derivation = getattr(sigmoid, name)()
    assert derivation.steps and not derivation.argued


def test_the_conclusions_are_the_formulas():
    s, at = sigmoid.sigma, sigmoid.sigma(x)
    assert sigmoid.slope().conclusion.args == (at.diff(x), at * (1 - at))
    assert sigmoid.symmetry().conclusion.args == (s(-x), 1 - at)
    assert sigmoid.tanh_as_sigmoid().conclusion.args == (tanh(x), 2 * s(2 * x) - 1)
    assert sigmoid.inverse().last == x
    assert sigmoid.from_log_odds().last.rhs == SIGMOID
    assert sigmoid.slope_at(sp.log(2)) == sp.Rational(2, 9)


@pytest.mark.parametrize(
    ("old", "broken"),
    [
        (SIGMOID.diff(x), SIGMOID * (SIGMOID - 1)),
        (1 / (1 + exp(x)), 1 + SIGMOID),
        (sp.Rational(1, 4) - SIGMOID * (1 - SIGMOID), (SIGMOID + sp.Rational(1, 2)) ** 2),
        (tanh(x), 2 * SIGMOID.subs(x, 2 * x) + 1),
        (tanh(x), SIGMOID.subs(x, 2 * x) - 1),
    ],
)
def test_a_wrong_sign_or_factor_in_them_is_found(old, broken):
    with pytest.raises(ProofError, match="is false"):
        Derivation(old).then(broken, because="broken on purpose")


def test_how_one_proof_writes_a_function_shows_in_no_other():
    shown = called("f", real=True)
    assert sp.latex(shown(x)) == "f(x)"
    assert sp.latex(called("z", bare=True, real=True)(x) ** 2) == "z^{2}"
    assert sp.latex(sp.Function("f", real=True)(x)) == r"f{\left(x \right)}"
    assert called("f", real=True) is shown
