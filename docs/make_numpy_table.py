"""Writes docs/numpy.md: what becomes of each public function of NumPy when arrays are traced.

    python docs/make_numpy_table.py

Each function is called on traced arrays, and the answer is what happens. tests/ops/test_breadth.py
checks that the page is up to date.
"""

from __future__ import annotations

import inspect
import warnings
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np

from bibun.array import FUNCTIONS, UFUNCS, Array, Duck
from bibun.derivative import vjp
from bibun.errors import BibunError
from bibun.ops import later, special
from bibun.ops.orthogonal import FAMILIES
from bibun.ops.plain import FREE, REFUSED
from bibun.recording import INTERNAL

assert special  # np.i0 is in it, which is loaded late
PAGE = Path(__file__).parent / "numpy.md"
INTERNAL[__file__] = True  # errors are quoted here: they shall not end with a line of this file
DISPATCHED = type(np.sum)
MODULES = {
    "np": np,
    "np.linalg": np.linalg,
    "np.fft": np.fft,
    "np.emath": np.emath,
    "np.lib.stride_tricks": np.lib.stride_tricks,
}
POINT = np.random.default_rng(1).uniform(0.1, 0.9, 9)
HEAD = """# NumPy, function by function

Made by `python docs/make_numpy_table.py` with NumPy {version}, by calling each function on traced
arrays: do not edit.

- **differentiable**: the value is NumPy's, and the derivative is exact. Derivatives with respect
  to whole numbers and conditions do not exist; docs/operations.md says what holds at kinks.
- **no derivative**: the value is NumPy's, and it is piecewise constant (a count, a place, a
  condition, a shape) or no number at all (a text, a file): derivatives through it are 0.
- **refused**: an error that says why and what to write instead.
- **plain**: takes no arrays whose derivative could be asked for.

*By name*: NumPy hands over arrays to bibun in most functions, but not in these. They are reached
when the code that calls them is traced with its names bound anew.

{counts}
"""

# ------------------------------------------------------------ what has no arrays to trace

SETTING, DTYPE, FILE = "a setting of NumPy", "about dtypes", "reads from a file or from memory"
SHAPE, MEMORY = "its arguments are lengths", "lays a view over memory"
# fmt: off
PLAIN: dict[str, str] = {
    **dict.fromkeys(("geterr", "seterr", "geterrcall", "seterrcall", "getbufsize", "setbufsize",
                     "get_printoptions", "set_printoptions", "printoptions", "errstate",
                     "get_include", "show_config", "show_runtime", "info", "test"), SETTING),
    **dict.fromkeys(("isdtype", "issubdtype", "promote_types", "mintypecode", "typename", "dtype",
                     "finfo", "iinfo", "datetime_data"), DTYPE),
    **dict.fromkeys(("fromfile", "fromregex", "fromstring", "genfromtxt", "load", "loadtxt",
                     "frombuffer", "from_dlpack"), FILE),
    **dict.fromkeys(("broadcast_shapes", "diag_indices", "empty", "eye", "identity", "indices",
                     "mask_indices", "ones", "tri", "tril_indices", "triu_indices", "zeros",
                     "ndindex"), SHAPE),
    "fromfunction":   "calls the function with arrays of indices; what that returns is kept",
    "isscalar":       "False for a traced number, as for an array",
    "iterable":       "whether `for` works on it",
    "busdaycalendar": "dates are no numbers",
    "ufunc":          "the type of np.sin and its like",
    "LinAlgError":    "an error, also of bibun's functions",
    "isnat":          "dates are no numbers",
    "poly1d":         "its coefficients and its argument may be traced: differentiable",
}
CLASSES: dict[str, str] = {
    "as_strided":  MEMORY + ": write sliding_window_view, or x[indices]",
    "broadcast":   "write np.broadcast_arrays",
    "flatiter":    "write np.ravel(x)[i]",
    "matrix":      "no ordinary array: write np.atleast_2d and @",
    "memmap":      "no ordinary array: pass np.asarray(x)",
    "ndarray":     MEMORY + ": write np.array",
    "ndenumerate": "write np.ndindex(x.shape) and x[i]",
    "nditer":      "write functions of whole arrays, or np.ndindex(x.shape) and x[i]",
    "recarray":    "no array of numbers",
    "record":      "no array of numbers",
}
YET = "no rule yet"
OTHERS: dict[str, tuple[Callable[..., Any], str]] = {
    "row_stack": (np.vstack, "the old name of np.vstack"),
    "vectorize": (np.vectorize(np.sin), "by name: the function is traced element by element"),
}
# fmt: on

SERIES = "makes a plain array of the coefficients"
OBJECTS = """\
`p = Chebyshev([1, 2, 3])` and the other classes keep their coefficients as plain arrays, so that a
traced coefficient is refused. For a traced x write `bibun.ops.orthogonal.at(p, x)`, or call the
function of the family: `chebval(x, p.coef)` is `p(x)` on the domain [-1, 1]. `np.poly1d` takes
traced coefficients and arguments. `chebinterpolate` calls a function of the user's, as it is.

"""

