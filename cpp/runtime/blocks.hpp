// Recycled memory: blocks of 64-byte aligned memory, kept for the next call when they are given
// back, since fresh memory of the system's costs a page fault every 4096 bytes.
#ifndef BIBUN_RUNTIME_BLOCKS_HPP
#define BIBUN_RUNTIME_BLOCKS_HPP

#include <array>
#include <cstddef>
#include <memory>

namespace bibun {

// Python's global lock is what keeps threads apart here.
class Blocks {
 public:
  explicit Blocks(std::size_t limit) : limit_(limit) {}
  ~Blocks() { drop(); }
  Blocks(const Blocks&) = delete;
  Blocks& operator=(const Blocks&) = delete;

  // How large a block for so many bytes is, and where such blocks wait.
  struct Size {
    std::size_t bytes;
    std::size_t bin;
  };
  static Size size(std::size_t bytes);

  // Memory of at least so many bytes; nullptr if there is none.
  void* take(std::size_t bytes) { return take(size(bytes)); }
  void* take(const Size& size);
  void give(void* data);

  // How many bytes a block has room for.
  static std::size_t room(const void* data);

  // Bytes that are kept, and the most of them. Beyond it, memory goes back to the system.
  std::size_t kept() const { return kept_; }
  std::size_t limit() const { return limit_; }
  void set_limit(std::size_t limit);

  // Give all that is kept back to the system.
  void drop();

 private:
  struct Header;
  static constexpr std::size_t kBins = 256;

  std::array<Header*, kBins> bins_{};  // lists of free blocks, by size
  std::size_t kept_ = 0;
  std::size_t limit_;
};

// The blocks of this process; never deleted, since arrays may die after everything else.
extern Blocks* const the_blocks;
inline Blocks& blocks() { return *the_blocks; }

// A block that somebody owns.
struct Give {
  void operator()(void* data) const { blocks().give(data); }
};
using Block = std::unique_ptr<void, Give>;

// Memory of at least so many bytes; std::bad_alloc if there is none.
Block block(std::size_t bytes);

}  // namespace bibun

#endif
