"""The sentences that say what establishes a fact: one template each, so that another language needs one table."""

from types import MappingProxyType

import sympy as sp

from ._sheet import condense

PROOFS = MappingProxyType(
    {
        "given": "the definition",
        "differentiated": "diff(f, x) on each piece",
        "domain": "no denominator has a real root, every logarithm and root is of a positive number",
        "domain_sampled": "finite at every point of a grid on [-60, 60]",
        "pieces_agree": "one formula without a kink, smooth wherever it is defined",
        "first_gap": "at x = {at}: derivative {order} tends to {left} from the left, to {right} from the right",
        "jump": "at x = {at}: f tends to {left} from the left, to {right} from the right",
        "no_kink": "no break between pieces",
        "kinks": "breaks where a one-sided derivative differs: {points}",
        "extremum": "compared: the values at the critical points {points} and at the kinks, and the limits",
        "range": "f is continuous and runs from its infimum to its supremum",
        "range_of_pieces": "the images of the pieces, united",
        "parity": "f(-x) {sign} f(x) = 0 for every x",
        "not_parity": "f({a}) = {fa}, f(-{a}) = {fb}",
        "no_counterexample": "no counterexample among a few points",
        "centre": "f(x) + f(-x) = {value} for every x",
        "signs": "f{primes} = {expr} on ({left}, {right}) has signs {signs} and roots {roots}",
        "with_jump": "f jumps at {points}",
        "fixed": "roots of f(x) - x, its sign on each piece: {signs}",
        "lipschitz": "sup |f'|, found from the roots {points} of f'', the kinks and the limits",
        "limit": "limit({expr}, x, {point}) = {value}",
        "oscillates": "{expr} is periodic and takes its extremes in each period",
        "no_limit": "no limit was found",
        "hard": "f' = 0 identically beyond x = {at}",
        "soft": "f' tends to 0 and is not identically 0 on any half line",
        "no_saturation": "f' tends to {value}",
        "is_polynomial": "one polynomial on the whole line",
        "kinked": "a polynomial is smooth, f is of class C^{order} only",
        "bounded_tail": "{what} is not constant, yet has {value} as its limit at {point}: no polynomial does",
        "rounds": "bisection at {bits} bits on |f(x)| falling within half a spacing of the limit",
        "always": "f equals the limit on the whole half line",
        "gaussian_exact": "Gaussian integrals of polynomials times exponentials, piece by piece: E = {value}",
        "odd_mean": "f(x) + f(-x) = {value}, and the density is even, so E f = {half}",
        "odd_rate": "f(x) - f(-x) = {value} x, and E x^2 = 1, so E[x f(x)] = {half}",
        "quadrature": "Gauss-Legendre on panels cut at the kinks; rules of two orders agree to {digits} digits",
        "unsettled": "the quadrature does not settle, and the expectation may be infinite",
        "stein": "affine share = E[x f]^2 / (s^2 Var f) with s = {sigma}: {values}",
        "constant": "Var f = 0",
        "zero_mean": "E f = {value}",
        "gain": "1/sqrt of {value}",
        "jump_slope": "the slope almost everywhere, as backpropagation sees it; the jump is not counted",
        "ladder": "{expr} has a slope of sign {slope_signs}, so its own sign is {signs}",
        "sampled": "read off at 500 points, because {reason}",
        "too_long": "the ladder of derivatives grew too long",
        "half_line": "the function is periodic and the interval a half line",
        "period_roots": "the roots in one period were not found",
        "for_ever": "the derivative changes sign for ever",
        "unknown_sign": "the sign of {number} was not found",
        "touches": "isolated zeros, no change of sign within a period",
        "check": "checked with SymPy for {sizes} inputs, on {regions} regions: {equation}",
        "not_constant": "J*1 is neither 0 nor 1",
        "exchanged": "f(z) compared with f of z, two neighbours exchanged",
        "line": "on the line z = {line} the first component runs through {value}",
        "jacobian": "partial derivatives, on the region of z = {point}",
        "region": "{count} regions of two inputs were reached",
        "rank": "singular values at a point of each region, and the number of rows and null vectors as a bound",
        "line_entries": "the extremes of each entry along a line through the input space, two inputs",
        "norm": "sup of sqrt(tr(J.T*J)) on the line {line}; tr(J.T*J) is the norm squared where the rank is at most 1",
        "gershgorin": "for any number of inputs row i of |J| sums to 2 p_i (1 - p_i) <= 1/2, which bounds the norm",
    }
)


def proof(key: str, **parts: object) -> str:
    """The sentence called ``key`` with its parts filled in."""
    return PROOFS[key].format(**{name: _readable(part) for name, part in parts.items()})


def _readable(part: object) -> str:
    return str(condense(part)) if isinstance(part, sp.Basic) else str(part)
