// Rows of the benchmark, and who takes part in them: what all its programs share.
#ifndef BIBUN_BENCHMARKS_ROWS_HPP
#define BIBUN_BENCHMARKS_ROWS_HPP

#include <functional>
#include <string>
#include <vector>

namespace bench {

/// One way to compute a row: the value and the gradient, again and again, in memory of its own.
struct Contestant {
  std::string name;
  std::function<double()> run;
  std::function<std::vector<double>()> gradient;  // the last one, row by row
};

/// A loss of w, with what else it takes, all in C order: x is rows x inner, w is inner x columns.
struct Row {
  std::string name;
  int rows, inner, columns;
  std::vector<double> x, w;
  std::vector<Contestant> contestants;

  template <class Run, class Gradient>
  void take(const char* contestant, Run run, Gradient gradient) {
    contestants.push_back({contestant, run, gradient});
  }
};

/// sum(sin(x w)^2) in three sizes, logsumexp(w), and |w^-1 x|^2.
struct Rows {
  Row small, wide, large, logsumexp, solve;
};

using Add = void (*)(Rows&);

/// What adds contestants to all rows.
std::vector<Add>& everyone();

/// Each program has one of these, at namespace scope.
struct Registered {
  explicit Registered(Add add) { everyone().push_back(add); }
};

}  // namespace bench

#endif
