"""The machine: LLVM's text compiled to functions in memory, for the CPU that runs us."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import count
from threading import Lock
from typing import Any

from ..errors import BibunError
from . import tiles
from .linked import Machine


@cache
def binding() -> Any:
    """llvmlite's binding, ready for this CPU."""
    import llvmlite.binding as llvm

    llvm.initialize_native_target()
    llvm.initialize_native_asmprinter()
    return llvm


@cache
def features() -> dict[str, bool]:
    """What this CPU can do, by LLVM's names."""
    return dict(binding().get_host_cpu_features())


@cache
def target() -> Any:
    """The machine that code is made for: this one."""
    llvm = binding()
    able = ",".join(f"{'+' if there else '-'}{name}" for name, there in features().items())
    return llvm.Target.from_default_triple().create_target_machine(
        cpu=llvm.get_host_cpu_name(), features=able, opt=2, jit=True
    )


@cache
def registers() -> tiles.Registers:
    """The vector registers of this CPU."""
    return tiles.registers(features())


@cache
def lookups() -> bool:
    """Whether this CPU finds an entry of a small table as quickly as it multiplies (lookups.py)."""
    return all(features().get(f"avx512{name}") for name in ("f", "dq", "vl"))


LINKS = 32
"""Programs of one linker."""


def linker(number: int) -> Any:
    """What puts machine code into memory, and takes it out again, for program number n.

    A linker keeps some 9 KB of each program that was taken out of memory, until it goes itself:
    when all its programs are gone, since these hold it.
    """
    with LOCK:
        if number // LINKS > LINKER[0]:
            LINKER[:] = number // LINKS, binding().create_lljit_compiler(target())
        return LINKER[1]


def link(code: bytes, known: dict[str, int], names: Sequence[str]) -> Any:
    """The functions of an object file by their names, through LLVM's linker."""
    library = binding().JITLibraryBuilder().add_object_img(code).add_current_process()
    for symbol, at in known.items():
        library.import_symbol(symbol, at)
    for name in names:
        library.export_symbol(name)
    number = next(SERIAL)
    return library.link(linker(number), f"bibun{number}")


# What stands in for the threads of the extension: all rounds, in the thread that calls.
ALONE = """
define void @bibun_alone(ptr %body, ptr %context, i64 %extent, i64 %grain) nounwind {
  %any = icmp sgt i64 %extent, 0
  br i1 %any, label %run, label %done
run:
  call void %body(ptr %context, i64 0, i64 %extent)
  br label %done
done:
  ret void
}
"""


@cache
def alone() -> Machine:
    """The function that stands in for bibun_parallel."""
    return Machine(ALONE, ("bibun_alone",))


SERIAL, LOCK = count(), Lock()
LINKER: list[Any] = [-1, None]  # the number of the present one, and itself


def compiled(text: str) -> bytes:
    """LLVM's text as machine code, in the form of an object file."""
    try:
        module = binding().parse_assembly(text)
    except RuntimeError as error:
        raise BibunError(f"native code: LLVM does not take what was printed: {error}") from error
    return target().emit_object(module)
