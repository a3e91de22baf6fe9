"""The kernel of a program: its one native function, and what it takes to call it."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np

from ..graph import Type


class Kernel(NamedTuple):
    """A function `void kernel(void** buffers)`.

    The buffers are inputs, outputs, constants and one workspace. Outputs and workspace are 64-byte
    aligned; everything lies in C order. If it is `checked`, the workspace begins with an int64 that
    is not 0 after a call that failed, on arguments for which native code has no answer.
    """

    address: int
    inputs: list[Type]
    outputs: list[Type]
    constants: list[np.ndarray]
    workspace: int  # bytes, whose content is undefined
    keep: Any  # what must live as long as the function is called
    checked: bool = False
    overwrites: Sequence[int] = ()  # results that may come where what they replace lies
