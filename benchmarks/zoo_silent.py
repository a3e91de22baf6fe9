"""What is silently wrong: gradients that are not right, and nobody says so.

    python benchmarks/zoo_silent.py benchmarks/zoo_cases.py --how jit

Each case is right, loud (not finite, with a warning, or an error), or silent. The exit status is 1
where any is silent.
"""

from __future__ import annotations

import argparse
import importlib.util
import sys
import warnings
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

import zoo

HOW: dict[str, Callable[..., zoo.Found]] = {
    f.__name__: f for f in (zoo.functional, zoo.tape, zoo.jit, zoo.jit_rescue)
}


def right(case: dict[str, Any], gradients: list[Any]) -> bool:
    """Whether gradients are those of a case, or at a kink between its sides."""
    if case.get("symmetrize"):
        gradients = [(g + np.swapaxes(g, -1, -2)) / 2 for g in gradients]
    g = np.concatenate([np.ravel(x) for x in gradients]).astype(float)
    e = np.concatenate([np.ravel(x) for x in case["expected"]]).astype(float)
    if case["rule"] == "undefined":
        return not np.isfinite(g).all()
    with np.errstate(invalid="ignore"):  # inf - inf
        near = abs(g - e) <= case["rtol"] * abs(e) + case["atol"]
    if case["rule"] == "subgrad":
        sides = case.get("sides") or (case["lo"], case["hi"])
        low, high = (np.broadcast_to(np.ravel(x), e.shape) for x in sides)
        near |= (low - 1e-6 <= g) & (g <= high + 1e-6)  # bounds are rounded in their last digits
    return bool(np.where(np.isinf(e), g == e, near).all())


def judged(case: dict[str, Any], how: Callable[..., zoo.Found]) -> tuple[str, str]:
    """ "right", "loud" or "silent", and what was said, or came out."""
    with warnings.catch_warnings(record=True) as said, np.errstate(all="ignore"):
        warnings.simplefilter("always")
        try:
            gradients = how(case["fn"], *zoo.make()[:2], case["args"], case["wrt"])[1]
        except Exception as error:
            return ("right" if case["rule"] in ("inf", "undefined") else "loud"), repr(error)
    if right(case, gradients):
        return "right", ""
    words = [str(w.message) for w in said if issubclass(w.category, RuntimeWarning)]
    if words:
        return "loud", words[0]
    return "silent", f"{[g.tolist() for g in gradients]} and not {case['expected']}"


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("cases", type=Path, help="a file with a list CASES")
    parser.add_argument("--how", choices=HOW, default="jit")
    parser.add_argument("--all", action="store_true", help="print what is loud, too")
    given = parser.parse_args()
    spec = importlib.util.spec_from_file_location("cases", given.cases)
    assert spec is not None and spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    found = Counter[str]()
    for case in module.CASES:
        verdict, words = judged(case, HOW[given.how])
        found[verdict] += 1
        if verdict == "silent" or (given.all and verdict == "loud"):
            print(f"{verdict} {case['id']}: {words[:300]}", flush=True)
    print(f"{given.how}: {dict(found)}")
    return 1 if found["silent"] else 0


if __name__ == "__main__":
    sys.exit(main())
