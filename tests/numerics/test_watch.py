"""watch: the first bad step stops the loop, and its arguments come back from the file."""

import numpy as np
import pytest
from numpy.testing import assert_array_equal

import bibun
from bibun import grad, jit
from bibun.errors import NotFiniteError
from bibun.numerics import replay, watch


def loss(w, batch):
    residual = batch["x"] * w["a"] - batch["y"]
    return np.sum(1 / residual)


def step(w, batch):
    g = grad(loss)(w, batch)
    return {"a": w["a"] - 0.1 * g["a"]}


W = {"a": np.array([2.0, 3.0])}
GOOD = {"x": np.ones(2), "y": np.zeros(2)}
BAD = {"x": np.ones(2), "y": np.array([0.0, 3.0])}


def test_good_steps_pass(tmp_path):
    with watch(tmp_path / "bad.npz") as watched:
        assert_array_equal(watched(step, W, GOOD)["a"], step(W, GOOD)["a"])
    assert not (tmp_path / "bad.npz").exists()


@pytest.mark.parametrize("transform", [lambda f: f, jit])
@pytest.mark.filterwarnings("ignore::bibun.errors.NotFiniteWarning")
def test_the_first_bad_step_stops_with_line_and_file(tmp_path, transform):
    file = tmp_path / "bad.npz"
    run = transform(step)
    with watch(file) as watched:
        watched(run, W, GOOD)
        with pytest.raises(NotFiniteError, match=r"step 2 .*`1 / residual`") as error:
            watched(run, W, BAD)
    assert str(file) in str(error.value)
    seen = []
    replay(file, lambda *args: seen.append(args), W, GOOD)
    ((w, batch),) = seen
    assert_array_equal(w["a"], W["a"])
    assert_array_equal(batch["y"], BAD["y"])
    assert not np.isfinite(replay(file, run, W, GOOD)["a"]).all()


def test_arguments_that_are_bad_already_are_not_the_step_s_fault(tmp_path):
    with watch(tmp_path / "bad.npz") as watched, bibun.numerics.rescue(False):
        assert np.isnan(watched(step, {"a": np.array([np.nan, 1.0])}, GOOD)["a"]).any()


def test_what_the_step_writes_into_is_no_excuse(tmp_path):
    def spoil(w):
        w /= 0 * w
        return w

    writes = pytest.raises(NotFiniteError, match="the step writes into them")
    with watch(tmp_path / "bad.npz") as watched, np.errstate(all="ignore"), writes:
        watched(spoil, np.ones(2))


def test_named_arguments_and_objects(tmp_path):
    def scaled(w, log, *, rate):
        return w / rate * (1 + 1j)

    with watch(tmp_path / "bad") as watched, np.errstate(all="ignore"):
        watched(scaled, np.ones(2), print, rate=2.0)
        with pytest.raises(NotFiniteError, match="no arrays") as error:
            watched(scaled, np.ones(2), print, rate=0.0)
    file = tmp_path / "bad.npz"
    assert str(file) in str(error.value)
    seen = []
    replay(file, lambda *args, **named: seen.append((args, named)), np.zeros(2), print, rate=1.0)
    (((w, log), named),) = seen
    assert_array_equal(w, [1, 1])
    assert log is print and named == {"rate": 0.0}


def test_files_that_cannot_be_are_told(tmp_path):
    with pytest.raises(FileNotFoundError, match="folder"):
        watch(tmp_path / "none" / "bad.npz")
    (tmp_path / "junk.npz").write_bytes(b"junk")
    np.savez(tmp_path / "other.npz", a=np.ones(2))
    for name in ("junk.npz", "other.npz"):
        with pytest.raises(ValueError, match="no file that watch has written"):
            replay(tmp_path / name, step, W, GOOD)


@pytest.mark.filterwarnings("ignore::bibun.errors.NotFiniteWarning")
def test_other_arguments_do_not_fit(tmp_path):
    with watch(tmp_path / "bad.npz") as watched, pytest.raises(NotFiniteError):
        watched(step, W, BAD)
    with pytest.raises(ValueError, match="replay"):
        replay(tmp_path / "bad.npz", step, {"a": np.ones(3)}, GOOD)
