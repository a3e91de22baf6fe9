"""Numerical truth: how good a derivative is, and by which method."""

from .compare import Comparison, compare

__all__ = ["Comparison", "compare"]
