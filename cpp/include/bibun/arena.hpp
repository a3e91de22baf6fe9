// Memory of the tape: taken in a row, given back all at once, and kept for the next time.
#ifndef BIBUN_ARENA_HPP
#define BIBUN_ARENA_HPP

#include <cstddef>
#include <cstring>
#include <memory>
#include <new>
#include <vector>

namespace bibun {

/// Blocks of memory that are filled one after the other. Nothing is allocated once they are there.
class Arena {
 public:
  static constexpr std::size_t alignment = 64;  // of a cache line, and of the widest vectors

  /// A place: everything after it can be given back.
  struct Mark {
    std::size_t block, used;
  };

  void* take(std::size_t bytes) {
    bytes = (bytes + alignment - 1) / alignment * alignment;
    while (block_ < blocks_.size() && used_ + bytes > blocks_[block_].size) {
      ++block_;
      used_ = 0;
    }
    if (block_ == blocks_.size()) add(bytes);
    void* memory = blocks_[block_].memory.get() + used_;
    used_ += bytes;
    return memory;
  }

  Mark mark() const { return {block_, used_}; }

  void give_back(Mark mark) {
    block_ = mark.block;
    used_ = mark.used;
  }

  /// Writes zeros to everything after a place.
  void clear(Mark mark) {
    for (std::size_t b = mark.block; b <= block_ && b < blocks_.size(); ++b) {
      const std::size_t start = b == mark.block ? mark.used : 0;
      const std::size_t stop = b == block_ ? used_ : blocks_[b].size;
      if (stop > start) std::memset(blocks_[b].memory.get() + start, 0, stop - start);
    }
  }

 private:
  struct Free {
    void operator()(char* memory) const {
      ::operator delete[](memory, std::align_val_t(alignment));
    }
  };
  struct Block {
    std::unique_ptr<char[], Free> memory;
    std::size_t size;
  };

  void add(std::size_t bytes) {
    std::size_t size = blocks_.empty() ? std::size_t{1} << 14 : 2 * blocks_.back().size;
    while (size < bytes) size *= 2;
    char* memory = static_cast<char*>(::operator new[](size, std::align_val_t(alignment)));
    std::unique_ptr<char[], Free> owner(memory);
    blocks_.push_back({std::move(owner), size});
  }

  std::vector<Block> blocks_;
  std::size_t block_ = 0, used_ = 0;
};

}  // namespace bibun

#endif
