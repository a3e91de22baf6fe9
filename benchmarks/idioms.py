"""Unmodified NumPy code under each system: `python -m benchmarks.idioms [SYSTEM ...]`.

The idioms of tests/idioms run as they are written; for a peer only the name `np` of their modules
is bound to its NumPy-like namespace, and nothing else is changed. Right means that the gradient and
the Hessian times a vector are; None instead of a gradient counts as silently wrong.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections import Counter
from collections.abc import Callable
from importlib import import_module
from typing import Any

import numpy as np

from .tables import table

OUTCOMES = ("right", "error", "silently wrong")
Function = Callable[..., Any]


def bibun_() -> tuple[Any, Function]:
    import bibun

    return np, bibun.grad


def autograd() -> tuple[Any, Function]:
    return import_module("autograd.numpy"), import_module("autograd").grad


def jax() -> tuple[Any, Function]:
    module = import_module("jax")
    module.config.update("jax_enable_x64", True)
    return import_module("jax.numpy"), module.grad


def torch() -> tuple[Any, Function]:
    """torch.func.grad, and torch's own NumPy around the tensors."""
    module, namespace = import_module("torch"), import_module("torch._numpy")
    module.set_default_dtype(module.float64)

    def grad(f: Function) -> Function:
        def tensor(x: Any) -> Any:
            y = f(namespace.ndarray(x))
            return getattr(y, "tensor", y)

        return lambda x: module.func.grad(tensor)(getattr(x, "tensor", module.as_tensor(x)))

    return namespace, grad


def tensorflow() -> tuple[Any, Function]:
    module = import_module("tensorflow")
    namespace = module.experimental.numpy
    namespace.experimental_enable_numpy_behavior()

    def grad(f: Function) -> Function:
        def slope(x: Any) -> Any:
            x = module.convert_to_tensor(x)
            with module.GradientTape() as tape:
                tape.watch(x)
                y = f(x)
            return tape.gradient(y, x)

        return slope

    return namespace, grad


SYSTEMS = {"bibun": bibun_, "autograd": autograd, "jax": jax, "torch": torch,
           "tensorflow": tensorflow}  # fmt: skip


def outcome(grad: Function, i: Any, expected: Any, curvature: Any) -> str:
    """What one system makes of one idiom."""

    def along(x: Any) -> Any:
        return (grad(i.f)(x) * i.v).sum()

    try:
        first, second = grad(i.f)(i.x), grad(along)(i.x)
        if first is None or second is None:
            return "silently wrong"
        first, second = np.asarray(first, float), np.asarray(second, float)
    except Exception:  # whatever a system raises is an error
        return "error"
    same = first.shape == expected.shape and np.allclose(first, expected, rtol=1e-6, atol=1e-7)
    close = second.shape == curvature.shape and np.allclose(second, curvature, rtol=1e-5, atol=1e-6)
    return "right" if same and close else "silently wrong"


def outcomes(system: str) -> dict[str, str]:
    """What a system makes of every idiom; the truth is found before a name is bound."""
    suite, truth = (import_module(f"tests.idioms.{name}") for name in ("suite", "truth"))
    idioms = suite.idioms()
    known = [(truth.gradient(i.f, i.x)[0], truth.curvature(i.f, i.x, i.v)) for i in idioms]
    namespace, grad = SYSTEMS[system]()
    for theme in (*suite.THEMES, "helpers"):
        module = import_module(f"tests.idioms.{theme}")
        if hasattr(module, "np"):
            module.np = namespace  # type: ignore[attr-defined]
    return {i.name: outcome(grad, i, *k) for i, k in zip(idioms, known, strict=True)}


def measured(system: str) -> dict[str, str]:
    """The outcomes of a system in a process of its own."""
    command = [sys.executable, "-W", "ignore", "-m", "benchmarks.idioms", "--json", system]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    return json.loads(done.stdout.splitlines()[-1]) if done.returncode == 0 else {}


def report(systems: list[str]) -> str:
    counts = {s: Counter(measured(s).values()) for s in systems}
    lines = [[s, *(str(c[o]) if c else "missing" for o in OUTCOMES)] for s, c in counts.items()]
    return f"## Unmodified idioms\n\n{table(['', *OUTCOMES], lines)}"


if __name__ == "__main__":
    if sys.argv[1:2] == ["--json"]:
        print(json.dumps(outcomes(sys.argv[2])))
    else:
        print(report(sys.argv[1:] or list(SYSTEMS)))
