"""Exported batches, training steps that change their arguments in place, and checks with lines."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bibun
from bibun import nn, optim
from bibun.errors import ShapeError

from .driver import SANITIZED
from .test_export import holds

RNG = np.random.default_rng(0)
EVERY = ("value", "value_and_grad", "jvp", "vjp", "jacobian")


def run(folder: Path, body: str) -> str:
    """What a program of the user's prints."""
    (folder / "main.cpp").write_text(body)
    subprocess.run(["g++", *SANITIZED, folder / "main.cpp", "-o", folder / "main"], check=True)
    done = subprocess.run([folder / "main"], capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout


# ---------------------------------------------------------------- batches


def far(params, x, y):
    """The loss of one example."""
    return np.sum((np.tanh(x @ params["w"] + params["b"]) - y) ** 2)


def examples(hidden: int = 3) -> tuple:
    params = {"w": RNG.normal(size=(4, hidden)), "b": RNG.normal(size=hidden)}
    return params, RNG.normal(size=(5, 4)), RNG.normal(size=(5, hidden))


@pytest.mark.parametrize("hidden", [3, 5000])  # the sums of 20,000 weights need a workspace
def test_a_batch_of_any_size(hidden: int, tmp_path: Path) -> None:
    kinds = EVERY if hidden < 10 else ("value_and_grad",)
    args = examples(hidden)
    bibun.export.cpp(far, args, to=tmp_path, wrt=("params", "x"), functions=kinds, batch=("x", 2))
    holds(tmp_path)
    text = (tmp_path / "far_value_and_grad.hpp").read_text()
    assert ("far_value_and_grad_batch_workspace& workspace" in text) == (hidden > 10)
    bibun.export.cpp(far, args, to=tmp_path, functions=["hessian_vector"], wrt=1, batch=(1, 2))
    holds(tmp_path)


def test_sums_are_the_gradient_of_the_sum(tmp_path: Path) -> None:
    """Against Python's own batch, not against a loop over its rows."""
    params, x, y = examples()
    bibun.export.cpp(
        far, (params, x, y), to=tmp_path, functions=["value_and_grad"], batch=("x", "y")
    )

    def total(params: Any) -> Any:
        return np.sum((np.tanh(x @ params["w"] + params["b"]) - y) ** 2)

    def array(name: str, a: np.ndarray) -> str:
        return f"const double {name}[] = {{{', '.join(x.hex() for x in np.ravel(a).tolist())}}};"

    names = {"b": params["b"], "w": params["w"], "x": x, "y": y}
    body = "\n".join(array(n, a) for n, a in names.items())
    printed = run(
        tmp_path,
        f'#include "far_value_and_grad.hpp"\n#include <cstdio>\n{body}\nint main() {{\n'
        "  double value[5], d_b[3], d_w[12];\n"
        "  bibun_generated::far_value_and_grad_batch(5, b, w, x, y, value, d_b, d_w);\n"
        '  for (double d : d_w) std::printf("%.17g ", d);\n}\n',
    )
    found = np.array(printed.split(), float).reshape(4, 3)
    np.testing.assert_allclose(found, bibun.grad(total)(params)["w"], rtol=1e-13, atol=1e-15)


def test_batches_that_do_not_fit(tmp_path: Path) -> None:
    params, x, y = examples()
    with pytest.raises(ShapeError, match="has a first axis of examples"):
        bibun.export.cpp(far, (params, x, y[:2]), to=tmp_path, batch=("x", "y"))
    with pytest.raises(ValueError, match="is exported with functions"):
        bibun.export.cpp(far, (params, x, y), to=tmp_path, donate=0)


# ---------------------------------------------------------------- training steps


def loss(params, x, y):
    return np.mean((np.tanh(x @ params["w"]) @ params["out"] - y) ** 2)


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("rule", [optim.SGD(0.1, momentum=0.9), optim.Adam(0.01)])
def test_a_training_step(rule: Any, dtype: str, tmp_path: Path) -> None:
    def step(params, state, x, y):
        value, slopes = bibun.value_and_grad(loss)(params, x, y)
        return value, *rule.update(params, slopes, state)

    params = {"w": RNG.normal(size=(4, 3)).astype(dtype), "out": np.ones(3, dtype)}
    state = rule.init(params)._replace(step=np.asarray(0))
    args = params, state, RNG.normal(size=(6, 4)).astype(dtype), np.ones(6, dtype)
    (header, *_) = bibun.export.cpp(
        step, args, to=tmp_path, functions=["value"], donate=("params", "state")
    )
    holds(tmp_path)
    kind = {"float64": "double", "float32": "float"}[dtype]
    assert re.search(rf"inline {kind} step\({kind}\* __restrict params_out,", header.read_text())
    # A second step goes on from the first, the count of steps included.
    once = step(*args)
    np.testing.assert_equal(once[1]["w"].dtype, np.dtype(dtype))
    assert once[2].step == 1 and once[2].slots[0][0].dtype == dtype


def exchange(a, b, c):
    return b, a, a + c, a * 1


def twice(a, b):
    y = a * b
    return y, y, a


def test_arguments_that_take_each_other_s_place(tmp_path: Path) -> None:
    """What is read after it has been replaced would be wrong."""
    args = np.arange(3.0), np.arange(3.0) + 10
    bibun.export.cpp(twice, args, to=tmp_path, functions=["value"], donate=1, name="exchange")
    holds(tmp_path)
    a, b = np.arange(3.0), np.arange(3.0) + 10
    bibun.export.cpp(exchange, (a, b, a), to=tmp_path, functions=["value"], donate=("a", "b"))
    holds(tmp_path)
    bibun.export.cpp(exchange, (a, b, a), to=tmp_path, functions=["value"], donate=("a", "c"))
    holds(tmp_path)


def test_what_cannot_be_donated(tmp_path: Path) -> None:
    params, rule = {"w": np.ones(2)}, optim.Adam()

    def step(params, state):
        return rule.update(params, params, state)

    with pytest.raises(TypeError, match="contains 0, which is part of the code"):
        bibun.export.cpp(
            step, (params, rule.init(params)), to=tmp_path, functions=["value"], donate=1
        )
    with pytest.raises(TypeError, match="no result has the structure and the types"):
        bibun.export.cpp(
            lambda x: np.sum(x), (np.ones(2),), to=tmp_path, functions=["value"], donate=0, name="f"
        )
    with pytest.raises(TypeError, match="the result 3 is no array"):
        bibun.export.cpp(
            lambda x: (x, 3), (np.ones(2),), to=tmp_path, functions=["value"], name="f"
        )


def test_a_trained_network(tmp_path: Path) -> None:
    """A model of layers is a function like any other, its weights constants of the code."""
    model = nn.Sequential(nn.Dense(8, "tanh"), nn.Dense(3, "softmax"), seed=1)
    x = RNG.normal(size=(6, 4))
    model(x)
    bibun.export.cpp(model, (x,), to=tmp_path, functions=["value"], batch=0, name="model")
    holds(tmp_path)


# ---------------------------------------------------------------- where numbers go wrong


def risky(x, w):
    y = np.exp(x)
    z = np.log(y - 2)
    r = np.sqrt(w)
    return np.sum(z * r)


@pytest.mark.parametrize(
    "x, w, names",
    [
        ("1, 2", "1, 1", ""),
        ("0, 1", "1, 1", "`np.log(y - 2)`"),
        ("1, 1000", "1, 1", "`np.exp(x)`"),
        ("1, 2", "0, 1", "`np.sqrt(w)`"),  # whose derivative is infinite there
        ("1, NAN", "1, 1", "the argument x"),
        ("1, 2", "1, INFINITY", "the argument w"),
    ],
)
def test_the_line_that_is_not_finite(x: str, w: str, names: str, tmp_path: Path) -> None:
    ones = np.full(2, 3.0)
    kinds = ["value_and_grad"]
    bibun.export.cpp(
        risky, (ones, ones), wrt=("x", "w"), to=tmp_path, functions=kinds, check_finite=True
    )
    printed = run(
        tmp_path,
        '#include "risky_value_and_grad.hpp"\n#include <cstdio>\nint main() {\n'
        f"  const double x[] = {{{x}}}, w[] = {{{w}}};\n  double d_x[2], d_w[2];\n"
        "  try { bibun_generated::risky_value_and_grad(x, w, d_x, d_w); }\n"
        "  catch (const std::domain_error& error) { std::puts(error.what()); }\n}\n",
    )
    if names:
        assert printed.startswith("risky_value_and_grad: not finite: ") and names in printed
        assert names[0] != "`" or re.search(r"test_training\.py:\d+", printed)
    else:
        assert not printed


def test_checks_of_numbers_that_nobody_takes(tmp_path: Path) -> None:
    """What is infinite on the way and left out again is no error."""
    bibun.export.cpp(
        lambda x: np.sum(np.where(x > 0, np.log(x), 0)), (np.array([0.0, 1]),), to=tmp_path,
        name="f", functions=EVERY[:2], check_finite=True,
    )  # fmt: skip
    holds(tmp_path)
