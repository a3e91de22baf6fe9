// Products of matrices by tiles: blocks that stay in the caches, and what threads share.
//
// Each element of the result is a sum over blocks of k, in order, and each of these a sum over k,
// in order. So its bits depend neither on the tiles nor on the threads.
#include "products.hpp"

#include <algorithm>

#include "workers.hpp"

namespace bibun {
namespace {

using Size = std::int64_t;

constexpr Size kDepth = 256;              // of a block of k, at most
constexpr Size kPanel = 32 << 10;         // bytes of what is packed: it stays in the first cache
constexpr Size kNear = 256 << 10;         // bytes of the rows of a that stay in the second one
constexpr Size kTooFar = 1 << 20;         // bytes that a panel may be spread over
constexpr Size kFew = 32;                 // rows for which packing a panel does not pay
constexpr Size kLong = 2 << 20;           // bytes of which little is left in the second cache
constexpr Size kLine = 64;                // bytes that are fetched at once
constexpr Size kBlock = 8;                // rows and columns that are transposed at once
constexpr Size kMostElements = 1024;      // of a tile
constexpr Size kWork = 1 << 20;           // multiplications that are worth another thread

template <class T>
struct Tiled {
  Size m, n, k;
  bool turned_a, turned_b;
  Size lda, ldb, ldc;
  Size rows, vectors, lanes;
  const T* a;
  const T* b;
  T* c;
  Tile<T> tile[2][2];  // lower and higher ones; whole ones and the last of a row
  Turn<T> turn;

  Size width() const { return vectors * lanes; }
  Size panels() const { return (n + width() - 1) / width(); }

  // The rows are cut into tiles of which the first have one row more than the others. Divisions
  // take as long as a short tile.
  Size tiles = (m + rows - 1) / rows;
  Size low = m / tiles;
  Size higher = m % tiles;
  Size start(Size number) const { return number * low + std::min(number, higher); }

  // k is cut into equal blocks, as far as that goes.
  Size depth() const {
    const Size most = std::min(kDepth, kPanel / static_cast<Size>(sizeof(T)) / width());
    const Size blocks = (k + most - 1) / most;
    return (k + blocks - 1) / blocks;
  }

  // How many tiles one below the other read rows of a that stay near, while panels pass.
  Size group() const {
    return std::max<Size>(1, kNear / static_cast<Size>(sizeof(T)) / depth() / rows);
  }
};

// Some columns of some rows of b, in which the columns of a panel lie side by side.
template <class T>
class Panel {
 public:
  Panel(const Tiled<T>& p, Size column) : p_(p), column_(column) {
    columns_ = std::min(p.width(), p.n - column);
    width_ = (columns_ + p.lanes - 1) / p.lanes * p.lanes;
  }

  Size columns() const { return columns_; }
  Size width() const { return width_; }
  bool whole() const { return columns_ == width_; }
  const T* data() const { return data_; }
  Size row() const { return row_; }

  // Rows from k on, for so many rows of a: where they lie, or packed.
  void find(Size k, Size depth, Size users) {
    const Size spread = depth * p_.ldb * static_cast<Size>(sizeof(T));
    if (!p_.turned_b && whole() && (users <= kFew || spread <= kTooFar)) {
      data_ = p_.b + k * p_.ldb + column_;
      row_ = p_.ldb;
      return;
    }
    data_ = packed_;
    row_ = width_;
    if (p_.turned_b) {
      turned(p_.b + column_ * p_.ldb + k, depth);
    } else {
      copied(p_.b + k * p_.ldb + column_, depth);
    }
  }

 private:
  void copied(const T* from, Size depth) {
    for (Size k = 0; k < depth; ++k) {
      // No call of memmove for some numbers.
      for (Size j = 0; j < columns_; ++j) packed_[k * width_ + j] = from[k * p_.ldb + j];
      for (Size j = columns_; j < width_; ++j) packed_[k * width_ + j] = T{0};
    }
  }

  void turned(const T* from, Size depth) {
    const Size blocks = depth / kBlock;
    for (Size j = 0; j < columns_; j += kBlock) {
      const Size here = std::min(kBlock, columns_ - j);
      const bool all = here == kBlock && blocks > 0;
      if (all) p_.turn(blocks, from + j * p_.ldb, p_.ldb, packed_ + j, width_);
      for (Size k = all ? blocks * kBlock : 0; k < depth; ++k) {
        for (Size i = 0; i < here; ++i) packed_[k * width_ + j + i] = from[(j + i) * p_.ldb + k];
      }
    }
    for (Size k = 0; k < depth && !whole(); ++k) {
      std::fill(packed_ + k * width_ + columns_, packed_ + (k + 1) * width_, T{0});
    }
  }

