"""The runtime: calls of kernels through the C++ extension, or through ctypes."""

from __future__ import annotations

import ctypes
import warnings
from collections.abc import Callable, Mapping
from functools import cache
from math import prod
from typing import Any

import numpy as np

from ..extension import load
from ..graph import Type
from .kernel import Kernel

ALIGNMENT = 64
POINTERS = ctypes.CFUNCTYPE(None, ctypes.c_void_p)


@cache
def extension() -> Any:
    """The C++ extension; None, after one line of notice, if it was not built."""
    found, reason = load()
    if found is not None:
        return found
    warnings.warn(
        f"bibun's C++ extension is missing ({reason}): compiled functions are called through "
        "ctypes, which takes longer, and run in one thread",
        stacklevel=2,
    )
    return None


def caller(kernel: Kernel, extension: Any) -> Callable[..., list[Any] | None]:
    """What calls a kernel with arrays of its types and gives its results; None if it failed."""
    if extension is None:
        return Foreign(kernel)
    types = [[(t.dtype, t.shape) for t in several] for several in (kernel.inputs, kernel.outputs)]
    return extension.Kernel(
        kernel.address, *types, kernel.constants, kernel.workspace, kernel.keep, kernel.checked
    )


class Foreign:
    """A kernel that is called through ctypes."""

    def __init__(self, kernel: Kernel):
        self.kernel = kernel
        self.function = POINTERS(kernel.address)
        count = len(kernel.inputs) + len(kernel.outputs) + len(kernel.constants) + 1
        self.pointers = ctypes.c_void_p * count

    def __call__(self, *args: Any) -> list[Any] | None:
        kernel = self.kernel
        given = [ordered(x, t) for x, t in zip(args, kernel.inputs, strict=True)]
        results = [aligned(t) for t in kernel.outputs]
        space = aligned(Type(np.dtype("u1"), (kernel.workspace,)))
        buffers = [*given, *results, *kernel.constants, space]
        self.function(self.pointers(*(b.ctypes.data for b in buffers)))
        if kernel.checked and space[:8].any():
            return None
        return [y if y.shape else y[()] for y in results]


def ordered(x: Any, t: Type) -> np.ndarray:
    """An array in C order and aligned, after a check that it is of this type."""
    array = x if type(x) is np.ndarray else np.asarray(x)
    if not (array.flags.c_contiguous and array.flags.aligned):
        array = np.require(array, requirements=("C", "A"))
    if array.dtype != t.dtype or array.shape != t.shape:
        raise TypeError(f"kernel: an argument is {array.dtype}{array.shape}, not {t}")
    return array


def aligned(t: Type) -> np.ndarray:
    """Fresh memory for an array of this type."""
    size = prod(t.shape) * t.dtype.itemsize
    room = np.empty(size + ALIGNMENT, np.uint8)
    start = -room.ctypes.data % ALIGNMENT
    return np.ndarray(t.shape, t.dtype, room, start)


# ---------------------------------------------------------------- threads


def threads() -> int:
    """How many threads share the work of a compiled function, the calling one among them.

    At first these are as many as there are processors for this process. Without the C++ extension
    there is one.

    >>> import bibun
    >>> bibun.threads() >= 1
    True
    """
    runtime = extension()
    return 1 if runtime is None else runtime.threads()


def set_threads(n: int) -> None:
    """Let so many threads share the work of a compiled function, in all of the process.

    Results have the same bits, whatever the number. Raises ValueError for what is no number from 1
    to 1024.

    >>> import bibun
    >>> before = bibun.threads()
    >>> bibun.set_threads(1)
    >>> bibun.threads()
    1
    >>> bibun.set_threads(before)
    """
    if isinstance(n, bool) or not isinstance(n, int | np.integer) or not 1 <= n <= 1024:
        raise ValueError(f"set_threads: a number from 1 to 1024 is needed, not {n!r}")
    runtime = extension()
    if runtime is not None:
        runtime.set_threads(int(n))


def symbols() -> Mapping[str, int]:
    """The addresses of the functions that compiled code calls by name."""
    runtime = extension()
    return {} if runtime is None else runtime.symbols
