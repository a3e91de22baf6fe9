"""The user's own derivatives, returned in another form than documented: each error names the
function with its file and line, what it returned, and what is needed.
"""

from functools import partial

import numpy as np
import pytest

from bibun import (
    GradientTape,
    Variable,
    custom_gradient,
    custom_jvp,
    errors,
    grad,
    jit,
    jvp,
    vmap,
)
from bibun.errors import DtypeError, NotDifferentiableError, ShapeError

x = np.ones(3)


def total(f):
    return lambda *args: np.sum(f(*args))


def refused(error, call, text):
    """The call raises this error, which names this file twice: the function's line, the call's."""
    with pytest.raises(error) as found:
        call()
    assert text in str(found.value)
    assert str(found.value).count("test_custom_rules.py:") == 2


# fmt: off
FORMS = [
    # what the function returns instead of (result, rule), and how that is called
    (lambda x: x,                          "not float64[3]"),
    (lambda x: np.sum(x),                  "not float64[]"),
    (lambda x: None,                       "not NoneType"),
    (lambda x: (x, x),                     "not (float64[3], float64[3])"),
    (lambda x: (x, x, lambda g: g),        "not (float64[3], float64[3], a function)"),
    (lambda x: (lambda g: g, x),           "not (a function, float64[3])"),
    (lambda x: [x, lambda g: g],           "not list"),
]
RULES = [
    # a rule for one argument float64[3], the error, and its words
    (lambda g: (g, g),               ShapeError, "argument 0 that the rule returned has 2 arrays"),
    (lambda g: [1.0, 2.0, 3.0],      ShapeError, "argument 0 that the rule returned has 3 arrays"),
    (lambda g: (),                   ShapeError, "argument 0 that the rule returned has 0 arrays"),
    (lambda g: np.sum(g),            ShapeError, "the rule returned float64[] as the cotangent of "
                                                 "an argument float64[3]"),
    (lambda g: 1j * g,               DtypeError, "returned complex128[3] as the cotangent of an "
                                                 "argument float64[3], which needs a real one"),
    (lambda g: "g",                  NotDifferentiableError, "numbers or None, not str"),
    (lambda g: lambda h: h,          NotDifferentiableError, "numbers or None, not a function"),
    (lambda g: np.full(3, None),     NotDifferentiableError, "not object[3]"),
]
TANGENTS = [
    # what a forward rule returns instead of (result, tangent), the error, and its words
    (lambda p, t: t[0],              NotDifferentiableError, "(result, tangent of the result), not "
                                                             "float64[3]"),
    (lambda p, t: (p[0], *t, *t),    NotDifferentiableError, "not (float64[3], float64[3], float6"),
    (lambda p, t: None,              NotDifferentiableError, "not NoneType"),
    (lambda p, t: (p[0], "t"),       NotDifferentiableError, "arrays or numbers, not str"),
    (lambda p, t: (p[0], np.sum(t)), ShapeError, "the tangent (float64[]) of the result (float64["),
    (lambda p, t: (p[0], None),      ShapeError, "the tangent () of the result (float64[3])"),
    (lambda p, t: (p[0], 1j * t[0]), DtypeError, "the tangent complex128[3] of a result float64"),
]
# fmt: on


@pytest.mark.parametrize("f, text", FORMS)
@pytest.mark.parametrize("call", [lambda f: f(x), lambda f: grad(total(f))(x)], ids=["run", "grad"])
def test_what_is_no_result_with_a_rule(f, text, call):
    needed = "must return (result, rule), where rule is a function from the cotangent of the result"
    refused(NotDifferentiableError, lambda: call(custom_gradient(f)), needed)
    refused(NotDifferentiableError, lambda: call(custom_gradient(f)), text)


@pytest.mark.parametrize("rule, error, text", RULES)
def test_rules_that_return_something_else(rule, error, text):
    def mine(x):
        return 2 * x, rule

    refused(error, lambda: grad(total(custom_gradient(mine)))(x), text)
    refused(error, lambda: grad(total(custom_gradient(mine)))(x), "custom_gradient: mine (test_cus")
    assert np.array_equal(custom_gradient(mine)(x), 2 * x)  # which needs no rule


def test_the_number_of_cotangents():
    @custom_gradient
    def product(x, y):
        return x * y, lambda g: g * y

    text = "product (test_custom_rules.py"
    refused(ShapeError, lambda: grad(total(product))(x, x), text)
    refused(ShapeError, lambda: grad(total(product))(x, x), "returned 1 cotangents for 2 arguments")


