"""Claims of the chapter on universal approximation."""

from __future__ import annotations

from math import comb

import sympy as sp

from ..catalogue import get, x
from ..experiments import approximation as layers
from ..experiments import pieces, xor
from ..proofs import approximation as proofs
from .ledger import Check, Counterexample, Evidence, Measurement, claim

RELU, SIGMOID, STEP = (get(name).at() for name in ("relu", "sigmoid", "heaviside"))
(RELU_ON, _), (RELU_OFF, _) = RELU.args
(STEP_ON, _), (STEP_OFF, _) = STEP.args
EIGHTH, HALF = sp.Rational(1, 8), sp.Rational(1, 2)


@claim("relu-layer-reaches-every-continuous-function", verdict="argued", sources=["S0.1"])
def relu_layer_reaches_every_continuous_function() -> Evidence:
    r"""One hidden layer of ReLUs comes as close as you like, everywhere at once, to any continuous function on a closed
    interval."""
    return Evidence(
        "Each unit turns the network onto the next chord, and along a chord the error is an average of two differences "
        "of the target.",
        derivations=[proofs.one_more_unit(), proofs.between_two_knots()],
        argument="Induction over the units: the network starts in $f(x_0)$, and unit $k$, which is 0 left of $x_k$, "
        "turns it onto chord $k$; so it meets $f$ at every knot and is straight between. A continuous function on a "
        "closed interval is uniformly continuous: for any $\\varepsilon$ some spacing $h$ keeps $f$ within "
        "$\\varepsilon$ between points no further apart than $h$. Both differences in the second derivation are then "
        "at most $\\varepsilon$, and so is their average.",
        cite="leshno1993",
    )


@claim("interpolation-error-bound", verdict="argued")
def interpolation_error_bound() -> Evidence:
    r"""The ReLU layer along the chords of $f$, with knots at the distance $h$, keeps the bound
    $\tfrac18 h^2 \max |f''|$ whenever $f$ has a continuous second derivative, and a parabola attains it."""
    return Evidence(
        "Two derivatives leave f″ − 2K, the product of the distances to the knots is at most h²/4, and x² attains it.",
        derivations=[proofs.remainder(), proofs.largest_product(), proofs.sharpness()],
        argument="Fix $x$ between the knots $a$ and $b$, and choose $K$ so that $g$ vanishes at $x$; it vanishes at "
        "$a$ and $b$ too. By Rolle's theorem $g'$ vanishes twice and $g''$ once, at $\\xi$ say, so $K = f''(\\xi)/2$, "
        "and the error at $x$ is $\\tfrac12 f''(\\xi)(x - a)(x - b)$. With $x$ at $s$ right of the middle the product "
        "is $h^2/4 - s^2$ in size, so at most $h^2/4$.",
    )


@claim("squares-stay-an-eighth-away-from-a-corner", verdict="argued", sources=["S0.4", "S0.5"])
def squares_stay_an_eighth_away_from_a_corner() -> Evidence:
    r"""However wide it is, a hidden layer of squares is off by at least $\tfrac18$ from $|x|$, somewhere on $[-1, 1]$.
    Two ReLUs give $|x|$ exactly."""
    gap, r = x**2 + EIGHTH - x, sp.Symbol("r", positive=True)
    return Evidence(
        "Five values with weights that add up to 1 in size and cancel every cubic leave −⅛.",
        derivations=[proofs.far_from_quadratics()],
        checks=[
            *(
                Check(f"the five values of t^{k} cancel", proofs.certificate(lambda t, k=k: t**k) == 0)
                for k in range(4)
            ),
            Check("the weights add up to 1 in size", sum(map(abs, proofs.WEIGHTS)) == 1),
            Check("x² + ⅛ is off by (x − ½)² − ⅛ right of 0", sp.expand(gap - ((x - HALF) ** 2 - EIGHTH)) == 0),
            Check("relu(r) + relu(−r) = r for every r > 0", RELU.subs(x, r) + RELU.subs(x, -r) == r),
        ],
        argument="A weighted sum of squares of $wx + b$, plus a constant, is a quadratic $q$, however many there are. "
        "The weights add up to 1 in size, so the sum of the errors $e = |x| - q$ is at most $\\max |e|$ in size; it is "
        "$-\\tfrac18$. The parabola $x^2 + \\tfrac18$ attains the bound, as $(|x| - \\tfrac12)^2 - \\tfrac18$ stays "
        "between $-\\tfrac18$ and $\\tfrac18$.",
    )


