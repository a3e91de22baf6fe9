// ADBench's LSTM of 14 channels that do not mix, in 4 layers: the loss alone.
template <class Y, class W, class E, class X, class G, class S>
void loss(Y &out, const W &w, const E &e, const X &xs, const G &golds, const S &state) {
  constexpr int n = 14, layers = 4;
  double h[layers][n], c[layers][n], total = 0;
  for (int k = 0; k < layers; k++)
    for (int j = 0; j < n; j++) {
      h[k][j] = state[2 * k * n + j];
      c[k][j] = state[(2 * k + 1) * n + j];
    }
  for (long s = 0; s < size; s++) {
    double y[n], sum = 2, part = 0, count = 0;
    for (int j = 0; j < n; j++) y[j] = xs[s * n + j] * e[j];
    for (int k = 0; k < layers; k++)
      for (int j = 0; j < n; j++) {
        double f = 1 / (1 + exp(-(y[j] * w[8 * k * n + j] + w[(8 * k + 4) * n + j])));
        double i = 1 / (1 + exp(-(h[k][j] * w[(8 * k + 1) * n + j] + w[(8 * k + 5) * n + j])));
        double o = 1 / (1 + exp(-(y[j] * w[(8 * k + 2) * n + j] + w[(8 * k + 6) * n + j])));
        double g = tanh(h[k][j] * w[(8 * k + 3) * n + j] + w[(8 * k + 7) * n + j]);
        c[k][j] = c[k][j] * f + i * g;
        y[j] = h[k][j] = o * tanh(c[k][j]);
      }
    for (int j = 0; j < n; j++) {
      y[j] = y[j] * e[n + j] + e[2 * n + j];
      sum += exp(y[j]);
    }
    for (int j = 0; j < n; j++) {
      part += golds[s * n + j] * y[j];
      count += golds[s * n + j];
    }
    total += part - count * log(sum);
  }
  out[0] = -total / (n * double(size));
}
