"""Elementary functions in native code: their errors, and all special cases."""

import numpy as np
import pytest

from bibun.native import program
from bibun.native.elements import MATHEMATICS
from bibun.ops.elementwise import TABLE

from .run import in_rounds, native, numpy
from .truth import FUNCTIONS, error, points, specials

DTYPES = [np.dtype("f4"), np.dtype("f8")]
MULTIPLES = {"deg2rad", "rad2deg", "radians", "degrees", "float_power"}


def test_every_function_has_a_truth():
    assert set(MATHEMATICS) == set(FUNCTIONS) | MULTIPLES


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_errors(name, dtype):
    f = FUNCTIONS[name]
    args = points(f, 600, dtype)
    found, where = error(f, args, native(name, args))
    assert found <= f.ulp, f"{name}: {found:.2f} ulp at {where}"


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_errors_next_to_multiples_of_half_pi(name, dtype):
    """Nearly all digits go away with the multiple; of each the numbers next to it are taken."""
    most = {"f4": 3800, "f8": 636_000}[dtype.str[1:]]  # where the usual reduction ends
    multiples = np.unique(np.geomspace(1, most, 100).astype(int))
    near = (multiples * (np.pi / 2)).astype(dtype)
    x = np.concatenate([near, np.nextafter(near, 0), -np.nextafter(near, np.inf).astype(dtype)])
    found, where = error(FUNCTIONS[name], [x], native(name, [x]))
    assert found <= FUNCTIONS[name].ulp, f"{name}: {found:.2f} ulp at {where}"


@pytest.mark.parametrize("name", ["exp", "sigmoid", "tanh"])
def test_errors_where_processors_have_no_lookups(name, monkeypatch):
    monkeypatch.setattr(program, "lookups", lambda: False)
    f = FUNCTIONS[name]
    args = points(f, 600, np.dtype("f8"))
    for run in (native, in_rounds):
        found, where = error(f, args, run(name, args))
        assert found <= f.ulp, f"{name}: {found:.2f} ulp at {where}"


@pytest.mark.parametrize("width", [1, 3, 8, 64])
def test_tanh_in_rounds_that_wait_for_each_other(width):
    """It is another function there, in pieces, of which the ends are tried and their neighbours."""
    f, dtype = FUNCTIONS["tanh"], np.dtype("f8")
    ends = np.multiply.outer(2.0 ** np.arange(4), 1 + np.arange(4) / 4).ravel() - 1
    ends = np.concatenate([ends, [15.0, 19.0625]])
    near = [ends, np.nextafter(ends, -1), np.nextafter(ends, 99), ends - 2.0**-52]
    x = np.concatenate([*near, *points(f, 600, dtype), *specials(1, dtype)])
    found, expected = in_rounds("tanh", [x], width), numpy("tanh", [x])
    finite, number = np.isfinite(x), ~np.isnan(x)
    worst, where = error(f, [x[finite]], found[finite])
    assert worst <= f.ulp, f"{worst:.2f} ulp at {where}"
    np.testing.assert_array_equal(found[~finite], expected[~finite])
    np.testing.assert_array_equal(np.signbit(found[number]), np.signbit(expected[number]))
    assert (np.abs(found[np.abs(x) > 19.0625]) == 1).all()


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("name", FUNCTIONS)
def test_special_cases_are_those_of_numpy(name, dtype):
    args = specials(TABLE[name].ufunc.nin, dtype)
    found, expected = native(name, args), numpy(name, args)
    wild = {"logaddexp2", "log_ndtr", "ndtr", "mills", "erfcx", "gamma_density"}
    # SciPy loses digits in the tails of a few; nobody is exact to the last bit.
    allowed = 4096 if name in wild else 4
    with np.errstate(all="ignore"):
        near = np.abs(found - expected) <= allowed * np.spacing(np.abs(expected))
    same = ((found == expected) | near) & (np.signbit(found) == np.signbit(expected))
    wrong = ~(same | (np.isnan(found) & np.isnan(expected)))
    cases = [tuple(map(float, case)) for case in zip(*args, found, expected, strict=True)]
    assert not wrong.any(), [case for case, w in zip(cases, wrong, strict=True) if w]


@pytest.mark.parametrize("name", ["sin", "exp", "log", "power"])
def test_few_elements_and_tails(name):
    """Every length of an array, so that each way through a vector is taken."""
    f = FUNCTIONS[name]
    for size in (*range(20), 63, 64, 65, 127):
        args = points(f, size, np.dtype("f8"), seed=size)
        np.testing.assert_allclose(native(name, args), numpy(name, args), rtol=1e-14, atol=1e-300)
