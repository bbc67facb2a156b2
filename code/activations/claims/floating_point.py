"""Claims of the chapter on floating point."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import sympy as sp

from .. import catalogue, reference, slopes, values
from ..catalogue import get, x
from ..experiments import logits, precision
from ..proofs import rounding as proofs
from ._measured import measured
from .ledger import Check, Counterexample, Evidence, claim

KINDS = tuple(precision.TYPES)
SIGMOID, TANH = get("sigmoid").at(), get("tanh").at()


def _said(formula: sp.Expr, symbol: sp.Symbol, of: str, numbers: tuple[str, ...]) -> Iterator[Check]:
    """The formula's value in each type is the number that the statement gives, to its last digit."""
    for kind, number in zip(KINDS, numbers, strict=True):
        one = precision.TYPES[kind]
        value = formula.subs(symbol, one.precision if of == "precision" else -one.smallest)
        digits = len(number.partition(".")[2])
        yield Check(f"{kind}: {number}", f"{sp.N(value, 20):.{digits}f}" == number)


def _spacing(place: float, kind: str) -> float:
    return 2.0 ** (np.frexp(place)[1] - precision.TYPES[kind].precision)


def _counted(name: str, formula: sp.Expr) -> Iterator[Check]:
    """The first number of each type at which the exact value rounds to 1 is the first one above the formula."""
    found = precision.arrival(name)
    for kind in KINDS:
        place = found.of("rounded once", kind)
        exact = float(formula.subs(proofs.p, precision.TYPES[kind].precision))
        first = bool(0 <= place - exact < _spacing(place, kind))
        yield Check(f"{kind}: {place:.7g} is the first number of the type above it", first)


# --- where a value becomes its limit ---------------------------------------------------------------------------------


@claim("sigmoid-is-stored-as-one", verdict="proved")
def sigmoid_is_stored_as_one() -> Evidence:
    r"""With $p$ bits in the significand, $\sigma(x)$ rounds to 1 from $x = \log(2^{p+1} - 1)$ on: from 6.24 in
    bfloat16, 8.32 in float16, 17.33 in float32 and 37.43 in float64."""
    place = proofs.sigmoid_is_one().last.rhs
    return Evidence(
        "A number rounds to 1 from half a spacing below 1 on, and σ rises. Found again by counting.",
        derivations=[proofs.sigmoid_is_one(), proofs.gap_to_round_number()],
        checks=[
            Check("σ rises everywhere", SIGMOID.diff(x).is_positive),
            *_said(place, proofs.p, "precision", ("6.24", "8.32", "17.33", "37.43")),
            *_counted("sigmoid", place),
        ],
    )


@claim("tanh-is-stored-as-one", verdict="proved")
def tanh_is_stored_as_one() -> Evidence:
    r"""With $p$ bits in the significand, $\tanh x$ rounds to 1 from $x = \tfrac12 \log(2^{p+2} - 1)$ on: from 3.47 in
    bfloat16, 4.51 in float16, 9.01 in float32 and 19.06 in float64."""
    place = proofs.tanh_is_one().last.rhs
    slope = 1 - TANH**2
    return Evidence(
        "The same half spacing, and tanh falls short of 1 by 2/(1 + e²ˣ). Found again by counting.",
        derivations=[proofs.tanh_is_one()],
        checks=[
            Check("the slope of tanh is 1/cosh², which is positive", sp.simplify(slope - 1 / sp.cosh(x) ** 2) == 0),
            *_said(place, proofs.p, "precision", ("3.47", "4.51", "9.01", "19.06")),
            *_counted("tanh", place),
        ],
    )


