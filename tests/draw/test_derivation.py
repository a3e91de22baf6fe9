"""A derivation is right: its formulas are read again, computed, and give the gradient."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

import bibun
from bibun.draw import derivation
from bibun.errors import NotDifferentiableError, UnsupportedError
from bibun.graph import Op
from bibun.notation import ATOM, Text
from tests.laws.cases import base, examples

from .reader import Reader

X = np.array([[-1.0, 0, 1], [2, 3, 4], [-1, -5, 2]])
W = np.array([[-0.1, 0.2], [0.3, -0.4], [0.5, 0.6]])
V = np.array([0.5, -1.5, 2.0])


def loss(X, W):
    Z = X @ W
    Y = np.sin(Z)
    return np.sum(Y**2)


def dense(p, x):
    h = np.tanh(x @ p["w"] + p["b"])
    return np.mean((h @ p["v"] - 1) ** 2)


def wave(x):
    return x * np.sin(1 / x)


def reciprocal(x):
    return 1 / np.exp(x)


def leaky(x):
    return np.sum(np.where(x > 0, x, 0.1 * x))


def loop(x):
    for _ in range(4):
        x = x * np.sin(x) - 0.5
    return x


def mixed(x, s):
    y = np.exp(s * x)
    return np.sum(y / (1 + y) + np.sqrt(np.abs(y)) - (-x) ** 3)


def linear(x):
    return np.sum(x @ W)


def rows(x):
    return np.sum(np.exp(-np.sum(x * x, axis=-1)))


# fmt: off
CASES = [
    # function, arguments, those by which is differentiated
    (loss,       (X, W),                                                  (0, 1)),
    (dense,      ({"w": W, "b": np.ones(2), "v": np.array([1.0, 2])}, X), (0,)),
    (wave,       (0.7,),                                                  (0,)),
    (reciprocal, (2.0,),                                                  (0,)),
    (leaky,      (V,),                                                    (0,)),
    (loop,       (0.3,),                                                  (0,)),
    (mixed,      (V, 0.3),                                                (0, 1)),
    (linear,     (X,),                                                    (0,)),
    (rows,       (X / 4,),                                                (0,)),
]
# fmt: on


def computed(text, args, f):
    """Every name that a derivation defines, with its value."""
    names = {"W": W, "𝟙": np.ones((3, 2))}
    for given, name in zip(args, f.__code__.co_varnames, strict=False):
        names |= given if isinstance(given, dict) else {name: given}
    for title, lines in text.sections:
        for line in lines:
            left, equals, right = line.strip().partition("  = ")
            if equals and not title.startswith("the chain"):
                # What stands in a line of operations ends before the type, two spaces further.
                names[left.strip()] = Reader(right.split("  ")[0], names).read()
    return names


@pytest.mark.parametrize("f, args, wrt", CASES, ids=lambda x: getattr(x, "__name__", ""))
def test_formulas_give_the_gradient(f, args, wrt):
    text = derivation(f, *args, wrt=wrt)
    names = computed(text, args, f)
    gradients = bibun.grad(f, wrt)(*args)
    wanted = [x for g in gradients for x in (map(g.get, sorted(g)) if isinstance(g, dict) else [g])]
    for left, g in zip(text.formulas, wanted, strict=True):
        # The same operations in another order: some roundings apart.
        assert_allclose(np.broadcast_to(names[left], np.shape(g)), g, rtol=1e-12, atol=1e-14)


@pytest.mark.parametrize("f, at", [(wave, 0.7), (reciprocal, 2.0), (loop, 0.3)])
def test_chain_rule_of_numbers(f, at):
    """For numbers the sum over the paths is a number as well."""
    text = derivation(f, at)
    names = computed(text, (at,), f)
    (lines,) = (lines for title, lines in text.sections if title.startswith("the chain"))
    for line in lines:
        left, _, right = line.strip().partition("  = ")
        names[left.strip()] = Reader(right, names).read()
    assert_allclose(names[left.strip()], bibun.grad(f)(at), rtol=1e-12)


def test_the_layer_of_the_article():
    text = str(derivation(loss, X, W, wrt="W"))
    assert (
        text
        == """\
