// Programs of linear algebra.
#include "programs.hpp"

/// v v^T + 1, evaluated: an expression of Eigen's would refer to what is gone.
template <class V>
auto positive(const V& v) {
  return (v * transpose(v) + as(v, Matrix::Identity(v.rows(), v.rows()))).eval();
}

Matrix regular() { return filled(4, 4, 10) + 2 * Matrix::Identity(4, 4); }

void solves() {
  const Matrix x = regular(), b = filled(4, 2, 11);
  agrees("solve", [&](const auto& v) { return squared_norm(solve(v, as(v, b))); }, x);
  first_order(
      "solve's right side", [&](const auto& v) { return squared_norm(solve(as(v, x), sin(v))); },
      b);
  agrees("cholesky", [&](const auto& v) { return sum(sin(cholesky(positive(v)))); }, x);
  first_order(
      "solve_positive",
      [&](const auto& v) { return squared_norm(solve_positive(positive(v), as(v, b))); }, x);
  first_order(
      "solve_triangular",
      [&](const auto& v) {
        return squared_norm(solve_triangular<Eigen::Lower>(v, as(v, b))) +
               sum(solve_triangular<Eigen::UnitUpper>(v, as(v, b)));
      },
      x);
}

void determinants() {
  const Matrix x = regular();
  first_order("inverse", [](const auto& v) { return squared_norm(inverse(v)); }, x);
  first_order("determinant", [](const auto& v) { return determinant(v); }, x);
  first_order("log_abs_det", [](const auto& v) { return log_abs_det(v); }, x);
  Matrix singular(2, 2);
  singular << 1, 2, 2, 4;
  const Matrix slope = gradient([](const auto& v) { return determinant(v); })(singular);
  check(slope(0, 0) == 4 && slope(0, 1) == -2, "a determinant that is 0 has a derivative");
}

int main() {
  solves();
  determinants();
}
