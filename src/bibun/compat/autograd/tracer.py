"""The names of autograd.tracer: primitives, and how to see what is traced."""

from typing import Any

from .deprecated import primitive
from .primitives import getval, isbox, notrace_primitive
from .rules import register_notrace


class _Traced(type):
    def __instancecheck__(cls, x: Any) -> bool:
        return isbox(x)


class Box(metaclass=_Traced):
    """What is traced: `isinstance(x, Box)` asks for it. The value is `getval(x)`."""


__all__ = ["Box", "getval", "isbox", "notrace_primitive", "primitive", "register_notrace"]
