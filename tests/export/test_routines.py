"""Functions of C++ for whole operations: at sizes, and at points, that examples do not have."""

from __future__ import annotations

import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.linalg
import scipy.special as sc

import bibun
from bibun.array import bind
from bibun.export.files import Case
from bibun.export.functions import exported
from bibun.export.header import Header, Style
from bibun.export.lowered import lowered
from bibun.export.routines import needed
from bibun.ops.families import Bessel, Polygamma

from ..cpp.compilers import COMPILERS, GCC
from .driver import OPTIONS, SANITIZED, results
from .random import compared

RNG = np.random.default_rng(7)
A = RNG.normal(size=(40, 40)) + 8 * np.eye(40)
S = A @ A.T
B = RNG.normal(size=(40, 3))
TALL, WIDE = RNG.normal(size=(7, 4)), RNG.normal(size=(3, 5))
FLAT = np.outer(np.arange(1.0, 5.0), [1.0, -2.0, 0.5])  # of rank 1
PAIRS = RNG.normal(size=(6, 3, 3)) + 3 * np.eye(3)
TIES = np.array([[2.0, 1.0, 2.0, -0.5], [1.0, 1.0, 1.0, 3.0], [0.0, 4.0, -1.0, 3.0]])
TWICE = np.diag([2.0, 1.0, 2.0, 3.0])
WARNINGS = ["-Wconversion", "-Wsign-conversion", "-Wshadow", "-pedantic"]
FAR = np.array([1e-120, 1e-11, 1e-3, 2.0, 29.0, 90.0])
Point = tuple[Callable[..., Any], tuple[Any, ...]]


def root(a: Any) -> Any:
    w, v = np.linalg.eigh(a)
    return (v * np.sqrt(w)) @ v.T


def sorted_states(x: Any) -> Any:
    """A loop with a routine inside."""
    return bibun.scan(lambda c, row: ((c := np.sort(c + row)), c[0]), x[0], x)[1]


def rotated(x: Any) -> Any:
    u, s, v = np.linalg.svd(x, full_matrices=False)
    return u @ v, s


# fmt: off
POINTS: dict[str, Point] = {
    "solve":         (np.linalg.solve, (A, B)),
    "solve vector":  (np.linalg.solve, (A, B[:, 0])),
    "stacked":       (lambda a, b: np.linalg.solve(np.stack([a, a.T]), b), (A, B)),
    "inverse":       (np.linalg.inv, (A,)),
    "cholesky":      (np.linalg.cholesky, (S,)),
    "determinants":  (np.linalg.det, (PAIRS,)),
    "singular":      (np.linalg.det, (np.ones((3, 3)) + np.diag([1.0, 0, 0]),)),
    "slogdet":       (lambda a: np.linalg.slogdet(a)[1], (A[::-1],)),
    "qr":            (np.linalg.qr, (A[:, :9],)),
    "qr of many":    (lambda a: np.linalg.qr(a)[1], (PAIRS,)),
    "qr, complete":  (lambda a: np.linalg.qr(a, "complete")[1], (TALL,)),
    "eigenvalues":   (np.linalg.eigvalsh, (S[:20, :20],)),
    "root":          (root, (S[:12, :12],)),
    "equal values":  (root, (TWICE,)),
    "norm":          (lambda a: np.linalg.norm(a, "nuc"), (TALL,)),
    "polar":         (rotated, (TALL,)),
    "polar of many": (lambda x: np.linalg.svd(x, full_matrices=False)[1], (PAIRS,)),
    "pinv":          (np.linalg.pinv, (WIDE,)),
    "rank 1":        (lambda a: np.linalg.pinv(a, 1e-10), (FLAT,)),
    "least squares": (lambda a, b: np.linalg.lstsq(a, b, None)[0], (TALL, np.arange(7.0))),
    "expm":          (scipy.linalg.expm, (A[:5, :5] / 4,)),  # where SciPy is as good
    "lyapunov":      (scipy.linalg.solve_continuous_lyapunov, (PAIRS[0], TALL[:3, :3])),
    "sqrtm":         (scipy.linalg.sqrtm, (S[:9, :9],)),
    "many roots":    (scipy.linalg.sqrtm, (PAIRS,)),
    "sort":          (lambda x: np.sort(x, 0), (np.where(TIES == 4, np.nan, TIES),)),
    "argsort":       (lambda x: np.argsort(x, -1, "stable"), (TIES,)),
    "median":        (lambda x: np.median(x, 1), (TIES,)),
    "percentile":    (lambda x: np.percentile(x, [10, 35.5], axis=0), (TIES,)),
    "interp":        (lambda x: np.interp(x, np.arange(4.0), np.arange(4.0) ** 2), (TIES,)),
    "searchsorted":  (lambda x: np.searchsorted(np.arange(4.0), x, "right"), (TIES,)),
    "convolve":      (lambda a, v: np.convolve(a, v, "same"), (B[:, 0], B[:5, 1])),
    "spectrum":      (lambda x: np.abs(np.fft.rfft(x * x)), (B[:, 0],)),
    "loop":          (sorted_states, (TIES,)),
}
SPECIAL: dict[str, Point] = {
    "erfcinv":   (sc.erfcinv, (np.array([1e-300, 1e-9, 0.3, 1.0, 1.7]),)),
    "erfinv":    (sc.erfinv, (np.array([-1 + 1e-9, -0.5, 1e-300, 0.2, 0.9]),)),
    "ndtri":     (sc.ndtri, (np.array([1e-300, 0.02, 0.5, 0.8]),)),
    "ndtri_exp": (sc.ndtri_exp, (np.array([-1e8, -650.0, -3.0, -0.1, -1e-10]),)),
    "psi":       (sc.psi, (np.array([-3.3, 1e-9, 0.7, 1.46163, 20.0, 1e8]),)),
    "trigamma":  (lambda x: bind(Polygamma(1), x), (np.array([1e-5, 0.7, 3.0, 200.0]),)),
    "gammainc":  (sc.gammainc, (np.array([0.01, 2.5, 50.0]), np.array([0.2, 3.0, 40.0]))),
    "gammaincc": (sc.gammaincc, (np.array([1e-10, 0.5, 50.0]), np.array([0.5, 3.0, 60.0]))),
    "endless":   (lambda x: bind(Bessel("k", 2), x), (np.array([1e300, np.inf]),)),
    "exp1":      (sc.exp1, (np.array([1e-9, 0.9, 1.1, 30.0]),)),
    "expi":      (sc.expi, (np.array([-2.0, 0.1, 5.0, 60.0]),)),
    **{
        f"bessel_{k}{n}": (lambda x, k=k, n=n: bind(Bessel(k, n), x), (FAR,))
        for k in "ijky" for n in (0, 1, 4)
    },
}
# fmt: on