# ------------------------------------------------------------ how each function is called

# What is tried on any function, in turn: x has nine elements, m is a matrix, i are indices.
ATTEMPTS: list[Callable[..., Any]] = [
    lambda f, x, m, i: f(x),
    lambda f, x, m, i: f(x, x[::-1]),
    lambda f, x, m, i: f([x, x]),
    lambda f, x, m, i: f(m),
    lambda f, x, m, i: f(m, m),
    lambda f, x, m, i: f(m + m.T),
    lambda f, x, m, i: f(m @ m.T, x[:3]),
    lambda f, x, m, i: f(m @ m.T + np.eye(3)),
    lambda f, x, m, i: f(m, 2),
    lambda f, x, m, i: f(x, (3, 3)),
    lambda f, x, m, i: f(x, (2, 9)),
    lambda f, x, m, i: f(x.reshape(1, 3, 3), 3),
    lambda f, x, m, i: f(i[0]),
    lambda f, x, m, i: f(x, 1),
    lambda f, x, m, i: f(1, x),
    lambda f, x, m, i: f(x[0], x[1]),
    lambda f, x, m, i: f(x[:3], x[3:6]),
    lambda f, x, m, i: f(i),
    lambda f, x, m, i: f(i, i),
    lambda f, x, m, i: f(x, i),
    lambda f, x, m, i: f(m, 0),
    lambda f, x, m, i: f(m, 0, 1),
    lambda f, x, m, i: f(m, (0, 1)),
    lambda f, x, m, i: f(np.array([0.0, 1.0]), x),
    lambda f, x, m, i: f("ij,jk", m, m),
    lambda f, x, m, i: f(x > 0.5, x),
    lambda f, x, m, i: f(x, x > 0.5),
    lambda f, x, m, i: f(x, x > 0.5, x),
    lambda f, x, m, i: f([x > 0.5], [x]),
    lambda f, x, m, i: f(x, [x > 0.5], [np.sin, np.cos]),
    lambda f, x, m, i: f(np.sum, 0, m),
    lambda f, x, m, i: f(np.sum, m, 0),
    lambda f, x, m, i: f(i % 2, [x, x]),
    lambda f, x, m, i: f([x[0], x[1]], float),
    lambda f, x, m, i: f(m[:1], i[:1, None] % 3, m[:1, :1], 1),
    lambda f, x, m, i: f(x, np.sort(x)[:3], x[:3]),
    lambda f, x, m, i: f([3], i % 3),
    lambda f, x, m, i: f(x.reshape(3, 1, 3)),
    lambda f, x, m, i: f(np.broadcast_to(x, (2, 2, 9))),
    lambda f, x, m, i: f(i % 4, weights=x),
    lambda f, x, m, i: f(np.arange(9.0), x, 2),
    lambda f, x, m, i: f(x, [5], x[:1]),
    lambda f, x, m, i: f(x, 1, x[:1]),
    lambda f, x, m, i: f(x.dtype, float),
    lambda f, x, m, i: f(3, x[0]),
    lambda f, x, m, i: f(x, x, 2),
]
# What is tried on a function of series, whose arguments are places, coefficients and degrees.
OF_SERIES: list[Callable[..., Any]] = [
    lambda f, x, m, i: f(x),
    lambda f, x, m, i: f(x, x[::-1]),
    lambda f, x, m, i: f(x, 2),
    lambda f, x, m, i: f(x[0], x[1]),
    lambda f, x, m, i: f(x, x * x[::-1], 2),
    lambda f, x, m, i: f(x[:3], x[3:6], m),
    lambda f, x, m, i: f(x[:3], x[3:6], x[6:], m.reshape(3, 3, 1)),
    lambda f, x, m, i: f(x, x, [1, 2]),
    lambda f, x, m, i: f(x, x, x, [1, 2, 1]),
]


def tried(f: Callable[..., Any], attempts: list[Callable[..., Any]] = ATTEMPTS) -> tuple[str, str]:
    """What happens when a function is called on traced arrays."""
    worked, errors = False, []
    for attempt in attempts:
        try:
            if sensitive(f, attempt):
                return "differentiable", ""
            worked = True
        except BibunError as error:
            errors.append(str(error))
        except Exception:  # this is no way to call the function
            continue
    if worked:
        return "no derivative", ""
    if not errors:
        raise ValueError(f"docs/make_numpy_table.py does not know how to call {f}")
    return "refused", _reason(Counter(errors).most_common(1)[0][0])


def _reason(error: str) -> str:
    """What an error says, without the name before and the place behind it."""
    return error.split("  (")[0].split(": ", 1)[-1]


def sensitive(f: Callable[..., Any], attempt: Callable[..., Any]) -> bool:
    """Whether the results of f have a derivative that is not zero."""

    def results(x: Array) -> list[Array]:
        found = attempt(f, x, x.reshape(3, 3), np.astype(x * 9, int))
        return [a for a in leaves(found) if isinstance(a, Duck) and a.dtype.kind == "f"]

    with warnings.catch_warnings(), np.errstate(all="ignore"):
        warnings.simplefilter("ignore")
        y, back = vjp(results, POINT)
        if not y:
            return False
        (g,) = back([np.full(v.shape, 1.5) + np.arange(v.size).reshape(v.shape) for v in y])
    return bool(np.any(g != 0))


