// Gaussian mixture and bundle adjustment, with derivatives by hand.
#include "row.h"

// The log-likelihood of ADBench: 25 components in 32 dimensions; icf has log-diagonal and triangle
ROW(mixture) {
  constexpr int d = 32, k = 25, low = d * (d - 1) / 2, wide = d + low;
  const double *alphas = input<double>(in, 0), *means = input<double>(in, 1),
               *icf = input<double>(in, 2), *x = input<double>(in, 3);
  double *da = output<double>(out, 1), *dm = output<double>(out, 2), *di = output<double>(out, 3);
  alignas(64) static double q[k][d][d], dq[k][d][d], logs[k], start[k], terms[k], y[k][d], r[k][d];
  std::memset(q, 0, sizeof q);
  std::memset(dq, 0, sizeof dq);
  std::fill_n(da, k, 0.0);
  std::fill_n(dm, k * d, 0.0);
  double value = 0, prior = 0, most = alphas[0], sum = 0;
  for (int c = 0; c < k; ++c) {  // q[c][j][i] is the entry i, j
    const double *p = icf + c * wide + d;
    logs[c] = 0;
    for (int j = 0; j < d; ++j) {
      logs[c] += icf[c * wide + j];
      q[c][j][j] = std::exp(icf[c * wide + j]);
      prior += q[c][j][j] * q[c][j][j];
      for (int i = j + 1; i < d; ++i) prior += *p * *p, q[c][j][i] = *p++;
    }
    start[c] = alphas[c] + logs[c];
    most = std::max(most, alphas[c]);
  }
  for (long n = 0; n < size; ++n) {
    const double *xn = x + n * d;
    double top = -1e300, all = 0;
    for (int c = 0; c < k; ++c) {
      double square = 0;
      for (int i = 0; i < d; ++i) r[c][i] = xn[i] - means[c * d + i], y[c][i] = 0;
      for (int j = 0; j < d; ++j)
        for (int i = j / 4 * 4; i < d; ++i) y[c][i] += q[c][j][i] * r[c][j];
      for (int i = 0; i < d; ++i) square += y[c][i] * y[c][i];
      terms[c] = start[c] - 0.5 * square;
      top = std::max(top, terms[c]);
    }
    for (int c = 0; c < k; ++c) all += terms[c] = std::exp(terms[c] - top);
    value += top + std::log(all);
    for (int c = 0; c < k; ++c) {
      const double p = terms[c] / all;
      da[c] += p;
      if (p == 0) continue;
      for (int i = 0; i < d; ++i) y[c][i] *= -p;
      for (int j = 0; j < d; ++j) {
        double s = 0;
        for (int i = j / 4 * 4; i < d; ++i) {
          dq[c][j][i] += y[c][i] * r[c][j];
          s += q[c][j][i] * y[c][i];
        }
        dm[c * d + j] -= s;
      }
    }
  }
  for (int c = 0; c < k; ++c) sum += std::exp(alphas[c] - most);
  for (int c = 0; c < k; ++c) {
    double *g = di + c * wide, *p = g + d;
    const double *l = icf + c * wide + d;
    for (int j = 0; j < d; ++j) {
      g[j] = da[c] + dq[c][j][j] * q[c][j][j] + q[c][j][j] * q[c][j][j];
      for (int i = j + 1; i < d; ++i) *p++ = dq[c][j][i] + *l++;
    }
    da[c] -= size * std::exp(alphas[c] - most) / sum;
  }
  *output<double>(out, 0) = value - size * (std::log(sum) + most) + 0.5 * prior;
}

// A number with its derivatives in 15 directions
struct Dual {
  double v, d[16];
};

#define EACH for (int k = 0; k < 16; ++k)

static Dual operator+(const Dual &a, const Dual &b) {
  Dual y{a.v + b.v, {}};
  EACH y.d[k] = a.d[k] + b.d[k];
  return y;
}

static Dual operator-(const Dual &a, const Dual &b) {
  Dual y{a.v - b.v, {}};
  EACH y.d[k] = a.d[k] - b.d[k];
  return y;
}

static Dual operator*(const Dual &a, const Dual &b) {
  Dual y{a.v * b.v, {}};
  EACH y.d[k] = a.v * b.d[k] + a.d[k] * b.v;
  return y;
}

static Dual operator/(const Dual &a, const Dual &b) {
  Dual y{a.v / b.v, {}};
  const double r = 1 / b.v;
  EACH y.d[k] = (a.d[k] - y.v * b.d[k]) * r;
  return y;
}

static Dual chain(const Dual &a, double v, double slope) {
  Dual y{v, {}};
  EACH y.d[k] = slope * a.d[k];
  return y;
}

// Residuals of a camera with 11 parameters, and their Jacobians: forward mode, 15 directions at once
ROW(bundle) {
  const double *cameras = input<double>(in, 0), *points = input<double>(in, 1),
               *weights = input<double>(in, 2), *features = input<double>(in, 3);
  const int64_t *seeing = input<int64_t>(in, 4), *seen = input<int64_t>(in, 5);
  double *residuals = output<double>(out, 0), *entries = output<double>(out, 1);
  for (long n = 0; n < size; ++n) {
    Dual z[15] = {};
    for (int k = 0; k < 15; ++k) {
      z[k].v = k < 11 ? cameras[11 * seeing[n] + k] : k < 14 ? points[3 * seen[n] + k - 11] : weights[n];
      z[k].d[k] = 1;
    }
    const Dual *c = z, &w = z[14], one{1, {}};
    const Dual p[3] = {z[11] - c[3], z[12] - c[4], z[13] - c[5]};
    const Dual square = c[0] * c[0] + c[1] * c[1] + c[2] * c[2];
    const double root = std::sqrt(square.v);
    const Dual theta = chain(square, root, 0.5 / root);
    const Dual cos = chain(theta, std::cos(root), -std::sin(root));
    const Dual sin = chain(theta, std::sin(root), std::cos(root));
    const Dual u[3] = {c[0] / theta, c[1] / theta, c[2] / theta};
    const Dual along = (u[0] * p[0] + u[1] * p[1] + u[2] * p[2]) * (one - cos);
    Dual m[3];
    for (int k = 0; k < 3; ++k) {
      const int i = (k + 1) % 3, j = (k + 2) % 3;
      m[k] = p[k] * cos + (u[i] * p[j] - u[j] * p[i]) * sin + u[k] * along;
    }
    const Dual x = m[0] / m[2], y = m[1] / m[2], r = x * x + y * y;
    const Dual scale = c[6] * (one + c[9] * r + c[10] * r * r);
    const Dual f[2] = {Dual{features[2 * n], {}}, Dual{features[2 * n + 1], {}}};
    const Dual e[2] = {w * (x * scale + c[7] - f[0]), w * (y * scale + c[8] - f[1])};
    for (int k = 0; k < 2; ++k) {
      residuals[2 * n + k] = e[k].v;
      std::copy_n(e[k].d, 15, entries + 30 * n + 15 * k);
    }
    entries[30 * size + n] = -2 * weights[n];
  }
}
