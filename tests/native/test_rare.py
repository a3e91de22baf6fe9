"""What few rounds need is compiled once: the rare parts of functions that stand often."""

from __future__ import annotations

import numpy as np
import pytest

import bibun


@pytest.mark.parametrize("dtype", ["f4", "f8"])
def test_functions_that_stand_often_share_their_rare_parts(dtype):
    def waves(x, n):
        for _ in range(n):
            x = np.sin(x) + x
        return x

    x = np.array([0.5, 1e5, 1e30, np.inf, -np.inf, np.nan, -0.0, 1e-30, 2.0]).astype(dtype)
    few, many = (bibun.jit(lambda x, n=n: waves(x, n)).lower(x).text("llvm") for n in (1, 8))
    assert few.count("define") == many.count("define") > 1
    assert many.count("call fastcc") == 8 * few.count("call fastcc")
    with np.errstate(invalid="ignore"):
        y, expected = bibun.jit(lambda x: waves(x, 1))(x), np.sin(x) + x
    np.testing.assert_allclose(y, expected, rtol=4 * np.finfo(dtype).eps)  # two roundings each
