"""The systems that compile, and how each answers in its best way the questions that rows ask.

A row asks for the value and gradients of a loss (`gradient`), for an array and the pullback of a
cotangent (`pullback`), for the value, gradient and Hessian (`newton`), for the gradient and the
diagonal of a diagonal Hessian (`diagonal`), for a Jacobian in each of many places (`jacobians`), or
for any function of arrays (`compiled`). The answer is a `Call`: it runs once, and ends when the
results are there.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Sequence
from importlib import import_module
from importlib.util import find_spec
from typing import Any, ClassVar

import numpy as np

Call = Callable[[], Sequence[Any]]
"""The program run once on its arguments, with its results as the system's own arrays."""

Function = Callable[..., Any]


class System(ABC):
    """A library; `np` has its functions under NumPy's names, and the methods what NumPy has not."""

    name: ClassVar[str]
    module: ClassVar[str]
    np: Any
    row = ""
    """The row that is asked, for systems that have programs of their own for it."""
    size = 0
    """Its size."""
    nothing: Any = 0.0
    """Zero, as the second argument of `maximum`."""

    def __init__(self, threads: int | None):
        self.threads = threads  # None leaves them as they are

    @classmethod
    def installed(cls) -> bool:
        return find_spec(cls.module) is not None

    def array(self, x: np.ndarray) -> Any:
        """An argument as the system's own array."""
        return x

    def plain(self, x: Any) -> np.ndarray:
        return np.asarray(x)

    def compiled(self, f: Function, *args: np.ndarray, donated: Sequence[int] = ()) -> Call:
        """f(*args), a sequence of arrays; the donated arguments are not used again."""
        raise self.cannot()

    def gradient(self, loss: Function, n: int, *args: np.ndarray) -> Call:
        """loss(*args) and its gradients with respect to the first n."""
        raise self.cannot()

    def settled(self, loss: Function, n: int, *args: np.ndarray) -> Call:
        """The same as `gradient`, on memory that is settled before, where the system can."""
        return self.gradient(loss, n, *args)

    def pullback(self, f: Function, n: int, *args: np.ndarray) -> Call:
        """y = f(*args[:-1]) and the gradients of sum(y * args[-1]) with respect to the first n."""
        raise self.cannot()

    def newton(self, loss: Function, *args: np.ndarray) -> Call:
        """loss(*args), its gradient and its Hessian with respect to the first."""
        raise self.cannot()

    def diagonal(self, loss: Function, *args: np.ndarray) -> Call:
        """The gradient with respect to the first, and the diagonal of the Hessian, if it is one."""
        raise self.cannot()

    def jacobians(
        self, f: Function, n: int, before: Function, after: Function, *args: np.ndarray
    ) -> Call:
        """f, a vector, of each row of what before(*args) gives, and its Jacobians with respect to
        the first n of that; they have two axes more. after(jacobians, rows of the third) follows.
        """
        raise self.cannot()

    def training(self, loss: Function, rate: float, n: int, *args: np.ndarray) -> Call:
        """A step of gradient descent of the first n arguments, from where the last one ended."""
        raise self.cannot()

    def cannot(self) -> Exception:
        return NotAsked(f"{self.name} has no program for this row")

    # ------------------------------------------------------------ what the losses are written with

    def sigmoid(self, x: Any) -> Any:
        raise self.cannot()

    def logsumexp(self, x: Any, axis: int | None = None) -> Any:
        raise self.cannot()

    def apply(self, a: Any, x: Any) -> Any:
        """A matrix times a vector."""
        return a @ x

    def picked(self, x: Any, labels: Any) -> Any:
        """x[i, labels[i]]."""
        return x[self.np.arange(len(x)), labels]

    def cross_entropy(self, logits: Any, labels: Any) -> Any:
        """The mean of -log softmax(logits)[label]."""
        return self.np.mean(self.logsumexp(logits, 1) - self.picked(logits, labels))

    def softplus(self, x: Any) -> Any:
        return self.np.logaddexp(0.0, x)

    def least(self, x: Any) -> Any:
        """The least of each row."""
        return self.np.min(x, axis=1)

    def transpose(self, x: Any) -> Any:
        return x.T

    def take(self, x: Any, rows: Any) -> Any:
        return x[rows]

    def layernorm(self, x: Any, w: Any, b: Any) -> Any:
        centred = x - self.np.mean(x, axis=-1, keepdims=True)
        variance = self.np.mean(centred**2, axis=-1, keepdims=True)
        return centred / self.np.sqrt(variance + 1e-5) * w + b

    def gelu(self, x: Any) -> Any:
        """GELU by tanh: 0.5 x (1 + tanh(sqrt(2/pi) (x + 0.044715 x^3)))."""
        return 0.5 * x * (1.0 + self.np.tanh(0.7978845608028654 * (x + 0.044715 * x * x * x)))

    def scan(self, step: Function, carry: Any, xs: Any) -> Any:
        """carry = step(carry, x) for all x in xs."""
        for x in xs:
            carry = step(carry, x)
        return carry

    def repeat(self, n: int, step: Function, y: Any) -> Any:
        """y = step(y), n times."""
        for _ in range(n):
            y = step(y)
        return y


