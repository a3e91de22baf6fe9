// The rows as templates, for libraries whose variables are numbers.
#ifndef BIBUN_BENCHMARKS_SCALARS_HPP
#define BIBUN_BENCHMARKS_SCALARS_HPP

#include <cmath>
#include <memory>
#include <utility>

#include "rows.hpp"

namespace bench {

template <class T>
T layer_loss(const Row& row, const std::vector<T>& w) {
  using std::sin;
  const auto inner = static_cast<std::size_t>(row.inner);
  const auto columns = static_cast<std::size_t>(row.columns);
  T loss = 0;
  for (std::size_t i = 0; i < static_cast<std::size_t>(row.rows); ++i) {
    for (std::size_t j = 0; j < columns; ++j) {
      T z = row.x[i * inner] * w[j];
      for (std::size_t k = 1; k < inner; ++k) z += row.x[i * inner + k] * w[k * columns + j];
      const T y = sin(z);
      loss += y * y;
    }
  }
  return loss;
}

template <class T, class Value>
T logsumexp_loss(const std::vector<T>& x, Value value) {
  using std::exp;
  using std::log;
  double most = value(x[0]);
  for (const T& t : x) most = std::fmax(most, value(t));
  T total = 0;
  for (const T& t : x) total += exp(t - most);
  return log(total) + most;
}

template <class T, class Value>
T solve_loss(const Row& row, std::vector<T> a, Value value) {
  const auto n = static_cast<std::size_t>(row.inner);
  std::vector<T> y(row.x.begin(), row.x.end());
  for (std::size_t k = 0; k < n; ++k) {
    std::size_t p = k;
    for (std::size_t i = k + 1; i < n; ++i) {
      if (std::fabs(value(a[i * n + k])) > std::fabs(value(a[p * n + k]))) p = i;
    }
    for (std::size_t j = 0; j < n && p != k; ++j) std::swap(a[p * n + j], a[k * n + j]);
    if (p != k) std::swap(y[p], y[k]);
    for (std::size_t i = k + 1; i < n; ++i) {
      const T factor = a[i * n + k] / a[k * n + k];
      for (std::size_t j = k + 1; j < n; ++j) a[i * n + j] -= factor * a[k * n + j];
      y[i] -= factor * y[k];
    }
  }
  T loss = 0;
  for (std::size_t i = n; i-- > 0;) {
    for (std::size_t j = i + 1; j < n; ++j) y[i] -= a[i * n + j] * y[j];
    y[i] /= a[i * n + i];
    loss += y[i] * y[i];
  }
  return loss;
}

/// Takes part with a library's numbers T. `Way<Loss>` is made of a loss and the arguments; its
/// `double run(const std::vector<double>& w, std::vector<double>& dw)` is what is measured.
template <class T, template <class> class Way, class Loss>
void take(Row& row, const char* name, Loss loss) {
  const auto way = std::make_shared<Way<Loss>>(loss, row.w);
  const auto gradient = std::make_shared<std::vector<double>>(row.w.size());
  row.take(
      name, [&row, way, gradient] { return way->run(row.w, *gradient); },
      [gradient] { return *gradient; });
}

/// The number in a T.
template <class T>
struct ValueOf;

template <class T, template <class> class Way>
void take_all(Rows& all, const char* name) {
  using V = std::vector<T>;
  const ValueOf<T> value{};
  for (Row* row : {&all.small, &all.wide, &all.large}) {
    take<T, Way>(*row, name, [row](const V& w) { return layer_loss<T>(*row, w); });
  }
  take<T, Way>(all.logsumexp, name, [value](const V& w) { return logsumexp_loss<T>(w, value); });
  const Row* solve = &all.solve;
  take<T, Way>(all.solve, name,
               [solve, value](const V& w) { return solve_loss<T>(*solve, w, value); });
}

}  // namespace bench

#endif
