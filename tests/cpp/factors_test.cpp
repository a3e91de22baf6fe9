// Programs of QR and of symmetric eigenvalues.
#include "programs.hpp"

void factors() {
  // Eigenvalues that lie apart: differences see high derivatives, which grow as gaps shrink.
  const Matrix apart = Vector::LinSpaced(4, 0, 9).asDiagonal();
  first_order(
      "qr",
      [](const auto& v) {
        const auto [q, r] = qr(v);
        return sum(sin(q)) + sum(exp(r));
      },
      filled(5, 3, 12));
  first_order(
      "least_squares",
      [](const auto& v) { return squared_norm(least_squares(v, as(v, filled(5, 1, 13)))); },
      filled(5, 3, 12));
  agrees(
      "symmetric_eigen",
      [&](const auto& v) {
        const auto [w, u] = symmetric_eigen(v + transpose(v) + as(v, apart));
        return sum(sin(w)) + sum(square(square(u)));
      },
      filled(4, 4, 10));
}

/// A function of the eigenspace alone has a derivative where eigenvalues are equal.
void equal_eigenvalues() {
  const auto f = [](const auto& v) {
    const auto [w, u] = symmetric_eigen(v);
    return sum(multiply(u * transpose(u), as(v, filled(3, 3, 1)))) + sum(w);
  };
  const Matrix slope = gradient(f)(Matrix(Matrix::Identity(3, 3)));
  // u u^T is the identity everywhere, and the sum of eigenvalues is the trace.
  for (Index i = 0; i < 9; ++i) close(slope(i), i % 4 == 0, 1e-15, "equal eigenvalues");
}

int main() {
  factors();
  equal_eigenvalues();
}
