"""No file of the project names a place that exists on one machine only."""

from __future__ import annotations

import re
from collections.abc import Iterator
from fnmatch import fnmatch
from pathlib import Path

from tests.test_layout import ROOT, confirm

HERE = str(ROOT).encode()  # wherever this checkout stands
MACHINE_PATH = re.compile(
    rb"(?<![\w.)\]])(?:/(?:root|home|Users|tmp)/|" + re.escape(HERE) + rb"\b)"
)


def project_files(folder: Path = ROOT) -> Iterator[Path]:
    """Every file that .gitignore, a list of plain names, does not leave out."""
    lines = (ROOT / ".gitignore").read_text("utf-8").splitlines()
    ignored = [line.strip("/") for line in lines if line and not line.startswith("#")]
    for entry in sorted(folder.iterdir()):
        if entry.is_symlink() or any(fnmatch(entry.name, name) for name in [".git", *ignored]):
            continue
        if entry.is_dir():
            yield from project_files(entry)
        else:
            yield entry


def test_no_machine_paths() -> None:
    confirm(
        [
            f"{file.relative_to(ROOT).as_posix()}:{i}: {line.strip()[:80].decode(errors='replace')}"
            for file in project_files()
            for i, line in enumerate(file.read_bytes().splitlines(), 1)
            if MACHINE_PATH.search(line)
        ]
    )


def test_machine_paths_are_found() -> None:
    for name in (b"root", b"tmp", b"home", b"Users", HERE[1:]):
        assert MACHINE_PATH.search(b"see /" + name + b"/main")
    address = b"/".join((b"https:", b"", b"example.org", b"home", b"page"))
    assert not MACHINE_PATH.search(address + b" and frame" + HERE)
