// |y|^2 after n steps of Runge and Kutta for y' = tanh(A y): the value alone.
template <class A> inline void slope(const A &a, const double *y, double *k) {
  for (int i = 0; i < 4; i++) {
    double z = 0;
    for (int j = 0; j < 4; j++) z += a[4 * i + j] * y[j];
    k[i] = tanh(z);
  }
}

template <class Y, class A, class X, class N>
void loss(Y &out, const A &a, const X &x, const N &) {
  const double h = 0.01;
  double y[4], z[4], k1[4], k2[4], k3[4], k4[4], sum = 0;
  for (int i = 0; i < 4; i++) y[i] = x[i];
  for (long s = 0; s < size; s++) {
    slope(a, y, k1);
    for (int i = 0; i < 4; i++) z[i] = y[i] + h / 2 * k1[i];
    slope(a, z, k2);
    for (int i = 0; i < 4; i++) z[i] = y[i] + h / 2 * k2[i];
    slope(a, z, k3);
    for (int i = 0; i < 4; i++) z[i] = y[i] + h * k3[i];
    slope(a, z, k4);
    for (int i = 0; i < 4; i++) y[i] += h / 6 * (k1[i] + 2 * k2[i] + 2 * k3[i] + k4[i]);
  }
  for (int i = 0; i < 4; i++) sum += y[i] * y[i];
  out[0] = sum;
}
