"""Whose code it is: only the user's own is traced with its names bound anew."""

from __future__ import annotations

import os

from ...errors import PACKAGE

LIBRARY = {os.path.dirname(os.__file__), os.path.dirname(os.path.realpath(os.__file__))}
INSTALLED = ("site-packages", "dist-packages")
CLASSES = ("/numpy/polynomial/", "/numpy/lib/_polynomial_impl.py")  # NumPy's own, in Python
_opted: set[str] = set()
_known: dict[str, bool] = {}


def of_user(file: str) -> bool:
    """Whether code of this file is the user's own.

    The standard library's is not, bibun's is not, and of installed packages only those that were
    asked for.
    """
    known = _known.get(file)
    if known is None:
        known = _known[file] = _of_user(file)
    return known


def of_classes(file: str) -> bool:
    """Whether this file holds classes of NumPy's that are traced as the user's are."""
    return any(place in file for place in CLASSES)


def of_bibun(file: str) -> bool:
    """Whether this file is bibun's."""
    return file.startswith(PACKAGE)


def _of_user(file: str) -> bool:
    if of_bibun(file) or file.startswith("<frozen"):
        return False
    if of_classes(file.replace(os.sep, "/")):
        return True
    parts = file.replace(os.altsep or os.sep, os.sep).split(os.sep)  # of each module: quickly
    for place in INSTALLED:
        if place in parts:
            inside = parts[parts.index(place) + 1 :]
            return bool(inside) and inside[0].removesuffix(".py") in _opted
    return not any(file.startswith(directory + os.sep) for directory in LIBRARY)


def opt_in(names: tuple[str, ...]) -> None:
    """Count these installed packages as the user's own."""
    for name in names:
        if not isinstance(name, str) or not name.isidentifier():
            raise ValueError(f"trace_packages: the name of a top-level package, not {name!r}")
    _opted.update(names)
    _known.clear()
