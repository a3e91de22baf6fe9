"""The text of a header: one function of C++17 without a heap, and what it needs before it."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np

from ..loops import Buffer
from ..loops.statements import DTYPES, KINDS
from ..native.cplusplus import CppPrinter, cpp_type, literal, stored
from ..native.cpp_support import BITS, EXTREMES, PRODUCT
from .lowered import Lowered, Variable, size

LARGE = 1 << 16
"""Bytes of workspace from which on the caller has to give it: stacks of small devices are short."""


class Style(NamedTuple):
    """How headers look."""

    namespace: str
    eigen: bool
    check: bool
    about: list[str]  # lines for the comment at the top


class Header:
    """One exported function."""

    def __init__(self, name: str, code: Lowered, style: Style):
        self.name, self.code, self.style = name, code, style
        self.printer = CppPrinter(code.code)
        self.statements()
        work = [b for b in code.code.buffers if b.role == "work"]
        self.work = [b for b in work if f"b{b.number}[" in self.body]
        self.large = sum(b.size * DTYPES[b.kind].itemsize for b in self.work) > LARGE
        self.fails = "*failed = 1;" in self.body
        first = code.outputs[0]
        self.returned = first if first.type.shape == () else None
        self.results = code.outputs[1:] if self.returned else code.outputs

    def statements(self) -> None:
        """Print the statements, with the user's lines before the loops that are made of them."""
        printer, body = self.printer, self.code.code.body
        for k, statement in enumerate(body.statements):
            for line in self.code.comments.get(k, []):
                printer.put(1, f"// {line}".rstrip())
            printer.block(replace(body, statements=[statement]), 1)

    @property
    def body(self) -> str:
        """The statements of the function."""
        return "\n".join(self.printer.lines)

    def text(self) -> str:
        """The whole file."""
        guard = f"{self.style.namespace}_{self.name}_HPP".upper().replace("::", "_")
        comment = "\n".join(f"// {line}".rstrip() for line in self.style.about)
        head = ["cmath", "cstdint", "cstring", "limits"]
        head += ["vector"] if any(b.role == "heap" for b in self.code.code.buffers) else []
        head += ["stdexcept"] if self.fails or self.style.check else []
        includes = "\n".join(f"#include <{h}>" for h in sorted(head))
        parts = [f"{comment}\n#ifndef {guard}\n#define {guard}\n\n{includes}\n"]
        parts.append(f"namespace {self.style.namespace} {{\n")
        parts += [self.support("BITS", BITS)] if "bits<" in self.body else []
        parts += [self.support("PRODUCT", PRODUCT)] if "product(" in self.body else []
        extremes = "larger(" in self.body or "smaller(" in self.body
        parts += [self.support("EXTREMES", EXTREMES)] if extremes else []
        parts += [self.tables(), self.workspace(), self.function()]
        parts.append(f"}}  // namespace {self.style.namespace}\n")
        parts += [self.eigen()] if self.style.eigen else []
        return "\n".join([p for p in parts if p] + ["#endif"]) + "\n"

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
        for b, values in self.constants():
            of = f"static const {stored(b.kind)} {self.constant(b)}[]"
            lines.append(f"{of} = {numbers(values)};")
        return "\n".join([*lines, ""]) if lines else ""

    def constants(self) -> list[tuple[Buffer, np.ndarray]]:
        """The constant arrays that something reads."""
        copied = {source for _, source in self.code.copies}
        named = ((f"b{b.number}", (b, values)) for b, values in self.code.constants)
        return [found for name, found in named if f"{name}[" in self.body or name in copied]

    def constant(self, b: Buffer) -> str:
        return f"{self.name}_constant{b.number}"

    def workspace(self) -> str:
        """Memory that the caller gives."""
        if not self.large:
            return ""
        fields = "\n".join(f"  {stored(b.kind)} b{b.number}[{b.size}];" for b in self.work)
        about = (
            f"/// The memory in which {self.name} works: large, so that no stack has to hold it."
        )
        return f"{about}\nstruct {self.name}_workspace {{\n{fields}\n}};\n"

    # ------------------------------------------------------------ the function

    def parameters(self) -> list[str]:
        """The parameters, as they are written."""
        kinds = [stored(KINDS[v.type.dtype]) for v in (*self.code.inputs, *self.results)]
        names = [v.name for v in (*self.code.inputs, *self.results)]
        pointers = [f"{k}* __restrict {n}" for k, n in zip(kinds, names, strict=True)]
        given = [f"const {p}" for p in pointers[: len(self.code.inputs)]]
        made = pointers[len(self.code.inputs) :]
        return [*given, *made, *([f"{self.name}_workspace& workspace"] if self.large else [])]

    def signature(self) -> str:
        kind = self.returned and stored(KINDS[self.returned.type.dtype])
        start = f"inline {kind or 'void'} {self.name}("
        return start + (",\n" + " " * len(start)).join(self.parameters()) + ")"

    def function(self) -> str:
        """The function with its comment."""
        lines = [f"/// {about(v)}" for v in self.code.inputs]
        for v in self.code.outputs:
            lines.append(f"/// {'returns' if v is self.returned else 'writes'} {about(v)}")
        lines += [f"{self.signature()} {{", *self.memory(), *self.printer.lines, *self.end(), "}"]
        lines.append("")
        return "\n".join(lines)

    def memory(self) -> list[str]:
        """Names for all memory."""
        code, lines = self.code.code, []
        for v in [*self.code.inputs, *self.code.outputs]:
            if v is self.returned:
                lines.append(f"  {stored(KINDS[v.type.dtype])} {v.name}[1];")
            if v.buffer is not None and f"b{v.buffer.number}[" in self.body:
                constant = "const " if v in self.code.inputs else ""
                of = f"{constant}{stored(v.buffer.kind)}* const"
                lines.append(f"  {of} b{v.buffer.number} = {v.name};  // {v.type}")
            elif v in self.code.inputs and v.name not in (name for _, name in self.code.copies):
                lines.append(f"  static_cast<void>({v.name});  // the result does not depend on it")
        for b, _ in self.constants():
            lines.append(f"  const {stored(b.kind)}* const b{b.number} = {self.constant(b)};")
        for b in self.work:
            given = f"{stored(b.kind)}* const b{b.number} = workspace.b{b.number};"
            own = f"{stored(b.kind)} b{b.number}[{b.size}];"
            lines.append(f"  {given if self.large else own}")
        grows = [b for b in code.buffers if b.role == "heap"]
        lines += [f"  std::vector<{stored(b.kind)}> b{b.number};" for b in grows]
        if self.fails:
            lines += ["  std::int64_t failure[1] = {0};", "  std::int64_t* const failed = failure;"]
        return lines

    def end(self) -> list[str]:
        """What follows the statements: copies, checks, and the value that is returned."""
        lines = []
        for k, source in self.code.copies:
            v = self.code.outputs[k]
            loop = f"for (std::int64_t i = 0; i < {size(v.type)}; ++i)"
            lines.append(f"  {loop} {v.name}[i] = {source}[i];")
        if self.fails:
            lines.append(
                f'  if (failure[0] != 0) throw std::out_of_range("{self.name}: an index");'
            )
        if self.style.check:
            lines += [line for v in self.code.outputs for line in finite(self.name, v)]
        if self.returned:
            lines.append(f"  return {self.returned.name}[0];")
        return lines

    # ------------------------------------------------------------ Eigen

    def eigen(self) -> str:
        """The same function on Eigen's matrices, where Eigen is there."""
        space = f"namespace {self.style.namespace} {{"
        given = [f"const Eigen::Ref<const {matrix(v)}>& {v.name}" for v in self.code.inputs]
        made = [f"Eigen::Ref<{matrix(v)}> {v.name}" for v in self.results]
        more = [f"{self.name}_workspace& workspace"] if self.large else []
        kind = self.returned and stored(KINDS[self.returned.type.dtype])
        names = [f"{v.name}.data()" for v in [*self.code.inputs, *self.results]]
        call = f"{self.name}({', '.join([*names, *(['workspace'] if self.large else [])])});"
        start = f"inline {kind or 'void'} {self.name}("
        head = start + (",\n" + " " * len(start)).join([*given, *made, *more]) + ") {"
        return (
            f"#if __has_include(<Eigen/Core>)\n#include <Eigen/Core>\n\n{space}\n\n"
            f"/// The same for matrices; others than row-major ones are copied.\n{head}\n"
            f"  {'return ' if kind else ''}{call}\n}}\n\n"
            f"}}  // namespace {self.style.namespace}\n#endif\n"
        )


