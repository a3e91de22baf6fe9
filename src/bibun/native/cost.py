"""The cost of compiled code, in numbers and as text."""

from __future__ import annotations

from typing import NamedTuple


class KernelCost(NamedTuple):
    """Loops that run together, a product, a routine, a loop of the program's own, or a call."""

    kind: str  # "loops", "product", "routine", "control" or "NumPy"
    operations: tuple[str, ...]
    flops: int
    bytes: int
    lines: tuple[str, ...]


class Cost(NamedTuple):
    """What one call costs.

    `flops` and `bytes` (loaded and stored) count every round; of loops that end by a value they
    count one round, and of branches the longest. What is computed for rare arguments only, and what
    NumPy does in its calls, is left out of `flops`. `memory` is the most that a call holds, in
    bytes: arguments, results, constants and workspaces, of which there are `buffers`. `interpreted`
    is the number of kernels that are calls of NumPy's.
    """

    flops: int
    bytes: int
    memory: int
    workspace: int
    buffers: tuple[int, ...]
    kernels: tuple[KernelCost, ...]
    interpreted: int

    def __str__(self) -> str:
        head = (
            f"{self.flops:,} flops, {self.bytes:,} bytes loaded and stored, {self.memory:,} bytes "
            f"of memory, {self.workspace:,} of them in {len(self.buffers)} buffers of the workspace"
        )
        lines = [
            f"{k.kind:8} {k.flops:>14,} flops {k.bytes:>14,} bytes  {', '.join(k.operations)}"
            + "".join(f"\n{'':9}{line}" for line in k.lines)
            for k in self.kernels
        ]
        return "\n".join([head, *lines])
