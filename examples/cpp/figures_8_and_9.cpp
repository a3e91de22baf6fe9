// Figures 8 and 9: 1 / exp(x) for large x in float32, by the library's own rule and with a custom
// gradient; and a function whose derivative does not exist at 0, found and mended.
#include <Eigen/Core>
#include <bibun/ad.hpp>
#include <cstdio>

using Number = Eigen::Matrix<float, 1, 1>;

int main() {
  // 8: exp(100) is infinite in float32. The operation 1 / exp(x) is computed as exp(-x).
  const auto naive = [](const auto& x) { return 1.0f / exp(x); };
  const auto [value, slope] = bibun::value_and_grad(naive)(100.0f);
  std::printf("%.9g %.9g\n", value, slope);

  // 9: the same with a derivative of one's own.
  const auto own = [](const auto& x) {
    return bibun::sum(bibun::custom(
        x, [](auto v) { return (-v).array().exp().matrix().eval(); },
        [](auto, auto y, auto g) { return (-y.array() * g.array()).matrix().eval(); }));
  };
  const auto [same, same_slope] = bibun::value_and_grad(own)(Number(100.0f));
  std::printf("%.9g %.9g\n", same, same_slope(0));

  // x sin(1/x) is 0 at 0, and has no derivative there: the check says which operation fails.
  const auto singular = [](const auto& x) { return bibun::sum(multiply(x, sin(divide(1.0f, x)))); };
  try {
    const bibun::FiniteCheck on;
    bibun::gradient(singular)(Number(0.0f));
  } catch (const bibun::NotFinite& error) {
    std::printf("%s\n", error.what());
  }
  // An engineer's choice: the derivative 0 at 0.
  const auto mended = [](const auto& x) {
    return bibun::sum(bibun::custom(
        x,
        [](auto v) {
          return v.unaryExpr([](auto t) { return t == 0 ? t : t * std::sin(1 / t); }).eval();
        },
        [](auto v, auto, auto g) {
          return (v.unaryExpr([](auto t) {
                     return t == 0 ? t : std::sin(1 / t) - std::cos(1 / t) / t;
                   }).array() *
                  g.array())
              .matrix()
              .eval();
        }));
  };
  std::printf("%.9g %.9g\n", bibun::gradient(mended)(Number(0.0f))(0),
              bibun::gradient(mended)(Number(0.5f))(0));
}
