"""A classifier of handwritten digits: a training step in NumPy, exported for training in C++.

`python digits.py FOLDER` writes headers and data for train.cpp there; without a folder the same
training runs in Python.
"""

import sys
from pathlib import Path

import numpy as np
from sklearn.datasets import load_digits

import bibun

HIDDEN, BATCH, EPOCHS, TRAINED = 32, 64, 12, 1408
adam = bibun.optim.Adam(0.01)


def scores(params, x):
    """How much a picture looks like each digit."""
    return np.tanh(x @ params["w"] + params["b"]) @ params["out"]


def loss(params, x, digit):
    """Cross entropy, of a batch."""
    y = scores(params, x)
    shifted = y - np.max(y, axis=1, keepdims=True)
    logs = shifted - np.log(np.sum(np.exp(shifted), axis=1, keepdims=True))
    return -np.mean(logs[np.arange(len(digit)), digit])


def step(params, state, x, digit):
    """A step of Adam: the loss before it, and what has changed."""
    value, slopes = bibun.value_and_grad(loss)(params, x, digit)
    params, state = adam.update(params, slopes, state)
    return value, params, state


def start():
    """Parameters before training, and the state of Adam, whose count of steps is an array."""
    rng = np.random.default_rng(0)
    params = {
        "w": rng.normal(0, 0.1, (64, HIDDEN)),
        "b": np.zeros(HIDDEN),
        "out": rng.normal(0, 0.1, (HIDDEN, 10)),
    }
    state = adam.init(params)
    return params, state._replace(step=np.asarray(state.step))


def data():
    """Pictures as numbers from 0 to 1, and the digits."""
    x, digit = load_digits(return_X_y=True)
    return x / 16, digit


def export(folder):
    """Headers of a step and of the scores of any number of pictures; data, and where one begins."""
    x, digit = data()
    params, state = start()
    batch = params, state, x[:BATCH], digit[:BATCH]
    bibun.export.cpp(step, batch, functions=["value"], donate=("params", "state"), to=folder)
    bibun.export.cpp(scores, (params, x[:3]), functions=["value"], batch="x", to=folder)
    rows = np.concatenate([16 * x, digit[:, None]], axis=1).astype(np.uint8)
    (folder / "digits.bin").write_bytes(rows.tobytes())
    numbers = [params["w"], params["b"], params["out"]]
    (folder / "start.bin").write_bytes(b"".join(a.tobytes() for a in numbers))


def train():
    """The loss of the last batch, and how many of the other pictures are right."""
    x, digit = data()
    params, state = start()
    compiled = bibun.jit(step, donate=("params", "state"))
    for _ in range(EPOCHS):
        for k in range(0, TRAINED, BATCH):
            chosen = slice(k, k + BATCH)
            value, params, state = compiled(params, state, x[chosen], digit[chosen])
    right = np.argmax(scores(params, x[TRAINED:]), axis=1) == digit[TRAINED:]
    return float(value), int(np.sum(right)), len(right)


if __name__ == "__main__":
    if len(sys.argv) > 1:
        export(Path(sys.argv[1]))
    else:
        print("loss {:.10f}, {} of {} right".format(*train()))
