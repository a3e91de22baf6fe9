"""What is public has docstrings and hints, every op has examples, and the import is light."""

from __future__ import annotations

import ast
import importlib
import inspect
import pkgutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.test_layout import OPTIONAL, ROOT, SOURCE, confirm, files, ours, place

# What graphs themselves are made of: inputs, items, scalars. The laws of the ops pass them by.
STRUCTURE = {"bibun.constants", "bibun.graph"}


def at(thing: Any) -> str:
    """File, line and name of a function or class."""
    thing = inspect.unwrap(thing)
    file, (_, line) = Path(inspect.getfile(thing)), inspect.getsourcelines(thing)
    return f"{file.relative_to(ROOT).as_posix()}:{line}: {thing.__name__}"


def documented(thing: Any) -> bool:
    """Whether there is a docstring of its own: a dataclass without one gets its signature."""
    return bool(thing.__doc__) and not thing.__doc__.startswith(f"{thing.__name__}(")


def without_hint(thing: Any) -> list[str]:
    """The parameters that lack a type, and `return`."""
    function = thing.__init__ if inspect.isclass(thing) else inspect.unwrap(thing)
    if not inspect.isfunction(function) or not ours(function.__module__):
        return []  # inherited from outside, such as the constructor of an exception
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())[inspect.isclass(thing) :]
    names = [p.name for p in parameters if p.annotation is p.empty]
    lacks_result = signature.return_annotation is signature.empty and not inspect.isclass(thing)
    return names + ["return"] * lacks_result


def test_what_is_public_has_docstring_and_hints() -> None:
    bibun = importlib.import_module("bibun")
    public = [getattr(bibun, name) for name in bibun.__all__]
    public = [p for p in public if inspect.isclass(p) or inspect.isroutine(p)]
    confirm([f"{at(p)} has no docstring" for p in public if not documented(p)])
    hints = [(p, ", ".join(without_hint(p))) for p in public]
    confirm([f"{at(p)}: no type for {names}" for p, names in hints if names])


def test_what_is_public_has_an_example() -> None:
    """The examples run as tests: `make test` passes --doctest-modules."""
    modules = [importlib.import_module(name) for name in ("bibun", "bibun.nn", "bibun.optim")]
    named = {f"{m.__name__}.{n}": getattr(m, n) for m in modules for n in public_names(m)}
    things = {n: p for n, p in named.items() if inspect.isclass(p) or inspect.isroutine(p)}
    lacking = [n for n, p in things.items() if ">>>" not in p.__doc__ and not is_error(p)]
    confirm([f"{at(things[n])}: {n} has no example" for n in lacking])


def public_names(module: Any) -> list[str]:
    own = [n for n, p in vars(module).items() if getattr(p, "__module__", "") == module.__name__]
    return getattr(module, "__all__", [n for n in own if not n.startswith("_")])


def is_error(thing: Any) -> bool:
    return inspect.isclass(thing) and issubclass(thing, BaseException)


def test_the_first_line_of_a_docstring_is_a_sentence() -> None:
    """Tools show it alone."""
    kinds = ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef
    found = []
    for file in files(SOURCE):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            text = ast.get_docstring(node, clean=False) if isinstance(node, kinds) else None
            if text is not None and not text.splitlines()[0].endswith((".", "?", "!", ":")):
                line = getattr(node, "lineno", 1)
                found.append(
                    f"{place(file, SOURCE, line)}: {text.splitlines()[0]!r} is no sentence"
                )
    confirm(found)


def concrete(base: type) -> Iterator[type]:
    """The final classes below `base` that bibun itself defines."""
    below = [c for c in base.__subclasses__() if ours(c.__module__)]
    if not below and not inspect.isabstract(base):
        yield base
    for c in below:
        yield from concrete(c)


def has_examples(op: Any) -> bool:
    try:
        return next(iter(op.examples()), None) is not None
    except NotImplementedError:  # what the abstract Op says
        return False


def test_every_op_has_docstring_and_examples() -> None:
    package = importlib.import_module("bibun.ops")
    for module in pkgutil.walk_packages(package.__path__, "bibun.ops."):
        importlib.import_module(module.name)
    base = importlib.import_module("bibun.graph").Op
    ops: list[Any] = [op for op in dict.fromkeys(concrete(base)) if op.__module__ not in STRUCTURE]
    assert ops != [base], "bibun.ops defines no operation"
    confirm([f"{at(op)} has no docstring" for op in ops if not documented(op)])
    confirm([f"{at(op)} has no examples" for op in ops if not has_examples(op)])


def test_no_function_is_implemented_twice() -> None:
    """Which of two would win depends on what was imported first."""
    places: dict[str, list[str]] = {}
    for file in files(SOURCE):
        for node in ast.walk(ast.parse(file.read_text("utf-8"))):
            for call in getattr(node, "decorator_list", []):
                if isinstance(call, ast.Call) and ast.unparse(call.func) in ("implements", "means"):
                    for f in map(ast.unparse, call.args):
                        places.setdefault(f, []).append(place(file, SOURCE, node.lineno))
    twice = {f: p for f, p in places.items() if "." in f and len(p) > 1}
    confirm([f"{', '.join(p)}: {f} has {len(p)} meanings" for f, p in twice.items()])


def test_import_is_light() -> None:
    """Of the dependencies only NumPy is imported by `import bibun`."""
    program = "import sys; old = set(sys.modules); import bibun; print(*set(sys.modules) - old)"
    command = [sys.executable, "-c", program]
    new = subprocess.run(command, check=True, capture_output=True, text=True).stdout.split()
    loaded = sorted(OPTIONAL & {name.split(".")[0] for name in new})
    assert not loaded, f"src/bibun/__init__.py:1: `import bibun` imports {', '.join(loaded)}"
