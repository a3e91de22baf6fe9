"""Instructions a call of the uncompiled path, in this tree and in others: a count, and no clock.

`python benchmarks/instructions.py before=OTHER/src after=src` runs every row in each tree under
`valgrind --tool=callgrind`, which writes down what it has counted whenever `getppid` is called: a
row calls it before and after its calls, so that neither start-up nor first calls count. Nor do the
calls 1, 2, 4, 8, ... of a program, at which its digits are looked at. `--keep FOLDER` leaves the
profiles there, one for each row, for `callgrind_annotate`.

This file is run as it is in trees that do not have it, and so imports nothing of them but bibun.
"""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
import tempfile
from collections.abc import Callable
from functools import partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np

Call = Callable[[], Any]
FIRST, CALLS = 140, 60  # before and while they are counted; between two looks at digits
ROWS: dict[str, Callable[[Any], Call]] = {}


def row(make: Callable[[Any], Call]) -> Callable[[Any], Call]:
    """Add a row: a function from the module bibun to the call that is counted."""
    ROWS[make.__name__.strip("_")] = make
    return make


def normal(*shape: int) -> np.ndarray:
    """The same random numbers at each run."""
    return np.random.default_rng(sum(shape)).normal(size=shape)


# ------------------------------------------------------------ first derivatives of tiny functions


@row
def square(b: Any) -> Call:
    return partial(b.grad(lambda x: x * x), 3.0)


@row
def layer(b: Any) -> Call:
    x, w = normal(3, 3), normal(3, 2)
    return partial(b.value_and_grad(lambda w: np.sum(np.sin(x @ w) ** 2)), w)


@row
def layer_on_tape(b: Any) -> Call:
    x, w = normal(3, 3), b.Variable(normal(3, 2))

    def call() -> Any:
        with b.GradientTape() as tape:
            y = np.sum(np.sin(x @ w) ** 2)
        return tape.gradient(y, w)

    return call


@row
def where(b: Any) -> Call:
    x = np.array([-2.0, -1.0, 0.5, 1.0, 2.0])
    return partial(b.grad(lambda x: np.sum(np.where(x > 0, x * x, 3 * x))), x)


@row
def where_value(b: Any) -> Call:
    x = b.constant(np.array([-2.0, -1.0, 0.5, 1.0, 2.0]))
    return lambda: np.where(x > 0, x, 3.0)


@row
def pullback(b: Any) -> Call:
    x, g = normal(4), np.ones(4)
    return lambda: b.vjp(lambda x: np.exp(x) * x, x)[1](g)


@row
def jvp(b: Any) -> Call:
    x, t = normal(4), np.ones(4)
    return lambda: b.jvp(lambda x: np.exp(x) * x, (x,), (t,))


@row
def several_arguments(b: Any) -> Call:
    both = b.value_and_grad(lambda a, x, y: np.sum((a * x - y) ** 2), argnums=(0, 1))
    return partial(both, 2.0, normal(5), normal(6)[:5])


@row
def dictionary(b: Any) -> Call:
    x = normal(4, 3)
    both = b.value_and_grad(lambda p: np.mean((x @ p["w"] + p["b"]) ** 2))
    return partial(both, {"w": normal(3, 2), "b": normal(2)})


@row
def rosenbrock(b: Any) -> Call:
    def loss(x: Any) -> Any:
        return np.sum(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)

    return partial(b.grad(loss), np.linspace(-1.2, 1.0, 10))


# ------------------------------------------------------------ further derivatives


@row
def second(b: Any) -> Call:
    return partial(b.grad(b.grad(lambda x: np.sin(x) * x)), 0.7)


@row
def product_with_hessian(b: Any) -> Call:
    x, v = normal(5), normal(5)
    return lambda: b.hvp(lambda x: np.sum(np.tanh(x) ** 2))(x, v)


@row
def hessian(b: Any) -> Call:
    return partial(b.hessian(lambda x: np.sum(x[1:] * x[:-1] ** 2)), normal(4))


