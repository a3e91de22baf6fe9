"""Bad input gets a message that says what was given, what is needed and where: tested on its
exact words.
"""

import math

import numpy as np
import pytest
import scipy.integrate
import scipy.special

import bibun
from bibun import errors, grad, jacobian, jvp, vjp, vmap

x = np.ones(3)


def message(error, call):
    """The text of the error that a call raises."""
    with pytest.raises(error) as found:
        call()
    return str(found.value)


def where(source):
    """How a message ends: this file, some line, and the expression."""
    return f"`{source}`)"


def test_integer_array():
    assert message(errors.DtypeError, lambda: grad(np.sum)(np.arange(3))).startswith(
        "grad: the argument is an array of dtype int64; a derivative needs floating-point numbers: "
        "pass x.astype(float)  (test_bad_input.py:"
    )


def test_complex():
    text = message(errors.NotDifferentiableError, lambda: grad(np.exp)(1j))
    assert text.startswith("grad: the function must return a real number, not complex128[]: take")


def test_bool_and_none():
    assert message(errors.DtypeError, lambda: grad(np.sum)(True)).startswith(
        "grad: the argument is True; a derivative needs floating-point numbers  (test_bad_input.py:"
    )
    assert message(errors.DtypeError, lambda: grad(np.sum)(None)).startswith(
        "grad: argument 0 is None;"
    )


def test_output_that_is_not_scalar():
    assert message(errors.NotDifferentiableError, lambda: grad(np.sin)(x)).startswith(
        "grad: the function must return one number, not float64[3]: sum or average it, or use "
        "bibun.jacobian  ("
    )


def test_output_that_is_no_array():
    assert message(errors.NotDifferentiableError, lambda: grad(lambda x: "text")(1.0)).startswith(
        "grad: the function must return arrays or numbers (in containers), not str  ("
    )
    assert message(errors.NotDifferentiableError, lambda: grad(lambda x: x > 0)(1.0)).startswith(
        "grad: the function must return a real floating-point number, not bool[]  ("
    )


def test_wrong_shapes_to_matmul():
    def f(x):
        return np.sum(x @ np.ones((4, 5)))

    text = message(errors.ShapeError, lambda: grad(f)(np.ones((2, 3))))
    assert text.startswith(
        "matmul: float64[2,3] and float64[4,5] do not fit: (..., n, k) @ (..., k, m) is needed  "
        "(test_bad_input.py:"
    )
    assert text.endswith(where("x @ np.ones((4, 5))"))


def test_wrong_shapes_to_an_element_wise_function():
    text = message(errors.ShapeError, lambda: grad(lambda x: np.sum(x * np.ones(4)))(x))
    assert text.startswith(
        "multiply: the shapes (3,) and (4,) do not broadcast: lengths must be equal or 1, "
        "counted from the last axis  ("
    )
    assert text.endswith(where("x * np.ones(4)"))


def test_unknown_function():
    text = message(
        errors.UnsupportedError, lambda: grad(lambda x: np.sum(scipy.special.ellipj(x, 0.5)[0]))(x)
    )
    assert text.startswith(
        "bibun has no rule for numpy ufunc ellipj: write it with the functions in the table of "
        "supported operations, "
        "give it a derivative with bibun.custom_gradient, or use bibun.stop_gradient(x) on its "
        "arguments  ("
    )
    assert text.endswith(where("scipy.special.ellipj(x, 0.5)"))


def test_unknown_function_outside_a_recording_is_computed():
    assert isinstance(scipy.special.ellipj(bibun.constant(x), 0.5)[0], bibun.array.Array)


def taped(f):
    """f of a Variable, in a tape: what stands under `with` itself is run as it is."""
    with bibun.GradientTape():
        return f(bibun.Variable(1.0))


def test_np_array_of_traced_numbers():
    text = message(errors.TracingError, lambda: taped(lambda x: np.sum(np.array([x, x]))))
    assert text.startswith(
        "a traced array cannot become a plain NumPy array without losing its derivative: "
        "write np.stack([...]) instead of np.array([...]), and leave out np.asarray. The block of "
    )
    assert text.endswith(where("np.array([x, x])"))


def test_math_sin():
    text = message(errors.TracingError, lambda: taped(lambda x: math.sin(x)))
    assert text.startswith(
        "math.sin needs a plain number and would lose the derivative of a traced array: write "
        "np.sin instead. The block of a tape"
    )
    assert text.endswith(where("math.sin(x)"))


def test_float():
    text = message(errors.TracingError, lambda: taped(lambda x: float(x) * 2))
    assert text.startswith(
        "float(x) needs a plain number and would lose the derivative of a traced array: keep "
        "the array "
        "(NumPy functions accept it), or use bibun.stop_gradient(x) to take its value. "
    )
    assert text.endswith(where("float(x)"))


@pytest.mark.parametrize("how", ["complex(x)", "x.item()", "x.tolist()"])
def test_other_conversions(how):
    text = message(errors.TracingError, lambda: grad(lambda x: eval(how))(1.0))
    assert text.startswith(
        f"{how} needs a plain number and would lose the derivative of a traced array"
    )


def test_scipy_functions_that_are_no_ufuncs():
    text = message(errors.TracingError, lambda: grad(lambda x: scipy.integrate.simpson(x))(x))
    assert text.startswith(
        "scipy's simpson takes plain arrays only and would lose the derivative: use a "
        "function of "
        "bibun.scipy or of the table of supported operations, or bibun.custom_gradient  ("
    )
    assert text.endswith(where("scipy.integrate.simpson(x)"))
    for f in (scipy.special.logsumexp, bibun.scipy.special.logsumexp):
        np.testing.assert_allclose(grad(f)(x), np.ones(3) / 3)


