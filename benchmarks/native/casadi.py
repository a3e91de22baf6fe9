"""CasADi: symbolic functions, written as C and compiled by gcc; float64 only.

Scalar programs are SX graphs, vectors MX graphs, loops `fold` of an SX or MX function. CasADi
stores by columns: an array is given to it as the transposed matrix, whose memory is the same. A
call reads and writes memory that was settled before; it takes no arguments.
"""

from __future__ import annotations

import subprocess
import tempfile
from collections.abc import Callable, Sequence
from importlib import import_module
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np

from .loops import CHANNELS, LAYERS, H
from .systems import Call, Function, System

FLAGS = ("-O3", "-march=native", "-ffast-math", "-shared", "-fPIC")


class Casadi(System):
    name = module = "casadi"

    def __init__(self, threads: int):
        super().__init__(threads)
        self.casadi = import_module("casadi")

    @classmethod
    def installed(cls) -> bool:
        return super().installed() and which("gcc") is not None

    def expression(self, args: Sequence[np.ndarray]) -> tuple[list[Any], Any]:
        """Symbols for the arguments, and the expression of this row."""
        if self.row not in PROGRAMS:
            raise self.cannot()
        kind, program = PROGRAMS[self.row]
        make = getattr(self.casadi, kind).sym
        symbols = [make(f"x{k}", *_transposed(a.shape)) for k, a in enumerate(args)]
        return symbols, program(self.casadi, *symbols)

    def gradient(self, loss: Function, n: int, *args: np.ndarray) -> Call:
        symbols, value = self.expression(args)
        gradients = [self.casadi.gradient(value, x) for x in symbols[:n]]
        shapes = [(), *(a.shape for a in args[:n])]
        return self.built(symbols, [value, *gradients], args, shapes)

    def newton(self, loss: Function, *args: np.ndarray) -> Call:
        symbols, value = self.expression(args)
        hessian, gradient = self.casadi.hessian(value, symbols[0])
        n = len(args[0])
        return self.built(symbols, [value, gradient, hessian], args, [(), (n,), (n, n)])

    def jacobians(
        self, f: Function, n: int, before: Function, after: Function, *args: np.ndarray
    ) -> Call:
        """The function of one row and its Jacobian, mapped over all; NumPy gathers the rows."""
        rows = [np.empty_like(np.ascontiguousarray(x)) for x in before(*args)]
        c, count = self.casadi, len(rows[0])
        sx = [c.SX.sym(f"x{k}", x.shape[1] if x.ndim > 1 else 1) for k, x in enumerate(rows)]
        y = bundle(c, *sx)
        one = c.Function("one", sx, [y, c.jacobian(y, c.vertcat(*sx[:n])).T])
        mx = [c.MX.sym(f"x{k}", *_transposed(x.shape)) for k, x in enumerate(rows)]
        mapped = one.map(count)(*(x if x.shape[0] != count else x.T for x in mx))
        run = self.built(mx, mapped, rows, [(count, 2), (count, 30)])

        def call() -> Any:
            for x, new in zip(rows, before(*args), strict=True):
                x[...] = new
            y, blocks = run()
            return y, np.concatenate([blocks.ravel(), -2.0 * rows[2]])

        return call

    def built(self, symbols: list, results: Sequence[Any], args: Sequence, shapes: list) -> Call:
        """A function as C, compiled, with memory for its arguments and results."""
        c = self.casadi
        function = c.Function("row", symbols, [c.densify(r) for r in results])
        with tempfile.TemporaryDirectory() as folder:
            generator = c.CodeGenerator("row.c")
            generator.add(function)
            generator.generate(f"{folder}/")
            source, path = Path(folder) / "row.c", Path(folder) / "row.so"
            command = ["gcc", *FLAGS, str(source), "-o", str(path), "-lmvec", "-lm"]
            subprocess.run(command, check=True, capture_output=True)
            external = c.external("row", str(path))
        memory, run = external.buffer()
        given = [np.ascontiguousarray(a, float) for a in args]
        found = [np.empty(shape) for shape in shapes]
        for k, a in enumerate(given):
            memory.set_arg(k, memoryview(a))
        for k, a in enumerate(found):
            memory.set_res(k, memoryview(a))

        def call() -> Any:
            run()
            return found

        call.keep = memory, external, given  # type: ignore[attr-defined]
        return call


def _transposed(shape: tuple[int, ...]) -> tuple[int, int]:
    """Rows and columns of the matrix that has the memory of an array of this shape."""
    return (shape[-1] if shape else 1, int(np.prod(shape[:-1])))


# ------------------------------------------------------------ the programs


def tiny(c: Any, w: Any, x: Any) -> Any:
    return c.sumsqr(c.sin(c.mtimes(w, x)))


def rosenbrock(c: Any, x: Any) -> Any:
    return c.sum1(100.0 * (x[1:] - x[:-1] ** 2) ** 2 + (1.0 - x[:-1]) ** 2)


def polynomial(c: Any, coefficients: Any, x: Any, y: Any) -> Any:
    p = 0.0 * x
    for k in range(coefficients.numel()):
        p = p * x + coefficients[k]
    return c.sumsqr(p - y) / x.numel()


