"""The frameworks: torch, eager and compiled, and TensorFlow's functions, with and without XLA."""

from __future__ import annotations

from collections.abc import Sequence
from importlib import import_module
from types import SimpleNamespace
from typing import Any

import numpy as np

from .systems import Call, Function, System, joined


class Torch(System):
    """torch, eager: what `backward` needs is recorded at each call."""

    name, module = "torch", "torch"

    def __init__(self, threads: int):
        super().__init__(threads)
        self.torch = self.np = import_module("torch")
        self.functional = import_module("torch.nn.functional")
        self.torch.set_num_threads(threads)
        self.nothing = self.torch.tensor(0.0)

    def array(self, x: np.ndarray) -> Any:
        return self.torch.from_numpy(np.array(x))

    def plain(self, x: Any) -> np.ndarray:
        return x.detach().numpy()

    def made(self, f: Function) -> Function:
        """f as it is called: `TorchCompiled` compiles it."""
        return f

    def given(self, n: int, args: Sequence[np.ndarray]) -> tuple[list[Any], list[Any]]:
        """All arguments, and the first n of them, which get gradients."""
        all_ = [self.array(x) for x in args]
        return all_, [x.requires_grad_() for x in all_[:n]]

    def compiled(self, f: Function, *args: np.ndarray, donated: Sequence[int] = ()) -> Call:
        g, given = self.made(f), [self.array(x) for x in args]
        return lambda: g(*given)

    def gradient(self, loss: Function, n: int, *args: np.ndarray) -> Call:
        f = self.made(loss)
        given, wanted = self.given(n, args)

        def call() -> Any:
            value = f(*given)
            return value, *self.torch.autograd.grad(value, wanted)

        return call

    def pullback(self, f: Function, n: int, *args: np.ndarray) -> Call:
        f = self.made(f)
        given, wanted = self.given(n, args)

        def call() -> Any:
            y = f(*given[:-1])
            return y, *self.torch.autograd.grad(y, wanted, given[-1])

        return call

    def training(self, loss: Function, rate: float, n: int, *args: np.ndarray) -> Call:
        """torch.optim.SGD in its fused form; the loss alone is compiled, as the manual has it."""
        f = self.made(loss)
        given, wanted = self.given(n, args)
        optimizer = self.torch.optim.SGD(wanted, lr=rate, fused=True)

        def step() -> Any:
            optimizer.zero_grad(set_to_none=True)
            value = f(*given)
            value.backward()
            optimizer.step()
            return *wanted, value

        return step

    def newton(self, loss: Function, *args: np.ndarray) -> Call:
        both, hessian = self.torch.func.grad_and_value(loss), self.torch.func.hessian(loss)

        def program(*args: Any) -> Any:
            gradient, value = both(*args)
            return value, gradient, hessian(*args)

        return self.compiled(program, *args)

    def diagonal(self, loss: Function, *args: np.ndarray) -> Call:
        slope = self.torch.func.grad(loss)

        def program(x: Any, *rest: Any) -> Any:
            ones = self.torch.ones_like(x)
            return self.torch.func.jvp(lambda x: slope(x, *rest), (x,), (ones,))

        return self.compiled(program, *args)

    def jacobians(
        self, f: Function, n: int, before: Function, after: Function, *args: np.ndarray
    ) -> Call:
        f, given = self.made(f), [self.array(x) for x in args]
        zero = np.zeros((len(args[2]), 2))

        def call() -> Any:
            rows = before(*given)
            wanted = [x.detach().requires_grad_() for x in rows[:n]]
            y = f(*wanted, *rows[n:])

            def back(cotangent: np.ndarray) -> Any:
                g = self.torch.from_numpy(cotangent)
                return self.torch.autograd.grad(y, wanted, g, retain_graph=True)

            return y, after(joined(self.torch.stack, back, zero), rows[2])

        return call

    def sigmoid(self, x: Any) -> Any:
        return self.torch.sigmoid(x)

    def logsumexp(self, x: Any, axis: int | None = None) -> Any:
        return self.torch.logsumexp(x, tuple(range(x.ndim)) if axis is None else axis)

    def softplus(self, x: Any) -> Any:
        return self.functional.softplus(x)

    def least(self, x: Any) -> Any:
        return x.min(1).values

    def cross_entropy(self, logits: Any, labels: Any) -> Any:
        return self.functional.cross_entropy(logits, labels)

    def layernorm(self, x: Any, w: Any, b: Any) -> Any:
        return self.functional.layer_norm(x, x.shape[-1:], w, b)

    def gelu(self, x: Any) -> Any:
        return self.functional.gelu(x, approximate="tanh")