def test_assignment_into_an_untraced_array():
    y = np.zeros(3)

    def f(x):
        y[0] = x
        return np.sum(y)

    text = message(errors.TracingError, lambda: grad(f)(1.0))  # and not NumPy's, which it causes
    assert text.startswith(
        "assignment of a traced array into an untraced array would lose its derivative: "
        "make the array of floating-point numbers inside the function (np.zeros, x.copy()), or "
        "build it with np.stack, np.concatenate or np.where instead  ("
    )
    assert "y[0]" in text

    def whole(x):
        y[:] = x
        return np.sum(y)

    assert message(errors.TracingError, lambda: grad(whole)(x)).startswith(
        "assignment of a traced array into an"
    )


def test_assignment_into_a_traced_array():
    def f(x):
        x[0] = 1
        return np.sum(x)

    assert message(errors.TracingError, lambda: grad(f)(x)).startswith(
        "x[i] = v would change an argument of the function, which is not its own: "
        "write x = x.copy() before it  ("
    )


def test_if_inside_vmap():
    text = message(errors.AbstractValueError, lambda: vmap(lambda x: x if x > 0 else -x)(x))
    assert text.startswith(
        "bool(x) and `if x` needs the value of an array of which only the type is known here "
        "(bool[]): "
        "use np.where or bibun.cond instead of if, bibun.while_loop instead of while, and array "
        "operations, bibun.fori_loop or bibun.scan instead of loops over values  ("
    )


def test_vmap_axes():
    assert message(errors.ShapeError, lambda: vmap(np.add)(x, np.ones(4))).startswith(
        "vmap: the mapped axes must exist and have one length, not (3,) along 0, (4,) along 0  ("
    )
    assert message(errors.ShapeError, lambda: vmap(np.sin, in_axes=2)(x)).startswith(
        "vmap: an argument of shape (3,) has no axis 2  ("
    )
    assert message(errors.ShapeError, lambda: vmap(np.add, in_axes=(0,))(x, x)).startswith(
        "vmap: in_axes has 1 entries for 2 arguments  ("
    )


def test_argnums():
    assert message(TypeError, lambda: grad(np.sum, argnums=2)(x)).startswith(
        "grad: argnums is 2, but the function was called with 1 positional arguments"
    )
    for wrong in ("b", None, 1.0, ("a", 0)):
        said = message(TypeError, lambda k=wrong: grad(np.sum, argnums=k)(x))
        assert said.startswith(f"grad: argnums is {wrong!r}; it is the position of an argument")


def test_not_a_function():
    assert message(TypeError, lambda: grad(3.0)) == "grad: a function is needed, not float"


def test_tangents_and_cotangents():
    assert message(errors.ShapeError, lambda: jvp(np.sin, (x,), (np.ones(4),))).startswith(
        "jvp: the tangents must have the shape (3,), not (4,)  ("
    )
    assert message(errors.ShapeError, lambda: vjp(np.sin, x)[1](np.ones(4))).startswith(
        "vjp: the cotangent must have the shape (3,), not (4,)  ("
    )
    assert message(TypeError, lambda: jvp(np.sin, x, x)) == (
        "jvp: primals and tangents are tuples with one entry for each argument"
    )


def test_jacobian_mode():
    assert message(ValueError, lambda: jacobian(np.sin, mode="back")) == (
        "jacobian: mode is 'auto', 'forward' or 'reverse', not 'back'"
    )


def test_layer_called_with_a_bad_shape():
    model = bibun.nn.Sequential([bibun.nn.Dense(4), bibun.nn.Dense(2)])
    model(np.ones((5, 3)))
    text = message(errors.ShapeError, lambda: model(np.ones((5, 7))))
    assert "an input of shape (5, 7) does not fit: (..., 3) is needed" in text


def test_variables():
    v = bibun.Variable(x, name="kernel")
    assert message(errors.ShapeError, lambda: v.assign(np.ones(4))).startswith(
        "Variable.assign: 'kernel' has shape (3,), the new value has (4,)  ("
    )


@pytest.mark.parametrize("array", [np.ma.masked_array(x, x > 1), x.view(np.recarray)])
def test_subclasses_of_ndarray(array):
    assert "is not an ordinary array: pass np.asarray(x)" in message(
        errors.UnsupportedError, lambda: grad(lambda a: np.sum(a * 1.0))(array)
    )


def test_strange_but_good_input():
    """Non-contiguous, read-only, big-endian, of size zero, of no axes: the right answer."""
    read_only = x.copy()
    read_only.flags.writeable = False
    for a in (
        np.ones(6)[::2],
        read_only,
        x.astype(">f8"),
        np.zeros((0, 3)),
        np.array(2.0),
        np.asfortranarray(np.ones((2, 3))),
    ):
        g = grad(lambda a: np.sum(a * a))(a)
        np.testing.assert_array_equal(g, 2 * a)
        assert g.dtype == np.float64 and g.dtype.isnative
    assert grad(lambda a: np.sum(a * x.astype(">f8")))(x).tolist() == [1, 1, 1]


def test_huge_and_ragged():
    with pytest.raises(ValueError, match="inhomogeneous"):
        grad(lambda x: np.sum(x * [[1, 2], [3]]))(x)
