"""A first tour of bibun: our own layer learns to read digits, a regression says how sure it is.

Run it with `make demo`. All data come with scikit-learn, and nothing is downloaded.
"""

from __future__ import annotations

from pathlib import Path
from time import perf_counter
from typing import NamedTuple

import numpy as np
from scipy.optimize import minimize
from sklearn.datasets import load_diabetes, load_digits
from sklearn.model_selection import train_test_split

import bibun
from bibun import nn, optim

OUTPUT = Path(__file__).resolve().parent.parent / "demo-output"


# ---------------------------------------------------------------- 1. A layer that no library has
#
# Z = X W without a bias, and Y = activation(Z) with any function of NumPy. There is no derivative
# to write: whatever NumPy computes is differentiated.


class CustomLayer(nn.Layer):
    """Y = activation(X W)"""

    def __init__(self, units, activation):
        super().__init__()
        self.units, self.activation = units, activation

    def build(self, input_shape):
        self.W = self.add_weight("kernel", [int(input_shape[-1]), self.units])

    def call(self, X):
        return self.activation(X @ self.W)


def wave(z):
    """Our own activation."""
    return np.sin(z)


def digit_reader(seed):
    """64 pixels -> 128 waves -> the logits of 10 digits."""
    return nn.Sequential(CustomLayer(128, wave), CustomLayer(10, nn.linear), seed=seed)


# ---------------------------------------------------------------- 2. Training
#
# Each seed is an experiment of its own: it splits the 1,797 images anew, draws other weights and
# shuffles in another order. Mean and scale of the pixels come from the training images alone, and
# so does the choice between the settings below: a fifth of the training images is held back for it.
# The test images are looked at once, at the end.

EPOCHS, BATCH = 30, 32


class Setting(NamedTuple):
    """What is chosen by validation."""

    rate: float  # the learning rate at the start
    smoothing: float  # how much of the target goes to all digits alike: against overconfidence


SETTINGS = [Setting(0.01, 0.0), Setting(0.02, 0.1)]


class Experiment(NamedTuple):
    """What came out of one seed."""

    accuracy: float
    losses: list
    images: np.ndarray  # of the test digits that were read wrongly
    labels: np.ndarray
    answers: np.ndarray


