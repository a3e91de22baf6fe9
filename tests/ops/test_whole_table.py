"""Every supported function of NumPy on random arguments: values, dtypes, numbers or arrays without
axes, and errors are NumPy's, for many dtypes, empty arrays, scalars, and shapes that clash.
"""

from __future__ import annotations

import inspect
import zlib
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

from bibun import errors
from bibun.array import FUNCTIONS, UFUNCS, lift
from bibun.interface import LATER

from .agreement import bits, coarsest, near, numbers, on_traced, several

PLACES = {"": np, "linalg.": np.linalg, "fft.": np.fft}
DTYPES = [float, np.float32, np.float16, int, np.int8, np.uint16, bool, complex, np.complex64]
SHAPES = [None, (), (0,), (1,), (3,), (2, 3), (3, 3), (2, 0), (2, 1, 3)]  # None: a number
CALLS = 12
# Arguments that are arrays of numbers, not axes, lengths or dtypes.
# fmt: off
ARRAYS = {
    *"abmyvApqzx", "x1", "x2", "ar", "ar1", "ar2", "arr", "ary", "array", "element", "prototype",
    "xp", "fp",
}
# fmt: on
# By its nature: undefined contents, no order, questions about dtypes, and writes into the argument.
OTHERS = {"empty_like", "unique_values", "can_cast", "copyto", "place", "put", "putmask"}
OTHERS |= {"fill_diagonal"}
# LAPACK takes other ways for one matrix and for a stack of them; SciPy's i0 is not NumPy's.
ROUNDED = ("linalg.", "i0")
REFUSED = (errors.UnsupportedError, errors.DtypeError, errors.NotDifferentiableError)


def arity(f: Any) -> int:
    """How many arrays f takes; 0 if it needs anything else."""
    if isinstance(f, np.ufunc):
        return f.nin if f.signature is None else 2
    parameters = [p for p in inspect.signature(f).parameters.values() if p.default is p.empty]
    given = [p.name for p in parameters if p.kind in (p.POSITIONAL_ONLY, p.POSITIONAL_OR_KEYWORD)]
    return len(given) if set(given) <= ARRAYS else 0


def functions() -> Iterator[tuple[str, int]]:
    """The names of all that bibun has a version of, and how many arrays each takes."""
    for prefix, place in PLACES.items():
        for name in sorted(set(dir(place)) - OTHERS):
            f = getattr(place, name)
            if name[0] == "_" or not callable(f) or isinstance(f, type):
                continue
            table = UFUNCS if isinstance(f, np.ufunc) else FUNCTIONS
            for load in tuple(LATER):
                load(f)
            if f in table and arity(f):
                yield prefix + name, arity(f)


NAMES = sorted(set(functions()))


def sample(rng: np.random.Generator) -> Any:
    """An array, or a number, of small numbers; most often of float64."""
    dtype = np.dtype(rng.choice(DTYPES) if rng.random() < 0.6 else float)
    shape = SHAPES[rng.integers(len(SHAPES))]
    whole = rng.integers(-4 if dtype.kind in "fci" else 0, 5, shape or ())
    x = np.asarray(whole / 2 if dtype.kind in "fc" else whole).astype(dtype)
    if dtype.kind == "c":
        x = x + np.asarray(1j * rng.integers(-2, 3, x.shape)).astype(dtype)
    return x[()] if shape is None else np.asarray(x)


def answer(f: Any, *args: Any) -> Any:
    """The results as a list, or the error."""
    try:
        return several(f(*args))
    except (ValueError, TypeError, IndexError, ArithmeticError) as error:
        return error


def builtin(error: Exception) -> type:
    """The kind of an error as Python has it: NumPy's UFuncTypeError is a TypeError."""
    return next(c for c in type(error).__mro__ if c.__module__ == "builtins")


@pytest.mark.parametrize("name, arity", NAMES, ids=lambda x: x if isinstance(x, str) else "")
@pytest.mark.filterwarnings("ignore")
def test_function_is_numpys(name: str, arity: int) -> None:
    place, _, short = name.rpartition(".")
    f = getattr(PLACES[place + "." if place else ""], short)
    for seed in range(CALLS):
        rng = np.random.default_rng([zlib.crc32(name.encode()), seed])
        agree(f, [sample(rng) for _ in range(arity)], name.startswith(ROUNDED))


def agree(f: Any, args: list[Any], rounded: bool) -> None:
    """Fail unless f is the same on traced arguments as on plain ones, or is refused in words."""
    what = f"{f.__name__} of {[(np.asarray(a).dtype.str, np.shape(a)) for a in args]}"
    with np.errstate(all="ignore"):
        expected, found = answer(f, *args), answer(on_traced, f, args)
    if isinstance(expected, Exception):
        same = isinstance(found, errors.BibunError | builtin(expected))
        assert same, f"{what}: {found!r} instead of {expected!r}"
        return
    if isinstance(found, REFUSED) or "no derivative" in str(found):
        return
    assert not isinstance(found, Exception), f"{what}: {found!r} instead of {expected!r}"
    assert len(found) == len(expected), what
    for y, z in zip(found, map(np.asarray, expected), strict=True):
        assert bits(y)[:2] == bits(z)[:2], f"{what}: {y!r} instead of {z!r}"
        if rounded:
            near(y, z, what, coarsest(z, *map(lift, args)))
        else:
            assert bits(y) == bits(z), f"{what}: {y!r} instead of {z!r}"
    assert numbers(f, args, False) == [np.isscalar(y) for y in expected], f"{what}: number or array"


def test_the_table_is_whole() -> None:
    assert len(NAMES) > 200
