"""Random programs with loops of Python's, compiled and plain: python -m tests.control.fuzz_loops.

What a program returns and its gradient have to agree, whichever way its loops went; the tests run
a few of them.
"""

from __future__ import annotations

import argparse
import warnings
from collections.abc import Callable
from importlib.util import module_from_spec, spec_from_file_location
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np

import bibun
from bibun.derivative import rolled

X = np.array([0.3, 0.7, -0.2])
START = """\
def f(x):
    y, z, s, n, t, q, u = x[0], x * 1.0, 0.0, 0, 0.0, x[1] * 0.5, x[2]
    p, out, rows = {"w": x * 1.0, "b": x[1]}, [], np.zeros(80)
    them, i, data = [x[0], 2.0, x[1]], 0, np.linspace(0.1, 0.9, 24)
"""
END = """\
    parts = [y, z.sum(), s, 0.01 * n, t, q, u, p["b"], np.sum(p["w"]), rows @ rows]
    return sum(parts) + {}
"""
NUMBERS = [
    "y", "x[0]", "x[2]", "z[1]", "z.sum()", "s", "q", "u", "p['b']", "p['w'][0]", "t", "n * 0.01",
    "i * 0.1", "math.cos(i)", "np.sin(y)", "np.tanh(q)", "0.3", "them[i % 3]", "rows[i + 1]",
]  # fmt: skip


class Program:
    """The source of a random program."""

    def __init__(self, seed: int):
        self.random = Random(seed)
        self.appends, self.depth = True, 0
        body = "".join(self.loop(1, "i") for _ in range(self.random.choice((1, 1, 2))))
        self.source = START + body + END.format(self.pick(["sum(out)", "len(out)", "n"]))

    def pick(self, of: Any) -> Any:
        return self.random.choice(of)

    def number(self) -> str:
        a, b = self.pick(NUMBERS), self.pick(NUMBERS)
        return self.pick([a, f"{a} * {b}", f"{a} + {b}", f"{a} - 0.5 * {b}", f"np.sin({a} * {b})"])

    def loop(self, level: int, counter: str) -> str:
        """A loop, with some rounds."""
        pad, count = "    " * level, self.pick([3, 9, 17, 20, 24])
        head = self.pick([
            f"for {counter} in range({count}):",
            f"for {counter} in range(2, {count}, 2):",
            f"for {counter}, q in enumerate(data):",
            f"for {counter}, q in zip(range({count}), data):",
            f"{counter} = 0\n{pad}while {counter} < {count}:",
        ])  # fmt: skip
        self.depth += 1
        lines = [self.statement(level + 1) for _ in range(self.random.randint(1, 4))]
        self.depth -= 1
        if "while" in head:
            lines.insert(self.pick([0, len(lines)]), "    " * (level + 1) + f"{counter} += 1\n")
        return f"{pad}{head}\n" + "".join(lines)

    def statement(self, level: int) -> str:
        """Something that a round does."""
        pad = "    " * level
        if self.random.random() < 0.2 and level < 4:
            way = f"{pad}if {self.condition()}:\n{self.statement(level + 1)}"
            return way + (f"{pad}else:\n{self.statement(level + 1)}" if self.pick([0, 1]) else "")
        if self.random.random() < 0.08 and self.depth < 2:
            return self.loop(level, "j")
        v = self.number()
        return pad + self.pick([
            f"y = 0.9 * y + 0.1 * np.tanh({v})",
            f"u = 0.5 * u + 0.1 * np.cos({v})",
            f"z = 0.9 * z + 0.1 * np.sin(z + {v})",
            "z *= 0.9",
            f"z[1] = 0.5 * np.tanh({v})",
            f"s = s * 0.9 + np.tanh({v})",
            f"s += 0.1 * np.tanh({v})",
            "n += 1", "n += 2", "n = n - 1", "t += 0.125",
            f"out.append(np.tanh({v}))", "out.append(i)", "out.append(z.sum())",
            f"p['b'] = 0.9 * p['b'] + 0.1 * np.tanh({v})",
            "p['w'] = 0.9 * p['w'] + 0.1 * np.sin(z)", "p['w'] *= 0.9",
            f"rows[i] = np.tanh({v})", f"rows[i + 2] = 0.5 * rows[i + 1] + np.tanh({v})",
            "y, u = u, 0.9 * y", f"v = np.tanh({v}); y = 0.9 * y + 0.1 * v",
            "if i % 4 == 1: continue",
        ]) + "\n"  # fmt: skip

    def condition(self) -> str:
        return self.pick([
            "i % 2 == 0", "i % 3", "i == 0", "i > 5", "i < 11", "n % 2", "n > 4", "i * i % 7 < 3",
            "y > 0.2", "i % 2 and n > 3", "len(x) == 3", "t < 1.0",
        ])  # fmt: skip


def made(source: str, folder: Path) -> Callable[..., Any]:
    """The function, from a file: code without one runs as it is."""
    name = f"program_{len(list(folder.iterdir()))}"
    path = folder / f"{name}.py"
    path.write_text(f"import math\nimport numpy as np\n\n\n{source}")
    spec = spec_from_file_location(name, path)
    assert spec is not None and spec.loader is not None
    module = module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.f


def outcome(f: Callable[..., Any]) -> Any:
    """What a call gives: numbers, or an error."""
    try:
        return [np.asarray(y) for y in f(X.copy())]
    except Exception as error:
        return error


def wrong(seed: int, folder: Path) -> str:
    """How a program differs when it is compiled; empty if it does not."""
    source = Program(seed).source
    f = made(source, folder)
    expected = outcome(lambda x: (f(x), bibun.grad(f)(x)))
    found = outcome(bibun.jit(bibun.value_and_grad(f)))
    if isinstance(expected, Exception) or isinstance(found, Exception):
        alike = type(expected) is type(found) or isinstance(found, bibun.errors.TracingError)
    else:
        pairs = zip(expected, found, strict=True)
        alike = all(np.allclose(a, b, rtol=1e-9, atol=1e-11, equal_nan=True) for a, b in pairs)
    return "" if alike else f"seed {seed}\n{source}{expected!r}\n{found!r}\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--first", type=int, default=0, help="the seed of the first")
    parser.add_argument("--count", type=int, default=1000, help="how many programs")
    options = parser.parse_args()
    rolled.WORTH = rolled.WORTH_OF_LONG = count = 0
    with warnings.catch_warnings(), TemporaryDirectory() as folder:
        warnings.simplefilter("ignore")
        for seed in range(options.first, options.first + options.count):
            if text := wrong(seed, Path(folder)):
                count += 1
                print(text, flush=True)
    print(f"{options.count} programs, {count} wrong")


if __name__ == "__main__":
    main()
