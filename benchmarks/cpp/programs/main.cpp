// All contestants of all rows in one process, in turns: prints a line for each, in nanoseconds.
#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>

#include "rows.hpp"
#ifdef __GLIBC__
#include <malloc.h>
#endif

namespace bench {

std::vector<Add>& everyone() {
  static std::vector<Add> all;
  return all;
}

namespace {

using Clock = std::chrono::steady_clock;
constexpr double kTurn = 1e-3, kSlow = 0.05;  // seconds of a turn; from which on three turns are enough

std::vector<double> numbers(int n, unsigned seed) {
  std::vector<double> found;
  for (int i = 0; i < n; ++i) {
    seed = seed * 1664525u + 1013904223u;
    found.push_back(static_cast<double>(seed >> 8) / (1 << 24) * 2 - 1);
  }
  return found;
}

Row layer(const char* name, int rows, int inner, int columns) {
  return {name, rows, inner, columns, numbers(rows * inner, 1), numbers(inner * columns, 2), {}};
}

Rows make_rows() {
  Rows all{layer("layer 3x3 by 3x2", 3, 3, 2), layer("layer 3x64 by 64x64", 3, 64, 64),
           layer("layer 64x64 by 64x64", 64, 64, 64), layer("logsumexp of 1,000", 0, 1, 1000),
           layer("solve, n = 64", 64, 1, 1)};
  // The article's numbers.
  all.small.x = {-1, 0, 1, 2, 3, 4, -1, -5, 2};
  all.small.w = {-0.1, 0.2, 0.3, -0.4, 0.5, 0.6};
  all.solve = {"solve, n = 64", 64, 64, 64, numbers(64, 1), numbers(64 * 64, 2), {}};
  for (int i = 0; i < 64; ++i) all.solve.w[static_cast<std::size_t>(65 * i)] += 8;
  return all;
}

double seconds(const Contestant& c, long calls) {
  const auto start = Clock::now();
  double sum = 0;
  for (long k = 0; k < calls; ++k) sum += c.run();
  const auto stop = Clock::now();
  if (std::isnan(sum)) std::exit(2);
  return std::chrono::duration<double>(stop - start).count() / static_cast<double>(calls);
}

/// All contestants have the same value and gradient, but for roundings.
void compare(const Row& row) {
  const double value = row.contestants[0].run();
  const std::vector<double> gradient = row.contestants[0].gradient();
  double size = 0;
  for (double g : gradient) size = std::max(size, std::fabs(g));
  for (const Contestant& c : row.contestants) {
    const double found = c.run();
    const std::vector<double> g = c.gradient();
    double worst = g.size() == gradient.size() ? 0 : HUGE_VAL;
    for (std::size_t i = 0; worst < HUGE_VAL && i < g.size(); ++i) {
      worst = std::max(worst, std::fabs(g[i] - gradient[i]));
    }
    if (std::fabs(found - value) <= 1e-11 * std::fabs(value) && worst <= 1e-11 * size) continue;
    std::fprintf(stderr, "%s: %s has another result\n", row.name.c_str(), c.name.c_str());
    std::exit(1);
  }
}

void measure(const Row& row, int rounds) {
  const std::size_t count = row.contestants.size();
  std::vector<long> calls;
  std::vector<std::vector<double>> times(count);
  for (const Contestant& c : row.contestants) {
    double once = seconds(c, 1);
    if (once < kTurn) once = seconds(c, 10);
    calls.push_back(once > kSlow ? 0 : std::max(1L, std::lround(kTurn / once)));
  }
  for (int r = 0; r < rounds; ++r) {
    for (std::size_t k = 0; k < count; ++k) {
      if (calls[k] == 0 && r >= 3) continue;
      times[k].push_back(seconds(row.contestants[k], std::max(1L, calls[k])));
    }
  }
  for (std::size_t k = 0; k < count; ++k) {
    std::sort(times[k].begin(), times[k].end());
    std::printf("%s\t%s\t%.6g\t%.6g\n", row.name.c_str(), row.contestants[k].name.c_str(),
                1e9 * times[k][times[k].size() / 2], 1e9 * times[k][0]);
  }
}

}  // namespace
}  // namespace bench

int main(int count, char** words) {
#ifdef __GLIBC__
  // What one contestant gives back shall not make the next one fetch new pages at each call.
  mallopt(M_TRIM_THRESHOLD, 1 << 30);
  mallopt(M_MMAP_THRESHOLD, 1 << 30);
#endif
  bench::Rows all = bench::make_rows();
  for (bench::Add add : bench::everyone()) add(all);
  const int rounds = count > 1 ? std::atoi(words[1]) : 31;
  for (bench::Row* row : {&all.small, &all.wide, &all.large, &all.logsumexp, &all.solve}) {
    bench::compare(*row);
    bench::measure(*row, rounds);
  }
}
