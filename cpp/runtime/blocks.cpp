// Recycled memory: lists of free blocks, one for each of some 200 sizes.
#include "blocks.hpp"

#include <algorithm>
#include <cstdint>
#include <cstdlib>
#include <new>

#ifdef __linux__
#include <sys/mman.h>
#include <unistd.h>
#endif

namespace bibun {
namespace {

constexpr std::size_t kAlignment = 64;
constexpr std::size_t kSmall = 1024;                      // up to here, sizes are multiples of 64
constexpr std::size_t kHuge = std::size_t{4} << 20;       // from here on, pages of 2 MiB
constexpr std::size_t kHugePage = std::size_t{2} << 20;
constexpr std::size_t kShifted = std::size_t{64} << 10;   // from here on, blocks are shifted
constexpr std::size_t kShift = 17 * kAlignment;
constexpr std::size_t kMost = std::size_t{1} << 56;

// Large blocks would all begin at the same place of a page, and compete for the same lines of the
// caches. So each begins a bit further on than the one before, by some odd number of lines.
std::size_t shifted(std::size_t bytes) {
  static std::size_t serial = 0;
  return bytes < kShifted ? 0 : serial++ % 16 * kShift;
}

void* from_system(std::size_t bytes) {
  const std::size_t alignment = bytes >= kHuge ? kHugePage : kAlignment;
  void* memory = nullptr;
  if (posix_memalign(&memory, alignment, bytes) != 0) return nullptr;
#ifdef __linux__
  // A fault for each 2 MiB instead of for each 4 KiB; where the system does not want it, no harm.
  if (bytes >= kHuge) madvise(memory, bytes, MADV_HUGEPAGE);
#endif
  return memory;
}

// A sixteenth of the machine's memory, but no less than 64 MiB and no more than 1 GiB.
std::size_t usual_limit() {
  std::size_t all = std::size_t{4} << 30;
#ifdef __linux__
  all = static_cast<std::size_t>(sysconf(_SC_PHYS_PAGES)) *
        static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
#endif
  return std::clamp(all / 16, std::size_t{64} << 20, std::size_t{1} << 30);
}

}  // namespace

// What stands in front of each block.
struct alignas(kAlignment) Blocks::Header {
  Size size;
  Header* next;
  void* memory;  // what came from the system

  static Header* of(void* data) { return static_cast<Header*>(data) - 1; }
};

// Sizes above kSmall are 5, 6, 7 or 8 times a power of two: at most a fifth is unused.
Blocks::Size Blocks::size(std::size_t bytes) {
  bytes = std::min(bytes, kMost + 1);
  if (bytes <= kSmall) {
    const std::size_t units = std::max<std::size_t>(1, (bytes + kAlignment - 1) / kAlignment);
    return {units * kAlignment, units - 1};
  }
  std::size_t shift = 8;
  while (bytes > std::size_t{8} << shift) ++shift;
  const std::size_t quarters = ((bytes - 1) >> shift) + 1;  // 5 ... 8
  return {quarters << shift, kSmall / kAlignment + (shift - 8) * 4 + quarters - 5};
}

void* Blocks::take(const Size& size) {
  if (Header* block = bins_[size.bin]) {
    bins_[size.bin] = block->next;
    kept_ -= size.bytes;
    return block + 1;
  }
  if (size.bytes > kMost) return nullptr;
  const std::size_t shift = shifted(size.bytes);
  void* memory = from_system(size.bytes + sizeof(Header) + shift);
  if (memory == nullptr) return nullptr;
  return new (static_cast<char*>(memory) + shift) Header{size, nullptr, memory} + 1;
}

void Blocks::give(void* data) {
  Header* block = Header::of(data);
  const Size size = block->size;
  // A program that goes on to other sizes has no use for what is kept.
  if (kept_ + size.bytes > limit_) drop();
  if (size.bytes > limit_) {
    std::free(block->memory);
    return;
  }
  block->next = bins_[size.bin];
  bins_[size.bin] = block;
  kept_ += size.bytes;
}

std::size_t Blocks::room(const void* data) {
  return (static_cast<const Header*>(data) - 1)->size.bytes;
}

void Blocks::set_limit(std::size_t limit) {
  limit_ = limit;
  if (kept_ > limit_) drop();
}

void Blocks::drop() {
  for (Header*& first : bins_) {
    while (first != nullptr) {
      Header* block = first;
      first = block->next;
      std::free(block->memory);
    }
  }
  kept_ = 0;
}

Block block(std::size_t bytes) {
  Block found(blocks().take(bytes));
  if (!found) throw std::bad_alloc();
  return found;
}

Blocks* const the_blocks = new Blocks(usual_limit());

}  // namespace bibun
