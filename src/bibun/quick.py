"""Quick versions of what each recorded operation does, from the extension where there is one.

They do the most common cases, in which a run repeats what ran last time, and leave all others to
the versions that they stand for, which are complete.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from .array import Array
from .extension import load
from .guide import Guide
from .recording import INTERNAL, Trace

Function = Callable[..., Any]

new = Trace.new  # as Python has it
_extension, _ = load()
_recording = _extension and _extension.Recording(Trace, Guide, Array, INTERNAL)
if _extension is not None:
    Trace.new = _extension.Entry(_recording, new)  # type: ignore[method-assign]


def recorder(op: Any, f: Function, arity: int, chars: Iterable[str], slow: Function) -> Function:
    """The ufunc of `op` on traced arrays, whose numbers f computes, and `slow` in other cases.

    `chars` are the dtypes for which f gives the same dtype again.
    """
    if _extension is None:
        return slow
    quick: Function = _extension.Recorder(_recording, op, f, arity, "".join(chars), slow)
    return quick
