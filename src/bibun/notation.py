"""How formulas are written: texts that know how strongly they hold together.

    f"{a:sum} + {b:product}"

is a formula of two others: each gets brackets where it holds together less than it says here.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any, NamedTuple

import numpy as np

STRENGTHS = ("loose", "sum", "product", "factor", "power", "atom")
LOOSE, SUM, PRODUCT, FACTOR, POWER, ATOM = range(6)
SHORT = int | float | str | tuple | np.dtype  # parameters that are shown
NUMBER = r"−?[0-9.]+(e[−+]?[0-9]+)?"
SUPERSCRIPTS = str.maketrans("0123456789-−", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻⁻")
SUBSCRIPTS = str.maketrans("0123456789-", "₀₁₂₃₄₅₆₇₈₉₋")


class Text(NamedTuple):
    """A formula, how strongly it holds together, and the type of its value before broadcasting."""

    text: str
    strength: int
    type: Any = None

    def __format__(self, needed: str) -> str:
        """The text, in brackets if it holds together less than needed."""
        enough = not needed or self.strength >= STRENGTHS.index(needed)
        return self.text if enough else f"({self.text})"

    @property
    def number(self) -> float | None:
        """The number that stands here, if it is one."""
        found = re.fullmatch(NUMBER, self.text)
        return float(self.text.replace("−", "-")) if found else None


def template(text: str, strength: int) -> Callable[..., Text]:
    """A notation given by a text with holes, such as "{:sum} + {:product}"."""
    return lambda *args: Text(text.format(*args), strength)


def applied(name: str, args: Iterable[Text], parameters: dict[str, Any]) -> Text:
    """A function with its parameters: max(x, axes=(-1,))."""
    shown = (f"{k}={v}" for k, v in parameters.items() if isinstance(v, SHORT))
    parts = [*(a.text for a in args), *shown]
    return Text(f"{name}({', '.join(parts)})", ATOM)


def numeral(x: np.ndarray) -> Text:
    """A number as it is written: 2 for 2.0 and for 2 + 0j, and 0.1 also in float32."""
    x = x if x.imag else x.real
    text = str(x[()]).removesuffix(".0").replace("-", "−").replace("inf", "∞")
    return Text(text, SUM if text.startswith("−") else ATOM)


def filled(x: Text) -> Text:
    """An array of one number: 𝟙 is the array of ones."""
    return Text("𝟙", ATOM) if x.number == 1 else Text(f"{x} 𝟙", FACTOR)
