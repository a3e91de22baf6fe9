// Memory of the tape: taken in a row, given back all at once, and kept for the next time.
#ifndef BIBUN_ARENA_HPP
#define BIBUN_ARENA_HPP

#include <cstddef>
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
    std::size_t block;
    char *next, *end;
  };

  static constexpr std::size_t rounded(std::size_t bytes) {
    return (bytes + alignment - 1) / alignment * alignment;
  }

  void* take(std::size_t bytes) {
    bytes = rounded(bytes);
    if (bytes > static_cast<std::size_t>(end_ - next_)) turn(bytes);
    void* memory = next_;
    next_ += bytes;
    return memory;
  }

  Mark mark() const { return {block_, next_, end_}; }

  void give_back(Mark mark) {
    block_ = mark.block;
    next_ = mark.next;
    end_ = mark.end;
    if (next_ == nullptr && !blocks_.empty()) enter(0);  // there was no block yet
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

  void enter(std::size_t block) {
    block_ = block;
    next_ = blocks_[block].memory.get();
    end_ = next_ + blocks_[block].size;
  }

  /// Goes on in a later block, perhaps a new one, that has so much room.
  [[gnu::noinline, gnu::cold]] void turn(std::size_t bytes) {
    std::size_t block = next_ == nullptr ? 0 : block_ + 1;
    while (block < blocks_.size() && blocks_[block].size < bytes) ++block;
    if (block == blocks_.size()) add(bytes);
    enter(block);
  }

  void add(std::size_t bytes) {
    std::size_t size = blocks_.empty() ? std::size_t{1} << 14 : 2 * blocks_.back().size;
    while (size < bytes) size *= 2;
    char* memory = static_cast<char*>(::operator new[](size, std::align_val_t(alignment)));
    std::unique_ptr<char[], Free> owner(memory);
    blocks_.push_back({std::move(owner), size});
  }

  std::vector<Block> blocks_;
  std::size_t block_ = 0;
  char *next_ = nullptr, *end_ = nullptr;
};

}  // namespace bibun

#endif
