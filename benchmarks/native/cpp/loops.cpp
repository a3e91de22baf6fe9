// Loops whose rounds depend on each other, with their reverse sweeps by hand.
#include "row.h"

using Four = double __attribute__((vector_size(32)));

static Four tanh4(Four x) {
  Four y;
  for (int i = 0; i < 4; ++i) y[i] = std::tanh(x[i]);
  return y;
}

static double total(Four x) { return x[0] + x[1] + x[2] + x[3]; }

// |y|^2 after n steps of Runge and Kutta for y' = tanh(A y); columns and rows of A in registers
ROW(rk4) {
  const double *a = input<double>(in, 0), *y0 = input<double>(in, 1), h = 0.01;
  Four column[4], row[4], y, gradient[4] = {};
  for (int k = 0; k < 4; ++k) {
    column[k] = Four{a[k], a[4 + k], a[8 + k], a[12 + k]};
    row[k] = Four{a[4 * k], a[4 * k + 1], a[4 * k + 2], a[4 * k + 3]};
    y[k] = y0[k];
  }
  auto slope = [&](Four x) {
    return tanh4(column[0] * x[0] + column[1] * x[1] + column[2] * x[2] + column[3] * x[3]);
  };
  struct Step { Four y, k[4]; };
  static std::vector<Step> steps;
  steps.resize(size);
  for (Step &s : steps) {
    s.y = y;
    s.k[0] = slope(y);
    s.k[1] = slope(y + h / 2 * s.k[0]);
    s.k[2] = slope(y + h / 2 * s.k[1]);
    s.k[3] = slope(y + h * s.k[2]);
    y += h / 6 * (s.k[0] + 2. * s.k[1] + 2. * s.k[2] + s.k[3]);
  }
  *output<double>(out, 0) = total(y * y);
  Four d = 2. * y;
  for (long n = size - 1; n >= 0; --n) {
    const Step &s = steps[n];
    const Four weight = h / 6 * d;
    Four next = {};
    const double reach[4] = {0, h / 2, h / 2, h};
    for (int k = 3; k >= 0; --k) {
      Four g = (k == 0 || k == 3 ? weight : 2. * weight) + (k == 3 ? 0. : reach[k + 1]) * next;
      Four z = g * (1. - s.k[k] * s.k[k]), x = k ? s.y + reach[k] * s.k[k - 1] : s.y;
      for (int i = 0; i < 4; ++i) gradient[i] += z[i] * x;
      next = row[0] * z[0] + row[1] * z[1] + row[2] * z[2] + row[3] * z[3];
      d += next;
    }
  }
  for (int i = 0; i < 4; ++i) {
    output<double>(out, 2)[i] = d[i];
    for (int k = 0; k < 4; ++k) output<double>(out, 1)[4 * i + k] = gradient[i][k];
  }
}

// An LSTM: gates i f g o = w [x h] + b, hidden 32
ROW(lstm) {
  constexpr int n = 32, gates = 4 * n, width = 2 * n;
  const float *w = input<float>(in, 0), *b = input<float>(in, 1), *x = input<float>(in, 2);
  float *dw = output<float>(out, 1), *db = output<float>(out, 2);
  struct Step { float xh[width], gate[gates], c[n], t[n]; };
  static std::vector<Step> steps;
  steps.resize(size + 1);
  alignas(64) static float turned[width][gates], dz[gates];
  for (int i = 0; i < gates; ++i)
    for (int j = 0; j < width; ++j) turned[j][i] = w[i * width + j];
  std::fill_n(steps[0].xh + n, n, 0.f);
  float c[n] = {}, dh[n], dc[n] = {};
  for (long s = 0; s < size; ++s) {
    Step &now = steps[s];
    std::copy_n(x + s * n, n, now.xh);
    float z[gates];
    std::copy_n(b, gates, z);
    for (int j = 0; j < width; ++j)
      for (int i = 0; i < gates; ++i) z[i] += turned[j][i] * now.xh[j];
    for (int i = 0; i < gates; ++i) {
      const bool change = i / n == 2;  // tanh(z) = 2 sigmoid(2 z) - 1
      float e = 1 / (1 + std::exp(change ? -2 * z[i] : -z[i]));
      now.gate[i] = change ? 2 * e - 1 : e;
    }
    for (int j = 0; j < n; ++j) {
      now.c[j] = c[j];
      c[j] = now.gate[n + j] * c[j] + now.gate[j] * now.gate[2 * n + j];
      now.t[j] = std::tanh(c[j]);
      steps[s + 1].xh[n + j] = now.gate[3 * n + j] * now.t[j];
    }
  }
  float loss = 0;
  for (int j = 0; j < n; ++j) {
    float h = steps[size].xh[n + j];
    loss += h * h, dh[j] = 2 * h;
  }
  *output<float>(out, 0) = loss;
  std::fill_n(dw, gates * width, 0.f);
  std::fill_n(db, gates, 0.f);
  for (long s = size - 1; s >= 0; --s) {
    const Step &now = steps[s];
    const float *i = now.gate, *f = i + n, *g = i + 2 * n, *o = i + 3 * n;
    for (int j = 0; j < n; ++j) {
      float d = dc[j] + dh[j] * o[j] * (1 - now.t[j] * now.t[j]);
      dz[j] = d * g[j] * i[j] * (1 - i[j]);
      dz[n + j] = d * now.c[j] * f[j] * (1 - f[j]);
      dz[2 * n + j] = d * i[j] * (1 - g[j] * g[j]);
      dz[3 * n + j] = dh[j] * now.t[j] * o[j] * (1 - o[j]);
      dc[j] = d * f[j];
    }
    std::fill_n(dh, n, 0.f);
    for (int k = 0; k < gates; ++k) {
      for (int j = 0; j < n; ++j) dh[j] += w[k * width + n + j] * dz[k];
      for (int j = 0; j < width; ++j) dw[k * width + j] += dz[k] * now.xh[j];
      db[k] += dz[k];
    }
  }
}

