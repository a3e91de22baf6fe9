// Products of matrices: copied into panels, which tiles of the result pass along.
//
// What a tile of c adds up, in which order, depends on m, n and k alone: the same bits for any
// number of threads.
#include "products.hpp"

#include <algorithm>
#include <cstring>

#include "workers.hpp"

namespace bibun {
namespace {

constexpr std::int64_t kNear = 24 << 10;  // bytes of a panel of b that stay in the first cache
constexpr std::int64_t kGroup = 8;        // panels of a that pass along one of b, one by one
constexpr double kShared = 2'000'000;     // multiplications from which on threads share them
constexpr std::size_t kTile = 1024;       // elements of a tile at most

std::int64_t parts(std::int64_t whole, std::int64_t size) { return (whole + size - 1) / size; }

// ---------------------------------------------------------------- panels

// Lines of a matrix, the elements of each `along` and the lines `apart` elements from each other.
template <class T>
struct Lines {
  const T* data;
  std::int64_t apart;
  std::int64_t along;

  Lines from(std::int64_t line, std::int64_t element) const {
    return {data + line * apart + element * along, apart, along};
  }
};

// A square of numbers, of as many lines as fill 16 bytes, turned.
template <class T>
constexpr std::int64_t kSide = 16 / sizeof(T);

template <class T>
void turn(const Lines<T>& lines, std::int64_t width, T* to) {
#if defined(__clang__) || __GNUC__ >= 12
  using Row __attribute__((vector_size(16))) = T;
  Row rows[kSide<T>];
  for (int i = 0; i < kSide<T>; ++i) std::memcpy(&rows[i], lines.data + i * lines.apart, 16);
  const auto put = [&](int k, const Row& x) { std::memcpy(to + k * width, &x, 16); };
  if constexpr (kSide<T> == 4) {
    const Row ab0 = __builtin_shufflevector(rows[0], rows[1], 0, 4, 1, 5);
    const Row ab1 = __builtin_shufflevector(rows[0], rows[1], 2, 6, 3, 7);
    const Row cd0 = __builtin_shufflevector(rows[2], rows[3], 0, 4, 1, 5);
    const Row cd1 = __builtin_shufflevector(rows[2], rows[3], 2, 6, 3, 7);
    put(0, __builtin_shufflevector(ab0, cd0, 0, 1, 4, 5));
    put(1, __builtin_shufflevector(ab0, cd0, 2, 3, 6, 7));
    put(2, __builtin_shufflevector(ab1, cd1, 0, 1, 4, 5));
    put(3, __builtin_shufflevector(ab1, cd1, 2, 3, 6, 7));
  } else {
    put(0, __builtin_shufflevector(rows[0], rows[1], 0, 2));
    put(1, __builtin_shufflevector(rows[0], rows[1], 1, 3));
  }
#else
  for (int k = 0; k < kSide<T>; ++k) {
    for (int i = 0; i < kSide<T>; ++i) to[k * width + i] = lines.data[i * lines.apart + k];
  }
#endif
}

// A panel: the elements number 0 of `width` lines, then those number 1, ... `depth` - 1. Where
// there are fewer lines, they are followed by zeros.
template <class T>
void pack(const Lines<T>& lines, std::int64_t count, std::int64_t depth, std::int64_t width, T* to) {
  constexpr std::int64_t side = kSide<T>;
  const std::int64_t whole = count / side * side;
  std::int64_t done = 0;  // elements of the lines up to `whole`
  if (lines.apart == 1) {
    for (; done < depth; ++done) {
      const T* from = lines.data + done * lines.along;
      for (std::int64_t i = 0; i < whole; i += side) {
        std::memcpy(to + done * width + i, from + i, 16);
      }
    }
  } else if (lines.along == 1) {
    for (; done + side <= depth; done += side) {
      for (std::int64_t i = 0; i < whole; i += side) {
        turn(lines.from(i, done), width, to + done * width + i);
      }
    }
  }
  for (std::int64_t k = 0; k < depth; ++k) {
    for (std::int64_t i = k < done ? whole : 0; i < width; ++i) {
      to[k * width + i] = i < count ? *lines.from(i, k).data : T{0};
    }
  }
}

// ---------------------------------------------------------------- tiles

template <class T>
struct Tile {
  std::int64_t rows, lanes, vectors;
  RunTile<T> run;

  std::int64_t columns() const { return lanes * vectors; }

  // One with fewer rows and columns: it has a place of its own, of which some is taken.
  void part(std::int64_t k, std::int64_t v, const T* a, const T* b, T* c, std::int64_t ldc,
            bool add, std::int64_t m, std::int64_t n) const {
    alignas(64) T whole[kTile];
    const std::int64_t width = v * lanes;
    for (std::int64_t i = 0; add && i < m; ++i) std::copy_n(c + i * ldc, n, whole + i * width);
    run(k, v, a, b, whole, width, add);
    for (std::int64_t i = 0; i < m; ++i) std::copy_n(whole + i * width, n, c + i * ldc);
  }
};

// A product of which a and b are in panels.
template <class T>
struct Packed {
  Tile<T> tile;
  std::int64_t m, n, k;
  Lines<T> a, b;  // the rows of a, the columns of b
  T* c;
  std::int64_t ldc;
  bool add;
  T* panels_a;
  T* panels_b;

