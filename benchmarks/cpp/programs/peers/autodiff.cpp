// autodiff, in reverse.
#include <autodiff/reverse/var.hpp>

#include "../scalars.hpp"

namespace bench {
namespace {

using Number = autodiff::var;

template <class Loss>
struct Way {
  Way(Loss loss, const std::vector<double>&) : loss(loss) {}

  double run(const std::vector<double>& w, std::vector<double>& dw) {
    std::vector<Number> variables(w.begin(), w.end());
    const Number y = loss(variables);
    // What its `gradient` does with Eigen's vectors.
    for (std::size_t i = 0; i < dw.size(); ++i) {
      dw[i] = 0;
      variables[i].expr->bind_value(&dw[i]);
    }
    y.expr->propagate(1.0);
    for (Number& x : variables) x.expr->bind_value(nullptr);
    return autodiff::val(y);
  }

  Loss loss;
};

}  // namespace

template <>
struct ValueOf<Number> {
  double operator()(const Number& x) const { return autodiff::val(x); }
};

namespace {

// An elimination is a graph with very many ways through it, and autodiff goes each of them.
void add(Rows& all) {
  for (Row* row : {&all.small, &all.wide, &all.large}) {
    take<Number, Way>(*row, "autodiff",
                      [row](const auto& w) { return layer_loss<Number>(*row, w); });
  }
}

const Registered registered(add);

}  // namespace
}  // namespace bench
