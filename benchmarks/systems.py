"""The systems side by side: how each of them writes a gradient, a training step and a vmap.

A workload of rows.py is one function of a System; whatever differs between the libraries is here.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from types import SimpleNamespace
from typing import Any, ClassVar

import numpy as np

Call = Callable[[], tuple[Any, Sequence[Any]]]
"""Forward and backward once: the value, and the gradients (or the new parameters)."""


class System(ABC):
    """A library that differentiates; `np` has its functions under NumPy's names."""

    name: ClassVar[str]
    module: ClassVar[str]
    np: Any

    @classmethod
    def installed(cls) -> bool:
        return find_spec(cls.module) is not None

    def array(self, x: np.ndarray) -> Any:
        """Constant data as the system's own array."""
        return x

    def frozen(self, x: np.ndarray) -> Any:
        """Constant data that nobody will write to, where the system can be told so."""
        return self.array(x)

    def gradient(self, loss: Callable, *parameters: np.ndarray) -> Call:
        """The value and the gradients of loss(*parameters)."""
        raise NotImplementedError

    def tape(self, loss: Callable, *parameters: np.ndarray) -> Call:
        """The same by recording first and asking afterwards, where the system has both ways."""
        return self.gradient(loss, *parameters)

    def step(self, loss: Callable, rate: float, *parameters: np.ndarray) -> Call:
        """One step of gradient descent from where the last ended: the loss, the new parameters."""
        raise NotImplementedError

    def training(self, loss: Callable, rate: float, *parameters: np.ndarray) -> Call:
        """The same with the system's own trainable parameters, where it has such."""
        return self.step(loss, rate, *parameters)

    def vmap(self, f: Callable) -> Callable:
        """f along the first axis of its argument."""
        raise NotImplementedError

    def product(self, x: Any, w: Any) -> Any:
        """A vector times a matrix."""
        return x @ w

    def cross_entropy(self, logits: Any, labels: Any) -> Any:
        """The mean of -log softmax(logits)[label], for labels as rows of zeros and a one."""
        z = logits - self.np.max(logits, axis=1, keepdims=True)
        return self.np.mean(
            self.np.log(self.np.sum(self.np.exp(z), axis=1)) - self.np.sum(z * labels, axis=1)
        )

    def plain(self, x: Any) -> np.ndarray:
        return np.asarray(x)

    def forget(self) -> None:
        """Drop what is kept from call to call, so that the next call is a first one."""
        return


class Functional(System):
    """A system with a transform from functions to gradients."""

    def transform(self, loss: Callable, count: int) -> Callable:
        """From parameters to the value and one gradient for each."""
        raise NotImplementedError

    def wait(self, x: Any) -> Any:
        """x, after it has been computed."""
        return x

    def gradient(self, loss: Callable, *parameters: np.ndarray) -> Call:
        both = self.transform(loss, len(parameters))
        given = [self.array(p) for p in parameters]
        return lambda: self.wait(both(*given))

    def step(self, loss: Callable, rate: float, *parameters: np.ndarray) -> Call:
        both = self.transform(loss, len(parameters))
        state = [self.array(p.copy()) for p in parameters]

        def step() -> tuple[Any, Sequence[Any]]:
            value, gradients = both(*state)
            state[:] = map(self.moved, state, (rate * g for g in gradients))
            return self.wait((value, list(state)))

        return step

    def moved(self, p: Any, change: Any) -> Any:
        """p - change, in place where arrays can be written to."""
        p -= change
        return p


def forget() -> None:
    """Empty the cache of derived programs."""
    from bibun.derivative.derived import CACHE

    CACHE.clear()
    CACHE.size = 0


class Bibun(Functional):
    name = module = "bibun"
    np = np

    def __init__(self) -> None:
        import bibun
        import bibun.scipy.special

        self.bibun = bibun

    def transform(self, loss: Callable, count: int) -> Callable:
        return self.bibun.value_and_grad(loss, tuple(range(count)))

    def tape(self, loss: Callable, *parameters: np.ndarray) -> Call:
        variables = [self.bibun.Variable(p) for p in parameters]

        def call() -> tuple[Any, Sequence[Any]]:
            with self.bibun.GradientTape() as tape:
                value = loss(*variables)
            return value.numpy(), tape.gradient(value, variables)

        return call

    def frozen(self, x: np.ndarray) -> Any:
        return self.bibun.constant(x)

    def training(self, loss: Callable, rate: float, *parameters: np.ndarray) -> Call:
        variables = [self.bibun.Variable(p) for p in parameters]

        def step() -> tuple[Any, Sequence[Any]]:
            with self.bibun.GradientTape() as tape:
                value = loss(*variables)
            for v, g in zip(variables, tape.gradient(value, variables), strict=True):
                v.assign_sub(rate * g)
            return value.numpy(), variables

        return step

    def vmap(self, f: Callable) -> Callable:
        return self.bibun.vmap(f)

    def cross_entropy(self, logits: Any, labels: Any) -> Any:
        logs = self.bibun.scipy.special.log_softmax(logits, axis=1)
        return -np.mean(np.sum(logs * labels, axis=1))

    def forget(self) -> None:
        forget()


