"""Indexing, broadcasting, selection, sorting, cumulative sums, iteration over arrays."""

import numpy as np
from numpy import newaxis

from .suite import idiom

WEIGHTS = np.array([0.1, 0.2, 0.3, 0.4])


@idiom
def pairwise_distances(x):
    d = x[:, None] - x[None, :]
    return np.sum(np.sqrt(d**2 + 0.1))


@idiom
def newaxis_imported(x):
    return np.sum(np.exp(-x[:, newaxis] * WEIGHTS[newaxis, :]) * x)


@idiom
def slices_with_steps(x):
    return np.dot(x[::2], x[1::2]) + np.sum(x[::-1] * x) + x[-2:] @ x[:2]


@idiom
def fancy_indices(x):
    return np.sum(x[[3, 0, 0, 2]] * x[np.array([1, 1, 2, 3])]) + x[np.argsort(x)[1]] ** 2


@idiom(looks=True)
def boolean_mask(x):
    return np.sum(x[x > 0.5] ** 2) + x[np.nonzero(x < 0.8)].prod()


@idiom
def ellipsis_and_new_axes(x):
    a = x.reshape(2, 2)
    return np.sum(a[..., 0] * a[None, ..., 1]) + a[1, ...] @ a[..., 1]


@idiom
def open_mesh(x):
    a = np.outer(x, x**2)
    return np.sum(a[np.ix_([0, 2], [1, 3])])


@idiom
def mesh_grid(x):
    a, b = np.meshgrid(x[:2], x[2:], indexing="ij")
    return np.sum(np.sin(a) * b)


@idiom
def open_grids(x):
    i, j = np.ogrid[:4, :4]
    return x @ (1.0 / (1.0 + x[0] * np.abs(i - j))) @ x


@idiom
def where_with_three(x):
    return np.sum(np.where(x > 0.8, x**2, np.sqrt(x)))


@idiom(looks=True)
def where_with_one(x):
    (found,) = np.where(x > 0.6)
    return np.sum(x[found] * found)


@idiom
def selected(x):
    conditions = [x < 0.5, x < 1.0]
    return np.sum(np.select(conditions, [x**2, np.sin(x)], default=1.0))


@idiom(looks=True)
def piecewise_functions(x):
    return np.sum(np.piecewise(x, [x < 0.5, x >= 0.5], [lambda v: v**3, lambda v: np.log(v)]))


@idiom
def chosen(x):
    return np.sum(np.choose([0, 1, 1, 0], [x, x**2]))


@idiom
def maximum_of_arrays(x):
    return np.sum(np.maximum(x, 0.5) * np.minimum(x[::-1], 0.8)) + np.fmax(x[0], x[1])


@idiom
def extremes_and_their_places(x):
    return x.max() * x.min() + x[np.argmax(x)] ** 2 + x[np.argmin(x)] + np.ptp(x)


@idiom
def sorted_and_ranked(x):
    order = np.argsort(x)
    return np.sum(np.sort(x)[::-1] * WEIGHTS) + np.sum(x[order][1:] * x[order][:-1])


@idiom
def inverse_permutation(x):
    ranks = np.argsort(np.argsort(x))
    return np.sum(x * ranks)


@idiom
def two_largest(x):
    return np.sum(np.partition(x, 2)[2:] ** 2) + np.sum(x[np.argpartition(x, 2)[:2]])


@idiom
def cumulative_sums(x):
    return np.sum(np.cumsum(x) * np.cumprod(x)) + x.cumsum()[-1]


@idiom
def differences(x):
    return np.sum(np.diff(x) ** 2) + np.diff(x, n=2)[0] * np.ediff1d(x)[1] + np.gradient(x)[1]


@idiom
def moving_average(x):
    c = np.cumsum(np.insert(x, 0, 0.0))
    return np.sum(((c[2:] - c[:-2]) / 2) ** 2)


@idiom
def convolution(x):
    return np.sum(np.convolve(x, [0.25, 0.5, 0.25], mode="same") ** 2) + np.correlate(x, x)[0]


@idiom
def interpolated(x):
    return np.interp(x[0], [0.0, 0.5, 1.0], x[1:]) + np.interp(0.3, [0.0, 1.0], x[:2]) ** 2


@idiom(looks=True)
def polynomial_functions(x):
    return np.polyval(x, 0.5) + np.polyval(np.polyder(x), x[0]) + np.polymul(x[:2], x[2:])[1]


@idiom(looks=True)
def polynomial_object(x):
    p = np.poly1d(x)
    return p(0.5) * p.deriv()(0.3)


@idiom
def einstein_sums(x):
    a = np.outer(x, WEIGHTS)
    return np.einsum("ij,jk,ki->", a, a.T, a) + np.einsum("i,i", x, x)


@idiom
def tensor_products(x):
    a = x.reshape(2, 2)
    return np.tensordot(a, a, axes=2) + np.kron(a, a)[3, 0] + np.inner(x, WEIGHTS) + np.vdot(x, x)


@idiom
def cross_product(x):
    return np.sum(np.cross(x[:3], [x[3], 1.0, 2.0]) ** 2)


