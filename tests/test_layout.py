"""The layout test: imports point one way, files and functions are short, nothing is a stub."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from graphlib import CycleError, TopologicalSorter
from importlib.util import resolve_name
from pathlib import Path
from typing import Any, NamedTuple

import pytest

ROOT = Path(__file__).resolve().parent.parent
SOURCE = ROOT / "src"

# From top to bottom. A file imports only from lines above its own; siblings of one line do not
# import each other. A name is a file or a folder of src/bibun; it need not exist yet.
ORDER = [
    {"errors"},
    {"fields", "notation", "extension"},
    {"graph", "guide", "snapshots"},
    {"constants", "closing"},
    {"recording"},
    {"interface"},
    {"array"},
    {"quick"},
    {"memory"},
    {"writing"},
    {"variable"},
    {"loops"},
    {"zeros"},
    {"walk"},
    {"program"},
    {"ops"},
    {"rewrite"},
    {"wide"},
    {"tracing"},
    {"derivative"},
    {"native"},
    {"tape"},
    {"numerics"},
    {"numpy", "scipy", "draw", "export", "cpp"},
    {"nn", "optim"},
    {"train"},
    {"compat"},
    {"cli"},
    {"__init__"},
]

# Third-party packages that are imported on first use, so that `import bibun` stays quick.
# fmt: off
OPTIONAL = {
    "flint", "llvmlite", "optree", "scipy",                             # dependencies
    "matplotlib", "rich", "safetensors", "sympy", "tqdm",               # extras
    "dask", "mpi4py", "ray", "sklearn",
    "autograd", "casadi", "jax", "tensorflow", "torch",                 # peers
}
# fmt: on

# (file, module) -> the reason why this bibun module is imported inside a function. The direction
# still holds.
LAZY: dict[tuple[str, str], str] = {}

FILE_LINES, FUNCTION_LINES = 400, 30

FUNCTION = ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda


def confirm(problems: list[str]) -> None:
    """Every problem is one line that names file and line."""
    assert not problems, "\n" + "\n".join(problems)


# ------------------------------------------------------------------------ reading the files


class Import(NamedTuple):
    """One imported module: where, by whom, and whether inside a function."""

    place: str
    file: str
    importer: str
    module: str
    inside: bool


def files(source: Path) -> list[Path]:
    found = sorted((source / "bibun").rglob("*.py"))
    assert found, f"no Python file under {source / 'bibun'}"
    return found


def place(file: Path, source: Path, line: int = 1) -> str:
    return f"{file.relative_to(source.parent).as_posix()}:{line}"


def dotted(file: Path, source: Path) -> str:
    """src/bibun/ops/select.py -> bibun.ops.select, and a folder's __init__.py -> the folder."""
    names = file.relative_to(source).with_suffix("").parts
    return ".".join(names[:-1] if names[-1] == "__init__" else names)


