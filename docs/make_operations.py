"""Writes docs/operations.md, the table of all that bibun differentiates, from the operations.

    python docs/make_operations.py

tests/laws/test_table.py checks that the page is up to date.
"""

from __future__ import annotations

import ast
import importlib
import importlib.util
import inspect
import operator
import pkgutil
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import numpy as np
import scipy

import bibun.ops
from bibun import walk
from bibun.array import FUNCTIONS, UFUNCS, Array, bind
from bibun.errors import BibunError, NotDifferentiableError
from bibun.export.functions import exported
from bibun.export.header import Header, Style
from bibun.export.lowered import lowered
from bibun.graph import Example, Op, Type
from bibun.native.nodes import Nodes
from bibun.native.pieces import Joined
from bibun.native.prepared import prepared
from bibun.ops.elementwise import TABLE, Elementwise
from bibun.ops.later import load_scipy
from bibun.ops.parts import Imag, Real
from bibun.ops.plain import REFUSED
from bibun.recording import INTERNAL
from bibun.walk import build

PAGE = Path(__file__).parent / "operations.md"
INTERNAL[__file__] = (
    True  # messages of errors are quoted here: they shall not end with a line of this file
)
KINDS = {"b": "bool", "i": "int", "u": "int", "f": "float", "c": "complex"}
HEAD = """# Supported operations

Made by `python docs/make_operations.py` from the operations themselves, with NumPy {numpy} and
SciPy {scipy}: do not edit. `y` is the result. A derivative of 0 means piecewise constant.
Derivatives are taken with respect to floating-point numbers (float16, float32, float64), and each
can be differentiated again.

The column `jit`: what compiled code does itself, and not by a call of NumPy's between its loops
([jit.md](jit.md)); the parts of complex arguments, and results put together from parts, are always
NumPy's.

The columns for C++: what `bibun.export` writes, with its derivative; and what it is in
<bibun/ad.hpp>, for numbers (`Dual`) and for matrices on the tape (`Var`; others of numbers through
`map`). Each is compared with Python on the same numbers (tests/cpp/test_vectors.py,
tests/export/test_operations.py).
"""


def modules() -> list[ModuleType]:
    """Every file of bibun.ops."""
    found = [m.name for m in pkgutil.walk_packages(bibun.ops.__path__, "bibun.ops.")]
    return [importlib.import_module(name) for name in sorted(found)]


def page() -> str:
    """The whole page."""
    files = modules()
    parts = [HEAD.format(numpy=_short(np.__version__), scipy=_short(scipy.__version__))]
    parts.append("## Functions of one element of each argument\n")
    head = (
        "function",
        "derivative by each argument",
        "argument types",
        "jit",
        "export",
        "Dual",
        "Var",
    )
    parts.append(table(head, rows(files)))
    parts.append(
        "## Operations on whole arrays\n\nThese are what NumPy's functions below are made of.\n"
    )
    for file, ops in operations(files).items():
        lines = (
            (
                f"`{op.__name__}`",
                _sentence(op),
                derivative(op),
                of_all(op, is_native),
                of_all(op, exports),
                in_cpp(op),
            )
            for op in ops
        )
        head = "operation", "meaning", "derivative", "jit", "export", "Var"
        parts.append(f"### {_sentence(file)}\n\n" + table(head, lines))
    parts.append(
        "## Functions that are understood\n\nCalled on traced arrays, with their own signatures.\n"
    )
    parts += [
        f"**{home}**: {', '.join(f'`{n}`' for n in names)}\n" for home, names in functions().items()
    ]
    return "\n".join(parts)


def _short(version: str) -> str:
    return ".".join(version.split(".")[:2])


def table(head: tuple[str, ...], lines: Any) -> str:
    """A table in Markdown."""
    cells = [head, ("---",) * len(head), *((c.replace("|", r"\|") for c in line) for line in lines)]
    return "\n".join(f"| {' | '.join(line)} |" for line in cells) + "\n"


def _sentence(thing: Any) -> str:
    """The first paragraph of a docstring, on one line."""
    return " ".join((inspect.getdoc(thing) or "").split("\n\n")[0].split())


# ------------------------------------------------------------ the rows


