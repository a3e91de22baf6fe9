// Stan's mathematics, with its functions of matrices.
#ifndef _REENTRANT  // without which its headers refuse
#define _REENTRANT 1
#endif
#include <stan/math.hpp>

#include "../scalars.hpp"

namespace bench {
namespace {

using Number = stan::math::var;
using InOrder = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

template <class Loss>
void take(Row& row, Loss loss) {
  const Eigen::MatrixXd w =
      Eigen::Map<const InOrder>(row.w.data(), row.inner, row.columns);
  const auto slope = std::make_shared<Eigen::MatrixXd>(w);
  const auto run = [w, loss, slope] {
    const stan::math::nested_rev_autodiff nested;
    stan::math::var_value<Eigen::MatrixXd> v(w);
    Number y = loss(v);
    y.grad();
    *slope = v.adj();
    return y.val();
  };
  row.take("Stan", run, [slope]() -> std::vector<double> {
    const InOrder found = *slope;
    return {found.data(), found.data() + found.size()};
  });
}

void layer(Row& row) {
  const Eigen::MatrixXd x = Eigen::Map<const InOrder>(row.x.data(), row.rows, row.inner);
  take(row, [x](const auto& w) {
    return stan::math::sum(stan::math::square(stan::math::sin(stan::math::multiply(x, w))));
  });
}

void add(Rows& all) {
  for (Row* row : {&all.small, &all.wide, &all.large}) layer(*row);
}

const Registered registered(add);

}  // namespace
}  // namespace bench
