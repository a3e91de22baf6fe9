"""Stable: a function with a gradient of its own, in the place of an expression in trouble.

Each way to write one is tried on the operation in trouble, and on what it is part of. What comes
out is run as it would be pasted, in plain floats, where the program stands and elsewhere, and held
to what wider numbers prove; only what agrees is given.
"""

from __future__ import annotations

import linecache
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager, suppress
from functools import partial
from itertools import count, islice, takewhile
from textwrap import wrap
from time import thread_time
from typing import Any, NamedTuple

import numpy as np

from ..derivative.gradient import grad
from ..errors import Position
from ..graph import Type
from ..rewrite.engine import SPREAD
from ..wide.checks import KEPT
from ..wide.mode import rescue
from .code import LINE, UnwrittenError, Writer, fresh, laid_out
from .forms import Form, elements, masked, scaled
from .logs import logs
from .mend import Edit
from .region import (
    Program,
    Region,
    Truth,
    cotangent,
    region,
    roots,
    size,
    truth,
    with_pull,
)
from .series import places, scalar, series, written
from .whole import MOST, Whole, as_written, wrong
from .words import spelled

SECONDS = 5.0  # of the processor, for one explanation
OTHERS = 3  # further arguments at which code is tried
LEAVES = 4  # arrays of which an expression is tried as a series
NUMBERS = count()
RESERVED = "np", "math", "bibun", "scipy", "g", "t", "z", "near", "slope", "value", "rule"
IMPORTS = "import math\nimport numpy as np\nimport scipy.special\nimport bibun"


class Candidate(NamedTuple):
    """A definition that may mend a region."""

    region: Region
    name: str
    definition: str


class Found(NamedTuple):
    """An edit, and whether with it the derivative of the whole is right; or why there is none."""

    edit: Edit | None
    reason: str = ""
    whole: bool = False


def stable(program: Program, entry: int, whole: Whole) -> Found:
    """The first edit that mends the whole, or else the operation in trouble."""
    needs = _Needs(program.node(entry), whole.kinked)
    first: Edit | None = None
    end = thread_time() + SECONDS
    for root in roots(program, entry):
        for candidate in _candidates(program, root, needs):
            if thread_time() > end:
                return Found(first, "no code is found in the time that there is")
            proven = needs.truth(candidate.region)
            edit = _edit(candidate) if _agrees(candidate, proven) else None
            if edit is not None and _mends(candidate, whole):
                return Found(edit, "", True)
            first = first or edit
    return Found(first, "" if first else whole.reason())


class _Needs:
    """Which regions have to be mended, and can be: what is proven of them."""

    def __init__(self, node: int, kinked: bool):
        self.node, self.kinked = node, kinked
        self.known: dict[tuple, Truth] = {}
        self.right: dict[tuple, bool] = {}

    def truth(self, found: Region) -> Truth:
        """What is proven."""
        key = (found.root, *found.leaves)
        if key not in self.known:
            self.known[key] = truth(found, self.kinked)
        return self.known[key]

    def __call__(self, found: Region, silent: bool = False) -> bool:
        """Whether a region is in trouble; `silent`: be it in what is not taken."""
        if self.node not in found.inner or not found.sound or size(found.types) > MOST:
            return False
        exact, key = self.truth(found), (found.root, *found.leaves)
        if exact.kind != "number" or not all(np.isfinite(y).all() for y in exact.results):
            return False
        if key not in self.right:
            self.right[key] = as_written(found, exact)
        return silent or not self.right[key]


def _mends(candidate: Candidate, whole: Whole) -> bool:
    """Whether the derivative of the whole is right with the code in its place."""
    with _pasted(candidate) as (function, _):
        leaves = candidate.region.leaves
        return whole.mended(candidate.region.root, lambda env: function(*(env[i] for i in leaves)))


# ------------------------------------------------------------ candidates


def _candidates(program: Program, root: int, needs: _Needs) -> Iterator[Candidate]:
    name = f"stable_{program.graph.nodes[root].op.name}"
    for form in masked(program, root):
        if needs(form.region, silent=True):
            yield from _of_form(form, name)
    yield from _of_series(filter(needs, _of_one(program, root)), name)
    for form in (*scaled(program, root), *logs(program, root)):
        if needs(form.region):
            yield from _of_form(form, name)


