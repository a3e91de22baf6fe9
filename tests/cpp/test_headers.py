"""The C++ headers: programs that check derivatives under sanitizers, and the article's program."""

from __future__ import annotations

import subprocess
from pathlib import Path

import numpy as np
import pytest

from .compilers import (
    CLANG,
    COMPILERS,
    GCC,
    HERE,
    INCLUDE,
    PEDANTIC,
    ROOT,
    SANITIZED,
    compiled,
    eigen,
    output,
)

PROGRAMS = sorted(path.stem for path in HERE.glob("*_test.cpp"))
# Between them they use all headers; the others would take clang half a minute more.
OF_CLANG = ("tests/cpp/functions_test", "tests/cpp/linear_test", "examples/cpp/figure_12")


@pytest.mark.parametrize("name", PROGRAMS)
def test_a_program_in_cpp(name: str, tmp_path: Path) -> None:
    """It checks itself, and the sanitizers find nothing."""
    options = [*SANITIZED, *PEDANTIC]
    output(compiled(HERE / f"{name}.cpp", tmp_path / name, options))


@pytest.mark.skipif(not CLANG, reason="clang is not installed")
@pytest.mark.parametrize("name", OF_CLANG)
def test_clang_has_no_warnings(name: str, tmp_path: Path) -> None:
    compiled(ROOT / f"{name}.cpp", tmp_path / "none", ["-fsyntax-only", *PEDANTIC], CLANG)


def test_a_check_that_compilers_leave_out(tmp_path: Path) -> None:
    """With -ffast-math no number is known to be infinite: all else compiles."""
    program = "#include <bibun/ad.hpp>\nint main() {{ {} }}\n"
    for text, good in (("", True), ("bibun::FiniteCheck check;", False)):
        source = tmp_path / "main.cpp"
        source.write_text(program.format(text))
        folders = [f"-I{INCLUDE}", "-isystem", str(eigen("3.4"))]
        command = [GCC, "-std=c++17", "-ffast-math", "-fsyntax-only", *folders, source]
        done = subprocess.run(command, capture_output=True, text=True)
        assert done.returncode == 0 if good else "leave such checks out" in done.stderr


LOSS = 1.8238302200153741411
LATER = 0.00319114286714816
"""After 100 steps of gradient descent."""


@pytest.mark.parametrize("version", ["3.4", "5"])
@pytest.mark.parametrize("compiler", COMPILERS)
def test_the_article(compiler: str, version: str, tmp_path: Path) -> None:
    """The article's layer and 1/exp(x), optimised, with each compiler and each Eigen."""
    # The program leaves an argument of a lambda unused.
    options = ["-O2", "-Wno-unused-parameter"]
    program = compiled(HERE / "article.cpp", tmp_path / "article", options, compiler, version)
    lines = output(program).splitlines()
    assert float(lines[0]) == pytest.approx(LOSS, rel=1e-13)
    dw = np.array([[float(n) for n in line.split()] for line in lines[1:4]])
    expected = [
        [-1.7602119701796783128, -0.55468887955575670709],
        [1.2684869918296517211, 1.2219550607118896366],
        [-3.593731046055768623, -0.074971479208648620545],
    ]
    np.testing.assert_allclose(dw, expected, rtol=1e-13, atol=3e-14)  # the last one cancels
    assert lines[7].split()[2] == lines[0] and float(lines[7].split()[-1]) == 0
    # A hundred steps add up their roundings.
    assert float(lines[8].split()[-1]) == pytest.approx(LATER, rel=1e-12)
    for line, exact in zip(
        lines[9:11], (3.720075976020835963e-44, 1.915169596714005695e-174), strict=True
    ):
        words = line.replace(",", "").split()
        found = [float(words[k]) for k in (2, 3, 5, 6)]
        np.testing.assert_allclose(found, [exact, -exact, exact, -exact], rtol=1e-15)
