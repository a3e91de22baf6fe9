// Adept, compiled into this file.
#include <adept_source.h>

#include "../scalars.hpp"

namespace bench {
namespace {

using Number = adept::adouble;

adept::Stack& stack() {
  static adept::Stack own;
  return own;
}

template <class Loss>
struct Way {
  Way(Loss loss, const std::vector<double>&) : loss(loss) { stack(); }

  double run(const std::vector<double>& w, std::vector<double>& dw) {
    std::vector<Number> variables(w.begin(), w.end());
    stack().new_recording();
    Number y = loss(variables);
    y.set_gradient(1.0);
    stack().compute_adjoint();
    for (std::size_t i = 0; i < dw.size(); ++i) dw[i] = variables[i].get_gradient();
    return y.value();
  }

  Loss loss;
};

}  // namespace

template <>
struct ValueOf<Number> {
  double operator()(const Number& x) const { return x.value(); }
};

namespace {

void add(Rows& all) { take_all<Number, Way>(all, "Adept"); }

const Registered registered(add);

}  // namespace
}  // namespace bench
