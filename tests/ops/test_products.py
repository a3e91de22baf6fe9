"""Products of arrays: NumPy's values, errors and dtypes, exact derivatives, few operations."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import bibun
import bibun.array
import bibun.errors
from bibun import walk
from bibun.array import Array
from bibun.graph import Graph, Type
from bibun.ops.matmul import MatMul

Function = Callable[..., Any]
ROUNDING = 256  # additions and products on one entry, each off by one unit in the last place


def random(*shapes: tuple[int, ...], dtype: Any = float) -> list[np.ndarray]:
    rng = np.random.default_rng(1)
    return [rng.uniform(-1, 1, s).astype(dtype) for s in shapes]


def close(found: Any, expected: Any, what: str = "") -> None:
    """Equal types, and equal numbers up to rounding."""
    found, expected = np.asarray(found), np.asarray(expected)
    assert (found.dtype, found.shape) == (expected.dtype, expected.shape), what
    exact = expected.dtype.kind in "biu"
    tolerance = 0 if exact else ROUNDING * np.finfo(expected.dtype).eps
    np.testing.assert_allclose(found, expected, rtol=tolerance, atol=tolerance, err_msg=what)


def check_multilinear(f: Function, *args: np.ndarray) -> None:
    """f is linear in each argument, so NumPy itself tells its derivatives: f(..., t, ...)."""
    y, pullback = bibun.vjp(f, *args)
    close(y, f(*args), "value")
    tangents = [t[::-1] + 0.5 if t.ndim else t + 0.5 for t in args]
    moved = [f(*args[:k], t, *args[k + 1 :]) for k, t in enumerate(tangents)]
    close(bibun.jvp(f, args, tuple(tangents))[1], sum(moved), "jvp")
    g = np.asarray(np.cos(np.arange(y.size).reshape(y.shape)), y.dtype)
    for k, (back, t, m) in enumerate(zip(pullback(g), tangents, moved, strict=True)):
        assert (back.dtype, back.shape) == (args[k].dtype, args[k].shape)
        left, right = np.sum(g * m, dtype=float), np.sum(back * t, dtype=float)
        terms = np.sum(abs(g)) * np.max(abs(m), initial=1) + np.sum(abs(back * t))
        assert abs(left - right) <= ROUNDING * np.finfo(y.dtype).eps * terms, f"pull {k}"


# fmt: off
PRODUCTS = [
    (np.matmul,    (3,), (3,)),             (np.matmul,    (2, 3), (3,)),
    (np.matmul,    (3,), (3, 4)),           (np.matmul,    (2, 3), (3, 4)),
    (np.matmul,    (5, 2, 3), (3, 4)),      (np.matmul,    (2, 3), (5, 3, 4)),
    (np.matmul,    (5, 2, 3), (5, 3, 4)),   (np.matmul,    (5, 1, 2, 3), (6, 3, 4)),
    (np.matmul,    (1, 2, 3), (1, 5, 3, 4)),(np.matmul,    (5, 2, 3), (1, 1, 3, 4)),
    (np.matmul,    (5, 2, 3), (3,)),        (np.matmul,    (3,), (5, 3, 4)),
    (np.matmul,    (0, 3), (3, 4)),         (np.matmul,    (2, 0), (0, 4)),
    (np.matmul,    (5, 2, 3), (3, 0)),      (np.matmul,    (0, 2, 3), (3, 4)),
    (np.matmul,    (1, 1), (1, 1)),         (np.matmul,    (2, 3), (0, 3, 4)),
    (np.dot,       (), (2, 3)),             (np.dot,       (3,), ()),
    (np.dot,       (3,), (3,)),             (np.dot,       (2, 3), (3, 4)),
    (np.dot,       (2, 3), (3,)),           (np.dot,       (3,), (3, 4)),
    (np.dot,       (5, 2, 3), (3,)),        (np.dot,       (5, 2, 3), (3, 4)),
    (np.dot,       (3,), (5, 3, 4)),        (np.dot,       (2, 3), (5, 3, 4)),
    (np.inner,     (3,), (3,)),             (np.inner,     (2, 3), (3,)),
    (np.inner,     (2, 3), (5, 4, 3)),      (np.inner,     (), (2, 3)),
    (np.outer,     (2,), (3,)),             (np.outer,     (2, 3), ()),
    (np.vdot,      (2, 3), (6,)),           (np.vdot,      (0,), (0,)),
    (np.vecdot,    (2, 3), (3,)),           (np.vecdot,    (5, 1, 3), (2, 3)),
    (np.tensordot, (2, 3, 4), (3, 4, 5)),   (np.tensordot, (3, 4), (3, 4)),
    (np.kron,      (2, 3), (4,)),           (np.kron,      (2, 1, 2), (3, 2)),
    (np.linalg.matmul, (2, 3), (3, 4)),     (np.linalg.vecdot, (2, 3), (2, 3)),
    (np.linalg.outer,  (2,), (3,)),         (np.linalg.tensordot, (2, 3, 4), (3, 4, 5)),
]
if hasattr(np, "matvec"):  # since NumPy 2.2
    PRODUCTS += [
        (np.matvec, (2, 3), (3,)),          (np.matvec, (2, 3), (5, 3)),
        (np.matvec, (5, 2, 3), (3,)),       (np.matvec, (5, 2, 3), (4, 1, 3)),
        (np.vecmat, (3,), (3, 4)),          (np.vecmat, (5, 3), (3, 4)),
        (np.vecmat, (3,), (5, 3, 4)),       (np.vecmat, (4, 1, 3), (5, 3, 2)),
    ]
# fmt: on


@pytest.mark.parametrize("f, m, n", PRODUCTS)
def test_products_are_multilinear(f: Function, m: tuple, n: tuple) -> None:
    for dtype in (float, "f4"):
        check_multilinear(f, *random(m, n, dtype=dtype))


@pytest.mark.parametrize("dtypes", ["bb", "?b", "if", "fi", "ef", "ee", "hd", "??", "IL"])
def test_dtypes_are_those_of_numpy(dtypes: str) -> None:
    a, b = (
        np.arange(6).reshape(s).astype(t) for s, t in zip(((2, 3), (3, 2)), dtypes, strict=True)
    )
    for f in (np.matmul, np.dot, np.vdot, np.outer, lambda a, b: np.einsum("ij,jk->ki", a, b)):
        for x in (a, b):  # whichever of the two is traced
            traced = [bibun.array.Array(None, -1, y) if y is x else y for y in (a, b)]
            close(f(*traced).raw, f(a, b))


@pytest.mark.parametrize("axes", [0, 1, 2, (0, 1), ([0, 1], [1, 0]), ((-1,), (0,)), ([], [])])
def test_tensordot_takes_axes_as_numpy_does(axes: Any) -> None:
    check_multilinear(lambda a, b: np.tensordot(a, b, axes), *random((3, 3), (3, 3)))
    check_multilinear(lambda a, b: np.vecdot(a, b, axis=0), *random((3, 2), (3, 2)))


@pytest.mark.parametrize(
    "f, m, n",
    [
        (np.matmul, (2, 3), (4, 5)), (np.matmul, (3,), (4,)), (np.matmul, (2, 3), (2,)),
        (np.matmul, (5, 2, 3), (4, 3, 2)), (np.matmul, (), (2,)), (np.dot, (2, 3), (2, 3)),
        (np.inner, (2, 3), (2, 2)), (np.vdot, (3,), (2,)), (np.vecdot, (2,), (3,)),
        (np.tensordot, (2, 3), (2, 3)[::-1]), (np.linalg.outer, (2, 2), (2,)),
        (np.linalg.multi_dot, (2,), (2,)),
    ],
)  # fmt: skip
def test_wrong_shapes_are_refused_as_by_numpy(f: Function, m: tuple, n: tuple) -> None:
    a, b = random(m, n)
    call = (lambda x: f([x])) if f is np.linalg.multi_dot else lambda x: f(x, b)
    with pytest.raises(ValueError):
        call(a)
    with pytest.raises(ValueError):
        bibun.jvp(call, (a,), (a,))


def test_errors_show_both_types_and_the_rule() -> None:
    a, b = random((2, 3), (4, 5))
    message = (
        "matmul: float64[2,3] and float64[4,5] do not fit: (..., n, k) @ (..., k, m) is needed"
        "  (test_products.py:"
    )
    with pytest.raises(bibun.errors.ShapeError) as error:
        bibun.grad(lambda x: np.sum(x @ b))(a)
    assert str(error.value).startswith(message)
    with pytest.raises(bibun.errors.UnsupportedError, match=r"np\.moveaxis"):
        bibun.grad(lambda x: np.sum(np.matmul(x, b, axes=[0, 1, 2])))(a)


# ------------------------------------------------------------ how many operations


def counts(graph: Graph) -> Counter:
    return Counter(type(n.op).__name__ for _, n in graph.body())


def products(graph: Graph) -> list[tuple]:
    """The shapes of the operands of each MatMul."""
    return [
        tuple(graph.nodes[a].type.shape for a in n.args)
        for _, n in graph.body()
        if isinstance(n.op, MatMul)
    ]


def built(f: Function, *shapes: tuple[int, ...]) -> Graph:
    return walk.build([Type(np.dtype(float), s) for s in shapes], lambda *xs: [f(*xs)])


def gradient(f: Function, *shapes: tuple[int, ...]) -> Graph:
    """The graph of the cotangents of all arguments, for cotangents of ones."""

    def back(*xs: Array) -> list[Array]:
        graph = built(f, *shapes)
        env = walk.evaluate(graph, xs)
        found = walk.pull(graph, env, [env[graph.outputs[0]]], [True] * len(xs))
        return [g for g in found if g is not None]

    return walk.build([Type(np.dtype(float), s) for s in shapes], back)


def test_vectors_need_no_reshaping() -> None:
    for m, n in (((3,), (3,)), ((2, 3), (3,)), ((3,), (3, 4)), ((5, 2, 3), (5, 3, 4))):
        assert counts(built(np.matmul, m, n)) == {"MatMul": 1}


def test_shared_operands_make_one_product_forward_and_back() -> None:
    for m, n in (((5, 2, 3), (3, 4)), ((2, 3), (5, 3, 4)), ((5, 2, 3), (3,))):
        assert len(products(built(np.matmul, m, n))) == 1
        assert all(len(a) == 2 for a, _ in products(built(np.matmul, m, n)))
        g = gradient(np.matmul, m, n)
        assert all(len(a) <= 2 and len(b) <= 2 for a, b in products(g)), str(g)


# fmt: off
STACKED = [
    # operands, which are stacked, the operands of the one product that remains
    ((2, 3), (3, 4), (True, False), ((10, 3), (3, 4))),
    ((2, 3), (3, 4), (False, True), ((2, 3), (3, 20))),
    ((3,),   (3, 4), (True, False), ((5, 3), (3, 4))),
    ((2, 3), (3,),   (True, False), ((10, 3), (3,))),
    ((2, 3), (3,),   (False, True), ((5, 3), (3, 2))),
    ((3,),   (3,),   (True, False), ((5, 3), (3,))),
    ((3,),   (3,),   (False, True), ((5, 3), (3,))),
    ((6, 3), (6, 3, 4), (True, False), ((6, 5, 3), (6, 3, 4))),
]
# fmt: on


@pytest.mark.parametrize("m, n, stacked, expected", STACKED)
def test_a_shared_operand_is_folded(m: tuple, n: tuple, stacked: tuple, expected: tuple) -> None:
    f = np.vecmat if len(n) == 3 else np.matmul
    graph = built(f, m, n)
    wide = [(5, *s) if w else s for s, w in zip((m, n), stacked, strict=True)]

    def batched(*xs: Array) -> list[Array]:
        return [y for y, _ in walk.batch(graph, xs, stacked, 5)]

    folded = walk.build([Type(np.dtype(float), s) for s in wide], batched)
    assert products(folded) == [expected], str(folded)
    a, b = random(*wide)
    loop = [f(*(x[k] if w else x for x, w in zip((a, b), stacked, strict=True))) for k in range(5)]
    close(walk.evaluate(folded, [a, b])[folded.outputs[0]].raw, np.stack(loop))


# ------------------------------------------------------------ einsum

# fmt: off
EINSUMS = [
    ("ij,jk->ik", (2, 3), (3, 4)),          ("ij,jk", (2, 3), (3, 4)),
    ("ij,kj->ki", (2, 3), (4, 3)),          ("ij,ij->", (2, 3), (2, 3)),
    ("ij,ij->i", (2, 3), (2, 3)),           ("ij,ij->ij", (2, 3), (2, 3)),
    ("i,j->ji", (2,), (3,)),                ("bij,bjk->bik", (5, 2, 3), (5, 3, 4)),
    ("bi,bij->bj", (5, 3), (5, 3, 4)),      ("bhqd,bkhd->bhqk", (2, 3, 4, 5), (2, 6, 3, 5)),
    ("ij->ji", (2, 3)),                     ("ij->", (2, 3)),
    ("ij->j", (2, 3)),                      ("ba", (2, 3)),
    ("i->", (0,)),                          (",ij->j", (), (2, 3)),
    ("ij,jk,kl->il", (2, 3), (3, 4), (4, 5)),
    ("ij,jk,kl,lm,mn,no->io", (2, 3), (3, 4), (4, 5), (5, 2), (2, 3), (3, 1)),
    ("...ij,...jk->...ik", (5, 2, 3), (5, 3, 4)),
    ("...ij,...jk", (5, 1, 2, 3), (6, 3, 4)),
    ("i...,...i->...", (2, 3, 4), (4, 2)),  ("...,...", (2, 3), ()),
    ("ij,jk->ik", (2, 1), (3, 4)),          ("i,ij->ij", (1,), (2, 3)),
    ("abc,cd,bd->ad", (2, 3, 4), (4, 5), (3, 5)),
    ("ij,jk,ij->ik", (2, 3), (3, 4), (2, 3)),
    ("i,i,i->i", (3,), (3,), (3,)),         ("ij,k->", (2, 3), (4,)),
]
DIAGONALS = [
    ("ii", (3, 3)),         ("ii->i", (3, 3)),              ("ijij->ji", (2, 3, 2, 3)),
    ("iii->i", (3, 3, 3)),  ("ii,ij->j", (3, 3), (3, 2)),   ("...ii->...", (2, 3, 3)),
]
# fmt: on


@pytest.mark.parametrize("subscripts, shapes", [(s, shapes) for s, *shapes in EINSUMS + DIAGONALS])
def test_einsum_is_multilinear(subscripts: str, shapes: list) -> None:
    check_multilinear(lambda *xs: np.einsum(subscripts, *xs), *random(*shapes))


def test_einsum_takes_what_numpy_takes() -> None:
    a, b = random((2, 3), (3, 4))
    path = np.einsum_path("ij,jk->ik", a, b)[0]
    for f in (
        lambda a, b: np.einsum(a, [1, 0], b, [0, 2]),
        lambda a, b: np.einsum(a, [0, 1], b, [1, 2], [2, 0]),
        lambda a, b: np.einsum(a, [Ellipsis, 1], b, [1, 2], [2, Ellipsis]),
        lambda a, b: np.einsum(" ij , jk -> ik ", a, b, optimize=True),
        lambda a, b: np.einsum("ij,jk->ik", a, b, optimize=path),
        lambda a, b: np.einsum("ij,jk->ik", a, b, optimize="greedy", order="C"),
    ):
        check_multilinear(f, a, b)
    lowered = bibun.jvp(
        lambda a: np.einsum("ij->i", a, dtype="f4", casting="same_kind"), (a,), (a,)
    )
    assert [x.dtype for x in lowered] == [np.float32, np.float32]
    traced = bibun.array.Array(None, -1, a)
    assert np.einsum_path("ij,jk->ik", traced, b) == np.einsum_path("ij,jk->ik", a, b)


@pytest.mark.parametrize(
    "subscripts, shapes",
    [
        ("ij->ijj", [(2, 2)]), ("ij->k", [(2, 2)]), ("ij,", [(2, 2)]), ("ijk", [(2, 2)]),
        ("i.j", [(2, 2)]), ("i", [(2, 2)]), ("...i->i", [(2, 2)]), ("i1", [(2, 2)]),
        ("ij,jk", [(2, 2)]), ("ij", [(2, 2), (2, 2)]), ("ij,jk", [(2, 2), (3, 4)]),
        ("ii", [(1, 3)]), ("ij->i,j", [(2, 2)]), ("......", [(2, 2)]),
    ],
)  # fmt: skip
def test_einsum_refuses_what_numpy_refuses(subscripts: str, shapes: list) -> None:
    args = random(*shapes)
    with pytest.raises(ValueError):
        np.einsum(subscripts, *args)
    with pytest.raises(ValueError):
        bibun.jvp(lambda *xs: np.einsum(subscripts, *xs), tuple(args), tuple(args))


def test_einsum_becomes_few_products() -> None:
    assert counts(built(lambda a, b: np.einsum("ij,jk->ik", a, b), (2, 3), (3, 4))) == {"MatMul": 1}
    assert counts(built(lambda a, b: np.einsum("bij,bj->bi", a, b), (5, 2, 3), (5, 3))) == {
        "MatMul": 1
    }
    # A chain is contracted in the order that costs least: the vector goes first.
    chain = built(lambda a, b, c: np.einsum("ij,jk,k->i", a, b, c), (9, 9), (9, 9), (9,))
    assert products(chain) == [((9, 9), (9,)), ((9, 9), (9,))]


# ------------------------------------------------------------ powers and chains


@pytest.mark.parametrize("n", [0, 1, 2, 3, 5, -1, -3])
def test_matrix_power(n: int) -> None:
    a = random((2, 3, 3))[0] + 2 * np.eye(3)
    t = random((2, 3, 3))[0][::-1]
    y, dy = bibun.jvp(lambda x: np.linalg.matrix_power(x, n), (a,), (t,))
    close(y, np.linalg.matrix_power(a, n))
    m = abs(n)
    b = a if n >= 0 else np.linalg.inv(a)
    s = t if n >= 0 else -b @ t @ b
    p = [np.linalg.matrix_power(b, k) for k in range(m + 1)]
    expected = sum((p[k] @ s @ p[m - 1 - k] for k in range(m)), np.zeros_like(a))
    np.testing.assert_allclose(dy, expected, atol=1e-12)  # products of 5 matrices of norm 4


def test_multi_dot_multiplies_in_the_cheapest_order() -> None:
    shapes = [(2, 30), (30, 4), (4, 50), (50, 3)]
    check_multilinear(lambda *xs: np.linalg.multi_dot(xs), *random(*shapes))
    check_multilinear(lambda *xs: np.linalg.multi_dot(xs), *random((3,), (3, 4), (4,)))
    graph = built(lambda *xs: np.linalg.multi_dot(xs), (9, 9), (9, 9), (9, 9), (9, 1))
    assert all(b == (9, 1) for _, b in products(graph))
    with pytest.raises(ValueError):
        bibun.grad(lambda x: np.sum(np.linalg.multi_dot([x, x])))(random((2, 3))[0])
