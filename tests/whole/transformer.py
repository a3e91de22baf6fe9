"""A tiny transformer in plain NumPy: embedding, causal attention, feed-forward, cross-entropy."""

from functools import partial

import numpy as np
from scipy.special import erf

CONFIG = {"vocabulary": 7, "context": 6, "width": 8, "heads": 2, "layers": 2}


def init_params(seed=0, *, vocabulary, context, width, heads, layers):
    if width % heads:
        raise ValueError(f"width {width} is not a multiple of {heads} heads")
    rng = np.random.default_rng(seed)
    normal = partial(rng.normal, 0.0, 0.3)
    blocks = []
    for _ in range(layers):
        blocks.append(
            {
                "norm1": {"g": np.ones(width), "b": np.zeros(width)},
                "attention": {"qkv": normal((width, 3 * width)), "out": normal((width, width))},
                "norm2": {"g": np.ones(width), "b": np.zeros(width)},
                "mlp": {
                    "w1": normal((width, 2 * width)),
                    "b1": normal(2 * width),
                    "w2": normal((2 * width, width)),
                    "b2": normal(width),
                },
            }
        )
    return {
        "wte": normal((vocabulary, width)),
        "wpe": normal((context, width)),
        "blocks": blocks,
        "norm": {"g": np.ones(width), "b": np.zeros(width)},
    }


def count(params):
    """The number of all parameters."""
    if isinstance(params, dict):
        return sum(count(v) for v in params.values())
    if isinstance(params, list):
        return sum(map(count, params))
    return params.size


def gelu(x):
    return 0.5 * x * (1 + erf(x / np.sqrt(2)))


def softmax(x):
    e = np.exp(x - np.max(x, axis=-1, keepdims=True))
    return e / np.sum(e, axis=-1, keepdims=True)


def layer_norm(x, g, b, eps=1e-5):
    mean = np.mean(x, axis=-1, keepdims=True)
    variance = np.var(x, axis=-1, keepdims=True)
    return g * (x - mean) / np.sqrt(variance + eps) + b


def linear(x, w, b=None):
    y = x @ w
    if b is not None:
        y += b
    return y


def split_heads(x, heads):
    n, t, d = x.shape
    return x.reshape(n, t, heads, d // heads).transpose(0, 2, 1, 3)


def merge_heads(x):
    n, h, t, d = x.shape
    return x.swapaxes(1, 2).reshape(n, t, h * d)


def attention(x, qkv, out, heads, trace=None):
    q, k, v = (split_heads(part, heads) for part in np.split(x @ qkv, 3, axis=-1))
    scores = q @ k.swapaxes(-1, -2)
    scores /= np.sqrt(q.shape[-1])
    t = scores.shape[-1]
    mask = np.triu(np.ones((t, t), dtype=bool), k=1)
    scores[..., mask] = -np.inf
    weights = softmax(scores)
    if trace is not None:
        trace.append(weights)
    return merge_heads(weights @ v) @ out


def mlp(x, w1, b1, w2, b2):
    return linear(gelu(linear(x, w1, b1)), w2, b2)


def block(x, params, heads, trace=None):
    x = x + attention(layer_norm(x, **params["norm1"]), **params["attention"], heads=heads,
                      trace=trace)  # fmt: skip
    x += mlp(layer_norm(x, **params["norm2"]), **params["mlp"])
    return x


def forward(tokens, params, heads, trace=None):
    tokens = np.asarray(tokens)
    n, t = tokens.shape
    if t > len(params["wpe"]):
        raise ValueError(f"{t} tokens do not fit into a context of {len(params['wpe'])}")
    x = params["wte"][tokens] + params["wpe"][range(t)]
    for p in params["blocks"]:
        x = block(x, p, heads, trace)
    return layer_norm(x, **params["norm"]) @ params["wte"].T


def cross_entropy(logits, targets, smoothing=0.05):
    top = logits.max(-1, keepdims=True)
    logp = logits - top - np.log(np.exp(logits - top).sum(-1, keepdims=True))
    n, t = targets.shape
    rows, columns = np.ogrid[:n, :t]
    right = logp[rows, columns, targets]
    return -((1 - smoothing) * right.mean() + smoothing * logp.mean())


def entropy(weights):
    p = np.clip(weights, 1e-12, 1.0)
    return -np.sum(p * np.log(p), axis=-1).mean()


def batch(seed=1):
    rng = np.random.default_rng(seed)
    start = rng.integers(0, CONFIG["vocabulary"], (3, 1))
    text = (start + 2 * np.arange(CONFIG["context"] + 1) ** 2) % CONFIG["vocabulary"]
    return text[:, :-1], text[:, 1:]


INPUTS, TARGETS = batch()
START = init_params(**CONFIG)


def objective(params):
    """Cross-entropy of the next token, less a little for attention that is spread out."""
    seen = []
    logits = forward(INPUTS, params, CONFIG["heads"], trace=seen)
    assert len(seen) == len(params["blocks"])
    decay = 1e-3 * sum(np.sum(b["mlp"]["w1"] ** 2) for b in params["blocks"])
    return cross_entropy(logits, TARGETS) - 0.01 * np.mean([entropy(w) for w in seen]) + decay


if __name__ == "__main__":
    print(f"{count(START)} parameters, objective {objective(START):.6f}")
