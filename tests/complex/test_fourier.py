"""numpy.fft: values are NumPy's bits, gradients those of the sums that define the transforms."""

from functools import partial

import numpy as np
import pytest

import bibun

rng = np.random.default_rng(3)
REAL = rng.normal(size=(4, 5))
COMPLEX = REAL + 1j * rng.normal(size=(4, 5))
ONE = ("fft", "ifft", "rfft", "irfft", "hfft", "ihfft")
SEVERAL = ("fft2", "ifft2", "rfft2", "irfft2", "fftn", "ifftn", "rfftn", "irfftn")


def arguments():
    for name in ONE:
        for x in (REAL, COMPLEX):
            if not (name in ("rfft", "ihfft") and x is COMPLEX):
                for n in (None, 3, 4, 7, 8):
                    for axis, norm in ((-1, None), (0, "ortho"), (1, "forward"), (-2, "backward")):
                        yield name, x, {"n": n, "axis": axis, "norm": norm}
    for name in SEVERAL:
        for x in (REAL, COMPLEX):
            if not (name.startswith("rfft") and x is COMPLEX):
                for s, axes in ((None, (0, 1)), ((3, 7), (0, 1)), ((6, 4), (1, 0)), (None, (1,))):
                    yield name, x, {"s": s, "axes": axes, "norm": "ortho"}
                yield name, x, {}


@pytest.mark.parametrize("name, x, options", list(arguments()))
def test_transforms(name, x, options):
    f = getattr(np.fft, name)

    def traced(x):
        return f(x, **options)

    y, pullback = bibun.vjp(traced, x)
    expected = f(x, **options)
    assert y.dtype == expected.dtype
    np.testing.assert_array_equal(y, expected)
    # A linear map: its derivative along t is the map of t, and the pullback is its adjoint.
    t = np.roll(x, 1) + x
    moved = bibun.jvp(traced, (x,), (t,))[1]
    np.testing.assert_allclose(moved, f(t, **options), atol=1e-14, rtol=1e-12)
    g = rng.normal(size=y.shape) + (1j * rng.normal(size=y.shape) if y.dtype.kind == "c" else 0)
    (back,) = pullback(g)
    assert back.dtype == x.dtype
    np.testing.assert_allclose(
        np.sum(g.conj() * moved).real, np.sum(back.conj() * t).real, rtol=1e-12
    )


def test_precision_shifts_and_frequencies():
    for dtype in (np.float32, np.float64, np.complex64):
        x = COMPLEX.astype(dtype) if dtype is np.complex64 else REAL.astype(dtype)
        g = bibun.grad(lambda x: np.sum(np.abs(np.fft.fft2(x)) ** 2))(x)
        assert g.dtype == dtype
        np.testing.assert_allclose(g, 2 * x.size * x, rtol=1e-5)  # Parseval
    x, k = REAL, np.fft.fftfreq(5)
    for shift, axes in ((np.fft.fftshift, None), (np.fft.ifftshift, 1)):
        np.testing.assert_array_equal(
            bibun.jvp(partial(shift, axes=axes), (x,), (x,))[1], shift(x, axes)
        )
    power = bibun.grad(lambda x: np.sum(k**2 * np.abs(np.fft.fft(x)) ** 2))(x)
    np.testing.assert_allclose(
        power, 10 * np.fft.ifft(k**2 * np.fft.fft(x)).real, rtol=1e-12, atol=1e-13
    )


@pytest.mark.parametrize("name", [*ONE, *SEVERAL])
def test_errors_are_those_of_numpy(name):
    f = getattr(np.fft, name)
    wrong = (
        [{"norm": "none"}, {"axis": 5, "n": 2}, {"n": 0}]
        if name in ONE
        else [{"axes": (5,)}, {"s": (0, 0), "axes": (0, 1)}]
    )
    for options in wrong:
        with pytest.raises(Exception) as theirs:
            f(REAL, **options)
        with pytest.raises(theirs.type, match=r"Invalid|axis"):
            bibun.jvp(partial(f, **options), (REAL,), (REAL,))


def test_batches_and_second_derivatives():
    f = lambda x: np.sum(np.abs(np.fft.rfft(x)) ** 3)  # noqa: E731
    bibun.check_grads(f, REAL[0])
    rows = bibun.vmap(bibun.grad(f))(REAL)
    np.testing.assert_allclose(rows, [bibun.grad(f)(r) for r in REAL], rtol=1e-12)
