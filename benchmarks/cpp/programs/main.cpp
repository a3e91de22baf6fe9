// All contestants of all rows in one process, in turns: prints a line for each, in nanoseconds.
#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <ctime>

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

constexpr double kTurn = 1e-3;  // seconds of a turn
constexpr double kSlow = 0.05;  // of a call, from which on three turns are enough
constexpr unsigned kSets = 8;  // of numbers, which calls take in turn

/// Seconds that this thread has run, so that what other programs take does not count.
double now() {
#ifdef CLOCK_THREAD_CPUTIME_ID
  timespec t{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
  return static_cast<double>(t.tv_sec) + 1e-9 * static_cast<double>(t.tv_nsec);
#else
  return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count();
#endif
}

std::vector<double> numbers(int n, unsigned seed) {
  std::vector<double> found;
  for (int i = 0; i < n; ++i) {
    seed = seed * 1664525u + 1013904223u;
    found.push_back(static_cast<double>(seed >> 8) / (1 << 24) * 2 - 1);
  }
  return found;
}

Row layer(const char* name, int rows, int inner, int columns, unsigned seed) {
  const auto x = numbers(rows * inner, seed), w = numbers(inner * columns, ~seed);
  return {name, rows, inner, columns, x, w, {}};
}

Rows make_rows(unsigned seed) {
  Rows all{layer("layer 3x3 by 3x2", 3, 3, 2, seed), layer("layer 3x64 by 64x64", 3, 64, 64, seed),
           layer("layer 64x64 by 64x64", 64, 64, 64, seed),
           layer("logsumexp of 1,000", 0, 1, 1000, seed), layer("solve, n = 64", 64, 64, 64, seed)};
  // The article's numbers.
  all.small.x = {-1, 0, 1, 2, 3, 4, -1, -5, 2};
  all.small.w = {-0.1, 0.2, 0.3, -0.4, 0.5, 0.6};
  all.solve.x.resize(64);
  for (int i = 0; i < 64; ++i) all.solve.w[static_cast<std::size_t>(65 * i)] += 8;
  return all;
}

using Sets = std::array<const Contestant*, kSets>;

/// Some calls of a contestant, with one set of numbers after the other: processors learn by heart
/// which branches libm takes for a few thousand numbers, in some processes and not in others.
double seconds(const Sets& sets, long calls) {
  const double start = now();
  double sum = 0;
  for (long k = 0; k < calls; ++k) sum += sets[static_cast<unsigned long>(k) % kSets]->run();
  const double stop = now();
  if (std::isnan(sum)) std::exit(2);
  return (stop - start) / static_cast<double>(calls);
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

void measure(const std::array<const Row*, kSets>& rows, int rounds) {
  const Row& row = *rows[0];
  const std::size_t count = row.contestants.size();
  std::vector<Sets> all(count);
  std::vector<long> calls;
  std::vector<std::vector<double>> times(count);
  for (std::size_t k = 0; k < count; ++k) {
    for (unsigned s = 0; s < kSets; ++s) all[k][s] = &rows[s]->contestants[k];
    double once = seconds(all[k], 1);
    if (once < kTurn) once = seconds(all[k], 10);
    calls.push_back(once > kSlow ? 0 : std::max(1L, std::lround(kTurn / once)));
  }
  for (int r = 0; r < rounds; ++r) {
    for (std::size_t k = 0; k < count; ++k) {
      if (calls[k] == 0 && r >= 3) continue;
      times[k].push_back(seconds(all[k], std::max(1L, calls[k])));
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
  std::array<bench::Rows, bench::kSets> all;
  for (unsigned k = 0; k < bench::kSets; ++k) {
    all[k] = bench::make_rows(k + 1);
    for (bench::Add add : bench::everyone()) add(all[k]);
  }
  const int rounds = count > 1 ? std::atoi(words[1]) : 31;
  using bench::Rows;
  for (bench::Row Rows::*row :
       {&Rows::small, &Rows::wide, &Rows::large, &Rows::logsumexp, &Rows::solve}) {
    std::array<const bench::Row*, bench::kSets> rows{};
    for (unsigned k = 0; k < bench::kSets; ++k) rows[k] = &(all[k].*row);
    for (const bench::Row* each : rows) bench::compare(*each);
    bench::measure(rows, rounds);
  }
}
