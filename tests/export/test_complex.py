"""Complex arguments and results: arrays of std::complex, in all that headers have."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bibun
from bibun.export.files import Case
from bibun.export.functions import exported
from bibun.export.header import Header, Style
from bibun.export.lowered import lowered

from .driver import SANITIZED, results
from .random import compared
from .test_export import holds

RNG = np.random.default_rng(5)


def drawn(*shape: int) -> np.ndarray:
    return RNG.normal(size=shape) + 1j * RNG.normal(size=shape)


Z, W, M = drawn(3), drawn(3), drawn(3, 3) + 2 * np.eye(3)


def grows(z: Any) -> Any:
    return bibun.while_loop(lambda z: np.sum(np.abs(z)) < 50, lambda z: z * (1.2 + 0.3j), z)


def steps(z: Any) -> Any:
    return bibun.scan(lambda c, r: ((c * r + 1j) / (1 + abs(c)), c * 2), z[0], z)


def rooted(a: Any) -> Any:
    """The root of a Hermitian matrix, by its eigenvectors, whose phases do not matter."""
    w, v = np.linalg.eigh(a @ a.conj().T)
    return w, (v * np.sqrt(w)) @ v.conj().T


def either(z: Any) -> Any:
    return bibun.cond(np.sum(z.real) > 0, np.exp, np.square, z)


# fmt: off
FUNCTIONS: dict[str, tuple[Any, tuple]] = {
    "circles":    (lambda z: np.sin(z) + np.cosh(z) * np.tan(z) - np.tanh(z), (Z,)),
    "arcs":       (lambda z: np.arcsin(z) + np.arccosh(z) * np.arctan(z) - np.arccos(z), (Z,)),
    "logarithms": (lambda z: np.log(z) * np.log1p(z) + np.expm1(z) / np.exp2(z), (Z,)),
    "powers":     (lambda z, w: z**w + z**5 - z**-2 + np.sqrt(z), (Z, W)),
    "parts":      (lambda z: (np.abs(z), np.angle(z), z.real, np.conj(z), np.sign(z)), (Z,)),
    "order":      (lambda z, w: (np.maximum(z, w), z > w, np.where(z == w, z, w)), (Z, W)),
    "one number": (lambda z, x: z * x, (np.asarray(1 + 2j), np.asarray(3.0))),
    "copies":     (lambda z: (z, z * 2, z * 2, np.array([1j, 2.0])), (Z,)),
    "products":   (lambda z: (np.prod(z), np.cumprod(z), np.cumsum(z), np.convolve(z, z)), (Z,)),
    "matrices":   (lambda a, z: (a @ z, np.linalg.solve(a, z), np.linalg.inv(a).conj().T), (M, Z)),
    "rooted":     (rooted, (M,)),
    "spectra":    (lambda z: (np.fft.fft(z), np.fft.irfft(z), np.fft.ifft(z)), (Z,)),
    "containers": (lambda p: p["a"] * p["b"][0], ({"a": Z, "b": [W]},)),
    "while":      (grows, (Z,)),
    "scan":       (steps, (Z,)),
    "cond":       (either, (Z,)),
    "none":       (lambda z: z * 2, (np.zeros(0, complex),)),
}
# fmt: on


def case(name: str, kind: str) -> Case:
    f, args = FUNCTIONS[name]
    given = exported(f, args, range(len(args)), kind)
    own = f"{kind}_{''.join(c for c in name if c.isalpha())}"
    return Header(own, lowered(own, given, "libm"), Style("complex_ones", False, False, [])), given


def test_functions(tmp_path: Path) -> None:
    """Values with tangents and with cotangents are the interpreter's."""
    cases = [case(name, kind) for name in FUNCTIONS for kind in ("jvp", "vjp")]
    found = results(cases, tmp_path, [*SANITIZED, "-Wconversion", "-Wshadow", "-pedantic"])
    wrong = {
        one[0].name: problem
        for one, arrays in zip(cases, found, strict=True)
        if (problem := compared(one, arrays)[1])
    }
    assert not wrong


def loss(z: Any, w: Any) -> Any:
    return np.sum(np.abs(np.exp(z * w) / (1 + w)) ** 2)


@pytest.mark.parametrize("dtype", ["c8", "c16"])
def test_gradients_of_batches(dtype: str, tmp_path: Path) -> None:
    args = drawn(11, 3).astype(dtype), W.astype(dtype)
    bibun.export.cpp(
        loss, args, to=tmp_path, wrt=(0, 1), batch=0, math="vector", check_finite=False
    )
    text = (tmp_path / "loss_value_and_grad.hpp").read_text()
    kind = {"c8": "float", "c16": "double"}[dtype]
    assert f"const std::complex<{kind}>* __restrict z" in text and "_lanes(" in text
    holds(tmp_path)


def test_what_is_donated_and_checked(tmp_path: Path) -> None:
    bibun.export.cpp(
        lambda z, w: (w, z, np.log(z) @ w), (Z, W), to=tmp_path, name="f", functions=["value"],
        donate=(0, 1), check_finite=True,
    )  # fmt: skip
    holds(tmp_path)
    assert "inline std::complex<double>" not in (tmp_path / "f.hpp").read_text()