// ADBench's LSTM of 14 channels that do not mix, in 4 layers; channels are padded to 16
namespace {
constexpr int channels = 14, layers = 4, lanes = 16;
using Lanes = double[lanes];

struct Layer { Lanes x, h, c, forget, take, give, change, t; };

void load(const double *from, double *to) {
  std::copy_n(from, channels, to);
  std::fill(to + channels, to + lanes, 0.0);
}
}  // namespace

ROW(diagonal_lstm) {
  const double *main = input<double>(in, 0), *extra = input<double>(in, 1),
               *xs = input<double>(in, 2), *golds = input<double>(in, 3),
               *state = input<double>(in, 4);
  struct Step { Layer layer[layers]; Lanes y, chance; };
  static std::vector<Step> steps;
  steps.resize(size);
  alignas(64) Lanes w[layers][2][4], e[3], h[layers], c[layers];
  alignas(64) Lanes dw[layers][2][4] = {}, de[3] = {}, dh[layers] = {}, dc[layers] = {};
  for (int k = 0; k < layers; ++k) {
    for (int r = 0; r < 8; ++r) load(main + (8 * k + r) * channels, w[k][r / 4][r % 4]);
    load(state + 2 * k * channels, h[k]);
    load(state + (2 * k + 1) * channels, c[k]);
  }
  for (int r = 0; r < 3; ++r) load(extra + r * channels, e[r]);
  double loss = 0;
  const double scale = -1.0 / (channels * double(size));
  for (long s = 0; s < size; ++s) {
    Step &now = steps[s];
    Lanes y;
    load(xs + s * channels, y);
    for (int j = 0; j < lanes; ++j) y[j] *= e[0][j];
    for (int k = 0; k < layers; ++k) {
      Layer &l = now.layer[k];
      for (int j = 0; j < lanes; ++j) {
        l.x[j] = y[j], l.h[j] = h[k][j], l.c[j] = c[k][j];
        l.forget[j] = 1 / (1 + std::exp(-(y[j] * w[k][0][0][j] + w[k][1][0][j])));
        l.take[j] = 1 / (1 + std::exp(-(h[k][j] * w[k][0][1][j] + w[k][1][1][j])));
        l.give[j] = 1 / (1 + std::exp(-(y[j] * w[k][0][2][j] + w[k][1][2][j])));
        l.change[j] = std::tanh(h[k][j] * w[k][0][3][j] + w[k][1][3][j]);
        c[k][j] = c[k][j] * l.forget[j] + l.take[j] * l.change[j];
        l.t[j] = std::tanh(c[k][j]);
        y[j] = h[k][j] = l.give[j] * l.t[j];
      }
    }
    double sum = 2, part = 0, count = 0;
    const double *gold = golds + s * channels;
    for (int j = 0; j < lanes; ++j) {
      now.y[j] = y[j];
      y[j] = y[j] * e[1][j] + e[2][j];
      now.chance[j] = std::exp(y[j]);
    }
    for (int j = 0; j < channels; ++j) {
      sum += now.chance[j], part += gold[j] * y[j], count += gold[j];
    }
    loss += part - count * std::log(sum);
    for (int j = 0; j < lanes; ++j)
      now.chance[j] = scale * ((j < channels ? gold[j] : 0) - count * now.chance[j] / sum);
  }
  *output<double>(out, 0) = scale * loss;
  for (long s = size - 1; s >= 0; --s) {
    const Step &now = steps[s];
    Lanes d;
    for (int j = 0; j < lanes; ++j) {
      de[1][j] += now.chance[j] * now.y[j];
      de[2][j] += now.chance[j];
      d[j] = now.chance[j] * e[1][j];
    }
    for (int k = layers - 1; k >= 0; --k) {
      const Layer &l = now.layer[k];
      for (int j = 0; j < lanes; ++j) {
        double g = d[j] + dh[k][j], u = dc[k][j] + g * l.give[j] * (1 - l.t[j] * l.t[j]);
        double z0 = u * l.c[j] * l.forget[j] * (1 - l.forget[j]);
        double z1 = u * l.change[j] * l.take[j] * (1 - l.take[j]);
        double z2 = g * l.t[j] * l.give[j] * (1 - l.give[j]);
        double z3 = u * l.take[j] * (1 - l.change[j] * l.change[j]);
        dw[k][0][0][j] += z0 * l.x[j], dw[k][1][0][j] += z0;
        dw[k][0][1][j] += z1 * l.h[j], dw[k][1][1][j] += z1;
        dw[k][0][2][j] += z2 * l.x[j], dw[k][1][2][j] += z2;
        dw[k][0][3][j] += z3 * l.h[j], dw[k][1][3][j] += z3;
        d[j] = z0 * w[k][0][0][j] + z2 * w[k][0][2][j];
        dh[k][j] = z1 * w[k][0][1][j] + z3 * w[k][0][3][j];
        dc[k][j] = u * l.forget[j];
      }
    }
    for (int j = 0; j < channels; ++j) de[0][j] += d[j] * xs[s * channels + j];
  }
  for (int r = 0; r < 8 * layers; ++r)
    std::copy_n(dw[r / 8][r / 4 % 2][r % 4], channels, output<double>(out, 1) + r * channels);
  for (int r = 0; r < 3; ++r) std::copy_n(de[r], channels, output<double>(out, 2) + r * channels);
}
