"""Random programs at hard points: no derivative is silently wrong, and who judges is judged."""

from collections import Counter

import numpy as np
import pytest

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