def rows(files: list[ModuleType]) -> Iterator[tuple[str, ...]]:
    written = sources(files)
    for op in sorted(TABLE.values(), key=lambda op: op.home):  # late files come as they are met
        example = next(e for e in Elementwise.examples() if e.op is op)
        yield (
            f"`{path(op.ufunc)}`",
            partials(op, written.get(op.label, [])),
            kinds(op),
            "yes" if is_native(example) else "",
            "yes" if exports(example) else "",
            *(
                f"`{text}`" if text else ""
                for text in counterparts().ELEMENTS.get(op.label, ("", ""))
            ),
        )


def sources(files: list[ModuleType]) -> dict[str, list[ast.expr]]:
    """How the partials of each row are written, by the label of the row."""
    found = {}
    for file in files:
        for node in ast.walk(ast.parse(inspect.getsource(file))):
            if (
                isinstance(node, ast.Call)
                and isinstance(node.func, ast.Name)
                and node.func.id == "row"
                and node.args
            ):
                try:
                    function = eval(ast.unparse(node.args[0]), vars(file))
                except NameError:  # inside a function that makes rows
                    continue
                found[function.__name__] = node.args[1:]
    return found


def partials(op: Elementwise, written: list[ast.expr]) -> str:
    """The partial derivatives, as formulas where they are written as such."""
    several = len(op.partials) > 1
    texts = [
        _formula(p, written[k] if k < len(written) else None) for k, p in enumerate(op.partials)
    ]
    if len(set(texts)) == 1 and texts[0].startswith(("0", "none")):
        return texts[0]
    names = "abcd" if several else "x"
    return "; ".join(f"{n}: {t}" if several else t for n, t in zip(names, texts, strict=False))


def _formula(partial: Any, source: ast.expr | None) -> str:
    if partial is None:
        return "0"
    if isinstance(partial, str):
        return f"none: {partial.split(':')[0]}"
    if isinstance(source, ast.Lambda):
        return f"`{ast.unparse(source.body)}`"
    if isinstance(partial, int | float):
        return f"`{partial if source is None else ast.unparse(source)}`"
    return _expression(partial) or _sentence(partial) or f"`{partial.__name__}`"


def _expression(function: Any) -> str:
    """What a function of one statement returns."""
    try:
        (tree,) = ast.parse(inspect.getsource(function)).body
    except (TypeError, SyntaxError, OSError):
        return ""
    body = [
        n
        for n in getattr(tree, "body", [])
        if not (isinstance(n, ast.Expr) and isinstance(n.value, ast.Constant))
    ]
    only = body[0] if len(body) == 1 else None
    return f"`{ast.unparse(only.value)}`" if isinstance(only, ast.Return) and only.value else ""


def kinds(op: Elementwise) -> str:
    """The kinds of numbers that the function takes as its first argument."""
    chars = {t[0] for t in op.ufunc.types}
    found = [np.dtype(c).kind for c in "?bBhHiIlLqQefdgFDG" if c in chars]
    return ", ".join(dict.fromkeys(KINDS[k] for k in found))


# ------------------------------------------------------------ other operations


def operations(files: list[ModuleType]) -> dict[ModuleType, list[type[Op]]]:
    """The classes of operations with examples, by file."""
    found: dict[ModuleType, list[type[Op]]] = {}
    for file in files:
        classes = [
            c for c in vars(file).values() if inspect.isclass(c) and c.__module__ == file.__name__
        ]
        ops = [
            c
            for c in classes
            if issubclass(c, Op) and c is not Elementwise and not c.__subclasses__()
        ]
        if ops:
            found[file] = ops
    return found


def derivative(op: type[Op]) -> str:
    """Yes, 0, or the reason why not, whichever the examples show."""
    answers = [_answer(e) for e in op.examples()]
    return next((a for a in answers if a != "0"), "0")


def _answer(example: Example) -> str:
    """What the rule says on arrays of which only the types are known."""
    op, rng = example.op, np.random.default_rng(0)
    types = [_type(a(rng)) if callable(a) else Type(np.dtype(float), a) for a in example.args]
    answer = []

    def push(*args: Array) -> list[Array]:
        y = bind(op, *args)
        tangents = tuple(a if t.differentiable else None for a, t in zip(args, types, strict=True))
        if any(t is not None for t in tangents):
            found = op.push(y, args, tangents)
            results = found if type(found) is tuple else (found,)
            answer.extend(r for r in results if r is not None)
        return []

    try:
        walk.build(types, push)
    except NotDifferentiableError as error:
        return f"none: {str(error).split(': ', 1)[-1]}"
    return "yes" if answer else "0"


