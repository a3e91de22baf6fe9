"""Exported headers compile without warnings, compute what Python does, and have loops."""

from __future__ import annotations

import re
import subprocess
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import bibun
from bibun.errors import TracingError, UnsupportedError
from bibun.export.functions import exported
from bibun.export.header import Header, Style
from bibun.export.lowered import lowered
from bibun.loops import Code, Place
from bibun.native.cplusplus import CppPrinter

from ..cpp.compilers import output
from .driver import results

OPTIONS = ["-std=c++17", "-O1", "-Wall", "-Wextra", "-Werror", "-ffp-contract=off", "-mfma"]
SANITIZED = [*OPTIONS, "-fsanitize=address,undefined", "-fno-sanitize-recover=all"]
EVERY = ("value", "value_and_grad", "jvp", "vjp", "jacobian")
X = np.array([[-1.0, 0, 1], [2, 3, 4], [-1, -5, 2]])
W = np.array([[-0.1, 0.2], [0.3, -0.4], [0.5, 0.6]])


def holds(folder: Path, options: list[str] = SANITIZED) -> None:
    """The golden test of a folder compiles, and finds Python's numbers, in memory full of bytes."""
    (source,) = folder.glob("*_test.cpp")
    subprocess.run(["g++", *options, source, "-o", folder / "test"], check=True)
    output(folder / "test")


def loss(X, W):
    return np.sum(np.sin(X @ W) ** 2)


@pytest.mark.parametrize("math", ["libm", "vector"])
def test_the_article(math: str, tmp_path: Path) -> None:
    bibun.export.cpp(loss, (X, W), wrt=("X", "W"), to=tmp_path, functions=EVERY, math=math)
    holds(tmp_path)
    text = (tmp_path / "loss_value_and_grad.hpp").read_text()
    assert ("std::sin(" in text) == (math == "libm")
    # Calls are no part of the loops that add up.
    assert math == "vector" or re.search(r"(v\d+) = b\d+\[v\d+\];\n.*std::sin\(\1\)", text)
    # The Python stands at the top, and its lines before the loops that are made of them.
    assert "return np.sum(np.sin(X @ W) ** 2)" in text
    for name in ("loss", "loss_value_and_grad", "loss_jvp"):
        value = (tmp_path / f"{name}.hpp").read_text()
        assert re.search(r"^  // \S*test_export\.py:\d+: `np.sum", value, re.MULTILINE), name
    assert "new " not in text and "vector<" not in text and "malloc" not in text


def network(params, x):
    for layer in params["layers"]:
        x = np.tanh(x @ layer["w"] + layer["b"])
    return x @ params["out"]


def squares(params, x, y):
    return np.mean((network(params, x) - y) ** 2)


def test_containers(tmp_path: Path) -> None:
    """A network with its parameters in dicts and lists, in float32; and its Hessian along them."""
    rng = np.random.default_rng(0)

    def f32(*shape: int) -> np.ndarray:
        return rng.normal(size=shape).astype(np.float32)

    layers = [{"w": f32(4, 5), "b": f32(5)}, {"w": f32(5, 5), "b": f32(5)}]
    args = ({"layers": layers, "out": f32(5)}, f32(7, 4), f32(7))
    kinds = ("value_and_grad", "jvp", "hessian_vector")
    bibun.export.cpp(squares, args, to=tmp_path, functions=kinds, name="fit")
    assert (
        "float* __restrict d_params_layers_1_w" in (tmp_path / "fit_value_and_grad.hpp").read_text()
    )
    holds(tmp_path)


