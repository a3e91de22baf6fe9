// The header-only library, with sizes that are known to the compiler and with others.
#include <bibun/ad.hpp>
#include <memory>

#include "rows.hpp"

namespace bench {
namespace {

using Dynamic = Eigen::MatrixXd;
using InOrder = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class M>
M matrix(const std::vector<double>& numbers, int rows, int columns) {
  return Eigen::Map<const InOrder>(numbers.data(), rows, columns);
}

template <class M>
std::vector<double> row_by_row(const M& m) {
  const InOrder found = m;
  return {found.data(), found.data() + found.size()};
}

template <class M, class Loss>
void take(Row& row, const char* name, const M& w, Loss loss) {
  const auto gradient = std::make_shared<M>(w);
  const auto slope = bibun::value_and_grad(loss);
  const auto run = [w, slope, gradient] {
    auto [value, found] = slope(w);
    *gradient = std::move(found);
    return value;
  };
  row.take(name, run, [gradient] { return row_by_row(*gradient); });
}

template <class X, class W>
void layer(Row& row, const char* name) {
  const X x = matrix<X>(row.x, row.rows, row.inner);
  take(row, name, matrix<W>(row.w, row.inner, row.columns), [x](const auto& w) {
    return bibun::squared_norm(bibun::map(x * w, [](const auto& t) { return sin(t); }));
  });
}

void add(Rows& all) {
  layer<Eigen::Matrix3d, Eigen::Matrix<double, 3, 2>>(all.small, "header, fixed sizes");
  layer<Dynamic, Dynamic>(all.small, "header");
  layer<Dynamic, Dynamic>(all.wide, "header");
  layer<Dynamic, Dynamic>(all.large, "header");
  const auto logsumexp = [](const auto& w) { return bibun::logsumexp(w); };
  take(all.logsumexp, "header", Eigen::VectorXd(matrix<Dynamic>(all.logsumexp.w, 1000, 1)),
       logsumexp);
  const Eigen::VectorXd b = matrix<Dynamic>(all.solve.x, 64, 1);
  take(all.solve, "header", matrix<Dynamic>(all.solve.w, 64, 64),
       [b](const auto& w) { return bibun::squared_norm(bibun::solve(w, b)); });
}

const Registered registered(add);

}  // namespace
}  // namespace bench