def _type(x: Any) -> Type:
    return Type(np.asarray(x).dtype, np.shape(x))


# ------------------------------------------------------------ C++


@cache
def counterparts() -> ModuleType:
    """The table of what the C++ headers have."""
    file = Path(__file__).parent.parent / "tests" / "cpp" / "counterparts.py"
    spec = importlib.util.spec_from_file_location("counterparts", file)
    assert spec and spec.loader
    found = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(found)
    return found


def in_cpp(op: type[Op]) -> str:
    """The functions of the C++ library that do this."""
    names = [w.name for w in counterparts().WHOLE if w.operation == op.__name__]
    return ", ".join(f"`{name}`" for name in dict.fromkeys(names))


def of_all(op: type[Op], holds: Callable[[Example], bool]) -> str:
    """Whether something holds for all examples, or some."""
    answers = [holds(e) for e in op.examples()]
    return "yes" if all(answers) else "in part" if any(answers) else ""


def _several(y: Any) -> Any:
    return y if isinstance(y, tuple) else [y]


def is_native(example: Example) -> bool:
    """Whether compiled code has loops, or functions of its own, for an example."""
    rng = np.random.default_rng(0)
    args = [np.asarray(a(rng) if callable(a) else np.ones(a)) for a in example.args]
    types = [Type(x.dtype, x.shape) for x in args]
    op = example.op
    graph = build(types, lambda *xs: _several(bind(op, *xs)))
    nodes = Nodes(prepared(graph))
    calls = {type(n.op) for i, n in nodes.graph if nodes.role[i] == "call"}
    return calls <= {Real, Imag, Joined}


def exports(example: Example) -> bool:
    """Whether an example becomes C++, with its derivative if it has one."""
    rng = np.random.default_rng(0)
    args = tuple(
        np.asarray(a(rng) if callable(a) else rng.uniform(*example.domain, a)) for a in example.args
    )
    floats = [k for k, x in enumerate(args) if x.dtype.kind == "f"]
    op = example.op
    for kind in ("jvp", "value") if floats else ("value",):
        given = exported(lambda *xs: bind(op, *xs), args, floats, kind)
        try:
            Header("f", lowered("f", given, "libm"), Style("example", False, False, []))
            return True
        except NotDifferentiableError:
            continue  # then its value alone
        except BibunError:
            return False
    return False


# ------------------------------------------------------------ NumPy's functions


def functions() -> dict[str, list[str]]:
    """The names of the functions that bibun implements, by the module they are in."""
    for name in bibun.scipy.linalg.__all__:
        load_scipy(getattr(scipy.linalg, name))
    found = defaultdict(set)
    written = {operator.getitem: "x[index]", iter: "iter(x)"}
    for f in (*UFUNCS, *FUNCTIONS):
        if f in REFUSED:  # only to say why not
            continue
        if isinstance(f, tuple):
            found["np"].add(f"np.{f[0].__name__}.{f[1]}")
        elif f in written:
            found["Python"].add(written[f])
        elif callable(f) and (isinstance(f, np.ufunc) or getattr(f, "__module__", None)):
            name = path(f)
            if "." in name:
                found[name.rpartition(".")[0]].add(name)
    order = sorted(found, key=lambda home: (home != "np", not home.startswith("np."), home))
    return {home: sorted(found[home], key=str.lower) for home in order}


def path(f: Any) -> str:
    """How a user writes a function."""
    name = f.__name__
    if getattr(np, name, None) is f:
        return f"np.{name}"
    if getattr(scipy.special, name, None) is f:
        return f"scipy.special.{name}"
    home = getattr(f, "__module__", None)
    if not home or home.startswith("bibun"):
        return name
    public = home.lstrip("_").replace("numpy", "np", 1)
    return ".".join([p for p in public.split(".") if not p.startswith("_")] + [name])


if __name__ == "__main__":
    PAGE.write_text(page(), "utf-8")
