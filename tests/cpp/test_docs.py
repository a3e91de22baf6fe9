"""The C++ of docs/cpp.md and docs/cpp_migration.md compiles, and prints what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from .compilers import ROOT, SANITIZED, compiled, output

BLOCK = re.compile(r"^```cpp\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PRINTED = re.compile(r'"\\n";  // (.*)$', re.MULTILINE)


@pytest.mark.parametrize("page", ["cpp.md", "cpp_migration.md"])
def test_programs_of_a_page(page: str, tmp_path: Path) -> None:
    blocks = BLOCK.findall((ROOT / "docs" / page).read_text("utf-8"))
    assert blocks, f"{page} shows no C++"
    for k, block in enumerate(blocks):
        source = tmp_path / f"program_{k}.cpp"
        source.write_text(block)
        found = output(compiled(source, tmp_path / f"program_{k}", SANITIZED)).splitlines()
        assert [line.split() for line in found] == [line.split() for line in PRINTED.findall(block)]
