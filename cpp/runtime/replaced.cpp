// Arguments that results replace.
#include "replaced.hpp"

#include <algorithm>

#include "kernel.hpp"

namespace bibun {
namespace {

struct Range {
  const char* start;
  const char* end;
  bool written;
};

// Whether any range that is written meets another one.
bool meet(std::vector<Range>& ranges) {
  std::sort(ranges.begin(), ranges.end(),
            [](const Range& a, const Range& b) { return a.start < b.start; });
  const char* reach = nullptr;          // of all so far
  const char* reach_written = nullptr;  // of those that are written
  for (const Range& r : ranges) {
    if (r.start < (r.written ? reach : reach_written)) return true;
    reach = std::max(reach, r.end);
    if (r.written) reach_written = std::max(reach_written, r.end);
  }
  return false;
}

}  // namespace

Replaced::Replaced(const Kernel& kernel, PyObject* pairs, PyObject* overwrites)
    : arguments_(kernel.outputs.size(), kNone),
      overwrites_(kernel.outputs.size()),
      written_(kernel.inputs.size()) {
  const Reference all = Reference::taken(PySequence_Tuple(pairs));
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(all.get()); ++k) {
    const Reference pair = Reference::taken(PySequence_Tuple(PyTuple_GET_ITEM(all.get(), k)));
    Py_ssize_t result = 0;
    Py_ssize_t argument = 0;
    if (!PyArg_ParseTuple(pair.get(), "nn", &result, &argument)) throw PythonError{};
    arguments_.at(static_cast<std::size_t>(result)) = static_cast<std::size_t>(argument);
    written_.at(static_cast<std::size_t>(argument)) = any_ = true;
  }
  const Reference own = Reference::taken(PySequence_Tuple(overwrites));
  for (Py_ssize_t k = 0; k < PyTuple_GET_SIZE(own.get()); ++k) {
    const std::size_t result = PyLong_AsSize_t(PyTuple_GET_ITEM(own.get(), k));
    if (PyErr_Occurred()) throw PythonError{};
    if (arguments_.at(result) == kNone || kernel.outputs[result].scalar()) continue;
    overwrites_[result] = any_overwritten_ = true;
  }
}

bool Replaced::possible(const Kernel& kernel, PyObject* const* inputs) const {
  std::vector<Range> ranges;
  for (std::size_t k = 0; k < kernel.inputs.size(); ++k) {
    if (!PyArray_Check(inputs[k])) continue;  // a number of NumPy's, which never changes
    const auto* start = static_cast<const char*>(kernel.inputs[k].data(inputs[k]));
    if (start == nullptr) return false;
    auto* array = reinterpret_cast<PyArrayObject*>(inputs[k]);
    if (written_[k] && !PyArray_ISWRITEABLE(array)) return false;
    const std::size_t bytes = kernel.inputs[k].bytes();
    if (bytes > 0) ranges.push_back({start, start + bytes, written_[k]});
  }
  return !meet(ranges);
}

}  // namespace bibun
