"""examples/cpp: the article's figures in C++, with its values, under sanitizers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from .compilers import ROOT, SANITIZED, compiled, output

EXAMPLES = ROOT / "examples" / "cpp"
LOSS = 1.8238302200153741411
DX = [
    [0.050267309583181917358, -0.0073307105696411997498, 0.89643319752332683181],
    [0.065601620070082754408, -0.20847968889576424505, -0.42140672983454162666],
    [0.0158525094501671016, -0.10344062799028647936, -0.5263273443691169045],
]
DW = [
    [-1.7602119701796783128, -0.55468887955575670709],
    [1.2684869918296517211, 1.2219550607118896366],
    [-3.593731046055768623, -0.074971479208648620545],
]


def numbers(name: str, folder: Path) -> dict[str, np.ndarray]:
    """What an example prints: names, and the numbers below them."""
    found: dict[str, list[list[float]]] = {}
    key = ""
    for line in output(compiled(EXAMPLES / f"{name}.cpp", folder / name, SANITIZED)).splitlines():
        if line.isalpha():
            key = line
            found[key] = []
        else:
            found[key].append([float(word) for word in line.split()])
    return {k: np.array(rows) for k, rows in found.items()}


@pytest.mark.parametrize("name", ["figure_11", "figure_12"])
def test_the_layer_on_tensors(name: str, tmp_path: Path) -> None:
    """Eigen's own contraction, over memory that is full of odd bytes."""
    found = numbers(name, tmp_path)
    expected = {"loss": [[LOSS]], "dW": DW} | ({"dX": DX} if name == "figure_12" else {})
    assert found.keys() == expected.keys()
    for key, value in expected.items():
        # Sums of a few products near 4, of which the smallest is left with 0.07.
        np.testing.assert_allclose(found[key], value, rtol=1e-13, atol=4e-15)


def test_figure_10(tmp_path: Path) -> None:
    program = compiled(EXAMPLES / "figure_10.cpp", tmp_path / "figure_10", SANITIZED)
    found = [float(word) for word in output(program).split()]
    np.testing.assert_allclose(found, [0.88079707797788244406, 0.10499358540350651735], rtol=1e-15)


def test_figures_8_and_9(tmp_path: Path) -> None:
    program = compiled(EXAMPLES / "figures_8_and_9.cpp", tmp_path / "figures", SANITIZED)
    lines = output(program).splitlines()
    exact = float(np.float32(3.720075976020835963e-44))
    for line in lines[:2]:
        np.testing.assert_allclose([float(w) for w in line.split()], [exact, -exact], rtol=1e-8)
    assert lines[2] == "bibun: the value of 'divide' is not finite"
    slope = np.sin(2.0) - np.cos(2.0) / 0.5
    np.testing.assert_allclose([float(w) for w in lines[3].split()], [0, slope], rtol=1e-6)
