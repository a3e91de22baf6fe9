// What the C++ tests say if something is wrong.
#ifndef BIBUN_TESTS_CHECK_HPP
#define BIBUN_TESTS_CHECK_HPP

#include <cstdio>
#include <cstdlib>

inline void check(bool holds, const char* what) {
  if (holds) return;
  std::fprintf(stderr, "not so: %s\n", what);
  std::exit(1);
}

#endif
