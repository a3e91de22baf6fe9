"""bibun (微分): differentiates the NumPy code that people already have."""

from . import ops
from .derivative import grad, jvp, linearize, value_and_grad, vjp

__version__ = "0.1.0"
__all__ = ["grad", "jvp", "linearize", "ops", "value_and_grad", "vjp"]
