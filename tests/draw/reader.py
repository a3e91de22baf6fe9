"""Reads the formulas that derivations print, and computes them with plain NumPy."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

import numpy as np

TOKEN = re.compile(
    r"[d∂][A-Za-z_0-9₀-₉]+/[d∂][A-Za-z_0-9₀-₉]+"  # a derivative that has been computed before
    r"|\d+(\.\d+)?(e[−+]?\d+)?|[A-Za-z_][A-Za-z_0-9₀-₉]*|[₋₀-₉,]+|[⁻⁰¹²³⁴-⁹]+|\S"
)
LOW = str.maketrans("₀₁₂₃₄₅₆₇₈₉₋⁰¹²³⁴⁵⁶⁷⁸⁹⁻−", "0123456789-0123456789--")
FUNCTIONS = {
    "sech": lambda x: 1 / np.cosh(x),
    "sigmoid": lambda x: 1 / (1 + np.exp(-x)),
    "where": np.where,
}
COMPARISONS = {
    ">": np.greater,
    "<": np.less,
    "≥": np.greater_equal,
    "≤": np.less_equal,
    "≠": np.not_equal,
}


class Reader:
    """A formula of this grammar, from weak to strong: a > b, a + b, a ⊙ b, a b, a², a."""

    def __init__(self, text: str, names: Mapping[str, Any]):
        self.tokens = [m[0] for m in TOKEN.finditer(text)][::-1]
        self.names = names

    def read(self) -> Any:
        value = self.condition()
        assert not self.tokens, f"{self.tokens[::-1]} is left"
        return value

    def at(self, tokens: str) -> bool:
        return bool(self.tokens) and self.tokens[-1] in tokens.split()

    def take(self, token: str = "") -> str:
        found = self.tokens.pop()
        assert token in ("", found), f"{token} is needed, not {found}"
        return found

    def condition(self) -> Any:
        x = self.sum()
        while self.at("> < ≥ ≤ ≠ ∨ ∧"):
            sign, y = self.take(), self.sum()
            x = x | y if sign == "∨" else x & y if sign == "∧" else COMPARISONS[sign](x, y)
        return x

    def sum(self) -> Any:
        if self.at("Σ"):
            return self.total()
        x = self.product()
        while self.at("+ −"):
            x = x + self.product() if self.take() == "+" else x - self.product()
        return x

    def total(self) -> Any:
        self.take("Σ")
        axes = self.take().translate(LOW) if self.tokens[-1][0] in "₋₀" else None
        return np.sum(self.power(), None if axes is None else tuple(map(int, axes.split(","))))

    def product(self) -> Any:
        if self.at("−"):
            self.take()
            return -self.product()
        x = self.factor()
        while self.at("⊙ · /"):
            x = x / self.factor() if self.take() == "/" else x * self.factor()
        return x

    def factor(self) -> Any:
        """Powers side by side: products of matrices, or by numbers and brackets."""
        x = self.power()
        while self.tokens and (self.at("( [ √ 𝟙") or re.match(r"[\w∂]", self.tokens[-1])):
            y = self.power()
            x = x * y if np.ndim(x) == 0 or np.asarray(x).dtype == bool else x @ y
        return x

    def power(self) -> Any:
        if self.at("√ ¬"):
            return np.sqrt(self.power()) if self.take() == "√" else ~self.power()
        x = self.atom()
        while self.tokens and (self.at("ᵀ ^ [") or self.tokens[-1][0] in "⁻⁰¹²³⁴⁵⁶⁷⁸⁹"):
            sign = self.take()
            if sign == "[":
                x = x[self.index()]
                continue
            x = (
                x.T
                if sign == "ᵀ"
                else x ** (self.atom() if sign == "^" else float(sign.translate(LOW)))
            )
        return x

    def index(self) -> Any:
        """What stands in brackets: numbers, colons and None."""
        text = ""
        while not self.at("]"):
            text += self.take()
        self.take("]")
        return eval(f"np.s_[{text}]", {"np": np})

    def atom(self) -> Any:
        token = self.take()
        if token in "([|":
            x = self.condition()
            self.take({"(": ")", "[": "]", "|": "|"}[token])
            return abs(x) if token == "|" else x
        if token[0] in "0123456789":
            return float(token.translate(LOW))
        if not self.at("("):
            return self.names[token]
        self.take("(")
        args = [self.condition()]
        while self.at(","):
            self.take()
            args.append(self.condition())
        self.take(")")
        return FUNCTIONS.get(token, getattr(np, token, None))(*args)