SPANS = (("square", 2, 1, 1), ("square", 2, 2, 1), ("square", 2, 1, 2), ("square", 2, 2, 2), ("cube", 3, 1, 1))


@claim(
    "polynomial-units-fill-a-finite-space",
    verdict="argued",
    numerical="That random networks fill the space is found at five sizes; that none leaves it is argued.",
)
def polynomial_units_fill_a_finite_space() -> Evidence:
    r"""All networks of $L$ hidden layers with a polynomial activation of degree $d$ and $n$ inputs lie in one space of
    $\binom{d^L + n}{n}$ dimensions, however wide they are."""
    networks = 40
    ranks = {span: proofs.span_of_networks(span[0], depth=span[2], inputs=span[3]) for span in SPANS}
    return Evidence(
        f"The rank of {networks} random networks at {networks} points, in integers, stops at that number; with ReLU it "
        "does not stop.",
        checks=[
            *(
                Check(f"{name}, {depth} hidden layer(s), {n} input(s): rank {rank}", rank == comb(degree**depth + n, n))
                for (name, degree, depth, n), rank in ranks.items()
            ),
            Check(f"ReLU: rank {networks} of {networks}", proofs.span_of_networks("relu") == networks),
        ],
        argument="Each layer multiplies the degree by $d$ at most, and sums do not raise it. The polynomials of degree "
        "at most $D$ in $n$ variables have a basis of $\\binom{D + n}{n}$ monomials. The experiment shows that random "
        "networks fill that space and do not leave it.",
        cite="pinkus1999",
    )


@claim("smooth-units-make-powers", verdict="argued")
def smooth_units_make_powers() -> Evidence:
    r"""If the activation $\varphi$ is smooth and $\varphi^{(k)}(b) \ne 0$, sums of $k + 1$ units $\varphi(w x + b)$
    come as close as you like to $x^k$ on any closed interval."""
    slopes = {k: sp.N(SIGMOID.diff(x, k).subs(x, 1), 30) for k in range(1, 7)}
    return Evidence(
        "The derivative in the weight brings out a power; it is a limit of sums of units.",
        derivations=[proofs.power_from_units(k) for k in (1, 2, 3)],
        checks=[
            Check(f"derivative {k} of σ at 1 is {slope:.2g}, not 0", abs(slope) > 1e-9) for k, slope in slopes.items()
        ],
        argument="The $k$-th derivative in $w$ at 0 is the limit of a difference quotient, which is a weighted sum of "
        "the $k + 1$ units with the weights $0, w, \\dots, kw$; the limit is uniform in $x$ on a closed interval. "
        "It equals $x^k \\varphi^{(k)}(b)$ by the chain rule, which is checked here with the sigmoid as $\\varphi$ and "
        "$k = 1, 2, 3$. Divide by $\\varphi^{(k)}(b)$.",
        cite="pinkus1999",
    )


@claim("universal-approximation-theorem", verdict="reported")
def universal_approximation_theorem() -> Evidence:
    """One hidden layer of a continuous activation, as wide as need be, approximates every continuous function on every
    compact set as closely as you like, if and only if the activation is not a polynomial."""
    return Evidence(
        "This book proves the part for ReLU in one dimension, the step from smooth units to powers, and that "
        "polynomials fail; the general case is theirs.",
        cite="leshno1993,pinkus1999",
    )