  // Panels, groups of those of a, and terms that are added up before a panel of b leaves the cache.
  std::int64_t count_a = parts(m, tile.rows);
  std::int64_t count_b = parts(n, tile.columns());
  std::int64_t groups = parts(count_a, kGroup);
  std::int64_t deep = parts(k, parts(k, std::max<std::int64_t>(1, kNear / line())));

  std::int64_t line() const { return static_cast<std::int64_t>(sizeof(T)) * tile.columns(); }

  // A panel of a, or behind those, of b. What is added up together lies side by side.
  void fill(std::int64_t number) const {
    const bool left = number < count_a;
    if (!left) number -= count_a;
    const std::int64_t width = left ? tile.rows : tile.columns();
    const std::int64_t all = width * (left ? count_a : count_b);
    const Lines<T> lines = (left ? a : b).from(number * width, 0);
    const std::int64_t rest = std::min(width, (left ? m : n) - number * width);
    // The last panel of b is narrower.
    const std::int64_t wide = left ? width : parts(rest, tile.lanes) * tile.lanes;
    for (std::int64_t at = 0; at < k; at += deep) {
      const std::int64_t depth = std::min(deep, k - at);
      T* to = (left ? panels_a : panels_b) + at * all + number * width * depth;
      pack(lines.from(0, at), rest, depth, wide, to);
    }
  }

  // The tiles of a group of panels of a and one panel of b.
  void multiply(std::int64_t number) const {
    const std::int64_t column = number / groups;
    const std::int64_t first = number % groups * kGroup;
    const std::int64_t last = std::min(first + kGroup, count_a);
    const std::int64_t j = column * tile.columns();
    const std::int64_t wide = std::min(tile.columns(), n - j);
    const std::int64_t vectors = parts(wide, tile.lanes);
    for (std::int64_t at = 0; at < k; at += deep) {
      const std::int64_t depth = std::min(deep, k - at);
      const T* beside = panels_b + (at * count_b + column * depth) * tile.columns();
      for (std::int64_t row = first; row < last; ++row) {
        const T* here = panels_a + (at * count_a + row * depth) * tile.rows;
        const std::int64_t i = row * tile.rows;
        const std::int64_t high = std::min(tile.rows, m - i);
        T* to = c + i * ldc + j;
        if (high == tile.rows && wide == vectors * tile.lanes) {
          tile.run(depth, vectors, here, beside, to, ldc, add || at > 0);
        } else {
          tile.part(depth, vectors, here, beside, to, ldc, add || at > 0, high, wide);
        }
      }
    }
  }

  template <void (Packed::*one)(std::int64_t) const>
  static void some(void* context, std::int64_t start, std::int64_t stop) {
    const auto& all = *static_cast<const Packed*>(context);
    for (std::int64_t number = start; number < stop; ++number) (all.*one)(number);
  }

  template <void (Packed::*one)(std::int64_t) const>
  void each(std::int64_t count) {
    const double work = static_cast<double>(m) * static_cast<double>(n) * static_cast<double>(k);
    if (work < kShared) {
      some<one>(this, 0, count);
    } else {
      bibun_parallel(some<one>, this, count, 1);
    }
  }

  void run(bool b_is_filled) {
    each<&Packed::fill>(count_a + (b_is_filled ? 0 : count_b));
    each<&Packed::multiply>(groups * count_b);
  }
};

// ---------------------------------------------------------------- products

template <class T>
struct Product {
  std::int64_t m, n, k;
  bool turned_a, turned_b;
  std::int64_t lda, ldb, ldc;
  const T* a;
  const T* b;
  T* c;
};

template <class T>
void product(const Product<T>& p, const Tile<T>& tile, std::int64_t rows, std::int64_t columns,
             std::int64_t depth, T* panels) {
  const Lines<T> a{p.a, p.turned_a ? 1 : p.lda, p.turned_a ? p.lda : 1};
  const Lines<T> b{p.b, p.turned_b ? p.ldb : 1, p.turned_b ? 1 : p.ldb};
  for (std::int64_t at = 0; at < p.k; at += depth) {
    const std::int64_t k = std::min(depth, p.k - at);
    for (std::int64_t j = 0; j < p.n; j += columns) {
      const std::int64_t n = std::min(columns, p.n - j);
      for (std::int64_t i = 0; i < p.m; i += rows) {
        Packed<T> part{tile, std::min(rows, p.m - i), n, k, a.from(i, at), b.from(j, at),
                       p.c + i * p.ldc + j, p.ldc, at > 0, panels + columns * depth, panels};
        part.run(i > 0);
      }
    }
  }
}

}  // namespace
}  // namespace bibun

BIBUN_PRODUCT(bibun_product_f32, float) {
  bibun::product<float>({m, n, k, turned_a != 0, turned_b != 0, lda, ldb, ldc, a, b, c},
                        {tile_rows, lanes, vectors, run}, rows, columns, depth, panels);
}

BIBUN_PRODUCT(bibun_product_f64, double) {
  bibun::product<double>({m, n, k, turned_a != 0, turned_b != 0, lda, ldb, ldc, a, b, c},
                         {tile_rows, lanes, vectors, run}, rows, columns, depth, panels);
}
