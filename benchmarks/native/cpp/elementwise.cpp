// Rows of a million elements by hand: value and gradients in as few passes as there can be.
#include "row.h"

constexpr long width = 1024;

// sum(tanh(x w + b)^2)
ROW(tanh) {
  const float *x = input<float>(in, 0), *w = input<float>(in, 1), *b = input<float>(in, 2);
  float *dx = output<float>(out, 1), *dw = output<float>(out, 2), *db = output<float>(out, 3);
  const long rows = size / width;
  double loss = 0;
  std::fill_n(dw, width, 0.f);
  std::fill_n(db, width, 0.f);
#pragma omp parallel for reduction(+ : loss, dw[:width], db[:width])
  for (long i = 0; i < rows; ++i) {
    float sum = 0;
    const float *xi = x + i * width;
    float *di = dx + i * width;
#pragma omp simd reduction(+ : sum)
    for (long j = 0; j < width; ++j) {
      float t = std::tanh(xi[j] * w[j] + b[j]), d = 2 * t * (1 - t * t);
      sum += t * t;
      di[j] = d * w[j];
      dw[j] += d * xi[j];
      db[j] += d;
    }
    loss += sum;
  }
  *output<float>(out, 0) = float(loss);
}

static float exponentials(const float *x, float *e, float &most) {
  float m = x[0], sum = 0;
#pragma omp simd reduction(max : m)
  for (long j = 0; j < width; ++j) m = std::max(m, x[j]);
#pragma omp simd reduction(+ : sum)
  for (long j = 0; j < width; ++j) sum += e[j] = std::exp(x[j] - m);
  most = m;
  return sum;
}

static void scale(float *e, float factor) {
#pragma omp simd
  for (long j = 0; j < width; ++j) e[j] *= factor;
}

ROW(cross_entropy) {
  const float *z = input<float>(in, 0);
  const int64_t *labels = input<int64_t>(in, 1);
  float *dz = output<float>(out, 1);
  const long rows = size / width;
  double loss = 0;
#pragma omp parallel for reduction(+ : loss)
  for (long i = 0; i < rows; ++i) {
    float most, sum = exponentials(z + i * width, dz + i * width, most);
    loss += std::log(sum) + most - z[i * width + labels[i]];
    scale(dz + i * width, 1 / (sum * rows));
    dz[i * width + labels[i]] -= 1.f / rows;
  }
  *output<float>(out, 0) = float(loss / rows);
}

ROW(logsumexp) {
  const float *x = input<float>(in, 0);
  float *dx = output<float>(out, 1);
  double loss = 0;
#pragma omp parallel for reduction(+ : loss)
  for (long i = 0; i < size / width; ++i) {
    float most, sum = exponentials(x + i * width, dx + i * width, most);
    loss += std::log(sum) + most;
    scale(dx + i * width, 1 / sum);
  }
  *output<float>(out, 0) = float(loss);
}

// y = (x - mean) / sqrt(variance + 1e-5) w + b, and the pullback of g
ROW(layernorm) {
  const float *x = input<float>(in, 0), *w = input<float>(in, 1), *b = input<float>(in, 2),
              *g = input<float>(in, 3);
  float *y = output<float>(out, 0), *dx = output<float>(out, 1), *dw = output<float>(out, 2),
        *db = output<float>(out, 3);
  std::fill_n(dw, width, 0.f);
  std::fill_n(db, width, 0.f);
#pragma omp parallel for reduction(+ : dw[:width], db[:width])
  for (long i = 0; i < size / width; ++i) {
    const float *xi = x + i * width, *gi = g + i * width;
    float *yi = y + i * width, *di = dx + i * width;
    float mean = 0, square = 0, a = 0, c = 0;
    for (long j = 0; j < width; ++j) mean += xi[j];
    mean /= width;
    for (long j = 0; j < width; ++j) square += (xi[j] - mean) * (xi[j] - mean);
    const float r = 1 / std::sqrt(square / width + 1e-5f);
    for (long j = 0; j < width; ++j) {
      float h = (xi[j] - mean) * r, u = gi[j] * w[j];
      yi[j] = h * w[j] + b[j];
      dw[j] += gi[j] * h;
      db[j] += gi[j];
      a += u;
      c += u * h;
    }
    a /= width, c /= width;
    for (long j = 0; j < width; ++j) di[j] = r * (gi[j] * w[j] - a - (xi[j] - mean) * r * c);
  }
}

// 0.5 x (1 + tanh(s (x + k x^3))), and the pullback of g
ROW(gelu) {
  const float *x = input<float>(in, 0), *g = input<float>(in, 1), s = 0.7978845608f, k = 0.044715f;
  float *y = output<float>(out, 0), *dx = output<float>(out, 1);
#pragma omp parallel for simd
  for (long j = 0; j < size / width * width; ++j) {
    float v = x[j], t = std::tanh(s * (v + k * v * v * v));
    y[j] = 0.5f * v * (1 + t);
    dx[j] = g[j] * 0.5f * (1 + t + v * (1 - t * t) * s * (1 + 3 * k * v * v));
  }
}

ROW(logsumexp640) {
  const double *x = input<double>(in, 0);
  double *dx = output<double>(out, 1), m = x[0], sum = 0;
#pragma omp simd reduction(max : m)
  for (long j = 0; j < size; ++j) m = std::max(m, x[j]);
#pragma omp simd reduction(+ : sum)
  for (long j = 0; j < size; ++j) sum += dx[j] = std::exp(x[j] - m);
  const double factor = 1 / sum;
  for (long j = 0; j < size; ++j) dx[j] *= factor;
  *output<double>(out, 0) = std::log(sum) + m;
}

// One step of Adam, from one state into another, or into the same.
static void adam(float *const from[3], const float *g, float *const to[3], long size) {
  const float *p = from[0], *m = from[1], *v = from[2];
  float *q = to[0], *n = to[1], *w = to[2];
#pragma omp parallel for simd
  for (long j = 0; j < size; ++j) {
    const float first = 0.9f * m[j] + 0.1f * g[j], second = 0.999f * v[j] + 0.001f * g[j] * g[j];
    q[j] = p[j] - 1e-3f * (first / 0.6513216f) / (std::sqrt(second / 0.00995512f) + 1e-8f);
    n[j] = first;
    w[j] = second;
  }
}

// The outputs are copies of the inputs before the first call.
ROW(adam) {
  float *const state[3] = {output<float>(out, 0), output<float>(out, 1), output<float>(out, 2)};
  adam(state, input<float>(in, 3), state, size);
}

// Two states take turns.
ROW(adam_kept) {
  static std::vector<float> memory;
  static bool there;
  float *const here[3] = {output<float>(out, 0), output<float>(out, 1), output<float>(out, 2)};
  if (long(memory.size()) != 3 * size) {
    memory.clear();
    for (const float *x : here) memory.insert(memory.end(), x, x + size);
    there = true;
  }
  float *const other[3] = {memory.data(), memory.data() + size, memory.data() + 2 * size};
  adam(there ? other : here, input<float>(in, 3), there ? here : other, size);
  there = !there;
}
