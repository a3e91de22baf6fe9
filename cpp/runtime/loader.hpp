// Object files in memory that can be executed, without a compiler or linker at hand.
#ifndef BIBUN_RUNTIME_LOADER_HPP
#define BIBUN_RUNTIME_LOADER_HPP

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <unordered_map>

namespace bibun {

// The code of one file, in memory as long as this lives.
class Loaded {
 public:
  // The address of a name that the code asks for, or 0.
  using Resolve = std::function<std::uintptr_t(const char* name)>;

  // Nothing if the file needs more than is done here, which is little: code and constants of ELF
  // files for x86-64 whose places are absolute, as LLVM makes them for its own linker.
  static std::unique_ptr<Loaded> from(const char* file, std::size_t size, const Resolve& resolve);

  ~Loaded();
  Loaded(const Loaded&) = delete;
  Loaded& operator=(const Loaded&) = delete;

  // Where a function of the file is; 0 if it has none of this name.
  std::uintptr_t address(const std::string& name) const;

 private:
  friend class Loading;
  Loaded(char* memory, std::size_t size) : memory_(memory), size_(size) {}

  char* memory_;
  std::size_t size_;
  std::unordered_map<std::string, std::uintptr_t> functions_;
};

}  // namespace bibun

#endif
