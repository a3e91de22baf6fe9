"""Arrays that are filled and changed in place, and views of them."""

import numpy as np

from .suite import idiom


@idiom
def zeros_filled_by_index(x):
    b = np.zeros(3)
    b[0] = x[0]
    b[1] = x[1] * x[2]
    b[-1] = np.sin(x[3])
    return np.sum(b**2)


@idiom
def filled_in_a_loop(x):
    y = np.empty(5)
    y[0] = 1.0
    for i in range(1, 5):
        y[i] = y[i - 1] * x[i - 1] + i
    return y[-1]


@idiom
def matrix_filled_by_element(x):
    n = len(x)
    k = np.zeros((n, n))
    for i in range(n):
        for j in range(n):
            k[i, j] = np.exp(-((x[i] - x[j]) ** 2))
    return np.sum(k @ x)


@idiom
def rows_and_columns(x):
    m = np.ones((4, 4))
    m[1] = x
    m[:, 2] = x**2
    m[2:, :2] *= x[0]
    return np.sum(m @ m)


@idiom
def in_place_arithmetic(x):
    y = x.copy()
    y += 1.0
    y *= x
    y -= 0.5
    y /= x[0]
    y **= 2
    return y.sum()


@idiom
def mask_set_to_zero(x):
    y = x**2
    y[x > 0.8] = 0.0
    return np.sum(y * x)


@idiom(looks=True)
def mask_changed(x):
    y = x * 2
    y[y > 1.6] *= x[0]
    y[y < 1.0] = x[1]
    return np.sum(y**2)


@idiom
def clipped_in_place(x):
    y = np.array(x)
    y[y > 1.0] = 1.0
    np.clip(y, 0.5, None, out=y)
    return np.sum(y**2)


@idiom
def given_output(x):
    out = np.empty(4)
    np.multiply(x, 2.0, out=out)
    np.exp(out, out)
    return np.sum(out * x)


@idiom
def scattered_with_add_at(x):
    y = np.zeros(3)
    np.add.at(y, [0, 1, 1, 2], x)
    return np.prod(y)


@idiom
def histogram_by_hand(x):
    total = np.zeros(2)
    for v, bin in zip(x, [0, 1, 0, 1], strict=True):
        total[bin] += v**2
    return total[0] * total[1]


@idiom
def fancy_assignment(x):
    y = np.zeros(6)
    y[[0, 2, 4]] = x[:3]
    y[np.array([1, 3])] += x[3] * 2
    return np.dot(y, np.arange(6.0)) ** 2


@idiom
def view_written_through(x):
    a = np.zeros((2, 4))
    top = a[0]
    top[:] = x
    bottom = a[1, ::2]
    bottom += x[0]
    return np.sum(a**2) + a[1, 2] * a[0, 1]


@idiom
def transposed_view(x):
    a = np.zeros((4, 2))
    t = a.T
    t[0] = x
    t[1, 1:] = x[:-1]
    return np.sum(a[:, 0] * a[:, 1])


@idiom
def reshaped_view(x):
    a = np.zeros(4)
    m = a.reshape(2, 2)
    m[0, 1] = x[0]
    m[1] = x[2:]
    return np.sum(a * x) + m.ravel()[1] ** 2


@idiom
def swapped_elements(x):
    y = x.copy()
    y[0], y[3] = y[3], y[0]
    y[[1, 2]] = y[[2, 1]]
    return np.dot(y, x * np.arange(4))


@idiom
def diagonal_filled(x):
    a = np.outer(x, x)
    np.fill_diagonal(a, 1.0)
    a[np.diag_indices(4)] += x
    return np.sum(a**2)


@idiom
def copied_into(x):
    buffer = np.zeros((2, 4))
    np.copyto(buffer[0], x)
    np.copyto(buffer[1], x**2, where=x > 0.6)
    return np.sum(buffer[0] * buffer[1]) + buffer[1, 0]


@idiom(looks=True)
def put_and_place(x):
    y = np.zeros(5)
    np.put(y, [1, 3], x[:2])
    np.place(y, y == 0, [2.0])
    return np.prod(y) + y.flat[1]


@idiom
def heat_equation(x):
    u = np.zeros(8)
    u[2:6] = x
    for _ in range(5):
        u[1:-1] += 0.2 * (u[2:] - 2 * u[1:-1] + u[:-2])
    return np.sum(u**2)


