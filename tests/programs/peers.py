"""The same programs in JAX and PyTorch, where these are installed.

A peer runs NumPy's code under another name: ufuncs and functions are looked up in its own NumPy
namespace, and the value of any other operation is run with `np` bound to that namespace. Programs
are drawn from what a peer can run.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterator
from types import FunctionType
from typing import Any

import numpy as np

import bibun
from bibun.graph import Op
from bibun.ops.elementwise import Elementwise
from bibun.ops.reduction import Sum

from .checks import Check
from .generate import Program
from .vocabulary import Call, Entry, entries, path, record, several

AGREES = 1e-6  # relative: rounding, in the peer's own order; a wrong derivative is off by far more


class Peer:
    """Another system: its NumPy namespace, and the gradient of a function of its arrays."""

    def __init__(self, name: str, namespace: Any, grad: Callable):
        self.name, self.namespace, self.grad = name, namespace, grad

    def find(self, path: str) -> Any:
        """np.linalg.norm -> the peer's linalg.norm."""
        found = self.namespace
        for part in path.split(".")[1:]:
            found = getattr(found, part)
        return found

    def call(self, call: Any, *args: Any) -> Any:
        """One instruction of a program."""
        if isinstance(call, Elementwise):
            return getattr(self.namespace, call.label)(*args)
        if isinstance(call, Sum):  # in bibun the method of a ufunc, which peers lack
            return self.namespace.sum(args[0], axis=call.axes)
        if isinstance(call, Call):
            return call._replace(function=self.find(path(call.function)))(*args)
        return self.rebound(call)(*args)

    def rebound(self, op: Op) -> Callable:
        """The value of an operation, with np meaning the peer's namespace."""
        value = op.value.__func__  # type: ignore[attr-defined]
        names = {**value.__globals__, "np": self.namespace}
        return FunctionType(
            value.__code__, names, value.__name__, value.__defaults__, value.__closure__
        ).__get__(op)

    def alone(self, entry: Entry) -> str:
        """How the peer's derivative of one entry of the vocabulary compares with ours."""
        rng = np.random.default_rng(0)
        args = [
            np.asarray(s(rng)) if callable(s) else rng.uniform(*entry.domain, s)
            for s in entry.slots
        ]
        floats = [k for k, a in enumerate(args) if a.dtype.kind == "f"]

        def loss(namespace: Any, call: Callable) -> Callable:
            def f(*xs: Any) -> Any:
                given = [namespace.asarray(a) for a in args]
                for k, x in zip(floats, xs, strict=True):
                    given[k] = x
                return sum(
                    namespace.sum(y * 1.5) for y in (*several(call(entry.call, *given)), *xs)
                )

            return f

        try:
            found = self.grad(loss(self.namespace, self.call), [args[k] for k in floats])
        except Exception as error:
            return f"cannot ({type(error).__name__})"
        return agreement(
            found,
            bibun.grad(loss(np, record), tuple(range(len(floats))))(*(args[k] for k in floats)),
        )

    def vocabulary(self) -> tuple[tuple[Entry, ...], list[str]]:
        """What both can run with the same result, and what they run with different ones."""
        answers = [(e, self.alone(e)) for e in entries() if any(not callable(s) for s in e.slots)]
        return tuple(e for e, a in answers if a == "agrees"), [
            repr(e.call) for e, a in answers if a == "differs"
        ]

    def gradient(self, check: Check) -> list[np.ndarray]:
        """The gradient of the loss of a program."""

        def loss(*xs: Any) -> Any:
            outputs = check.program.run(*xs, call=self.call, array=self.namespace.asarray)
            return sum(
                self.namespace.sum(self.namespace.asarray(w) * y)
                for w, y in zip(check.weights, outputs, strict=True)
            )

        return self.grad(loss, check.x)


def jax() -> Peer:
    """JAX in double precision."""
    import jax

    jax.config.update("jax_enable_x64", True)
    namespace = importlib.import_module("jax.numpy")

    def grad(loss: Callable, xs: Any) -> list[np.ndarray]:
        return [
            np.asarray(g)
            for g in jax.grad(loss, tuple(range(len(xs))))(*map(namespace.asarray, xs))
        ]

    return Peer("jax", namespace, grad)


def torch() -> Peer:
    """PyTorch, through its own NumPy layer."""
    import torch

    namespace = importlib.import_module("torch._numpy")

    def grad(loss: Callable, xs: Any) -> list[np.ndarray]:
        leaves = [torch.tensor(x, requires_grad=True) for x in xs]
        loss(*map(namespace.asarray, leaves)).tensor.backward()
        return [
            np.zeros(x.shape) if t.grad is None else t.grad.numpy()
            for t, x in zip(leaves, xs, strict=True)
        ]

    return Peer("torch", namespace, grad)


def installed() -> Iterator[Peer]:
    """The peers that can be imported here."""
    for make in (jax, torch):
        try:
            yield make()
        except ImportError:
            continue


def compare(program: Program, peer: Peer) -> str:
    """What comes of a program: agrees, differs, or cannot be run by the peer."""
    check = Check(program)
    try:
        found = peer.gradient(check)
    except Exception as error:
        return f"cannot ({type(error).__name__})"
    return agreement(found, check.grad(*check.x))


def agreement(found: Any, ours: Any) -> str:
    """Whether two gradients are the same up to rounding."""
    scale = 1 + max((float(np.max(abs(g), initial=0)) for g in ours), default=0)
    same = all(
        g.shape == o.shape and np.allclose(g, o, rtol=AGREES, atol=AGREES * scale)
        for g, o in zip(found, ours, strict=True)
    )
    return "agrees" if same else "differs"
