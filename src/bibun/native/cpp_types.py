"""The names of kinds of scalars in C++."""

from __future__ import annotations

from ..loops.statements import FLOATS, WIDTH


def cpp_type(kind: str) -> str:
    """C++'s name of a kind of scalar."""
    if kind in FLOATS:
        return {"f32": "float", "f64": "double"}[kind]
    sign = "u" if kind[0] == "u" else ""
    return "bool" if kind == "bool" else f"std::{sign}int{WIDTH[kind]}_t"


def stored(kind: str) -> str:
    """How it lies in memory: bools are bytes."""
    return "std::uint8_t" if kind == "bool" else cpp_type(kind)
