"""The definitions: exact, complete, and with the conventions that torch has."""

import math

import pytest
import sympy as sp
import torch
from activations.catalogue import CATALOGUE, Activation, Parameter, get, names, x
from sympy import Float, Rational

ONE, MANY = ([get(name) for name in names(arity)] for arity in ("one", "many"))
by_name = {"ids": lambda entry: entry.name}
F = torch.nn.functional


@pytest.mark.parametrize("entry", CATALOGUE.values(), **by_name)
def test_every_entry_says_who_when_and_where(entry):
    assert entry.title and entry.authors and entry.cite
    assert 1943 <= entry.year <= 2026
    assert entry.name.isidentifier() and entry.name == entry.name.lower()


def test_no_name_is_taken_twice():
    every = [name for entry in CATALOGUE.values() for name in (entry.name, *entry.other_names)]
    assert len(every) == len(set(every))


@pytest.mark.parametrize("entry", ONE, **by_name)
def test_numbers_are_exact(entry):
    assert not entry.expr.atoms(Float)
    assert not entry.slope().atoms(Float)
    assert all(p.default.is_Rational or p.default.is_number for p in entry.parameters)


@pytest.mark.parametrize("entry", ONE, **by_name)
def test_the_slope_at_a_kink_is_the_one_recorded(entry):
    for convention in entry.conventions:
        assert entry.slope().subs(x, convention.at) == convention.slope


@pytest.mark.parametrize("entry", ONE, **by_name)
def test_every_kink_has_a_convention(entry):
    recorded = {convention.at for convention in entry.conventions}
    ends = set()
    if entry.at().has(sp.Piecewise):
        for _, condition in entry.at().args:
            ends |= {number for number in condition.atoms(sp.Number)}
    for at in ends - recorded:
        left, right = (sp.limit(entry.slope(), x, at, side) for side in "-+")
        assert left == right, f"the slope jumps at {at}"


# torch's own functions, where it has them; heaviside has no slope in torch.
TORCH = {
    "relu": F.relu,
    "relu6": F.relu6,
    "hardtanh": F.hardtanh,
    "leaky_relu": F.leaky_relu,
    "prelu": lambda z: F.prelu(z, torch.tensor([0.25], dtype=z.dtype)),
    "rrelu": F.rrelu,
    "selu": F.selu,
    "hardsigmoid": F.hardsigmoid,
    "hardswish": F.hardswish,
}


@pytest.mark.parametrize("entry", [entry for entry in ONE if entry.conventions], **by_name)
def test_conventions_are_torchs(entry):
    if entry.name == "heaviside":
        assert entry.at().subs(x, 0) == 1
        return
    at = torch.tensor([float(c.at) for c in entry.conventions], dtype=torch.float64, requires_grad=True)
    TORCH[entry.name](at).sum().backward()
    assert at.grad.tolist() == pytest.approx([float(c.slope) for c in entry.conventions], rel=1e-14)


def test_defaults_are_torchs():
    assert get("leaky_relu").parameters[0].default == Rational(1, 100)
    assert float(get("prelu").parameters[0].default) == torch.nn.PReLU().weight.item()
    assert [float(p.default) for p in get("rrelu").parameters] == [torch.nn.RReLU().lower, torch.nn.RReLU().upper]
    assert [float(p.default) for p in get("hardtanh").parameters] == [-1, 1]


def test_selus_constants_solve_the_equations_they_come_from():
    """Mean 0 and mean square 1 under N(0, 1), to 15 digits; the integrals are mpmath's."""
    from mpmath import mp

    with mp.workdps(30):
        f = sp.lambdify(x, get("selu").at(), "mpmath")
        mean, square = (
            mp.quad(lambda t, power=power: f(t) ** power * mp.npdf(t), [-mp.inf, 0, mp.inf]) for power in (1, 2)
        )
        assert abs(mean) < mp.mpf("1e-15")
        assert abs(square - 1) < mp.mpf("1e-15")


