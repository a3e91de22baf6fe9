"""Rare statements as functions: what few rounds need is compiled once, however often it stands.

The rare part of a sine is longer than the usual one. A hundred sines of one width share one
function for it, since functions of the same text are the same.
"""

from __future__ import annotations

from hashlib import sha256
from typing import Any

from ..loops import Block, Let, Seldom
from ..loops.statements import made_by, statements
from .lines import Term
from .rounds import taken


def is_apart(s: Seldom) -> bool:
    """Whether the statements only compute, from values alone."""
    return all(
        type(x) is Seldom or (type(x) is Let and x.opcode != "load") for x in statements(s.body)
    )


def called(printer: Any, s: Seldom) -> None:
    """Print the statements as a function, and here its call: their results get terms."""
    made = {n for x in statements(s.body) for n, _ in made_by(x)}
    outside = [n for n in dict.fromkeys(taken(s.body)) if n not in made]
    needed = [n for n in outside if printer.terms[n].text[0] == "%"]  # constants are literals
    wanted = list(dict.fromkeys(v for *_, v in s.chosen if v in made))
    name, results = _function(printer, s.body, needed, wanted)
    given = ", ".join(f"{printer.terms[n].type} {printer.terms[n].text}" for n in needed)
    of = "{ " + ", ".join(t.type for t in results) + " }"
    found = printer.put(f"call fastcc {of} @{name}({given})")
    for k, (n, t) in enumerate(zip(wanted, results, strict=True)):
        printer.terms[n] = t._replace(text=printer.put(f"extractvalue {of} {found}, {k}"))


def _function(
    printer: Any, body: Block, needed: list[int], wanted: list[int]
) -> tuple[str, list[Term]]:
    """The name of the function, and what it returns; equal functions are one."""
    p = printer
    outside = p.lines, p.label, p.spread, dict(p.terms), p.fresh, p.wide
    p.lines, p.label, p.spread, p.fresh = [], "entry", {}, 0
    p.wide = p.wide and p.wide._replace(mask="")  # which is a value of the function outside
    parameters = []
    for k, n in enumerate(needed):
        p.terms[n] = p.terms[n]._replace(text=f"%x{k}")
        parameters.append(f"{p.terms[n].type} %x{k}")
    p.block(body)
    results = [p.terms[n] for n in wanted]
    of, whole = "{ " + ", ".join(t.type for t in results) + " }", "poison"
    for k, t in enumerate(results):
        whole = p.put(f"insertvalue {of} {whole}, {t.type} {t.text}, {k}")
    text = "\n  ".join([*p.lines, f"ret {of} {whole}"])
    p.lines, p.label, p.spread, p.terms, p.fresh, p.wide = outside
    head = f"({', '.join(parameters)}) nounwind cold noinline {{\nentry:\n  {text}\n}}"
    name = "rare" + sha256(f"{of}{head}".encode()).hexdigest()[:16]
    p.declared.setdefault(name, f"define internal fastcc {of} @{name}{head}")
    return name, results