class Autograd(Functional):
    name = module = "autograd"

    def __init__(self) -> None:
        import autograd
        import autograd.numpy

        self.autograd, self.np = autograd, autograd.numpy

    def transform(self, loss: Callable, count: int) -> Callable:
        return self.autograd.value_and_grad(loss, tuple(range(count)))

    def vmap(self, f: Callable) -> Callable:
        return lambda xs: self.np.stack([f(x) for x in xs])


class Torch(System):
    name = module = "torch"

    def __init__(self) -> None:
        import torch

        torch.set_num_threads(1)
        self.torch = self.np = torch

    def array(self, x: np.ndarray) -> Any:
        return self.torch.from_numpy(np.array(x))

    def gradient(self, loss: Callable, *parameters: np.ndarray) -> Call:
        given = [self.array(p).requires_grad_() for p in parameters]

        def call() -> tuple[Any, Sequence[Any]]:
            value = loss(*given)
            return value, self.torch.autograd.grad(value, given)

        return call

    def step(self, loss: Callable, rate: float, *parameters: np.ndarray) -> Call:
        state = [self.array(p).requires_grad_() for p in parameters]

        def step() -> tuple[Any, Sequence[Any]]:
            value = loss(*state)
            gradients = self.torch.autograd.grad(value, state)
            with self.torch.no_grad():
                for p, g in zip(state, gradients, strict=True):
                    p.sub_(g, alpha=rate)
            return value, state

        return step

    def vmap(self, f: Callable) -> Callable:
        return self.torch.func.vmap(f)

    def cross_entropy(self, logits: Any, labels: Any) -> Any:
        return self.torch.nn.functional.cross_entropy(logits, labels)

    def plain(self, x: Any) -> np.ndarray:
        return x.detach().numpy()


class TensorFlow(System):
    name = module = "tensorflow"

    def __init__(self) -> None:
        import tensorflow as tf

        tf.config.threading.set_intra_op_parallelism_threads(1)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        self.tf = tf
        self.np = SimpleNamespace(sin=tf.sin, tanh=tf.tanh, sum=tf.reduce_sum)

    def array(self, x: np.ndarray) -> Any:
        return self.tf.constant(x)

    def gradient(self, loss: Callable, *parameters: np.ndarray) -> Call:
        variables = [self.tf.Variable(p) for p in parameters]

        def call() -> tuple[Any, Sequence[Any]]:
            with self.tf.GradientTape() as tape:
                value = loss(*variables)
            return value.numpy(), [g.numpy() for g in tape.gradient(value, variables)]

        return call

    def step(self, loss: Callable, rate: float, *parameters: np.ndarray) -> Call:
        variables = [self.tf.Variable(p) for p in parameters]

        def step() -> tuple[Any, Sequence[Any]]:
            with self.tf.GradientTape() as tape:
                value = loss(*variables)
            for v, g in zip(variables, tape.gradient(value, variables), strict=True):
                v.assign_sub(rate * g)
            return value.numpy(), variables

        return step

    def vmap(self, f: Callable) -> Callable:
        return lambda xs: self.tf.vectorized_map(f, xs)

    def product(self, x: Any, w: Any) -> Any:
        return self.tf.linalg.matvec(w, x, transpose_a=True)

    def cross_entropy(self, logits: Any, labels: Any) -> Any:
        return self.tf.reduce_mean(self.tf.nn.softmax_cross_entropy_with_logits(labels, logits))


class Jax(Functional):
    name = module = "jax"

    def __init__(self) -> None:
        import jax
        import jax.numpy

        jax.config.update("jax_enable_x64", True)
        self.jax, self.np = jax, jax.numpy

    def array(self, x: np.ndarray) -> Any:
        return self.np.asarray(x)

    def transform(self, loss: Callable, count: int) -> Callable:
        return self.jax.value_and_grad(loss, tuple(range(count)))

    def wait(self, x: Any) -> Any:
        return self.jax.block_until_ready(x)

    def vmap(self, f: Callable) -> Callable:
        return self.jax.vmap(f)

    def cross_entropy(self, logits: Any, labels: Any) -> Any:
        return -self.np.mean(self.np.sum(self.jax.nn.log_softmax(logits) * labels, axis=1))

    def forget(self) -> None:
        self.jax.clear_caches()


SYSTEMS: dict[str, type[System]] = {s.name: s for s in (Bibun, Autograd, Torch, TensorFlow, Jax)}
