"""Layers: weights, paths, errors, and layers as containers of arrays."""

from __future__ import annotations

import copy
import pickle

import numpy as np
import pytest

import bibun
from bibun import nn
from bibun.nn.activations import ACTIVATIONS
from bibun.tracing.containers import flatten

X = np.array([[-1.0, 0, 1], [2, 3, 4], [-1, -5, 2]])
W = np.array([[-0.1, 0.2], [0.3, -0.4], [0.5, 0.6]])


class Custom(nn.Layer):
    """The layer of the article: Y = activation(X W), without a bias."""

    def __init__(self, units, activation):
        super().__init__()
        self.units, self.activation = units, activation

    def build(self, input_shape):
        self.W = self.add_weight("kernel", [int(input_shape[-1]), self.units])

    def call(self, X):
        return self.activation(X @ self.W)


class Forgetful(Custom):
    def __init__(self, units):  # without super().__init__()
        self.units, self.activation = units, np.tanh


class Tree(nn.Layer):
    """Weights and layers in every kind of attribute, one of them twice."""

    def __init__(self):
        super().__init__(seed=3)
        self.scale = bibun.Variable(2.0)
        self.fixed = bibun.Variable(1.0, trainable=False)
        self.blocks = [nn.Dense(4, "tanh"), (nn.Dense(4), {"last": nn.Dense(2)})]
        self.again = self.blocks[0]

    def call(self, x):
        first, (second, named) = self.blocks
        return self.scale * named["last"](second(first(x)) + self.again(x)) + self.fixed


def half(z):
    """An activation that no library knows, right also where z is large."""
    return np.sin(z) + z**2 / (1 + z**2)


def mlp(**options):
    model = nn.Sequential(nn.Dense(4, "tanh"), Custom(3, np.sin), nn.Dense(2), seed=5, **options)
    model(np.ones((1, 3)))
    return model


def total(model):
    return np.sum(model(X) ** 2)


# ------------------------------------------------------------ the article


def test_the_layer_of_the_article_has_the_reference_gradient():
    layer = Custom(2, np.sin)
    layer(X)
    layer.W.assign(W)
    # Computed with 40 digits. The tolerance is for one entry that cancels.
    expected = np.array(
        [
            [-1.7602119701796783128, -0.55468887955575670709],
            [1.2684869918296517211, 1.2219550607118896366],
            [-3.593731046055768623, -0.074971479208648620545],
        ]
    )
    with bibun.GradientTape() as tape:
        loss = total(layer)
    assert abs(loss.numpy() - 1.8238302200153741411) < 1e-14
    (on_tape,) = tape.gradient(loss, layer.trainable_variables)
    np.testing.assert_allclose(on_tape, expected, rtol=1e-13)
    np.testing.assert_array_equal(bibun.grad(total)(layer).W, on_tape)


def test_the_first_call_may_be_recorded():
    layer = Custom(2, half)
    with bibun.GradientTape() as tape:
        loss = total(layer)
    (on_tape,) = tape.gradient(loss, layer.trainable_variables)
    other = Custom(2, half)
    g = bibun.grad(lambda x: np.sum(other(x) ** 2))(X)
    assert on_tape.shape == (3, 2) and g.shape == X.shape
    np.testing.assert_array_equal(other.kernel.numpy(), layer.kernel.numpy())
    mapped = Custom(2, half)
    np.testing.assert_allclose(bibun.vmap(mapped)(X), layer(X), rtol=1e-14)  # another order of sums


# ------------------------------------------------------------ weights, names, seeds


def test_weights_are_found_everywhere_once_with_paths():
    tree = Tree()
    tree(X)
    assert [v.name for v in tree.variables] == [
        "Tree/scale",
        "Tree/fixed",
        "Tree/blocks_0/kernel",
        "Tree/blocks_0/bias",
        "Tree/blocks_1_0/kernel",
        "Tree/blocks_1_0/bias",
        "Tree/blocks_1_1_last/kernel",
        "Tree/blocks_1_1_last/bias",
    ]
    assert [name for name, _ in tree.named_variables()] == [v.name for v in tree.variables]
    assert len(tree.trainable_variables) == 7
    model = nn.Sequential([Tree(), np.abs, nn.Dense(1, name="head")], name="Net")
    model(X)
    assert [v.name for v in model.variables][-2:] == ["Net/head/kernel", "Net/head/bias"]
    assert model[0].again.path == "Net/Tree_0/blocks_0"
    assert "Net/Tree_0/blocks_1_1_last  kernel (4, 2), bias (2,)" in model.summary()
    assert model.summary().splitlines()[-1].split() == ["in", "all", "51"]


