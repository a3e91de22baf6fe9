"""The text of a header: one function of C++17 without a heap, and what it needs before it."""

from __future__ import annotations

from dataclasses import replace
from hashlib import sha256
from typing import NamedTuple

import numpy as np

from ..graph import Type
from ..loops import Buffer
from ..loops.statements import DTYPES, FLOATS, KINDS
from ..native.cplusplus import CppPrinter, cpp_type, literal, stored
from ..native.cpp_support import BITS, EXTREMES, FILLED, PRODUCT
from .checks import FINITE, REFUSED, checks
from .lowered import Lowered, Variable, size
from .routines import INCLUDES, needed

LARGE = 1 << 16
"""Bytes of workspace from which on the caller has to give it: stacks of small devices are short."""


class Style(NamedTuple):
    """How headers look."""

    namespace: str
    eigen: bool
    check: bool
    about: list[str]  # lines for the comment at the top


class Field(NamedTuple):
    """Memory in which a function works."""

    kind: str
    name: str
    size: int  # of real numbers

    @property
    def bytes(self) -> int:
        return self.size * DTYPES[self.kind].itemsize

    def __str__(self) -> str:
        return f"{stored(self.kind)} {self.name}[{max(self.size, 1)}];"


class Header:
    """One exported function."""

    def __init__(self, name: str, code: Lowered, style: Style, constants: str = ""):
        """`constants` is the function whose constant arrays it reads, if they are not its own."""
        self.name, self.code, self.style = name, code, style
        self.constants_of = constants or name
        self.printer = CppPrinter(code.code)
        self.statements()
        self.donated = {v.replaced for v in code.outputs if v.replaced}
        self.work = self.fields()
        self.large = sum(f.bytes for f in self.work) > LARGE
        self.fails = bool(self.printer.reasons)
        first = code.outputs[0]
        self.returned = first if first.type.shape == () and not first.replaced else None
        self.results = [v for v in code.outputs if v is not self.returned and not v.replaced]

    def fields(self) -> list[Field]:
        """The memory in which the function works: also new values of what they will replace."""
        given = {v.buffer.number for v in self.code.outputs if v.buffer and not v.replaced}
        buffers = [b for b in self.code.code.buffers if b.role in ("work", "out")]
        found = [
            Field(b.kind, f"b{b.number}", b.size)
            for b in buffers
            if b.number not in given and f"b{b.number}[" in self.body
        ]
        staged = [v for v, _ in self.copies() if v.replaced]
        return found + [Field(v.kind, f"own_{v.name}", v.amount) for v in staged]

    @property
    def variables(self) -> list[Variable]:
        """All arguments and results."""
        return [*self.code.inputs, *self.code.outputs]

    def copies(self) -> list[tuple[Variable, str]]:
        """Results that are other arrays, and which; not what stays in its place."""
        outputs = self.code.outputs
        found = [(outputs[k], source) for k, source in self.code.copies]
        lent = {v.name: f"b{v.buffer.number}" for v in outputs if v.replaced and v.buffer}
        return [(v, lent.get(source, source)) for v, source in found if v.replaced != source]

    def statements(self) -> None:
        """Print the statements, with the user's lines before the loops that are made of them."""
        printer, body = self.printer, self.code.code.body
        for k, statement in enumerate(body.statements):
            for line in self.code.comments.get(k, []):
                printer.put(1, f"// {line}".rstrip())
            printer.block(replace(body, statements=[statement]), 1)

    @property
    def body(self) -> str:
        """The statements of the function and of its parts."""
        return "\n".join([*self.printer.helpers, *self.printer.lines])

    def text(self, more: str = "") -> str:
        """The whole file, with `more` behind the function."""
        guard = f"{self.style.namespace}_{self.name}_HPP".upper().replace("::", "_")
        comment = "\n".join(f"// {line}".rstrip() for line in self.style.about)
        head = ["cmath", "cstdint", "cstring", "limits", "type_traits"]
        head += ["complex"] if any(v.is_complex for v in self.variables) else []
        pieces = needed(self.body)
        head += INCLUDES if pieces else []
        head += ["numeric"] if "std::gcd(" in self.body or "std::lcm(" in self.body else []
        filled = "filled_bytes" in self.body
        head += ["utility"] if filled or self.code.several is not None else []
        head += ["vector"] if any(b.role == "heap" for b in self.code.code.buffers) else []
        head += ["cstdlib", "stdexcept"] if self.refuses else []
        includes = "\n".join(f"#include <{h}>" for h in sorted(head))
        parts = [f"{includes}\n", f"namespace {self.style.namespace} {{\n"]
        extremes = "larger(" in self.body or "smaller(" in self.body
        needs_bits = "bits<" in self.body or extremes
        parts += [self.support("BITS", BITS)] if needs_bits else []
        parts += [self.support("PRODUCT", PRODUCT)] if "product(" in self.body else []
        parts += [self.support("EXTREMES", EXTREMES)] if extremes else []
        parts += [self.support("FILLED", FILLED)] if filled else []
        for name, piece in pieces:
            inside = f"\nnamespace routines {{\n\n{piece}\n}}  // namespace routines\n"
            parts.append(self.support(f"ROUTINES_{name.upper()}", inside))
        parts += [self.support("REFUSED", REFUSED)] if self.refuses else []
        parts += [self.support("FINITE", FINITE)] if self.style.check else []
        parts += [self.tables(), self.workspace(), *self.printer.helpers, self.function()]
        parts += [more] if more else []
        parts.append(f"}}  // namespace {self.style.namespace}\n")
        parts += [self.eigen()] if self.style.eigen else []
        return f"{comment}\n{guarded(guard, chr(10).join(p for p in parts if p))}"

    @property
    def refuses(self) -> bool:
        """Whether a call may have no result."""
        return self.fails or self.style.check or bool(self.style.eigen and self.written)

    def support(self, name: str, text: str) -> str:
        """What several headers have in common."""
        guard = f"{self.style.namespace}_{name}".upper().replace("::", "_")
        return f"#ifndef {guard}\n#define {guard}{text}#endif\n"

    def tables(self) -> str:
        """Constant arrays."""
        lines = [
            f"static const double {name}[] = {{{', '.join(map(float.hex, numbers))}}};"
            for numbers, name in self.printer.tables.items()
        ]
        for b, values in self.constants() if self.constants_of == self.name else ():
            of = f"static const {stored(b.kind)} {self.constant(b)}[]"
            lines.append(f"{of} = {numbers(values)};")
        return "\n".join([*lines, ""]) if lines else ""

    def constants(self) -> list[tuple[Buffer, np.ndarray]]:
        """The constant arrays that something reads."""
        copied = {source for _, source in self.code.copies}
        named = ((f"b{b.number}", (b, values)) for b, values in self.code.constants)
        return [found for name, found in named if f"{name}[" in self.body or name in copied]

    def constant(self, b: Buffer) -> str:
        return f"{self.constants_of}_constant{b.number}"

    def workspace(self) -> str:
        """Memory that the caller gives."""
        if not self.large:
            return ""
        fields = "\n".join(f"  {field}" for field in self.work)
        about = (
            f"/// The memory in which {self.name} works: large, so that no stack has to hold it."
        )
        return f"{about}\nstruct {self.name}_workspace {{\n{fields}\n}};\n"

    # ------------------------------------------------------------ the function

    def parameters(self) -> list[str]:
        """The parameters, as they are written."""
        given = [f"{self.constness(v)}{pointer(v)}" for v in self.code.inputs]
        made = [pointer(v) for v in self.results]
        return [*given, *made, *([f"{self.name}_workspace& workspace"] if self.large else [])]

    def constness(self, v: Variable) -> str:
        """An argument is constant, or donated."""
        return "" if v.name in self.donated else "const "

    def signature(self) -> str:
        kind = self.returned and self.returned.element
        start = f"inline {kind or 'void'} {self.name}("
        return start + (",\n" + " " * len(start)).join(self.parameters()) + ")"

    def function(self) -> str:
        """The function with its comment."""
        changed = {
            v.name: ", which becomes the new one"
            for v in self.code.inputs
            if v.name in self.donated
        }
        lines = [f"/// {about(v)}{changed.get(v.name, '')}" for v in self.code.inputs]
        for v in [*([self.returned] if self.returned else []), *self.results]:
            lines.append(f"/// {'returns' if v is self.returned else 'writes'} {about(v)}")
        lines += [f"{self.signature()} {{", *self.memory(), *self.printer.lines, *self.end(), "}"]
        lines.append("")
        return "\n".join(lines)

    def memory(self) -> list[str]:
        """Names for all memory."""
        code, lines = self.code.code, []
        for v in self.variables:
            if v is self.returned:
                lines.append(f"  {v.element} {v.name}[1];")
            if v.replaced:
                continue
            if v.buffer is not None and f"b{v.buffer.number}[" in self.body:
                constant = "const " if v in self.code.inputs else ""
                of = f"{constant}{stored(v.buffer.kind)}* const"
                numbers = v.numbers(v.name, constant)
                lines.append(f"  {of} b{v.buffer.number} = {numbers};  // {v.type}")
            elif v in self.code.inputs and v.name not in self.used():
                lines.append(f"  static_cast<void>({v.name});  // the result does not depend on it")
        for b, _ in self.constants():
            lines.append(f"  const {stored(b.kind)}* const b{b.number} = {self.constant(b)};")
        for field in self.work:
            given = f"{stored(field.kind)}* const {field.name} = workspace.{field.name};"
            lines.append(f"  {given if self.large else field}")
        grows = [b for b in code.buffers if b.role == "heap"]
        lines += [f"  std::vector<{stored(b.kind)}> b{b.number};" for b in grows]
        if self.fails:
            lines += ["  std::int64_t failure[1] = {0};", "  std::int64_t* const failed = failure;"]
        return lines

    def end(self) -> list[str]:
        """What follows the statements: copies, checks, and the value that is returned."""
        lines = [copied(v, *self.places(v, source)) for v, source in self.copies()]
        for reason, k in self.printer.reasons.items():
            lines.append(f'  if (failure[0] == {k}) refused("{self.name}: {reason}");')
        lines += self.checks() if self.style.check else []
        replaced = [v for v in self.code.outputs if v.replaced and self.target(v) != v.replaced]
        lines += [copied(v, v.numbers(v.replaced), self.target(v)) for v in replaced]
        if self.returned:
            lines.append(f"  return {self.returned.name}[0];")
        return lines

    def places(self, v: Variable, source: str) -> tuple[str, str]:
        """The numbers of a result that is a copy, and those that it is a copy of."""
        to, arrays = self.target(v), {u.name for u in self.variables}
        found = [v.numbers(w, c) if w in arrays else w for w, c in ((to, ""), (source, "const "))]
        return found[0], found[1]

    def checks(self) -> list[str]:
        """Whether results are finite, before they replace anything."""
        floats = [v for v in self.code.outputs if v.kind in FLOATS]
        results = [(self.places(v, "")[0], v.amount) for v in floats]
        before = [
            ((v.numbers(v.name, "const "), v.amount), f"the argument {v.name}")
            for v in self.code.inputs
            if v.kind in FLOATS
        ]
        before += [((f"b{b.number}", b.size), made) for b, made in self.code.watched]
        return checks(self.name, results, before)

    def target(self, v: Variable) -> str:
        """Where a result is computed; what replaces an argument gets there at the end."""
        if not v.replaced:
            return v.name
        if v.buffer is not None:
            return f"b{v.buffer.number}"
        return f"own_{v.name}" if any(v is copy for copy, _ in self.copies()) else v.replaced

    def used(self) -> set[str]:
        """The arguments that are copied, or changed."""
        return {source for _, source in self.code.copies} | self.donated

    # ------------------------------------------------------------ Eigen

    @property
    def written(self) -> list[Variable]:
        """The arrays that are written, and that may be parts of a matrix."""
        donated = [v for v in self.code.inputs if v.name in self.donated]
        return [v for v in [*donated, *self.results] if stride(v)]

    def parted(self) -> str:
        """Statements that refuse to write to a part of a matrix, whose rows lie apart."""
        reason = "is a part of a matrix, or column-major: its rows have to lie one behind the other"
        return "".join(
            f"  if ({v.name}.outerStride() != {v.type.shape[-1]}) "
            f'refused("{self.name}: {v.name} {reason}");\n'
            for v in self.written
        )

    def eigen(self) -> str:
        """The same function on Eigen's matrices, where Eigen is there."""
        space = f"namespace {self.style.namespace} {{"
        given = [
            f"Eigen::Ref<{matrix(v)}> {v.name}"
            if v.name in self.donated
            else f"const Eigen::Ref<const {matrix(v)}{stride(v)}>& {v.name}"
            for v in self.code.inputs
        ]
        made = [f"Eigen::Ref<{matrix(v)}> {v.name}" for v in self.results]
        more = [f"{self.name}_workspace& workspace"] if self.large else []
        kind = self.returned and self.returned.element
        names = [f"{v.name}.data()" for v in [*self.code.inputs, *self.results]]
        call = f"{self.name}({', '.join([*names, *(['workspace'] if self.large else [])])});"
        start = f"inline {kind or 'void'} {self.name}("
        head = start + (",\n" + " " * len(start)).join([*given, *made, *more]) + ") {"
        return (
            f"#if __has_include(<Eigen/Core>)\n#include <Eigen/Core>\n\n{space}\n\n"
            f"/// The same for matrices; others than row-major ones are copied.\n{head}\n"
            f"{self.parted()}  {'return ' if kind else ''}{call}\n}}\n\n"
            f"}}  // namespace {self.style.namespace}\n#endif\n"
        )


