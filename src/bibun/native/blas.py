"""BLAS: where the products of larger matrices come from, found once in the libraries at hand.

The wheels of NumPy bring OpenBLAS along, and it is loaded already: it is asked first. Otherwise
SciPy tells the addresses of whatever BLAS it was built with (scipy.linalg.cython_blas).
"""

from __future__ import annotations

import ctypes
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .runtime import extension

NAMES = "sgemm", "dgemm", "sgemv", "dgemv"


class Functions(NamedTuple):
    """Addresses: of Fortran's functions, and of those for the number of BLAS's threads, or 0."""

    products: tuple[int, ...]  # of NAMES
    threads: tuple[int, int]  # get and set
    wide: bool  # whether integers have 64 bits


@cache
def source() -> str:
    """Whose BLAS there is, without loading anything: "" if there is none for compiled code."""
    if extension() is None:
        return ""
    if _of_numpy() is not None:
        return "numpy"
    return "scipy" if find_spec("scipy") is not None else ""


@cache
def prepare() -> bool:
    """Let compiled code find BLAS. False if there is none."""
    if not source():
        return False
    found = (source() == "numpy" and _of_numpy()) or _of_scipy()
    extension().use_blas(*found.products, *found.threads, found.wide)
    return True


@cache
def _of_numpy() -> Functions | None:
    """The functions of the OpenBLAS in a wheel of NumPy."""
    for path in _libraries():
        try:
            library = ctypes.CDLL(str(path))
            names = [f"scipy_{name}_64_" for name in NAMES]
            threads = [f"scipy_openblas_{way}_num_threads64_" for way in ("get", "set")]
            functions = tuple(_address(getattr(library, n)) for n in names)
            get, set_ = (_address(getattr(library, n)) for n in threads)
        except (OSError, AttributeError):
            continue
        return Functions(functions, (get, set_), True)
    return None


def _libraries() -> Iterator[Path]:
    """The libraries that come with NumPy."""
    folder = Path(np.__file__).resolve().parent
    for place in (folder.parent / "numpy.libs", folder / ".dylibs"):
        yield from sorted(place.glob("*openblas64*"))


def _of_scipy() -> Functions:
    capsules = import_module("scipy.linalg.cython_blas").__pyx_capi__
    return Functions(tuple(pointer(capsules[name])[1] for name in NAMES), (0, 0), False)


def _address(function: Any) -> int:
    found = ctypes.cast(function, ctypes.c_void_p).value
    assert found
    return found


def pointer(capsule: Any) -> tuple[str, int]:
    """The name of a capsule, and the address in it."""
    name, at = ctypes.pythonapi.PyCapsule_GetName, ctypes.pythonapi.PyCapsule_GetPointer
    name.restype, name.argtypes = ctypes.c_char_p, [ctypes.py_object]
    at.restype, at.argtypes = ctypes.c_void_p, [ctypes.py_object, ctypes.c_char_p]
    known = name(capsule)
    return known.decode(), at(capsule, known)
