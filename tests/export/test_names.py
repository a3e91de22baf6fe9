"""Names that are words of C++, of the generated code, or not ASCII; and what is no export."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bibun
from bibun.cli import main
from bibun.export.names import derived, distinct, words

X = np.array([0.3, 0.7, 1.2])
MATRIX = np.arange(6.0).reshape(2, 3)
EVERY = ("value", "value_and_grad", "jvp", "vjp", "jacobian", "hessian_vector")
WARNINGS = ["-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-pedantic", "-Werror"]


def own(value: Any, d_x: Any, x: Any, workspace: Any, v1: Any, std: Any, g: Any) -> Any:
    return np.sum(value * d_x * x + workspace + v1 + std * g)


def theirs(double: Any, NAN: Any, errno: Any, M_PI: Any, co_await: Any) -> Any:
    return np.sum(double * NAN + errno * M_PI + co_await)


def types(size_t: Any, int64_t: Any, uint_fast8_t: Any) -> Any:
    return np.sum(size_t * int64_t + uint_fast8_t)


def greek(θ: Any, ω: Any, é: Any, è: Any) -> Any:
    return np.sum(np.sin(θ) * ω + é * è)


def within(params: dict[str, Any]) -> Any:
    return np.sum(params["a b"] * params["a_b"]) + params["class"][0]


def batched(batched: Any, row: Any, rows: Any) -> Any:
    return np.sum(batched * row * rows)


CASES = {
    "own": (own, (X,) * 7, {"wrt": ("x", "d_x"), "functions": EVERY[:5]}),
    "theirs": (theirs, (X,) * 5, {"wrt": "NAN", "functions": EVERY}),
    "types": (types, (X,) * 3, {"functions": "value"}),
    "greek": (greek, (X,) * 4, {"wrt": ("θ", "é"), "functions": EVERY[:2]}),
    "within": (within, ({"a b": X, "a_b": X, "class": X},), {"functions": EVERY}),
    "batched": (batched, (MATRIX, X, X), {"batch": "batched", "wrt": ("batched", "row")}),
}


@pytest.mark.parametrize("name", CASES)
def test_names(name: str, tmp_path: Path) -> None:
    f, args, options = CASES[name]
    bibun.export.cpp(f, args, to=tmp_path, **options)
    program = tmp_path / "test"
    source = tmp_path / f"{name}_test.cpp"
    subprocess.run(["g++", "-std=c++17", *WARNINGS, source, "-o", program], check=True)
    subprocess.run([program], check=True)


def test_words() -> None:
    found = [words(w) for w in ("θ", "Ω", "größe", "ns__x", "3d", "", "errno", "F_x", "co_yield")]
    assert found == ["theta", "Omega", "grose", "ns_x", "x3d", "x", "errno_", "F_x", "co_yield_"]
    assert distinct(["a", "b", "a", "a_2", "a"], ["b"]) == ["a", "b_2", "a_2", "a_2_2", "a_3"]
    leaves = [["x"], ["x_2"], ["d_x"]]
    assert [derived("d", leaves, which) for which in [(0,), (1,), (0, 1)]] == [
        ["d_x_2"],
        ["d_x_2_2"],
        ["d_x_2", "d_x_2_2"],
    ]


def test_one_folder_for_two_functions(tmp_path: Path) -> None:
    """Both have targets and a section of the README; what is exported again has one."""
    for name in ("f", "g", "f"):
        bibun.export.cpp(np.sum, (X,), to=tmp_path, name=name, functions="value")
    page = (tmp_path / "README.md").read_text()
    assert [page.count(f"# {name}, made by bibun\n") for name in "fg"] == [1, 1]
    build = tmp_path / "build"
    subprocess.run(["cmake", "-S", tmp_path, "-B", build], check=True, capture_output=True)
    subprocess.run(["cmake", "--build", build], check=True, capture_output=True)
    assert all((build / f"{name}_test").exists() for name in "fg")


def test_two_functions_of_one_name(tmp_path: Path) -> None:
    """The same header may come twice; another one must not be taken for it."""
    for folder, x in (("one", X), ("two", X), ("longer", np.ones(4))):
        bibun.export.cpp(np.sum, (x,), to=tmp_path / folder, name="f", functions="value")
    main = tmp_path / "main.cpp"
    for folder, code in (("two", 0), ("longer", 1)):
        main.write_text(f'#include "one/f.hpp"\n#include "{folder}/f.hpp"\nint main() {{}}\n')
        command = ["g++", "-std=c++17", "-c", main, "-o", tmp_path / "o"]
        done = subprocess.run(command, capture_output=True)
        assert done.returncode == code
    assert b"another function of this name" in done.stderr


@pytest.mark.parametrize(
    "given, error, text",
    [
        ((lambda x: None, (X,)), TypeError, "returns no array"),
        ((lambda x: "a", (X,)), TypeError, "the result 'a' is no array"),
        ((3, (X,)), TypeError, "a function is needed, not 3"),
        ((np.sum, X), TypeError, r"args are examples of all arguments, as \(x,\), not ndarray"),
        ((lambda x: np.sum(np.array(x)), ([1.0, 2.0],)), TypeError, r"np.asarray\(1.0\) is an"),
        ((np.sum, (X.astype("f2"),)), bibun.errors.UnsupportedError, "numbers of float16"),
    ],
)
def test_what_is_no_export(given: Any, error: type, text: str, tmp_path: Path) -> None:
    functions = "value_and_grad" if isinstance(given[1][0], list) else "value"
    with pytest.raises(error, match=text):
        bibun.export.cpp(*given, to=tmp_path, name="f", functions=functions)


@pytest.mark.parametrize("space", ["", "a b", "class", "std", "a::"])
def test_namespaces(space: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="is no namespace of C"):
        bibun.export.cpp(np.sum, (X,), to=tmp_path, namespace=space, functions="value")


# ---------------------------------------------------------------- the command


MODEL = """
from helper import twice

