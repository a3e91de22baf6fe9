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
def test_python_blocks_run(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What follows `print(...)  # ` is what is printed. The code has a file, as a user's has."""
    text = (ROOT / name).read_text("utf-8")
    blocks = list(BLOCK.finditer(text))
    assert blocks, f"{name} shows no Python"
    file, source = tmp_path / Path(name).name, ""
    for block in blocks:
        # The empty lines make tracebacks, and bibun's own errors, name the line of the page.
        first = text.count("\n", 0, block.start(1))
        source += "\n" * (first - source.count("\n")) + block[1]
    file.write_text(source, "utf-8")
    exec(compile(source, str(file), "exec", dont_inherit=True), {"__name__": "__main__"})
    expected = [line for block in blocks for line in PRINTED.findall(block[1])]
    assert capsys.readouterr().out.splitlines() == expected
