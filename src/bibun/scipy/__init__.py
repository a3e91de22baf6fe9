"""SciPy's functions for traced arrays, where SciPy's own cannot be reached through NumPy's
protocols.
"""

from . import linalg, special

__all__ = ["linalg", "special"]
