"""The user's transforms: each is one walk over the graph of what ran."""

from .gradient import grad, jvp, linearize, value_and_grad, vjp

__all__ = ["grad", "jvp", "linearize", "value_and_grad", "vjp"]
