"""The ways in which each system differentiates code that was written for NumPy.

A way is a system, the names that are bound to it in the code, and what it is asked. Where several
ways exist, each is measured: the code as it is written, and the code whose `np` (and whose modules
of SciPy, where there are such) is bound to the system's namespace, with nothing else changed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType
from typing import Any, NamedTuple

import numpy as np

Function = Callable[..., Any]
Ask = Callable[[Function, np.ndarray, np.ndarray], Any]
"""From the function, the point x and the direction v to the derivative that is asked for."""


class Way(NamedTuple):
    """How one system is used: `setup` imports it, and gives what it can be asked."""

    system: str
    names: str
    setup: Callable[[], Mapping[str, Ask]]
    asked: tuple[str, ...] = ("gradient", "second")

    @property
    def title(self) -> str:
        return f"{self.system}, {self.names}" if self.names else self.system

    @property
    def installed(self) -> bool:
        return find_spec(self.system) is not None


def rows(x: np.ndarray, v: np.ndarray) -> list[np.ndarray]:
    """The points of a batch: vmap shall meet different values."""
    return [x, x + 0.01 * v, x - 0.02 * v]


# ------------------------------------------------------------ bibun


def _bibun() -> Mapping[str, Ask]:
    bibun = import_module("bibun")

    def tape(f: Function, x: np.ndarray, _: np.ndarray) -> Any:
        variable = bibun.Variable(x)
        with bibun.GradientTape() as tape:
            y = bibun.checkpoint(f)(variable)  # a transform: the code in a block itself is Python's
        return tape.gradient(y, variable)

    return {
        "gradient": lambda f, x, _: bibun.grad(f)(x),
        "second": lambda f, x, v: bibun.hvp(f)(x, v),
        "tape": tape,
        "jvp": lambda f, x, v: bibun.jvp(f, (x,), (v,))[1],
        "vmap": lambda f, x, v: bibun.vmap(bibun.grad(f))(np.stack(rows(x, v))),
    }


# ------------------------------------------------------------ systems with a transform


def _autograd() -> Mapping[str, Ask]:
    return _transforms(import_module("autograd").grad, import_module("autograd.numpy").dot)


def _jax() -> Mapping[str, Ask]:
    jax = import_module("jax")
    jax.config.update("jax_enable_x64", True)
    return _transforms(jax.grad, import_module("jax.numpy").dot)


def _transforms(grad: Function, dot: Function) -> Mapping[str, Ask]:
    """The gradient, and the gradient of the slope along v."""
    return {
        "gradient": lambda f, x, _: grad(f)(x),
        "second": lambda f, x, v: grad(lambda x: dot(grad(f)(x), v))(x),
    }


# ------------------------------------------------------------ systems with a tape


def _tensorflow() -> Mapping[str, Ask]:
    tf = import_module("tensorflow")
    tf.experimental.numpy.experimental_enable_numpy_behavior()

    def gradient(f: Function, x: np.ndarray, _: np.ndarray) -> Any:
        x = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            y = f(x)
        g = tape.gradient(y, x)
        return None if g is None else tf.convert_to_tensor(g)  # a gather has rows and their places

    def second(f: Function, x: np.ndarray, v: np.ndarray) -> Any:
        x = tf.constant(x)
        with tf.GradientTape() as tape:
            tape.watch(x)
            g = gradient(f, x, v)
            slope = None if g is None else tf.reduce_sum(g * v)
        if slope is None:
            return None
        # Without the option, None would stand for a Hessian that is zero.
        found = tape.gradient(slope, x, unconnected_gradients=tf.UnconnectedGradients.ZERO)
        return tf.convert_to_tensor(found)

    return {"gradient": gradient, "second": second}


def _torch_compiled() -> Mapping[str, Ask]:
    """The documented way: NumPy under torch.compile, with fullgraph so that nothing is cut off."""
    torch = _torch()

    def called(f: Function) -> Function:
        torch._dynamo.reset()  # a limit of compilations is for each function, and all share a name
        return torch.compile(torch.compiler.wrap_numpy(f), backend="eager", fullgraph=True)

    return _graphs(torch, called)


def _torch_namespace() -> Mapping[str, Ask]:
    """torch's own NumPy, called without a compiler: an ndarray that has a tensor inside."""
    namespace = import_module("torch._numpy")

    def called(f: Function) -> Function:
        def tensor(x: Any) -> Any:
            y = f(namespace.ndarray(x))
            return getattr(y, "tensor", y)

        return tensor

    return _graphs(_torch(), called)


