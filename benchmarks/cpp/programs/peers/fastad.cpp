// FastAD: expressions of matrices, bound to their memory once.
#include <fastad>
#include <memory>

#include "../rows.hpp"

namespace bench {
namespace {

using InOrder = Eigen::Matrix<double, Eigen::Dynamic, Eigen::Dynamic, Eigen::RowMajor>;

void layer(Row& row) {
  const auto w = std::make_shared<ad::Var<double, ad::mat>>(row.inner, row.columns);
  w->get() = Eigen::Map<const InOrder>(row.w.data(), row.inner, row.columns);
  const Eigen::MatrixXd x = Eigen::Map<const InOrder>(row.x.data(), row.rows, row.inner);
  auto loss = ad::bind(ad::sum(ad::pow<2>(ad::sin(ad::dot(ad::constant(x), *w)))));
  const auto bound = std::make_shared<decltype(loss)>(std::move(loss));
  const auto run = [w, bound] {
    w->reset_adj();
    return ad::autodiff(*bound);
  };
  row.take("FastAD", run, [w]() -> std::vector<double> {
    const InOrder found = w->get_adj();
    return {found.data(), found.data() + found.size()};
  });
}

void add(Rows& all) {
  for (Row* row : {&all.small, &all.wide, &all.large}) layer(*row);
}

const Registered registered(add);

}  // namespace
}  // namespace bench