def _of_form(form: Form, name: str) -> Iterator[Candidate]:
    found = form.region
    try:
        yield Candidate(found, name, _definition(form, found.types, name))
    except (UnwrittenError, TypeError, ValueError):
        return


def _of_series(regions: Iterable[Region], name: str) -> Iterator[Candidate]:
    """Regions as functions of one array, as their series near a place close to its entries."""
    end = thread_time() + SECONDS / 5
    for found in islice(regions, LEAVES):
        if found.args[0].dtype not in (np.float64, np.float32):
            continue
        f = scalar(found)
        x = parameters(found)[0]
        for entry in _doubtful(found):
            near = takewhile(lambda _: thread_time() < end, places(entry))
            expansion = next(filter(None, (series(f, place) for place in near)), None)
            if expansion is not None:
                formula = _formula(found, [x])
                with suppress(UnwrittenError):
                    yield Candidate(found, name, written(name, x, f, expansion, formula))


def _doubtful(found: Region) -> list[float]:
    """The entries of the argument to look at: the smallest, the largest, and where it is nan."""
    x = np.ravel(found.args[0])
    if not x.size or x.size > MOST:
        return []
    y = np.ravel(found.program.values[found.root])
    bad = [float(v) for v in x[~np.isfinite(y)][:2]] if y.shape == x.shape else []
    ends = [float(x[np.argmin(np.abs(x))]), float(x[np.argmax(np.abs(x))])]
    return list(dict.fromkeys([*bad, *ends]))


def _of_one(program: Program, root: int) -> Iterator[Region]:
    """The regions of operations on elements of one array, the smallest first."""
    inside = elements(program, root)
    nodes = program.graph.nodes
    if not inside(root):
        return
    whole = region(program, root, inside)
    below = sorted({*whole.inner, *whole.leaves} - {root}, reverse=True)
    for leaf in below:
        if program.constant(leaf) or nodes[leaf].type.dtype.kind != "f":
            continue
        found = region(program, root, partial(_above, leaf, inside))
        if found.leaves == [leaf]:
            yield found


def _above(leaf: int, inside: Callable[[int], bool], i: int) -> bool:
    return i != leaf and inside(i)


# ------------------------------------------------------------ as code


def parameters(found: Region) -> list[str]:
    """Names for the leaves: those of the user, where they have names, else x, y, ..."""
    used = {*RESERVED}
    names = []
    for text in texts(found) or [""] * len(found.leaves):
        plain = text.isidentifier() and text not in used
        names.append(fresh(text if plain else "x", used))
    return names


def texts(found: Region) -> list[str] | None:
    """What stands for the leaves in the expression of the root; None where that cannot be told."""
    at = found.program.position(found.root)
    words = [spelled(_takers(found, leaf), at) for leaf in found.leaves]
    return words if all(words) else None  # type: ignore[return-value]


def _takers(found: Region, leaf: int) -> Iterator[tuple[Position, int]]:
    """Where the operations stand that take a leaf, and as which operand."""
    nodes = found.program.graph.nodes
    for i in found.inner:
        for k, a in enumerate(nodes[i].args):
            while a != leaf and type(nodes[a].op) in SPREAD:
                a = nodes[a].args[0]
            if a == leaf:
                yield found.program.position(i), k


def _definition(form: Form, types: list[Type], name: str) -> str:
    """The function with a gradient of its own."""
    names = parameters(form.region)
    graph = with_pull(form.function, types, False)
    writer = Writer(graph, [*names, "g"], len(names))
    value = writer.output(0)
    back = [
        writer.output(1 + k, like=x) if t.dtype.kind == "f" else "None"
        for k, (x, t) in enumerate(zip(names, types, strict=True))
    ]
    result = back[0] if len(back) == 1 else f"({', '.join(back)})"
    lines = ["@bibun.custom_gradient", f"def {name}({', '.join(names)}):"]
    lines += _docstring(f"{_formula(form.region, names)}, {form.how}.")
    lines += [f"    {line}" for line in writer.lines]
    if not writer.late_lines:
        return "\n".join([*lines, f"    return {value}, lambda g: {result}"])
    lines += ["", "    def rule(g):", *(f"        {line}" for line in writer.late_lines)]
    return "\n".join([*lines, f"        return {result}", "", f"    return {value}, rule"])