def _torch() -> Any:
    torch = import_module("torch")
    torch.set_num_threads(1)
    torch.set_default_dtype(torch.float64)
    return torch


def _graphs(torch: Any, called: Callable[[Function], Function]) -> Mapping[str, Ask]:
    """Derivatives of what torch has kept, where `called` makes a function of tensors."""

    def gradient(f: Function, x: np.ndarray, _: np.ndarray) -> Any:
        t = torch.tensor(x, requires_grad=True)
        return torch.autograd.grad(called(f)(t), t)[0]

    def second(f: Function, x: np.ndarray, v: np.ndarray) -> Any:
        t = torch.tensor(x, requires_grad=True)
        g = torch.autograd.grad(called(f)(t), t, create_graph=True)[0]
        if not g.requires_grad:  # torch has no graph of a gradient that is constant
            return torch.zeros_like(g)
        found = torch.autograd.grad(g @ torch.tensor(v), t, allow_unused=True)[0]
        return torch.zeros_like(g) if found is None else found

    return {"gradient": gradient, "second": second}


# ------------------------------------------------------------ the list, and what names are bound to

AS_WRITTEN = "as written"
HOMES = ("numpy", "numpy.linalg", "scipy.special", "scipy.linalg")

# fmt: off
WAYS = {
    "bibun":         Way("bibun", "", _bibun, ("gradient", "second", "tape", "jvp", "vmap")),
    "autograd":      Way("autograd",   AS_WRITTEN,                        _autograd),
    "autograd-np":   Way("autograd",   "np = autograd.numpy",             _autograd),
    "jax":           Way("jax",        AS_WRITTEN,                        _jax),
    "jax-np":        Way("jax",        "np = jax.numpy",                  _jax),
    "torch":         Way("torch",      AS_WRITTEN,                        _torch_compiled),
    "torch-np":      Way("torch",      "np = torch._numpy",               _torch_namespace),
    "tensorflow":    Way("tensorflow", AS_WRITTEN,                        _tensorflow),
    "tensorflow-np": Way("tensorflow", "np = tensorflow.experimental.numpy", _tensorflow),
}
# fmt: on


def bind(way: Way, modules: list[ModuleType]) -> None:
    """Bind what the modules know of NumPy and SciPy to what the way has in its place, if it has."""
    if "=" not in way.names:
        return
    target = way.names.rpartition(" ")[-1]
    for module in modules:
        for name, thing in list(vars(module).items()):
            found = _counterpart(thing, target)
            if found is not None:
                setattr(module, name, found)


def _counterpart(thing: Any, target: str) -> Any:
    """What `target` has for a module or a function of NumPy or SciPy; None where it has nothing."""
    if isinstance(thing, ModuleType):
        return _module(thing.__name__, target)
    name = getattr(thing, "__name__", "")
    if callable(thing) and not isinstance(thing, type):
        for home in HOMES:
            if getattr(import_module(home), name, None) is thing:
                return getattr(_module(home, target), name, None)
    return None


def _module(name: str, target: str) -> Any:
    """numpy.linalg becomes jax.numpy.linalg, and scipy.special becomes jax.scipy.special."""
    library, *folders = name.split(".")
    if library not in ("numpy", "scipy"):
        return None
    if library == "scipy":
        target = f"{target.partition('.')[0]}.scipy"
    try:
        found = import_module(target)
        for folder in folders:
            found = getattr(found, folder, None) or import_module(f"{found.__name__}.{folder}")
    except ImportError:
        return None
    return found
