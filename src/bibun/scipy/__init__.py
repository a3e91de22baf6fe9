"""SciPy's functions for traced arrays, where SciPy's own cannot be reached through NumPy's
protocols.
"""

from . import special

__all__ = ["special"]
