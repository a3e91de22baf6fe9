"""The functions of scipy.special: derivatives as mpmath's, also in the tails and at the ends."""

from __future__ import annotations

import mpmath as mp
import numpy as np
import pytest
import scipy.special as sc

from .mathematics import Row, problems

m = mp.mpf


def log_ndtr(x):
    return mp.log(mp.erfc(-x / mp.sqrt(2)) / 2)


# fmt: off
ROWS = [
    Row("erf",       sc.erf,       mp.erf, (-20, -5, -1, 0, 0.5, 5), 300),
    Row("erfc",      sc.erfc,      mp.erfc, (-5, -1, 0, 0.5, 5, 20), 300),
    Row("erfcx",     sc.erfcx,     lambda x: mp.exp(x * x) * mp.erfc(x), (-5, -1, 0, 0.5, 5, 10), 200),
    Row("erfi",      sc.erfi,      mp.erfi, (-5, -1, 0, 0.5, 5)),
    Row("erfinv",    sc.erfinv,    mp.erfinv, (-0.9, -0.1, 0, 0.5, 0.999)),
    Row("erfcinv",   sc.erfcinv,   lambda x: mp.erfinv(1 - x), (1e-10, 0.3, 1, 1.7)),
    Row("ndtr",      sc.ndtr,      mp.ncdf, (-30, -5, 0, 0.5, 5), 400),
    Row("log_ndtr",  sc.log_ndtr,  log_ndtr, (-1000, -40, -5, -0.1, 0, 0.5, 5, 10, 20), 400),
    Row("ndtri",     sc.ndtri,     lambda x: mp.sqrt(2) * mp.erfinv(2 * x - 1), (0.001, 0.2, 0.5, 0.9)),
    Row("expit",     sc.expit,     lambda x: 1 / (1 + mp.exp(-x)), (-50, -1, 0, 1, 50), 200),
    Row("logit",     sc.logit,     lambda x: mp.log(x / (1 - x)), (1e-30, 0.001, 0.2, 0.5, 0.9)),
    Row("log_expit", sc.log_expit, lambda x: -mp.log1p(mp.exp(-x)), (-50, -1, 0, 1, 50), 200),
    Row("gamma",     sc.gamma,     mp.gamma, (-1.5, 0.01, 0.5, 1, 3, 30)),
    Row("gammaln",   sc.gammaln,   lambda x: mp.log(abs(mp.gamma(x))), (-1.5, 1e-10, 0.5, 1, 3, 1e3)),
    Row("psi",       sc.psi,       mp.digamma, (-1.5, 0.01, 0.5, 1, 3, 1e5)),
    Row("entr",      sc.entr,      lambda x: -x * mp.log(x), (1e-30, 0.1, 2)),
    Row("exp10",     sc.exp10,     lambda x: m(10) ** x, (-10, 1, 30)),
    Row("exp1",      sc.exp1,      mp.e1, (0.1, 1, 10)),
    Row("expi",      sc.expi,      mp.ei, (0.1, 1, 10)),
    Row("cosm1",     sc.cosm1,     lambda x: mp.cos(x) - 1, (0, 0.1, 3)),
    Row("sindg",     sc.sindg,     lambda x: mp.sin(mp.radians(x)), (0, 10, 200)),
    Row("cosdg",     sc.cosdg,     lambda x: mp.cos(mp.radians(x)), (0, 10, 200)),
    Row("np.i0",     np.i0,        lambda x: mp.besseli(0, x), (-3, 0, 0.5, 20)),
    Row("i0",        sc.i0,        lambda x: mp.besseli(0, x), (-3, 0, 0.5, 20, 80)),
    Row("i1",        sc.i1,        lambda x: mp.besseli(1, x), (-3, 0, 0.5, 20, 80)),
    Row("j0",        sc.j0,        lambda x: mp.besselj(0, x), (-3, 0, 0.5, 20)),
    Row("j1",        sc.j1,        lambda x: mp.besselj(1, x), (-3, 0, 0.5, 20)),
    Row("k0",        sc.k0,        lambda x: mp.besselk(0, x), (0.5, 20), 20),
    Row("k1",        sc.k1,        lambda x: mp.besselk(1, x), (0.5, 20), 20),
    Row("y0",        sc.y0,        lambda x: mp.bessely(0, x), (0.5, 20), 20),
    Row("y1",        sc.y1,        lambda x: mp.bessely(1, x), (0.5, 20), 20),
    Row("i0e",       sc.i0e,       lambda x: mp.besseli(0, x) * mp.exp(-abs(x)), (-30, -3, 0.5, 20, 100, 1e4)),
    Row("i1e",       sc.i1e,       lambda x: mp.besseli(1, x) * mp.exp(-abs(x)), (-30, -3, 0.5, 20, 100, 1e4)),
]
# fmt: on


@pytest.mark.parametrize("dtype", [np.float64, np.float32], ids=["float64", "float32"])
@pytest.mark.parametrize("row", ROWS, ids=str)
def test_derivatives_are_those_of_mpmath(row: Row, dtype: type) -> None:
    found = list(problems(row, dtype))
    assert not found, "\n".join(found)