class NotAsked(Exception):
    """A row for which nobody has written the program of this system."""


class Transforming(System):
    """A system that turns functions into gradients, and compiles a function of all of it."""

    transforms: Any
    """The module of value_and_grad, vjp, hessian, jvp, grad, vmap and jacobian."""

    def gradient(self, loss: Function, n: int, *args: np.ndarray) -> Call:
        both = self.transforms.value_and_grad(loss, tuple(range(n)))

        def program(*args: Any) -> Any:
            value, gradients = both(*args)
            return value, *gradients

        return self.compiled(program, *args)

    def pullback(self, f: Function, n: int, *args: np.ndarray) -> Call:
        def program(*args: Any) -> Any:
            y, back = self.transforms.vjp(lambda *x: f(*x, *args[n:-1]), *args[:n])
            gradients = back(args[-1])
            return y, *(gradients if isinstance(gradients, tuple) else (gradients,))

        return self.compiled(program, *args)

    def training(self, loss: Function, rate: float, n: int, *args: np.ndarray) -> Call:
        both = self.transforms.value_and_grad(loss, tuple(range(n)))

        def program(*args: Any) -> Any:
            value, gradients = both(*args)
            return *(p - rate * g for p, g in zip(args[:n], gradients, strict=True)), value

        return self.compiled(program, *args, donated=range(n))

    def newton(self, loss: Function, *args: np.ndarray) -> Call:
        t = self.transforms

        def program(*args: Any) -> Any:
            return *t.value_and_grad(loss)(*args), t.hessian(loss)(*args)

        return self.compiled(program, *args)

    def diagonal(self, loss: Function, *args: np.ndarray) -> Call:
        slope, jvp = self.transforms.grad(loss), self.transforms.jvp

        def program(x: Any, *rest: Any) -> Any:
            return jvp(lambda x: slope(x, *rest), (x,), (self.np.ones_like(x),))

        return self.compiled(program, *args)


class Bibun(Transforming):
    name = module = "bibun"
    np = np

    def __init__(self, threads: int | None):
        super().__init__(threads)
        self.transforms = self.bibun = import_module("bibun")
        self.special = import_module("bibun.scipy.special")
        import_module("scipy.special")  # as a program does, at its beginning, that calls expit
        if threads is not None:
            self.bibun.set_threads(threads)

    def compiled(
        self, f: Function, *args: np.ndarray, donated: Sequence[int] = (), **options: bool
    ) -> Call:
        function = self.bibun.jit(f)
        self.function, self.given = function, args
        if not donated:
            return lambda: function(*args)
        step = self.bibun.jit(f, donate=tuple(donated), **options)
        return carried(step, args, donated)

    def settled(self, loss: Function, n: int, *args: np.ndarray) -> Call:
        self.gradient(loss, n, *args)
        return self.function.bind(*args)

    def interpreted(self) -> int:
        """The operations of the last program that NumPy runs."""
        return len(self.function.lower(*self.given).interpreted)

    def jacobians(
        self, f: Function, n: int, before: Function, after: Function, *args: np.ndarray
    ) -> Call:
        b = self.bibun

        def program(*args: Any) -> Any:
            rows = before(*args)
            found = b.vmap(b.jacobian(f, tuple(range(n))))(*rows)
            return b.vmap(f)(*rows), after(found, rows[2])

        return self.compiled(program, *args)

    def sigmoid(self, x: Any) -> Any:
        return self.special.expit(x)

    def logsumexp(self, x: Any, axis: int | None = None) -> Any:
        return self.special.logsumexp(x, axis=axis)

    def scan(self, step: Function, carry: Any, xs: Any) -> Any:
        return self.bibun.scan(lambda carry, x: (step(carry, x), None), carry, xs)[0]

    def repeat(self, n: int, step: Function, y: Any) -> Any:
        return self.bibun.fori_loop(0, n, lambda i, y: step(y), y)


class Forward(Bibun):
    """bibun without gradients, to see what they cost."""

    name = "bibun, function alone"

    def compiled(self, f: Function, *args: np.ndarray, **options: Any) -> Call:
        if options:
            raise self.cannot()
        return super().compiled(f, *args)

    def gradient(self, loss: Function, n: int, *args: np.ndarray) -> Call:
        return self.compiled(lambda *args: (loss(*args),), *args)

    def pullback(self, f: Function, n: int, *args: np.ndarray) -> Call:
        return self.compiled(lambda *args: (f(*args),), *args[:-1])

    def newton(self, loss: Function, *args: np.ndarray) -> Call:
        raise self.cannot()

    def diagonal(self, loss: Function, *args: np.ndarray) -> Call:
        raise self.cannot()

    def training(self, loss: Function, rate: float, n: int, *args: np.ndarray) -> Call:
        raise self.cannot()

    def jacobians(
        self, f: Function, n: int, before: Function, after: Function, *args: np.ndarray
    ) -> Call:
        raise self.cannot()


