"""The formulas of the other files zoo_*.py with their truth, as cases for a runner."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import zoo_arrays
import zoo_densities
import zoo_formulas
import zoo_geometry
import zoo_losses
import zoo_models
import zoo_practice
import zoo_sciences
import zoo_statistics
from zoo_formulas import Formula, point

TRUTH = json.loads(Path(__file__).with_name("zoo_truth.json").read_text())
RTOL = {"float32": 1e-5, "float64": 1e-9}
"""Some dozens of roundings in single precision; of float64 only what a rounded argument costs."""


def case(row: Formula) -> dict[str, Any]:
    """One case: what to differentiate, where, and what is right.

    `lo` and `hi` have the form that runners expect, `sides` the bounds of each entry.
    """
    known = TRUTH[row.name]
    lo, hi = (np.concatenate([np.ravel(a) for a in known[k]]) for k in ("lo", "hi"))
    return {
        "id": row.name.replace("_", "-"),
        "title": row.name.replace("_", " "),
        "provenance": {"url": row.url, "framework": None, "relation": "same mechanism"},
        "category": row.category,
        "fix": "",
        "difficulty": 2,
        "fn": row.f,
        "args": point(row),
        "wrt": tuple(range(len(row.args))),
        "expected": known["expected"],
        "lo": lo.min() if len(row.args) > 1 else known["lo"][0],
        "hi": hi.max() if len(row.args) > 1 else known["hi"][0],
        "sides": (lo, hi),
        "total": None,
        "rtol": RTOL[row.dtype],
        "atol": float(np.finfo(row.dtype).tiny),
        "rule": known["rule"],
        "symmetrize": False,
        "value_finite": None,
        "verify": "",
        "why": "",
    }


MODELS = [case(row) for row in (*zoo_models.ROWS, *zoo_densities.ROWS)]
ARRAYS = [case(row) for row in zoo_arrays.ROWS]
PROGRAMS = [
    case(row)
    for module in (zoo_geometry, zoo_losses, zoo_statistics, zoo_sciences, zoo_practice)
    for row in module.ROWS
]
FORMULAS = [case(row) for row in zoo_formulas.ROWS] + MODELS + ARRAYS
CASES = FORMULAS + PROGRAMS
CHOSEN = {"divergence-with-zero-target"}
"""`where(p == 0, 0, p * log(p))`, infinitely steep at 0: the derivative is that of the branch."""
ROUNDED = {"contrastive-loss", "contrastive-loss-single"}
"""Derivatives of 1e-85 beside one of 400, of which its rounding is left."""
