"""Lists, dictionaries, tuples and what goes through them."""

import heapq
from collections import ChainMap, Counter, OrderedDict, defaultdict, deque, namedtuple

import numpy as np

from .suite import idiom


@idiom
def array_of_expressions(x):
    return np.sum(np.array([x[0] * x[1], np.sin(x[2]), 1.0]) ** 2)


@idiom
def matrix_of_expressions(x):
    c, s = np.cos(x[0]), np.sin(x[0])
    rotation = np.array([[c, -s], [s, c]])
    return rotation @ x[1:3] @ np.array([1.0, x[3]])


@idiom
def appended_rows(x):
    rows = []
    for k in range(3):
        rows.append([x[0] ** k, x[1] * k, 1.0])
    return np.linalg.det(np.array(rows) + np.eye(3))


@idiom
def array_of_rows(x):
    m = np.array([x, x**2, np.sin(x), np.ones(4)])
    return np.sum(m @ m.T)


@idiom
def stacked_columns(x):
    a = np.column_stack([np.ones(4), x, x**2])
    return np.sum(np.hstack([a, a]) * np.vstack([np.arange(6.0)] * 4))


@idiom
def joined_with_r_and_c(x):
    y = np.r_[0.0, x, x[::-1], 1.0]
    return np.sum(np.diff(y) ** 2) + np.sum(np.c_[x, x**2][:, 1])


@idiom
def list_comprehension(x):
    return np.sum(np.array([np.exp(-v) * k for k, v in enumerate(x)]))


@idiom
def sum_of_generator(x):
    return sum(v**2 for v in x) + sum([a * b for a, b in zip(x, x[1:])])  # noqa: B905, RUF007


@idiom
def nested_comprehension(x):
    m = np.array([[np.exp(-((a - b) ** 2)) for a in x] for b in x])
    return np.sum(m**2) + m[0][1]


@idiom
def dictionary_comprehension(x):
    powers = {k: x[k] ** (k + 1) for k in range(4)}
    return sum(powers.values()) * powers[2]


@idiom
def parameters_by_name(x):
    parameters = dict(zip(["rate", "scale", "shift", "power"], x, strict=True))
    return parameters["scale"] * np.exp(-parameters["rate"]) + parameters.get("shift", 0.0) ** 2


@idiom
def state_updated_in_steps(x):
    state = {"position": x[0], "velocity": x[1], "log": []}
    for _ in range(4):
        state["velocity"] -= 0.1 * x[2] * state["position"]
        state["position"] += 0.1 * state["velocity"]
        state["log"].append(state["position"])
    return np.mean(state["log"]) + state["velocity"]


@idiom
def keyword_parameters(x):
    def model(t, *, rate=1.0, offset=0.0):
        return np.exp(-rate * t) + offset

    return model(2.0, **{"rate": x[0], "offset": x[1]}) + model(x[2])


@idiom
def grouped(x):
    groups = defaultdict(list)
    for k, v in enumerate(x):
        groups[k % 2].append(v * (k + 1))
    return sum(np.prod(g) for g in groups.values())


@idiom
def added_up_by_key(x):
    totals = defaultdict(float)
    for key, v in zip("abca", x, strict=True):
        totals[key] += v**2
    return totals["a"] * totals["b"] + totals["c"]


@idiom
def moving_window(x):
    window, total = deque(maxlen=2), 0.0
    for v in x:
        window.append(v)
        total += np.mean(list(window)) ** 2
    return total


State = namedtuple("State", ["mass", "speed"])


@idiom
def named_tuple(x):
    s = State(x[0], speed=x[1])
    s = s._replace(speed=s.speed * x[2])
    mass, speed = s
    return 0.5 * mass * speed**2


@idiom(looks=True)
def largest_by_key(x):
    best = max([(v, k) for k, v in enumerate(x)], key=lambda pair: pair[0])
    return best[0] ** 2 * best[1]


@idiom(looks=True)
def sorted_by_key(x):
    return sum(k * v for k, v in enumerate(sorted(x, key=lambda v: -v)))


@idiom
def sorted_numbers(x):
    low, *_, high = sorted(x)
    return high**2 - low * high


@idiom(looks=True)
def priority_queue(x):
    heap = [v for v in x]
    heapq.heapify(heap)
    while len(heap) > 1:
        heapq.heappush(heap, heapq.heappop(heap) * 0.1 + heapq.heappop(heap))
    return heap[0] ** 2


@idiom(looks=True)
def list_methods(x):
    values = list(x)
    values.insert(1, x[0] * x[1])
    values.reverse()
    values.sort()
    values.extend([x[3] ** 2])
    return values.pop() * values[0] + values.pop(1)


@idiom
def swapped_in_a_list(x):
    a = list(x)
    a[0], a[3] = a[3], a[0] * 2
    a[1:3] = [a[1] * a[2]]
    return np.dot(a, [1.0, 2.0, 3.0])


@idiom
def tuple_unpacking(x):
    (a, b), *rest = x[:2], x[2], x[3]
    first, *others = [a * b, *rest]
    return first * others[0] + others[-1] ** 2


@idiom
def zipped_and_transposed(x):
    pairs = [(v, v**2) for v in x]
    firsts, seconds = zip(*pairs, strict=True)
    return np.dot(firsts, seconds)


@idiom
def recursion_through_a_tree(x):
    tree = {"value": x[0], "children": [{"value": x[1]}, {"value": x[2], "children": []}]}

    def total(node):
        return np.sin(node["value"]) + sum(map(total, node.get("children", [])))

    return total(tree) ** 2


@idiom
def adjacency_lists(x):
    neighbours, y = {0: [1, 2], 1: [2], 2: [3], 3: [0]}, x
    for _ in range(3):
        y = np.array([0.5 * y[k] + 0.5 * np.mean([y[j] for j in neighbours[k]]) for k in range(4)])
    return np.sum(y**2)


@idiom
def layered_settings(x):
    settings = ChainMap({"a": x[0]}, OrderedDict(a=1.0, b=x[1]))
    return settings["a"] * settings["b"] ** 2


@idiom
def weights_by_count(x):
    counts = Counter("abbccc")
    return sum(n * v**2 for n, v in zip(counts.values(), x))  # noqa: B905


@idiom
def array_from_iterator(x):
    return np.sum(np.fromiter((v * k for k, v in enumerate(x)), dtype=float) ** 2)


@idiom
def dtype_given(x):
    return np.sum(np.array([x[0], 2, x[1]], dtype=np.float64) ** 2) + np.asarray(x, float)[2]


@idiom
def nested_parameters(x):
    layers = [(x[:2].reshape(2, 1), x[2:3]), (x[2:].reshape(1, 2), x[:2])]
    h = np.array([0.3, -0.2])
    for weights, bias in layers:
        h = np.tanh(h @ weights + bias)
    return h @ h
