"""Complex numbers on the way and Fourier transforms, in real operations of native code."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun
from bibun.native.transforms import MOST, roots

from .test_guarded import same_guarded
from .test_native import graph_of, same

HARD = [0.0, -0.0, 1.0, -2.5, 1e300, -1e-300, np.inf, -np.inf, np.nan]
ELEMENTS: dict[str, Callable[..., Any]] = {
    "add": np.add, "multiply": np.multiply, "divide": np.divide, "equal": np.equal,
    "absolute": lambda a, b: abs(a), "sign": lambda a, b: np.sign(a), "power": lambda a, b: a**2,
    "exp": lambda a, b: np.exp(a), "log": lambda a, b: np.log(a), "angle": lambda a, b: np.angle(a),
    "square": lambda a, b: np.square(a), "one divided": lambda a, b: 1 / a,
    "finite": lambda a, b: np.isfinite(a) | np.isnan(b),
    **{
        f.__name__: lambda a, b, f=f: f(a)
        for f in (
            np.sqrt, np.sinh, np.cosh, np.tanh, np.sin, np.cos, np.tan, np.arcsin, np.arccos,
            np.arctan, np.arcsinh, np.arccosh, np.arctanh, np.exp2, np.expm1, np.log2, np.log10,
            np.rint, np.reciprocal, np.logical_not,
        )
    },
    **{
        f.__name__: f
        for f in (
            np.less, np.less_equal, np.greater, np.greater_equal, np.maximum, np.minimum, np.fmax,
            np.fmin, np.logical_and, np.logical_xor,
        )
    },
}  # fmt: skip


@pytest.mark.parametrize("name", ELEMENTS)
@pytest.mark.parametrize("dtype", ["c8", "c16"])
def test_elements(name: str, dtype: str) -> None:
    """All pairs of hard numbers: the same are nan, infinite and zero as in NumPy."""
    with np.errstate(over="ignore"):
        parts = np.array(HARD).astype(np.zeros(0, dtype).real.dtype)
    z = np.empty((len(parts), len(parts)), dtype)
    z.real, z.imag = parts[:, None], parts
    a, b = (v.reshape(-1) for v in np.broadcast_arrays(z.reshape(-1, 1), z.reshape(-1)[::4]))
    f = ELEMENTS[name]
    compiled = bibun.jit(f)
    with np.errstate(all="ignore"):
        found, wanted = np.asarray(compiled(a, b)), np.asarray(f(a, b))
    assert not compiled.lower(a, b).interpreted
    close = 64 * float(np.finfo(parts.dtype).eps)
    for y, x in ((found.real, wanted.real), (found.imag, wanted.imag)):
        if name in ("exp", "multiply", "power", "square"):  # C has its choice of inf and nan there
            good = np.isfinite(a) & np.isfinite(b) & np.isfinite(wanted)
            with np.errstate(all="ignore"):
                size = (np.abs(a) * np.abs(b if name == "multiply" else a))[good]
            with np.errstate(over="ignore"):
                fits = np.abs(y[good] - x[good]) <= close * np.maximum(size, np.abs(x[good]))
            assert np.all(fits | (y[good] == x[good]))
        else:
            # Beside a nan C knows more numbers than follow from the formulas: nan is no wrong one.
            unknown = np.isnan(y) & np.isnan(a)
            # Nor does it say which sign has what is infinite in no direction.
            nowhere = ~np.isfinite(a.real) & ~np.isfinite(a.imag)
            unknown |= nowhere & np.isinf(y) & np.isinf(x)
            np.testing.assert_allclose(y[~unknown], x[~unknown], rtol=close, atol=0)


SPECTRA: dict[str, Callable[[Any], Any]] = {
    "rfft": lambda x: np.abs(np.fft.rfft(x)),
    "fft": lambda x: np.real(np.fft.fft(x, norm="ortho")) * x,
    "power": lambda x: np.abs(np.fft.fft(x)) ** 2,
    "filter": lambda x: np.fft.irfft(np.fft.rfft(x) * np.exp(-np.arange(x.shape[-1] // 2 + 1))
                                     .astype(x.dtype), x.shape[-1]),
    "forward": lambda x: np.fft.rfft(x, norm="forward").imag + x[..., : x.shape[-1] // 2 + 1],
    "delay": lambda x: np.real(np.fft.ifft(np.fft.fft(x) * (x + 1j * x))),
}  # fmt: skip


@pytest.mark.parametrize("name", SPECTRA)
@pytest.mark.parametrize("dtype", ["f4", "f8"])
@pytest.mark.parametrize("n", [1, 2, 7, 32, 60, 131])
def test_spectra(name: str, dtype: str, n: int) -> None:
    """Lengths of one product, of factors, and a prime; forward, backward, and in forward mode."""
    f, x = SPECTRA[name], np.random.default_rng(n).standard_normal(n).astype(dtype)

    def loss(x: Any) -> Any:
        y = f(x)
        return np.sum(np.sin(y + np.cos(np.arange(y.size)).astype(y.dtype)))

    for derived in (f, bibun.grad(loss), lambda x: bibun.jvp(f, (x,), (x * x,))[1]):
        graph, captured = graph_of(derived, x)
        native = same(graph, [x, *captured], 64 * max(n, 8))
        assert not native.interpreted
        if n == 60:
            same_guarded(graph, [x, *captured])


@pytest.mark.parametrize("n", [33, 97, 257, 360, 1000, 1024, 1009, MOST])
def test_lengths(n: int) -> None:
    """As near to the true transform as NumPy's: twenty roundings of the norm of x."""
    x = np.random.default_rng(0).standard_normal(n)
    for way in (np.fft.fft, np.fft.ifft):
        y = bibun.jit(way)(x)
        error = np.linalg.norm(y - way(x)) / np.linalg.norm(way(x))
        assert error < 20 * np.finfo(float).eps
    assert not bibun.jit(lambda x: np.abs(np.fft.rfft(x))).lower(x).interpreted


