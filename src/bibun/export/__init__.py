"""bibun.export: a Python function and its derivatives as C++ headers that need nothing else."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from .batches import Batch
from .files import build_file, golden_test, readme
from .functions import exported, parameters
from .header import Header, Style
from .lowered import lowered
from .names import words

__all__ = ["cpp"]


def cpp(
    f: Callable[..., Any],
    args: Sequence[Any],
    *,
    to: str | Path,
    wrt: int | str | Sequence[int | str] = 0,
    functions: str | Sequence[str] = ("value", "value_and_grad"),
    interface: str = "std",
    math: str = "libm",
    name: str = "",
    namespace: str = "bibun_generated",
    check_finite: bool = False,
    batch: int | str | Sequence[int | str] = (),
    donate: int | str | Sequence[int | str] = (),
) -> list[Path]:
    """Write C++17 headers for a function and its derivatives, and what tests them; their paths.

    `args` are examples of the arguments: their dtypes and shapes, and what containers they are, are
    those of the generated code. What the function meets outside of them, such as trained weights,
    becomes part of the code. `wrt` numbers or names the arguments for derivatives. `functions` are
    some of "value", "value_and_grad", "jvp", "vjp", "jacobian" and "hessian_vector"; each becomes a
    header of its own in the folder `to`, beside a test with the numbers of Python, a CMake file and
    a README. Arrays are in C order. A first result of one number is returned, others are written to
    where pointers say. The code needs the standard library alone, and no heap, derivatives of loops
    without a count excepted.

    With `interface="eigen"` there are overloads for Eigen's matrices. `math="vector"` includes
    bibun's own elementary functions, which have no calls and few branches, so that compilers
    vectorise loops over them; "libm" calls the standard library's. With `check_finite` a function
    throws std::domain_error if a result is inf or nan, and says which line of Python first was.

    `batch` names or numbers arguments of which there may be any number at run time: the function
    takes one, the example has several along a further first axis. There is then a second function,
    such as `loss_batch(rows, ...)`, for `rows` of them. It adds up the derivatives by arguments
    that all have in common.

    `donate` names or numbers arguments of which the function returns new values, such as parameters
    and the state of an optimiser: the C++ function changes them in place. Of a tuple, the first
    element that has the structure and the types of such an argument is its new value.

    Raises UnsupportedError for operations that have no C++ yet, and TracingError where the function
    decides by a value how it goes on.

    >>> import numpy as np, bibun, tempfile
    >>> loss = lambda x, w: np.sum(np.sin(x @ w) ** 2)
    >>> x, w = np.ones((3, 3)), np.ones((3, 2))
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     files = bibun.export.cpp(loss, (x, w), wrt="w", to=folder, name="loss")
    >>> [path.name for path in files]
    ['loss.hpp', 'loss_value_and_grad.hpp', 'loss_test.cpp', 'CMakeLists.txt', 'README.md']
    """
    functions = (functions,) if isinstance(functions, str) else tuple(functions)
    _sensible(f, args, functions)
    _known(interface, math, namespace)
    arguments = tuple(args)
    known = parameters(f, len(arguments))
    wrt = () if functions == ("value",) else wrt
    numbers, rows, donated = (_numbers(which, known) for which in (wrt, batch, donate))
    if donated and (rows or functions != ("value",)):
        raise ValueError(
            'export: what donates arguments is exported with functions=["value"] alone'
        )
    name = words(name or getattr(f, "__name__", "function"))
    folder = Path(to)
    folder.mkdir(parents=True, exist_ok=True)
    headers, cases = [], []
    for kind in functions:
        own = name if kind == "value" else f"{name}_{kind}"
        given = exported(f, arguments, numbers, kind, rows)._replace(donated=tuple(donated))
        style = Style(namespace, interface == "eigen", check_finite, _about(own, f, kind, math))
        header = Header(own, lowered(own, given, math, check_finite), style)
        more = Batch(header, given.rows).text() if given.rows else ""
        headers.append(_write(folder / f"{own}.hpp", header.text(more)))
        cases.append((header, given))
    others = {
        f"{name}_test.cpp": golden_test(name, cases),
        "CMakeLists.txt": build_file(folder, name, interface == "eigen"),
        "README.md": readme(folder, name, cases),
    }
    return [*headers, *(_write(folder / file, text) for file, text in others.items())]


def _numbers(which: int | str | Sequence[int | str], known: list[str]) -> list[int]:
    """The positions of arguments."""
    several = (which,) if isinstance(which, int | str) else tuple(which)
    return list(dict.fromkeys(_number(k, known) for k in several))


def _sensible(f: Any, args: Any, functions: tuple[str, ...]) -> None:
    """Errors for what is no function, no arguments, or nothing to export."""
    if not callable(f):
        raise TypeError(f"export: a function is needed, not {f!r}")
    if not isinstance(args, tuple | list):
        raise TypeError(
            f"export: args are examples of all arguments, as (x,), not {type(args).__name__}"
        )
    if not functions:
        raise ValueError('export: there are no functions to export: ("value", "value_and_grad")')


def _known(interface: str, math: str, namespace: str) -> None:
    """Errors for options that do not exist, and for what is no namespace."""
    if interface not in ("std", "eigen"):
        raise ValueError(f'export: the interfaces are "std" and "eigen", not {interface!r}')
    if math not in ("libm", "vector"):
        raise ValueError(f'export: math is "libm" or "vector", not {math!r}')
    parts = namespace.split("::")
    if any(words(part) != part for part in parts):
        raise ValueError(f"export: {namespace!r} is no namespace of C++: a::b")


def _number(which: int | str, known: list[str]) -> int:
    """The position of an argument."""
    if which in known:
        return known.index(which)
    if isinstance(which, int) and -len(known) <= which < len(known):
        return which % len(known)
    raise ValueError(f"export: {which!r} is none of the arguments {', '.join(known)}")


def _write(path: Path, text: str) -> Path:
    path.write_text(text, "utf-8")
    return path


def _about(name: str, f: Callable[..., Any], kind: str, math: str) -> list[str]:
    """The comment of a header: what it is, and the Python that it comes from, with its lines."""
    lines = [f"{name}: {kind} of a Python function, made by bibun. Better change that than this."]
    if math == "vector":
        lines += [
            "Compile with -O3 -march=native -fno-math-errno -fno-trapping-math: std::fma and",
            "std::sqrt are then one instruction, and loops vectors. The numbers are the same.",
        ]
    try:
        source, first = inspect.getsourcelines(f)
        file = Path(inspect.getsourcefile(f) or "").name
    except (OSError, TypeError):
        return lines
    numbered = [f"{file}:{first + k}: {line.rstrip()}" for k, line in enumerate(source)]
    return [*lines, "", *numbered[:60]]
