// CoDiPack, with its usual tape.
#include <codi.hpp>

#include "../scalars.hpp"

namespace bench {
namespace {

using Number = codi::RealReverse;

template <class Loss>
struct Way {
  Way(Loss loss, const std::vector<double>&) : loss(loss) {}

  double run(const std::vector<double>& w, std::vector<double>& dw) {
    auto& tape = Number::getTape();
    variables.assign(w.begin(), w.end());
    tape.setActive();
    for (Number& x : variables) tape.registerInput(x);
    Number y = loss(variables);
    tape.registerOutput(y);
    tape.setPassive();
    y.setGradient(1);
    tape.evaluate();
    for (std::size_t i = 0; i < dw.size(); ++i) dw[i] = variables[i].getGradient();
    tape.reset();
    return y.getValue();
  }

  Loss loss;
  std::vector<Number> variables;
};

}  // namespace

template <>
struct ValueOf<Number> {
  double operator()(const Number& x) const { return x.getValue(); }
};

namespace {

void add(Rows& all) { take_all<Number, Way>(all, "CoDiPack"); }

const Registered registered(add);

}  // namespace
}  // namespace bench
