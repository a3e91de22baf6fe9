"""Where the largest or smallest element stands: the least of the places at which it is found."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..array import Array, bind
from ..loops.statements import KINDS
from ..ops.extremum import ArgMax, ArgMin, Max, Min
from ..ops.reduction import widened
from ..ops.structure import cast
from ..recording import Trace


def first(op: ArgMax | ArgMin, args: Sequence[Array], trace: Trace) -> Any:
    """The first place of an extreme, or of a nan."""
    (x,) = args
    n, axes = x.shape[op.axis], (op.axis,)
    if x.dtype not in KINDS or not n:
        return None
    y = bind((Max if isinstance(op, ArgMax) else Min)(axes), x)
    here = x == widened(y, x.shape, axes)
    if x.dtype.kind == "f":
        here = here | (x != x)
    places = np.arange(n, dtype=np.int32 if n < 2**31 else np.int64)
    places = places.reshape(-1, *(1,) * (-op.axis - 1))
    found = bind(Min(axes), np.where(here, places, places.dtype.type(n - 1)))
    return cast(found, np.dtype(np.intp))


CHANGES: dict[type, Callable[[Any, Sequence[Array], Trace], Any]] = {ArgMax: first, ArgMin: first}
