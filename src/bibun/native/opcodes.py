"""Opcodes of the loop IR as LLVM's instructions and intrinsics, on scalars and on vectors."""

from __future__ import annotations

from ..errors import BibunError
from ..loops.statements import FLOATS, WIDTH
from .lines import Lines, Term, scalar, suffix, vector

FLOAT = {"add": "fadd", "sub": "fsub", "mul": "fmul", "div": "fdiv", "neg": "fneg", "rem": "frem"}
INTEGER = {"add": "add", "sub": "sub", "mul": "mul", "and": "and", "or": "or", "xor": "xor"}
INTRINSICS = {
    "abs": "fabs", "sqrt": "sqrt", "rint": "roundeven", "floor": "floor", "ceil": "ceil",
    "trunc": "trunc", "fma": "fma", "copysign": "copysign",
}  # fmt: skip
COMPARED = {"lt": ("olt", "lt"), "le": ("ole", "le"), "eq": ("oeq", "eq"), "ne": ("une", "ne")}
LEAST, PLUS = 0b10, 0b10 << 2
"""Of the instruction VRANGE: the number that is nearer to 0, without its sign."""


def applied(p: Lines, name: str, result: str, args: list[Term], lanes: int) -> str:
    """The operand that an opcode makes of so many lanes of its arguments."""
    kind, operands = args[0].kind, [p.broad(a, lanes) for a in args]
    of = vector(scalar(kind), lanes)
    listed = ", ".join(operands)
    if name in COMPARED:
        return compare(p, name, kind, of, listed)
    if name == "select":
        chosen = vector(scalar(result), lanes)
        c, a, b = operands
        return p.put(f"select {vector('i1', lanes)} {c}, {chosen} {a}, {chosen} {b}")
    if name == "capped":
        return capped(p, operands[0], operands[1], lanes)
    if name in ("to", "bits"):
        return convert(p, name, kind, result, of, operands[0], lanes)
    if kind in FLOATS and name in ("max", "min"):
        return extreme(p, name, of, operands, vector("i1", lanes))
    if kind in FLOATS and name in FLOAT:
        return p.put(f"{FLOAT[name]} {of} {listed}")
    if name in INTRINSICS and kind in FLOATS:
        wide = f"llvm.{INTRINSICS[name]}.{suffix(kind, lanes)}"
        return p.call(wide, of, [(of, x) for x in operands])
    return integer(p, name, kind, of, operands, lanes)


def integer(p: Lines, name: str, kind: str, of: str, operands: list[str], lanes: int) -> str:
    """An opcode on integers or bools."""
    signed = kind[0] == "i"
    listed = ", ".join(operands)
    if name in INTEGER:
        return p.put(f"{INTEGER[name]} {of} {listed}")
    if name == "neg":
        return p.put(f"sub {of} {'0' if lanes == 1 else 'zeroinitializer'}, {listed}")
    if name == "not":
        ones = "true" if kind == "bool" else "-1"
        return p.put(
            f"xor {of} {listed}, {ones if lanes == 1 else f'splat ({scalar(kind)} {ones})'}"
        )
    if name == "shl":
        return p.put(f"shl {of} {listed}")
    if name == "shr":
        return p.put(f"{'ashr' if signed else 'lshr'} {of} {listed}")
    if name in ("div", "rem"):
        return p.put(f"{'s' if signed else 'u'}{name} {of} {listed}")
    if name in ("max", "min"):
        wide = f"llvm.{'s' if signed else 'u'}{name}.{suffix(kind, lanes)}"
        return p.call(wide, of, [(of, x) for x in operands])
    if name == "abs":
        if not signed:
            return operands[0]
        return p.call(f"llvm.abs.{suffix(kind, lanes)}", of, [(of, operands[0]), ("i1", "false")])
    raise BibunError(f"native code: there is no opcode {name} for {kind}")


def extreme(p: Lines, name: str, of: str, operands: list[str], mask: str) -> str:
    """The larger or smaller number, or the one that is nan; of 0 and -0 either.

    LLVM's own function tells 0 from -0, which takes twice as long.
    """
    a, b = operands
    better = p.put(f"fcmp {'ogt' if name == 'max' else 'olt'} {of} {b}, {a}")
    y = p.put(f"select {mask} {better}, {of} {b}, {of} {a}")
    bad = p.put(f"fcmp uno {of} {b}, {b}")
    return p.put(f"select {mask} {bad}, {of} {b}, {of} {y}")


def capped(p: Lines, x: str, limit: str, lanes: int) -> str:
    """|x|, or a positive limit if that is less or x is nan; of float64."""
    of, bits = vector("double", lanes), 64 * lanes
    if bits in (128, 256, 512):
        given = [(of, x), (of, limit), ("i32", str(LEAST | PLUS)), (of, "zeroinitializer")]
        given += [("i8", "-1"), *([("i32", "4")] if bits == 512 else [])]
        return p.call(f"llvm.x86.avx512.mask.range.pd.{bits}", of, given)
    size = p.call(f"llvm.fabs.{suffix('f64', lanes)}", of, [(of, x)])
    less = p.put(f"fcmp olt {of} {size}, {limit}")
    return p.put(f"select {vector('i1', lanes)} {less}, {of} {size}, {of} {limit}")


def compare(p: Lines, name: str, kind: str, of: str, listed: str) -> str:
    of_floats, of_integers = COMPARED[name]
    if kind in FLOATS:
        return p.put(f"fcmp {of_floats} {of} {listed}")
    sign = "" if name in ("eq", "ne") else "s" if kind[0] == "i" else "u"
    return p.put(f"icmp {sign}{of_integers} {of} {listed}")


def convert(p: Lines, name: str, kind: str, to: str, of: str, x: str, lanes: int) -> str:
    """A conversion as in C; floats that no integer holds give some integer."""
    wanted = vector(scalar(to), lanes)
    if name == "bits" or (kind not in FLOATS and WIDTH[kind] == WIDTH[to] and to not in FLOATS):
        return p.put(f"bitcast {of} {x} to {wanted}")
    if kind in FLOATS and to in FLOATS:
        step = "fpext" if WIDTH[to] > WIDTH[kind] else "fptrunc"
    elif kind in FLOATS:
        wide = f"llvm.fpto{'s' if to[0] == 'i' else 'u'}i.sat.{suffix(to, lanes)}"
        return p.call(f"{wide}.{suffix(kind, lanes)}", wanted, [(of, x)])
    elif to in FLOATS:
        step = "sitofp" if kind[0] == "i" else "uitofp"
    elif WIDTH[to] < WIDTH[kind]:
        step = "trunc"
    else:
        step = "sext" if kind[0] == "i" else "zext"
    return p.put(f"{step} {of} {x} to {wanted}")
