// Small calls, fits and second derivatives by hand.
#include "row.h"

// sum(sin(x w)^2), x of n rows of 3, w of 3 rows of 2
ROW(tiny) {
  const double *w = input<double>(in, 0), *x = input<double>(in, 1);
  double loss = 0, g[6] = {};
  for (long i = 0; i < size; ++i)
    for (int j = 0; j < 2; ++j) {
      double z = 0;
      for (int k = 0; k < 3; ++k) z += x[3 * i + k] * w[2 * k + j];
      double s = std::sin(z), d = 2 * s * std::cos(z);
      loss += s * s;
      for (int k = 0; k < 3; ++k) g[2 * k + j] += x[3 * i + k] * d;
    }
  *output<double>(out, 0) = loss;
  std::copy_n(g, 6, output<double>(out, 1));
}

static void rosenbrock(Inputs in, Outputs out, long n) {
  const double *x = input<double>(in, 0);
  double *g = output<double>(out, 1), loss = 0;
  std::fill_n(g, n, 0.0);
  for (long i = 0; i + 1 < n; ++i) {
    double a = x[i + 1] - x[i] * x[i], b = 1 - x[i];
    loss += 100 * a * a + b * b;
    g[i] += -400 * a * x[i] - 2 * b;
    g[i + 1] += 200 * a;
  }
  *output<double>(out, 0) = loss;
}

ROW(rosenbrock10) { rosenbrock(in, out, size); }
ROW(rosenbrock10_bound) { rosenbrock(in, out, size); }
ROW(rosenbrock1000) { rosenbrock(in, out, size); }

// mean((p(x) - y)^2), 129 coefficients, the highest first; points in blocks that stay in registers
ROW(polynomial) {
  const double *c = input<double>(in, 0), *x = input<double>(in, 1), *y = input<double>(in, 2);
  double *g = output<double>(out, 1), loss = 0;
  constexpr int count = 129, block = 24;
  std::fill_n(g, count, 0.0);
  for (long i = 0; i < size; i += block) {
    double p[block] = {}, t[block] = {}, r[block];
    const int m = int(std::min<long>(block, size - i));
    std::copy_n(x + i, m, t);
    for (int k = 0; k < count; ++k)
      for (int j = 0; j < block; ++j) p[j] = p[j] * t[j] + c[k];
    for (int j = 0; j < block; ++j) r[j] = j < m ? p[j] - y[i + j < size ? i + j : i] : 0;
    for (int j = 0; j < block; ++j) loss += r[j] * r[j];
    for (int k = count - 1; k >= 0; --k) {
      double sum = 0;
      for (int j = 0; j < block; ++j) sum += r[j];
      for (int j = 0; j < block; ++j) r[j] *= t[j];
      g[k] += sum;
    }
  }
  for (int k = 0; k < count; ++k) g[k] *= 2.0 / size;
  *output<double>(out, 0) = loss / size;
}

// mean(log(1 + exp(-y x w))) + 0.005 |w|^2, its gradient and Hessian, 32 weights
ROW(logistic) {
  constexpr int d = 32, block = 4;
  const double *w = input<double>(in, 0), *x = input<double>(in, 1), *y = input<double>(in, 2);
  double *g = output<double>(out, 1), *h = output<double>(out, 2), loss = 0;
  std::fill_n(g, d, 0.0);
  std::fill_n(h, d * d, 0.0);
  std::vector<double> z(size), slope(size), curve(size);
  for (long i = 0; i < size; ++i) {
    double sum = 0;
    for (int j = 0; j < d; ++j) sum += x[i * d + j] * w[j];
    z[i] = -y[i] * sum;
  }
  for (long i = 0; i < size; ++i) {
    double e = std::exp(-std::fabs(z[i])), s = (z[i] > 0 ? 1 : e) / (1 + e);
    loss += std::max(z[i], 0.0) + std::log1p(e);
    slope[i] = -y[i] * s;
    curve[i] = e / ((1 + e) * (1 + e)) * y[i] * y[i];
  }
  for (long i = 0; i + block <= size; i += block) {
    const double *r = x + i * d;
    for (int a = 0; a < d; ++a) {
      double f[block];
      for (int b = 0; b < block; ++b) {
        g[a] += r[b * d + a] * slope[i + b];
        f[b] = r[b * d + a] * curve[i + b];
      }
      for (int j = 0; j < d; ++j)
        h[a * d + j] += f[0] * r[j] + f[1] * r[d + j] + f[2] * r[2 * d + j] + f[3] * r[3 * d + j];
    }
  }
  for (long i = size / block * block; i < size; ++i)
    for (int a = 0; a < d; ++a) {
      g[a] += x[i * d + a] * slope[i];
      for (int j = 0; j < d; ++j) h[a * d + j] += x[i * d + a] * curve[i] * x[i * d + j];
    }
  double square = 0;
  for (int a = 0; a < d; ++a) {
    square += w[a] * w[a];
    g[a] = g[a] / size + 0.01 * w[a];
    for (int j = 0; j < d; ++j) h[a * d + j] = h[a * d + j] / size + (a == j ? 0.01 : 0);
  }
  *output<double>(out, 0) = loss / size + 0.005 * square;
}

// the gradient and the diagonal of the Hessian of sum_i min_j |p_i - c_j|^2; up to 100 centres
ROW(kmeans) {
  constexpr int d = 8, most = 104;
  const int k = int(std::min<long>(100, size));
  const double *c = input<double>(in, 0), *p = input<double>(in, 1);
  double *g = output<double>(out, 0), *h = output<double>(out, 1);
  std::fill_n(g, k * d, 0.0);
  std::fill_n(h, k * d, 0.0);
  alignas(64) double turned[d][most] = {}, squares[most], least[most];
  for (int j = 0; j < most; ++j) {
    squares[j] = j < k ? 0 : 1e300;
    for (int a = 0; j < k && a < d; ++a) {
      turned[a][j] = -2 * c[j * d + a];
      squares[j] += c[j * d + a] * c[j * d + a];
    }
  }
  for (long i = 0; i < size; ++i) {
    for (int j = 0; j < most; ++j) {
      double sum = squares[j];
      for (int a = 0; a < d; ++a) sum += turned[a][j] * p[i * d + a];
      least[j] = sum;
    }
    double m = least[0];
    for (int j = 0; j < most; ++j) m = std::min(m, least[j]);
    int j = 0;
    while (least[j] != m) ++j;
    for (int a = 0; a < d; ++a) {
      g[j * d + a] += 2 * (c[j * d + a] - p[i * d + a]);
      h[j * d + a] += 2;
    }
  }
}