@idiom
def rolled_and_flipped(x):
    laplacian = np.roll(x, 1) - 2 * x + np.roll(x, -1)
    return np.sum(laplacian**2) + np.flip(x) @ np.fliplr(x.reshape(1, 4))[0]


@idiom
def repeated_and_tiled(x):
    return np.sum(np.repeat(x, 2) * np.tile(x, 2)) + np.repeat(x, [1, 2, 0, 1]).sum()


@idiom
def split_and_joined(x):
    a, b = np.split(x, 2)
    c = np.concatenate((b, a * 2))
    return np.sum(c * x) + np.hsplit(x, 2)[1][0] + np.append(x, x[0])[-1] ** 2


@idiom
def padded(x):
    return np.sum(np.pad(x, 2, mode="edge")[1:-1] * np.pad(x, (1, 1))) + np.pad(x, 1, "reflect")[0]


@idiom
def triangles(x):
    a = np.outer(x, x) + np.diag(x, k=0)
    return np.sum(np.triu(a, 1)) + np.tril(a)[3, 1] + a[np.triu_indices(4, 1)].prod() + np.trace(a)


@idiom
def axes_moved(x):
    a = x.reshape(1, 2, 2)
    b = np.moveaxis(a, 0, -1).squeeze()
    return np.sum(b @ a.transpose(0, 2, 1)[0]) + np.swapaxes(a, 1, 2)[0, 0, 1] ** 2


@idiom
def enumerated_elements(x):
    total = 0.0
    for (i, j), v in np.ndenumerate(x.reshape(2, 2)):
        total += v**2 * (i + 2 * j)
    return total


@idiom
def all_indices(x):
    a = x.reshape(2, 2)
    return sum(a[i] * a[i[::-1]] for i in np.ndindex(a.shape))


@idiom
def iterated_rows(x):
    total = 1.0
    for row in np.array([x, x**2, x + 1]):
        total *= row.mean()
    return total


@idiom
def numpy_iterator(x):
    total = 0.0
    for v in np.nditer(x):
        total += v**2
    return total


@idiom
def flattened(x):
    a = x.reshape(2, 2)
    return sum(v * k for k, v in enumerate(a.flat)) + a.flatten()[1] * a.ravel()[2]


@idiom(looks=True)
def unique_values(x):
    y = np.unique(np.concatenate([x, x[:2]]))
    return np.sum(y * np.arange(len(y)))


@idiom
def searched_bins(x):
    bins = np.searchsorted([0.5, 1.0], x)
    return np.sum(x * np.array([1.0, 2.0, 3.0])[bins]) + np.sum(x * np.digitize(x, [0.5, 1.0]))


@idiom
def binned_counts(x):
    return np.sum(np.bincount([0, 1, 1, 2], weights=x) ** 2)


@idiom
def masked_average(x):
    mask = np.array([1.0, 0.0, 1.0, 1.0])
    return np.sum(mask * x**2) / np.sum(mask) + np.average(x, weights=x)


@idiom
def nan_ignored(x):
    y = np.where([True, False, True, True], x, np.nan)
    return np.nansum(y**2) * np.nanmean(y) + np.nanmax(y)


@idiom
def taken_along_axis(x):
    a = np.stack([x, x**2])
    best = np.argmax(a, axis=0)
    return np.sum(np.take_along_axis(a, best[None], axis=0)) + np.take(x, [1, 1]).prod()


@idiom
def one_hot(x):
    labels = np.array([2, 0, 1])
    logits = np.array([x[:3], x[1:], x[:3] ** 2])
    z = logits - logits.max(axis=1, keepdims=True)
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    return -np.mean(np.log(p[np.arange(3), labels])) - np.sum(np.eye(3)[labels] * np.log(p))


@idiom
def reductions_of_ufuncs(x):
    return (
        np.add.reduce(x**2) + np.multiply.reduce(x) + np.maximum.reduce(x)
        + np.add.accumulate(x)[2] * np.multiply.outer(x, x)[0, 1]
    )  # fmt: skip


@idiom
def vandermonde_matrix(x):
    return np.linalg.det(np.vander(x, increasing=True))


@idiom
def geometric_grid(x):
    t = np.linspace(x[0], x[1], 5)
    return np.sum(np.geomspace(x[2], x[3], 4)) + np.sum(t**2) + np.logspace(0, x[0], 3)[1]


@idiom
def sliding_windows(x):
    w = np.lib.stride_tricks.sliding_window_view(x, 2)
    return np.sum(w.max(axis=1) ** 2) + np.sum(w.prod(axis=1))


@idiom
def stepped_range(x):
    return np.sum(np.arange(0.0, 1.0, 0.25) * x) + np.sum(x[0] * np.arange(3) ** x[1])


@idiom
def fourier_spectrum(x):
    spectrum = np.fft.rfft(x)
    return np.sum(np.abs(spectrum) ** 2) + np.fft.ifft(np.fft.fft(x) ** 2).real[1]


@idiom
def sums_of_segments(x):
    return np.sum(np.add.reduceat(x, [0, 2]) ** 2)