@claim("sigmoid-is-stored-as-zero-much-later", verdict="proved")
def sigmoid_is_stored_as_zero_much_later() -> Evidence:
    r"""On the left $\sigma(x)$ rounds to 0 only from $x = -\log(2^{k+1} - 1)$ on, where $2^{-k}$ is the smallest number
    above 0: from −92.9 in bfloat16, −17.3 in float16, −104.0 in float32 and −745.1 in float64. So $1 - \sigma(x)$
    should be computed as $\sigma(-x)$."""
    place = proofs.sigmoid_is_zero().last.rhs
    one_minus, mirrored = 1 - values.sigmoid(np.float32(20)), values.sigmoid(np.float32(-20))
    error = reference.ulps(mirrored[None], reference.value("sigmoid", [-20.0]))[0]
    return Evidence(
        "Half of the smallest number rounds to 0, and σ rises.",
        derivations=[proofs.sigmoid_is_zero()],
        checks=[
            *_said(place, proofs.k, "smallest", ("-92.9", "-17.3", "-104.0", "-745.1")),
            Check("in float32 1 − σ(20) comes out as 0", bool(one_minus == 0)),
            Check("and σ(−20) to the nearest number", bool(error <= 0.5001)),
        ],
    )


@claim("typed-sigmoid-is-one-too-early", verdict="argued")
def typed_sigmoid_is_one_too_early() -> Evidence:
    r"""Typed as $1/(1 + e^{-x})$, with every operation rounded, the sigmoid is 1 from about $p \log 2$ on, which is
    $\log 2$ too early in every type: the sum $1 + e^{-x}$ lies just above 1, where floats are half as dense as below.
    """
    found = precision.arrival("sigmoid")
    near = [
        Check(
            f"{kind}: {place:.6g}, found by counting, is within two spacings of it",
            bool(abs(place - precision.TYPES[kind].precision * np.log(2)) <= 2 * _spacing(place, kind)),
        )
        for kind in KINDS
        for place in [found.of("as typed", kind)]
    ]
    return Evidence(
        "The sum in the denominator is rounded on the side of 1 where floats are half as dense.",
        derivations=[proofs.typed_sum_is_one(), proofs.early()],
        argument="Above 1 the spacing is $2^{1-p}$, twice that below 1. The sum $1 + e^{-x}$ is rounded to 1 when "
        "$e^{-x}$ is at most half of it, $2^{-p}$, since a tie goes to the even number, which is 1. Then the quotient "
        "is 1 as well. Otherwise the sum is at least $1 + 2^{1-p}$ and the quotient below 1.",
        checks=near,
    )


# --- formulas as typed -----------------------------------------------------------------------------------------------


@claim(
    "tanh-as-a-quotient-fails-twice",
    verdict="corrected",
    numerical="The quotient is evaluated at the numbers named, and one below each of them.",
)
def tanh_as_a_quotient_fails_twice() -> Evidence:
    r"""The definition $(e^x - e^{-x})/(e^x + e^{-x})$ is no program for $\tanh$: it gives NaN from 11.1 on in float16,
    88.8 in bfloat16 and float32, and 709.8 in float64, and at $10^{-8}$ in float32 it gives 0."""
    said = {"float16": 11.1, "bfloat16": 88.8, "float32": 88.8, "float64": 709.8}
    small = np.array([1e-8])
    quotient = {at: float(precision.evaluate("tanh", "as typed", np.array([at]), "float32")[0]) for at in (89.0, 1e-8)}
    u = np.expm1(2 * small)
    return Evidence(
        "Infinity over infinity, and a difference of two numbers that both round to 1.",
        derivations=[proofs.tanh_by_expm1()],
        checks=[
            *(
                Check(
                    f"{kind}: a number at {place:g} − 1, NaN at {place:g}",
                    np.isnan(precision.evaluate("tanh", "as typed", np.array([place - 1, place]), kind)).tolist()
                    == [False, True],
                )
                for kind, place in said.items()
            ),
            Check(
                "the form with e²ˣ − 1 keeps its digits near 0",
                bool(abs((u / (u + 2))[0] / np.tanh(small)[0] - 1) < 1e-15),
            ),
        ],
        counterexamples=[
            Counterexample("at 89 in float32", float(values.tanh(np.float32(89))), quotient[89.0]),
            Counterexample("at 10⁻⁸ in float32", float(values.tanh(np.float32(1e-8))), quotient[1e-8]),
        ],
    )


