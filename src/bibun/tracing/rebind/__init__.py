"""Names bound anew while tracing: in the user's own code `math.sin(x)`, `float(x)`, `np.array([x])`
keep the derivative. Nothing is patched; only code that runs under a trace sees it.
"""

from . import arrays, conversions, mathematics, operators
from .callee import rebound, trace_packages

__all__ = ["arrays", "conversions", "mathematics", "operators", "rebound", "trace_packages"]
