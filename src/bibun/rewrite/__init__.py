"""Rewriting: equations between NumPy expressions, applied to graphs."""

from .engine import Pattern, Rule, Rules, fill, pattern, rewrite, rules
from .rules import SIMPLIFY, STABILISE

__all__ = [
    "SIMPLIFY",
    "STABILISE",
    "Pattern",
    "Rule",
    "Rules",
    "fill",
    "pattern",
    "rewrite",
    "rules",
]
