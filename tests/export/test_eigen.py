"""Overloads for Eigen's matrices, of any order and parts of others; what checks need."""

from __future__ import annotations

import subprocess
from pathlib import Path
from typing import Any

import numpy as np

import bibun

from ..cpp.compilers import SANITIZED, compiled, output

MAIN = """
#include <Eigen/Dense>
#include <cstdio>
#include "f.hpp"
using Rows = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

int main() {
  Rows big(4, 6);
  for (int i = 0; i < 24; ++i) big.data()[i] = i;
  const Eigen::MatrixXd columns = big;
  const Eigen::Matrix<double, 4, 6, Eigen::RowMajor> fixed = big;
  Rows y(2, 3);
  Eigen::Vector2d product;
  const auto holds = [&] {
    const Rows a = big.block(1, 1, 2, 3);
    const bool good = y == 2 * a && product == a * big.row(0).head(3).transpose();
    y.setZero();
    return good;
  };
  const auto v = big.row(0).head(3).transpose();
  bibun_generated::f(big.block(1, 1, 2, 3), v, y, product);
  std::printf("%d ", holds());
  bibun_generated::f(columns.block<2, 3>(1, 1), v, y, product);
  std::printf("%d ", holds());
  bibun_generated::f(fixed.block<2, 3>(1, 1), v, y, product);
  std::printf("%d ", holds());
  const Rows whole = big.block(1, 1, 2, 3);
  bibun_generated::f(whole, Eigen::Vector3d(v), y, product);
  std::printf("%d\\n", holds());
  try {
    bibun_generated::f(whole, v, big.block(0, 0, 2, 3), product);
  } catch (const std::domain_error& error) {
    std::printf("%s\\n", error.what());
  }
}
"""


def doubled(a: Any, v: Any) -> Any:
    return 2 * a, a @ v


def test_parts_of_matrices(tmp_path: Path) -> None:
    """Arguments that do not lie row by row are copied; results there would be written elsewhere."""
    args = np.ones((2, 3)), np.ones(3)
    options = {"functions": ["value"], "interface": "eigen", "name": "f"}
    bibun.export.cpp(doubled, args, to=tmp_path, **options)
    (tmp_path / "main.cpp").write_text(MAIN)
    found = output(compiled(tmp_path / "main.cpp", tmp_path / "main", SANITIZED)).splitlines()
    assert found[0] == "1 1 1 1"
    assert found[1].startswith("f: value_0 is a part of a matrix")


def test_checks_that_compilers_leave_out(tmp_path: Path) -> None:
    """Whether a number is finite cannot be asked with -ffast-math."""
    options = {"functions": ["value"], "check_finite": True, "name": "f"}
    bibun.export.cpp(np.log, (np.ones(2),), to=tmp_path, **options)
    command = ["g++", "-std=c++17", "-fsyntax-only", "-x", "c++", tmp_path / "f.hpp"]
    assert subprocess.run(command, capture_output=True).returncode == 0
    done = subprocess.run([*command, "-ffast-math"], capture_output=True, text=True)
    assert "leave such checks out" in done.stderr