  const Tiled<T>& p_;
  Size column_, columns_, width_;
  const T* data_ = nullptr;
  Size row_ = 0;
  alignas(64) T packed_[kPanel / sizeof(T)];
};

// One tile: its rows of a times a panel.
template <class T>
void run(const Tiled<T>& p, Size number, const Panel<T>& panel, Size column, Size k, Size depth) {
  const Size row = p.start(number);
  const Size rows = p.start(number + 1) - row;
  const auto tile = p.tile[rows > p.low][panel.columns() < p.width()];
  const T* a = p.turned_a ? p.a + k * p.lda + row : p.a + row * p.lda + k;
  const Size row_a = p.turned_a ? 1 : p.lda;
  const Size step_a = p.turned_a ? p.lda : 1;
  T* c = p.c + row * p.ldc + column;
  if (panel.whole()) {
    tile(depth, a, row_a, step_a, panel.data(), panel.row(), c, p.ldc, k > 0);
    return;
  }
  alignas(64) T all[kMostElements];
  tile(depth, a, row_a, step_a, panel.data(), panel.row(), all, panel.width(), 0);
  for (Size i = 0; i < rows; ++i) {
    for (Size j = 0; j < panel.columns(); ++j) {
      const T x = all[i * panel.width() + j];
      T& y = c[i * p.ldc + j];
      y = k > 0 ? y + x : x;
    }
  }
}

// What is read of b after a panel: a part of each of some rows, which the processor does not
// foresee. It is fetched if all of b is too long for the second cache.
template <class T>
class Next {
 public:
  Next(const Tiled<T>& p, Size k, Size depth, Size column) : row_(p.ldb) {
    if (k >= p.k || p.k * p.n * static_cast<Size>(sizeof(T)) <= kLong) return;
    rows_ = std::min(depth, p.k - k);
    length_ = std::min(p.width(), p.n - column);
    from_ = p.b + (p.turned_b ? column * p.ldb + k : k * p.ldb + column);
    if (p.turned_b) std::swap(rows_, length_);
  }

  // Fetches one of several equal parts, before something else is computed.
  void fetch(Size part, Size parts) const {
    if (rows_ == 0) return;
    for (Size i = rows_ * part / parts; i < rows_ * (part + 1) / parts; ++i) {
      const T* row = from_ + i * row_;
      for (Size j = 0; j < length_; j += kLine / static_cast<Size>(sizeof(T))) {
        __builtin_prefetch(row + j, 0, 2);
      }
    }
  }

 private:
  const T* from_ = nullptr;
  Size rows_ = 0, length_ = 0, row_;
};

// Some tiles of each of some panels.
template <class T>
void run(const Tiled<T>& p, Size first_panel, Size last_panel, Size first, Size last) {
  const Size depth = p.depth();
  const Size group = p.group();
  for (Size k = 0; k < p.k; k += depth) {
    const Size here = std::min(depth, p.k - k);
    for (Size tiles = first; tiles < last; tiles += group) {
      const Size stop = std::min(last, tiles + group);
      for (Size number = first_panel; number < last_panel; ++number) {
        const Size column = number * p.width();
        Panel<T> panel(p, column);
        panel.find(k, here, p.start(stop) - p.start(tiles));
        const bool last = number + 1 == last_panel;
        const Next<T> next(p, last ? k + depth : k, depth,
                           (last ? first_panel : number + 1) * p.width());
        for (Size t = tiles; t < stop; ++t) {
          next.fetch(t - tiles, stop - tiles);
          run(p, t, panel, column, k, here);
        }
      }
    }
  }
}

template <class T>
void panels(void* context, Size start, Size stop) {
  const auto& p = *static_cast<const Tiled<T>*>(context);
  run(p, start, stop, 0, p.tiles);
}

template <class T>
void rows(void* context, Size start, Size stop) {
  const auto& p = *static_cast<const Tiled<T>*>(context);
  run(p, 0, p.panels(), start, stop);
}

template <class T>
void product(Tiled<T>& p) {
  const bool wide = p.panels() >= p.tiles || p.panels() >= 4 * threads();
  const Size all = wide ? p.panels() : p.tiles;
  const Size work = std::max<Size>(1, p.m * p.n / all * p.k);  // of one of them
  bibun_parallel(wide ? panels<T> : rows<T>, &p, all, kWork / work + 1);
}

}  // namespace
}  // namespace bibun

#define BIBUN_PRODUCT_BODY(T)                                                                        \
  bibun::Tiled<T> p{m,    n,       k,     turned_a != 0, turned_b != 0,                            \
                    lda,  ldb,     ldc,   rows,          vectors,                                  \
                    lanes, a,      b,     c,             {{lower, lower_last},                     \
                                                          {higher, higher_last}},                  \
                    turn};                                                                         \
  bibun::product(p)

BIBUN_PRODUCT(bibun_product_f32, float) { BIBUN_PRODUCT_BODY(float); }

BIBUN_PRODUCT(bibun_product_f64, double) { BIBUN_PRODUCT_BODY(double); }
