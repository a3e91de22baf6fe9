"""The names of autograd.scipy: SciPy's functions for traced arrays, as far as bibun has them."""

from . import integrate, linalg, signal, special, stats

__all__ = ["integrate", "linalg", "signal", "special", "stats"]
