// Object files in memory that can be executed.
#include "loader.hpp"

#if defined(__linux__) && defined(__x86_64__)
#include <elf.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cstring>
#include <vector>
#endif

namespace bibun {

std::uintptr_t Loaded::address(const std::string& name) const {
  const auto found = functions_.find(name);
  return found == functions_.end() ? 0 : found->second;
}

#if defined(__linux__) && defined(__x86_64__)

namespace {

// Thrown where a file is not what is understood here.
struct Unknown {};

void require(bool known) {
  if (!known) throw Unknown{};
}

constexpr std::size_t kPage = 4096;  // the most that a section may be aligned to

}  // namespace

// A file on its way into memory. Whatever it says of places is checked: it may be damaged.
class Loading {
 public:
  Loading(const char* file, std::size_t size) : file_(file), size_(size) {
    const Elf64_Ehdr header = at<Elf64_Ehdr>(0);
    require(std::memcmp(header.e_ident, ELFMAG, SELFMAG) == 0 &&
            header.e_ident[EI_CLASS] == ELFCLASS64 && header.e_ident[EI_DATA] == ELFDATA2LSB &&
            header.e_type == ET_REL && header.e_machine == EM_X86_64 &&
            header.e_shentsize == sizeof(Elf64_Shdr));
    for (std::size_t k = 0; k < header.e_shnum; ++k) {
      sections_.push_back(at<Elf64_Shdr>(header.e_shoff + k * sizeof(Elf64_Shdr)));
    }
  }

  std::unique_ptr<Loaded> run(const Loaded::Resolve& resolve) {
    map();
    for (const Elf64_Shdr& section : sections_) {
      require(section.sh_type != SHT_REL);
      if (section.sh_type == SHT_SYMTAB) read_symbols(section, resolve);
    }
    for (const Elf64_Shdr& section : sections_) {
      if (section.sh_type == SHT_RELA) relocate(section);
    }
    require(mprotect(loaded_->memory_, loaded_->size_, PROT_READ | PROT_EXEC) == 0);
    return std::move(loaded_);
  }

 private:
  // What stands at a place of the file, which need not be aligned.
  template <class T>
  T at(std::size_t place) const {
    require(place <= size_ && size_ - place >= sizeof(T));
    T found;
    std::memcpy(&found, file_ + place, sizeof(T));
    return found;
  }

  // All sections that code uses, one behind the other.
  void map() {
    std::size_t end = 0;
    for (const Elf64_Shdr& section : sections_) {
      places_.push_back(kNone);
      if ((section.sh_flags & SHF_ALLOC) == 0) continue;
      const std::size_t alignment = section.sh_addralign == 0 ? 1 : section.sh_addralign;
      require(section.sh_type == SHT_PROGBITS && (section.sh_flags & SHF_WRITE) == 0 &&
              alignment <= kPage && (alignment & (alignment - 1)) == 0 &&
              section.sh_offset <= size_ && section.sh_size <= size_ - section.sh_offset);
      end = (end + alignment - 1) & ~(alignment - 1);
      places_.back() = end;
      end += section.sh_size;
    }
    const auto page = static_cast<std::size_t>(sysconf(_SC_PAGESIZE));
    const std::size_t whole = (end / page + 1) * page;
    void* memory = mmap(nullptr, whole, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    require(memory != MAP_FAILED);
    loaded_.reset(new Loaded(static_cast<char*>(memory), whole));
    for (std::size_t k = 0; k < sections_.size(); ++k) {
      if (places_[k] == kNone) continue;
      std::memcpy(loaded_->memory_ + places_[k], file_ + sections_[k].sh_offset,
                  sections_[k].sh_size);
    }
  }

  void read_symbols(const Elf64_Shdr& section, const Loaded::Resolve& resolve) {
    require(section.sh_entsize == sizeof(Elf64_Sym) && section.sh_link < sections_.size() &&
            symbols_.empty());
    for (std::size_t k = 0; k < section.sh_size / sizeof(Elf64_Sym); ++k) {
      const Elf64_Sym symbol = at<Elf64_Sym>(section.sh_offset + k * sizeof(Elf64_Sym));
      const std::string name = text(sections_[section.sh_link], symbol.st_name);
      std::uintptr_t value = 0;  // of what no code needs, such as the name of the source
      if (symbol.st_shndx == SHN_UNDEF && !name.empty()) {
        value = resolve(name.c_str());
        require(value != 0);
      } else if (symbol.st_shndx < places_.size() && places_[symbol.st_shndx] != kNone) {
        require(symbol.st_value <= sections_[symbol.st_shndx].sh_size);
        value = base() + places_[symbol.st_shndx] + symbol.st_value;
        if (ELF64_ST_TYPE(symbol.st_info) == STT_FUNC) loaded_->functions_[name] = value;
      }
      symbols_.push_back(value);
    }
  }

  void relocate(const Elf64_Shdr& section) {
    require(section.sh_info < sections_.size() && section.sh_entsize == sizeof(Elf64_Rela));
    const std::size_t place = places_[section.sh_info];
    if (place == kNone) return;  // of what is not in memory
    const std::size_t room = sections_[section.sh_info].sh_size;
    for (std::size_t k = 0; k < section.sh_size / sizeof(Elf64_Rela); ++k) {
      const Elf64_Rela entry = at<Elf64_Rela>(section.sh_offset + k * sizeof(Elf64_Rela));
      const std::size_t number = ELF64_R_SYM(entry.r_info);
      require(ELF64_R_TYPE(entry.r_info) == R_X86_64_64 && number < symbols_.size() &&
              symbols_[number] != 0 && room >= sizeof(std::uint64_t) &&
              entry.r_offset <= room - sizeof(std::uint64_t));
      const std::uint64_t value = symbols_[number] + static_cast<std::uint64_t>(entry.r_addend);
      std::memcpy(loaded_->memory_ + place + entry.r_offset, &value, sizeof value);
    }
  }

  std::string text(const Elf64_Shdr& section, std::size_t start) const {
    require(section.sh_offset <= size_ && section.sh_size <= size_ - section.sh_offset &&
            start < section.sh_size);
    const char* first = file_ + section.sh_offset + start;
    const void* last = std::memchr(first, 0, section.sh_size - start);
    require(last != nullptr);
    return std::string(first, static_cast<const char*>(last));
  }

  std::uintptr_t base() const { return reinterpret_cast<std::uintptr_t>(loaded_->memory_); }

  static constexpr std::size_t kNone = ~std::size_t{0};

  const char* file_;
  std::size_t size_;
  std::vector<Elf64_Shdr> sections_;
  std::vector<std::size_t> places_;  // of sections in memory
  std::vector<std::uintptr_t> symbols_;
  std::unique_ptr<Loaded> loaded_;
};

std::unique_ptr<Loaded> Loaded::from(const char* file, std::size_t size, const Resolve& resolve) {
  try {
    return Loading(file, size).run(resolve);
  } catch (const Unknown&) {
    return nullptr;
  }
}

Loaded::~Loaded() { munmap(memory_, size_); }

#else

std::unique_ptr<Loaded> Loaded::from(const char*, std::size_t, const Resolve&) { return nullptr; }

Loaded::~Loaded() = default;

#endif

}  // namespace bibun