def train(x, digits, setting, seed, epochs):
    """A trained model and its losses. The learning rate falls to 0 in a straight line."""
    model, steps = digit_reader(seed), epochs * -(-len(x) // BATCH)

    def loss(logits, digits):
        return nn.softmax_cross_entropy(logits, digits, smoothing=setting.smoothing)

    adam = optim.Adam(lambda step: setting.rate * (1 - step / steps))
    options = {"epochs": epochs, "batch_size": BATCH, "seed": seed, "progress": False}
    history = bibun.fit(model, x, digits, loss=loss, optimizer=adam, **options)
    return model, history["loss"]


def read(model, x):
    """The digit with the largest logit, for each image."""
    return model(x).numpy().argmax(axis=1)


def choose(x, digits, seed, epochs):
    """The setting that reads images best which were held back from the training images."""
    x, held, digits, held_digits, _ = split(x, digits, seed)

    def accuracy(setting):
        model, _ = train(x, digits, setting, seed, epochs)
        return np.mean(read(model, held) == held_digits)

    return max(SETTINGS, key=accuracy)


def split(x, digits, seed):
    """80 : 20, each digit in proportion; both parts scaled by what the first one shows.

    Last come the test images as they were, to be looked at.
    """
    x, other, digits, other_digits = train_test_split(
        x, digits, test_size=0.2, stratify=digits, random_state=seed
    )
    mean, scale = x.mean(axis=0), x.std()
    return (x - mean) / scale, (other - mean) / scale, digits, other_digits, other


def read_digits(seed, epochs=EPOCHS):
    """Choose and train on one split, then read the test images once."""
    x, test_x, digits, test_digits, images = split(*load_digits(return_X_y=True), seed)
    model, losses = train(x, digits, choose(x, digits, seed, epochs), seed, epochs)
    answers = read(model, test_x)
    wrong = answers != test_digits
    return Experiment(1 - wrong.mean(), losses, images[wrong], test_digits[wrong], answers[wrong])


def train_and_report(seeds, epochs):
    """All experiments, with a line for each."""
    print("Digits: a custom layer without bias, with the activation sin")
    results = []
    for seed in seeds:
        start = perf_counter()
        results.append(read_digits(seed, epochs))
        seconds = perf_counter() - start
        print(f"  seed {seed}: {results[-1].accuracy:.2%} of the test images  ({seconds:.1f} s)")
    print(f"  median: {np.median([r.accuracy for r in results]):.2%}")
    return results


# ---------------------------------------------------------------- 3. A picture of it


def draw(results, path):
    """The loss of every run, and digits that were read wrongly."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(10, 4), layout="constrained")
    left, right = figure.subfigures(1, 2)
    draw_losses(left.subplots(), results)
    draw_mistakes(right.subplots(3, 5), results)
    right.suptitle("read wrongly: digit → answer")
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=120)


def draw_losses(axes, results):
    for seed, r in enumerate(results):
        axes.plot(range(1, len(r.losses) + 1), r.losses, label=f"{seed}: {r.accuracy:.1%}")
    axes.set(xlabel="epoch", ylabel="training loss", title="training, and accuracy on test images")
    axes.legend(title="seed")


def draw_mistakes(grid, results):
    mistakes = [m for r in results for m in zip(r.images, r.labels, r.answers, strict=True)]
    for axes in grid.flat:
        axes.set_axis_off()
    for axes, (image, digit, answer) in zip(grid.flat, mistakes, strict=False):
        axes.imshow(image.reshape(8, 8), cmap="gray_r")
        axes.set_title(f"{digit} → {answer}", fontsize=9)


# ---------------------------------------------------------------- 4. A regression with its errors
#
# The negative log-likelihood of y = A b + noise is an ordinary NumPy function. Its gradient leads
# SciPy to the minimum, and its Hessian there tells how far each number may be off. For this model
# there is a formula to compare with; for yours there need not be.


def diabetes():
    """The inputs with a column of ones, and the progress of the disease, in standard deviations."""
    x, y = load_diabetes(return_X_y=True)
    x, y = x / x.std(axis=0), y / y.std()
    return np.column_stack([np.ones(len(x)), x]), y


def negative_log_likelihood(A, y):
    """A function of the coefficients b and, last, the logarithm of the noise."""

    def nll(theta):
        b, log_sigma = theta[:-1], theta[-1]
        return len(y) * log_sigma + 0.5 * np.sum(((y - A @ b) / np.exp(log_sigma)) ** 2)

    return nll


def fit_by_likelihood(A, y):
    """The most likely parameters and their standard errors."""
    nll = negative_log_likelihood(A, y)
    start = np.zeros(A.shape[1] + 1)
    found = minimize(nll, start, jac=bibun.grad(nll), method="BFGS", options={"gtol": 1e-7})
    covariance = np.linalg.inv(bibun.hessian(nll)(found.x))
    return found.x, np.sqrt(np.diag(covariance))


def closed_form(A, y):
    """The same by the formulas of least squares: covariance = sigma^2 (A^T A)^-1."""
    b = np.linalg.solve(A.T @ A, A.T @ y)
    variance = np.mean((y - A @ b) ** 2)
    errors = np.sqrt(variance * np.diag(np.linalg.inv(A.T @ A)))
    return np.append(b, 0.5 * np.log(variance)), np.append(errors, np.sqrt(0.5 / len(y)))


def regress_and_report():
    """Both ways in one table; returns the largest difference of the standard errors."""
    A, y = diabetes()
    (theta, errors), (b, formula) = fit_by_likelihood(A, y), closed_form(A, y)
    names = ["constant", *load_diabetes().feature_names, "log noise"]
    print("Diabetes: coefficient ± standard error, from the Hessian  (and by formula)")
    for row in zip(names, theta, errors, b, formula, strict=True):
        print("  {:9} {:8.4f} ± {:.4f}  ({:8.4f} ± {:.4f})".format(*row))
    difference = np.max(np.abs(errors / formula - 1))
    print(f"  the standard errors differ by at most {difference:.1e} of themselves")
    return difference


def main(seeds=range(5), epochs=EPOCHS, output=OUTPUT):
    """The tour; returns the experiments and how well the standard errors agree."""
    start = perf_counter()
    results = train_and_report(seeds, epochs)
    draw(results, output / "digits.png")
    print(f"  picture: {output / 'digits.png'}")
    difference = regress_and_report()
    print(f"Done in {perf_counter() - start:.1f} s")
    return results, difference


if __name__ == "__main__":
    main()
