"""The Python of README.md and of some pages of docs runs, and prints what it says."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parent.parent
BLOCK = re.compile(r"^```python\n(.*?)^```$", re.MULTILINE | re.DOTALL)
PRINTED = re.compile(r"^print\(.*\)  +# (.*)$", re.MULTILINE)


@pytest.mark.parametrize(
    "name",
    [
        *("README.md", "docs/control.md", "docs/jit.md", "docs/numerics.md", "docs/conventions.md"),
        *("docs/cpp.md", "docs/instability.md"),
    ],
)
def test_python_blocks_run(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """What follows `print(...)  # ` is what is printed."""
    text = (ROOT / name).read_text("utf-8")
    blocks = list(BLOCK.finditer(text))
    assert blocks, f"{name} shows no Python"
    namespace = {"__name__": "__main__"}
    for block in blocks:
        # The empty lines make tracebacks, and bibun's own errors, name the line of the page.
        padded = "\n" * text.count("\n", 0, block.start(1)) + block[1]
        exec(compile(padded, str(ROOT / name), "exec"), namespace)
    expected = [line for block in blocks for line in PRINTED.findall(block[1])]
    assert capsys.readouterr().out.splitlines() == expected
