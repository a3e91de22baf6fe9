"""The examples of training run, and reach what they promise."""

from __future__ import annotations

import importlib.util
from pathlib import Path

import pytest

EXAMPLES = Path(__file__).resolve().parents[2] / "examples"


def example(name):
    spec = importlib.util.spec_from_file_location(f"example_{name}", EXAMPLES / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_demo(tmp_path, capsys):
    pytest.importorskip("sklearn")
    pytest.importorskip("matplotlib")
    # One seed and a third of the epochs; `make demo` reaches 98 % as the median of five.
    results, difference = example("demo").main(seeds=[0], epochs=10, output=tmp_path / "new")
    assert results[0].accuracy > 0.96
    assert len(results[0].labels) == round(360 * (1 - results[0].accuracy))
    # Found by BFGS to a gradient of 1e-7, which leaves about as much in the errors.
    assert difference < 1e-6
    picture = tmp_path / "new" / "digits.png"
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert f"picture: {picture}" in capsys.readouterr().out


def test_training_by_hand():
    on_tape, by_functions = example("train_by_hand").main()
    assert on_tape == by_functions > 0.99


def test_training_with_fit():
    assert example("train_with_fit").main() < 0.3
