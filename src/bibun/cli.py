"""The command `bibun`: exports Python functions as C++ from the shell."""

from __future__ import annotations

import argparse
import re
import runpy
import sys
from collections.abc import Callable, Sequence
from inspect import signature
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from .errors import BibunError
from .export import cpp
from .export.functions import KINDS

ARRAY = re.compile(r"(?:(?P<name>\w+)=)?(?P<dtype>[a-z]+\d*)\[(?P<shape>[\d,\s]*)\]")


class Given(NamedTuple):
    """An argument on the command line: its name, if it has one, and an example."""

    name: str
    example: np.ndarray


def array(text: str) -> Given:
    """An example of an argument: float64[3,2], or w=float64[3,2]. Its numbers are of no importance.

    >>> array("w=float32[3,2]").example.shape
    (3, 2)
    """
    found = ARRAY.fullmatch(text)
    if found is None:
        raise argparse.ArgumentTypeError(f"{text!r} is no array: write float64[3,2]")
    if found["dtype"] not in np.sctypeDict:
        raise argparse.ArgumentTypeError(f"{text!r}: {found['dtype']} is no dtype of NumPy's")
    shape = tuple(int(n) for n in found["shape"].split(",") if n.strip())
    numbers = np.random.default_rng(0).uniform(0.5, 1.5, shape)
    return Given(found["name"] or "", np.asarray(numbers.astype(found["dtype"])))


def in_order(f: Callable[..., Any], given: Sequence[Given]) -> tuple[np.ndarray, ...]:
    """The examples in the order of the parameters, as in a call with the same names."""
    named = {a.name: a.example for a in given if a.name}
    if len(named) < sum(bool(a.name) for a in given):
        raise ValueError("export: an argument is given twice")
    bound = signature(f).bind(*(a.example for a in given if not a.name), **named)
    if bound.kwargs:
        raise ValueError(f"export: {', '.join(bound.kwargs)}: keyword-only arguments have no C++")
    return bound.args


def function(text: str) -> Any:
    """model.py:loss, the function of that name in a file."""
    file, _, name = text.rpartition(":")
    if not file or not Path(file).exists():
        raise argparse.ArgumentTypeError(f"{text!r}: write model.py:loss, with a file that exists")
    sys.path.insert(0, str(Path(file).resolve().parent))  # as if Python had been given the file
    namespace = runpy.run_path(file)
    if not callable(namespace.get(name)):
        raise argparse.ArgumentTypeError(f"{file} has no function {name!r}")
    return namespace[name]


def parser() -> argparse.ArgumentParser:
    """The options of the command."""
    made = argparse.ArgumentParser("bibun", description="Automatic differentiation.")
    commands = made.add_subparsers(dest="command", required=True)
    export = commands.add_parser("export", help="a Python function as headers of C++17")
    export.add_argument("function", type=function, help="model.py:loss")
    export.add_argument(
        "arguments",
        type=array,
        nargs="*",
        help="one for each, in order or with names: w=float64[3,2]",
    )
    export.add_argument("--to", default="generated", help="the folder")
    export.add_argument("--name", default="", help="of the headers")
    export.add_argument("--wrt", nargs="+", default=["0"], help="names or numbers of arguments")
    export.add_argument(
        "--functions", nargs="+", choices=KINDS, default=["value", "value_and_grad"]
    )
    export.add_argument(
        "--batch", nargs="+", default=[], help="arguments with a row for each example"
    )
    export.add_argument("--donate", nargs="+", default=[], help="arguments that are changed")
    export.add_argument("--interface", choices=["std", "eigen"], default="std")
    export.add_argument("--math", choices=["libm", "vector"], default="libm")
    export.add_argument("--check-finite", action="store_true")
    return made


def _which(words: Sequence[str]) -> list[int | str]:
    """Names and numbers of arguments."""
    return [int(k) if re.fullmatch(r"-?\d+", k) else k for k in words]


def _export(given: argparse.Namespace) -> list[Path]:
    try:
        arguments = in_order(given.function, given.arguments)
    except TypeError as error:
        raise ValueError(f"export: {getattr(given.function, '__name__', '')}: {error}") from None
    return cpp(
        given.function,
        arguments,
        to=given.to,
        wrt=_which(given.wrt),
        batch=_which(given.batch),
        donate=_which(given.donate),
        functions=given.functions,
        interface=given.interface,
        math=given.math,
        name=given.name,
        check_finite=given.check_finite,
    )


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; 0 if all went well, 2 with one line of text if what is asked cannot be.

    What the user's own function raises is shown with its traceback.
    """
    given = parser().parse_args(arguments)
    try:
        files = _export(given)
    except (BibunError, OSError, TypeError, ValueError) as error:
        if not isinstance(error, BibunError | OSError) and not str(error).startswith("export"):
            raise
        print(f"bibun export: error: {str(error).removeprefix('export: ')}", file=sys.stderr)
        return 2
    print("\n".join(str(file) for file in files))
    return 0


if __name__ == "__main__":
    sys.exit(main())