@row
def jacobian(b: Any) -> Call:
    return partial(b.jacobian(lambda x: np.sin(x) * np.sum(x)), normal(4))


@row
def vmap(b: Any) -> Call:
    w = normal(3, 2)
    return partial(b.vmap(lambda x: np.tanh(x @ w)), normal(8, 3))


@row
def gradients_of_examples(b: Any) -> Call:
    w = normal(3)
    return partial(b.vmap(b.grad(lambda x: np.sum(np.sin(x * w)))), normal(8, 3))


# ------------------------------------------------------------ programs


@row
def chain_on_number(b: Any) -> Call:
    return partial(b.grad(chain), 0.5)


@row
def chain_on_array(b: Any) -> Call:
    return partial(b.grad(lambda x: np.sum(chain(x))), np.linspace(0, 1, 10))


def chain(x: Any) -> Any:
    """100 operations."""
    for _ in range(33):
        x = np.sin(x) * 1.01 + 0.1
    return x


@row
def logsumexp(b: Any) -> Call:
    def loss(x: Any) -> Any:
        m = np.max(x, axis=1, keepdims=True)
        return np.sum(np.log(np.sum(np.exp(x - m), axis=1)) + m[:, 0])

    return partial(b.grad(loss), normal(6, 4))


@row
def k_means(b: Any) -> Call:
    points = normal(20, 2)

    def loss(centres: Any) -> Any:
        return np.sum(np.min(np.sum((points[:, None] - centres) ** 2, axis=2), axis=1))

    return partial(b.grad(loss), normal(3, 2))


@row
def perceptron(b: Any) -> Call:
    x, y = normal(16, 8), np.eye(4)[np.arange(16) % 4]

    def loss(w1: Any, b1: Any, w2: Any, b2: Any) -> Any:
        z = np.tanh(x @ w1 + b1) @ w2 + b2
        z = z - np.max(z, axis=1, keepdims=True)
        return np.mean(np.log(np.sum(np.exp(z), axis=1)) - np.sum(z * y, axis=1))

    return partial(
        b.value_and_grad(loss, (0, 1, 2, 3)), normal(8, 6), normal(6), normal(6, 4), normal(4)
    )


@row
def recurrent(b: Any) -> Call:
    xs = normal(10, 3)

    def loss(w: Any, u: Any) -> Any:
        h = np.zeros(4)
        for x in xs:
            h = np.tanh(h @ w + x @ u)
        return np.sum(h**2)

    return partial(b.grad(loss, (0, 1)), normal(4, 4), normal(3, 4))


@row
def masks_and_norms(b: Any) -> Call:
    def loss(x: Any) -> Any:
        y = np.where(x > 0, np.sqrt(np.abs(x)), 0.0)
        return np.linalg.norm(y) + np.sum(np.maximum(x, 0.1)) + np.sum(x[x > 0])

    return partial(b.grad(loss), normal(7))


@row
def writes(b: Any) -> Call:
    def loss(x: Any) -> Any:
        y = np.zeros(4)
        y[0] = x[0] ** 2
        y[1:] = x[1:] * x[0]
        return np.sum(y * y)

    return partial(b.grad(loss), normal(4))


@row
def plain_arithmetic(b: Any) -> Call:
    def pendulum(g: Any) -> Any:
        angle, speed = 1.0, 0.0
        for _ in range(10):
            speed = speed - 0.1 * g * angle
            angle = angle + 0.1 * speed
        return angle if angle > -9 else -angle

    return partial(b.grad(pendulum), 9.81)


# ------------------------------------------------------------ models


@row
def training_on_tape(b: Any) -> Call:
    model, optimizer = _model(b), b.optim.Adam(0.01)
    x, y = normal(16, 8).astype(np.float32), normal(16, 2).astype(np.float32)
    model(x)

    def step() -> Any:
        with b.GradientTape() as tape:
            loss = b.nn.mean_squared_error(model(x), y)
        variables = model.trainable_variables
        optimizer.apply_gradients(zip(tape.gradient(loss, variables), variables, strict=True))

    return step


