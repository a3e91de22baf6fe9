/// NumPy's order: nan comes last.
template <typename T>
inline bool before(T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return a < b || (std::isnan(b) && !std::isnan(a));
  } else {
    return a < b;
  }
}

/// y: the n numbers of each of `step` columns of x in rising order.
template <typename T>
inline void sorted(std::int64_t n, std::int64_t step, const T* x, T* y, T* column) {
  for (std::int64_t j = 0; j < step; ++j) {
    for (std::int64_t i = 0; i < n; ++i) column[i] = x[i * step + j];
    std::sort(column, column + n, before<T>);
    for (std::int64_t i = 0; i < n; ++i) y[i * step + j] = column[i];
  }
}

/// y: the places of the numbers of each column of x in rising order, equal ones in the order in
/// which they are; with `rank`, which place each number gets. Runs of doubled lengths are merged.
template <typename T>
inline void ordered(std::int64_t n, std::int64_t step, std::int64_t rank, const T* x,
                    std::int64_t* y, std::int64_t* order, std::int64_t* merged) {
  for (std::int64_t j = 0; j < step; ++j) {
    for (std::int64_t i = 0; i < n; ++i) order[i] = i;
    for (std::int64_t width = 1; width < n; width *= 2) {
      for (std::int64_t start = 0; start < n; start += 2 * width) {
        const std::int64_t middle = start + width < n ? start + width : n;
        const std::int64_t stop = start + 2 * width < n ? start + 2 * width : n;
        std::int64_t a = start, b = middle;
        for (std::int64_t k = start; k < stop; ++k) {
          const bool second = a == middle || (b < stop && before(x[order[b] * step + j],
                                                                 x[order[a] * step + j]));
          merged[k] = second ? order[b++] : order[a++];
        }
      }
      std::swap(order, merged);
    }
    for (std::int64_t i = 0; i < n; ++i) {
      if (rank) {
        y[order[i] * step + j] = i;
      } else {
        y[i * step + j] = order[i];
      }
    }
  }
}

/// z: the mean of t over each run of equal numbers in each column of y.
template <typename T, typename Y>
inline void tied(std::int64_t n, std::int64_t step, const Y* y, const T* t, T* z) {
  for (std::int64_t j = 0; j < step; ++j) {
    for (std::int64_t start = 0, stop = 0; start < n; start = stop) {
      T sum = 0;
      do {
        sum += t[stop * step + j];
        ++stop;
      } while (stop < n && !(y[stop * step + j] != y[(stop - 1) * step + j]));
      for (std::int64_t i = start; i < stop; ++i) z[i * step + j] = sum / static_cast<T>(stop - start);
    }
  }
}
