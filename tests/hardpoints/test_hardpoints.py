"""Random programs at hard points: no derivative is silently wrong, and who judges is judged."""

from collections import Counter
from functools import partial

import mpmath as mp
import numpy as np
import pytest

from .functions import UNARY
from .programs import Instruction, Program, generate
from .truth import truth
from .verdict import ours, verdicts

COUNT, CHUNK = 240, 40


@pytest.mark.parametrize("first", range(0, COUNT, CHUNK))
def test_nothing_is_silently_wrong(first):
    found = Counter()
    for seed in range(first, first + CHUNK):
        program = generate(seed)
        for v in verdicts(program):
            found[v] += 1
            assert v not in ("wrong", "hidden") and not v.startswith("error"), f"{v}: {program}"
    assert found["right"] > CHUNK / 2, found


def program(x, *body):
    return Program(0, np.array(x), tuple(Instruction(n, a) for n, a in body))


def test_the_truth_of_a_smooth_function_a_kink_and_a_pole():
    cube = truth(program([2.0], ("multiply", (0, 0)), ("multiply", (1, 0))), 0)
    assert [float(s) for s in cube.sides] == [12.0, 12.0]
    assert [float(s) for s in truth(program([0.0], ("absolute", (0,))), 0).sides] == [1.0, -1.0]
    assert truth(program([0.0], ("sqrt", (0,))), 0).sides == [None]
    assert truth(program([0.0], ("sign", (0,))), 0).jumps


def test_the_condition_grows_with_cancellation():
    well = truth(program([1.0], ("exp", (0,)), ("square", (1,))), 0)
    badly = truth(program([1e-8], ("cos", (0,)), ("subtract", (1, 1.0)), ("square", (2,))), 0)
    assert well.condition < 10 * abs(well.sides[0])
    assert badly.condition > 1e10 * abs(badly.sides[0])


@pytest.mark.parametrize("factor, offset", [(1 + 1e-9, 0.0), (0.0, 0.0), (1.0, 1e-3)])
def test_wrong_gradients_are_found(factor, offset):
    wrong = Counter()
    for seed in range(60):
        wrong.update(verdicts(generate(seed), lambda p: factor * ours(p) + offset))
    assert wrong["wrong"] > 5, wrong


# fmt: off
SERIES = {
    "erf": mp.erf, "erfc": mp.erfc, "erfi": mp.erfi, "erfinv": mp.erfinv, "ndtr": mp.ncdf,
    "gamma": mp.gamma, "gammaln": mp.loggamma, "psi": mp.digamma, "exp1": mp.e1, "expi": mp.ei,
    **{f"{kind}{n}": partial(getattr(mp, f"bessel{kind}"), n) for kind in "ijky" for n in (0, 1)},
}
# fmt: on


@pytest.mark.parametrize("name", SERIES)
def test_balls_and_mpmath_agree(name):
    with mp.workdps(60):
        for x in map(mp.mpf, (1e-8, 0.3, 0.9, *(() if name == "erfinv" else (7, 30)))):
            assert mp.almosteq(UNARY[name](x), SERIES[name](x), mp.mpf(10) ** -50)


def test_the_truth_of_functions_of_whole_arrays():
    x = [0.0, 2.0, 3.0]
    product = program(x, ("cumprod", (0,)))
    assert [float(truth(product, k).sides[0]) for k in range(3)] == [1 + 2 + 6, 0, 0]
    shares = program(x, ("softmax", (0,)), ("square", (1,)))
    p = np.exp(x) / np.sum(np.exp(x))
    expected = 2 * p * (p - np.sum(p * p))
    found = [float(truth(shares, k).sides[0]) for k in range(3)]
    np.testing.assert_allclose(found, expected, rtol=1e-13)
    assert truth(program([1e16, 1.0], ("mean", (0,)), ("subtract", (0, 1))), 1).condition < 10