@row
def gradient_of_model(b: Any) -> Call:
    model, x, labels = _model(b), normal(16, 8).astype(np.float32), np.arange(16) % 2
    model(x)
    loss = b.value_and_grad(lambda m: b.nn.softmax_cross_entropy(m(x), labels))
    return partial(loss, model)


@row
def fit(b: Any) -> Call:
    model, x = _model(b), normal(16, 8).astype(np.float32)
    options = {"loss": "mean_squared_error", "epochs": 1, "progress": False}
    if "compiled" in b.fit.__kwdefaults__:
        options["compiled"] = False
    return partial(b.fit, model, x, x[:, :2], **options)


def _model(b: Any) -> Any:
    return b.nn.Sequential([b.nn.Dense(6, activation="relu"), b.nn.Dense(2)])


# ------------------------------------------------------------ counting


def run(names: list[str]) -> None:
    """What is counted: the rows one by one, with a mark before and after each."""
    import bibun

    modules = SimpleNamespace(**{n: getattr(bibun, n) for n in dir(bibun)})
    modules.nn, modules.optim = __import__("bibun.nn").nn, __import__("bibun.optim").optim
    for name in names:
        call = ROWS[name](modules)
        for _ in range(FIRST):
            call()
        os.getppid()
        for _ in range(CALLS):
            call()
        os.getppid()


def count(source: str, names: list[str], folder: Path) -> dict[str, float]:
    """Instructions a call of each row, with the bibun of this folder of sources."""
    folder.mkdir(parents=True, exist_ok=True)
    command = ["valgrind", "--tool=callgrind", "--dump-before=getppid"]
    command += [f"--callgrind-out-file={folder}/out", sys.executable, __file__, "--run", *names]
    python = {"PYTHONPATH": str(Path(source).resolve()), "PYTHONHASHSEED": "0"}
    limits = {"OPENBLAS_NUM_THREADS": "1", "OMP_NUM_THREADS": "1"}
    subprocess.run(command, check=True, env=os.environ | python | limits, stderr=subprocess.PIPE)
    found = {}
    for k, name in enumerate(names):  # what was counted before each mark; every second is a row
        profile = (folder / f"out.{2 * k + 2}").rename(folder / name)
        lines = profile.read_text().splitlines()
        total = next(line for line in lines if line.startswith("summary:"))
        found[name] = int(total.split()[1]) / CALLS
    for rest in folder.glob("out*"):
        rest.unlink()
    return found


def table(found: dict[str, dict[str, float]]) -> str:
    """Thousands of instructions a call in each tree, and their ratio to those in the first."""
    first = next(iter(found.values()))
    lines = [" ".join(["row".ljust(24), *(f"{tree:>10} {'':8}" for tree in found)])]
    for name in first:
        cells = (f"{c[name] / 1e3:10.1f} {c[name] / first[name] - 1:+8.1%}" for c in found.values())
        lines.append(" ".join([name.ljust(24), *cells]))
    return "\n".join(lines)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("trees", nargs="*", metavar="NAME=SOURCES", default=["here=src"])
    parser.add_argument("--only", nargs="+", metavar="ROW", choices=ROWS, default=list(ROWS))
    parser.add_argument("--keep", type=Path, metavar="FOLDER", help="where the profiles stay")
    parser.add_argument("--run", nargs="+", metavar="ROW", help=argparse.SUPPRESS)
    given = parser.parse_args()
    if given.run:
        run(given.run)
        return
    with tempfile.TemporaryDirectory() as scratch:
        folder = given.keep or Path(scratch)
        trees = dict(t.split("=", 1) for t in given.trees)
        found = {name: count(t, given.only, folder / name) for name, t in trees.items()}
    print(table(found))


if __name__ == "__main__":
    main()
