"""The loop IR: what native code does, as data. Printers turn it into LLVM's text or C++."""

from .code import Block, Buffer, Code, Let, Loop, Place, Round, Seldom, Store, Value

__all__ = ["Block", "Buffer", "Code", "Let", "Loop", "Place", "Round", "Seldom", "Store", "Value"]
