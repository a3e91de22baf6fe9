"""The source of functions with loops of Python's, such that one round may be traced for many."""

from __future__ import annotations

import ast
from typing import Any

from .marks import Marked, Names, marked
from .rounds import (
    USING,
    Loop,
    Spec,
    appends,
    bound_in,
    names_in,
    spec_of,
    target_of,
    test_of,
)

ROLL, ANYTHING, USE, INTO = (f"\0bibun {m}" for m in ("roll", "anything", "use", "into"))
NAME = ".rounds{}"  # which no user can write
WHILE = "while"


class Rolling(Marked):
    """The same source with marks, and with loops of which one round may stand for many."""

    def __init__(self, names: Names, modules: set[str]):
        super().__init__(names, modules)
        self.function: ast.AST | None = None  # the innermost one around the present place
        self.loops = 0

    def visit_FunctionDef(self, node: Any) -> Any:
        before, self.function = self.function, node
        super().visit_FunctionDef(node)
        self.function = before
        return node

    visit_AsyncFunctionDef = visit_Lambda = visit_FunctionDef

    def visit_Call(self, node: ast.Call) -> ast.AST:
        f = node.func
        name = f.id if isinstance(f, ast.Name) else getattr(f, "attr", "")
        if name in USING:
            node.args = [_used(a) for a in node.args]
        return super().visit_Call(node)

    def visit_comprehension(self, node: ast.comprehension) -> ast.AST:
        node.iter = _used(node.iter)
        return super().visit_comprehension(node)

    def visit_Compare(self, node: ast.Compare) -> ast.AST:
        if any(isinstance(op, ast.In | ast.NotIn) for op in node.ops):
            node.comparators = [_used(c) for c in node.comparators]
        return super().visit_Compare(node)

    def visit_Assign(self, node: ast.Assign) -> ast.AST:
        if any(isinstance(t, ast.Tuple | ast.List) for t in node.targets):
            node.value = _used(node.value)
        return super().visit_Assign(node)

    def visit_Starred(self, node: ast.Starred) -> ast.AST:
        if isinstance(node.ctx, ast.Load):
            node.value = _used(node.value)
        return super().visit_Starred(node)

    def visit_AugAssign(self, node: ast.AugAssign) -> ast.AST:
        into = node.target.value if isinstance(node.target, ast.Subscript) else None
        visited = super().visit_AugAssign(node)
        if isinstance(into, ast.Name) and isinstance(node.target, ast.Subscript):
            node.target.value = marked(INTO, into)
        return visited

    def visit_For(self, node: ast.For) -> Any:
        spec = None if self.function is None else spec_of(node, self.function)
        node.iter = _used(node.iter)
        if spec is None:
            return super().visit_For(node)
        together = _is_together(node.iter)
        self._visited(node)
        through: Any = node.iter
        if not together:
            return rolled(node, node.target, [through], node.body, spec, self.loops)
        if isinstance(through, ast.BinOp):  # no class of the user's goes through a zip
            through = through.right
        parts = [through.func.right, ast.Tuple(through.args, ast.Load())]
        return rolled(node, node.target, parts, node.body, spec, self.loops)

    def visit_While(self, node: ast.While) -> Any:
        test = None if self.function is None else test_of(node)
        spec = None if test is None or self.function is None else spec_of(node, self.function)
        if test is None or spec is None or test.name not in spec.carried:
            return self.generic_visit(node)
        names: Any = tuple(sorted(set(names_in(test.bound))))
        values = ast.Tuple([ast.Name(n, ast.Load()) for n in names], ast.Load())
        source = ast.unparse(test.bound)
        self._visited(node)
        parts = [
            ast.Constant(WHILE), ast.Constant(source), ast.Constant(names), values,
            ast.Constant(test.name), ast.Constant(test.operator),
        ]  # fmt: skip
        me = NAME.format(self.loops)
        asked = ast.Attribute(ast.Name(me, ast.Load()), "testing", ast.Load())
        ends = ast.BoolOp(ast.And(), [asked, ast.UnaryOp(ast.Not(), node.test)])
        body = [ast.If(ends, [ast.Break()], []), *node.body]
        return rolled(node, ast.Name(me + "i", ast.Store()), parts, body, spec, self.loops)

    def _visited(self, node: Any) -> None:
        """A loop with marks, whose rounds have what they append."""
        before, self.parameters = self.parameters, [*self.parameters, *_stored_in(node)]
        more = list(appends(node))
        super().generic_visit(node) if isinstance(node, ast.While) else super().visit_For(node)
        self.parameters = before  # data[i] is looked at, since i may have no value
        self.loops += 1
        for statement, name in more:
            statement.value = _collected(NAME.format(self.loops), name, statement.value)


