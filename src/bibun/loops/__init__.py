"""The loop IR: what native code does, as data. Printers turn it into LLVM's text or C++."""

from .code import Code, Round, Value
from .statements import (
    Apply,
    Block,
    Buffer,
    Choice,
    Grow,
    Invoke,
    Let,
    Loop,
    Place,
    Refuse,
    Seldom,
    Store,
    While,
)

__all__ = [
    "Apply",
    "Block",
    "Buffer",
    "Choice",
    "Code",
    "Grow",
    "Invoke",
    "Let",
    "Loop",
    "Place",
    "Refuse",
    "Round",
    "Seldom",
    "Store",
    "Value",
    "While",
]
