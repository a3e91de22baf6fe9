// Functions of integers that compiled code calls for each number, after what SciPy's are like: with
// a number behind their arguments that nobody reads.
#include <numeric>

#include "routines.hpp"

namespace bibun {
namespace {

std::uint64_t gcd(std::uint64_t a, std::uint64_t b, int) { return std::gcd(a, b); }

// a^n modulo 2^64, from the bits of n.
std::uint64_t whole_power(std::uint64_t a, std::uint64_t n, int) {
  std::uint64_t y = 1;
  for (; n != 0; n >>= 1, a *= a) {
    if (n & 1) y *= a;
  }
  return y;
}

}  // namespace

std::vector<Symbol> integer_routines() {
  return {{"bibun_special_gcd", address_of(&gcd)},
          {"bibun_special_whole_power", address_of(&whole_power)}};
}

}  // namespace bibun
