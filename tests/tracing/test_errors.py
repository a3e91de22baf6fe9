"""What cannot be traced says so, with the user's line and what to write there."""

import math
import re
from dataclasses import dataclass

import numpy as np
import pytest

from bibun import GradientTape, Variable, checkpoint, errors, grad, vmap

X = np.array([0.5, 2.0])


def set_of_numbers(x):
    return len({float(v) for v in x}) * x[0]


def counted(x):
    seen = {}
    for v in x:
        seen[v] = seen.get(v, 0) + 1
    return x[0] * len(seen)


@pytest.mark.parametrize("f", [set_of_numbers, counted])
@pytest.mark.parametrize("how", [grad, lambda f: lambda x: vmap(f)(x[None])])
def test_keys_of_sets_and_dictionaries(f, how):
    words = "a traced number cannot be a key of a set or dict.*numpy().item().*"
    where = r"\(test_errors.py:\d+: `"
    with pytest.raises(errors.UnhashableError, match=re.sub(r"\(\)", r"\\(\\)", words) + where):
        how(f)(X)
    with pytest.raises(TypeError, match="unhashable type"):
        grad(lambda x: {x: 1}[x])(X)


@pytest.mark.parametrize(
    "f, words",
    [
        (lambda x: math.sin(x[0]), "math.sin needs a plain number"),
        (lambda x: float(x[0]) ** 2, "float.x. needs a plain number"),
        (lambda x: np.array([x[0], x[1]]).sum(), "a traced array cannot become a plain NumPy"),
    ],
)
def test_blocks_of_tapes(f, words):
    x = Variable(X)
    words += r".*bibun.checkpoint\(f\)\(x\)"
    with pytest.raises(errors.TracingError, match=words), GradientTape():
        f(x)
    with GradientTape() as tape:
        y = checkpoint(f)(x)
    np.testing.assert_array_equal(tape.gradient(y, x), grad(f)(X))


@dataclass(order=True)
class Pair:
    a: float


def test_code_that_a_dataclass_has_generated():
    where = r"\(test_errors.py:\d+: `Pair\(x\[0\]\) < Pair\(x\[1\]\)`\)"
    with pytest.raises(errors.AbstractValueError, match=where):
        vmap(lambda x: x[0] if Pair(x[0]) < Pair(x[1]) else x[1])(X[None])


def written(x):
    rows = np.zeros(2, dtype=[("a", float), ("b", int)])
    rows["a"] = x
    return rows["a"].sum()


def test_structured_arrays():
    with pytest.raises(errors.TracingError, match=r"of floating-point numbers.*test_errors.py:\d+"):
        grad(written)(X)


def test_empty_vectorize():
    with pytest.raises(ValueError, match="size 0 inputs"):
        grad(lambda x: np.vectorize(lambda a: a * a)(x[:0]).sum())(X)
    with pytest.raises(TypeError, match="wrong number of positional arguments: expected 2, got 1"):
        grad(lambda x: np.vectorize(np.dot, signature="(n),(n)->()")(x))(X)
