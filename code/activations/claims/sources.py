"""What the book set out from: every statement of its five starting documents, restated in our own words, one row each.

The documents are named by title and kind.
A row marked ``loose`` is wrong as it stands, or true only under conditions; the claims that deal with it say which.
"""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["DOCUMENTS", "ROWS", "Row"]

DOCUMENTS = {
    "S0": "Advanced machine learning: activation functions (study notes, in Chinese)",
    "S1": "Sigmoid, tanh and ReLU in interviews (a summary of questions and answers, in Chinese)",
    "S2": "Why do neural networks need an activation function? (magazine article of 2019, in Chinese translation)",
    "S3": "Sigmoid, ReLU, Leaky ReLU, PReLU and ELU (study notes, in Chinese)",
    "S4": "Activation functions and how they developed, part one (a column, in Chinese)",
}


@dataclass(frozen=True)
class Row:
    """One statement of one document."""

    id: str
    says: str
    loose: bool = False

    @property
    def document(self) -> str:
        return DOCUMENTS[self.id.partition(".")[0]]


_STATEMENTS = (
    Row("S0.1", "Activation functions introduce nonlinearity; that is what lets a network learn complex maps"),
    Row("S0.2", "A node's activation turns its input signal into the output that becomes the next layer's input"),
    Row(
        "S0.3",
        "Without activations the network's output is a linear function of its input: it is just a linear regression",
    ),
    Row("S0.4", "Nonlinear functions are those of degree above one, and their graphs are curved", loose=True),
    Row("S0.5", "Neural networks are universal approximators: they can compute and learn any function", loose=True),
    Row("S0.6", "An activation must be differentiable so that backpropagation can be used", loose=True),
    Row(
        "S0.7",
        "Order of development: sigmoid → tanh → ReLU → leaky ReLU → Maxout; softmax is used only in the last layer",
        loose=True,
    ),
    Row("S0.8", "Sigmoid squashes reals into 0..1, suits probabilities, and is hardly used any more", loose=True),
    Row(
        "S0.9",
        "Sigmoid saturates: near 0 or 1 its slope is almost 0 and almost no signal flows back to the previous layer",
    ),
    Row(
        "S0.10",
        "Sigmoid is not zero-centred: with all-positive inputs a neuron's weight gradients are all positive "
        "or all negative, so updates zig-zag",
        loose=True,
    ),
    Row("S0.11", "Tanh squashes to [-1, 1]; it fixes zero-centring but still saturates", loose=True),
    Row("S0.12", "Batch normalisation before the activation keeps its input near zero mean, which prevents saturation"),
    Row("S0.13", "ReLU makes SGD converge much faster than sigmoid or tanh"),
    Row("S0.14", "Sigmoid's and tanh's derivatives need exponentials; ReLU's costs next to nothing", loose=True),
    Row("S0.15", "ReLU differs by one-sided suppression, a wide excitation range, and sparse activity"),
    Row(
        "S0.16",
        "ReLU units can die irreversibly, losing diversity; a sensible learning rate makes that less likely",
        loose=True,
    ),
    Row("S0.17", "Leaky ReLU keeps information on the negative axis and so solves dying"),
    Row(
        "S0.18",
        "Maxout keeps ReLU's advantages (simple, does not saturate) without dying, but doubles each neuron's "
        "parameters",
        loose=True,
    ),
    Row("S0.19", "Softmax serves multi-class outputs: it “makes the large larger”", loose=True),
    Row("S0.20", "Softmax extends sigmoid: for k = 2 softmax regression is logistic regression"),
    Row("S1.1", "Formulas of sigmoid, tanh, ReLU"),
    Row(
        "S1.2", "The derivatives are f(1−f) for sigmoid, 1−f² for tanh, and for ReLU 1 where x > 0, else 0", loose=True
    ),
    Row("S1.3", "Vanishing gradients: sigmoid readily; tanh also, less; ReLU eases it most"),
    Row("S1.4", "Typical uses: sigmoid for binary classification, tanh in RNNs, ReLU in CNNs", loose=True),
    Row("S1.5", "Advantages: smooth and easily differentiated; tanh odd about the origin; ReLU fast and sparse"),
    Row("S1.6", "Drawbacks: vanishing; powers are costly to compute; sigmoid not zero-centred; ReLU can die"),
    Row("S1.7", "An always-positive output makes weight updates inefficient and slows convergence"),
    Row(
        "S1.8",
        "Positive outputs give the next layer inputs with non-zero mean; the distribution shifts with depth; "
        "zero-mean data train faster",
    ),
    Row("S1.9", "Sigmoid's range [0, 1] suits binary classification", loose=True),
    Row(
        "S1.10",
        "tanh RNNs vanish too, yet RNNs prefer tanh to ReLU: one W is shared over time, ReLU's slope is 1, "
        "and an eigenvalue above 1 makes the product explode",
        loose=True,
    ),
    Row("S1.11", "With truncation ReLU still works well in RNNs"),
    Row(
        "S1.12",
        "In a CNN each layer has its own W, some with eigenvalues above 1 and some below, and they cancel",
        loose=True,
    ),
    Row(
        "S1.13",
        "Cures for dying ReLU: leaky variants, a small learning rate, and momentum, which adjusts the "
        "learning rate as it goes",
        loose=True,
    ),
    Row(
        "S2.1",
        "A network fits outputs to inputs; each neuron is a function; a layer's output vector has one "
        "dimension per neuron",
    ),
    Row("S2.2", "A 100×100 RGB picture gives 30 000 inputs"),
    Row("S2.3", "A neuron multiplies by weights, adds a bias, applies the activation"),
    Row("S2.4", "The activation is nonlinear because product and sum already do the linear part"),
    Row("S2.5", "ReLU is, of all activations, the closest to linear: identity for x ≥ 0, zero below", loose=True),
    Row("S2.6", "It is inspired by biology: a neuron fires or does not"),
    Row("S2.7", "With bias −b, ReLU filters out whatever is below the threshold b"),
    Row(
        "S2.8",
        "Sigmoid squashes its input because it is continuous; σ(3) is about 0.95, σ(10) is 0.999…; it "
        "approaches 1 and never reaches it, likewise 0 on the left; it is symmetric, with σ(0) = 1/2",
        loose=True,
    ),
    Row("S2.9", "Sigmoid suits probabilities, and filters (an LSTM's forget gate)"),
    Row("S2.10", "Tanh gives negative or positive values rather than a filter"),
    Row(
        "S2.11",
        "Stacked affine maps equal one affine map; a network with identity activations is one product and one sum",
    ),
    Row(
        "S2.12", "No affine map computes XOR, and a two-layer ReLU network, said to be trained, computes it", loose=True
    ),
    Row("S2.13", "A cosine activation exists, and is controversial"),
    Row(
        "S3.1",
        "An ideal activation has outputs of mean zero, for faster training, and saturates on one side only, "
        "for better convergence",
        loose=True,
    ),
    Row("S3.2", "σ′ lies in [0, 0.25]", loose=True),
    Row(
        "S3.3",
        "The loss gradient at the first neuron of a chain is a product with one σ′ per layer, so it becomes tiny",
        loose=True,
    ),
    Row("S3.4", "Updates depend on the gradient, so shallow and deep layers learn at very different speeds"),
    Row("S3.5", "Saturated neurons make it worse; left and right saturation defined by f′ → 0 at −∞ and +∞"),
    Row("S3.6", "Remedies: ReLU; LSTMs (for RNNs)"),
    Row(
        "S3.7",
        "ReLU's slopes are 0 or 1, so the product is 0 or 1: the gradient passes unchanged or stops",
        loose=True,
    ),
    Row("S3.8", "Sigmoid saturates on both sides, ReLU on one"),
    Row(
        "S3.9",
        "One-sided saturation turns a neuron into a detector (low layers concrete features, high layers "
        "abstract ones): positive size says how strongly, 0 says absent; negative values would be noise and "
        "correlate neurons; sparsity follows",
        loose=True,
    ),
    Row("S3.10", "A bias that is too negative makes every input negative: the unit never updates again"),
    Row("S3.11", "ReLU's outputs are non-negative, so all weight gradients of a layer share a sign", loose=True),
    Row(
        "S3.12",
        "The zig-zag picture: w1 must fall, w2 must rise, every update moves both the same way, and the next "
        "step reverses",
        loose=True,
    ),
    Row("S3.13", "Leaky ReLU with a random slope helps escape local optima and saddle points", loose=True),
    Row("S3.14", "PReLU learns the slope"),
    Row("S3.15", "ELU meets both ideals: slope 1 above 0, tends to −α below; α is usually 1", loose=True),
    Row(
        "S3.16",
        "Choosing: ReLU first (cheapest, simplest), then leaky ReLU or ELU, then randomised ReLU and PReLU; "
        "PReLU only with much data",
        loose=True,
    ),
    Row("S4.1", "Biological neurons sum inputs and fire above a threshold"),
    Row(
        "S4.2",
        "Maximum entropy principle: among the models that meet the constraints choose the one with the largest entropy",
    ),
    Row("S4.3", "H(P) = −Σ P log P, 0 ≤ H ≤ log|X|, with equality on the right exactly for the uniform distribution"),
    Row("S4.4", "Where nothing more is known, outcomes are equally likely"),
    Row("S4.5", "Set-up: conditional model P(y|x), empirical P̃(x, y) and P̃(x), indicator feature functions f(x, y)"),
    Row("S4.6", "Constraint: the model's expectation of each feature equals the empirical one"),
    Row("S4.7", "Primal problem: minimise −H(P) subject to those and to Σ_y P(y|x) = 1"),
    Row(
        "S4.8",
        "The Lagrangian is to be minimised, with a single multiplier w0 for the normalisation at every x",
        loose=True,
    ),
    Row(
        "S4.9",
        "Its derivative with respect to P(y|x) keeps a sum over x and y, writes w_i as a function of x, and "
        "takes P̃(x) out of the w0 term",
        loose=True,
    ),
    Row("S4.10", "Setting it to zero where P̃(x) > 0 gives P = exp(+Σ w f + w0 − 1)", loose=True),
    Row("S4.11", "Normalising that expression gives the partition function", loose=True),
    Row("S4.12", "The final formula carries exp(−Σ w f)", loose=True),
    Row("S4.13", "Putting f_i(x, y) = x turns the result into softmax", loose=True),
    Row("S4.14", "Sigmoid is the two-class case, 1/(1 + exp(Σ w x))", loose=True),
    Row("S4.15", "For large |x| σ′ is near 0: gradients too small to train"),
    Row("S4.16", "ReLU avoids vanishing gradients, converges faster and needs only a threshold", loose=True),
    Row(
        "S4.17",
        "Any negative input means a dead neuron; leaky and randomised variants repair it; perhaps the reader "
        "will find a better function",
        loose=True,
    ),
)

ROWS: dict[str, Row] = {row.id: row for row in _STATEMENTS}
"""Every row by its id, in the documents' order."""
