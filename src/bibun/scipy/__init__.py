"""SciPy's functions for traced arrays, where NumPy's protocols do not reach SciPy's own."""

from . import linalg, special

__all__ = ["linalg", "special"]