class TorchCompiled(Torch):
    """torch.compile, whose loops over steps stay Python's: unrolled they compile for minutes."""

    name = "torch.compile"

    looping = False
    """Whether the program of this row is a loop of Python's around a step that is compiled."""

    def made(self, f: Function) -> Function:
        if self.looping:
            return f
        return self.torch.compile(f, fullgraph=True, dynamic=False)

    def scan(self, step: Function, carry: Any, xs: Any) -> Any:
        return super().scan(self.torch.compile(step), carry, xs)

    def repeat(self, n: int, step: Function, y: Any) -> Any:
        return super().repeat(n, self.torch.compile(step), y)


class TensorFlow(System):
    """tf.function around everything, the tape included."""

    name, module, xla = "tf.function", "tensorflow", False

    def __init__(self, threads: int):
        super().__init__(threads)
        self.tf = tf = import_module("tensorflow")
        tf.config.threading.set_intra_op_parallelism_threads(threads)
        tf.config.threading.set_inter_op_parallelism_threads(1)
        self.np = namespace(tf)

    def array(self, x: np.ndarray) -> Any:
        return self.tf.constant(x)

    def plain(self, x: Any) -> np.ndarray:
        return self.tf.convert_to_tensor(x).numpy()

    def compiled(self, f: Function, *args: np.ndarray, donated: Sequence[int] = ()) -> Call:
        g = self.tf.function(f, jit_compile=self.xla, autograph=False)
        given = [self.array(x) for x in args]

        def call() -> Any:
            found = g(*given)
            found[0].numpy()  # waits; on the CPU it shares the memory
            return found

        return call

    def gradient(self, loss: Function, n: int, *args: np.ndarray) -> Call:
        def program(*args: Any) -> Any:
            with self.tf.GradientTape() as tape:
                tape.watch(args[:n])
                value = loss(*args)
            return value, *self.dense(tape.gradient(value, args[:n]))

        return self.compiled(program, *args)

    def pullback(self, f: Function, n: int, *args: np.ndarray) -> Call:
        def program(*args: Any) -> Any:
            with self.tf.GradientTape() as tape:
                tape.watch(args[:n])
                y = f(*args[:-1])
            return y, *self.dense(tape.gradient(y, args[:n], args[-1]))

        return self.compiled(program, *args)

    def training(self, loss: Function, rate: float, n: int, *args: np.ndarray) -> Call:
        tf = self.tf
        state, data = [tf.Variable(x) for x in args[:n]], [tf.constant(x) for x in args[n:]]

        @tf.function(jit_compile=self.xla, autograph=False)
        def program() -> Any:
            with tf.GradientTape() as tape:
                value = loss(*state, *data)
            for p, g in zip(state, tape.gradient(value, state), strict=True):
                p.assign_sub(rate * g)
            return value

        def step() -> Any:
            value = program().numpy()
            return *state, value

        return step

    def dense(self, gradients: Sequence[Any]) -> list[Any]:
        return [self.tf.convert_to_tensor(g) for g in gradients]

    def slope(self, loss: Function, x: Any, *rest: Any) -> tuple[Any, Any]:
        with self.tf.GradientTape() as tape:
            tape.watch(x)
            value = loss(x, *rest)
        return value, self.tf.convert_to_tensor(tape.gradient(value, x))

    def newton(self, loss: Function, *args: np.ndarray) -> Call:
        def program(x: Any, *rest: Any) -> Any:
            with self.tf.GradientTape() as tape:
                tape.watch(x)
                value, gradient = self.slope(loss, x, *rest)
            return value, gradient, tape.jacobian(gradient, x)

        return self.compiled(program, *args)

    def diagonal(self, loss: Function, *args: np.ndarray) -> Call:
        def program(x: Any, *rest: Any) -> Any:
            ones = self.tf.ones_like(x)
            with self.tf.autodiff.ForwardAccumulator(x, ones) as forward:
                gradient = self.slope(loss, x, *rest)[1]
            return gradient, forward.jvp(gradient)

        return self.compiled(program, *args)

    def jacobians(
        self, f: Function, n: int, before: Function, after: Function, *args: np.ndarray
    ) -> Call:
        zero = np.zeros((len(args[2]), 2))

        def program(*args: Any) -> Any:
            rows = before(*args)
            with self.tf.GradientTape(persistent=True) as tape:
                tape.watch(rows[:n])
                y = f(*rows)
            back = lambda cotangent: tape.gradient(y, rows[:n], cotangent)  # noqa: E731
            return y, after(joined(self.tf.stack, back, zero), rows[2])

        return self.compiled(program, *args)

    def sigmoid(self, x: Any) -> Any:
        return self.tf.sigmoid(x)

    def logsumexp(self, x: Any, axis: int | None = None) -> Any:
        return self.tf.reduce_logsumexp(x, axis)

    def softplus(self, x: Any) -> Any:
        return self.tf.nn.softplus(x)

    def take(self, x: Any, rows: Any) -> Any:
        return self.tf.gather(x, rows)

    def transpose(self, x: Any) -> Any:
        return self.tf.transpose(x)

    def apply(self, a: Any, x: Any) -> Any:
        return self.tf.linalg.matvec(a, x)

    def cross_entropy(self, logits: Any, labels: Any) -> Any:
        f = self.tf.nn.sparse_softmax_cross_entropy_with_logits
        return self.tf.reduce_mean(f(labels=labels, logits=logits))

    def gelu(self, x: Any) -> Any:
        return self.tf.nn.gelu(x, approximate=True)

    def scan(self, step: Function, carry: Any, xs: Any) -> Any:
        n = xs.shape[0]
        body = lambda i, carry: (i + 1, step(carry, xs[i]))  # noqa: E731
        return self.tf.while_loop(
            lambda i, _: i < n, body, (self.tf.constant(0), carry), maximum_iterations=n
        )[1]

    def repeat(self, n: int, step: Function, y: Any) -> Any:
        body = lambda i, y: (i + 1, step(y))  # noqa: E731
        return self.tf.while_loop(
            lambda i, _: i < n, body, (self.tf.constant(0), y), maximum_iterations=n
        )[1]


class TensorFlowXla(TensorFlow):
    """The same, compiled by XLA."""

    name, xla = "tf.function+XLA", True


def namespace(tf: Any) -> SimpleNamespace:
    """TensorFlow's functions under NumPy's names."""

    def reduced(f: Function) -> Function:
        return lambda x, axis=None, keepdims=False: f(x, axis, keepdims)

    # fmt: off
    return SimpleNamespace(
        sum=reduced(tf.reduce_sum), mean=reduced(tf.reduce_mean), max=reduced(tf.reduce_max),
        min=reduced(tf.reduce_min), exp=tf.exp, log=tf.math.log, tanh=tf.tanh, sin=tf.sin,
        cos=tf.cos, sqrt=tf.sqrt, where=tf.where, maximum=tf.maximum, zeros_like=tf.zeros_like,
        concatenate=tf.concat, stack=tf.stack, reshape=tf.reshape,
    )
    # fmt: on
