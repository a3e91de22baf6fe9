"""Checks in exported code: if a result is not finite, an error names what first was not."""

from __future__ import annotations

from collections.abc import Sequence

Numbers = tuple[str, int]
"""An array in C++, and how many numbers it has."""

REFUSED = """
// The end of a call that has no result. Without exceptions it is the end of the program.
[[noreturn]] static inline void refused(const char* reason) {
#if defined(__cpp_exceptions) || defined(_CPPUNWIND)
  throw std::domain_error(reason);
#else
  static_cast<void>(reason);
  std::abort();
#endif
}
"""
FINITE = """
#if defined(__FINITE_MATH_ONLY__) && __FINITE_MATH_ONLY__
#error "check_finite: with -ffast-math, or -ffinite-math-only, compilers leave such checks out"
#endif
// Whether all numbers are finite.
template <typename T>
static inline bool finite(const T* x, std::int64_t n) {
  for (std::int64_t i = 0; i < n; ++i) {
    if (!std::isfinite(x[i])) return false;
  }
  return true;
}
template <typename T>
static inline void must_be_finite(const T* x, std::int64_t n, const char* otherwise) {
  if (!finite(x, n)) refused(otherwise);
}
"""


def checks(
    name: str, results: Sequence[Numbers], before: Sequence[tuple[Numbers, str]]
) -> list[str]:
    """Statements that throw if a result is not finite.

    The message names the first of the arrays `before` that is not: an argument, or a line.
    """
    if not results:
        return []
    good = " && ".join(f"finite({where}, {n})" for where, n in results)
    lines = [f"  if (!({good})) {{"]
    for (where, n), text in before:
        lines.append(f"    must_be_finite({where}, {n}, {quoted(f'{name}: not finite: {text}')});")
    lines.append(f"    refused({quoted(f'{name}: a result is not finite')});")
    return [*lines, "  }"]


def quoted(text: str) -> str:
    """A literal of C++."""
    safe = text.replace("\\", r"\\").replace('"', r"\"")
    return f'"{" ".join(safe.split())}"'
