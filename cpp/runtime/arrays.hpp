// Arrays on their way in and out: what a kernel takes is checked, what it gives owns its memory.
#ifndef BIBUN_RUNTIME_ARRAYS_HPP
#define BIBUN_RUNTIME_ARRAYS_HPP

#include <cstddef>
#include <vector>

#include "python.hpp"

namespace bibun {

// Dtype and shape of an array that a kernel reads or writes, in C order.
class Type {
 public:
  // From a pair (dtype, shape).
  explicit Type(PyObject* pair);

  std::size_t bytes() const { return bytes_; }
  bool scalar() const { return shape_.empty(); }

  // Whether x is a plain array of this type, in whatever order, or a scalar of NumPy's.
  bool fits(PyObject* x) const;

  // Whether x, which fits, can be read where it lies.
  bool lies_in_order(PyObject* x) const;

  // An array with the elements of x, which fits, in C order.
  Reference ordered(PyObject* x) const;

  // A new array around memory of blocks(), which it gives back when it dies.
  Reference array(void* data) const;

  // NumPy's scalar of what stands at `data`.
  Reference number(void* data) const;

  // Whether the numbers at `data` are finite, as far as they are looked at; others than floats are.
  bool finite(const void* data) const;

  int visit(visitproc visit, void* arg) const { return dtype_.visit(visit, arg); }

 private:
  void take_example();

  PyArray_Descr* descr() const { return reinterpret_cast<PyArray_Descr*>(dtype_.get()); }

  Reference dtype_;
  char kind_;
  npy_intp size_;
  std::vector<npy_intp> shape_;
  std::vector<npy_intp> strides_;  // in C order
  int flags_ = 0;                  // of an array that owns such memory
  std::size_t bytes_;
};

// Lets NumPy give memory back to blocks(); false with Python's error set.
bool prepare_arrays();

}  // namespace bibun

#endif
