"""Codes: what the instructions of a function tell of it, and what they would hide.

The order of a set of texts differs from process to process, as their hashes do: code that makes a
set and does more than to look whether something is in it is `Hidden`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dis import Instruction, get_instructions, hasconst, stack_effect
from opcode import opmap
from types import CodeType


class Hidden(Exception):
    """Something that a function may read, and that has no text."""


def refuse(c: CodeType) -> None:
    """Whatever no text tells makes code `Hidden`."""
    opcodes = c.co_code[::2]
    if any(op in opcodes for op in UNSEEN):
        raise Hidden(f"a class or a pattern of classes in {c.co_qualname}")
    if opmap["BUILD_SET"] in opcodes or not VIEWS.isdisjoint(c.co_names):
        steps = [s for s in get_instructions(c) if s.opname not in NOTHING]
        if any(_orders(steps, k) for k in range(len(steps) - 1)):
            raise Hidden(f"a set in {c.co_qualname}")


def _orders(steps: Sequence[Instruction], k: int) -> bool:
    """Whether an instruction makes a set, or a view of a dict, whose order may count."""
    step, after = steps[k], steps[k + 1]
    if step.opname == "BUILD_SET":
        return after.opname != "CONTAINS_OP"
    if step.argval not in VIEWS or step.opname not in ATTRIBUTE:
        return False
    return after.opname != "CALL" or after.arg != 0 or _escapes(steps, k + 1)


def _escapes(steps: Sequence[Instruction], k: int) -> bool:
    """Whether what a call gives is more than iterated, or given to functions that iterate."""
    depth = 0  # of what has been put on top of it
    for n in range(k + 1, len(steps)):
        step = steps[n]
        if depth == 0 and step.opname in ("GET_ITER", "CONTAINS_OP", "POP_TOP"):
            return False
        depth += _effect(step)
        if depth < 0 and step.opname == "CALL":
            f = _called(steps, n)
            return f is None or f.opname != "LOAD_GLOBAL" or f.argval not in ITERATE
        if depth <= 0:
            return True
    return True


def _called(steps: Sequence[Instruction], n: int) -> Instruction | None:
    """What has put the function on the stack that a call takes from below its arguments."""
    missing = steps[n].arg or 0
    for step in reversed(steps[:n]):
        if missing == 0:
            return step
        missing -= _effect(step)
    return None


def _effect(step: Instruction) -> int:
    """By how much an instruction makes the stack longer."""
    if step.opname == "CALL":
        return -1 - (step.arg or 0)
    return stack_effect(step.opcode, step.arg)


def imported(c: CodeType) -> list[tuple[int, str]]:
    """What code imports: how many packages above its own, and the full name of a module."""
    if opmap["IMPORT_NAME"] not in c.co_code[::2]:
        return []
    steps = list(get_instructions(c))
    return [
        (level.argval, step.argval)
        for level, _, step in zip(steps, steps[1:], steps[2:], strict=False)
        if step.opname == "IMPORT_NAME"
    ]


def unordered(c: CodeType) -> set[int]:
    """The numbers of the constants in which code looks for something, and no more: `in {1, 2}`."""
    sets = {n for n, constant in enumerate(c.co_consts) if type(constant) is frozenset}
    if sets:
        steps = list(get_instructions(c))
        for step, after in zip(steps, steps[1:] + steps[-1:], strict=True):
            if step.opcode in hasconst and after.opname != "CONTAINS_OP":
                sets.discard(step.arg or 0)
    return sets


def compares(c: CodeType) -> bool:
    """Whether code asks for the identity of something."""
    return opmap["IS_OP"] in c.co_code[::2]


def names_of(code: CodeType) -> list[str]:
    """The names of globals and attributes in code, and in the functions that it makes."""
    found = list(code.co_names)
    for constant in code.co_consts:
        if type(constant) is CodeType:
            found += names_of(constant)
    return found


# ------------------------------------------------------------ tables

UNSEEN = {
    opmap[name] for name in ("IMPORT_STAR", "LOAD_BUILD_CLASS", "MATCH_CLASS") if name in opmap
}
NOTHING = {"CACHE", "EXTENDED_ARG", "PRECALL"}
ATTRIBUTE = {"LOAD_ATTR", "LOAD_METHOD", "LOAD_SUPER_ATTR"}
VIEWS = {"items", "keys"}
"""Of dicts: what they give is ordered, but with `|` and the like they make sets."""
ITERATE = {"dict", "enumerate", "iter", "len", "list", "max", "min", "sorted", "tuple", "zip"}
PARTS = (
    "co_name", "co_qualname", "co_argcount", "co_posonlyargcount", "co_kwonlyargcount",
    "co_nlocals", "co_flags", "co_varnames", "co_freevars", "co_cellvars", "co_names",
    "co_exceptiontable", "co_code",
)  # fmt: skip
