// A tape of numbers, as short as it can be: two arguments and two partial derivatives an entry.
#include "scalars.hpp"

namespace bench {
namespace {

struct Entry {
  int first, second;
  double by_first, by_second;
};

std::vector<Entry> entries;

struct Number {
  double value;
  int entry;

  Number(double constant = 0) : value(constant), entry(-1) {}
  Number(double value, Entry made) : value(value), entry(static_cast<int>(entries.size())) {
    entries.push_back(made);
  }
};

Number operator+(Number a, Number b) { return {a.value + b.value, {a.entry, b.entry, 1, 1}}; }
Number operator-(Number a, Number b) { return {a.value - b.value, {a.entry, b.entry, 1, -1}}; }
Number operator*(Number a, Number b) {
  return {a.value * b.value, {a.entry, b.entry, b.value, a.value}};
}
Number operator/(Number a, Number b) {
  const double q = a.value / b.value;
  return {q, {a.entry, b.entry, 1 / b.value, -q / b.value}};
}
Number& operator+=(Number& a, Number b) { return a = a + b; }
Number& operator-=(Number& a, Number b) { return a = a - b; }
Number& operator/=(Number& a, Number b) { return a = a / b; }
Number sin(Number x) { return {std::sin(x.value), {x.entry, -1, std::cos(x.value), 0}}; }
Number exp(Number x) {
  const double y = std::exp(x.value);
  return {y, {x.entry, -1, y, 0}};
}
Number log(Number x) { return {std::log(x.value), {x.entry, -1, 1 / x.value, 0}}; }

template <class Loss>
struct Way {
  Way(Loss loss, const std::vector<double>&) : loss(loss) {}

  double run(const std::vector<double>& w, std::vector<double>& dw) {
    entries.clear();
    variables.clear();
    for (double x : w) variables.push_back(Number(x, {-1, -1, 0, 0}));
    const Number y = loss(variables);
    adjoints.assign(entries.size(), 0);
    adjoints[static_cast<std::size_t>(y.entry)] = 1;
    for (std::size_t k = entries.size(); k-- > 0;) {
      const Entry& e = entries[k];
      if (e.first >= 0) adjoints[static_cast<std::size_t>(e.first)] += adjoints[k] * e.by_first;
      if (e.second >= 0) adjoints[static_cast<std::size_t>(e.second)] += adjoints[k] * e.by_second;
    }
    std::copy_n(adjoints.begin(), dw.size(), dw.begin());
    return y.value;
  }

  Loss loss;
  std::vector<Number> variables;
  std::vector<double> adjoints;
};

}  // namespace

template <>
struct ValueOf<Number> {
  double operator()(const Number& x) const { return x.value; }
};

namespace {

void add(Rows& all) { take_all<Number, Way>(all, "scalar tape"); }

const Registered registered(add);

}  // namespace
}  // namespace bench