def test_weights_may_be_declared_in_any_order_of_arguments():
    class Declared(nn.Layer):
        def build(self, input_shape):
            self.a = self.add_weight("a", [3, 2])
            self.b = self.add_weight((3, 2), name="b", initializer="zeros", trainable=False)
            self.c = self.add_weight(name="c", shape=3, initializer=np.ones, dtype=np.float32)
            self.d = self.add_weight(shape=(2,), initializer=[1, 2])

        def call(self, x):
            return x

    layer = Declared(dtype=np.float16)
    layer(X)
    assert [(v.name, v.shape, v.dtype.name) for v in layer.variables] == [
        ("Declared/a", (3, 2), "float16"),
        ("Declared/b", (3, 2), "float16"),
        ("Declared/c", (3,), "float32"),
        ("Declared/weight_3", (2,), "float16"),
    ]
    assert [v.name for v in layer.trainable_variables] == [
        "Declared/a",
        "Declared/c",
        "Declared/weight_3",
    ]
    assert layer.d is layer.weight_3 and layer.d.numpy().tolist() == [1, 2]


def test_initial_weights_depend_on_seed_and_path_alone():
    def weights(**options):
        model = nn.Sequential(nn.Dense(50), nn.Dense(50), **options)
        model(np.ones((1, 50)))
        return model.get_weights()

    a, again, other = weights(), weights(), weights(seed=1)
    np.testing.assert_equal(a, again)
    assert not np.array_equal(a[0], other[0]) and not np.array_equal(a[0], a[2])
    assert weights(dtype=np.float32)[0].dtype == np.float32
    drawn = nn.Dense(50, seed=np.random.default_rng(0))
    assert drawn(np.ones((1, 50))).shape == (1, 50)


@pytest.mark.parametrize(
    "name, std",
    [("glorot_uniform", 0.1), ("he_normal", 0.2), ("lecun_normal", 0.02**0.5), ("normal", 0.05)],
)
def test_initializers_have_their_variance(name, std):
    layer = nn.Dense(150, kernel_initializer=name)
    layer(np.ones((1, 50)))
    # 7500 draws: the standard deviation is known to about 1 %, and 5 % is five times that.
    assert abs(np.std(layer.kernel.numpy()) / std - 1) < 0.05


def test_get_and_set_weights_go_round():
    model, other = mlp(), mlp(name="Other")
    model.set_weights([w + 1 for w in model.get_weights()])
    other.set_weights(model.get_weights())
    np.testing.assert_array_equal(other(X), model(X))


def test_a_failed_build_can_be_repeated():
    class Fails(Custom):
        def build(self, input_shape):
            super().build(input_shape)
            if input_shape[-1] != 3:
                raise ValueError("no")

    layer = Fails(2, np.sin)
    with pytest.raises(ValueError, match=r"no"):
        layer(np.ones((2, 4)))
    assert layer(X).shape == (3, 2) and layer.W is layer.kernel and layer.W.shape == (3, 2)


def test_layers_are_copied_and_pickled():
    model = nn.Sequential(nn.Dense(4, "gelu"), Forgetful(2))
    y = model(X)
    for other in (copy.deepcopy(model), pickle.loads(pickle.dumps(model))):
        np.testing.assert_array_equal(other(X), y)
        assert other[0].kernel is not model[0].kernel
        assert other[1].W is other[1].kernel
    gradient = bibun.grad(total)(model)
    for other in (copy.deepcopy(gradient), pickle.loads(pickle.dumps(gradient))):
        np.testing.assert_equal(other.trainable_variables, gradient.trainable_variables)
        np.testing.assert_equal(other[1].trainable_variables, [gradient[1].W])


# ------------------------------------------------------------ layers as containers


def test_every_transform_takes_a_layer_and_gives_one_back():
    model = mlp()
    value, gradient = bibun.value_and_grad(total)(model)
    with bibun.GradientTape() as tape:
        loss = total(model)
    on_tape = tape.gradient(loss, model.trainable_variables)
    assert isinstance(gradient, nn.Sequential) and value == loss.numpy()
    assert [g.shape for g in gradient.trainable_variables] == [v.shape for v in model.variables]
    np.testing.assert_equal(gradient.trainable_variables, [g.numpy() for g in on_tape])
    _, along = bibun.jvp(total, (model,), (gradient,))
    squares = sum(np.sum(g**2) for g in gradient.trainable_variables)
    np.testing.assert_allclose(along, squares, rtol=1e-13)  # sums in two orders
    y, pullback = bibun.vjp(lambda m, x: m(x), model, X)
    np.testing.assert_allclose(pullback(2 * y)[0][0].kernel, gradient[0].kernel, rtol=1e-13)


