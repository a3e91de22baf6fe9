"""From a code object to its source and back: the same code, compiled with marks."""

from __future__ import annotations

import ast
import linecache
import re
import sys
from collections.abc import Iterator
from functools import partialmethod
from threading import RLock
from types import CodeType, FunctionType, ModuleType
from typing import Any

import numpy as np

from .marks import NOTHING, SET, Marks, Names, copied, defined, imported, nested, with_marks
from .owners import of_classes, of_user
from .rolling import Rolling

POLYNOMIALS = re.compile("Polynomial|Chebyshev|Legendre|Laguerre|Hermite|poly1d")
REWRITTEN = "@py"  # with this begin the names that pytest puts into code with assertions


class Source:
    """The source of a file, parsed once."""

    def __init__(self, file: str):
        self.file = file
        try:
            self.tree = ast.parse("".join(linecache.getlines(file)))
        except (SyntaxError, ValueError):
            self.tree = ast.parse("")
        self.names, self.modules = defined(self.tree), imported(self.tree)
        if of_classes(file) or POLYNOMIALS.search("".join(linecache.getlines(file))):
            self.names |= _of_polynomials()
        self.imports = list(_imports(self.tree.body))
        self.compiled: dict[tuple, list[tuple[CodeType, CodeType]]] = {}

    def pairs(self, line: int, names: Names, marks: Marks) -> list[tuple[CodeType, CodeType]]:
        """All code of the top-level statement at a line: as it is, and with marks."""
        chosen = [s for s in self.tree.body if _first(s) <= line <= (s.end_lineno or 0)]
        key = (*map(_first, chosen), names)
        if key not in self.compiled:
            plain = self._compile(chosen)
            marked = [Rolling(names, self.modules).visit(copied(s)) for s in chosen]
            code = with_marks(self._compile(marked), marks)
            found = list(zip(nested(plain), nested(code), strict=False))
            alike = all(a.co_name == b.co_name for a, b in found)
            self.compiled[key] = found[1:] if alike else []
        return self.compiled[key]

    def _compile(self, body: list[ast.stmt]) -> CodeType:
        # Imports stand in front, since they decide about `from __future__` and about how Python
        # compiles the attributes of modules.
        return compile(ast.Module([*self.imports, *body], []), self.file, "exec", dont_inherit=True)


def _first(statement: ast.stmt) -> int:
    decorators = getattr(statement, "decorator_list", [])
    return min([statement.lineno, *(d.lineno for d in decorators)])


def _imports(body: list[ast.stmt]) -> Iterator[ast.stmt]:
    """The import statements of the module itself."""
    for statement in body:
        if isinstance(statement, ast.Import | ast.ImportFrom):
            yield statement
        for part in ("body", "orelse", "handlers", "finalbody"):
            if not isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
                yield from _imports(getattr(statement, part, []))


def is_generated(code: CodeType) -> bool:
    """Whether dataclasses have written this method."""
    return code.co_filename == "<string>" and code.co_name[:2] == code.co_name[-2:] == "__"


# ------------------------------------------------------------ from code to code

_lock = RLock()
_sources: dict[str, Source] = {}
_seen: dict[str, tuple[int, Names]] = {}  # module -> how large it was, and what its classes define
_names = NOTHING


def marked_code(code: CodeType, marks: Marks) -> CodeType | None:
    """The code with marks, or None where it needs none, or where its source is not at hand."""
    with _lock:
        found = _pairs_of(code, marks) or _pairs_of(code, marks, afresh=True)
    exact = [b for a, b in found if list(a.co_positions()) == list(code.co_positions())]
    chosen = exact[0] if exact else found[0][1] if found else None
    if chosen is None or set(chosen.co_freevars) != set(code.co_freevars):
        return None
    objects = {id(mark) for mark in marks.values()}
    uses = any(id(c) in objects for inner in nested(chosen) for c in inner.co_consts)
    return chosen if uses else None


def has_source(code: CodeType, marks: Marks) -> bool:
    """Whether the source of this code is at hand."""
    with _lock:
        return bool(_pairs_of(code, marks) or _pairs_of(code, marks, afresh=True))