def test_cotangents_of_variables():
    w = Variable(np.ones(3))

    def rule(returned):
        f = custom_gradient(lambda x: (x * w, lambda g, variables: returned(g)))

        def gradients():
            with GradientTape() as tape:
                y = np.sum(f(x))
            return tape.gradient(y, w)

        return gradients

    pair = "must return (cotangents, a list of the cotangents of the variables), not float64[3]"
    refused(NotDifferentiableError, rule(lambda g: g), pair)
    refused(ShapeError, rule(lambda g: (g, [])), "1 cotangents of variables are needed, not 0")
    refused(
        ShapeError, rule(lambda g: (g, [1.0])), "float64[] as the cotangent of an argument floa"
    )
    assert np.array_equal(rule(lambda g: (g, [7 * g]))(), 7 * x)
    assert not np.any(rule(lambda g: (g, [None]))())


def test_rules_ask_for_variables_where_there_are_none():
    strict = custom_gradient(lambda x: (x, lambda g, variables: (g, variables)))
    lenient = custom_gradient(lambda x: (x, lambda g, variables=None: 2 * g))
    assert np.array_equal(grad(total(strict))(x), x)
    assert np.array_equal(grad(total(lenient))(x), 2 * x)
    unread = custom_gradient(lambda x: (x, lambda g, variables: (3 * g, [g])))
    assert np.array_equal(grad(total(unread))(x), 3 * x)


@pytest.mark.parametrize(
    "rule, gradient",
    [
        (lambda g: None, 0),
        (lambda g: (g,), 1),
        (lambda g: np.ones(3, int), 1),
        (lambda g: np.ones(3, bool), 1),
        (lambda g: np.ones(3, np.float32), 1),
        (np.negative, -1),
        (partial(np.multiply, 3), 3),
    ],
)
def test_what_rules_may_return(rule, gradient):
    found = grad(total(custom_gradient(lambda x: (x, rule))))(x)
    assert found.dtype == float and np.array_equal(found, gradient * x)


@pytest.mark.parametrize("rule", [lambda g: 1 / 0, lambda: 1, lambda g, h: g])
def test_what_a_rule_raises_passes_through_with_a_note(rule):
    def mine(x):
        return x, rule

    with pytest.raises((ZeroDivisionError, TypeError)) as found:
        grad(total(custom_gradient(mine)))(x)
    (note,) = found.value.__notes__
    assert note.startswith("custom_gradient: mine (test_custom_rules.py:")
    assert note.endswith("raised by its rule, called with one cotangent")


def test_a_rule_may_not_ask_for_values():
    f = custom_gradient(lambda x: (x, lambda g: g if g[0] > 0 else 2 * g))
    with pytest.raises(errors.AbstractValueError) as found:
        grad(total(f))(x)
    assert "raised by its rule" in found.value.__notes__[0]


@pytest.mark.parametrize("rule, error, text", TANGENTS)
def test_forward_rules_that_return_something_else(rule, error, text):
    @custom_jvp
    def mine(x):
        return 2 * x

    mine.defjvp(rule)
    refused(error, lambda: jvp(mine, (x,), (x,)), text)
    refused(error, lambda: grad(total(mine))(x), "custom_jvp: mine (test_custom_rules.py:")


def test_a_forward_rule_that_raises_or_is_missing():
    mine = custom_jvp(partial(np.multiply, 2))
    with pytest.raises(NotDifferentiableError, match="custom_jvp: partial has no rule yet"):
        mine(x)
    mine.defjvp(lambda p, t: 1 / 0)
    with pytest.raises(ZeroDivisionError) as found:
        jvp(mine, (x,), (x,))
    assert found.value.__notes__ == ["custom_jvp: partial: raised by its rule"]


def test_a_rule_may_use_a_zero_that_its_function_has_compared_with():
    @custom_gradient
    def ramp(x):
        c = x > 0
        return np.where(c, x, 0), lambda g: np.where(c, g, 0)

    x = np.array([-1.0, 2.0])
    np.testing.assert_array_equal(grad(lambda x: np.sum(ramp(x)))(x), [0, 1])
    np.testing.assert_array_equal(jit(grad(lambda x: np.sum(ramp(x))))(x), [0, 1])
    np.testing.assert_array_equal(vmap(grad(ramp))(x), [0, 1])
