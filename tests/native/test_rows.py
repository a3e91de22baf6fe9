"""The programs of the benchmarks: compiled they give what they give when they simply run."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from benchmarks.native.row import Row
from benchmarks.native.rows import ROWS
from benchmarks.native.systems import Bibun, Call, Function


class Plain(Bibun):
    """bibun without its compiler."""

    def compiled(self, f: Function, *args: np.ndarray, **options: Any) -> Call:
        return lambda: f(*args)

    settled = Bibun.gradient


@pytest.mark.parametrize("row", ROWS.values(), ids=ROWS)
def test_compiled_as_it_runs(row: Row):
    size = row.growth[0] if row.growth else 100
    plain, compiled = Plain(None), Bibun(None)
    expected = row.call(plain, row.data(size))()
    found = row.call(compiled, row.data(size))()
    assert len(found) == len(expected)
    for x, y in zip(expected, found, strict=True):
        assert np.shape(y) == np.shape(x)
        # The order of sums is native code's own; row.py says why this is enough.
        assert np.max(np.abs(y - x)) <= row.tolerance * np.max(np.abs(x))
