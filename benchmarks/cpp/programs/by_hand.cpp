// Loops as one writes them, with the functions of libm: the value, and then the derivatives.
#include <algorithm>
#include <array>
#include <cmath>
#include <memory>

#include "rows.hpp"

namespace bench {
namespace {

/// z += x w.
template <int Rows, int Inner, int Columns>
inline void add_product(const double* x, const double* w, double* z) {
  for (int i = 0; i < Rows; ++i) {
    for (int k = 0; k < Inner; ++k) {
      for (int j = 0; j < Columns; ++j) z[i * Columns + j] += x[i * Inner + k] * w[k * Columns + j];
    }
  }
}

/// dw = x^T z.
template <int Rows, int Inner, int Columns>
inline void pull_product(const double* x, const double* z, double* dw) {
  std::fill_n(dw, Inner * Columns, 0.0);
  for (int i = 0; i < Rows; ++i) {
    for (int k = 0; k < Inner; ++k) {
      for (int j = 0; j < Columns; ++j) {
        dw[k * Columns + j] += x[i * Inner + k] * z[i * Columns + j];
      }
    }
  }
}

template <int Rows, int Inner, int Columns>
double layer(const double* x, const double* w, double* dw) {
  double z[Rows * Columns] = {}, y[Rows * Columns], loss = 0;
  add_product<Rows, Inner, Columns>(x, w, z);
  for (int t = 0; t < Rows * Columns; ++t) {
    y[t] = std::sin(z[t]);
    loss += y[t] * y[t];
  }
  for (int t = 0; t < Rows * Columns; ++t) z[t] = 2 * y[t] * std::cos(z[t]);
  pull_product<Rows, Inner, Columns>(x, z, dw);
  return loss;
}

/// The same with one function for sine and cosine, and the way back begun at once.
template <int Rows, int Inner, int Columns>
double at_once(const double* x, const double* w, double* dw) {
  double z[Rows * Columns] = {}, loss = 0;
  add_product<Rows, Inner, Columns>(x, w, z);
  for (int t = 0; t < Rows * Columns; ++t) {
    const double s = std::sin(z[t]), c = std::cos(z[t]);  // which compilers make one call of
    loss += s * s;
    z[t] = 2 * s * c;
  }
  pull_product<Rows, Inner, Columns>(x, z, dw);
  return loss;
}

double logsumexp(const double* x, int n, double* dx) {
  const double most = *std::max_element(x, x + n);
  double total = 0;
  for (int i = 0; i < n; ++i) total += dx[i] = std::exp(x[i] - most);
  for (int i = 0; i < n; ++i) dx[i] /= total;
  return std::log(total) + most;
}

/// |a^-1 b|^2 by Gauss's elimination with pivots, and -w y^T with y = a^-1 b and a^T w = 2 y.
template <int N>
double solve(const double* b, const double* a, double* da) {
  double f[N * N], y[N], w[N];
  int order[N];
  std::copy(a, a + N * N, f);
  for (int i = 0; i < N; ++i) order[i] = i;
  for (int k = 0; k < N; ++k) {
    int p = k;
    for (int i = k + 1; i < N; ++i) {
      if (std::fabs(f[i * N + k]) > std::fabs(f[p * N + k])) p = i;
    }
    if (p != k) std::swap_ranges(f + p * N, f + p * N + N, f + k * N), std::swap(order[p], order[k]);
    for (int i = k + 1; i < N; ++i) {
      const double factor = f[i * N + k] /= f[k * N + k];
      for (int j = k + 1; j < N; ++j) f[i * N + j] -= factor * f[k * N + j];
    }
  }
  for (int i = 0; i < N; ++i) {
    y[i] = b[order[i]];
    for (int j = 0; j < i; ++j) y[i] -= f[i * N + j] * y[j];
  }
  double loss = 0;
  for (int i = N; i-- > 0;) {
    for (int j = i + 1; j < N; ++j) y[i] -= f[i * N + j] * y[j];
    y[i] /= f[i * N + i];
    loss += y[i] * y[i];
  }
  double back[N];
  for (int i = 0; i < N; ++i) back[i] = 2 * y[i];
  for (int i = 0; i < N; ++i) {
    back[i] /= f[i * N + i];
    for (int j = i + 1; j < N; ++j) back[j] -= f[i * N + j] * back[i];
  }
  for (int i = N; i-- > 0;) {
    for (int j = 0; j < i; ++j) back[j] -= f[i * N + j] * back[i];
  }
  for (int i = 0; i < N; ++i) w[order[i]] = back[i];
  for (int i = 0; i < N; ++i) {
    for (int j = 0; j < N; ++j) da[i * N + j] = -w[i] * y[j];
  }
  return loss;
}

template <class F>
void take(Row& row, F f, const char* name = "by hand") {
  const auto gradient = std::make_shared<std::vector<double>>(row.w.size());
  row.take(
      name, [&row, f, gradient] { return f(row.x.data(), row.w.data(), gradient->data()); },
      [gradient] { return *gradient; });
}

void add(Rows& all) {
  take(all.small, layer<3, 3, 2>);
  take(all.wide, layer<3, 64, 64>);
  take(all.large, layer<64, 64, 64>);
  take(all.small, at_once<3, 3, 2>, "by hand, sincos");
  take(all.wide, at_once<3, 64, 64>, "by hand, sincos");
  take(all.large, at_once<64, 64, 64>, "by hand, sincos");
  take(all.logsumexp, [](const double*, const double* w, double* dw) {
    return logsumexp(w, 1000, dw);
  });
  take(all.solve, solve<64>);
}

const Registered registered(add);

}  // namespace
}  // namespace bench
