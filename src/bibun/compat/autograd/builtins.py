"""The names of autograd.builtins. Containers of traced arrays are Python's own containers here."""

import builtins
from typing import Any

from .primitives import getval

dict, list, tuple = builtins.dict, builtins.list, builtins.tuple


def isinstance(x: Any, kind: Any) -> bool:
    """Python's isinstance; of a traced array, its value is asked."""
    return builtins.isinstance(getval(x), kind)


def type(x: Any) -> Any:
    """Python's type; of a traced array, that of its value."""
    return builtins.type(getval(x))


__all__ = ["dict", "isinstance", "list", "tuple", "type"]
