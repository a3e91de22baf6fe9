// A row of references that we own, without memory of its own as long as it is short.
#ifndef BIBUN_RUNTIME_HELD_HPP
#define BIBUN_RUNTIME_HELD_HPP

#include <algorithm>
#include <cstddef>
#include <vector>

#include "python.hpp"

namespace bibun {

class Held {
 public:
  explicit Held(std::size_t size) : size_(size), data_(few_) {
    if (size > kFew) {
      many_.resize(size);
      data_ = many_.data();
    }
    std::fill_n(data_, size, nullptr);
  }
  ~Held() {
    for (std::size_t k = 0; k < size_; ++k) Py_XDECREF(data_[k]);
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  PyObject* const* data() const { return data_; }

  // Each place is filled once.
  void take(std::size_t k, Reference x) { data_[k] = x.release(); }
  void share(std::size_t k, PyObject* x) {
    Py_INCREF(x);
    data_[k] = x;
  }

 private:
  static constexpr std::size_t kFew = 24;

  std::size_t size_;
  PyObject** data_;
  PyObject* few_[kFew];
  std::vector<PyObject*> many_;
};

}  // namespace bibun

#endif