@claim("universal-does-not-mean-any-function", verdict="corrected", sources=["S0.5"])
def universal_does_not_mean_any_function() -> Evidence:
    r"""Networks with a suitable activation can come close to any *continuous* function on a *bounded, closed* set. They
    cannot come close to every function, nor to every continuous one on the whole line, and no finite amount of data
    says which function is meant."""
    n = 10
    wiggle = sp.sin(n * sp.pi * x)
    network = 2 * SIGMOID.subs(x, 3 * x + 1) - 5 * SIGMOID.subs(x, 1 - x) + 4
    return Evidence(
        "A step, a line without end, and two functions that agree on every sample.",
        counterexamples=[
            Counterexample("half the jump of a step, which no continuous network avoids", 0, (STEP_ON - STEP_OFF) / 2),
            Counterexample(
                "error of a sum of sigmoids for y = x, as a share of x, as x grows",
                0,
                sp.limit((x - network) / x, x, sp.oo),
            ),
            Counterexample(
                f"sin {n}πx at 1/{2 * n}, if it were the function 0, as its samples at k/{n} are",
                0,
                wiggle.subs(x, sp.Rational(1, 2 * n)),
            ),
        ],
        checks=[Check(f"sin {n}πx is 0 at k/{n}", all(wiggle.subs(x, sp.Rational(k, n)) == 0 for k in range(n + 1)))],
        argument="A continuous function takes nearly the same value on both sides of the jump, so it is off by half of "
        "the jump on one of them. A learner that is given samples of 0 on that grid must answer the same to both "
        "functions, and is off by a half from one of them.",
        cite="hornik1991",
    )


@claim("sums-of-sigmoids-are-bounded", verdict="argued", sources=["S0.5"])
def sums_of_sigmoids_are_bounded() -> Evidence:
    r"""A sum of finitely many sigmoid units stays between two bounds, so its distance from $f(x) = x$ on the whole line
    is infinite, whatever the number of units."""
    v, w, b = sp.symbols("v w b", real=True), sp.Symbol("w", positive=True), sp.Symbol("b", real=True)
    unit = v[0] * SIGMOID.subs(x, w * x + b)
    return Evidence(
        "Every unit is between 0 and its outer weight, and tends to one of the two at each end.",
        checks=[
            Check("0 < σ at every real x", SIGMOID.is_positive),
            Check("σ < 1 at every real x", sp.simplify(1 - SIGMOID).is_positive),
            Check("a unit v σ(wx + b) with w > 0 tends to v on the right", sp.limit(unit, x, sp.oo) == v[0]),
            Check("and to 0 on the left", sp.limit(unit, x, -sp.oo) == 0),
        ],
        argument="By the triangle inequality $|c + \\sum_k v_k \\sigma(\\cdot)| \\le |c| + \\sum_k |v_k| = B$. At "
        "$x = B + M$ the error is at least $M$, for every $M$.",
    )


@claim("differentiability-is-not-the-point", verdict="corrected", sources=["S0.6"])
def differentiability_is_not_the_point() -> Evidence:
    r"""An activation need not be differentiable everywhere: ReLU is not, at 0. Almost everywhere is not enough either:
    the step is, with slope 0, and no gradient descends through it. Training needs a slope that differs from 0 on a
    large part of the inputs."""
    trained = xor.success().share("relu", 8)
    return Evidence(
        "ReLU has two slopes at 0, and gradient descent trains it; the step has the slope 0 on both of its pieces.",
        counterexamples=[
            Counterexample(
                f"of {trained.runs} networks of eight ReLUs, those that learned XOR, if a kink forbade training",
                0,
                trained.count,
            )
        ],
        checks=[
            Check("ReLU's slopes left and right of 0 differ", RELU_OFF.diff(x) != RELU_ON.diff(x)),
            Check("the step has slope 0 on both pieces", STEP_ON.diff(x) == STEP_OFF.diff(x) == 0),
            Check("40 layers of steps span 40 dimensions", proofs.span_of_networks("heaviside", networks=40) == 40),
        ],
        cite="bertoin2021",
    )


