// The buffers of a kernel, in memory that stays.
#include "settled.hpp"

#include <algorithm>
#include <cstddef>

namespace bibun {

Settled::Settled(const Kernel& kernel)
    : inputs_(kernel.inputs.size()), buffers_(kernel.buffers, nullptr) {
  std::copy(kernel.constants.begin(), kernel.constants.end(),
            buffers_.begin() + static_cast<std::ptrdiff_t>(inputs_ + kernel.outputs.size()));
  own_.push_back(block(kernel.workspace));
  buffers_.back() = own_.back().get();
}

void Settled::own_output(std::size_t k, const Type& type) {
  own_.push_back(block(type.bytes()));
  place_output(k, own_.back().get());
}

}  // namespace bibun
