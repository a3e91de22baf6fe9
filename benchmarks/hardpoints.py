"""Peers on random programs at hard points, beside bibun: how often each is right, loud, or silent.

    python -m benchmarks.hardpoints --count 1000

Programs, truth and verdicts are those of tests/hardpoints; the peers run in their own functions of
the same names, on float64. What a library has no function for, or no derivative, is "missing".
"""

from __future__ import annotations

import argparse
import os
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from tests.hardpoints.functions import ARRAYS, CHOICES, FIXED
from tests.hardpoints.programs import KEPT, Program, generate
from tests.hardpoints.verdict import ours, verdicts

Gradient = Callable[[Program], np.ndarray]
# fmt: off
RENAMED = {  # NumPy's and SciPy's names, where torch has others
    "negative": "neg", "absolute": "abs", "fabs": "abs", "divide": "div", "subtract": "sub",
    "multiply": "mul", "power": "pow", "rint": "round", "conjugate": "conj", "equal": "eq",
    "not_equal": "ne", "radians": "deg2rad", "degrees": "rad2deg", "max": "amax", "min": "amin",
    "log_expit": "logsigmoid", "norm": "vector_norm",
}
# fmt: on


class MissingError(Exception):
    """A function that a library does not have."""


def _found(homes: list[Any], name: str) -> Callable:
    for home in homes:
        if hasattr(home, name):
            return getattr(home, name)
    raise MissingError(name)


def jax() -> Gradient:
    """By jax.grad."""
    os.environ.setdefault("JAX_PLATFORMS", "cpu")
    library = import_module("jax")
    library.config.update("jax_enable_x64", True)
    jnp = import_module("jax.numpy")
    homes = [jnp, jnp.linalg, import_module("jax.scipy.special"), library.nn]

    def on(name: str, *args: Any) -> Any:
        if name in CHOICES:
            return jnp.where(getattr(jnp, name)(*args[:2]), *args[2:])
        if name in FIXED:
            args = (FIXED[name], *args) if name.startswith("gamma") else (*args, FIXED[name])
        return _found(homes, name)(*args, **({"keepdims": True} if name in KEPT else {}))

    def gradient(program: Program) -> np.ndarray:
        f = lambda x: jnp.sum(program.values(x, on)[-1])  # noqa: E731
        return np.asarray(library.grad(f)(program.x))

    return gradient


def torch() -> Gradient:
    """By torch.autograd."""
    library = import_module("torch")
    library.set_num_threads(1)
    homes = [library, library.special, library.linalg, library.nn.functional]

    def on(name: str, *args: Any) -> Any:
        if name in FIXED and name != "roll":
            args = (FIXED[name], *args) if name.startswith("gamma") else (*args, FIXED[name])
        given = [library.as_tensor(a, dtype=library.float64) for a in args]
        if name in CHOICES:
            return library.where(_found(homes, RENAMED.get(name, name))(*given[:2]), *given[2:])
        if name == "median":
            raise MissingError(name)  # torch takes the lower one of two
        if name == "ptp":
            return on("max", *args) - on("min", *args)
        function = _found(homes, RENAMED.get(name, name))
        if name in ("var", "std"):
            return function(*given, 0, correction=0, keepdim=True)
        if name in ("flip", "roll"):
            return function(*given, (0,)) if name == "flip" else function(*given, 1)
        if name == "sort":
            return function(*given)[0]
        if name in ARRAYS:
            along = {"keepdim": True} if name in KEPT else {}
            return function(*given, dim=0, **along)
        return function(*given)

    def gradient(program: Program) -> np.ndarray:
        x = library.tensor(program.x, requires_grad=True)
        library.sum(program.values(x, on)[-1]).backward()
        return np.zeros(x.shape) if x.grad is None else x.grad.numpy()

    return gradient


PEERS: dict[str, Callable[[], Gradient]] = {"bibun": lambda: ours, "jax": jax, "torch": torch}


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.hardpoints", description=__doc__)
    parser.add_argument("--first", type=int, default=0, help="the seed of the first program")
    parser.add_argument("--count", type=int, default=1000, help="how many programs")
    given = parser.parse_args()
    print(
        "| | right | nan or inf, or warned of | silently wrong | missing |\n|---|---|---|---|---|"
    )
    for name, make in PEERS.items():
        gradient, found = make(), Counter[str]()
        for seed in range(given.first, given.first + given.count):
            for v in verdicts(generate(seed), gradient):
                found["error" if v.startswith("error") else v] += 1
        decided = [
            found["right"],
            found["loud"] + found["warned"],
            found["wrong"] + found["hidden"],
        ]
        shares = " | ".join(f"{n} ({100 * n / max(1, sum(decided)):.1f} %)" for n in decided)
        print(f"| {name} | {shares} | {found['error']} |", flush=True)


if __name__ == "__main__":
    main()