@claim("each-tent-doubles-the-pieces", verdict="argued")
def each_tent_doubles_the_pieces() -> Evidence:
    r"""The tent map behind itself $L$ times, $2L$ ReLU units in all, has exactly $2^L$ straight pieces on $[0, 1]$; one
    hidden layer needs $2^L - 1$ units for as many."""
    depths = range(1, 11)
    counted = {depth: pieces.count(pieces.sawtooth(depth)) for depth in depths}
    return Evidence(
        f"Counted with exact fractions up to {max(depths)} layers, where there are {counted[max(depths)]} pieces.",
        derivations=[proofs.tent_falls()],
        checks=[Check(f"{pieces.units(pieces.sawtooth(d))} units, {n} pieces", n == 2**d) for d, n in counted.items()],
        argument="Induction over the layers. On each of its pieces the sawtooth so far runs straight between 0 and 1. "
        "The tent is $2y$ up to $y = \\tfrac12$ and falls with the slope $-2$ from there, so it bends each piece once, "
        "in its middle, and runs each half between 0 and 1 again. A single hidden layer bends at most once a unit, so "
        "$n$ units make at most $n + 1$ pieces.",
        cite="telgarsky2016",
    )


@claim("shallow-networks-pay-with-exponential-width", verdict="argued")
def shallow_networks_pay_with_exponential_width() -> Evidence:
    r"""One hidden layer of fewer than $2^{L-1}$ ReLUs is off by at least $\tfrac12$ somewhere from the sawtooth of $L$
    layers; the constant $\tfrac12$ does as well."""
    heights = {y for _, y in pieces.corners(pieces.sawtooth(6))}
    return Evidence(
        "Over a whole tooth a straight line is off by a half.",
        derivations=[proofs.line_over_a_tooth()],
        checks=[Check("the sawtooth runs between 0 and 1, at most ½ from the constant ½", heights == {0, 1})],
        argument="The sawtooth has $2^{L-1}$ teeth side by side. With fewer bends than teeth, the network is straight "
        "over one of them. There $e(u) - 2e(u+h) + e(u+2h) = 2$, and the three weights add up to 4 in size, so one of "
        "the errors is at least $\\tfrac12$.",
        cite="telgarsky2016",
    )


@claim("random-depth-makes-few-pieces", verdict="measured")
def random_depth_makes_few_pieces() -> Evidence:
    """A ReLU network of one input and 24 units with random weights (variance 2/fan-in, standard normal biases) has on
    average no more straight pieces than units, whether they stand in one layer or in six."""
    found = pieces.random_pieces()
    total = sum(found.shapes[0])
    measurements = [
        Measurement(
            f"pieces of {total} units in {len(shape)} hidden layer(s)",
            *(float(value) for value in (mean, mean - half, mean + half)),
            seeds=found.counts.shape[1],
            below=total,
        )
        for shape, mean, half in zip(found.shapes, found.mean, found.half_width, strict=True)
    ]
    return Evidence(
        f"Counted exactly on [−3, 3]; {len(found.shapes[-1])} layers of two units could make {found.possible[-1]}.",
        measurements=measurements,
        checks=[Check(f"{m.what}: at most {total}", m.high <= total) for m in measurements],
    )


@claim("training-does-not-find-the-formula", verdict="measured", sources=["S0.5"])
def training_does_not_find_the_formula() -> Evidence:
    """For a wave and 16 ReLU units, gradient descent (Adam) from random starts ends with a worst error that is on
    average several times that of the weights written down by formula."""
    found = layers.train("wave", units=16)
    low, high = found.interval
    return Evidence(
        f"{found.units} ReLU units, target {layers.get_target(found.target).title}: the formula is off by "
        f"{found.by_formula:.2g}, the best of {found.trained.size} starts by {found.trained.min():.2g}.",
        measurements=[
            Measurement(
                "worst error after training, as a multiple of the formula's",
                float(found.ratio.mean()),
                low,
                high,
                seeds=found.ratio.size,
                above=2,
            )
        ],
        cite="auer1996",
    )


@claim("barron-rate-is-free-of-the-dimension", verdict="reported")
def barron_rate_is_free_of_the_dimension() -> Evidence:
    r"""For targets that are smooth in Barron's sense, some layer of $n$ sigmoid units has a mean squared error of at
    most $c/n$ in any number of dimensions, where the constant $c$ belongs to the target and to the region."""
    return Evidence(
        "Barron's sense: the target's Fourier transform has a finite first moment C. On a ball of radius r the bound "
        "is (2rC)²/n. The rate does not depend on the dimension; the constant C may, and can grow quickly with it.",
        cite="barron1993",
    )
