"""Numerical truth: how good a derivative is, by which method, and what happens to inf and nan."""

from ..wide.mode import rescue
from .compare import Comparison, compare

__all__ = ["Comparison", "compare", "rescue"]
