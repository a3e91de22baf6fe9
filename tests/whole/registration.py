"""Registration of two images by an affine map, coarse to fine, with a local bump on top."""

import contextlib
import logging
import time

import numpy as np

logger = logging.getLogger("registration")


@contextlib.contextmanager
def timed(what):
    start = time.perf_counter()
    try:
        yield
    finally:
        logger.debug("%s took %.3f s", what, time.perf_counter() - start)


def phantom(n, shift=(0.0, 0.0), angle=0.0):
    """A few soft blobs."""
    y, x = np.mgrid[0:n, 0:n] / (n - 1.0) - 0.5
    c, s = np.cos(angle), np.sin(angle)
    u, v = c * x - s * y - shift[0], s * x + c * y - shift[1]
    image = np.exp(-((u / 0.2) ** 2) - (v / 0.12) ** 2)
    image += 0.6 * np.exp(-((u - 0.15) ** 2 + (v + 0.2) ** 2) / 0.01)
    image -= 0.3 * np.exp(-((u + 0.2) ** 2 + (v - 0.15) ** 2) / 0.02)
    return image


def gaussian_kernel(sigma, truncate=2.0):
    radius = int(truncate * sigma + 0.5)
    x = np.arange(-radius, radius + 1)
    w = np.exp(-0.5 * (x / sigma) ** 2)
    return w / w.sum()


def blur(image, sigma):
    """Separable smoothing with edges repeated."""
    w = gaussian_kernel(sigma)
    r = len(w) // 2
    padded = np.pad(image, r, mode="edge")
    rows = np.zeros((padded.shape[0], image.shape[1]))
    for k, weight in enumerate(w):
        rows += weight * padded[:, k : k + image.shape[1]]
    result = np.zeros_like(image)
    for k, weight in enumerate(w):
        result += weight * rows[k : k + image.shape[0]]
    return result


def pyramid(image, levels):
    images = [image]
    for _ in range(levels - 1):
        images.append(blur(images[-1], 1.0)[::2, ::2])
    return images[::-1]


def bilinear(image, rows, columns, outside=0.0):
    """Values between the pixels; `outside` where there is no image."""
    if rows.shape != columns.shape:
        raise ValueError(f"rows {rows.shape} and columns {columns.shape} do not fit")
    h, w = image.shape
    inside = (rows >= 0) & (rows <= h - 1) & (columns >= 0) & (columns <= w - 1)
    r = np.clip(rows, 0, h - 1 - 1e-9)
    c = np.clip(columns, 0, w - 1 - 1e-9)
    r0, c0 = np.floor(r).astype(int), np.floor(c).astype(int)
    fr, fc = r - r0, c - c0
    top = image[r0, c0] * (1 - fc) + image[r0, c0 + 1] * fc
    bottom = image[r0 + 1, c0] * (1 - fc) + image[r0 + 1, c0 + 1] * fc
    value = top * (1 - fr) + bottom * fr
    value[~inside] = outside
    return value, inside


class AffineMap:
    """x -> A x + b in units of the image, with an elastic bump that is added."""

    def __init__(self, params):
        angle, log_scale, shear, dx, dy, *bump = params
        rotation = np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
        stretch = np.eye(2)
        stretch[0, 1] = shear
        self.matrix = np.exp(log_scale) * (rotation @ stretch)
        self.offset = np.array([dx, dy])
        self.bump = np.array(bump).reshape(2, -1)

    @property
    def jacobian(self):
        return np.linalg.det(self.matrix)

    def inverse(self):
        clone = object.__new__(AffineMap)
        clone.matrix = np.linalg.inv(self.matrix)
        clone.offset = -clone.matrix @ self.offset
        clone.bump = -self.bump
        return clone

    def __call__(self, points):
        mapped = points @ self.matrix.T + self.offset
        for axis, amplitudes in enumerate(self.bump):
            for k, a in enumerate(amplitudes, start=1):
                mapped[..., axis] += a * np.prod(np.cos(np.pi * k * points), axis=-1)
        return mapped


def warp(image, mapping):
    h, w = image.shape
    y, x = np.meshgrid(np.linspace(-0.5, 0.5, h), np.linspace(-0.5, 0.5, w), indexing="ij")
    points = np.stack([x, y], axis=-1)
    mapped = mapping(points)
    columns, rows = np.moveaxis((mapped + 0.5) * [w - 1, h - 1], -1, 0)
    return bilinear(image, rows, columns)


def correlation(a, b, mask):
    """Normalised cross-correlation of the pixels in the mask."""
    a, b = a[mask], b[mask]
    a = a - a.mean()
    b = b - b.mean()
    return np.vdot(a, b) / np.sqrt(np.vdot(a, a) * np.vdot(b, b))


def smoothness(image):
    gy, gx = np.gradient(image)
    return np.mean(gx**2 + gy**2)


FIXED = phantom(21)
MOVING = phantom(21, shift=(0.06, -0.04), angle=0.15)
START = np.array([0.05, 0.02, -0.03, 0.011, -0.017, 0.005, 0.003, -0.004, 0.002])


def objective(params, levels=2):
    """One minus the correlation on every level, both ways, and what keeps the map sane."""
    mapping = AffineMap(params)
    if not 0.2 < mapping.jacobian < 5.0:
        raise ValueError("the map is degenerate")
    total = 0.0
    with timed("registration"):
        for fixed, moving in zip(pyramid(FIXED, levels), pyramid(MOVING, levels), strict=True):
            warped, inside = warp(moving, mapping)
            back, inside_back = warp(fixed, mapping.inverse())
            total += 1.0 - correlation(fixed, warped, inside)
            total += 0.5 * (1.0 - correlation(moving, back, inside_back))
            total += 0.1 * np.abs(smoothness(warped) - smoothness(moving))
    total += 0.1 * np.log(mapping.jacobian) ** 2 + np.sum(mapping.bump**2)
    residual = blur(FIXED - warped, 1.5)
    return total + 0.2 * np.linalg.norm(residual) / residual.size**0.5


if __name__ == "__main__":
    logging.basicConfig(level=logging.DEBUG)
    print(f"objective {objective(START):.6f}")
