// Functions that compiled code calls by name: sorting, linear algebra, special functions, integers.
#ifndef BIBUN_RUNTIME_ROUTINES_HPP
#define BIBUN_RUNTIME_ROUTINES_HPP

#include <cstdint>
#include <vector>

namespace bibun {

struct Symbol {
  const char* name;
  std::uintptr_t address;
};

template <class F>
std::uintptr_t address_of(F* function) {
  return reinterpret_cast<std::uintptr_t>(function);
}

// The functions of exported C++ (src/bibun/export/texts), for the numbers that have one.
std::vector<Symbol> routines();
std::vector<Symbol> special_routines();

// Sorting, for numbers of all kinds, once NumPy is there.
void prepare_sorting();
std::vector<Symbol> sorting_routines();

// Functions of integers.
std::vector<Symbol> integer_routines();

// Functions that hand matrices to LAPACK, whose own functions they are given.
std::vector<Symbol> lapack_routines();

// The same for what is not symmetric, or complex.
std::vector<Symbol> schur_routines();

}  // namespace bibun

#endif