def test_the_gradient_of_a_model_is_that_of_differences():
    model = mlp()
    gradient = bibun.grad(total)(model)
    rng = np.random.default_rng(0)
    tangents = [rng.normal(size=v.shape) for v in model.variables]
    start, h = model.get_weights(), 1e-4

    def at(t):
        model.set_weights([w + t * d for w, d in zip(start, tangents, strict=True)])
        return total(model).numpy()

    # A five-point formula: its error is h^4 f''''' / 30, and rounding adds eps |f| / h.
    slope = (at(-2 * h) - 8 * at(-h) + 8 * at(h) - at(2 * h)) / (12 * h)
    along = sum(np.sum(g * d) for g, d in zip(gradient.trainable_variables, tangents, strict=True))
    np.testing.assert_allclose(along, slope, rtol=1e-9)


def test_vmap_runs_an_ensemble():
    models = [nn.Sequential(nn.Dense(4, "tanh"), nn.Dense(2), seed=k) for k in range(3)]
    expected = [m(X) for m in models]
    _, rebuild = flatten(models[0])
    stacked = rebuild([np.stack(w) for w in zip(*(m.get_weights() for m in models), strict=True)])
    y = bibun.vmap(lambda m, x: m(x), in_axes=(0, None))(stacked, X)
    np.testing.assert_allclose(y, np.stack(expected), rtol=1e-14)  # another order of sums
    assert len(flatten(stacked[1])[0]) == 2


def test_a_copy_keeps_shared_layers_shared_and_penalties_see_its_weights():
    tree = Tree()
    tree(X)

    def loss(tree):
        assert tree.again is tree.blocks[0]
        assert isinstance(tree.fixed, bibun.Variable)
        return np.sum(tree(X) ** 2) + sum(np.sum(w**2) for w in tree.trainable_variables)

    gradient = bibun.grad(loss)(tree)
    with bibun.GradientTape() as tape:
        value = loss(tree)
    np.testing.assert_allclose(
        gradient.again.kernel, tape.gradient(value, tree.again.kernel), rtol=1e-14
    )


# ------------------------------------------------------------ layers at work


def test_flatten_activation_and_functions_in_a_sequence():
    model = nn.Sequential(nn.Flatten(), nn.Dense(3), nn.Activation("relu"), half)
    assert model(np.ones((5, 2, 2))).shape == (5, 3)
    model.append(nn.Dense(1, use_bias=False))
    assert model(np.ones((5, 2, 2))).shape == (5, 1)
    assert model[-1].kernel.name == "Sequential/Dense_4/kernel"
    assert len(model) == 5 and repr(model).startswith("Sequential(Flatten(), Dense(kernel: (4, 3)")


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_dense_keeps_dtype_and_leading_axes(dtype):
    layer = nn.Dense(2, "silu", dtype=dtype)
    y = layer(np.ones((4, 5, 3), dtype))
    assert y.shape == (4, 5, 2) and y.dtype == dtype
    np.testing.assert_allclose(nn.Dense(2)(X), X @ nn_kernel(X) + 0, rtol=1e-15)


def nn_kernel(x):
    layer = nn.Dense(2)
    layer(x)
    return layer.kernel.numpy()


# ------------------------------------------------------------ activations


@pytest.mark.parametrize("name", ACTIVATIONS)
def test_activations_against_mpmath(name):
    mpmath = pytest.importorskip("mpmath")
    from mpmath import mp

    # fmt: off
    truth = {
        "linear": lambda x: x,                   "relu": lambda x: max(x, mp.zero),
        "leaky_relu": lambda x: x if x > 0 else mp.mpf(0.01) * x,
        "elu": lambda x: x if x > 0 else mp.expm1(x),
        "gelu": lambda x: x * mp.erfc(-x / mp.sqrt(2)) / 2,
        "silu": lambda x: x / (1 + mp.exp(-x)),  "swish": lambda x: x / (1 + mp.exp(-x)),
        "softplus": lambda x: mp.log1p(mp.exp(x)), "tanh": mp.tanh,
        "sigmoid": lambda x: 1 / (1 + mp.exp(-x)),
        "softmax": lambda x: 1 / (1 + mp.exp(-x)),
        "log_softmax": lambda x: -mp.log1p(mp.exp(-x)),
    }[name]
    # fmt: on
    f = ACTIVATIONS[name]
    pair = name in ("softmax", "log_softmax")  # of x and 0: a function of x
    points = [-1e3, -700.0, -37.0, -5.0, -0.3, 1e-9, 0.7, 6.0, 40.0, 1e3]

    def ours(x):
        return f(np.stack([x, x * 0]))[0] if pair else f(x)

    with mpmath.workdps(500), np.errstate(all="ignore"):  # underflow is meant
        for x in points:
            value, slope = bibun.value_and_grad(ours)(x)
            expected = [truth(mp.mpf(x)), mp.diff(truth, mp.mpf(x))]
            # 4 eps for each of the few operations; and gelu amplifies the rounding of x by x^2.
            rtol = 2e-15 * max(1, x * x if name == "gelu" else 1)
            tiny = 1e-300  # below this a float64 loses digits
            np.testing.assert_allclose(value, float(expected[0]), rtol=rtol, atol=tiny)
            np.testing.assert_allclose(slope, float(expected[1]), rtol=4 * rtol, atol=tiny)
            plain = f(np.array([x, 0.0]))
            assert type(plain) is np.ndarray
            np.testing.assert_allclose(plain[0], value, rtol=rtol)


