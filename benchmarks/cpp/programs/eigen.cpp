// Eigen's unsupported AutoDiffScalar: forward mode, with as many derivatives as there are weights.
#include <Eigen/Core>
#include <unsupported/Eigen/AutoDiff>

#include "scalars.hpp"

namespace bench {
namespace {

using Number = Eigen::AutoDiffScalar<Eigen::VectorXd>;

template <class Loss>
struct Way {
  Way(Loss loss, const std::vector<double>&) : loss(loss) {}

  double run(const std::vector<double>& w, std::vector<double>& dw) {
    std::vector<Number> variables;
    const auto n = static_cast<Eigen::Index>(w.size());
    for (std::size_t i = 0; i < w.size(); ++i) {
      variables.emplace_back(w[i], n, static_cast<Eigen::Index>(i));
    }
    const Number y = loss(variables);
    Eigen::Map<Eigen::VectorXd>(dw.data(), n) = y.derivatives();
    return y.value();
  }

  Loss loss;
};

template <class V>
Number loss_of(const Row& row, const V& w) {
  return layer_loss<Number>(row, w);
}

// The other layers would take seconds to minutes a call.
void add(Rows& all) {
  const Row* small = &all.small;
  take<Number, Way>(all.small, "Eigen AutoDiff", [small](const auto& w) { return loss_of(*small, w); });
}

const Registered registered(add);

}  // namespace
}  // namespace bench
