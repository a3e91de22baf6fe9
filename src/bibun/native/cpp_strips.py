"""Loops in strips, as C++: without branches over some rounds at a time.

Compilers do the rounds of a strip side by side. Where one of them is not as usual, all of them are
done again, one by one.
"""

from __future__ import annotations

from typing import Any

from ..loops import Loop, Seldom
from ..loops.statements import Merge
from .cpp_types import cpp_type
from .tune import places


def strips(printer: Any, s: Loop, depth: int) -> None:
    """The whole of a loop; `printer` is the one for C++."""
    put, whole = printer.put, s.extent // s.strips * s.strips
    printer.kinds[s.counter] = "i64"
    for m in s.merges:
        printer.kinds[m.result] = m.kind
        start = {"add": "0", "mul": "1"}.get(m.opcode, f"v{m.start}")
        several = ", ".join([start] * s.strips)
        put(depth, f"{cpp_type(m.kind)} v{m.result}_lanes[{s.strips}] = {{{several}}};")
    put(depth, f"for (std::int64_t first = 0; first < {whole}; first += {s.strips}) {{")
    for m in s.merges:
        put(depth + 1, f"{cpp_type(m.kind)} v{m.result}_terms[{s.strips}];")
    if any(type(b) is Seldom for b in s.body.statements):
        put(depth + 1, "std::int64_t rare = 0;")
        printer.usual = True
        _rounds(printer, s, depth + 1)
        printer.usual = False
        put(depth + 1, "if (rare != 0) {")
        _rounds(printer, s, depth + 2)
        put(depth + 1, "}")
    else:
        _rounds(printer, s, depth + 1)
    if s.merges:
        put(depth + 1, f"for (int lane = 0; lane < {s.strips}; ++lane) {{")
        for m in s.merges:
            total, term = f"v{m.result}_lanes[lane]", f"v{m.result}_terms[lane]"
            put(depth + 2, f"{total} = {_merged(printer, m, total, term)};")
        put(depth + 1, "}")
    put(depth, "}")
    _last(printer, s, depth, whole)


def _merged(printer: Any, m: Merge, a: str, b: str) -> str:
    return printer.applied(m.opcode, m.kind, m.kind, [a, b])


def _rounds(printer: Any, s: Loop, depth: int) -> None:
    """The rounds of a strip."""
    printer.put(depth, f"for (int lane = 0; lane < {s.strips}; ++lane) {{")
    if any(s.counter in dict(p.strides) for p in places(s.body)):
        printer.put(depth + 1, f"const std::int64_t v{s.counter} = first + lane;")
    printer.block(s.body, depth + 1)
    for m in s.merges:
        printer.put(depth + 1, f"v{m.result}_terms[lane] = v{m.value};")
    printer.put(depth, "}")


def _last(printer: Any, s: Loop, depth: int, whole: int) -> None:
    """The rounds that fill no strip, and the sums of all lanes."""
    put = printer.put
    if whole < s.extent:
        i = f"v{s.counter}"
        put(depth, f"for (std::int64_t {i} = {whole}; {i} < {s.extent}; ++{i}) {{")
        printer.block(s.body, depth + 1)
        for m in s.merges:
            total = f"v{m.result}_lanes[{i} - {whole}]"
            put(depth + 1, f"{total} = {_merged(printer, m, total, f'v{m.value}')};")
        put(depth, "}")
    for m in s.merges:
        put(depth, f"{cpp_type(m.kind)} v{m.result} = v{m.start};")
        put(depth, f"for (const {cpp_type(m.kind)} lane : v{m.result}_lanes) {{")
        put(depth + 1, f"v{m.result} = {_merged(printer, m, f'v{m.result}', 'lane')};")
        put(depth, "}")
