"""What must hold for a program: derivatives agree with differences, each other, and under vmap."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import numpy as np

import bibun
from bibun.errors import LostDigitsWarning
from tests.laws import truth
from tests.laws.compare import near

from .generate import Program

STEP = 1 / 64  # of a step that changes the loss by one
SLACK = 1e3 * np.finfo(np.float64).eps  # rounding, times 1e3 for the condition of a program
MARGIN = 64  # how far rounding may exceed the estimate that single precision gives of it
UNKNOWN = "unknown"  # said in place of a failure where there is no truth
SMALL = 16  # outputs of at most so many entries are taken for Jacobians


class Check:
    """A program as a function of its inputs, and random directions to look along."""

    def __init__(self, program: Program):
        self.program = program
        self.rng = np.random.default_rng(program.seed)
        self.x = program.inputs
        self.t, self.s = self.directions(), self.directions()
        self.weights = [self.rng.uniform(0.5, 1.5, np.shape(y)) for y in program.value(*self.x)]
        self.argnums = tuple(range(len(self.x)))

    def directions(self) -> tuple:
        return tuple(self.rng.uniform(-1, 1, x.shape) for x in self.x)

    def loss(self, *xs: Any) -> Any:
        """One number that all outputs go into."""
        return sum(
            np.sum(w.astype(y.dtype) * y)
            for w, y in zip(self.weights, self.program.run(*xs), strict=True)
        )

    def plain_loss(self, *xs: Any) -> list[np.ndarray]:
        """The same on plain arrays of any precision."""
        outputs = zip(self.weights, self.program.value(*xs), strict=True)
        return [np.asarray(sum(np.sum(w.astype(y.dtype) * y) for w, y in outputs))]

    def grad(self, *xs: Any) -> tuple:
        return bibun.grad(self.loss, self.argnums)(*xs)

    def slope(self, *xs: Any) -> Any:
        """The derivative along t."""
        return inner(self.grad(*xs), self.t)

    # ------------------------------------------------------------ the checks

    def first(self) -> None:
        """grad and jvp are the limit of differences.

        Rounding: what single precision loses, scaled to double, with a margin; so the tolerance
        follows the condition of the program. A hundred times the error of the truth: it is an
        estimate, and the least of many.
        """
        (expected,) = truth.along(self.plain_loss, self.x, self.t, self.step(self.t))
        g = self.grad(*self.x)
        for found, x in zip(g, self.x, strict=True):
            assert (found.dtype, found.shape) == (x.dtype, x.shape), (
                f"grad is {found.dtype}{found.shape}"
            )
        tolerance = 100 * expected.error + self.rounding(self.slope, inner(g, self.t), g)
        converged(expected)
        near(inner(g, self.t), expected.value, tolerance, "grad along t, and differences")
        value, moved = bibun.jvp(self.loss, self.x, self.t)
        near(moved, expected.value, tolerance, "jvp along t, and differences")
        # Not bit for bit: some of NumPy's functions are sums in another order, which programs
        # amplify.
        plain = self.plain_loss(*self.x)[0]
        near(value, plain, SLACK * (1 + abs(value)), "the value, and NumPy's")

    def step(self, t: tuple) -> float:
        """How far differences may go along t: programs amplify what their inputs do."""
        there = [x + 1e-6 * d for x, d in zip(self.x, t, strict=True)]
        change = abs(self.plain_loss(*there)[0] - self.plain_loss(*self.x)[0]) / 1e-6
        return STEP / (1 + float(change if np.isfinite(change) else 1e3))

    def rounding(self, f: Callable, found: Any, terms: Any) -> float:
        """How far double precision may be off: single precision shows how rounding grows."""
        eps, coarse = np.finfo(np.float64).eps, np.finfo(np.float32).eps
        scale = abs(float(found)) + sum(
            float(np.sum(abs(np.asarray(g) * t))) for g, t in zip(terms, self.t, strict=True)
        )
        single = [x.astype(np.float32) for x in self.x]
        try:
            growth = (
                abs(float(f(*single)) - float(f(*[x.astype(np.float64) for x in single]))) / coarse
            )
        except bibun.errors.DtypeError:  # graphs as fields are made for one precision
            growth = np.inf
        return MARGIN * eps * (scale + (growth if np.isfinite(growth) else scale / coarse))

    def second(self) -> None:
        """The jvp of grad is the limit of differences of grad, and the same as the grad of jvp."""
        _, moved = bibun.jvp(lambda *xs: bibun.grad(self.loss, self.argnums)(*xs), self.x, self.s)
        found = inner(moved, self.t)
        (expected,) = truth.along(
            lambda *xs: [np.asarray(self.slope(*xs))], self.x, self.s, self.step(self.s)
        )
        converged(expected)
        scale = sum(
            float(np.sum(abs(np.asarray(m) * t))) for m, t in zip(moved, self.t, strict=True)
        )
        # Nested rules in double: rounding grows by the condition of the program, here 1e3 at most.
        tolerance = 1e5 * np.finfo(float).eps * (1 + scale)
        near(
            found,
            expected.value,
            100 * expected.error + tolerance,
            "jvp of grad, and differences of grad",
        )
        mixed = bibun.grad(lambda *xs: bibun.jvp(self.loss, xs, self.t)[1], self.argnums)(*self.x)
        near(inner(mixed, self.s), found, tolerance, "grad of jvp, and jvp of grad")

    def batched(self) -> None:
        """vmap is a loop, for values and for gradients, at points that stay inside all domains."""
        h = self.step(self.x) / 16
        stacks = [np.stack([x * (1 - h * k) for k in range(3)]) for x in self.x]
        rows = [[s[k] for s in stacks] for k in range(3)]
        together = bibun.vmap(lambda *xs: self.program.run(*xs))(*stacks)
        for k, row in enumerate(rows):
            for y, expected in zip(together, self.program.value(*row), strict=True):
                close(y[k], expected, "vmap, and a loop")
        gradients = bibun.vmap(bibun.grad(self.loss, self.argnums))(*stacks)
        for k, row in enumerate(rows):
            for g, expected in zip(gradients, self.grad(*row), strict=True):
                close(g[k], expected, "vmap of grad, and a loop")

    def jacobian(self) -> None:
        """The rows of the Jacobian are gradients."""
        y = self.program.value(*self.x)
        small = [k for k in range(len(y)) if 0 < np.size(y[k]) <= SMALL]
        if not small:
            return
        unit = np.zeros(np.shape(y[small[0]]))
        at = tuple(int(self.rng.integers(n)) for n in unit.shape)
        unit[at] = 1

        def output(*xs: Any) -> Any:
            return self.program.run(*xs)[small[0]]

        whole = bibun.jacobian(output, self.argnums)(*self.x)
        row = bibun.grad(lambda *xs: np.sum(unit * output(*xs)), self.argnums)(*self.x)
        for j, g in zip(whole, row, strict=True):
            close(np.asarray(j)[at], g, "a row of the Jacobian, and grad")


CHECKS = (Check.first, Check.second, Check.batched, Check.jacobian)


class Unknown(Exception):
    """Differences do not converge: a kink or a jump is so near that there is no truth."""


def converged(expected: truth.Derivative) -> None:
    if not expected.error <= 1e-6 * (1 + abs(expected.value)):
        raise Unknown


def inner(a: Any, b: Any) -> Any:
    """The sum of the inner products, in the precision of a."""
    return sum(np.sum(x * np.asarray(y).astype(x.dtype)) for x, y in zip(a, b, strict=True))


def close(a: Any, b: Any, what: str) -> None:
    """Equal up to rounding in another order, times 1e3 for the condition of a program."""
    b = np.asarray(b)
    if b.dtype.kind == "f":
        near(a, b, 1e5 * np.finfo(b.dtype).eps * (1 + np.max(abs(b), initial=0)), what)


def failures(program: Program) -> Iterator[str]:
    """What does not hold for a program."""
    try:
        check = Check(program)
    except Exception as error:
        yield f"the program does not run: {error!r}"
        return
    for one in CHECKS:
        try:
            one(check)
        # bibun says itself: at a convention, or of digits that arrays from outside do not have.
        except (Unknown, LostDigitsWarning):
            yield UNKNOWN
        except Exception as error:
            yield f"{one.__name__}: {error if isinstance(error, AssertionError) else repr(error)}"
