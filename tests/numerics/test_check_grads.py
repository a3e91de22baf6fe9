"""check_grads accepts what is right and refuses what is wrong, and says what it saw."""

import re

import numpy as np
import pytest

import bibun
from bibun import check_grads
from bibun.errors import DtypeError, NotDifferentiableError

A = np.linspace(0.3, 2, 6).reshape(2, 3)


def nearly(factor):
    """The sine, with its first or second derivative off by a factor."""

    @bibun.custom_gradient
    def slope(g, x):
        return g * np.cos(x), lambda h: (h * np.cos(x), -h * g * np.sin(x) * factor[1])

    @bibun.custom_gradient
    def sine(x):
        return np.sin(x), lambda g: slope(g, x) * factor[0]

    return sine


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64, np.longdouble])
@pytest.mark.parametrize("order", [1, 3])
def test_right_derivatives_pass_in_every_dtype(dtype, order):
    x = A.astype(dtype)
    assert check_grads(lambda x: np.sin(x) * x, x, order=order) is None
    check_grads(lambda x: np.sum(x) / np.sum(np.exp(x)), x, order=order)
    check_grads(lambda x: 1 / np.exp(x), x[0, 0] * 20, order=order)


def test_containers_and_several_results():
    def model(p, x):
        h = np.tanh(x @ p["w"])
        return {"y": h, "loss": (np.sum(h**2), x.shape[0])}

    check_grads(model, {"w": A.T}, A)


def test_numbers_far_from_one():
    check_grads(lambda x: x * x, 1e150)
    check_grads(lambda x: np.exp(-x) * x, 1e-300)
    check_grads(lambda x: x + 1e10, 1.0)


def test_derivatives_that_are_zero_up_to_rounding():
    check_grads(lambda x: np.sum(np.sin(x) ** 2 + np.cos(x) ** 2), A)
    check_grads(lambda x: np.sin(x) ** 2 + np.cos(x) ** 2 - 1, A)


def test_kinks_take_the_middle():
    check_grads(np.abs, 0.0, order=1)
    check_grads(lambda x: np.maximum(x, 0), np.array([0.0, 1e-4, -1e-4]), order=1)


def test_functions_that_refuse_long_double():
    check_grads(np.linalg.inv, A[:, :2])


@pytest.mark.parametrize("dtype, factor", [(np.float64, 1 + 1e-6), (np.float32, 1 + 1e-2)])
def test_wrong_derivatives_fail(dtype, factor):
    x = A.astype(dtype)
    check_grads(nearly((1, 1)), x)
    check_grads(nearly((1, factor)), x, order=1)
    with pytest.raises(AssertionError, match=r"order 1, forward at \[.*the relative error is"):
        check_grads(nearly((factor, 1)), x)
    with pytest.raises(AssertionError, match="order 1, reverse"):
        check_grads(nearly((factor, 1)), x, modes=["reverse"])
    with pytest.raises(AssertionError, match=r"order 2, (forward|reverse) over"):
        check_grads(nearly((1, factor)), x)


def test_a_gradient_of_one_wrong_entry_fails():
    @bibun.custom_gradient
    def total(x):
        return np.sum(x), lambda g: g * np.where(np.arange(1000) == 7, 1.001, 1)

    with pytest.raises(AssertionError, match="order 1, reverse"):
        check_grads(total, np.ones(1000), modes=("reverse",))


def test_a_stopped_gradient_fails():
    with pytest.raises(AssertionError, match=r"the relative error is 0\.5, 1\.5e-08 is allowed"):
        check_grads(lambda x: x * bibun.stop_gradient(x), 2.0)


def test_the_message_has_function_order_mode_and_numbers():
    with pytest.raises(AssertionError) as raised:
        check_grads(nearly((2, 1)), 0.5, modes=("forward",))
    said = re.fullmatch(
        r"check_grads: sine \(test_check_grads.py:\d+\), order 1, forward: (\S+) automatically, "
        r"(\S+) numerically: the relative error is 0.5, \S+ is allowed",
        str(raised.value),
    )
    assert said is not None
    assert float(said[1]) == pytest.approx(2 * float(said[2]), rel=1e-9)