@pytest.mark.parametrize("entry", MANY, **by_name)
def test_the_shown_formula_is_the_definition(entry):
    size = 4 if len(entry.sizes) == 2 and entry.name != "sparsemax" else 3
    z = entry.inputs(size)
    shown = entry.formula.rhs
    if entry.name in ("maxout", "sparsemax"):  # shown with "max", in words
        values = dict(zip(z, (Rational(1, 2), Rational(3, 10), Rational(-1, 5), 2), strict=False))
        outputs = [value.subs(values) for value in entry.of(z)]
        if entry.name == "maxout":
            assert outputs == [max(values.values())]
        else:
            assert sum(outputs) == 1 and min(outputs) >= 0
        return
    i, n = sp.symbols("i n", integer=True, positive=True)
    a, b, symbols = (sp.IndexedBase(name) for name in ("a", "b", "z"))
    half = size // 2
    for k, output in enumerate(entry.of(z), start=1):
        placed = shown.subs({n: size, i: k}).doit()
        placed = placed.subs({symbols[j]: z[j - 1] for j in range(1, size + 1)})
        placed = placed.subs({a[k]: z[k - 1], b[k]: z[(half + k - 1) % size]})
        assert sp.simplify(placed - output) == 0


def test_sparsemax_is_the_nearest_point_of_the_simplex():
    entry = CATALOGUE["sparsemax"]
    z = entry.inputs(3)
    at = dict(zip(z, (Rational(7, 10), Rational(1, 2), Rational(-2)), strict=True))
    output = [value.subs(at) for value in entry.of(z)]
    assert output == [Rational(3, 5), Rational(2, 5), 0]


@pytest.mark.parametrize("name", ["glu", "swiglu"])
def test_a_gated_unit_needs_halves(name):
    with pytest.raises(ValueError, match="an even number of inputs is needed, got 3"):
        CATALOGUE[name].of(CATALOGUE[name].inputs(3))


def test_names_by_arity():
    assert set(names("one")) | set(names("many")) == set(names()) == set(CATALOGUE)
    with pytest.raises(ValueError, match="arity must be 'one', 'many' or None, got 'two'"):
        names("two")


@pytest.mark.parametrize("asked", ["swish", "Swish", "SiLU", "silu", CATALOGUE["silu"]])
def test_get_takes_other_names_and_entries(asked):
    assert get(asked) is CATALOGUE["silu"]


def test_get_names_the_nearest():
    with pytest.raises(KeyError, match="unknown activation 'relux'; did you mean relu"):
        get("relux")
    with pytest.raises(KeyError, match="known are identity, heaviside"):
        get("zzzzzz")
    with pytest.raises(TypeError, match="asked for by name, got int"):
        get(3)


def test_parameters_are_checked():
    assert get("elu").at(alpha=2).subs(x, -sp.oo) == -2
    assert get("silu").at(beta=0.1) == x / (1 + sp.exp(-x / 10))
    with pytest.raises(TypeError, match="elu: unknown parameter 'beta'; it takes alpha"):
        get("elu").at(beta=1)
    with pytest.raises(TypeError, match="relu: unknown parameter 'alpha'; it takes none"):
        get("relu").at(alpha=1)
    for bad in (0, -1):
        with pytest.raises(ValueError, match="elu: alpha must satisfy alpha > 0"):
            get("elu").at(alpha=bad)
    with pytest.raises(ValueError, match="hardtanh: max_val must satisfy"):
        get("hardtanh").at(min_val=2, max_val=1)
    for bad in (math.nan, math.inf):
        with pytest.raises(ValueError, match="alpha must be a finite number"):
            get("elu").at(alpha=bad)


def test_an_activation_of_ones_own_is_checked():
    assert Activation("mine", x * sp.atan(x)).slope().subs(x, 0) == 0
    a = sp.Symbol("a")
    assert Activation("scaled", a * x, parameters=(Parameter(a, Rational(2), "scale"),)).at() == 2 * x
    with pytest.raises(TypeError, match="must be a SymPy expression in x, got function"):
        Activation("mine", lambda value: value)
    with pytest.raises(ValueError, match="exact numbers only, got the float 0.1"):
        Activation("mine", 0.1 * x)
    with pytest.raises(ValueError, match="unknown symbol y"):
        Activation("mine", sp.Symbol("y"))


@pytest.mark.parametrize("entry", ONE, **by_name)
def test_formulas_show_parameters_by_one_letter(entry):
    assert "negative" not in entry.latex() and "_val" not in entry.latex()
