"""One truth: Python's numbers are checked in C++, and those of C++ in Python."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bibun
from bibun.array import bind
from bibun.ops.elementwise import TABLE

from ..laws import cases
from .compilers import HERE, compiled, output
from .counterparts import ELEMENTS, WHOLE, Whole

cases.operations()  # loads the rows that are loaded late
# Some roundings in formulas of first and second derivatives, in which nothing cancels.
TOLERANCE = 2e-13
HARD = (0.0, -0.0, 1.0, -1.0, 1e-300, 1e300, -1e300, np.inf, -np.inf, np.nan)
# What is compiled is large, and runs once.
OPTIONS = [
    "-O0",
    f"-I{HERE}",
    "-Wno-unused-parameter",
    "-DEIGEN_DONT_VECTORIZE",
    "-DEIGEN_NO_DEBUG",
]


def braces(x: Any) -> str:
    """Numbers, as C++ writes them, exactly."""
    if np.ndim(x):
        return "{" + ", ".join(map(braces, x)) + "}"
    special = {np.inf: "INFINITY", -np.inf: "-INFINITY"}
    return "NAN" if x != x else special.get(float(x)) or float(x).hex()


# ---------------------------------------------------------------- functions of numbers


def function(label: str) -> Callable[[Any, Any], Any]:
    """The function of two numbers; of the second it may be that nothing is taken."""
    op = TABLE[label]
    count = len(op.partials)
    return lambda x, y: bind(op, *(x, y)[:count])


def domains(label: str) -> list[tuple[float, float]]:
    """Where both arguments lie."""
    known: Any = TABLE[label].domain
    return [known] * 2 if isinstance(known[0], float) else [*known]


def known(label: str, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """The points with value and derivatives, in the columns that C++ has."""
    f, one = function(label), np.ones_like(x)

    def along(f: Any, k: int) -> Any:
        """The derivative by one argument; the other is no variable at all."""
        if k == 0:
            return lambda x, y: bibun.jvp(lambda t: f(t, y), (x,), (one,))[1]
        return lambda x, y: bibun.jvp(lambda t: f(x, t), (y,), (one,))[1]

    found = [x, y, f(x, y), along(f, 0)(x, y), along(f, 1)(x, y)]
    found += [along(along(f, j), k)(x, y) for j, k in ((0, 0), (0, 1), (1, 1))]
    return np.stack([np.broadcast_to(np.asarray(a), x.shape) for a in found], axis=1)


def points(label: str) -> tuple[np.ndarray, np.ndarray]:
    """Inside of the domain, and where functions begin, end, or have a kink."""
    rng = np.random.default_rng(sum(map(ord, label)))
    (low, high), (least, most) = domains(label)
    x, y = rng.uniform(low, high, 8), rng.uniform(least, most, 8)
    hard = np.array(HARD)
    middle = np.full_like(hard, y[0]), np.full_like(hard, x[0])
    pairs = [(hard, middle[0])]
    pairs += [(middle[1], hard)] if len(TABLE[label].partials) > 1 else []
    at = np.concatenate([p for p, _ in pairs]), np.concatenate([q for _, q in pairs])
    return known(label, x, y), known(label, *at)


def elements() -> Iterator[str]:
    """A call for each function of numbers."""
    for label, (dual, var) in ELEMENTS.items():
        inside, hard = points(label)
        arguments = "const auto& x, const auto& y"
        yield (
            f"  {{\n    static const double inside[][8] = {braces(inside)};\n"
            f"    static const double hard[][8] = {braces(hard)};\n"
            f"    static const double domains[][2] = {braces(np.array(domains(label)))};\n"
            f"    const auto f = []({arguments}) {{ return {dual}; }};\n"
            f'    element("{label}", f, inside, {len(inside)}, {TOLERANCE}, domains);\n'
            f'    at_hard_points("{label}", f, hard, {len(hard)}, {TOLERANCE});\n'
        )
        if var:
            yield (
                f"    const auto g = []({arguments}) {{ return {var}; }};\n"
                f'    on_the_tape("{label}", g, inside, {len(inside)}, {TOLERANCE});\n'
                f'    on_the_tape("{label}", g, hard, {len(hard)}, {TOLERANCE});\n'
            )
        yield "  }\n"


def program(name: str, folder: Path, calls: Iterator[str]) -> list[list[str]]:
    """What C++ prints, after it has checked what Python has."""
    source = folder / f"{name}.cpp"
    text = '#include "vectors.hpp"\n\nint main() {\n' + "".join(calls) + "}\n"
    source.write_text(text)
    lines = output(compiled(source, folder / name, OPTIONS)).splitlines()
    return [line.split() for line in lines]


@pytest.mark.filterwarnings("ignore:.*:RuntimeWarning")
def test_functions_of_numbers(tmp_path: Path) -> None:
    printed = program("elements", tmp_path, elements())
    assert len(printed) == 5 * len(ELEMENTS)
    for label, *words in printed:
        found = np.array([float.fromhex(w) for w in words])
        (expected,) = known(label, found[:1], found[1:2])
        np.testing.assert_allclose(found, expected, rtol=TOLERANCE, atol=TOLERANCE, err_msg=label)


# ---------------------------------------------------------------- functions of matrices


def drawn(shape: tuple[int, int] | None, kind: str, rng: np.random.Generator) -> np.ndarray:
    """A matrix of the kind that a function needs."""
    if shape is None:
        return np.zeros((1, 1))
    x = rng.uniform(-0.5, 0.5, shape)
    eye = np.eye(*shape)
    apart = np.diag(np.linspace(0, 3, shape[0])) if kind == "symmetric" else None
    made = {"regular": lambda: x + 2 * eye, "positive": lambda: x @ x.T + eye}
    return x + x.T + apart if apart is not None else made.get(kind, lambda: x)()


def differentiated(one: Whole, w: np.ndarray, x: np.ndarray, y: np.ndarray) -> Any:
    """The sum of the result times w, and its derivatives."""

    def loss(x: Any, y: Any) -> Any:
        return np.sum(np.reshape(one.python(*(x, y)[: 1 + (one.y is not None)]), w.shape) * w)

    return bibun.value_and_grad(loss, (0, 1))(x, y)


def result(one: Whole, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    return np.atleast_2d(one.python(*(x, y)[: 1 + (one.y is not None)]))


def weights(shape: tuple[int, ...]) -> np.ndarray:
    return np.cos(np.arange(float(np.prod(shape)))).reshape(shape)


def matrices() -> Iterator[str]:
    """A call for each function of matrices."""
    for k, one in enumerate(WHOLE):
        rng = np.random.default_rng(k)
        x, y = drawn(one.x, one.square, rng), drawn(one.y, "", rng)
        z = result(one, x, y)
        w = weights(z.shape)
        _, (dx, dy) = differentiated(one, w, x, y)
        arrays = {"x": x, "y": y, "w": w, "z": z, "dx": dx, "dy": dy}
        yield "  {\n"
        for name, a in arrays.items():
            yield f"    static const double {name}[] = {braces(np.ravel(a))};\n"
        given = ", ".join(f"matrix({a.shape[0]}, {a.shape[1]}, {n})" for n, a in arrays.items())
        yield (
            f"    const auto f = [](const auto& x, const auto& y) {{ return {one.var}; }};\n"
            f'    whole("{k}", f, "{one.square}", {given}, {TOLERANCE});\n  }}\n'
        )


def test_functions_of_matrices(tmp_path: Path) -> None:
    printed = program("matrices", tmp_path, matrices())
    assert len(printed) == len(WHOLE)
    for k, *words in printed:
        one, numbers = WHOLE[int(k)], iter(float.fromhex(w) for w in words)
        value = next(numbers)
        shapes = [one.x, one.y or (1, 1)] * 2
        x, y, *slopes = (
            np.array([next(numbers) for _ in range(a * b)]).reshape(a, b) for a, b in shapes
        )
        w = weights(result(one, x, y).shape)
        expected, found = differentiated(one, w, x, y)
        for a, b in zip((value, *slopes), (expected, *found), strict=True):
            np.testing.assert_allclose(a, b, rtol=TOLERANCE, atol=TOLERANCE, err_msg=one.var)
