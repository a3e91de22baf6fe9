"""What finds the headers: CMake, pkg-config, the command; a wheel has all of it."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path
from shutil import which

import pytest

import bibun
from bibun.cli import main

ROOT = Path(__file__).resolve().parent.parent.parent

MODEL = """
import numpy as np


def loss(x, w):
    return np.sum(np.sin(x @ w) ** 2)
"""
PROJECT = """
cmake_minimum_required(VERSION 3.16)
project(user LANGUAGES CXX)
find_package(bibun REQUIRED)
bibun_add_function(model FILE model.py FUNCTION loss
                   ARGUMENTS "x=float64[3,3]" "w=float64[3,2]" WRT w)
add_executable(user user.cpp)
target_link_libraries(user PRIVATE model bibun::bibun)
"""
USER = """
#include <bibun/dual.hpp>
#include <loss_value_and_grad.hpp>

int main() {
  const double x[9] = {1, 0, 0, 0, 1, 0, 0, 0, 1}, w[6] = {0.5, 0, 0, 0, 0, 0};
  double d_w[6];
  const double value = bibun_generated::loss_value_and_grad(x, w, d_w);
  // The same by a dual number.
  const auto s = sin(bibun::Dual<double, 1>::variable(0.5));
  const auto y = s * s;
  return std::fabs(y.value() - value) < 1e-15 && std::fabs(y.derivative() - d_w[0]) < 1e-15 ? 0 : 1;
}
"""


def test_the_command(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    model = tmp_path / "model.py"
    model.write_text(MODEL)
    arrays = ["x=float64[3,3]", "w=float64[3,2]"]
    main(["export", f"{model}:loss", *arrays, "--wrt", "w", "--to", str(tmp_path / "made")])
    names = [Path(line).name for line in capsys.readouterr().out.splitlines()]
    assert names[:2] == ["loss.hpp", "loss_value_and_grad.hpp"]
    rows = ["x=float64[5,3,3]", *arrays[1:]]
    main(["export", f"{model}:loss", *rows, "--batch", "x", "--to", str(tmp_path / "made")])
    assert "loss_batch(std::int64_t rows" in (tmp_path / "made" / "loss.hpp").read_text()
    with pytest.raises(SystemExit):
        main(["export", f"{model}:other", *arrays])
    assert "has no function 'other'" in capsys.readouterr().err


def test_a_project_with_cmake(tmp_path: Path) -> None:
    """find_package, bibun_add_function, and a program of the user's that links both."""
    cmake = which("cmake", path=f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}")
    assert cmake, "CMake is needed: the package cmake of the extra `test` has it"
    (tmp_path / "model.py").write_text(MODEL)
    (tmp_path / "CMakeLists.txt").write_text(PROJECT)
    (tmp_path / "user.cpp").write_text(USER)
    build = tmp_path / "build"
    options = [f"-Dbibun_DIR={bibun.cpp.cmake_dir()}", f"-DPython3_EXECUTABLE={sys.executable}"]
    for step in (["-S", tmp_path, "-B", build, *options], ["--build", build]):
        done = subprocess.run([cmake, *step], capture_output=True, text=True)
        assert done.returncode == 0, done.stdout + done.stderr
    subprocess.run([build / "user"], check=True)


def test_a_wheel_has_the_headers(tmp_path: Path) -> None:
    """What setuptools puts into a wheel, without building the extension."""
    command = [sys.executable, "setup.py", "-q", "build_py", "--build-lib", tmp_path]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout + done.stderr
    package = tmp_path / "bibun"
    for name in ("include/bibun/ad.hpp", "cmake/bibunConfig.cmake", "pkgconfig/bibun.pc"):
        assert (package / "_cpp" / name).exists()
    found = "import bibun.cpp; print(bibun.cpp.include_dir())"
    options = {**os.environ, "PYTHONPATH": str(tmp_path)}
    done = subprocess.run(
        [sys.executable, "-c", found], env=options, cwd=tmp_path, capture_output=True, text=True
    )
    assert done.stdout.strip() == str(package / "_cpp" / "include")
