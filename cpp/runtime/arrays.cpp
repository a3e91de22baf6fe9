// Arrays on their way in and out.
#include "arrays.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>

namespace bibun {
namespace {

void* take(void*, std::size_t bytes) { return blocks().take(bytes); }

void* take_zeros(void*, std::size_t count, std::size_t size) {
  if (size != 0 && count > PY_SSIZE_T_MAX / size) return nullptr;
  void* data = blocks().take(count * size);
  return data == nullptr ? nullptr : std::memset(data, 0, count * size);
}

void give(void*, void* data, std::size_t) {
  if (data != nullptr) blocks().give(data);
}

void* take_again(void*, void* data, std::size_t bytes) {
  void* other = blocks().take(bytes);
  if (other == nullptr || data == nullptr) return other;
  std::memcpy(other, data, std::min(bytes, Blocks::room(data)));
  blocks().give(data);
  return other;
}

PyDataMem_Handler handler = {"bibun", 1, {nullptr, take, take_zeros, take_again, give}};
PyObject* handler_capsule = nullptr;
std::size_t more_bytes = 0;  // of an array in a NumPy that is younger than its header here

// Whether any of these floats has an exponent of ones only, which inf and nan have: one more than
// that carries into the sign, and no other exponent does.
template <class Bits, int digits>
bool special(const void* data, std::size_t count, std::size_t step) {
  constexpr Bits sign = Bits{1} << (8 * sizeof(Bits) - 1);
  constexpr Bits one = Bits{1} << (digits - 1);
  constexpr Bits exponent = sign - one;
  const Bits* x = static_cast<const Bits*>(data);
  if (count == 1) return (((*x & exponent) + one) & sign) != 0;
  Bits found = 0;
  if (step == 1) {
    for (std::size_t k = 0; k < count; ++k) found |= (x[k] & exponent) + one;
  } else {
    for (std::size_t k = 0; k < count; k += step) found |= (x[k] & exponent) + one;
  }
  return (found & sign) != 0;
}

// A new scalar of NumPy's with this number.
template <class Scalar, class Number>
Reference scalar_of(PyTypeObject* type, Number x) {
  Scalar* made = PyObject_New(Scalar, type);
  if (made == nullptr) throw PythonError{};
  made->obval = x;
  return Reference::taken(reinterpret_cast<PyObject*>(made));
}

}  // namespace

bool prepare_arrays() {
  if (PyType_IS_GC(&PyArray_Type) || PyType_IS_GC(&PyDoubleArrType_Type)) {
    PyErr_SetString(PyExc_ImportError, "NumPy makes its arrays in another way");
    return false;
  }
  more_bytes = static_cast<std::size_t>(PyArray_Type.tp_basicsize) - sizeof(PyArrayObject_fields);
  handler_capsule = PyCapsule_New(&handler, "mem_handler", nullptr);
  return handler_capsule != nullptr;
}

// Of floats all up to 1024 are looked at, which takes less than a tenth of a microsecond, and of
// more only every few: what diverges does so in many places.
Type::Type(PyObject* pair) {
  constexpr std::size_t kAll = 1024;
  constexpr std::size_t kSome = 256;
  PyObject* dtype = nullptr;
  PyObject* shape = nullptr;
  if (!PyArg_ParseTuple(pair, "O!O!", &PyArrayDescr_Type, &dtype, &PyTuple_Type, &shape)) {
    throw PythonError{};
  }
  dtype_ = Reference::shared(dtype);
  axes_ = static_cast<int>(PyTuple_GET_SIZE(shape));
  std::size_t count = 1;
  for (Py_ssize_t k = 0; k < axes_; ++k) {
    const npy_intp n = PyLong_AsSsize_t(PyTuple_GET_ITEM(shape, k));
    if (n == -1 && PyErr_Occurred()) throw PythonError{};
    layout_.push_back(n);
    count *= static_cast<std::size_t>(n);
  }
  const auto each = static_cast<std::size_t>(PyDataType_ELSIZE(descr()));
  bytes_ = count * each;
  size_ = Blocks::size(bytes_);
  const int number = descr()->type_num;
  const bool halved = number == NPY_CDOUBLE || number == NPY_CFLOAT;
  if (number == NPY_DOUBLE || number == NPY_FLOAT || halved) {
    looked_at_ = halved ? 2 * count : count;
    step_ = looked_at_ <= kAll ? 1 : looked_at_ / kSome;
  }
  take_example();
}

// Strides and flags as NumPy itself would have them, with all their exceptions for length 0 and 1.
void Type::take_example() {
  Py_INCREF(descr());
  alignas(64) char nothing[64];
  const Reference example =
      Reference::taken(PyArray_NewFromDescr(&PyArray_Type, descr(), axes_, layout_.data(), nullptr,
                                            nothing, NPY_ARRAY_CARRAY, nullptr));
  auto* array = reinterpret_cast<PyArrayObject*>(example.get());
  layout_.insert(layout_.end(), PyArray_STRIDES(array), PyArray_STRIDES(array) + axes_);
  flags_ = PyArray_FLAGS(array) | NPY_ARRAY_OWNDATA;
}

bool Type::equals(const PyArray_Descr* other) const {
  return other->kind == descr()->kind && PyDataType_ELSIZE(other) == PyDataType_ELSIZE(descr()) &&
         PyArray_ISNBO(other->byteorder);
}

// The number in a scalar of NumPy's stands right behind its head, as it does in float's.
void* Type::number_in(PyObject* x) const {
  static_assert(offsetof(PyDoubleScalarObject, obval) == sizeof(PyObject));
  static_assert(offsetof(PyBoolScalarObject, obval) == sizeof(PyObject));
  static_assert(offsetof(PyLongDoubleScalarObject, obval) == sizeof(PyObject));
  return PyTypeNum_ISNUMBER(descr()->type_num) || PyTypeNum_ISBOOL(descr()->type_num) ? x + 1
                                                                                      : nullptr;
}

bool Type::any_special(const void* data) const {
  if (descr()->type_num == NPY_DOUBLE || descr()->type_num == NPY_CDOUBLE) {
    return special<std::uint64_t, std::numeric_limits<double>::digits>(data, looked_at_, step_);
  }
  return special<std::uint32_t, std::numeric_limits<float>::digits>(data, looked_at_, step_);
}

Reference Type::ordered(PyObject* x) const {
  Py_INCREF(descr());
  return Reference::taken(
      PyArray_FromAny(x, descr(), 0, 0, kInOrder | NPY_ARRAY_ENSUREARRAY, nullptr));
}

// What PyArray_NewFromDescr does for memory that is given, without its many questions.
Reference Type::array(void* data) const {
  npy_intp* layout = PyDimMem_NEW(std::max<std::size_t>(layout_.size(), 2));
  auto* fields = layout == nullptr ? nullptr : PyObject_New(PyArrayObject_fields, &PyArray_Type);
  if (fields == nullptr) {
    PyDimMem_FREE(layout);
    blocks().give(data);
    throw std::bad_alloc();
  }
  if (more_bytes != 0) std::memset(fields + 1, 0, more_bytes);
  fields->data = static_cast<char*>(data);
  fields->nd = axes_;
  fields->dimensions = layout;
  fields->strides = layout + axes_;
  fields->base = nullptr;
  std::copy(layout_.begin(), layout_.end(), layout);
  Py_INCREF(descr());
  fields->descr = descr();
  fields->flags = flags_;
  fields->weakreflist = nullptr;
  fields->_buffer_info = nullptr;
  Py_INCREF(handler_capsule);
  fields->mem_handler = handler_capsule;
  return Reference::taken(reinterpret_cast<PyObject*>(fields));
}

bool Type::renewable() const {
  const int number = descr()->type_num;
  return !scalar() || number == NPY_DOUBLE || number == NPY_FLOAT;
}

// Whether shape and strides, which users may set, are those that array() gave.
bool Type::untouched(const PyArrayObject_fields* fields) const {
  for (int k = 0; k < axes_; ++k) {
    if (fields->dimensions[k] != layout_[k]) return false;
    if (fields->strides[k] != layout_[axes_ + k]) return false;
  }
  if (more_bytes == 0) return true;
  const auto* more = reinterpret_cast<const char*>(fields + 1);
  return std::all_of(more, more + more_bytes, [](char byte) { return byte == 0; });
}

void Type::renew(PyObject* number, const void* data) const {
  if (descr()->type_num == NPY_DOUBLE) {
    reinterpret_cast<PyDoubleScalarObject*>(number)->obval = *static_cast<const double*>(data);
  } else {
    reinterpret_cast<PyFloatScalarObject*>(number)->obval = *static_cast<const float*>(data);
  }
}

Reference Type::number(void* data) const {
  switch (descr()->type_num) {
    case NPY_DOUBLE:
      return scalar_of<PyDoubleScalarObject>(&PyDoubleArrType_Type, *static_cast<double*>(data));
    case NPY_FLOAT:
      return scalar_of<PyFloatScalarObject>(&PyFloatArrType_Type, *static_cast<float*>(data));
    default:
      return Reference::taken(PyArray_Scalar(data, descr(), nullptr));
  }
}

}  // namespace bibun
