"""The operators of autograd: each takes a function and the position of an argument."""

from __future__ import annotations

import inspect
import warnings
from collections import OrderedDict
from collections.abc import Callable
from typing import Any

import numpy as np

from ... import derivative
from .core import make_jvp as _make_jvp
from .core import make_vjp as _make_vjp
from .core import vspace
from .wrap_util import unary_to_nary

Function = Callable[..., Any]

make_vjp = unary_to_nary(_make_vjp)
make_jvp = unary_to_nary(_make_jvp)


def _one_number(ans: Any, name: str) -> Any:
    """The space of a result that is one real number, whatever axes of length 1 it has."""
    space = vspace(ans)
    if space.size != 1:
        raise TypeError(
            f"{name} only applies to real scalar-output functions. "
            "Try jacobian, elementwise_grad or holomorphic_grad."
        )
    return space


@unary_to_nary
def grad(fun: Function, x: Any) -> Any:
    """Return the function that takes the arguments of `fun` and gives its gradient.

    It is the gradient with respect to positional argument number `argnum` (or to several, as a
    tuple), in the type of that argument. `fun` returns one real number; TypeError if it does not.
    """
    vjp, ans = _make_vjp(fun, x)
    return vjp(_one_number(ans, "Grad").ones())


@unary_to_nary
def value_and_grad(fun: Function, x: Any) -> Any:
    """(value, gradient) of a function that returns one real number."""
    vjp, ans = _make_vjp(fun, x)
    return ans, vjp(_one_number(ans, "value_and_grad").ones())


@unary_to_nary
def elementwise_grad(fun: Function, x: Any) -> Any:
    """The sum of each column of the Jacobian: its diagonal, where it is diagonal."""
    vjp, ans = _make_vjp(fun, x)
    space = vspace(ans)
    if space.iscomplex:
        raise TypeError("Elementwise_grad only applies to real-output functions.")
    return vjp(space.ones())


@unary_to_nary
def deriv(fun: Function, x: Any) -> Any:
    """The derivative along the argument itself: the sum of each row of the Jacobian."""
    return _make_jvp(fun, x)(vspace(x).ones())[1]


@unary_to_nary
def jacobian(fun: Function, x: Any) -> Any:
    """J[..., i, ..., j, ...] = d fun[..., i] / d x[..., j], in reverse mode."""
    return derivative.jacobian(fun, mode="reverse")(x)


@unary_to_nary
def holomorphic_grad(fun: Function, x: Any) -> Any:
    """The complex derivative of a holomorphic function."""
    if not vspace(x).iscomplex:
        warnings.warn("Input to holomorphic_grad is not complex", stacklevel=2)
    return grad(lambda x: np.real(fun(x)))(x)


def grad_named(fun: Function, argname: str) -> Function:
    """The gradient with respect to the positional argument of this name."""
    return grad(fun, list(inspect.signature(fun).parameters).index(argname))


@unary_to_nary
def hessian(fun: Function, x: Any) -> Any:
    """The Jacobian of the Jacobian."""
    return jacobian(jacobian(fun))(x)


@unary_to_nary
def make_hvp(fun: Function, x: Any) -> Any:
    """(v -> H v, gradient): Hessian-vector products at one point."""
    return _make_vjp(grad(fun), x)


def hessian_tensor_product(fun: Function, argnum: int = 0) -> Function:
    """The function of (*args, tensor, **kwargs) that gives the Hessian times the tensor."""
    gradient = grad(fun, argnum)

    def along(*args: Any, **kwargs: Any) -> Any:
        *rest, tensor = args
        return np.tensordot(gradient(*rest, **kwargs), tensor, np.ndim(tensor))

    return grad(along, argnum)


def tensor_jacobian_product(fun: Function, argnum: int = 0) -> Function:
    """The function of (*args, tensor, **kwargs) that gives the tensor times the Jacobian."""

    def product(*args: Any, **kwargs: Any) -> Any:
        *rest, tensor = args
        return np.tensordot(tensor, fun(*rest, **kwargs), np.ndim(tensor))

    return jacobian(product, argnum)


hessian_vector_product = hessian_tensor_product
vector_jacobian_product = tensor_jacobian_product


@unary_to_nary
def make_jvp_reversemode(fun: Function, x: Any) -> Function:
    """v -> J v, as the transpose of the transpose."""
    vjp, y = _make_vjp(fun, x)
    return _make_vjp(vjp, vspace(y).zeros())[0]


def _half_of_squares(y: Any) -> Any:
    return np.sum(y**2, axis=-1) / 2


def make_ggnvp(f: Function, g: Function = _half_of_squares, f_argnum: int = 0) -> Function:
    """v -> J' H J v at a point, with J the Jacobian of f and H the Hessian of g.

    Method: Schraudolph 2002, Fast curvature matrix-vector products, Neural Computation 14.
    """

    @unary_to_nary
    def ggnvp(f: Function, x: Any) -> Function:
        pull, y = _make_vjp(f, x)
        curvature, _ = _make_vjp(grad(g), y)
        push = _make_jvp(f, x)
        return lambda v: pull(curvature(push(v)[1]))

    return ggnvp(f, f_argnum)


@unary_to_nary
def grad_and_aux(fun: Function, x: Any) -> Any:
    """(gradient of the first result, second result) of a function that returns two."""
    vjp, (ans, aux) = _make_vjp(lambda x: tuple(fun(x)), x)
    return vjp((vspace(ans).ones(), vspace(aux).zeros())), aux


def multigrad_dict(fun: Function) -> Function:
    """The gradients with respect to all arguments, as a dict from names to gradients."""
    signature = inspect.signature(fun)

    def called(arguments: dict[str, Any]) -> Any:
        bound = inspect.BoundArguments(signature, OrderedDict(arguments))
        return fun(*bound.args, **bound.kwargs)

    def gradients(*args: Any, **kwargs: Any) -> OrderedDict[str, Any]:
        bound = signature.bind(*args, **kwargs)
        bound.apply_defaults()
        found = grad(called)(dict(bound.arguments))
        return OrderedDict((name, found[name]) for name in bound.arguments)

    return gradients


def checkpoint(fun: Function) -> Function:
    """The function, whose intermediate values are computed again for its derivative."""
    return derivative.checkpoint(fun)
