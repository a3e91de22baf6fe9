"""All rows, in the order of the tables."""

from __future__ import annotations

from . import elementwise, fitting, loops, models
from .row import Row

ROWS: dict[str, Row] = {**fitting.ROWS, **elementwise.ROWS, **loops.ROWS, **models.ROWS}