def leaves(y: Any) -> Iterator[Any]:
    """The arrays in nested tuples and lists."""
    if isinstance(y, list | tuple):
        for z in y:
            yield from leaves(z)
    else:
        yield y


# ------------------------------------------------------------ rows


def answer(name: str, f: Any) -> tuple[str, str]:
    """What becomes of a function of this name, and why."""
    if f in REFUSED:
        return "refused", REFUSED[f]
    if f in FREE:
        return "no derivative", f"gives {FREE[f]}" + by_name(f)
    if f in UFUNCS or f in FUNCTIONS:
        ours = (UFUNCS if f in UFUNCS else FUNCTIONS)[f]
        what, why = tried(ours)
        why = why if what == "refused" else sentence(ours)
        return what, (why + by_name(f)).removeprefix("; ")
    if name in OTHERS:
        return tried(OTHERS[name][0])[0], OTHERS[name][1]
    if name in PLAIN:
        return "plain", PLAIN[name]
    if isinstance(f, type) and issubclass(f, np.generic):
        return "plain", "a dtype: x.astype(dtype) is differentiable between floats"
    if name in CLASSES:
        return "refused", CLASSES[name]
    if type(f) is DISPATCHED:
        return tried(f)[0], YET
    raise ValueError(f"docs/make_numpy_table.py has no answer for {name}")


def sentence(f: Any) -> str:
    """A docstring on one line."""
    return " ".join((inspect.getdoc(f) or "").split()).rstrip(".")


def by_name(f: Any) -> str:
    return "" if type(f) is DISPATCHED or isinstance(f, np.ufunc) else "; by name"


def functions(module: ModuleType) -> dict[Any, list[str]]:
    """The public callables of a module, each with all its names."""
    found = defaultdict(list)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", DeprecationWarning)
        for name in sorted(dir(module), key=lambda n: (n.lower(), n)):
            f = getattr(module, name)
            if not name.startswith("_") and callable(f):
                found[f].append(name)
    return found


def rows(home: str, module: ModuleType) -> Iterator[tuple[str, str, str]]:
    """Every function with its names, what becomes of it, and why."""
    for f, names in functions(module).items():
        yield ", ".join(f"`{home}.{n}`" for n in names), *answer(names[0], f)


def page() -> str:
    """The whole page."""
    later.load()
    tables = {home: list(rows(home, module)) for home, module in MODULES.items()}
    count = Counter(what for table in tables.values() for _, what, _ in table)
    text = ", ".join(f"{n} {what}" for what, n in count.most_common())
    version = ".".join(np.__version__.split(".")[:2])
    parts = [HEAD.format(version=version, counts=f"Altogether: {text}.")]
    for name, table in tables.items():
        lines = [("function", "answer", ""), ("---", "---", "---"), *table]
        cells = (" | ".join(c.replace("|", r"\|") for c in line) for line in lines)
        cells = (f"| {line} |" for line in cells)
        parts.append(f"## {name}\n\n" + "\n".join(cells) + "\n")
    return "\n".join([*parts, families(), methods()])


def families() -> str:
    """The functions of numpy.polynomial: those of six families that mean the same are one row."""
    found = defaultdict(list)
    for prefix, (home, _) in FAMILIES.items():
        for name in home.__all__:
            f = getattr(home, name)
            if isinstance(f, type) or not callable(f) or name == "chebinterpolate":
                continue
            count = name.endswith(("gauss", "pts1", "pts2"))
            what = ("plain", "its argument is a count") if count else tried(f, OF_SERIES)
            what = (what[0], SERIES) if what[0] == "refused" else what
            kind = name.replace(prefix, "*") if name.startswith(prefix) else f"`{name}`"
            found[kind, what].append(prefix)
    lines = []
    for (kind, (what, why)), prefixes in sorted(found.items()):
        names = kind if kind.startswith("`") else ", ".join(
            f"`{kind.replace('*', p)}`" for p in prefixes
        )  # fmt: skip
        lines.append(f"| {names} | {what} | {why} |")
    head = "| function | answer |  |\n| --- | --- | --- |\n"
    return "## numpy.polynomial\n\n" + OBJECTS + head + "\n".join(lines) + "\n"


def methods() -> str:
    """Which attributes of np.ndarray traced arrays have, and which not."""
    public = [n for n in dir(np.ndarray) if not n.startswith("_")]
    lists = ([n for n in public if hasattr(Array, n)], [n for n in public if not hasattr(Array, n)])
    has, lacks = (", ".join(f"`{n}`" for n in names) for names in lists)
    return (
        f"## Methods and attributes of np.ndarray\n\nTraced arrays have {has}.\n\n"
        f"They do not have {lacks}: call NumPy's function of that name, where there is one.\n"
    )


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
