// Recycled memory: aligned, as large as asked for, taken again, and no more of it than allowed.
#include "blocks.hpp"

#include <cstdint>
#include <cstring>
#include <vector>

#include "check.hpp"

int main() {
  bibun::Blocks blocks(std::size_t{1} << 22);
  for (std::size_t bytes : {0, 1, 64, 65, 1000, 1024, 1025, 1280, 1281, 4096, 100000, 5000000}) {
    void* data = blocks.take(bytes);
    check(reinterpret_cast<std::uintptr_t>(data) % 64 == 0, "blocks are aligned");
    check(bibun::Blocks::room(data) >= bytes, "there is room for what was asked for");
    check(bytes <= 1024 || bibun::Blocks::room(data) <= bytes + bytes / 4 + 256, "not much more");
    std::memset(data, 1, bytes);
    const bool small = bibun::Blocks::room(data) <= blocks.limit();
    blocks.give(data);
    check(blocks.kept() <= blocks.limit(), "no more is kept than allowed");
    void* again = blocks.take(bytes);
    check(!small || again == data, "what was given back comes again");
    blocks.give(again);
  }
  for (std::size_t bytes = 1; bytes < 20000; ++bytes) {  // neighbours in size
    void* data = blocks.take(bytes);
    check(bibun::Blocks::room(data) >= bytes, "room for every size");
    std::memset(data, 1, bytes);
    blocks.give(data);
  }
  std::vector<void*> several;
  for (int k = 0; k < 100; ++k) several.push_back(blocks.take(100000));
  for (void* data : several) {
    blocks.give(data);
    check(blocks.kept() <= blocks.limit(), "also of many blocks");
  }
  check(blocks.kept() > 0, "something is kept");
  blocks.set_limit(0);
  check(blocks.kept() == 0, "a smaller limit holds at once");
  check(blocks.take(SIZE_MAX - 100) == nullptr, "no memory is that large");
  return 0;
}
