// Products of matrices: large ones are cut into parts that the threads of our own pool share.
#include "products.hpp"

#include <algorithm>
#include <mutex>

#include "workers.hpp"

namespace bibun {
namespace {

constexpr std::int64_t kPart = 4'000'000;  // multiplications of a part, about
constexpr std::int64_t kMostParts = 32;
constexpr std::int64_t kStep = 48;  // parts begin at multiples of it: those of BLAS's own blocks

Blas blas;
std::mutex mutex;
int running = 0;  // products that run now
int before = 0;   // threads that BLAS had before them

// While a product runs, BLAS has one thread: two pools that spin would wait for each other.
class Alone {
 public:
  Alone() {
    if (!blas.set_threads) return;
    const std::lock_guard<std::mutex> held(mutex);
    if (running++ == 0) {
      before = reinterpret_cast<int (*)()>(blas.get_threads)();
      if (before != 1) set(1);
    }
  }
  ~Alone() {
    if (!blas.set_threads) return;
    const std::lock_guard<std::mutex> held(mutex);
    if (--running == 0 && before != 1) set(before);
  }
  Alone(const Alone&) = delete;
  Alone& operator=(const Alone&) = delete;

 private:
  static void set(int n) { reinterpret_cast<void (*)(int)>(blas.set_threads)(n); }
};

template <class T>
struct Product {
  std::int64_t m, n, k;
  bool turned_a, turned_b;
  std::int64_t lda, ldb, ldc;
  const T* a;
  const T* b;
  T* c;
};

// In Fortran's eyes rows are columns, so that c' = b' a'.
template <class T, class I>
void fortran(const Product<T>& p) {
  const T one = 1, zero = 0;
  const I m = static_cast<I>(p.m), n = static_cast<I>(p.n), k = static_cast<I>(p.k);
  const I lda = static_cast<I>(p.lda), ldb = static_cast<I>(p.ldb), ldc = static_cast<I>(p.ldc);
  const I single = 1;
  constexpr int kind = sizeof(T) == 4 ? 0 : 1;
  if (p.n == 1 || p.m == 1) {
    using Gemv = void (*)(const char*, const I*, const I*, const T*, const T*, const I*, const T*,
                          const I*, const T*, T*, const I*);
    const auto gemv = reinterpret_cast<Gemv>(blas.gemv[kind]);
    if (p.n == 1) {
      const I step = p.turned_b ? single : ldb;
      gemv(p.turned_a ? "N" : "T", p.turned_a ? &m : &k, p.turned_a ? &k : &m, &one, p.a, &lda,
           p.b, &step, &zero, p.c, &ldc);
    } else {
      const I step = p.turned_a ? lda : single;
      gemv(p.turned_b ? "T" : "N", p.turned_b ? &k : &n, p.turned_b ? &n : &k, &one, p.b, &ldb,
           p.a, &step, &zero, p.c, &single);
    }
    return;
  }
  using Gemm = void (*)(const char*, const char*, const I*, const I*, const I*, const T*, const T*,
                        const I*, const T*, const I*, const T*, T*, const I*);
  reinterpret_cast<Gemm>(blas.gemm[kind])(p.turned_b ? "T" : "N", p.turned_a ? "T" : "N", &n, &m,
                                          &k, &one, p.b, &ldb, p.a, &lda, &zero, p.c, &ldc);
}

template <class T>
void multiply(const Product<T>& p) {
  if (p.m == 0 || p.n == 0) return;
  if (p.k == 0) {
    for (std::int64_t i = 0; i < p.m; ++i) std::fill_n(p.c + i * p.ldc, p.n, T{0});
  } else if (blas.wide) {
    fortran<T, std::int64_t>(p);
  } else {
    fortran<T, int>(p);
  }
}

// Parts of the rows or of the columns of a product.
template <class T>
struct Parts {
  Product<T> whole;
  bool rows;
  std::int64_t size;  // of a part

  Product<T> part(std::int64_t number) const {
    Product<T> p = whole;
    const std::int64_t start = number * size;
    if (rows) {
      p.m = std::min(size, whole.m - start);
      p.a += start * (p.turned_a ? 1 : p.lda);
      p.c += start * p.ldc;
    } else {
      p.n = std::min(size, whole.n - start);
      p.b += start * (p.turned_b ? p.ldb : 1);
      p.c += start;
    }
    return p;
  }

  static void run(void* context, std::int64_t start, std::int64_t stop) {
    const auto& parts = *static_cast<const Parts*>(context);
    for (std::int64_t number = start; number < stop; ++number) multiply(parts.part(number));
  }
};

// The parts depend on the extents alone, so that results have the same bits for any threads.
template <class T>
void product(const Product<T>& p) {
  const Alone alone;
  const bool rows = p.m >= p.n;
  const std::int64_t length = rows ? p.m : p.n;
  const double work = static_cast<double>(p.m) * static_cast<double>(p.n) *
                      static_cast<double>(std::max<std::int64_t>(p.k, 1));
  const double wanted = std::min(work / static_cast<double>(kPart),
                                 static_cast<double>(std::min(kMostParts, length / kStep)));
  const auto count = std::max<std::int64_t>(1, static_cast<std::int64_t>(wanted));
  if (count == 1 || !blas.set_threads) {
    multiply(p);
    return;
  }
  const std::int64_t size = ((length + count - 1) / count + kStep - 1) / kStep * kStep;
  Parts<T> parts{p, rows, size};
  bibun_parallel(Parts<T>::run, &parts, (length + size - 1) / size, 1);
}

}  // namespace

void use_blas(const Blas& found) { blas = found; }

}  // namespace bibun

BIBUN_PRODUCT(bibun_product_f32, float) {
  bibun::product(
      bibun::Product<float>{m, n, k, turned_a != 0, turned_b != 0, lda, ldb, ldc, a, b, c});
}

BIBUN_PRODUCT(bibun_product_f64, double) {
  bibun::product(
      bibun::Product<double>{m, n, k, turned_a != 0, turned_b != 0, lda, ldb, ldc, a, b, c});
}
