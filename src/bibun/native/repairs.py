"""Repairs: what a jitted function does with results that are not finite, or without digits.

Native code has floats only. Where its results are not finite, the function runs once more, without
being jitted: its derivatives then warn, or are rescued, as they are everywhere else. From time to
time, finite derivatives are looked at in wider numbers, too.
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

    The 1st, 2nd, 4th, 8th, ... call is looked at; `left` says how many go before the next one does,
    `gap` how many there were since the last. `delicate` says that native code has lost digits. Then
    each call with `rescue(True)` runs again.
    """

    def __init__(self) -> None:
        self.failures: dict[Any, int] = defaultdict(int)
        self.calls: dict[Any, int] = defaultdict(int)
        self.delicate = False
        self.left, self.gap = 0, 1
        self.sound: Any = None  # for which arguments no digits are lost, as far as that is kept

    def repaired(
        self, way: Any, values: list[Any], arrays: list[Any], again: Callable
    ) -> list[Any]:
        """The arrays of a result, or better ones.

        By default that is only warned of: native code is asked for where time matters.
        """
        how: Any = "warn" if mode() is USUAL else mode().rescue
        due = self._due_look(way)
        if how is False:
            return arrays
        sound = all(map(finite, arrays))
        doubtful = sound and due and self._lost(way, values, how, arrays)
        if how is True and sound and (doubtful or self.delicate):
            better = self._again(way, arrays, again)
            self.delicate = any(map(differ, arrays, better))
            return better if self.delicate else arrays
        passes = not sound and due and way.variant is not None and way.variant.pass_one()
        if sound or passes or not self._due(how):
            return arrays
        if how == "warn":
            with within(Mode("warn")), np.errstate(all="ignore"):
                again()
            better = arrays
        else:
            better = self._again(way, arrays, again)
        self._learn(how, all(map(finite, better)), way)
        return better

    def _due_look(self, way: Any) -> bool:
        """Whether this is a call to look at; C++ counts those of its own."""
        if not way.captured.is_looked_at:
            return False
        alone = way.variant is None or self.delicate  # C++ does not see the calls
        left = self.left if alone else way.variant.calls_to_look()
        if left > 0:
            self.left -= 1
            return False
        self.left, self.gap = self.gap - 1, 2 * self.gap
        if way.variant is not None:
            way.variant.look_after(self.left + 1)
        return True

    def _lost(self, way: Any, values: list[Any], how: Any, arrays: list[Any]) -> bool:
        """Whether a look finds that digits are lost, unless the same has been looked at before."""
        known = self.sound
        if known is None:
            return _lost(way, values, how, arrays)
        lost = not known.knows(values) and _lost(way, values, how, arrays)
        known.seen(values, not lost)
        return lost

    def _again(self, way: Any, arrays: Sequence[Any], again: Callable) -> list[Any]:
        """The arrays in the result of the function itself."""
        silent = np.errstate(all="ignore")  # native code says nothing of 1 / 0 either
        with silent, within(mode()._replace(always=True)):
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


def _lost(way: Any, values: list[Any], how: Any, arrays: list[Any]) -> bool:
    """Whether any derivative in the function has lost digits, which the mode "warn" tells."""
    with within(Mode(how, mode().budget)):
        return any([look.looked(values, arrays) for look in way.captured.looks])


def _like(x: Any, y: Any) -> Any:
    """A result of the function as native code would give it."""
    value = np.asarray(x.raw if isinstance(x, Duck) else x, y.dtype)
    return value[()] if value.shape == () else value