def test_axes_and_longer_ones() -> None:
    x = np.random.default_rng(0).standard_normal((3, 12, 5))
    for f in (
        lambda x: np.abs(np.fft.fft2(x)),
        lambda x: np.abs(np.fft.rfft(x, axis=1)),
        lambda x: np.real(np.fft.fftshift(np.fft.fft(x, 20, axis=0), axes=0)),
        lambda x: np.real((x + 1j * x) @ np.swapaxes(x - 2j, -1, -2)),
    ):
        graph, captured = graph_of(f, x)
        assert not same(graph, [x, *captured], 640).interpreted
    far = np.ones(MOST + 1)
    assert bibun.jit(lambda x: np.abs(np.fft.rfft(x))).lower(far).interpreted


def test_loops_with_spectra_inside() -> None:
    def step(c: Any, x: Any) -> Any:
        return np.fft.irfft(np.fft.rfft(c) * 0.5, 8) + x, np.sum(np.abs(np.fft.rfft(c)))

    def f(x: Any) -> Any:
        c, rows = bibun.scan(step, x[0], x)
        return np.sum(c) + np.sum(rows)

    x = np.random.default_rng(0).standard_normal((5, 8))
    for derived in (f, bibun.grad(f)):
        graph, captured = graph_of(derived, x)
        assert not same(graph, [x, *captured], 640).interpreted


@pytest.mark.parametrize("n", [1, 3, 4, 8, 12, 100])
def test_roots_of_unity(n: int) -> None:
    """Right angles are exact, and what is turned or mirrored has the same digits."""
    cos, sin = roots(n)
    np.testing.assert_allclose(cos + 1j * sin, np.exp(2j * np.pi * np.arange(n) / n), atol=1e-15)
    np.testing.assert_array_equal(cos[1:], cos[:0:-1])
    np.testing.assert_array_equal(sin[1:], -sin[:0:-1])
    if n % 4 == 0:
        np.testing.assert_array_equal(np.roll(cos, n // 4), sin)