def guarded(guard: str, text: str) -> str:
    """A text that counts once; another one of the same name is an error, and not left out."""
    key = int(sha256(text.encode()).hexdigest()[:7], 16)
    return (
        f"#ifndef {guard}\n#define {guard} {key}\n\n{text}\n#elif {guard} != {key}\n"
        '#error "another function of this name, in this namespace: give one of them its own"\n'
        "#endif\n"
    )


def about(v: Variable) -> str:
    """A line for an array."""
    shape = " x ".join(map(str, v.type.shape)) or "one number"
    kind = v.element if v.is_complex else cpp_type(v.kind)
    return f"{v.name}: {kind}, {shape}"


def numbers(values: np.ndarray) -> str:
    """The initialiser of an array, exactly."""
    if values.dtype.kind == "c":
        pairs = [numbers(np.stack([z.real, z.imag])) for z in values.reshape(-1)]
        found = [" ".join(pair.split()) for pair in pairs]
    else:
        kind = KINDS[values.dtype]
        found = [literal(kind, x.tobytes()) for x in values.reshape(-1)]
    found = found or ["0"]
    lines = [", ".join(found[k : k + 8]) for k in range(0, len(found), 8)]
    return "{\n    " + ",\n    ".join(lines) + "}"


def pointer(v: Variable) -> str:
    """A parameter: arrays do not overlap."""
    return f"{v.element}* __restrict {v.name}"


def loop(of: Type, statement: str) -> str:
    """A loop over all elements i of an array."""
    return f"for (std::int64_t i = 0; i < {size(of)}; ++i) {statement}"


def copied(v: Variable, to: str, source: str) -> str:
    """A copy of an array."""
    return "  " + loop(v.real, f"{to}[i] = {source}[i];")


def stride(v: Variable) -> str:
    """What says that rows lie one behind the other; nothing for vectors, whose numbers do."""
    shape = v.type.shape
    wide = len(shape) > 1 and shape[-1] > 1 and size(v.type) > shape[-1]
    return f", 0, Eigen::OuterStride<{shape[-1]}>" if wide else ""


def matrix(v: Variable) -> str:
    """Eigen's type of an array; of more than two axes, the last one against all others."""
    shape = v.type.shape
    columns = shape[-1] if len(shape) > 1 else 1
    rows = size(v.type) // columns if columns else 0
    order = "Eigen::RowMajor" if columns > 1 else "Eigen::ColMajor"
    return f"Eigen::Matrix<{v.element}, {rows}, {columns}, {order}>"
