"""The user's transforms: each is one walk over the graph of what ran."""

from .boundaries import checkpoint, stop_gradient
from .custom import custom_gradient, custom_jvp
from .gradient import grad, jvp, linearize, value_and_grad, vjp
from .jacobian import hessian, hvp, jacobian
from .mapping import vmap

__all__ = [
    "checkpoint",
    "custom_gradient",
    "custom_jvp",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "linearize",
    "stop_gradient",
    "value_and_grad",
    "vjp",
    "vmap",
]