@pytest.mark.parametrize(
    "f, x",
    [(np.sqrt, 0.0), (lambda x: x * np.sin(1 / x), 0.0), (lambda x: x * np.sin(1 / x), 1e-9)],
)
@pytest.mark.filterwarnings("ignore::bibun.errors.NotFiniteWarning")
def test_what_has_no_derivative_fails(f, x):
    with pytest.raises(AssertionError, match="order 1, forward: "):
        check_grads(f, x)


def test_a_kink_in_the_first_derivative_fails_at_order_two():
    with pytest.raises(AssertionError, match=r"order 2, .* differences do not converge"):
        check_grads(lambda x: np.maximum(x, 0), 0.0)


def test_given_tolerances_hold():
    check_grads(nearly((1.01, 1)), A, order=1, rtol=0.02)
    check_grads(nearly((1.01, 1)), A, order=1, atol=0.1)
    with pytest.raises(AssertionError):
        check_grads(nearly((1.01, 1)), A, order=1, rtol=1e-3, atol=0.0)


def test_bad_input():
    with pytest.raises(DtypeError, match="needs floating-point numbers"):
        check_grads(lambda x: x, np.arange(3))
    with pytest.raises(NotDifferentiableError, match="returns no floating-point number"):
        check_grads(lambda x: x > 1, A)
    with pytest.raises(ValueError, match="order >= 1"):
        check_grads(np.sin, 1.0, order=0)
    with pytest.raises(ValueError, match="modes"):
        check_grads(np.sin, 1.0, modes=("backward",))


def test_second_derivatives_that_are_zero_up_to_rounding():
    check_grads(lambda x: np.sum((x - np.mean(x)) / np.std(x)), A)


def test_derivatives_that_overflow_fail():
    with pytest.raises(AssertionError, match="the derivative is not finite"):
        check_grads(lambda x: x * x, 1e200)


# ------------------------------------------------------------ complex numbers

Z = np.array([[0.3 + 0.4j, -1 + 0.2j], [2 - 1j, 0.5j]])


@pytest.mark.parametrize("dtype", [np.complex64, np.complex128, np.clongdouble])
def test_complex_arguments_and_results(dtype):
    z = Z.astype(dtype)
    check_grads(lambda z: np.sin(z) * z, z, order=3)  # holomorphic
    check_grads(lambda z: np.conj(z) * z**2 + np.abs(z), z)  # not holomorphic, complex
    check_grads(lambda z: np.sum(np.abs(z @ z) ** 2), z)  # to a real number
    check_grads(lambda x: np.exp(1j * x), z.real)  # from real numbers
    check_grads(lambda z: (np.real(z), np.angle(z), z.imag * z), z)
    check_grads(np.exp, z[0, 0])


def test_complex_and_real_arguments_in_containers():
    def f(p, x):
        return {"y": p["z"] * x[:, None], "n": 3, "size": np.sum(np.abs(p["z"]) * p["a"])}

    check_grads(f, {"z": Z, "a": np.float32(0.5)}, np.array([1.0, -2.0]))


def test_complex_functions_of_libraries_that_refuse_long_double():
    check_grads(np.linalg.inv, Z)
    check_grads(np.fft.fft, Z)


# fmt: off
RULES = [
    # what a rule for z^2 returns, whether it is right, and in the right convention
    (lambda g, z: g * np.conj(2 * z), True),
    (lambda g, z: g * 2 * z,          False),  # JAX's convention
    (lambda g, z: np.conj(g) * 2 * z, False),
    (lambda g, z: np.real(g * np.conj(2 * z)) + 0j, False),
]
# fmt: on


@pytest.mark.parametrize("rule, right", RULES)
def test_complex_rules_that_are_wrong_fail(rule, right):
    square = bibun.custom_gradient(lambda z: (z * z, lambda g: rule(g, z)))
    if right:
        check_grads(square, Z)
        return
    with pytest.raises(AssertionError, match="the relative error is"):
        check_grads(square, Z)
    with pytest.raises(AssertionError, match="order 1, reverse"):
        check_grads(square, Z, modes=["reverse"])


def test_the_message_says_which_part_is_wrong():
    @bibun.custom_jvp
    def f(z):
        return 2 * z

    f.defjvp(lambda z, t: (2 * z[0], 2 * np.real(t[0]) + 2.5j * np.imag(t[0])))
    with pytest.raises(AssertionError, match=r"order 1, forward at \[\d, \d\], imaginary part: "):
        check_grads(f, Z)
    with pytest.raises(AssertionError, match="order 1, forward, imaginary part: "):
        check_grads(f, Z[0, 0])