def functions_at(code: CodeType) -> list[ast.FunctionDef | ast.Lambda]:
    """The functions in the source that this code may be of, which is known to be up to date."""
    with _lock:
        source = _sources.get(code.co_filename) or Source(code.co_filename)
    first, kind = code.co_firstlineno, ast.FunctionDef
    if code.co_name == "<lambda>":
        return [n for n in ast.walk(source.tree) if isinstance(n, ast.Lambda) and n.lineno == first]
    functions = (n for n in ast.walk(source.tree) if isinstance(n, kind) and n.name == code.co_name)
    return [n for n in functions if _first(n) == first]


def _pairs_of(
    code: CodeType, marks: Marks, afresh: bool = False
) -> list[tuple[CodeType, CodeType]]:
    """What stands in the source for this code.

    `afresh` reads the file again, which may have been edited and loaded anew.
    """
    file = code.co_filename
    if afresh:
        linecache.checkcache(file)
    if not linecache.getlines(file):
        return []
    source = None if afresh else _sources.get(file)
    if source is None:
        source = _sources[file] = Source(file)
    pairs = source.pairs(code.co_firstlineno, all_names(source.names), marks)
    return [(a, b) for a, b in pairs if _same(a, code)]


def _same(a: CodeType, code: CodeType) -> bool:
    """Whether this is what the source says: it may have been edited since it was imported."""
    if a.co_name != code.co_name or a.co_firstlineno != code.co_firstlineno:
        return False
    if any(name.startswith(REWRITTEN) for name in (*code.co_names, *code.co_varnames)):
        return a.co_qualname == code.co_qualname and set(a.co_names) <= set(code.co_names)
    return a == code


def all_names(names: Names) -> Names:
    """What these classes define, and the classes of all modules of the user."""
    global _names
    for name, module in list(sys.modules.items()):
        size = len(getattr(module, "__dict__", ()))
        if _seen.get(name, (-1, NOTHING))[0] != size:
            _seen[name] = (size, _defined_in(module))
            _names |= _seen[name][1]
    _names |= names
    return _names


def known_names() -> Names:
    """What is known so far of the classes of the user."""
    return _names


def _defined_in(module: Any) -> Names:
    file = getattr(module, "__file__", None)
    if type(module) is not ModuleType or not isinstance(file, str) or not of_user(file):
        return NOTHING
    return NOTHING if of_classes(file) else _classes_of(module)


def _of_polynomials() -> Names:
    """What NumPy's classes of polynomials define: of no concern to code that names none of them."""
    modules = (np.polynomial._polybase.__name__, np.poly1d.__init__.__module__)
    new, old = (_classes_of(sys.modules[name]) for name in modules)
    return new | old


def _classes_of(module: Any) -> Names:
    methods: set[str] = set()
    properties: set[str] = set()
    for kind in [k for k in vars(module).values() if isinstance(k, type)]:
        if kind.__module__ == module.__name__:
            methods.update(n for n, f in vars(kind).items() if _is_method(n, f))
            properties.update(n for n, f in vars(kind).items() if _computes(f))
    return Names(frozenset(methods), frozenset(properties))


def _is_method(name: str, f: Any) -> bool:
    """Whether this is a method that may need hooks: no frozen dataclass computes anything."""
    if isinstance(f, FunctionType):
        return not (name in SET and is_generated(f.__code__))
    bound = isinstance(f, classmethod | staticmethod | partialmethod) or _computes(f)
    return name[:2] == name[-2:] == "__" and bound


def _computes(descriptor: Any) -> bool:
    """Whether reading or setting it as an attribute runs a function."""
    methods = (getattr(type(descriptor), name, None) for name in ("__get__", "__set__"))
    own = any(isinstance(f, FunctionType) for f in methods)
    return own or isinstance(descriptor, property)


def forget() -> None:
    """Compile everything again when it is met next."""
    with _lock:
        _sources.clear()
        _seen.clear()