loss as elementary operations
    X               float64[3,3]
    W               float64[3,2]
    Z     = X W     float64[3,2]
    Y     = sin(Z)  float64[3,2]
    v₁    = Y²      float64[3,2]
    loss  = Σ v₁    float64[]

the chain rule, from loss back to W
    dloss/dW  = ∂loss/∂v₁ · ∂v₁/∂Y · ∂Y/∂Z · ∂Z/∂W

the partial derivatives
    ∂loss/∂v₁  = 1
    ∂v₁/∂Y     = 2 Y
    ∂Y/∂Z      = cos(Z)
    ∂Z/∂W      : G ↦ Xᵀ G

step by step
    dloss/dv₁  = 1
    dloss/dY   = 2 Y
    dloss/dZ   = 2 Y ⊙ cos(Z)

together
    dloss/dW  = Xᵀ (2 Y ⊙ cos(Z))"""
    )


def test_formulas_of_some_functions():
    first = derivation(lambda x: x[0] * x[1], V)
    assert first.formulas == {"dy/dx": "scatter(x[0] → [1], x[1] → [0])"}
    assert derivation(leaky, V).formulas == {"dleaky/dx": "[v₁] + [¬v₁] 0.1"}
    assert derivation(linear, X).formulas == {"dlinear/dx": "𝟙 Wᵀ"}
    assert derivation(lambda x: np.sum(W), V).formulas == {"dy/dx": "0"}
    spectral = derivation(lambda x: np.sum(np.imag(np.fft.fft(x))), V)
    assert spectral.formulas == {"dy/dx": "fft(−i, axis=-1, norm=backward)"}
    assert derivation(lambda x: np.sqrt(np.abs(x)) ** -3, 2.0).formulas.keys() == {"dy/dx"}


def test_variables_of_a_layer():
    v = bibun.Variable(W, name="layer/kernel")

    def loss():
        return np.sum(np.sin(X @ v))

    assert derivation(loss).formulas == {"dloss/dkernel": "Xᵀ cos(v₁)"}
    assert derivation(loss, wrt=v).formulas == {"dloss/dkernel": "Xᵀ cos(v₁)"}
    assert derivation(loss, wrt={"K": v}).formulas == {"dloss/dK": "Xᵀ cos(v₁)"}


def test_what_cannot_be_derived():
    with pytest.raises(NotDifferentiableError, match="must return one number"):
        derivation(lambda x: x, V)
    with pytest.raises(NotDifferentiableError, match="wrt='z' is no argument or Variable of loss"):
        derivation(loss, X, W, wrt="z")
    with pytest.raises(UnsupportedError, match="steps are more than can be read"):
        derivation(lambda x: sum(np.sin(x + k) for k in range(200)), 1.0)


def test_every_operation_is_written():
    """Each shows all its arguments, and what is written as a function is told apart."""
    functions = {}
    for named in examples():
        case = base(named)
        op, args = case.op, [Text(f"x{k}", ATOM, t) for k, t in enumerate(case.types)]
        y = op.type(*case.types)
        text = op.notation(y, *args).text
        assert all(a.text in text for a in args), named.label
        if text == Op.notation(op, y, *args).text:
            assert functions.setdefault(text, op) == op, named.label


def test_several_results():
    text = derivation(lambda x: np.linalg.slogdet(x)[1], np.eye(2))
    assert text.sections[0][1][1].split() == ["y", "=", "slogdet(x)[1]", "float64[]"]


def test_names_are_told_apart():
    first, second = (bibun.Variable(V, name=f"{k}/kernel") for k in "ab")
    text = derivation(lambda: np.sum(np.exp(first) * second))
    assert text.formulas == {"dy/dkernel": "kernel₁ ⊙ v₁", "dy/dkernel₁": "v₁"}