def _formula(found: Region, names: list[str]) -> str:
    try:
        writer = Writer(found.graph, names)
    except UnwrittenError:
        return "The expression"
    return "The expression" if writer.lines else writer.output(0)


def _docstring(text: str) -> list[str]:
    lines = wrap(text, LINE - 8)
    lines[0] = f'"""{lines[0]}'
    lines = [*lines, '"""'] if len(lines) > 1 else [f'{lines[0]}"""']
    return [f"    {line}" for line in lines]


def _edit(candidate: Candidate) -> Edit | None:
    found = candidate.region
    at = found.program.position(found.root)
    words = texts(found)
    if words is None or not at.expression:
        return None
    new, written = f"{candidate.name}({', '.join(words)})", laid_out(candidate.definition)
    return Edit(new, at.expression, at, written)


# ------------------------------------------------------------ tried out


def _agrees(candidate: Candidate, found: Truth) -> bool:
    """Whether the code gives what is proven, here and at other arguments."""
    with _pasted(candidate) as functions:
        if not _gives(functions, candidate.region, found, True):
            return False
        rng = np.random.default_rng(0)
        for k in range(OTHERS):
            moved = candidate.region.at([_other(a, rng, k) for a in candidate.region.args])
            exact = truth(moved)
            sound = exact.kind == "number" and all(np.isfinite(y).all() for y in exact.results)
            # Elsewhere it is the right function, with as many digits as there is reason for.
            if sound and not _gives(functions, moved, exact, False):
                return False
    return True


def _other(a: np.ndarray, rng: np.random.Generator, k: int) -> np.ndarray:
    """Arguments like these, but somewhere else: close by, and moderate."""
    if a.dtype.kind != "f":
        return a
    noise = rng.uniform(0.5, 1.5, a.shape)
    return np.asarray(a * noise if k == 0 else noise if k == 1 else noise - 1, a.dtype)


@contextmanager
def _pasted(candidate: Candidate) -> Iterator[tuple[Any, Any]]:
    """What the definition defines, and the sum of its results with weights."""
    weighed = f"def weighed(g, *args):\n    return np.sum({candidate.name}(*args) * g)\n"
    source, file = (
        "\n\n\n".join([IMPORTS, candidate.definition, weighed]),
        f"<pasted {next(NUMBERS)}>",
    )
    # Functions are traced by their source.
    linecache.cache[file] = len(source), None, source.splitlines(True), file
    modules: dict[str, Any] = {"__name__": "pasted"}
    try:
        exec(compile(source, file, "exec", dont_inherit=True), modules)
        yield modules[candidate.name], modules["weighed"]
    finally:
        linecache.cache.pop(file, None)


def _gives(functions: tuple[Any, Any], found: Region, exact: Truth, strictly: bool) -> bool:
    """Whether a function has this value and these cotangents, in floats.

    Not `strictly` it may lose digits, but is the same function.
    """
    function, weighed = functions
    args = [a[()] for a in found.args]
    floats = [k for k, moves in enumerate(found.moved) if moves]
    g = cotangent(exact.results[0].shape, exact.results[0].dtype)
    with rescue(False), np.errstate(all="ignore"):
        try:
            value = function(*args)
            slopes = grad(weighed, [1 + k for k in floats])(g, *args)
        except (TypeError, ValueError, ArithmeticError, LookupError):
            return False
    pairs = [(value, exact.results[0])]
    pairs += [(s, exact.results[1 + k]) for s, k in zip(slopes, floats, strict=True)]
    if strictly:
        return not any(wrong(y, z) for y, z in pairs)
    largest = max(float(np.max(np.abs(z), initial=0)) for _, z in pairs)
    allowed = float(np.finfo(exact.results[0].dtype).eps) ** (KEPT / 2) * largest
    return all(bool(np.all(np.abs(y - z) <= allowed)) for y, z in pairs)