@claim("one-plus-erf-loses-the-tail-of-gelu", verdict="corrected")
def one_plus_erf_loses_the_tail_of_gelu() -> Evidence:
    r"""In float32 GELU's left tail reaches to −14.36, rounded once. It does not reach −5.6 if the gate is computed
    as $\tfrac12(1 + \operatorname{erf}(x/\sqrt2))$, as torch does, because the sum cancels."""
    at = np.array([-6.0])
    exact = reference.value("gelu", at)
    found = precision.arrival("gelu", side="left")
    return Evidence(
        f"torch's value is 0 from {found.of('torch', 'float32'):.4g} on in float32.",
        checks=[
            Check(
                "the package's value at −6 is the nearest", reference.ulps(values.gelu(np.float32(at)), exact)[0] < 0.51
            ),
            Check("rounded once it is 0 from −14.36 on", f"{found.of('rounded once', 'float32'):.2f}" == "-14.36"),
            Check("torch's is 0 between −5.6 and −5.5 on", -5.6 < found.of("torch", "float32") < -5.5),
        ],
        counterexamples=[
            Counterexample(
                f"the value of {form} at −6 in float32",
                f"{float(exact[0]):.3g}",
                f"{precision.evaluate('gelu', form, at, 'float32')[0]:.3g}",
            )
            for form in ("as typed", "torch")
        ],
    )


@claim("slope-from-a-rounded-value-dies-on-the-right", verdict="corrected")
def slope_from_a_rounded_value_dies_on_the_right() -> Evidence:
    r"""The sigmoid's slope is even and never 0, and rounded once to float32 it is not 0 before ±103.9. Computed from
    the stored value $a$ as $a(1 - a)$, as torch does, it is exactly 0 from 17 on to the right, while at −17 it is
    right."""
    slope = SIGMOID.diff(x)
    torch_at = dict(
        zip((-17, 17), precision.slope_by_torch("sigmoid", np.array([-17.0, 17.0]), "float32"), strict=True)
    )
    exact = float(slopes.sigmoid(np.float32(17)))
    end = precision.arrival("sigmoid", "slope").of("rounded once", "float32")
    return Evidence(
        "Once the value is stored as 1, the factor 1 − a is 0. On the left the value itself is small, and keeps its "
        "digits.",
        checks=[
            Check("σ′ is even", sp.simplify(slope - slope.subs(x, -x)) == 0),
            Check("σ′ is positive everywhere", slope.is_positive),
            Check("rounded once it is 0 between 103.9 and 104", 103.9 < end < 104),
            Check("at −17 torch is right to one part in a million", abs(torch_at[-17] / exact - 1) < 1e-6),
        ],
        counterexamples=[
            Counterexample("torch's slope of the sigmoid at 17 in float32", f"{exact:.3g}", f"{torch_at[17]:.3g}"),
            Counterexample(
                "torch's slope of tanh at 10 in float32",
                f"{float(slopes.tanh(np.float32(10))):.3g}",
                f"{precision.slope_by_torch('tanh', np.array([10.0]), 'float32')[0]:.3g}",
            ),
        ],
    )


# --- losses ----------------------------------------------------------------------------------------------------------


@claim("log-loss-from-the-logit", verdict="proved")
def log_loss_from_the_logit() -> Evidence:
    r"""The binary cross-entropy needs no probability: it is $\max(x, 0) - x y + \log(1 + e^{-|x|})$ in the logit $x$,
    with slope $\sigma(x) - y$. Its exponential never overflows, and its logarithm is never that of 0."""
    return Evidence(
        "Collect the logarithms, and take the large exponential out on the right.",
        derivations=[
            proofs.log_loss(),
            proofs.softplus_right(),
            proofs.softplus_left(),
            proofs.log_loss_slope(),
        ],
        checks=[
            Check("at 0 both are log 2", sp.log(1 + sp.exp(0)) == sp.log(2)),
            Check("the exponent is never positive", (-proofs.t).is_negative),
            Check("the logarithm is that of a number above 1", sp.exp(-proofs.t).is_positive),
        ],
    )


