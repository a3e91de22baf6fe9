// Products by tiles: every element is right and nothing else is touched, whoever computes which.
#include "products.hpp"

#include <cmath>
#include <vector>

#include "check.hpp"
#include "workers.hpp"

namespace {

using Size = std::int64_t;

constexpr Size kRows = 3;
constexpr Size kVectors = 2;
constexpr Size kLanes = 4;

// What generated code does, in plain loops.
template <class T, Size rows, Size vectors>
void tile(Size k, const T* a, Size row_a, Size step_a, const T* b, Size row_b, T* c, Size row_c,
          Size add) {
  for (Size i = 0; i < rows; ++i) {
    for (Size j = 0; j < vectors * kLanes; ++j) {
      T sum = 0;
      for (Size l = 0; l < k; ++l) sum += a[i * row_a + l * step_a] * b[l * row_b + j];
      T& y = c[i * row_c + j];
      y = add != 0 ? y + sum : sum;
    }
  }
}

template <class T>
void turn(Size count, const T* a, Size row_a, T* b, Size row_b) {
  for (Size k = 0; k < 8 * count; ++k) {
    for (Size i = 0; i < 8; ++i) b[k * row_b + i] = a[i * row_a + k];
  }
}

template <class T, Size rows>
bibun::Tile<T> of(Size vectors) {
  if (vectors == 0) return nullptr;
  return vectors == 1 ? tile<T, rows, 1> : tile<T, rows, 2>;
}

template <class T>
bibun::Tile<T> of(Size rows, Size vectors) {
  check(1 <= rows && rows <= kRows, "tiles are no higher than that");
  return rows == 1 ? of<T, 1>(vectors) : rows == 2 ? of<T, 2>(vectors) : of<T, 3>(vectors);
}

// The matrix a[i, j] = (i + 2 j) mod 7 in rows, or in columns, that are `apart` elements apart.
template <class T>
std::vector<T> matrix(Size rows, Size columns, bool turned, Size apart) {
  std::vector<T> x(static_cast<std::size_t>((turned ? columns : rows) * apart), T{1000});
  for (Size i = 0; i < rows; ++i) {
    for (Size j = 0; j < columns; ++j) {
      x[static_cast<std::size_t>(turned ? j * apart + i : i * apart + j)] = T((i + 2 * j) % 7);
    }
  }
  return x;
}

template <class T, class F>
void multiply(F product, Size m, Size n, Size k, bool turned_a, bool turned_b) {
  const Size lda = (turned_a ? m : k) + 1;
  const Size ldb = (turned_b ? k : n) + 2;
  const Size ldc = n + 3;
  const auto a = matrix<T>(m, k, turned_a, lda);
  const auto b = matrix<T>(k, n, turned_b, ldb);
  std::vector<T> c(static_cast<std::size_t>(m * ldc), std::nan(""));
  const Size count = (m + kRows - 1) / kRows;
  const Size low = m / count;
  const Size whole = n >= kVectors * kLanes ? kVectors : 0;
  const Size last = (n % (kVectors * kLanes) + kLanes - 1) / kLanes;
  const bool higher = m % count > 0;
  product(m, n, k, turned_a, turned_b, lda, ldb, ldc, kRows, kVectors, kLanes, a.data(), b.data(),
          c.data(), of<T>(low, whole), of<T>(low, last),
          higher ? of<T>(low + 1, whole) : nullptr, higher ? of<T>(low + 1, last) : nullptr,
          turned_b ? turn<T> : nullptr);
  for (Size i = 0; i < m; ++i) {
    for (Size j = 0; j < ldc; ++j) {
      T sum = 0;
      for (Size l = 0; l < k && j < n; ++l) sum += T((i + 2 * l) % 7) * T((l + 2 * j) % 7);
      const T y = c[static_cast<std::size_t>(i * ldc + j)];
      check(j < n ? y == sum : std::isnan(y), "sums are exact, and what is between rows stays");
    }
  }
}

template <class T, class F>
void all(F product) {
  for (int threads : {1, 3}) {
    bibun::set_threads(threads);
    for (Size m : {1, 2, 4, 40, 200}) {
      for (Size n : {1, 4, 7, 8, 21, 64}) {
        for (Size k : {1, 9, 300}) {
          for (int way = 0; way < 4; ++way) {
            multiply<T>(product, m, n, k, way % 2 == 1, way >= 2);
          }
        }
      }
    }
    multiply<T>(product, 9, 900, 600, false, false);  // b is fetched ahead, and threads share
    multiply<T>(product, 300, 40, 300, true, true);
  }
}

}  // namespace

int main() {
  all<float>(bibun_product_f32);
  all<double>(bibun_product_f64);
  return 0;
}
