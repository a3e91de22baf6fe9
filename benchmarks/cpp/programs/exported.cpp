// Headers that bibun.export made of Python functions, with libm and with vector mathematics.
#include <memory>

#include "large_libm_value_and_grad.hpp"
#include "large_vector_value_and_grad.hpp"
#include "logsumexp_libm_value_and_grad.hpp"
#include "logsumexp_vector_value_and_grad.hpp"
#include "rows.hpp"
#include "small_libm_value_and_grad.hpp"
#include "small_vector_value_and_grad.hpp"
#include "wide_libm_value_and_grad.hpp"
#include "wide_vector_value_and_grad.hpp"

namespace bench {
namespace {

namespace made = bibun_generated;

template <class F>
void take(Row& row, const char* name, F f) {
  const auto gradient = std::make_shared<std::vector<double>>(row.w.size());
  row.take(
      name, [&row, f, gradient] { return f(row.x.data(), row.w.data(), gradient->data()); },
      [gradient] { return *gradient; });
}

/// A function of w alone.
template <class F>
auto of_one(F f) {
  return [f](const double*, const double* w, double* dw) { return f(w, dw); };
}

void add(Rows& all) {
  take(all.small, "export, libm", made::small_libm_value_and_grad);
  take(all.small, "export, vector", made::small_vector_value_and_grad);
  take(all.wide, "export, libm", made::wide_libm_value_and_grad);
  take(all.wide, "export, vector", made::wide_vector_value_and_grad);
  take(all.large, "export, libm", made::large_libm_value_and_grad);
  take(all.large, "export, vector", made::large_vector_value_and_grad);
  take(all.logsumexp, "export, libm", of_one(made::logsumexp_libm_value_and_grad));
  take(all.logsumexp, "export, vector", of_one(made::logsumexp_vector_value_and_grad));
}

const Registered registered(add);

}  // namespace
}  // namespace bench
