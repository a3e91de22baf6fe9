// The lengths of an arm and the zeros of its joints, by Gauss-Newton with the exported Jacobian.
#include <Eigen/QR>
#include <cmath>
#include <cstdio>
#include <residual.hpp>
#include <residual_jacobian.hpp>

constexpr int n = 20;
using Params = Eigen::Matrix<double, 6, 1>;
template <int Columns>
using Rows = Eigen::Matrix<double, n, Columns, Eigen::RowMajor>;  // in C order, as NumPy has it

int main() {
  Rows<3> angles;
  for (int i = 0; i < n; ++i) {
    for (int j = 0; j < 3; ++j) angles(i, j) = std::sin(1.0 + 2.0 * i + 3.0 * j);
  }
  // What a camera would have seen of this arm, to within a millimetre.
  const Params arm = (Params() << 0.7, 0.5, 0.25, 0.05, -0.1, 0.02).finished();
  Eigen::Matrix<double, 2 * n, 1> r;
  Rows<2> seen = Rows<2>::Zero();
  bibun_generated::residual(arm.data(), angles.data(), seen.data(), r.data());
  for (int i = 0; i < 2 * n; ++i) seen.data()[i] = r(i) + 1e-3 * std::cos(5.0 * i);

  Params params = (Params() << 1, 0.5, 0.5, 0, 0, 0).finished();  // from the drawing
  Eigen::Matrix<double, 2 * n, 6, Eigen::RowMajor> j;
  for (int k = 0; k < 8; ++k) {
    bibun_generated::residual(params.data(), angles.data(), seen.data(), r.data());
    bibun_generated::residual_jacobian(params.data(), angles.data(), seen.data(), j.data());
    std::printf("%.17g\n", r.squaredNorm());
    params -= j.colPivHouseholderQr().solve(r);
  }
  for (double p : params) std::printf("%.17g ", p);
  std::printf("\n");
}