def loss(x, w):
    return (twice(x) @ w).sum()
"""


@pytest.fixture
def model(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setattr(sys, "path", [*sys.path])
    monkeypatch.delitem(sys.modules, "helper", raising=False)
    (tmp_path / "helper.py").write_text("def twice(x):\n    return 2 * x\n")
    (tmp_path / "model.py").write_text(MODEL)
    return f"{tmp_path / 'model.py'}:loss"


def test_names_on_the_command_line(model: str, tmp_path: Path) -> None:
    """Arguments may come in any order; the file finds its neighbours."""
    to = ["--to", str(tmp_path), "--functions", "value"]
    assert main(["export", model, "w=float64[3,2]", "x=float64[4,3]", *to]) == 0
    assert "/// x: double, 4 x 3\n/// w: double, 3 x 2\n" in (tmp_path / "loss.hpp").read_text()


@pytest.mark.parametrize(
    "arguments, text",
    [
        (["x=float64[4,3]"], "loss: missing a required argument: 'w'"),
        (["x=float64[4,3]", "q=float64[3]"], "loss: missing a required argument: 'w'"),
        (["x=float64[4,3]", "x=float64[3]"], "an argument is given twice"),
        (["x=float64[4,3]", "w=float64[2]"], "matmul: float64[4,3] and float64[2] do not fit"),
        (["x=float64[4,3]", "w=float64[3]", "--wrt", "q"], "'q' is none of the arguments x, w"),
        (["x=float63[4,3]", "w=float64[3]"], "float63 is no dtype of NumPy's"),
        (["x=float64[4,3]", "w=float64[3]", "--functions", "hess"], "invalid choice: 'hess'"),
    ],
)
def test_errors_of_the_command(
    arguments: list[str], text: str, model: str, tmp_path: Path, capsys: pytest.CaptureFixture
) -> None:
    try:
        code = main(["export", model, *arguments, "--to", str(tmp_path)])
    except SystemExit as error:
        code = error.code
    assert code == 2
    assert text in capsys.readouterr().err