def _collected(rounds: str, name: ast.Name, append: Any) -> ast.expr:
    """A call name.append(value) that is left to the rounds of the loop."""
    f = ast.Attribute(ast.Name(rounds, ast.Load()), "collect", ast.Load())
    call = ast.Call(f, [name, ast.Constant(name.id), *append.args], [])
    for part in (f.value, f, call.args[1], call):
        ast.copy_location(part, name)
    return call


def _is_together(through: ast.expr) -> bool:
    """Whether this is zip(x, y) or enumerate(x), if these names mean what they say."""
    return (
        isinstance(through, ast.Call)
        and isinstance(through.func, ast.Name)
        and through.func.id in ("zip", "enumerate")
        and not through.keywords
        and not any(isinstance(a, ast.Starred) for a in through.args)
    )


def _used(x: ast.expr) -> ast.expr:
    """What is gone through, with a mark: one round may use up an iterator that others have."""
    places = (ast.Name, ast.Attribute, ast.Subscript, ast.BoolOp, ast.IfExp)
    return marked(USE, x) if isinstance(x, places) else x


def _stored_in(loop: Loop) -> set[str]:
    return {*names_in(target_of(loop)), *bound_in(loop.body)}


def rolled(
    loop: Loop, target: ast.expr, parts: list[ast.expr], body: list[Any], spec: Spec, number: int
) -> list[ast.stmt]:
    """The loop such that a round may be traced for many; `parts` are what it goes through.

    Of its rounds it asks for what is carried, where that is to be taken from elsewhere: before a
    round that is traced, after it, and when it failed.
    """
    name = NAME.format(number)

    def rounds(attribute: str | None = None) -> ast.expr:
        me = ast.Name(name, ast.Load())
        return me if attribute is None else ast.Attribute(me, attribute, ast.Load())

    def take() -> ast.stmt:
        targets = ast.Tuple([ast.Name(n, ast.Store()) for n in spec.carried], ast.Store())
        return ast.Assign([targets], ast.Call(rounds("take"), [], []))

    def taken() -> ast.stmt:
        return ast.If(rounds("pending"), [take()], [])

    fixed: Any = tuple(spec)
    given = ast.Tuple([*parts, ast.Constant(fixed)], ast.Load())
    first = ast.Assign([ast.Name(name, ast.Store())], marked(ROLL, given))
    inner = ast.For(target, rounds(), [taken(), *body], [])
    refuse = ast.If(ast.UnaryOp(ast.Not(), ast.Call(rounds("failed"), [], [])), [ast.Raise()], [])
    again = ast.ExceptHandler(ast.Constant(ANYTHING), None, [refuse, take(), ast.Continue()])
    tried = ast.Try([inner], [again], [], [])
    whole = [first, ast.While(ast.Constant(True), [tried, ast.Break()], []), taken()]
    for statement in whole:
        ast.copy_location(statement, loop)
        _placed(statement, loop)
    return whole


def _placed(node: ast.AST, place: ast.stmt) -> None:
    """What has no place yet stands where the loop begins."""
    for child in ast.iter_child_nodes(node):
        if not hasattr(child, "lineno") and "lineno" in child._attributes:
            child.lineno = child.end_lineno = place.lineno  # type: ignore[attr-defined]
            child.col_offset = child.end_col_offset = place.col_offset  # type: ignore[attr-defined]
            _placed(child, place)
        elif not hasattr(child, "lineno"):
            _placed(child, place)
