"""The C++ extension, which is optional: all that it does, Python does, too, and takes longer."""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

INTERFACE = 10  # as in cpp/runtime/module.cpp


@cache
def load() -> tuple[Any, str]:
    """The extension, or None and the reason."""
    try:
        found = import_module("bibun._runtime")
    except ImportError as error:
        return None, str(error)
    if getattr(found, "interface", None) != INTERFACE:
        return None, "it was built from other sources: make extension"
    return found, ""
