"""Exported batches beside a loop of calls: python -m benchmarks.cpp.batches

For each function, set of options and way the nanoseconds of a row, the least of 40 turns.
"""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import numpy as np
from scipy.special import ndtr

import bibun

from .build import compiler

ROWS = 4096
HARMLESS = ["-fno-math-errno", "-fno-trapping-math"]
LEVELS = [
    ["-O3", "-march=native"],
    ["-O3", "-march=native", *HARMLESS],
    ["-O2", "-march=native", *HARMLESS],
    ["-O2", "-mavx2", "-mfma", *HARMLESS],
]
KINDS = ("value", "value_and_grad", "jacobian")


def arm(x: Any) -> Any:
    """The acceleration of an arm of two links, from a dozen numbers."""
    q, p, w, v, m1, m2, l1, l2, t1, t2, g, d = [x[k] for k in range(12)]
    c, h = np.cos(p), m2 * l1 * l2 * np.sin(p)
    a = (m1 + m2) * l1**2 + m2 * l2**2 + 2 * m2 * l1 * l2 * c
    b, e = m2 * l2**2 + m2 * l1 * l2 * c, m2 * l2**2
    load = m2 * g * l2 * np.cos(q + p)
    r = t1 + h * v * (2 * w + v) - (m1 + m2) * g * l1 * np.cos(q) - load - d * w
    s = t2 - h * w**2 - load - d * v
    det = a * e - b * b
    return np.array([(e * r - b * s) / det, (a * s - b * r) / det])


def price(x: Any) -> Any:
    """An option's, by Black and Scholes."""
    s, k, t, r, v = [x[i] for i in range(5)]
    d = (np.log(s / k) + (r + v * v / 2) * t) / (v * np.sqrt(t))
    return s * ndtr(d) - k * np.exp(-r * t) * ndtr(d - v * np.sqrt(t))


def layer(x: Any) -> Any:
    """Four neurons with fixed weights."""
    return np.sum(np.tanh(np.sin(np.arange(24.0).reshape(4, 6)) @ x) ** 2)


FUNCTIONS = ((arm, 12, "value"), (arm, 12, "jacobian"), (price, 5, "value"))
FUNCTIONS += ((price, 5, "value_and_grad"), (layer, 6, "value"), (layer, 6, "value_and_grad"))
MAIN = """
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <vector>
{includes}
template <class F> double least(F f) {{
  double best = 1e9;
  for (int k = 0; k < 40; ++k) {{
    const auto start = std::chrono::steady_clock::now();
    f();
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - start;
    best = std::min(best, taken.count());
  }}
  return best / {rows} * 1e9;
}}
using namespace bibun_generated;
int main() {{
  std::vector<double> x({rows} * 12), y({rows} * 24), d({rows} * 24);
  for (std::size_t i = 0; i < x.size(); ++i) x[i] = 0.5 + 1e-3 * double(i * 2654435761u % 1000);
{turns}}}
"""


def turn(name: str, n: int, kind: str) -> str:
    """Both ways of one function."""
    m = {"arm": 2}.get(name.split("_")[0], 1) * (n if kind == "jacobian" else 1)
    here = f"&x[row * {n}]"
    one = (
        f"y[row] = {name}({here})" if kind == "value" else f"y[row] = {name}({here}, &d[row * {n}])"
    )
    one = one if m == 1 else f"{name}({here}, &y[row * {m}])"
    several = "x.data(), y.data()" + (", d.data()" if kind == "value_and_grad" else "")
    loop = f"for (long row = 0; row < {ROWS}; ++row) {one};"
    return (
        f'  std::printf("{name} %.2f %.2f\\n", least([&] {{ {loop} }}),\n'
        f"              least([&] {{ {name}_batch({ROWS}, {several}); }}));\n"
    )


def main() -> int:
    with tempfile.TemporaryDirectory(prefix="bibun_batches_") as name:
        folder = Path(name)
        names = []
        for f, n, kind in FUNCTIONS:
            x = np.random.default_rng(0).uniform(0.5, 1.5, (2, n))
            bibun.export.cpp(f, (x,), to=folder, batch="x", math="vector", functions=kind)
            names.append((f.__name__ if kind == "value" else f"{f.__name__}_{kind}", n, kind))
        includes = "\n".join(f'#include "{n}.hpp"' for n, *_ in names)
        text = MAIN.format(includes=includes, rows=ROWS, turns="".join(turn(*n) for n in names))
        (folder / "main.cpp").write_text(text)
        for options in LEVELS:
            print(" ".join([compiler(), *options]))
            program = [folder / "main.cpp", "-o", folder / "main"]
            subprocess.run([compiler(), "-std=c++17", *options, *program], check=True)
            done = subprocess.run([folder / "main"], check=True, capture_output=True, text=True)
            for line in done.stdout.splitlines():
                label, one, several = line.split()
                times = f"{float(one):8.2f} ns{float(several):8.2f} ns"
                print(f"  {label:24}{times}  {float(one) / float(several):5.1f} times")
    return 0


if __name__ == "__main__":
    sys.exit(main())