def test_kinks_and_nan_of_activations():
    for f, slope in ((nn.relu, 0), (nn.leaky_relu, 0.01), (nn.elu, 1)):
        assert bibun.grad(f)(0.0) == slope
        assert np.isnan(f(np.array([np.nan]))).all()
        assert f(np.float32([1, -1])).dtype == np.float32


# ------------------------------------------------------------ errors


def raises(error, message):
    return pytest.raises(error, match=message)


def exactly(info, message):
    """The message, to which the user's file and line are added."""
    text, _, where = str(info.value).partition("  (")
    assert text == message
    return where


def test_an_input_that_does_not_fit():
    model = nn.Sequential(nn.Dense(4), nn.Dense(2))
    model(np.ones((5, 7)))
    model.layers.pop(0)
    model.layers.insert(0, nn.Dense(7))
    with pytest.raises(bibun.errors.ShapeError) as info:
        model(np.ones((5, 7)))
    where = exactly(
        info, "Sequential/Dense_1: an input of shape (5, 7) does not fit: (..., 4) is needed"
    )
    assert where.startswith("test_layers.py:")
    with pytest.raises(bibun.errors.ShapeError) as info:
        nn.Dense(2)(1.0)
    exactly(info, "Dense: an input of shape () does not fit: (..., n) is needed")


def test_an_error_in_a_layer_of_the_user_names_the_layer():
    model = nn.Sequential(nn.Dense(4), Custom(2, np.sin))
    model(X)
    model[1].activation = lambda z: z @ np.ones(5)
    with pytest.raises(ValueError) as info:
        model(X)
    assert info.value.__notes__ == [
        "in the layer Sequential/Custom_1, called with an input of shape (3, 4)"
    ]


def test_a_layer_without_weights_cannot_be_differentiated():
    with pytest.raises(nn.UnbuiltError) as info:
        bibun.grad(total)(nn.Sequential(np.sin, nn.Dense(2)))
    exactly(
        info,
        "Sequential/Dense_1: the layer has no weights yet: they are made at the first call, so "
        "call Sequential once on an input before you differentiate with respect to it",
    )
    with pytest.raises(AttributeError, match=r"no attribute 'kernel': its weights are made at the"):
        _ = nn.Dense(2).kernel


def test_errors_of_weights():
    class Early(nn.Layer):
        def __init__(self, **options):
            super().__init__(**options)
            self.add_weight("w", (2, 2))

    with pytest.raises(nn.SeedError) as info:
        Early()
    exactly(
        info,
        "Early/w: a random weight made in __init__ needs a seed, because the layer does not know "
        "its path yet: make it in build(self, input_shape), or call super().__init__(seed=...) "
        "before",
    )
    assert Early(seed=1).w.shape == (2, 2)
    layer = Early(seed=1)
    with raises(ValueError, "^Early: there is a weight 'w' already$"):
        layer.add_weight("w", (2,))
    with raises(ValueError, "^Early/v: the initializer is one of glorot_uniform, .*, not 'best'$"):
        layer.add_weight("v", (2,), initializer="best")
    with raises(
        bibun.errors.ShapeError, r"^Early/v: an initial value of shape \(3,\) does not fit: \(2,\)"
    ):
        layer.add_weight("v", (2,), initializer=np.ones(3))
    with raises(
        bibun.errors.ShapeError,
        r"^Early/v: a weight needs a shape of known lengths, not \(None, 2\)",
    ):
        layer.add_weight("v", (None, 2))
    with raises(bibun.errors.ShapeError, r"^Early: 1 weights are needed, not 2"):
        layer.set_weights([1, 2])
    with raises(
        bibun.errors.ShapeError,
        r"^Early/w: a value of shape \(2,\) does not fit: \(2, 2\) is needed",
    ):
        layer.set_weights([[1, 2]])
    with raises(TypeError, "^Early: Early has no method call"):
        layer(X)


def test_errors_of_constructors():
    with raises(ValueError, "^the activation is a function or one of linear, .*, not 'rely'$"):
        nn.Dense(2, "rely")
    with raises(ValueError, "^Dense: units is a number of outputs, at least 1, not 0$"):
        nn.Dense(0)
    with raises(TypeError, "^Sequential: layers and functions are needed, not 'relu'$"):
        nn.Sequential(nn.Dense(2), "relu")
    with raises(bibun.errors.TapeError, "^Sequential: this is a copy with arrays as weights"):
        bibun.grad(total)(mlp()).set_weights([])
