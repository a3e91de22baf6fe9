"""The projects of examples/cpp: built with CMake as a user would, and compared with Python."""

from __future__ import annotations

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path
from shutil import which
from typing import Any

import numpy as np
import pytest

import bibun

from .compilers import ROOT, eigen, output

EXAMPLES = ROOT / "examples" / "cpp"
PROGRAMS = {"calibration": "calibrate", "bundle": "adjust", "control": "balance", "digits": "train"}


@pytest.fixture(scope="module")
def build(tmp_path_factory: Any) -> Path:
    """The folder in which all projects are built."""
    cmake = which("cmake", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert cmake, "CMake is needed: the package cmake of the extra `test` has it"
    folder = tmp_path_factory.mktemp("projects")
    found = next(eigen("3.4").parent.parent.rglob("Eigen3Config.cmake")).parent
    options = {"bibun_DIR": bibun.cpp.cmake_dir(), "Eigen3_DIR": found}
    options |= {"Python3_EXECUTABLE": sys.executable, "CMAKE_CXX_FLAGS": "-Wall -Wextra -Werror"}
    given = [f"-D{key}={value}" for key, value in options.items()]
    targets = ["--target", *PROGRAMS.values(), "--parallel", "2"]
    for step in (["-S", EXAMPLES, "-B", folder, *given], ["--build", folder, *targets]):
        done = subprocess.run([cmake, *step], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    return folder


def printed(build: Path, project: str, *args: Path) -> list[list[float]]:
    """The numbers that a program prints."""
    program = build / project / PROGRAMS[project]
    lines = output(program, *map(str, args)).splitlines()
    return [[float(word) for word in line.split()] for line in lines]


def python(project: str, name: str, monkeypatch: pytest.MonkeyPatch) -> Any:
    """The same program in Python; each project has a `model` of its own."""
    monkeypatch.syspath_prepend(EXAMPLES / project)
    monkeypatch.delitem(sys.modules, "model", raising=False)
    return import_module(name)


def test_calibration(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    *costs, params = printed(build, "calibration")
    expected, found = python("calibration", "calibrate", monkeypatch).main()
    # Both factorise the Jacobian, whose condition is some 10, with other roundings.
    np.testing.assert_allclose(np.ravel(costs), expected, rtol=1e-11)
    np.testing.assert_allclose(params, found, rtol=1e-12, atol=1e-13)
    np.testing.assert_allclose(params[:3], [0.7, 0.5, 0.25], atol=1e-3)


def test_the_page_shows_the_project() -> None:
    page = (ROOT / "docs" / "cpp.md").read_text("utf-8")
    source = (EXAMPLES / "calibration" / "calibrate.cpp").read_text("utf-8")
    for name in ("model.py", "CMakeLists.txt"):
        assert (EXAMPLES / "calibration" / name).read_text("utf-8") in page
    (shown,) = page.split("```c++\n")[1:]
    assert shown.split("```")[0] in source


def test_bundle_adjustment(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    costs = np.ravel(printed(build, "bundle", build / "bundle" / "scene.txt"))
    scene = python("bundle", "scene", monkeypatch)
    expected = scene.adjusted(*scene.scene())
    # The equations, nearly singular since the whole may move, amplify roundings on the way.
    np.testing.assert_allclose(costs[:3], expected[:3], rtol=1e-8)
    np.testing.assert_allclose(costs[-1], expected[-1], rtol=1e-12)
    assert costs[-1] < 1e-6 * scene.POINTS * scene.CAMERAS * 2


def test_control(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found = np.array(printed(build, "control"))
    expected = python("control", "balance", monkeypatch).main()
    # Each falling pole amplifies roundings until it is caught.
    np.testing.assert_allclose(found, expected, atol=1e-6)
    assert found[0, 1] == 0.4 and np.max(abs(found[15:, 1])) < 0.1


def test_digits(build: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    ((loss, right, count),) = printed(build, "digits", build / "digits" / "generated")
    expected = python("digits", "digits", monkeypatch).train()
    # 264 steps, each of which goes on from the roundings of the one before.
    assert loss == pytest.approx(expected[0], rel=1e-7)
    assert (right, count) == expected[1:] and right > 0.88 * count
