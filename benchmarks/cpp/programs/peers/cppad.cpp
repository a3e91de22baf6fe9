// CppAD: the row is recorded once, and swept forward and back.
#include <cppad/cppad.hpp>

#include "../scalars.hpp"

namespace bench {
namespace {

using Number = CppAD::AD<double>;

template <class Loss>
struct Way {
  Way(Loss loss, const std::vector<double>& w) {
    std::vector<Number> variables(w.begin(), w.end());
    CppAD::Independent(variables);
    std::vector<Number> y{loss(variables)};
    recorded.Dependent(variables, y);
    recorded.optimize();
  }

  double run(const std::vector<double>& w, std::vector<double>& dw) {
    const double value = recorded.Forward(0, w)[0];
    dw = recorded.Reverse(1, one);
    return value;
  }

  CppAD::ADFun<double> recorded;
  std::vector<double> one{1};
};

}  // namespace

template <>
struct ValueOf<Number> {
  double operator()(const Number& x) const { return CppAD::Value(CppAD::Var2Par(x)); }
};

namespace {

void add(Rows& all) {
  for (Row* row : {&all.small, &all.wide, &all.large}) {
    take<Number, Way>(*row, "CppAD", [row](const auto& w) { return layer_loss<Number>(*row, w); });
  }
}

const Registered registered(add);

}  // namespace
}  // namespace bench