def about(v: Variable) -> str:
    """A line for an array."""
    shape = " x ".join(map(str, v.type.shape)) or "one number"
    return f"{v.name}: {cpp_type(KINDS[v.type.dtype])}, {shape}"


def numbers(values: np.ndarray) -> str:
    """The initialiser of an array, exactly."""
    kind = KINDS[values.dtype]
    found = [literal(kind, x.tobytes()) for x in values.reshape(-1)] or ["0"]
    lines = [", ".join(found[k : k + 8]) for k in range(0, len(found), 8)]
    return "{\n    " + ",\n    ".join(lines) + "}"


def finite(name: str, v: Variable) -> list[str]:
    """The check of a result."""
    if v.type.dtype.kind != "f":
        return []
    return [
        f"  for (std::int64_t i = 0; i < {size(v.type)}; ++i) {{",
        f"    if (!std::isfinite({v.name}[i])) {{",
        f'      throw std::domain_error("{name}: {v.name} is not finite");',
        "    }",
        "  }",
    ]


def matrix(v: Variable) -> str:
    """Eigen's type of an array; of more than two axes, the last one against all others."""
    shape = v.type.shape
    columns = shape[-1] if len(shape) > 1 else 1
    rows = size(v.type) // columns if columns else 0
    order = "Eigen::RowMajor" if columns > 1 else "Eigen::ColMajor"
    return f"Eigen::Matrix<{stored(KINDS[v.type.dtype])}, {rows}, {columns}, {order}>"