@idiom
def dynamic_programming_table(x):
    cost = np.zeros((4, 4))
    for i in range(4):
        cost[i, 0] = cost[0, i] = x[i]
    for i in range(1, 4):
        for j in range(1, 4):
            cost[i, j] = np.minimum(cost[i - 1, j], cost[i, j - 1] * 0.9) + x[i] * x[j]
    return cost[-1, -1]


@idiom
def gaussian_elimination(x):
    a = np.diag(x) + np.full((4, 4), 0.3)
    b = np.arange(1.0, 5.0)
    n = len(b)
    for k in range(n):
        for i in range(k + 1, n):
            factor = a[i, k] / a[k, k]
            a[i, k:] -= factor * a[k, k:]
            b[i] -= factor * b[k]
    y = np.zeros(n)
    for i in range(n - 1, -1, -1):
        y[i] = (b[i] - a[i, i + 1 :] @ y[i + 1 :]) / a[i, i]
    return np.sum(y)


@idiom
def cholesky_by_hand(x):
    a = np.outer(x, x) + np.eye(4)
    low = np.zeros_like(a)
    for i in range(4):
        for j in range(i + 1):
            s = a[i, j] - np.dot(low[i, :j], low[j, :j])
            low[i, j] = np.sqrt(s) if i == j else s / low[j, j]
    return 2 * np.sum(np.log(np.diag(low))) + low[3, 0]


@idiom
def tridiagonal_solve(x):
    n = 4
    a, b, c, d = -np.ones(n), 2 + x, -np.ones(n), x.copy()
    for i in range(1, n):
        w = a[i] / b[i - 1]
        b[i] -= w * c[i - 1]
        d[i] = d[i] - w * d[i - 1]
    y = np.zeros(n)
    y[-1] = d[-1] / b[-1]
    for i in reversed(range(n - 1)):
        y[i] = (d[i] - c[i] * y[i + 1]) / b[i]
    return y @ y


@idiom
def assembled_stiffness(x):
    k = np.zeros((5, 5))
    for e, stiffness in enumerate(x):
        nodes = [e, e + 1]
        k[np.ix_(nodes, nodes)] += stiffness * np.array([[1.0, -1.0], [-1.0, 1.0]])
    k[0, :] = 0.0
    k[0, 0] = 1.0
    load = np.zeros(5)
    load[-1] = 1.0
    return np.linalg.solve(k, load)[-1]


@idiom
def boundary_conditions(x):
    u = np.pad(x.reshape(2, 2), 1)
    u[0, :] = u[1, :]
    u[:, -1] = u[:, -2] * 0.5
    return np.sum(u**2)


@idiom
def ring_buffer(x):
    history = np.zeros(3)
    total = 0.0
    for k, v in enumerate(x):
        history[k % 3] = v
        total += history.mean() ** 2
    return total


@idiom
def list_of_rows_changed(x):
    rows = [np.zeros(2) for _ in range(3)]
    for k, v in enumerate(x):
        rows[k % 3][k % 2] += v**2
    return np.sum(np.array(rows) @ np.array([1.0, x[0]]))


@idiom
def sorted_in_place(x):
    y = x**2
    y.sort()
    return np.dot(y, [4.0, 3.0, 2.0, 1.0])


@idiom
def filled_with_value(x):
    y = np.empty((2, 2))
    y.fill(x[0])
    y[1] = 0
    y[1, 1:] = x[2]
    y[...] *= x[1]
    return np.linalg.det(y)


@idiom
def flat_iterator(x):
    y = np.zeros((2, 2))
    y.flat = x
    y.flat[2] = x[0] ** 2
    return y[0] @ y[1]


@idiom
def where_argument(x):
    y = np.divide(1.0, x, out=np.zeros_like(x), where=x > 0.5)
    return np.sum(y * x**2)


@idiom
def cumulative_in_place(x):
    y = x.copy()
    np.cumsum(y, out=y)
    return np.sum(y**2)


@idiom
def integer_grid_of_states(x):
    alpha = np.zeros((3, 2))
    move = np.array([[0.7, 0.3], [0.4, 0.6]])
    seen = np.array([[x[0], x[1]], [x[2], x[3]]])
    alpha[0] = 0.5 * seen[:, 0]
    for t, o in enumerate([1, 0], start=1):
        alpha[t] = (alpha[t - 1] @ move) * seen[:, o]
    return np.log(alpha[-1].sum())


@idiom
def momentum_update(x):
    w, velocity = np.ones(4), np.zeros(4)
    for _ in range(5):
        velocity *= 0.9
        velocity -= 0.1 * (w - x) * x
        w += velocity
    return np.sum(w**2)
