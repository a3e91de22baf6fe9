"""Repairs: what a jitted function does with results that are not finite, or without digits.

Native code has floats only. Where its results are not finite, the function runs once more, without
being jitted: its derivatives then warn, or are rescued, as they are everywhere else.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from ..array import Duck
from ..derivative.finite import finite
from ..tracing.containers import flatten
from ..wide.checks import differ
from ..wide.mode import USUAL, Mode, mode, patient, within


class Repairs:
    """How often one compiled way was run again in vain: then it is so at ever fewer calls.

    `delicate` says that native code has lost digits at the first call. Then each call with
    `rescue(True)` runs again.
    """

    def __init__(self) -> None:
        self.failures: dict[Any, int] = defaultdict(int)
        self.calls: dict[Any, int] = defaultdict(int)
        self.delicate = False

    def repaired(self, way: Any, arrays: list[Any], first: bool, again: Callable) -> list[Any]:
        """The arrays of a result, or better ones.

        By default that is only warned of: native code is asked for where time matters.
        """
        how: Any = "warn" if mode() is USUAL else mode().rescue
        if how is False:
            return arrays
        sound = all(map(finite, arrays))
        if how is True and sound and (first or self.delicate):
            better = self._again(way, arrays, again)
            self.delicate = any(map(differ, arrays, better))
            return better if self.delicate else arrays
        if sound or not self._due(how):
            return arrays
        if how == "warn":
            with within(Mode("warn")), np.errstate(all="ignore"):
                again()
            better = arrays
        else:
            better = self._again(way, arrays, again)
        self._learn(how, all(map(finite, better)), way)
        return better

    def _again(self, way: Any, arrays: Sequence[Any], again: Callable) -> list[Any]:
        """The arrays in the result of the function itself."""
        with np.errstate(all="ignore"):  # native code says nothing of 1 / 0 either
            leaves = flatten(again())[0]
        found = [x for x, (traced, _) in zip(leaves, way.captured.fixed, strict=True) if traced]
        return [_like(x, y) for x, y in zip(found, arrays, strict=True)]

    def _due(self, how: Any) -> bool:
        self.calls[how] += 1
        return self.calls[how] >= 2 ** self.failures[how]

    def _learn(self, how: Any, mended: bool, way: Any) -> None:
        self.calls[how] = 0
        self.failures[how] = 0 if mended else self.failures[how] + 1
        if not mended and way.variant is not None:  # C++ need not ask before the next attempt
            way.variant.let_pass(2 ** self.failures[how] - 1)
            self.calls[how] = 2 ** self.failures[how] - 1
            patient.add(way.variant)


def _like(x: Any, y: Any) -> Any:
    """A result of the function as native code would give it."""
    value = np.asarray(x.raw if isinstance(x, Duck) else x, y.dtype)
    return value[()] if value.shape == () else value
