"""A Kalman filter and smoother for a drifting oscillation that is measured with gaps.

The state holds a level, its slope, and the two phases of a damped cycle. The parameters are the
logarithms of the noise variances, the logit of the damping and the logarithm of the period.
"""

import logging
import math

import numpy as np

log = logging.getLogger(__name__)

N_STATES = 4
NAMES = ("level", "slope", "cycle", "measurement")


class KalmanFilter:
    """Mean and covariance of the state, updated in place measurement by measurement."""

    def __init__(self, F, H, Q, R, x0=None, P0=None):
        self.F = np.asarray(F)
        self.H = np.atleast_2d(H)
        self.Q = Q
        self.R = R
        n = self.F.shape[0]
        if self.F.shape != (n, n):
            raise ValueError(f"F must be square, got shape {self.F.shape}")
        if self.H.shape[1] != n:
            raise ValueError(f"H has {self.H.shape[1]} columns for {n} states")
        self.x = np.zeros(n) if x0 is None else np.array(x0, dtype=float)
        self.P = 10.0 * np.eye(n) if P0 is None else np.array(P0, dtype=float)
        self.log_likelihood = 0.0
        self.n_updates = 0

    def predict(self):
        self.x[:] = self.F @ self.x
        self.P[...] = self.F @ self.P @ self.F.T
        self.P += self.Q
        return self.x.copy(), self.P.copy()

    def update(self, z):
        """Take one measurement in; return the innovation and its variance."""
        innovation = z - self.H @ self.x
        S = self.H @ self.P @ self.H.T + self.R
        gain = np.linalg.solve(S, self.H @ self.P).T
        self.x += gain @ innovation
        # Joseph's form keeps the covariance symmetric and positive
        I_KH = np.eye(len(self.x))
        I_KH -= gain @ self.H
        self.P[:] = I_KH @ self.P @ I_KH.T + gain @ self.R @ gain.T
        sign, logdet = np.linalg.slogdet(S)
        if sign <= 0:
            raise FloatingPointError("innovation covariance lost positive definiteness")
        mahalanobis = innovation @ np.linalg.solve(S, innovation)
        self.log_likelihood -= 0.5 * (logdet + mahalanobis + len(innovation) * np.log(2 * np.pi))
        self.n_updates += 1
        return innovation, S


def transition(period, damping):
    """Local linear trend beside a damped rotation."""
    assert period > 2.0, "the cycle would be aliased"
    F = np.eye(N_STATES)
    F[0, 1] = 1.0
    w = 2 * math.pi / period
    c, s = damping * math.cos(w), damping * math.sin(w)
    F[2:, 2:] = [[c, s], [-s, c]]
    return F


def unpack(theta):
    theta = np.asarray(theta)
    if theta.shape != (6,):
        raise ValueError(f"six parameters are needed, got {theta.shape}")
    variances = dict(zip(NAMES, np.exp(theta[:4]), strict=True))
    damping = 1.0 / (1.0 + math.exp(-theta[4]))
    period = math.exp(theta[5])
    return variances, damping, period


def build(theta):
    variances, damping, period = unpack(theta)
    Q = np.zeros((N_STATES, N_STATES))
    Q[0, 0] = variances["level"]
    Q[1, 1] = variances["slope"]
    Q[[2, 3], [2, 3]] = variances["cycle"]
    H = np.array([[1.0, 0.0, 1.0, 0.0]])
    R = np.array([[variances["measurement"]]])
    return KalmanFilter(transition(period, damping), H, Q, R)


def run_filter(theta, data):
    """Filter all data; nan means that nothing was measured."""
    kf = build(theta)
    n = len(data)
    predicted = np.empty((n, N_STATES))
    predicted_cov = np.empty((n, N_STATES, N_STATES))
    filtered = np.empty_like(predicted)
    filtered_cov = np.empty_like(predicted_cov)
    for t, z in enumerate(data):
        predicted[t], predicted_cov[t] = kf.predict()
        if np.isnan(z):
            log.debug("step %d: gap", t)
        else:
            kf.update(np.array([z]))
        filtered[t] = kf.x
        filtered_cov[t] = kf.P
    return kf, (predicted, predicted_cov, filtered, filtered_cov)


def smooth(F, predicted, predicted_cov, filtered, filtered_cov):
    """Rauch, Tung and Striebel's backward pass."""
    mean, cov = filtered.copy(), filtered_cov.copy()
    for t in range(len(mean) - 2, -1, -1):
        G = np.linalg.solve(predicted_cov[t + 1], F @ filtered_cov[t]).T
        mean[t] += G @ (mean[t + 1] - predicted[t + 1])
        cov[t] += G @ (cov[t + 1] - predicted_cov[t + 1]) @ G.T
    return mean, cov


def synthetic_data(n=40, seed=3):
    rng = np.random.default_rng(seed)
    t = np.arange(n)
    y = 0.05 * t + 1.5 * np.cos(2 * np.pi * t / 9.0) + 0.3 * rng.normal(size=n)
    y[[7, 8, 21]] = np.nan
    return y


DATA = synthetic_data()
START = np.array([-3.0, -6.0, -2.0, -2.0, 2.5, 2.2])


def objective(theta):
    """Negative log likelihood, with a penalty on a restless smoothed slope."""
    kf, estimates = run_filter(theta, DATA)
    mean, cov = smooth(kf.F, *estimates)
    roughness = np.mean(np.diff(mean[:, 1]) ** 2)
    uncertainty = np.mean(np.trace(cov, axis1=1, axis2=2))
    assert kf.n_updates == np.sum(~np.isnan(DATA))
    return -kf.log_likelihood / kf.n_updates + 100.0 * roughness + 0.1 * uncertainty


def main():
    logging.basicConfig(level=logging.INFO)
    theta = START.copy()
    print(f"objective at the start: {objective(theta):.6f}")
    for name, value in unpack(theta)[0].items():
        print(f"  variance of {name:12s} {value:8.5f}")


if __name__ == "__main__":
    main()
