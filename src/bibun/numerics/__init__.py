"""Numerical truth: how good a derivative is, by which method, and what happens to inf and nan."""

from ..wide.mode import rescue, strict
from .certify import Certificate, certify
from .compare import Comparison, compare
from .explain import Explanation, explain
from .watch import replay, watch

__all__ = [
    "Certificate",
    "Comparison",
    "Explanation",
    "certify",
    "compare",
    "explain",
    "replay",
    "rescue",
    "strict",
    "watch",
]
