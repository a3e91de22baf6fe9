"""Numerical truth: how good a derivative is, by which method, and what happens to inf and nan."""

from ..derivative.blame import Blame
from ..wide.mode import rescue, strict
from .certify import Certificate, certify
from .compare import Comparison, compare
from .explain import explain
from .watch import replay, watch

__all__ = [
    "Blame",
    "Certificate",
    "Comparison",
    "certify",
    "compare",
    "explain",
    "replay",
    "rescue",
    "strict",
    "watch",
]
