"""bibun (微分): differentiates the NumPy code that people already have."""

from . import ops
from .derivative import (
    checkpoint,
    custom_gradient,
    custom_jvp,
    grad,
    hessian,
    hvp,
    jacobian,
    jvp,
    linearize,
    stop_gradient,
    value_and_grad,
    vjp,
    vmap,
)
from .tape import GradientTape
from .variable import Variable, constant

__version__ = "0.1.0"
__all__ = [
    "GradientTape",
    "Variable",
    "checkpoint",
    "constant",
    "custom_gradient",
    "custom_jvp",
    "grad",
    "hessian",
    "hvp",
    "jacobian",
    "jvp",
    "linearize",
    "ops",
    "stop_gradient",
    "value_and_grad",
    "vjp",
    "vmap",
]
