"""What jit shows of compiled code: what it costs, and its loops as text."""

from __future__ import annotations

from typing import Any

import numpy as np

import bibun


def scaled(x: Any, y: Any) -> Any:
    z = np.sqrt(x) * y
    return z + np.sum(z, axis=1, keepdims=True)


X, Y = np.ones((5, 300)), np.ones((5, 300))


def test_work_is_counted() -> None:
    found = bibun.jit(scaled).cost(X, Y)
    (kernel,) = found.kernels
    assert kernel.kind == "loops" and set(kernel.operations) >= {"sqrt", "multiply", "sum", "add"}
    # A square root, a product, a term of a sum and a sum for each element; z is stored.
    assert found.flops == 1_500 * 4
    assert found.bytes == 5 * 8 * 1_500  # two are read, z is written and read, one is written
    assert found.memory == 3 * 8 * 1_500 + found.workspace
    assert sum(found.buffers) <= found.workspace and found.interpreted == 0


def test_lines_of_kernels() -> None:
    found = bibun.jit(scaled).cost(X, Y)
    (kernel,) = found.kernels
    assert any("np.sqrt(x) * y" in line for line in kernel.lines)
    assert all(line.startswith("test_cost.py:") for line in kernel.lines)
    assert "np.sqrt(x) * y" in str(found) and "flops" in str(found)


def test_products_and_calls() -> None:
    found = bibun.jit(lambda x, y: (x @ y.T).astype(np.float16)).cost(
        np.ones((80, 300)), np.ones((90, 300))
    )
    kinds = [k.kind for k in found.kernels]
    assert kinds[-1] == "NumPy" and found.interpreted == 1
    assert found.flops == 2 * 80 * 90 * 300
    # Two arguments, their product, and that in two bytes each.
    assert found.memory >= 8 * (170 * 300 + 80 * 90) + 2 * 80 * 90


def test_loops_are_counted_by_their_rounds() -> None:
    def rounds(n: int) -> int:
        f = bibun.jit(lambda x: bibun.fori_loop(0, n, lambda i, y: y * y + x, x))
        return f.cost(np.ones(100)).flops

    assert rounds(20) - rounds(10) == rounds(30) - rounds(20) == 10 * 2 * 100


def test_costs_do_not_depend_on_threads() -> None:
    f = bibun.jit(lambda x: np.sum(np.exp(x)))
    large = f.cost(np.ones(1 << 20))
    small = f.cost(np.ones(1 << 10))
    assert large.flops == small.flops << 10
    assert large.kernels[0].bytes // 8 >= 1 << 20


def test_loops_as_text() -> None:
    text = bibun.jit(scaled).lower(X, Y).text("loops")
    assert text.startswith("kernel:\n    in0: f64[1500] in\n    in1: f64[1500] in\n    out2:")
    assert "for i" in text and "# lanes" in text and "sqrt(v" in text and "add of all" in text
    loops = bibun.jit(
        lambda x: bibun.cond(
            x[0] > 0,
            lambda x: bibun.while_loop(lambda y: np.sum(y) < 9, lambda y: y + 1.5, x),
            np.sin,
            x,
        )
    )
    shown = loops.lower(np.ones(3)).text("loops")
    for word in ("choose by", "case 1:", "repeat:", "until not", "if any", "where"):
        assert word in shown
    product = bibun.jit(lambda x: x @ x).lower(np.ones((100, 100))).text("loops")
    assert "bibun_product_f64(100, 100, 100" in product