class Jax(Transforming):
    name, module = "jax.jit", "jax"

    def __init__(self, threads: int):
        super().__init__(threads)
        self.transforms = self.jax = import_module("jax")
        self.jax.config.update("jax_enable_x64", True)
        self.np, self.nn = import_module("jax.numpy"), import_module("jax.nn")

    def array(self, x: np.ndarray) -> Any:
        return self.np.asarray(x)

    def compiled(self, f: Function, *args: np.ndarray, donated: Sequence[int] = ()) -> Call:
        g, wait = self.jax.jit(f, donate_argnums=tuple(donated)), self.jax.block_until_ready
        given = [self.array(x) for x in args]
        if donated:
            return carried(lambda *args: wait(g(*args)), given, donated)
        return lambda: wait(g(*given))

    def jacobians(
        self, f: Function, n: int, before: Function, after: Function, *args: np.ndarray
    ) -> Call:
        backward = self.jax.vmap(self.jax.jacrev(f, tuple(range(n))))

        def program(*args: Any) -> Any:
            rows = before(*args)
            return self.jax.vmap(f)(*rows), after(backward(*rows), rows[2])

        return self.compiled(program, *args)

    def sigmoid(self, x: Any) -> Any:
        return self.nn.sigmoid(x)

    def logsumexp(self, x: Any, axis: int | None = None) -> Any:
        return self.nn.logsumexp(x, axis)

    def scan(self, step: Function, carry: Any, xs: Any) -> Any:
        return self.jax.lax.scan(lambda carry, x: (step(carry, x), None), carry, xs)[0]

    def repeat(self, n: int, step: Function, y: Any) -> Any:
        return self.jax.lax.scan(lambda y, _: (step(y), None), y, None, length=n)[0]


class Autograd(System):
    name = module = "autograd"

    def __init__(self, threads: int):
        super().__init__(threads)
        self.autograd, self.np = import_module("autograd"), import_module("autograd.numpy")
        self.special = import_module("autograd.scipy.special")

    def gradient(self, loss: Function, n: int, *args: np.ndarray) -> Call:
        both = self.autograd.value_and_grad(loss, tuple(range(n)))

        def call() -> Any:
            value, gradients = both(*args)
            return value, *gradients

        return call

    def pullback(self, f: Function, n: int, *args: np.ndarray) -> Call:
        prepared = self.autograd.make_vjp(lambda *x: f(*x, *args[n:-1]), tuple(range(n)))

        def call() -> Any:
            back, y = prepared(*args[:n])
            return y, *back(args[-1])

        return call

    def training(self, loss: Function, rate: float, n: int, *args: np.ndarray) -> Call:
        both, state = self.autograd.value_and_grad(loss, tuple(range(n))), list(args)

        def step() -> Any:
            value, gradients = both(*state)
            for p, g in zip(state, gradients, strict=False):
                p -= rate * g
            return *state[:n], value

        return step

    def newton(self, loss: Function, *args: np.ndarray) -> Call:
        both, hessian = self.autograd.value_and_grad(loss), self.autograd.hessian(loss)
        return lambda: (*both(*args), hessian(*args))

    def jacobians(
        self, f: Function, n: int, before: Function, after: Function, *args: np.ndarray
    ) -> Call:
        def call() -> Any:
            rows = before(*args)
            back, y = self.autograd.make_vjp(lambda *x: f(*x, *rows[n:]), tuple(range(n)))(
                *rows[:n]
            )
            return y, after(joined(self.np.stack, back, np.zeros_like(y)), rows[2])

        return call

    def diagonal(self, loss: Function, *args: np.ndarray) -> Call:
        slope = self.autograd.grad(loss)
        product = self.autograd.hessian_vector_product(loss)
        return lambda: (slope(*args), product(*args, np.ones_like(args[0])))

    def sigmoid(self, x: Any) -> Any:
        return self.special.expit(x)

    def logsumexp(self, x: Any, axis: int | None = None) -> Any:
        return self.special.logsumexp(x, axis=axis)


def carried(f: Function, args: Sequence[Any], donated: Sequence[int]) -> Call:
    """f again and again, with its first results in the place of the donated arguments."""
    state = list(args)

    def step() -> Any:
        found = f(*state)
        for k, x in zip(donated, found, strict=False):
            state[k] = x
        return found

    return step


def joined(stack: Function, back: Function, zero: np.ndarray) -> list[Any]:
    """The Jacobians of rows that do not mix: a pullback for each component, for all at once."""
    cotangents = [zero.copy() for _ in range(zero.shape[-1])]
    for k, c in enumerate(cotangents):
        c[..., k] = 1.0
    return [stack(parts, 1) for parts in zip(*map(back, cotangents), strict=True)]