def logistic(c: Any, w: Any, x: Any, y: Any) -> Any:
    z = -y * c.mtimes(x.T, w)
    return c.sum1(c.fmax(z, 0.0) + c.log1p(c.exp(-c.fabs(z)))) / y.numel() + 0.005 * c.sumsqr(w)


def tanh(c: Any, x: Any, w: Any, b: Any) -> Any:
    n = x.shape[1]
    return c.sumsqr(c.tanh(x * c.repmat(w, 1, n) + c.repmat(b, 1, n)))


def logsumexp(c: Any, x: Any) -> Any:
    return c.logsumexp(x)


def ode(c: Any, a: Any, y: Any, steps: Any) -> Any:
    n = steps.numel()
    s, m = c.SX.sym("y", 4), c.SX.sym("a", 4, 4)

    def slope(y: Any) -> Any:
        return c.tanh(c.mtimes(m.T, y))

    k1 = slope(s)
    k2 = slope(s + H / 2 * k1)
    k3 = slope(s + H / 2 * k2)
    k4 = slope(s + H * k3)
    step = c.Function("step", [s, m], [s + H / 6 * (k1 + 2 * k2 + 2 * k3 + k4)])
    return c.sumsqr(step.fold(n)(y, c.repmat(a, 1, n)))


def sigmoid(c: Any, x: Any) -> Any:
    return 1.0 / (1.0 + c.exp(-x))


def lstm(c: Any, w: Any, b: Any, xs: Any, zero: Any) -> Any:
    n, steps = zero.numel(), xs.shape[1]
    state, v, d = c.MX.sym("s", 2 * n), c.MX.sym("w", *w.shape), c.MX.sym("b", *b.shape)
    x = c.MX.sym("x", n)
    i, f, g, o = c.vertsplit(c.mtimes(v.T, c.vertcat(x, state[:n])) + d, n)
    cell = sigmoid(c, f) * state[n:] + sigmoid(c, i) * c.tanh(g)
    new = c.vertcat(sigmoid(c, o) * c.tanh(cell), cell)
    step = c.Function("step", [state, x, v, d], [new])
    end = step.fold(steps)(c.vertcat(zero, zero), xs, c.repmat(w, 1, steps), c.repmat(b, 1, steps))
    return c.sumsqr(end[:n])


def diagonal(c: Any, main: Any, extra: Any, xs: Any, golds: Any, state: Any) -> Any:
    """Rows of 14 channels are columns here."""
    steps, sx = xs.shape[1], c.SX.sym
    s, total, x, gold = sx("s", *state.shape), sx("t"), sx("x", CHANNELS), sx("g", CHANNELS)
    w, e = sx("w", *main.shape), sx("e", *extra.shape)
    y, new = x * e[:, 0], []
    for k in range(LAYERS):
        h, cell = s[:, 2 * k], s[:, 2 * k + 1]
        weight = [w[:, 8 * k + j] for j in range(8)]
        forget = sigmoid(c, y * weight[0] + weight[4])
        take = sigmoid(c, h * weight[1] + weight[5])
        out = sigmoid(c, y * weight[2] + weight[6])
        cell = cell * forget + take * c.tanh(h * weight[3] + weight[7])
        y = out * c.tanh(cell)
        new += [y, cell]
    y = y * e[:, 1] + e[:, 2]
    loss = total + c.sum1(gold * (y - c.log(c.sum1(c.exp(y)) + 2.0)))
    step = c.Function(
        "step", [c.vertcat(c.vec(s), total), x, gold, w, e],
        [c.vertcat(c.vec(c.horzcat(*new)), loss)],
    )  # fmt: skip
    start = c.vertcat(c.vec(state), 0.0)
    repeated = (c.repmat(main, 1, steps), c.repmat(extra, 1, steps))
    return -step.fold(steps)(start, xs, golds, *repeated)[-1] / (CHANNELS * steps)


def bundle(c: Any, camera: Any, point: Any, w: Any, feature: Any) -> Any:
    r, p = camera[:3], point - camera[3:6]
    theta = c.sqrt(c.sumsqr(r))
    u = r / theta
    m = p * c.cos(theta) + c.cross(u, p) * c.sin(theta) + u * (c.dot(u, p) * (1 - c.cos(theta)))
    x = m[:2] / m[2]
    square = c.sumsqr(x)
    scale = camera[6] * (1 + camera[9] * square + camera[10] * square * square)
    return w * (x * scale + camera[7:9] - feature)


# fmt: off
PROGRAMS: dict[str, tuple[str, Callable[..., Any]]] = {
    "tiny":           ("SX", tiny),
    "rosenbrock10":   ("SX", rosenbrock),
    "rosenbrock10_bound": ("SX", rosenbrock),
    "rosenbrock1000": ("SX", rosenbrock),
    "polynomial":     ("MX", polynomial),
    "logistic":       ("MX", logistic),
    "tanh":           ("MX", tanh),
    "logsumexp640":   ("MX", logsumexp),
    "rk4":            ("MX", ode),
    "lstm":           ("MX", lstm),
    "diagonal_lstm":  ("MX", diagonal),
}
# fmt: on
