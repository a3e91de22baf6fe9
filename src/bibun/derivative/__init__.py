"""The user's transforms: each is one walk over the graph of what ran."""

from . import rolled  # noqa: F401 the hook of loops
from .boundaries import checkpoint, stop_gradient
from .choices import cond, switch
from .custom import custom_gradient, custom_jvp
from .gradient import grad, jvp, linearize, value_and_grad, vjp
from .jacobian import hessian, hvp, jacobian
from .loops import fori_loop, map, scan, while_loop
from .mapping import vmap
from .prefixes import associative_scan

__all__ = [
    "associative_scan",
    "checkpoint",
    "cond",
    "custom_gradient",
    "custom_jvp",
    "fori_loop",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "linearize",
    "map",
    "scan",
    "stop_gradient",
    "switch",
    "value_and_grad",
    "vjp",
    "vmap",
    "while_loop",
]
