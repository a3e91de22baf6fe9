// Arrays on their way in and out.
#include "arrays.hpp"

#include <algorithm>
#include <cstdint>
#include <cstring>

#include "blocks.hpp"

namespace bibun {
namespace {

constexpr int kInOrder = NPY_ARRAY_C_CONTIGUOUS | NPY_ARRAY_ALIGNED;

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

// Whether any of these floats has an exponent of ones only, which inf and nan have.
template <class Bits>
bool any_special(const Bits* x, std::size_t count, std::size_t step, Bits exponent) {
  unsigned found = 0;
  if (step == 1) {
    for (std::size_t k = 0; k < count; ++k) found |= (x[k] & exponent) == exponent;
  } else {
    for (std::size_t k = 0; k < count; k += step) found |= (x[k] & exponent) == exponent;
  }
  return found != 0;
}

}  // namespace

bool prepare_arrays() {
  handler_capsule = PyCapsule_New(&handler, "mem_handler", nullptr);
  return handler_capsule != nullptr;
}

Type::Type(PyObject* pair) {
  PyObject* dtype = nullptr;
  PyObject* shape = nullptr;
  if (!PyArg_ParseTuple(pair, "O!O!", &PyArrayDescr_Type, &dtype, &PyTuple_Type, &shape)) {
    throw PythonError{};
  }
  dtype_ = Reference::shared(dtype);
  kind_ = descr()->kind;
  size_ = PyDataType_ELSIZE(descr());
  bytes_ = static_cast<std::size_t>(size_);
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(shape); ++k) {
    const npy_intp n = PyLong_AsSsize_t(PyTuple_GET_ITEM(shape, k));
    if (n == -1 && PyErr_Occurred()) throw PythonError{};
    shape_.push_back(n);
    bytes_ *= static_cast<std::size_t>(n);
  }
  take_example();
}

// Strides and flags as NumPy itself would have them, with all their exceptions for length 0 and 1.
void Type::take_example() {
  Py_INCREF(descr());
  alignas(64) char nothing[64];
  const Reference example = Reference::taken(PyArray_NewFromDescr(
      &PyArray_Type, descr(), static_cast<int>(shape_.size()), shape_.data(), nullptr, nothing,
      NPY_ARRAY_CARRAY, nullptr));
  auto* array = reinterpret_cast<PyArrayObject*>(example.get());
  strides_.assign(PyArray_STRIDES(array), PyArray_STRIDES(array) + shape_.size());
  flags_ = PyArray_FLAGS(array) | NPY_ARRAY_OWNDATA;
}

bool Type::fits(PyObject* x) const {
  if (!PyArray_CheckExact(x)) return scalar() && Py_TYPE(x) == descr()->typeobj;
  auto* array = reinterpret_cast<PyArrayObject*>(x);
  const PyArray_Descr* other = PyArray_DESCR(array);
  if (other != descr() && (other->kind != kind_ || PyDataType_ELSIZE(other) != size_ ||
                           !PyArray_ISNBO(other->byteorder))) {
    return false;
  }
  const auto axes = static_cast<std::size_t>(PyArray_NDIM(array));
  return axes == shape_.size() && std::equal(shape_.begin(), shape_.end(), PyArray_DIMS(array));
}

bool Type::lies_in_order(PyObject* x) const {
  return PyArray_CheckExact(x) &&
         (PyArray_FLAGS(reinterpret_cast<PyArrayObject*>(x)) & kInOrder) == kInOrder;
}

// All of up to 1024 numbers, which takes less than a tenth of a microsecond, and of more only every
// few: what diverges does so in many places.
bool Type::finite(const void* data) const {
  constexpr std::size_t kAll = 1024;
  constexpr std::size_t kSome = 256;
  if (kind_ != 'f') return true;
  const std::size_t count = bytes_ / static_cast<std::size_t>(size_);
  const std::size_t step = count <= kAll ? 1 : count / kSome;
  if (size_ == 8) {
    return !any_special(static_cast<const std::uint64_t*>(data), count, step,
                        std::uint64_t{0x7ff} << 52);
  }
  return size_ != 4 || !any_special(static_cast<const std::uint32_t*>(data), count, step,
                                    std::uint32_t{0xff} << 23);
}

Reference Type::ordered(PyObject* x) const {
  Py_INCREF(descr());
  return Reference::taken(
      PyArray_FromAny(x, descr(), 0, 0, kInOrder | NPY_ARRAY_ENSUREARRAY, nullptr));
}

// What PyArray_NewFromDescr does for memory that is given, without its many questions.
Reference Type::array(void* data) const {
  npy_intp* axes = PyDimMem_NEW(std::max<std::size_t>(2 * shape_.size(), 2));
  PyObject* made = axes == nullptr ? PyErr_NoMemory() : PyArray_Type.tp_alloc(&PyArray_Type, 0);
  if (made == nullptr) {
    PyDimMem_FREE(axes);
    blocks().give(data);
    throw PythonError{};
  }
  auto* fields = reinterpret_cast<PyArrayObject_fields*>(made);
  fields->data = static_cast<char*>(data);
  fields->nd = static_cast<int>(shape_.size());
  fields->dimensions = axes;
  fields->strides = std::copy(shape_.begin(), shape_.end(), axes);
  std::copy(strides_.begin(), strides_.end(), fields->strides);
  Py_INCREF(descr());
  fields->descr = descr();
  fields->flags = flags_;
  Py_INCREF(handler_capsule);
  fields->mem_handler = handler_capsule;
  return Reference::taken(made);
}

Reference Type::number(void* data) const {
  if (descr()->type_num == NPY_DOUBLE) {
    Reference made = Reference::taken(PyArrayScalar_New(Double));
    PyArrayScalar_ASSIGN(made.get(), Double, *static_cast<double*>(data));
    return made;
  }
  return Reference::taken(PyArray_Scalar(data, descr(), nullptr));
}

}  // namespace bibun