def statements(node: ast.AST, inside: bool = False) -> Iterator[tuple[Any, bool]]:
    """Every import statement, and whether a function encloses it."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.Import | ast.ImportFrom):
            yield child, inside
        yield from statements(child, inside or isinstance(child, FUNCTION))


def targets(statement: Any, file: Path, source: Path, modules: set[str]) -> Iterator[str]:
    """The modules that a statement imports: `from . import ops` means bibun.ops."""
    if isinstance(statement, ast.Import):
        yield from (alias.name for alias in statement.names)
        return
    package = dotted(file if file.name == "__init__.py" else file.parent / "__init__.py", source)
    base = resolve_name("." * statement.level + (statement.module or ""), package)
    for alias in statement.names:
        full = f"{base}.{alias.name}"
        module = full in modules or (base == "bibun" and line_of(full) is not None)
        yield full if module else base


def imports(source: Path) -> Iterator[Import]:
    modules = {dotted(file, source) for file in files(source)}
    for file in files(source):
        name, importer = file.relative_to(source.parent).as_posix(), dotted(file, source)
        for statement, inside in statements(ast.parse(file.read_text("utf-8"))):
            for module in dict.fromkeys(targets(statement, file, source, modules)):
                yield Import(f"{name}:{statement.lineno}", name, importer, module, inside)


def ours(module: str) -> bool:
    return module.split(".")[0] == "bibun"


def unit(module: str) -> str:
    """The name in ORDER: bibun.ops.select -> ops."""
    return [*module.split("."), "__init__"][1]


def line_of(module: str) -> int | None:
    """The line of ORDER on which a bibun module stands."""
    if not ours(module):
        return None
    return next((i for i, line in enumerate(ORDER) if unit(module) in line), None)


# --------------------------------------------------------------------------------- the rules


def unknown_modules(source: Path) -> list[str]:
    modules = ((file, dotted(file, source)) for file in files(source))
    return [
        f"{place(file, source)}: {unit(module)} stands on no line of ORDER"
        for file, module in modules
        if line_of(module) is None
    ]


def wrong_directions(source: Path) -> list[str]:
    """A bibun module is imported only from a lower line of ORDER, or from its own folder."""
    problems = []
    for i in imports(source):
        own, other = line_of(i.importer), line_of(i.module)
        if not ours(i.module) or own is None or unit(i.importer) == unit(i.module):
            continue
        if other is None:
            problems.append(f"{i.place}: {i.module} stands on no line of ORDER")
        elif other >= own:
            stands = "beside" if other == own else "below"
            problems.append(f"{i.place}: {i.module} stands {stands} {unit(i.importer)}")
    return problems


def cycles(source: Path) -> list[str]:
    """Files of one folder may import each other, but not in a circle."""
    places = {
        (i.importer, i.module): i.place
        for i in imports(source)
        if ours(i.module) and unit(i.importer) == unit(i.module)
    }
    needs: dict[str, set[str]] = {}
    for importer, module in places:
        needs.setdefault(importer, set()).add(module)
    try:
        TopologicalSorter(needs).prepare()
    except CycleError as error:
        circle = error.args[1]  # each is imported by the next
        pairs = zip(circle[1:], circle, strict=False)
        return [f"{places[pair]}: {pair[0]} imports {pair[1]}: a circle" for pair in pairs]
    return []


def hidden_imports(source: Path) -> list[str]:
    """Inside a function only OPTIONAL dependencies are imported, and what LAZY excuses."""
    return [
        f"{i.place}: {i.module} is imported inside a function; imports stand at the top"
        for i in imports(source)
        if i.inside and i.module.split(".")[0] not in OPTIONAL and (i.file, i.module) not in LAZY
    ]


def without_docstring(source: Path) -> list[str]:
    return [
        f"{place(file, source)}: the file does not say which story it tells: a docstring is missing"
        for file in files(source)
        if not ast.get_docstring(ast.parse(file.read_text("utf-8")))
    ]


def long_files(source: Path) -> list[str]:
    counts = ((file, len(file.read_text("utf-8").splitlines())) for file in files(source))
    return [
        f"{place(file, source, n)}: {n} lines, the limit is {FILE_LINES}"
        for file, n in counts
        if n > FILE_LINES
    ]


def body_lines(function: Any) -> int:
    """The lines of a function after its signature and docstring."""
    body = function.body[1:] if ast.get_docstring(function) else function.body
    return function.end_lineno - body[0].lineno + 1 if body else 0


def long_functions(source: Path) -> list[str]:
    return [
        f"{place(file, source, f.lineno)}: {f.name} has {n} lines, the limit is {FUNCTION_LINES}"
        for file in files(source)
        for f in ast.walk(ast.parse(file.read_text("utf-8")))
        if isinstance(f, ast.FunctionDef | ast.AsyncFunctionDef)
        if (n := body_lines(f)) > FUNCTION_LINES
    ]


def stubs(source: Path) -> list[str]:
    """NotImplementedError is raised by the abstract class Op and nowhere else."""
    problems = []
    for file in files(source):
        tree = ast.parse(file.read_text("utf-8"))
        classes = (n for n in ast.walk(tree) if isinstance(n, ast.ClassDef) and n.name == "Op")
        allowed = {n for op in classes for n in ast.walk(op)}
        problems += [
            f"{place(file, source, n.lineno)}: NotImplementedError: finish it, or leave it out"
            for n in ast.walk(tree)
            if isinstance(n, ast.Raise) and n.exc and n not in allowed
            if "NotImplementedError" in ast.unparse(n.exc)
        ]
    return problems


RULES = (unknown_modules, wrong_directions, cycles, hidden_imports, without_docstring)
RULES += (long_files, long_functions, stubs)


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_source(rule: Callable[[Path], list[str]]) -> None:
    confirm(rule(SOURCE))


def test_lazy_imports_exist_and_have_a_reason() -> None:
    used = {(i.file, i.module) for i in imports(SOURCE) if i.inside}
    confirm([f"{f}:1: LAZY lists {m} without need" for f, m in LAZY if (f, m) not in used])
    confirm([f"{f}:1: LAZY gives no reason for {m}" for (f, m), why in LAZY.items() if not why])


LONGEST = "def f():\n    '''Docstrings do not count.'''\n" + "    x = 1\n" * FUNCTION_LINES

# fmt: off
BROKEN = [
    # rule, what it finds, and the files in which it finds it
    (unknown_modules,   "utils.py:1",    {"utils.py": ""}),
    (wrong_directions,  "errors.py:1",   {"errors.py": "from .graph import Graph"}),
    (wrong_directions,  "errors.py:1",   {"errors.py": "from . import graph"}),
    (wrong_directions,  "errors.py:1",   {"errors.py": "import bibun.graph"}),
    (wrong_directions,  "errors.py:1",   {"errors.py": "from bibun import grad"}),
    (wrong_directions,  "errors.py:2",   {"errors.py": "def f():\n    from .graph import Graph"}),
    (wrong_directions,  "ops/sum.py:1",  {"ops/sum.py": "from ..tape import GradientTape"}),
    (wrong_directions,  "draw.py:1",     {"draw.py": "from .export import save"}),
    (wrong_directions,  "graph.py:1",    {"graph.py": "from .utils import most"}),
    (cycles,            "ops/a.py:1",    {"ops/a.py": "from . import b",
                                          "ops/b.py": "from .a import f"}),
    (cycles,            "ops/a.py:1",    {"ops/a.py": "from . import f",
                                          "ops/__init__.py": "from .a import f"}),
    (hidden_imports,    "graph.py:2",    {"graph.py": "def f():\n    from . import errors"}),
    (hidden_imports,    "graph.py:2",    {"graph.py": "def f():\n    import json"}),
    (without_docstring, "graph.py:1",    {"graph.py": "x = 1"}),
    (long_files,        "graph.py:401",  {"graph.py": "\n" * 401}),
    (long_functions,    "graph.py:1",    {"graph.py": "def f():\n" + "    x = 1\n" * 31}),
    (stubs,             "graph.py:2",    {"graph.py": "def f():\n    raise NotImplementedError"}),
]
SOUND = {
    "__init__.py":     "'''A.'''\nfrom . import ops\nfrom .numpy import sin",
    "numpy.py":        "'''B.'''\nimport numpy as np\nfrom .ops.select import where",
    "errors.py":       "'''G.'''\nclass MissingError(NotImplementedError): pass",
    "graph.py":        "'''C.'''\nclass Op:\n    def d(self):\n        raise NotImplementedError",
    "ops/__init__.py": "'''D.'''\nfrom . import select, total",
    "ops/select.py":   "'''E.'''\nfrom ..graph import Op\ndef where():\n    import scipy.special",
    "ops/total.py":    "'''F.'''\nfrom .select import where\n" + LONGEST,
}
# fmt: on


def write(source: Path, texts: dict[str, str]) -> Path:
    for name, text in texts.items():
        file = source / "bibun" / name
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text, "utf-8")
    return source


@pytest.mark.parametrize("rule, where, texts", BROKEN)
def test_rules_find_what_is_broken(
    rule: Callable[[Path], list[str]], where: str, texts: dict[str, str], tmp_path: Path
) -> None:
    problems = rule(write(tmp_path / "src", texts))
    assert any(p.startswith(f"src/bibun/{where}: ") for p in problems), problems


def test_rules_accept_what_is_sound(tmp_path: Path) -> None:
    source = write(tmp_path / "src", SOUND)
    confirm([problem for rule in RULES for problem in rule(source)])
