// References that a call owns, without memory of their own as long as they are few.
#ifndef BIBUN_RUNTIME_HELD_HPP
#define BIBUN_RUNTIME_HELD_HPP

#include <cstddef>
#include <memory>
#include <utility>
#include <vector>

#include "python.hpp"

namespace bibun {

class Held {
 public:
  Held() = default;
  ~Held() {
    for (std::size_t k = 0; k < count_; ++k) Py_DECREF(few_[k]);
  }
  Held(const Held&) = delete;
  Held& operator=(const Held&) = delete;

  void take(Reference x) {
    if (count_ < kFew) {
      few_[count_++] = x.release();
    } else {
      if (!more_) more_.reset(new std::vector<Reference>);
      more_->push_back(std::move(x));
    }
  }

 private:
  static constexpr std::size_t kFew = 24;

  std::size_t count_ = 0;
  PyObject* few_[kFew];
  std::unique_ptr<std::vector<Reference>> more_;
};

}  // namespace bibun

#endif
