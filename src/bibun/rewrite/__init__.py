"""Rewriting: equations between NumPy expressions, applied to graphs."""

from .engine import Pattern, Rule, Rules, equations, fill, pattern, rewrite, rewritten
from .rules import SIMPLIFY, STABILISE

__all__ = [
    "SIMPLIFY",
    "STABILISE",
    "Pattern",
    "Rule",
    "Rules",
    "equations",
    "fill",
    "pattern",
    "rewrite",
    "rewritten",
]