def test_weights_become_part_of_the_code(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    w = bibun.Variable(rng.normal(size=(3, 2)))
    shift = rng.normal(size=2)
    bibun.export.cpp(
        lambda x: np.exp(x @ w + shift), (X,), to=tmp_path, functions=EVERY[:1], name="f"
    )
    holds(tmp_path)


def test_weights_decide_what_is_exported(tmp_path: Path) -> None:
    w, rounds = bibun.Variable(W), bibun.Variable(np.array(2))

    def f(x):
        for _ in range(int(rounds)):
            x = x + (x @ (w / 2 if np.sum(w**2) > 0.5 else w)).sum()
        return np.sum(np.sin(x))

    bibun.export.cpp(f, (X,), to=tmp_path, functions=EVERY[:2], name="f")
    holds(tmp_path)


def rolled(x):
    y, rows = bibun.scan(lambda c, r: (np.sin(c) + r, c * r), x[0], x)
    return np.sum(y * rows)


def chosen(x):
    return bibun.cond(np.sum(x) > 0, lambda x: np.sum(x**3), lambda x: np.sum(np.exp(x)), x)


def halved(x):
    return np.sum(bibun.while_loop(lambda y: np.sum(y**2) > 1e-2, lambda y: np.sin(y) / 2, x))


def stable(x):
    return np.sum(np.where(x > 0, np.sqrt(np.abs(x)), 0.0)) + np.log(np.sum(np.exp(1000 * x)))


def pieces(x):
    y = np.concatenate([x[::-1, 1:], x[:, :2] * 2], axis=1)
    return np.max(y, axis=0) @ y[0] + np.sum(y[[0, 2, 0]] ** 2)


PROGRAMS = rolled, chosen, halved, stable, pieces


@pytest.mark.parametrize("f", PROGRAMS, ids=lambda f: f.__name__)
def test_programs(f: Any, tmp_path: Path) -> None:
    bibun.export.cpp(f, (X / 3,), to=tmp_path, functions=("value", "value_and_grad", "jvp"))
    holds(tmp_path)


def test_a_comparison_with_itself_reads_nothing() -> None:
    """Compilers warn of variables that nobody uses."""
    code, first = Code("kernel"), Place(0, ())
    x, y = code.buffer(np.dtype(float), 1, "in"), code.buffer(np.dtype(bool), 1, "out")
    value = code.load(x, first)
    code.store(y, first, value < value)
    assert re.findall(r"const (\w+) v\d+ = (.*);", CppPrinter(code).function()) == [
        ("bool", "false")
    ]


def test_text_grows_with_the_graph_alone(tmp_path: Path) -> None:
    """Loops stay loops: arrays a hundred times as large make a few more digits."""
    lengths = []
    for n in (40, 4000):
        files = bibun.export.cpp(loss, (np.ones((n, 3)), W), to=tmp_path, functions=EVERY[:2])
        lengths.append(sum(len(f.read_text()) for f in files if f.suffix == ".hpp"))
    assert lengths[1] < 1.3 * lengths[0]
    holds(tmp_path, OPTIONS)
    assert (
        "struct loss_value_and_grad_workspace" in (tmp_path / "loss_value_and_grad.hpp").read_text()
    )


def strips(x, w, few, many, single):
    """Dear loops of many lengths, in which a few numbers are not as usual."""
    sums = np.sum(np.sin(x @ w) ** 2) + np.sum(np.exp(many * w[0, 0]))
    return sums + np.max(np.tanh(few)) + np.sum(np.sin(few) * single) + np.prod(np.cos(many[:9]))


def test_strips(tmp_path: Path) -> None:
    """Loops in vectors get what the interpreter gets, also for angles and powers beyond all."""
    rng = np.random.default_rng(2)
    x, w, few, many = (rng.normal(size=s) for s in ((5, 3), (3, 2), (3,), (101,)))
    x, w = np.round(8 * x) / 8, np.round(8 * w) / 8  # so that products are exact, also of huge ones
    x[2], few[1], many[[0, 70]] = 2.0**27, 3e7, -1e5
    single = rng.normal(size=3).astype(np.float32)
    args, kinds = (x, w, few, many, single), ("value", "value_and_grad")
    bibun.export.cpp(strips, args, wrt=range(5), to=tmp_path, functions=kinds, math="vector")
    text = (tmp_path / "strips_value_and_grad.hpp").read_text()
    assert "first < 96; first += 8" in text and "if (rare != 0)" in text
    holds(tmp_path)


def powers(x):
    """Sums of all kinds, numbers, and narrow ones."""
    y = np.exp(x)
    return np.sum(y), np.prod(y), np.max(y), np.where(y > 1, y, -y), y > 1


def test_last_rounds(tmp_path: Path) -> None:
    """The last rounds get the same numbers, bit by bit, where they fill a vector and where not."""
    made: list[tuple[Any, np.ndarray]] = []
    for n, dtype in ((3, "f8"), (6, "f8"), (15, "f8"), (13, "f4")):
        x = np.cos(np.arange(n)).astype(dtype)
        x[-1] = -1e5  # a power that is not as usual, and done again
        made.append((powers, x))
    # Rounds that only write, and rounds that are all the same.
    made.append((lambda x: np.exp(np.broadcast_to(x, (3,))), np.ones(())))
    made.append((lambda x: np.sum(np.exp(np.broadcast_to(x[:, None], (2, 3))), 1), np.ones(2)))
    cases = []
    for k, (f, x) in enumerate(made):
        given = exported(f, (x,), (0,), "value")
        code = lowered(f"last{k}", given, "vector")
        cases.append((Header(f"last{k}", code, Style("last", False, False, [])), given))
        assert (" filled<" in cases[-1][0].text()) == (k != 5)
    strict = ["-Wconversion", "-Wsign-conversion", "-Wshadow", "-pedantic"]
    native = ["-march=native", "-fno-trapping-math", *strict]
    plain = results(cases, tmp_path, OPTIONS)
    for options in ([*SANITIZED, *native], [*OPTIONS, "-O3", *native]):
        for one, other in zip(plain, results(cases, tmp_path, options), strict=True):
            for y, z in zip(one, other, strict=True):
                np.testing.assert_array_equal(z, y)


@pytest.mark.parametrize("math", ["libm", "vector"])
def test_sums_across_rows(math: str, tmp_path: Path) -> None:
    """A product takes whole rows of its second matrix, one for each number of the first."""
    rng = np.random.default_rng(3)
    args, kinds = (rng.normal(size=(3, 20)), rng.normal(size=(20, 9))), ("value_and_grad",)
    bibun.export.cpp(loss, args, wrt=("X", "W"), to=tmp_path, functions=kinds, math=math)
    text = (tmp_path / "loss_value_and_grad.hpp").read_text()
    assert re.search(r"for \(.*v\d+ < 20;.*\n +for \(.*v\d+ < 9;", text)
    holds(tmp_path)


EMPTY: dict[str, tuple] = {
    "sum": (np.sum, (0,)), "inner": (lambda x: x @ x.T, (3, 0)), "sort": (np.sort, (2, 0)),
    "det": (np.linalg.det, (2, 0, 0)), "inverse": (np.linalg.inv, (0, 0)),
    "svd": (lambda x: np.linalg.svd(x)[1], (0, 3)), "joined": (lambda x: np.append(x, X), (0,)),
    "scan": (lambda x: bibun.scan(lambda c, r: (np.sin(c) + r, c), np.ones(()), x), (0,)),
}  # fmt: skip


def test_empty_arrays(tmp_path: Path) -> None:
    """No array of C++ is empty, and calls that have nothing to do are none."""
    cases = []
    for name, (f, shape) in EMPTY.items():
        for kind in ("jvp", "jacobian" if name == "joined" else "vjp"):
            given = exported(f, (np.zeros(shape),), (0,), kind)
            code = lowered(f"{name}_{kind}", given, "libm")
            style = Style("empty", False, False, [])
            cases.append((Header(f"{name}_{kind}", code, style), given))
    found = results(cases, tmp_path, [*SANITIZED, "-pedantic", "-Wsign-conversion"])
    for (header, _), arrays in zip(cases, found, strict=True):
        for y, z in zip(header.code.expected, arrays, strict=True):
            np.testing.assert_array_equal(z, y)


def unread(x, y):
    return np.sum(x) + np.sum(np.round(y[0]) * 0)


def test_arguments_that_nothing_reads(tmp_path: Path) -> None:
    bibun.export.cpp(unread, (X, X), to=tmp_path, wrt=("x", "y"), functions=EVERY[:2])
    holds(tmp_path)


def test_checks_of_results(tmp_path: Path) -> None:
    bibun.export.cpp(
        lambda x: np.sum(np.log(x)), (np.ones(2),), to=tmp_path, name="f", check_finite=True,
        functions=["value"],
    )  # fmt: skip
    main = tmp_path / "main.cpp"
    main.write_text(
        '#include "f.hpp"\nint main() {\n  const double x[2] = {0, 1};\n'
        "  try { bibun_generated::f(x); } catch (const std::domain_error&) { return 0; }\n"
        "  return 1;\n}\n"
    )
    subprocess.run(["g++", *SANITIZED, main, "-o", tmp_path / "main"], check=True)
    subprocess.run([tmp_path / "main"], check=True)


def test_what_cannot_be_exported(tmp_path: Path) -> None:
    with pytest.raises(TracingError, match="decides by the value"):
        bibun.export.cpp(lambda x: x if x > 0 else -x, (np.float64(1),), to=tmp_path, name="f")
    with pytest.raises(
        UnsupportedError, match="there is no C\\+\\+ yet for Det of complex numbers"
    ):
        bibun.export.cpp(lambda x: abs(np.linalg.det(x + 1j)), (X,), to=tmp_path, name="f")
    with pytest.raises(ValueError, match="'Z' is none of the arguments X, W"):
        bibun.export.cpp(loss, (X, W), to=tmp_path, wrt="Z")
    with pytest.raises(ValueError, match="the functions are value, value_and_grad"):
        bibun.export.cpp(loss, (X, W), to=tmp_path, functions=["hessian"])


def test_results_of_narrow_numbers(tmp_path: Path) -> None:
    """Wide results of sums in float32 are compared as exactly as these are rounded."""
    x = np.random.default_rng(3).standard_normal((3, 33)).astype(np.float32)[2]

    def f(x: Any) -> Any:
        return np.sum(x * x * x) + np.sum((x > 0) * 1.5 * x)

    bibun.export.cpp(f, (x,), to=tmp_path, name="f", math="vector")
    assert "<= 1e-12" not in (tmp_path / "f_test.cpp").read_text()
    holds(tmp_path, OPTIONS)
    bibun.export.cpp(f, (np.float64(x),), to=tmp_path, name="f", math="vector")
    assert "<= 1e-4" not in (tmp_path / "f_test.cpp").read_text()
