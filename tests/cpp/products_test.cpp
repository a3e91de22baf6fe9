// Programs of products, sums and parts of matrices.
#include "programs.hpp"

void products_and_sums() {
  const Matrix a = filled(4, 3, 1), x = filled(3, 5, 2);
  const auto w = filled<Eigen::Matrix<Real, 3, 2>>(3, 2, 3);
  const auto c = filled<Eigen::Matrix<Real, 3, 3>>(3, 3, 4);
  agrees("constant * x", [&](const auto& v) { return squared_norm(as(v, a) * v); }, x);
  agrees("x * x^T", [&](const auto& v) { return sum(sin(v * transpose(v))); }, x);
  const Matrix y = filled(9, 4, 5);  // with products that are Eigen's
  agrees("y * y^T", [&](const auto& v) { return sum(sin(v * transpose(v))); }, y);
  agrees("fixed", [&](const auto& v) { return squared_norm(sin(as(v, c) * v)); }, w);
  agrees("x * constant", [&](const auto& v) { return sum(exp(transpose(v) * as(v, c))); }, x);
  agrees(
      "sums", [&](const auto& v) { return squared_norm(v + v * 2.0 - v / 3.0 + as(v, c) * v); }, x);
  agrees("negative", [&](const auto& v) { return sum(exp(-v)) * 2.0 - sum(v); }, x);
  agrees("rows", [](const auto& v) { return squared_norm(multiply(v, row_sums(v))); }, x);
  agrees("columns", [](const auto& v) { return squared_norm(add(v, column_sums(square(v)))); }, x);
  agrees(
      "quotients",
      [](const auto& v) {
        return sum(divide(sin(v), add(column_sums(cosh(v)), as(v, Matrix::Ones(1, 1)))));
      },
      x);
  agrees("mean and dot", [](const auto& v) { return mean(v) * dot(v, sin(v)); }, x);
  agrees("norm", [](const auto& v) { return norm(sin(v)) + norm(v) * sum(v); }, x);
  agrees("largest", [](const auto& v) { return max_coeff(square(v)) - min_coeff(sin(v)); }, x);
}

void parts_of_matrices() {
  const Matrix x = filled(4, 4, 8);
  const Vector u = filled<Vector>(5, 1, 9);
  agrees("block", [](const auto& v) { return squared_norm(block(v, 1, 0, 2, 3)); }, x);
  agrees(
      "row and column", [](const auto& v) { return dot(row(v, 1), transpose(column(v, 2))); }, x);
  agrees("diagonal", [](const auto& v) { return squared_norm(diagonal(v)) + trace(v * v); }, x);
  agrees("segment", [](const auto& v) { return squared_norm(segment(v, 1, 3)) * v(0); }, u);
  agrees(
      "entries", [](const auto& v) { return v(0, 1) * sin(v(2, 3)) + v(0, 1) / (2.0 + v(1, 1)); },
      x);
  agrees(
      "reshape",
      [](const auto& v) { return squared_norm(reshape(v, 2, 8) * transpose(reshape(v, 2, 8))); },
      x);
  agrees(
      "select",
      [](const auto& v) {
        const Eigen::Array<bool, 4, 4> mask = Eigen::Array4i::LinSpaced(0, 3).replicate(1, 4) < 2;
        return sum(select(mask, exp(v), square(v)));
      },
      x);
}

/// What Eigen's matrices have as methods, in one program for both.
void methods() {
  const auto program = [](const auto& v) {
    const auto y = v.cwiseProduct(v).eval();
    const auto u = v.col(2).eval();
    return v.sum() * v.mean() + v.norm() * y.squaredNorm() + v.trace() * v.diagonal().sum() +
           v.row(1).dot(u) * v.block(1, 0, 2, 2).sum() + v.transpose().row(0).sum() * v(2, 1) +
           u.head(2).sum() * u.tail(2).sum() + u.segment(1, 1).sum() * u(0) +
           y.cwiseQuotient(v).sum() * v.sum();
  };
  first_order("methods", program, filled(3, 3, 12));
}

int main() {
  products_and_sums();
  parts_of_matrices();
  methods();
}
