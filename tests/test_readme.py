"""The README's Python runs, block after block in one namespace, and prints what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

README = Path(__file__).resolve().parent.parent / "README.md"
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PRINTED = re.compile(r"^print\(.*\)  +# (.*)$", re.MULTILINE)


def test_python_blocks_run(capsys: pytest.CaptureFixture[str]) -> None:
    """What follows `print(...)  # ` is what is printed."""
    text = README.read_text("utf-8")
    blocks = list(BLOCK.finditer(text))
    assert blocks, "README.md shows no Python"
    namespace = {"__name__": "__main__"}
    for block in blocks:
        # The empty lines make tracebacks, and bibun's own errors, name the line of README.md.
        padded = "\n" * text.count("\n", 0, block.start(1)) + block[1]
        exec(compile(padded, str(README), "exec"), namespace)
    expected = [line for block in blocks for line in PRINTED.findall(block[1])]
    assert capsys.readouterr().out.splitlines() == expected
