// Rosenbrock's function: the value alone.
template <class Y, class X> void loss(Y &out, const X &x) {
  double sum = 0;
  for (long i = 0; i + 1 < size; i++) {
    double a = x[i + 1] - x[i] * x[i], b = 1 - x[i];
    sum += 100 * a * a + b * b;
  }
  out[0] = sum;
}
