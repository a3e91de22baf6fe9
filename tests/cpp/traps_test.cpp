// The traps of other libraries, and the promises of this one: lifetimes, nesting, exceptions,
// zeros, memory.
#include <Eigen/Dense>
#include <atomic>
#include <bibun/ad.hpp>
#include <limits>
#include <new>
#include <sstream>
#include <thread>

#include "close.hpp"

using namespace bibun;

static std::atomic<long> allocations{0};

// Every allocation in C++ is counted. Malloc itself, so that sanitizers still see what is lost.
void* operator new(std::size_t bytes) {
  ++allocations;
  void* memory = std::malloc(bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete(void* memory) noexcept { std::free(memory); }
void operator delete(void* memory, std::size_t) noexcept { std::free(memory); }
void* operator new[](std::size_t bytes, std::align_val_t alignment) {
  ++allocations;
  void* memory = std::aligned_alloc(static_cast<std::size_t>(alignment), bytes);
  if (memory == nullptr) throw std::bad_alloc();
  return memory;
}
void operator delete[](void* memory, std::align_val_t) noexcept { std::free(memory); }

using One = Eigen::Matrix<double, 1, 1>;
constexpr double kInfinity = std::numeric_limits<double>::infinity();

/// `auto` holds results: intermediate values outlive the expressions that made them.
void auto_is_safe() {
  const Eigen::Vector2d x(3, 4);
  const auto f = [](const auto& v) {
    auto twice = v * 2.0;
    auto product = multiply(twice + v, v);  // 3 v^2
    auto part = sum(product);
    return part / 2.0;
  };
  const auto [value, slope] = value_and_grad(f)(x);
  close(value, 37.5, 1e-15, "auto");
  close(slope(0), 9, 1e-15, "auto");
  close(slope(1), 12, 1e-15, "auto: (9, 12), and not (9, 0)");
}

/// A matrix that a program is given need not live on until the way back.
void constants_are_copied() {
  const auto f = [](const auto& w) {
    Eigen::MatrixXd local = Eigen::MatrixXd::Constant(3, 3, 2.0);
    auto y = local * w;
    local.setConstant(std::nan(""));
    return sum(y);
  };
  const Eigen::MatrixXd slope = gradient(f)(Eigen::MatrixXd::Ones(3, 2));
  close(slope(2, 1), 6, 0, "a copy of a constant");
}

void one_over_exp() {
  const auto f = [](const auto& x) { return sum(divide(Eigen::MatrixXd::Ones(1, 1), exp(x))); };
  for (double at : {100.0, 400.0, 720.0}) {
    close(gradient(f)(One(at))(0) / std::exp(-at), -1, 1e-15, "1 / exp(x)");
  }
  const auto single = [](const auto& x) { return 1.0f / exp(x); };
  const auto [value, slope] = value_and_grad(single)(100.0f);
  check(value == std::exp(-100.0f) && slope == -value, "in float32, where exp(100) is infinite");
}

void zeros_that_stay() {
  const Eigen::Vector2d x(0, 4);
  const Eigen::Array<bool, 2, 1> mask(false, true);
  const auto chosen = [&](const auto& v) {
    return sum(select(mask, sqrt(v), Eigen::Vector2d(0, 0)));
  };
  close(gradient(chosen)(x)(0), 0, 0, "what was not chosen has the derivative 0");
  close(gradient(chosen)(x)(1), 0.25, 0, "and what was has its own");
  const auto part = [](const auto& v) { return sum(segment(sqrt(v), 1, 1)); };
  close(gradient(part)(x)(0), 0, 0, "nor does what was cut away");
  const auto both = [](const auto& v) { return sum(sqrt(v)); };
  close(gradient(both)(x)(0), kInfinity, 0, "an infinite derivative is infinite");
  close(gradient([](const auto& v) { return norm(v); })(Eigen::Vector2d(0, 0))(0), 0, 0,
        "norm at 0");
  close(gradient([](const auto& v) { return norm(v); })(Eigen::Vector2d(3e200, 4e200))(0), 0.6,
        1e-15, "the norm of large numbers");
  close(gradient([](const auto& v) { return logsumexp(v); })(Eigen::Vector2d(1000, 1000))(0), 0.5,
        0, "logsumexp of large numbers");
  const Eigen::Vector2d none(-kInfinity, -kInfinity);
  close(logsumexp(none), -kInfinity, 0, "logsumexp of nothing");
}

void errors_leave_a_clean_tape() {
  const auto f = [](const auto& x) { return squared_norm(x); };
  const auto fails = [](const auto& x) {
    auto y = exp(x);
    throw std::runtime_error("from the user's function");
    return sum(y);
  };
  throws<std::runtime_error>([&] { gradient(fails)(One(1)); }, "the user's error");
  check(tape().frame == 0 && tape().mark().last == nullptr, "nothing is left on the tape");
  close(gradient(f)(One(3))(0), 6, 0, "and the next gradient is right");
  throws<std::invalid_argument>(
      [] { gradient([](const auto& x) { return sum(x * x); })(Eigen::MatrixXd::Ones(2, 3)); },
      "shapes that do not fit");
  throws<std::invalid_argument>(
      [] { gradient([](const auto& x) { return exp(x); })(Eigen::MatrixXd::Ones(2, 3)); },
      "a loss is one number");
  throws<std::logic_error>([] { Var<One>(1, 1, false); }, "a Var without a tape");
}

void nesting() {
  // A gradient inside of a function that is differentiated, of other variables.
  const auto outer = [](const auto& x) {
    const double inner = gradient([](const auto& y) { return sum(square(y)); })(One(5))(0);
    return sum(x * inner);
  };
  close(gradient(outer)(One(2))(0), 10, 0, "an inner gradient");
  // Of the outer variable itself it would be wrong without a word.
  const auto mixed = [](const auto& x) {
    gradient([&](const auto& y) { return sum(x * y); })(One(5));
    return sum(x);
  };
  throws<std::logic_error>([&] { gradient(mixed)(One(2)); }, "an outer variable inside");
  GradientTape tape;
  auto x = tape.variable(Eigen::Vector2d(1, 2));
  auto w = tape.variable(2.0);
  auto loss = squared_norm(x * w);
  auto [dx, dw] = tape.gradients(loss, x, w);
  auto [again] = tape.gradients(loss, x);
  check(dx(1) == 16 && dw(0) == 20 && again == dx, "a tape as an object, asked twice");
}

void the_check_names_the_operation() {
  const FiniteCheck on;
  const auto f = [](const auto& x) { return sum(log(subtract(x, 1.0))); };
  try {
    gradient(f)(One(1));
    check(false, "the check throws");
  } catch (const NotFinite& error) {
    check(std::string(error.operation()) == "log", "log(0) is not finite");
  }
  try {
    gradient([](const auto& x) { return sum(sqrt(x)); })(One(0));
    check(false, "the check throws");
  } catch (const NotFinite& error) {
    check(std::string(error.what()).find("derivative of 'sqrt'") != std::string::npos, "its slope");
  }
}

void no_allocation_after_the_first_call() {
  const auto x = Eigen::MatrixXd::Random(8, 5).eval();
  const auto f = [&](const auto& w) { return logsumexp(tanh(x * w)) + squared_norm(w); };
  const Eigen::Matrix<double, 5, 3> w = Eigen::Matrix<double, 5, 3>::Random();
  const auto slope = value_and_grad(f);
  slope(w);
  const long before = allocations;
  for (int k = 0; k < 10; ++k) slope(w);
  check(allocations == before, "only the first call allocates");
}

/// Also the first one of a thread, before which there was no memory.
void frames_use_the_same_memory() {
  std::thread([] {
    const double* places[2];
    for (const double*& place : places) {
      GradientTape tape;
      place = tape.variable(One(1)).data();
    }
    check(places[0] == places[1], "a frame begins where the one before it began");
  }).join();
}

void threads_have_tapes_of_their_own() {
  double found[2] = {};
  const auto work = [&found](int k) {
    for (int i = 0; i < 50; ++i) {
      const auto f = [k](const auto& x) { return squared_norm(x) * double(k + 1); };
      found[k] = gradient(f)(One(3))(0);
    }
  };
  std::thread first(work, 0), second(work, 1);
  first.join();
  second.join();
  check(found[0] == 6 && found[1] == 12, "two threads");
}

void custom_derivatives() {
  const auto f = [](const auto& x) {
    auto value = [](auto v) { return (-v).array().exp().matrix().eval(); };
    auto vjp = [](auto, auto y, auto g) { return (-y.array() * g.array()).matrix().eval(); };
    return sum(custom(x, value, vjp));
  };
  close(gradient(f)(One(720))(0) / std::exp(-720.0), -1, 1e-15, "custom");
  close(hessian(f)(Eigen::Vector2d(1, 2))(1, 1), std::exp(-2.0), 1e-15,
        "and its second derivative");
}

void several_forms_of_arguments() {
  const std::vector<Eigen::MatrixXd> layers{Eigen::MatrixXd::Ones(2, 2),
                                            Eigen::MatrixXd::Ones(2, 1)};
  const auto f = [](const auto& ws, const auto& b) { return sum(ws[0] * ws[1]) * b; };
  const auto [value, slopes] = value_and_grad(f)(layers, 3.0);
  const auto& [dws, db] = slopes;
  check(value == 12 && db == 4 && dws[1](0) == 6 && dws[0](1, 1) == 3, "lists and numbers");
  const auto pair = [](const auto& x) { return exp(x * 2.0); };
  const Eigen::MatrixXd j = jacobian(pair)(Eigen::Vector2d(0, 1));
  close(j(1, 1), 2 * std::exp(2.0), 1e-15, "jacobian");
  close(j(1, 0), 0, 0, "jacobian");
  const auto squares = [](const auto& x) { return square(x); };
  check(jacobian_forward(squares)(Eigen::Vector3d(1, 2, 3)) ==
            jacobian(squares)(Eigen::Vector3d(1, 2, 3)),
        "both modes");
  close(derivative([](auto t) { return t * t * t; })(2.0), 12, 0, "derivative");
}

/// Eigen's own solver skips what is zero; a value of zero with a derivative is none.
void eigen_over_duals() {
  using D = Dual<double, 1>;
  Eigen::Matrix<D, 2, 2> a;
  a << 2.0, 1.0, 1.0, 3.0;
  Eigen::Matrix<D, 2, 1> b(D::variable(0.0), D(0.0));
  const Eigen::Matrix<D, 2, 1> x = a.partialPivLu().solve(b);
  close(x(0).derivative(), 0.6, 1e-15, "LU of Duals");
  close(x(1).derivative(), -0.2, 1e-15, "LU of Duals");
}

/// What programs for Eigen's AutoDiffScalar ask of a number and of its derivatives.
void as_auto_diff_scalar() {
  using Number = AutoDiffScalar<Eigen::Vector3d>;
  Number x(2.0, 3, 0), y(3.0, 3, 1);
  Eigen::Matrix<double, 1, 3> row = (x * y).derivatives().transpose();
  close(row(0) + 10 * row(1) + 100 * row(2), 23, 0, "transpose");
  close((x * y).derivatives().norm(), std::sqrt(13.0), 1e-15, "norm");
  close((x * y).derivatives().dot(Eigen::Vector3d(1, 10, 100)), 23, 0, "dot");
  x.derivatives().vector() *= 5;
  close(x.derivatives().coeff(0) + x.derivatives().vector().sum(), 10, 0, "vector");
  x.derivatives().coeffRef(2) = 7;
  close(x.derivatives().squaredNorm(), 74, 0, "coeffRef");
  close(x.derivatives().setZero().norm(), 0, 0, "setZero");
  std::ostringstream out;
  out << x << " " << y;
  check(out.str() == "2 3", "values are printed");
}

int main() {
  as_auto_diff_scalar();
  auto_is_safe();
  constants_are_copied();
  one_over_exp();
  zeros_that_stay();
  errors_leave_a_clean_tape();
  nesting();
  the_check_names_the_operation();
  no_allocation_after_the_first_call();
  frames_use_the_same_memory();
  threads_have_tapes_of_their_own();
  custom_derivatives();
  several_forms_of_arguments();
  eigen_over_duals();
}