def header(name: str, point: Point, kind: str) -> Case:
    f, args = point
    floats = [k for k, x in enumerate(args) if x.dtype.kind == "f"]
    given = exported(f, args, floats, kind)
    name = "".join(c if c.isalnum() else "_" for c in name)
    return Header(name, lowered(name, given, "libm"), Style("routine", False, False, [])), given


@pytest.mark.parametrize(
    "function, files",
    [
        ("bessel_j", ["bessel"]),
        ("erfcinv", ["errors"]),
        ("least_squares", ["spectral"]),
        ("exponential", ["equations", "exponential"]),
        ("cofactors", ["equations", "spectral", "determinants"]),
    ],
)
def test_what_a_header_contains(function: str, files: list[str]) -> None:
    """What a function calls, and not what has the name of a word in a comment, or of a variable."""
    assert [name for name, _ in needed(f"routines::{function}(")] == files


@pytest.mark.parametrize("compiler", COMPILERS)
def test_values_and_tangents(tmp_path: Path, compiler: str) -> None:
    """With -Wconversion and their kin, and once under sanitizers."""
    points = POINTS | SPECIAL
    cases = [
        header(label, point, "value" if label.startswith(("arg", "search", "gammainc")) else "jvp")
        for label, point in points.items()
    ]
    options = SANITIZED if compiler == GCC else OPTIONS
    found = results(cases, tmp_path, [*options, *WARNINGS], compiler)
    problems = {
        label: problem
        for label, case, arrays in zip(points, cases, found, strict=True)
        if (problem := compared(case, arrays)[1])
    }
    assert not problems


def test_gradients(tmp_path: Path) -> None:
    several = ("argsort", "searchsorted", "qr", "polar")
    cases = [header(label, point, "vjp") for label, point in POINTS.items() if label not in several]
    found = results(cases, tmp_path)
    assert not [
        f"{case[0].name}: {problem}"
        for case, arrays in zip(cases, found, strict=True)
        if (problem := compared(case, arrays)[1])
    ]


def test_float32(tmp_path: Path) -> None:
    """A few roundings of float32, times the condition of the matrices, which is below 100."""
    labels = ("solve", "cholesky", "root", "pinv", "expm", "median", "ndtri", "bessel_k1")
    points = {k: (POINTS | SPECIAL)[k] for k in labels}
    single = {k: (f, tuple(x.astype(np.float32) for x in args)) for k, (f, args) in points.items()}
    cases = [header(label, point, "value") for label, point in single.items()]
    found = results(cases, tmp_path)
    for case, arrays in zip(cases, found, strict=True):
        (y,), (z,) = case[0].code.expected, arrays
        assert y.dtype == z.dtype == np.float32
        size = np.max(abs(y[np.isfinite(y)]))
        np.testing.assert_allclose(z, y, rtol=2e-4, atol=2e-5 * size)


CALLER = """
int main(int count, char**) {
  double x[4] = {1, 2, 2, 4};
#ifdef __cpp_exceptions
  try { bibun_generated::f(x, x); } catch (const std::domain_error& e) { std::puts(e.what()); }
  return 0;
#else
  x[3] = count;
  return !std::isfinite(bibun_generated::f(x, x));
#endif
}
"""


@pytest.mark.parametrize("options", [[], ["-fno-exceptions", "-fno-rtti"]])
def test_what_has_no_result(tmp_path: Path, options: list[str]) -> None:
    """An error says why; without exceptions, headers compile, too."""

    def f(a: Any, index: Any) -> Any:
        return np.linalg.det(a) + np.sum(np.linalg.inv(a)) + np.sum(scipy.linalg.expm(a))

    bibun.export.cpp(f, (np.eye(2), np.eye(2)), to=tmp_path, name="f", functions=["value"])
    main = tmp_path / "main.cpp"
    main.write_text(f'#include <cstdio>\n#include "f.hpp"\n{CALLER}')
    program = tmp_path / "main"
    subprocess.run(
        ["g++", "-std=c++17", *WARNINGS, "-Werror", *options, main, "-o", program], check=True
    )
    done = subprocess.run([program], capture_output=True, text=True, check=True)
    assert done.stdout == ("" if options else "f: a singular matrix\n")
