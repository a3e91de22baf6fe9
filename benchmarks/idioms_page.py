"""docs/idioms.md: the totals, and one row for each idiom: `python -m benchmarks.idioms_page`."""

from __future__ import annotations

from collections import Counter

from .idioms import OUTCOMES, Outcomes, measure
from .tables import machine, table
from .ways import WAYS

METHOD = """\
# Unmodified NumPy code

This page is printed by `python -m benchmarks.idioms_page`; `make bench` prints the totals only.

The functions in `tests/idioms` are written as people write NumPy code: loops, `math`, classes,
containers, writes in place, exceptions, linear algebra. Each takes an array of numbers and returns
a number. **The selection is ours, and bibun was developed against it; no peer was**: read the
other columns as what differs, not as what they are for.

Each system runs in the best ways we found. *As written*: bibun and HIPS autograd call the function;
JAX is `jax.grad` with 64 bits; torch is `torch.compile(torch.compiler.wrap_numpy(f),
backend="eager", fullgraph=True)`, the way in its manual; TensorFlow is a GradientTape with
`experimental_enable_numpy_behavior`. *np = ...*: the name `np` in the modules of the
idioms, and whatever else they import from NumPy and SciPy, is bound to the system's namespace where
it has a counterpart; nothing else is changed. `torch._numpy` is what torch.compile uses.

| word | means |
|---|---|
| right | the derivative that differences of order 8 or the complex step give |
| error | an exception |
| time limit | no answer after 10 s |
| none | `None` or nan where there is a derivative, and no exception |
| wrong | another number or shape, and no exception |

*gradient* is one first gradient, *second* the Hessian times a vector. bibun is asked for three
more: the gradient by *tape* (of `bibun.checkpoint(f)`), *jvp*, and *vmap* of the gradient over
three points. An idiom whose Python code looks at values (`if x[0] > 0`) has no vmap: an error.
`caught_exception` relies on the exception of `math.log`, which a batch does not raise: its value
and its gradient are nan there (none)."""


def page(found: dict[str, Outcomes]) -> str:
    """The whole page."""
    return f"{METHOD}\n\nMeasured on: {machine()}\n\n{totals(found)}\n\n{_each(found)}"


def totals(found: dict[str, Outcomes]) -> str:
    """How many idioms are right, and what became of the others."""
    lines = []
    for key, outcomes in found.items():
        for question in WAYS[key].asked:
            count = Counter(one[question] for one in outcomes.values())
            lines.append([WAYS[key].title, question, *(str(count[o]) for o in OUTCOMES)])
    number = max(map(len, found.values()), default=0)
    return f"## Unmodified idioms ({number})\n\n{table(['', 'derivative', *OUTCOMES], lines)}"


def _each(found: dict[str, Outcomes]) -> str:
    """One row for each idiom: bibun in all that it is asked, the others in their first gradient."""
    columns = [(k, q) for k in found for q in WAYS[k].asked if k == "bibun" or q == "gradient"]
    header = ["idiom", *(f"bibun {q}" if k == "bibun" else WAYS[k].title for k, q in columns)]
    names = next(iter(found.values()), {})
    lines = [[f"`{name}`", *(found[k][name][q] for k, q in columns)] for name in names]
    return f"## Each idiom\n\n{table(header, lines)}"


if __name__ == "__main__":
    print(page(measure(WAYS)))
