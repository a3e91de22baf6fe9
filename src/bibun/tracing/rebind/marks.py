"""Marks in the user's source: where a name is called, bibun is asked first what is meant.

The source of a function is compiled again, with the same file, names and positions, but with
`np.sin(x)` read as `(CALL @ np.sin)(x)`. The marks are constants of the code, so that its globals
are the user's own module and its closure the user's own cells.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from types import CodeType
from typing import Any, NamedTuple

import numpy as np

# What is put into the source, and replaced by objects in the constants of the compiled code.
CALL, LOAD, STORE, DELETE, OPERATE, ITERATE, ENTER, MATCH = (
    f"\0bibun {mark}"
    for mark in ("call", "load", "store", "delete", "operate", "iterate", "enter", "match")
)
Marks = dict[str, Any]

# Methods of containers and strings that mean nothing else, unless a class of the user has them.
CONTAINERS = (list, dict, set, str, tuple)
PLAIN = {name for kind in CONTAINERS for name in dir(kind)} - set(dir(np.ndarray))

# fmt: off
BINARY = {
    ast.Add: "__add__", ast.Sub: "__sub__", ast.Mult: "__mul__", ast.Div: "__truediv__",
    ast.FloorDiv: "__floordiv__", ast.Mod: "__mod__", ast.Pow: "__pow__",
    ast.MatMult: "__matmul__",
}
COMPARED = {
    ast.Lt: "__lt__", ast.LtE: "__le__", ast.Gt: "__gt__", ast.GtE: "__ge__", ast.Eq: "__eq__",
    ast.NotEq: "__ne__",
}
UNARY = {ast.USub: "__neg__", ast.UAdd: "__pos__", ast.Invert: "__invert__"}
# fmt: on


READ, SET = {"__getattr__", "__getattribute__"}, {"__setattr__", "__delattr__"}


class Names(NamedTuple):
    """What the classes of the user define: where else than in calls their code runs."""

    methods: frozenset[str]
    properties: frozenset[str]

    def __or__(self, other: Names) -> Names:
        return Names(self.methods | other.methods, self.properties | other.properties)


NOTHING = Names(frozenset(), frozenset())
BODIES = ("body", "orelse", "finalbody", "handlers", "cases")
"""What holds statements: of blocks, of their handlers, and of the cases of a match."""


def defined(tree: ast.AST) -> Names:
    """The methods and properties of all classes in a piece of source."""
    methods, properties = set(), set()
    for kind in statements(tree):
        if isinstance(kind, ast.ClassDef):
            for f in kind.body:
                if isinstance(f, ast.FunctionDef):
                    methods.add(f.name)
                    if any(_is_property(d) for d in f.decorator_list):
                        properties.add(f.name)
                elif isinstance(f, ast.Assign):  # __rmul__ = __mul__
                    assigned = {t.id for t in f.targets if isinstance(t, ast.Name)}
                    methods |= {n for n in assigned if n[:2] == n[-2:] == "__"}
    return Names(frozenset(methods), frozenset(properties))


def _is_property(decorator: ast.expr) -> bool:
    name = decorator.attr if isinstance(decorator, ast.Attribute) else None
    name = decorator.id if isinstance(decorator, ast.Name) else name
    return name is not None and (name in ("getter", "setter") or name.endswith("property"))


def statements(tree: ast.AST) -> Iterator[ast.AST]:
    """All statements in a piece of source, without their expressions, which are far more."""
    left = [tree]
    while left:
        node = left.pop()
        for name in BODIES:
            for inner in getattr(node, name, ()):
                if isinstance(inner, ast.stmt):
                    yield inner
                left.append(inner)


def imported(tree: ast.AST) -> set[str]:
    """The names that import statements bind, anywhere in a piece of source."""
    return {
        (alias.asname or alias.name).split(".")[0]
        for statement in statements(tree)
        if isinstance(statement, ast.Import | ast.ImportFrom)
        for alias in statement.names
    }


class Marked(ast.NodeTransformer):
    """The same source with marks."""

    def __init__(self, names: Names, modules: set[str]):
        self.names, self.modules = names, modules
        self.parameters: list[str] = []  # of the functions around the present place

    def visit_FunctionDef(self, node: Any) -> Any:
        before, args = self.parameters, node.args
        own = [*args.posonlyargs, *args.args, *args.kwonlyargs]
        self.parameters = [*before, *(a.arg for a in own)]
        self.generic_visit(node)
        self.parameters = before
        return node

    visit_AsyncFunctionDef = visit_Lambda = visit_FunctionDef

    def visit_Call(self, node: ast.Call) -> ast.AST:
        self.generic_visit(node)
        if not self._plain(node.func):
            node.func = marked(CALL, node.func)
        return node

    def _plain(self, f: ast.expr) -> bool:
        """Whether this call can only mean what it says."""
        if isinstance(f, ast.Name):
            return f.id == "super"
        if not isinstance(f, ast.Attribute) or f.attr not in PLAIN or f.attr in self.names.methods:
            return False
        root = f.value
        while isinstance(root, ast.Attribute):
            root = root.value
        return not (isinstance(root, ast.Name) and root.id in self.modules)

    def visit_Attribute(self, node: ast.Attribute) -> ast.AST:
        of_module = isinstance(node.value, ast.Name) and node.value.id in self.modules
        self.generic_visit(node)
        runs = self._may_run(node.attr, READ) and not of_module
        if not isinstance(node.ctx, ast.Load) or not runs:
            return node
        return marked(LOAD, _tuple(node, node.value, ast.Constant(node.attr)))

    def _may_run(self, attribute: str, methods: set[str]) -> bool:
        """Whether code of the user may run where this attribute is met."""
        if attribute.startswith("__"):  # Python spells private names otherwise, inside a class
            return False
        return attribute in self.names.properties or not methods.isdisjoint(self.names.methods)

    def _defined(self, name: str | None) -> bool:
        """Whether a class of the user may answer to this operator."""
        if name is None:
            return False
        equal = ("__eq__",) if name == "__ne__" else ()  # as object.__ne__ asks
        return not self.names.methods.isdisjoint((name, *alternatives(name), *equal))

    def visit_BinOp(self, node: ast.BinOp) -> ast.AST:
        self.generic_visit(node)
        text = isinstance(node.left, ast.Constant) and isinstance(node.left.value, str)
        text = text and isinstance(node.op, ast.Mod)
        name = "%" if text else BINARY.get(type(node.op))
        if not text and not self._defined(name):
            return node
        return marked(OPERATE, _tuple(node, ast.Constant(name), node.left, node.right))

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        target, operator = node.target, BINARY.get(type(node.op))
        again = isinstance(target, ast.Name) or (
            isinstance(target, ast.Attribute) and isinstance(target.value, ast.Name)
        )
        may_set = self._may_set(target)
        name = "__i" + operator[2:] if operator else None
        if not again or name is None or not (may_set or self._defined(name)):
            self.generic_visit(node)
            return node
        present = copied(target)
        present.ctx = ast.Load()
        parts = _tuple(target, ast.Constant(name), present, node.value)
        self.generic_visit(parts)
        value = marked(OPERATE, parts)
        if may_set:
            return self._stored(value, target, target)
        return ast.copy_location(ast.Assign([target], value), node)

    def _may_set(self, target: ast.expr) -> bool:
        """Whether an assignment to this may run code of the user."""
        return isinstance(target, ast.Attribute) and self._may_run(target.attr, SET)

    @staticmethod
    def _stored(value: ast.expr, whole: Any, *targets: Any) -> ast.AST:
        """x.a = value, or x.a, y.b = value, where the setter of a property may run."""
        places = [_tuple(t, t.value, ast.Constant(t.attr)) for t in targets]
        several = ast.Constant(whole is not targets[0])
        parts = _tuple(whole, several, value, *places)
        return ast.copy_location(ast.Expr(marked(STORE, parts)), whole)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        self.generic_visit(node)
        name = COMPARED.get(type(node.ops[0]))
        if len(node.ops) > 1 or not self._defined(name):
            return node
        return marked(OPERATE, _tuple(node, ast.Constant(name), node.left, node.comparators[0]))

    def visit_UnaryOp(self, node: ast.UnaryOp) -> ast.AST:
        self.generic_visit(node)
        name = UNARY.get(type(node.op))
        if name not in self.names.methods or isinstance(node.operand, ast.Constant):
            return node
        return marked(OPERATE, _tuple(node, ast.Constant(name), node.operand))

    def visit_Subscript(self, node: ast.Subscript) -> ast.AST:
        self.generic_visit(node)
        makes = isinstance(node.value, ast.Attribute) and node.value.attr in ("r_", "c_")
        may = makes or "__getitem__" in self.names.methods or self._given(node.slice)
        if not (may and isinstance(node.ctx, ast.Load)) or _has_slice(node.slice):
            return node
        name = ast.Constant("__getitem__")
        return marked(OPERATE, _tuple(node, name, node.value, node.slice))

    def _given(self, index: ast.expr) -> bool:
        """Whether an index depends on an argument, which may have no value: data[i] in a loop."""
        names = {n.id for n in ast.walk(index) if isinstance(n, ast.Name)}
        return not names.isdisjoint(self.parameters)

    def visit_For(self, node: ast.For) -> ast.AST:
        self.generic_visit(node)
        if "__iter__" in self.names.methods:
            node.iter = marked(ITERATE, node.iter)
        return node

    def visit_Starred(self, node: ast.Starred) -> ast.AST:
        self.generic_visit(node)
        if "__iter__" in self.names.methods and isinstance(node.ctx, ast.Load):
            node.value = marked(ITERATE, node.value)
        return node

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        self.generic_visit(node)
        if "__iter__" in self.names.methods and isinstance(node.targets[0], ast.Tuple | ast.List):
            node.value = marked(ITERATE, node.value)
        target = node.targets[0]
        targets = target.elts if isinstance(target, ast.Tuple | ast.List) else [target]
        alone = len(node.targets) == 1 and all(isinstance(t, ast.Attribute) for t in targets)
        if not alone or not any(map(self._may_set, targets)):
            return node
        return self._stored(node.value, target, *targets)

    def visit_AnnAssign(self, node: ast.AnnAssign) -> ast.AST:
        self.generic_visit(node)
        if node.value is None or not self._may_set(node.target):
            return node
        return self._stored(node.value, node.target, node.target)

    def visit_Delete(self, node: ast.Delete) -> ast.AST:
        self.generic_visit(node)
        (target, *others) = node.targets
        if others or not isinstance(target, ast.Attribute) or not self._may_set(target):
            return node
        parts = _tuple(target, target.value, ast.Constant(target.attr))
        return ast.copy_location(ast.Expr(marked(DELETE, parts)), node)

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        self.generic_visit(node)
        if "__iter__" in self.names.methods and not node.is_async:
            node.iter = marked(ITERATE, node.iter)
        return node

    def visit_Match(self, node: ast.Match) -> ast.AST:
        patterns = [p for case in node.cases for p in ast.walk(case.pattern)]
        classes = [copied(p.cls) for p in patterns if isinstance(p, ast.MatchClass)]
        self.generic_visit(node)
        if classes:
            node.subject = marked(MATCH, _tuple(node.subject, node.subject, *classes))
        return node

    def visit_match_case(self, node: ast.match_case) -> ast.AST:
        """Patterns are no expressions, and have no place for marks."""
        node.guard = self.visit(node.guard) if node.guard else None
        node.body = [self.visit(statement) for statement in node.body]
        return node

    def visit_With(self, node: ast.With) -> ast.AST:
        self.generic_visit(node)
        if {"__enter__", "__exit__"} & self.names.methods:
            for item in node.items:
                item.context_expr = marked(ENTER, item.context_expr)
        return node


def alternatives(name: str) -> tuple[str, ...]:
    """The other methods that an operator may run: of the second operand, or not in place."""
    if name in MIRRORED:
        return (MIRRORED[name],)
    if name.startswith("__i") and name not in ("__invert__", "__init__"):
        name = "__" + name[3:]
        return (name, "__r" + name[2:])
    return ("__r" + name[2:],)


MIRRORED = {
    "__lt__": "__gt__", "__gt__": "__lt__", "__le__": "__ge__", "__ge__": "__le__",
    "__eq__": "__eq__", "__ne__": "__ne__",
}  # fmt: skip


def copied(part: Any) -> Any:
    """A copy of a tree, to be changed, in a third of the time of `copy.deepcopy`."""
    if isinstance(part, ast.AST):
        return type(part)(**{name: copied(x) for name, x in vars(part).items()})
    return [copied(x) for x in part] if type(part) is list else part


def marked(mark: str, node: ast.expr) -> ast.expr:
    """mark @ node, at the place of the node."""
    left = ast.copy_location(ast.Constant(mark), node)
    return ast.copy_location(ast.BinOp(left, ast.MatMult(), node), node)


def _tuple(place: ast.expr, *parts: ast.expr) -> ast.expr:
    for part in parts:
        if not hasattr(part, "lineno"):
            ast.copy_location(part, place)
    return ast.copy_location(ast.Tuple(list(parts), ast.Load()), place)


def _has_slice(index: ast.expr) -> bool:
    parts = index.elts if isinstance(index, ast.Tuple) else [index]
    return any(isinstance(p, ast.Slice | ast.Starred) for p in parts)


# ------------------------------------------------------------ compiled code


def nested(code: CodeType) -> Iterator[CodeType]:
    """A code object and all that are defined inside it, in the order of the source."""
    yield code
    for constant in code.co_consts:
        if isinstance(constant, CodeType):
            yield from nested(constant)


def with_marks(code: CodeType, marks: Marks) -> CodeType:
    """The same code, with objects in place of the marks."""
    constants = tuple(_constant(c, marks) for c in code.co_consts)
    return code.replace(co_consts=constants) if _changed(constants, code.co_consts) else code


def _constant(c: Any, marks: Marks) -> Any:
    if isinstance(c, CodeType):
        return with_marks(c, marks)
    return marks.get(c, c) if type(c) is str else c


def _changed(new: Iterable[Any], old: Iterable[Any]) -> bool:
    return any(a is not b for a, b in zip(new, old, strict=True))
