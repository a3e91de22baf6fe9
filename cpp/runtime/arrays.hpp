// Arrays on their way in and out: what a kernel takes is checked, what it gives owns its memory.
#ifndef BIBUN_RUNTIME_ARRAYS_HPP
#define BIBUN_RUNTIME_ARRAYS_HPP

#include <cstddef>
#include <vector>

#include "blocks.hpp"
#include "python.hpp"

namespace bibun {

// Dtype and shape of an array that a kernel reads or writes, in C order.
class Type {
 public:
  // From a pair (dtype, shape).
  explicit Type(PyObject* pair);

  std::size_t bytes() const { return bytes_; }
  bool scalar() const { return axes_ == 0; }

  // Whether x is a plain array of this type, in whatever order, or a scalar of NumPy's.
  bool fits(PyObject* x) const {
    if (!PyArray_CheckExact(x)) return scalar() && Py_TYPE(x) == descr()->typeobj;
    auto* array = reinterpret_cast<PyArrayObject*>(x);
    if (PyArray_NDIM(array) != axes_) return false;
    if (PyArray_DESCR(array) != descr() && !equals(PyArray_DESCR(array))) return false;
    const npy_intp* shape = PyArray_DIMS(array);
    for (int k = 0; k < axes_; ++k) {
      if (shape[k] != layout_[k]) return false;
    }
    return true;
  }

  // Where the elements of x, which fits, lie in C order; nullptr if they lie in another.
  void* data(PyObject* x) const {
    if (!PyArray_CheckExact(x)) return number_in(x);
    auto* array = reinterpret_cast<PyArrayObject*>(x);
    return (PyArray_FLAGS(array) & kInOrder) == kInOrder ? PyArray_DATA(array) : nullptr;
  }

  // An array with the elements of x, which fits, in C order.
  Reference ordered(PyObject* x) const;

  // Memory for such an array; nullptr if there is none.
  void* memory() const { return blocks().take(size_); }

  // A new array around memory of blocks(), which it gives back when it dies.
  Reference array(void* data) const;

  // NumPy's scalar of what stands at `data`.
  Reference number(void* data) const;

  // Whether a result can be written again: all arrays, and numbers that number() makes itself. Of
  // True and False there is only one each.
  bool renewable() const;

  // Whether nobody but who asks has x, which array() made around these data, or number(), and x is
  // as it was then.
  bool unseen(PyObject* x, const void* data) const {
    if (Py_REFCNT(x) != 1) return false;
    if (scalar()) return true;
    const auto* fields = reinterpret_cast<PyArrayObject_fields*>(x);
    return fields->data == data && fields->flags == flags_ && fields->nd == axes_ &&
           fields->descr == descr() && fields->weakreflist == nullptr && untouched(fields);
  }

  // Another number for such a one.
  void renew(PyObject* number, const void* data) const;

  // Whether the numbers at `data` are finite, as far as they are looked at; others than floats are.
  bool finite(const void* data) const { return looked_at_ == 0 || !any_special(data); }

  int visit(visitproc visit, void* arg) const { return dtype_.visit(visit, arg); }

 private:
  static constexpr int kInOrder = NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED;

  void take_example();
  bool any_special(const void* data) const;
  bool equals(const PyArray_Descr* other) const;
  bool untouched(const PyArrayObject_fields* fields) const;
  void* number_in(PyObject* x) const;

  PyArray_Descr* descr() const { return reinterpret_cast<PyArray_Descr*>(dtype_.get()); }

  Reference dtype_;
  int axes_;
  int flags_ = 0;                 // of an array that owns such memory
  std::vector<npy_intp> layout_;  // the shape, and behind it the strides, in C order
  std::size_t bytes_;
  Blocks::Size size_;             // of its memory
  std::size_t looked_at_ = 0;     // so many numbers are tried whether they are finite,
  std::size_t step_ = 1;          // and of these one in so many
};

// Lets NumPy give memory back to blocks(); false with Python's error set.
bool prepare_arrays();

}  // namespace bibun

#endif
