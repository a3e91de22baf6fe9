"""What each system makes of unmodified NumPy code; the page is idioms_page.py.

The functions of tests/idioms run as they are written. The truth is found by differences (and the
complex step) of the plain functions, in this process; each way of each system (ways.py) answers in
a process of its own, which is ended and started again where an answer takes too long.
"""

from __future__ import annotations

import json
import select
import subprocess
import sys
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from importlib import import_module
from typing import Any

import numpy as np

from .ways import WAYS, Way, bind, rows

LIMIT = 10.0  # seconds for one answer
START = 120.0  # seconds for the import of a system on a busy machine
OUTCOMES = ("right", "error", "time limit", "none", "wrong")
Outcomes = dict[str, dict[str, str]]
"""What became of each idiom, by what was asked."""


# ------------------------------------------------------------ inside the process of one way


def answer(way: Way, start: int) -> None:
    """Print one line of JSON for each answer, from the given one on; the first line says ready."""
    out, sys.stdout = sys.stdout, sys.stderr  # idioms and libraries may print
    questions = list(asked(way))[start:]
    ask = way.setup()
    modules = [import_module(f"tests.idioms.{name}") for name in (*_suite().THEMES, "helpers")]
    bind(way, modules)
    print(json.dumps("ready"), file=out, flush=True)
    for idiom, question in questions:
        print(json.dumps(_one(ask[question], idiom)), file=out, flush=True)


def _one(ask: Any, idiom: Any) -> Any:
    """The derivative as lists; a text says why there is none; None is what some systems give."""
    try:
        found = ask(idiom.f, idiom.x, idiom.v)
        return None if found is None else np.asarray(found, float).tolist()
    except Exception as error:  # whatever a system raises is an error
        return f"{type(error).__name__}: {error}".splitlines()[0]


def asked(way: Way) -> Iterator[tuple[Any, str]]:
    """Every idiom with every question, in the order of the answers."""
    return ((idiom, question) for idiom in _suite().idioms() for question in way.asked)


def _suite() -> Any:
    return import_module("tests.idioms.suite")


# ------------------------------------------------------------ seen from outside


def answers(key: str) -> list[Any]:
    """All answers of a way. An answer that takes too long ends the process, and a new one goes on
    behind it: (None, reason) stands in its place."""
    total, found = len(list(asked(WAYS[key]))), []
    while len(found) < total:
        command = [sys.executable, "-W", "ignore", "-m", "benchmarks.idioms"]
        command += [key, str(len(found))]
        with subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, bufsize=0
        ) as process:
            if _line(process, START) != "ready":
                process.kill()
                return found + [("error", "does not start")] * (total - len(found))
            while len(found) < total:
                line = _line(process, LIMIT)
                found.append(line)
                if isinstance(line, tuple):
                    process.kill()
                    break
    return found


def _line(process: subprocess.Popen, seconds: float) -> Any:
    """The next answer of a process; a pair where none comes."""
    assert process.stdout is not None
    if not select.select([process.stdout], [], [], seconds)[0]:
        return "time limit", f"longer than {seconds:g} s"
    line = process.stdout.readline()
    return json.loads(line) if line.endswith(b"\n") else ("error", "the process ended")


# ------------------------------------------------------------ right or wrong


def truths() -> dict[str, dict[str, Any]]:
    """What is right, for every idiom and question."""
    truth, found = import_module("tests.idioms.truth"), {}
    for i in _suite().idioms():
        gradient = truth.gradient(i.f, i.x)[0]
        found[i.name] = {
            "gradient": gradient,
            "tape": gradient,
            "jvp": gradient @ i.v,
            "vmap": np.stack([truth.gradient(i.f, x)[0] for x in rows(i.x, i.v)]),
            "second": truth.curvature(i.f, i.x, i.v),
        }
    return found


def outcome(found: Any, expected: Any, question: str) -> str:
    """An error is what a system says; none is None or nan; wrong is a number that is not right."""
    if isinstance(found, tuple):
        return found[0]
    if isinstance(found, str):
        return "error"
    if found is None or np.isnan(found).any():
        return "none"
    # The truth of second derivatives comes from second differences, which lose twice the digits.
    close = {"rtol": 1e-5, "atol": 1e-6} if question == "second" else {"rtol": 1e-6, "atol": 1e-7}
    same = np.shape(found) == np.shape(expected) and np.allclose(found, expected, **close)
    return "right" if same else "wrong"


def measure(keys: Iterable[str], workers: int = 2) -> dict[str, Outcomes]:
    """The outcomes of every way that is installed."""
    keys = [key for key in keys if WAYS[key].installed]
    known = truths()
    with ThreadPoolExecutor(workers) as pool:
        found = dict(zip(keys, pool.map(answers, keys), strict=True))
    return {key: _judged(key, found[key], known) for key in keys}


def _judged(key: str, found: list[Any], known: dict[str, Any]) -> dict[str, dict[str, str]]:
    judged: dict[str, dict[str, str]] = {}
    for (idiom, question), one in zip(asked(WAYS[key]), found, strict=True):
        expected = known[idiom.name][question]
        judged.setdefault(idiom.name, {})[question] = outcome(one, expected, question)
    return judged


if __name__ == "__main__":
    answer(WAYS[sys.argv[1]], int(sys.argv[2]))
