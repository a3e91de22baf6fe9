"""Every figure of the article: its script runs, prints its values, and they are right."""

import os
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import numpy as np
import pytest
from numpy.testing import assert_allclose

from . import reference
from .reference import NEAR

ROOT = Path(__file__).resolve().parents[2]
FOLDER = ROOT / "examples" / "article"
SCRIPTS = sorted(p.stem for p in FOLDER.glob("*.py"))
DTYPES = [np.float64, np.float32]


@pytest.fixture
def script(request, monkeypatch):
    """The module of a figure, imported as Python imports it beside the script that runs."""
    monkeypatch.syspath_prepend(str(FOLDER))
    return import_module(request.param)


def figure(name):
    return pytest.mark.parametrize("script", [name], indirect=True)


@pytest.mark.parametrize("name", SCRIPTS)
def test_scripts_run_by_themselves(name):
    """As a reader runs them: python examples/article/figure_02.py, where warnings are errors."""
    path = os.pathsep.join([str(ROOT / "src"), os.environ.get("PYTHONPATH", "")])
    environment = os.environ | {"PYTHONPATH": path, "PYTHONIOENCODING": "utf-8"}
    command = [sys.executable, "-W", "error", str(FOLDER / f"{name}.py")]
    run = subprocess.run(command, env=environment, capture_output=True, text=True, encoding="utf-8")
    assert run.returncode == 0, run.stderr
    assert run.stdout.strip()


@figure("figure_02")
@pytest.mark.parametrize("dtype", DTYPES)
def test_figure_2_a_layer_on_a_tape(script, dtype, capsys):
    Y, loss, dW = script.main(dtype)
    assert Y.dtype == loss.dtype == dW.dtype == dtype
    assert_allclose(Y, reference.Y, **NEAR[dtype])
    assert_allclose(loss, reference.LOSS, **NEAR[dtype])
    assert_allclose(dW, reference.DW, **NEAR[dtype])
    assert f"loss = {loss}" in capsys.readouterr().out


@figure("figures_03_07")
def test_figures_3_to_7_the_derivation(script, capsys):
    layer, dense = script.main()
    # What the article derives by hand.
    assert layer.formulas == {"dloss/dW": "Xᵀ (2 Y ⊙ cos(Z))"}
    assert "dloss/dW  = ∂loss/∂v₁ · ∂v₁/∂Y · ∂Y/∂Z · ∂Z/∂W" in str(layer)
    assert set(dense.formulas) == {"ddense/dW", "ddense/db"}
    assert f"{layer}\n" in capsys.readouterr().out


def right_for_tiny_numbers(x, found):
    """exp(-x) and its derivative; a subnormal number is right to its last place."""
    expected = reference.EXP[int(x)]
    assert_allclose(found, expected, rtol=4e-16, atol=np.finfo(x.dtype).smallest_subnormal)


@figure("figure_08")
def test_figure_8_right_without_help(script):
    points = (np.float32(100), np.float64(400), np.float64(720))
    for x, (on_tape, slope, value, derivative) in zip(points, script.main(), strict=True):
        with np.errstate(over="ignore"):
            assert on_tape == 1 / np.exp(x)  # what NumPy computes, which may be 0
        assert slope.dtype == value.dtype == derivative.dtype == x.dtype
        right_for_tiny_numbers(x, value)
        right_for_tiny_numbers(x, -derivative)
        right_for_tiny_numbers(x, -slope.numpy())


@figure("figure_09")
def test_figure_9_a_custom_gradient(script):
    points = (np.float32(100), np.float64(400), np.float64(720))
    for x, (value, derivative) in zip(points, script.main(), strict=True):
        assert value.dtype == derivative.dtype == x.dtype
        right_for_tiny_numbers(x, value.numpy())
        right_for_tiny_numbers(x, -derivative.numpy())


@figure("singular")
def test_singular_functions_are_found_and_mended(script):
    found = script.main()
    assert found["root"][:2] == (0, np.inf)
    assert found["root"][2] == "the derivative of sqrt is inf at singular.py:15: `np.sqrt(x)`"
    assert np.isnan(found["wave"][:2]).all()
    assert found["wave"][2] == "divide gives inf at singular.py:23: `1 / x`"
    assert found["root_or_zero"] == (0, 0)
    assert_allclose(found["mended_length"][1], [0, 0])
    value, derivative = found["mended_wave"]  # the last point is 1/2
    assert_allclose([value, derivative], [np.sin(2) / 2, np.sin(2) - 2 * np.cos(2)], rtol=1e-15)


@figure("figure_10")
@pytest.mark.parametrize("dtype", DTYPES)
def test_figure_10_forward_mode(script, dtype):
    value, derivative = script.main(dtype)
    assert value.dtype == derivative.dtype == dtype
    assert_allclose(value, reference.SIGMOID, **NEAR[dtype])
    assert_allclose(derivative, reference.SLOPE, **NEAR[dtype])


@figure("figure_12")
@pytest.mark.parametrize("dtype", DTYPES)
def test_figure_12_both_gradients(script, dtype):
    loss, dX, dW = script.main(dtype)
    assert loss.dtype == dX.dtype == dW.dtype == dtype
    assert_allclose(loss, reference.LOSS, **NEAR[dtype])
    assert_allclose(dX, reference.DX, **NEAR[dtype])
    assert_allclose(dW, reference.DW, **NEAR[dtype])


@figure("closing")
def test_closing_side_by_side(script, capsys):
    tables = script.main()
    sigmoid, loss = tables["sigmoid"], tables["loss"]
    assert_allclose(np.float64(sigmoid.truth), reference.SLOPE, rtol=1e-15)
    assert_allclose(loss.truth.astype(float), reference.DW, **NEAR[np.float64])
    for table in (sigmoid, loss):
        assert table["automatic"].error < 1e-14 and table["symbolic"].error < 1e-14
        assert table["forward difference"].error > 1e-10
    assert tables["tiny"]["automatic"].error < 0.02  # all that a subnormal float32 can hold
    assert tables["tiny"]["forward difference"].error == 1
    assert str(sigmoid) in capsys.readouterr().out