@claim("certain-and-wrong-is-not-corrected-through-a-probability", verdict="corrected")
def certain_and_wrong_is_not_corrected_through_a_probability() -> Evidence:
    r"""A loss that takes a probability is not the same as one that takes a logit. At the logit 20, where the answer is
    "no", the loss is 20 and its slope 1. Through the probability, in float32, the formula gives ∞ and NaN; with
    $10^{-7}$ added in the logarithms, or with the logarithm clamped as in torch, the slope is 0."""
    found = logits.losses([20.0])
    slope = {name: float(slope[0]) for name, slope in found.slope.items()}
    return Evidence(
        "The probability is stored as 1, and the two factors that should cancel are ∞ and 0.",
        derivations=[proofs.log_loss_through_probability()],
        checks=[
            Check("from the logit the loss is 20", found.value["from the logit"][0] == 20),
            Check("from the logit the slope is 1", slope["from the logit"] == 1),
            Check("as typed the loss is infinite", np.isposinf(found.value["as typed"][0])),
            Check("as typed the slope is NaN", np.isnan(slope["as typed"])),
        ],
        counterexamples=[
            Counterexample(f"the slope {name}", 1.0, slope[name]) for name in ("as typed", "with epsilon", "clamped")
        ],
    )


@claim("typed-log-loss-kills-units-that-succeed", verdict="measured")
def typed_log_loss_kills_units_that_succeed() -> Evidence:
    r"""The cross-entropy as typed kills units *because* they learn: with the loss in bfloat16, float16 or float32 all
    of 20 units became NaN within 400 steps, when they had on average more than nine answers in ten right, and sooner
    with fewer bits; in float64 none did. From the logit none was lost in any type."""
    result = logits.success()
    few = ("bfloat16", "float16", "float32")
    steps = np.array([result.last["as typed", kind] for kind in few])
    right = [result.right["as typed", kind] for kind in few]
    lost = {program: [result.lost(program, kind) for kind in KINDS] for program in ("as typed", "from the logit")}
    all_of_them = len(result.seeds)
    return Evidence(
        "A separable task, the same examples and starts for all; weights in float64 everywhere.",
        checks=[
            Check("as typed all are lost but in float64", lost["as typed"] == [all_of_them] * 3 + [0]),
            Check("from the logit none is lost", lost["from the logit"] == [0] * 4),
            Check("each unit is lost sooner with fewer bits", bool((np.diff(steps, axis=0) > 0).all())),
        ],
        measurements=[
            *(measured(f"last sound step in {kind}", steps[i], below=400) for i, kind in enumerate(few)),
            *(measured(f"share right then, {kind}", right[i], above=0.9) for i, kind in enumerate(few)),
        ],
    )


# --- signed zeros ----------------------------------------------------------------------------------------------------


@claim("minus-zero-equals-zero", verdict="proved")
def minus_zero_equals_zero() -> Evidence:
    r"""The float −0.0 equals 0.0 in every comparison, and each activation and each slope of this book treats both
    alike. They differ in their sign bit alone, which a tail keeps when it underflows."""
    zeros, names = np.array([0.0, -0.0]), catalogue.names("one")
    alike = {
        f"{what} of {name}": np.ptp(getattr(module, name)(zeros)) == 0
        for what, module in (("value", values), ("slope", slopes))
        for name in names
    }
    with np.errstate(divide="ignore"):
        turned = 1 / zeros
    far = values.silu(-1000.0)
    return Evidence(
        f"{len(alike)} values and slopes, at both zeros.",
        checks=[
            Check("−0.0 = 0.0, and neither is less", bool(zeros[0] == zeros[1] and not zeros[1] < zeros[0])),
            Check("their reciprocals are ∞ and −∞", turned.tolist() == [np.inf, -np.inf]),
            Check("every function and slope of one input is the same at both", all(alike.values())),
            Check("silu(−1000) is 0 with a minus sign", bool(far == 0 and np.signbit(far))),
        ],
    )
