// The functions of exported C++ as code: native programs call what exported headers contain.
#include "routines.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <type_traits>

namespace bibun {
namespace {

#include "../../src/bibun/export/texts/equations.hpp"
#include "../../src/bibun/export/texts/exponential.hpp"
#include "../../src/bibun/export/texts/orthogonal.hpp"
#include "../../src/bibun/export/texts/sorting.hpp"
#include "../../src/bibun/export/texts/spectral.hpp"
// These need the ones above.
#include "../../src/bibun/export/texts/determinants.hpp"

// A routine of one kind of numbers, as compiled code names it.
#define BIBUN_ROUTINE(name, T, kind) {"bibun_" #name "_" kind, address_of(&name<T>)}
#define BIBUN_FLOATING(T, kind)                                                        \
  {"bibun_tied_" kind, address_of(&tied<T, T>)}, BIBUN_ROUTINE(solved_lower, T, kind), \
      BIBUN_ROUTINE(solved, T, kind), BIBUN_ROUTINE(cholesky, T, kind),                \
      BIBUN_ROUTINE(inverted_quietly, T, kind), BIBUN_ROUTINE(determinant, T, kind),   \
      BIBUN_ROUTINE(inverted, T, kind), BIBUN_ROUTINE(log_determinant, T, kind),       \
      BIBUN_ROUTINE(cofactors, T, kind), BIBUN_ROUTINE(cofactors_along, T, kind),      \
      BIBUN_ROUTINE(cofactors_along_two, T, kind),                                     \
      BIBUN_ROUTINE(cofactors_along_three, T, kind),                                   \
      BIBUN_ROUTINE(orthogonalised, T, kind), BIBUN_ROUTINE(exponential, T, kind),     \
      BIBUN_ROUTINE(exponential_along, T, kind)

}  // namespace

std::vector<Symbol> routines() {
  return {BIBUN_FLOATING(float, "f32"), BIBUN_FLOATING(double, "f64")};
}

}  // namespace bibun
