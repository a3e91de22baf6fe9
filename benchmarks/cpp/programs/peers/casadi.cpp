// Functions in C that CasADi made: casadi_int is long long.
#include <memory>

#include "../rows.hpp"

extern "C" {
using Work = int(long long*, long long*, long long*, long long*);
using Made = int(const double**, double**, long long*, double*, int);
Made row_small, row_wide, row_large, row_logsumexp;
Work row_small_work, row_wide_work, row_large_work, row_logsumexp_work;
}

namespace bench {
namespace {

std::vector<double> turned(const std::vector<double>& m, int rows, int columns) {
  std::vector<double> found;
  for (int j = 0; j < columns; ++j) {
    for (int i = 0; i < rows; ++i) found.push_back(m[static_cast<std::size_t>(i * columns + j)]);
  }
  return found;
}

struct Call {
  std::vector<double> x, w, dw, work;
  std::vector<long long> integers;
  std::vector<const double*> given;
  std::vector<double*> made;
};

void take(Row& row, Made* function, Work* sizes) {
  const auto call = std::make_shared<Call>();
  long long n[4];
  sizes(n, n + 1, n + 2, n + 3);
  call->x = turned(row.x, row.rows, row.inner);
  call->w = turned(row.w, row.inner, row.columns);
  call->dw.resize(row.w.size());
  call->given.resize(static_cast<std::size_t>(n[0]));
  call->made.resize(static_cast<std::size_t>(n[1]));
  call->integers.resize(static_cast<std::size_t>(n[2]));
  call->work.resize(static_cast<std::size_t>(n[3]));
  const auto run = [call, function] {
    double value = 0;
    call->given[0] = call->x.data(), call->given[1] = call->w.data();
    call->made[0] = &value, call->made[1] = call->dw.data();
    function(call->given.data(), call->made.data(), call->integers.data(), call->work.data(), 0);
    return value;
  };
  const int rows = row.inner, columns = row.columns;
  row.take("CasADi", run, [call, rows, columns] { return turned(call->dw, columns, rows); });
}

void add(Rows& all) {
  take(all.small, row_small, row_small_work);
  take(all.wide, row_wide, row_wide_work);
  take(all.large, row_large, row_large_work);
  take(all.logsumexp, row_logsumexp, row_logsumexp_work);
}

const Registered registered(add);

}  // namespace
}  // namespace bench
