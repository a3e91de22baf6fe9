"""Proportional hazards with ties (Efron) beside a parametric accelerated failure time model."""

import numpy as np
from scipy import special


class Cohort:
    """Times, event flags and covariates, sorted by time."""

    def __init__(self, time, event, X):
        time, event, X = np.asarray(time), np.asarray(event, dtype=bool), np.asarray(X)
        if not (len(time) == len(event) == len(X)):
            raise ValueError(f"lengths differ: {len(time)}, {len(event)}, {len(X)}")
        if (time <= 0).any():
            raise ValueError("times must be positive")
        order = np.lexsort((~event, time))
        self.time, self.event, self.X = time[order], event[order], X[order]
        self.mean = self.X.mean(axis=0)
        self.std = self.X.std(axis=0, ddof=1)

    def __len__(self):
        return len(self.time)

    @property
    def standardised(self):
        return (self.X - self.mean) / self.std

    def tied_groups(self):
        """Ranges of equal event times."""
        start = 0
        while start < len(self):
            stop = start
            while stop < len(self) and self.time[stop] == self.time[start]:
                stop += 1
            yield start, stop
            start = stop


def simulate(n=60, seed=5):
    rng = np.random.default_rng(seed)
    X = np.column_stack([rng.normal(60, 8, n), rng.integers(0, 2, n), rng.gamma(2.0, 1.5, n)])
    eta = 0.03 * (X[:, 0] - 60) - 0.7 * X[:, 1] + 0.2 * X[:, 2]
    t = (rng.exponential(size=n) * np.exp(-eta)) ** 0.7 * 10
    censor = rng.uniform(3, 25, n)
    observed = np.maximum(np.ceil(np.minimum(t, censor)), 1.0)
    return Cohort(observed, t <= censor, X)


class CoxModel:
    def __init__(self, cohort, ridge=0.1):
        self.cohort = cohort
        self.ridge = ridge
        self.Z = cohort.standardised

    def risk(self, beta):
        eta = self.Z @ beta
        eta -= eta.mean()
        return np.exp(eta)

    def log_partial_likelihood(self, beta):
        """Efron's approximation for tied events."""
        risk = self.risk(beta)
        at_risk = np.cumsum(risk[::-1])[::-1]
        total = 0.0
        for start, stop in self.cohort.tied_groups():
            events = np.flatnonzero(self.cohort.event[start:stop]) + start
            d = len(events)
            if d == 0:
                continue
            tied = risk[events].sum()
            total += np.sum(np.log(risk[events]))
            for k in range(d):
                total -= np.log(at_risk[start] - k / d * tied)
        return total

    def baseline_hazard(self, beta):
        """Breslow's cumulative hazard at all times."""
        risk = self.risk(beta)
        at_risk = np.add.accumulate(risk[::-1])[::-1]
        jumps = np.zeros(len(self.cohort))
        for start, stop in self.cohort.tied_groups():
            d = self.cohort.event[start:stop].sum()
            jumps[start] = d / at_risk[start]
        return np.cumsum(jumps)

    def martingale_residuals(self, beta):
        hazard = self.baseline_hazard(beta)
        last = np.searchsorted(self.cohort.time, self.cohort.time, side="right") - 1
        return self.cohort.event - hazard[last] * self.risk(beta)

    def penalty(self, beta):
        return 0.5 * self.ridge * np.dot(beta, beta)

    def concordance(self, beta, width=0.5):
        """A smooth concordance index of all comparable pairs."""
        eta = self.Z @ beta
        comparable = (self.cohort.time[:, None] < self.cohort.time) & self.cohort.event[:, None]
        difference = (eta[:, None] - eta[None, :])[comparable]
        return special.expit(difference / width).mean()


class AcceleratedFailure:
    """log T = intercept + Z beta + scale * W, for a choice of distributions of W."""

    distributions = {}

    def __init_subclass__(cls, /, name, **kwargs):
        super().__init_subclass__(**kwargs)
        AcceleratedFailure.distributions[name] = cls

    def __init__(self, cohort):
        self.log_time = np.log(cohort.time)
        self.event = cohort.event
        self.Z = cohort.standardised

    def log_density(self, w):
        raise NotImplementedError

    def log_survival(self, w):
        raise NotImplementedError

    def log_likelihood(self, intercept, beta, log_scale):
        w = (self.log_time - intercept - self.Z @ beta) / np.exp(log_scale)
        contribution = np.empty(len(w))
        d = self.event
        contribution[d] = self.log_density(w[d]) - log_scale - self.log_time[d]
        contribution[~d] = self.log_survival(w[~d])
        return contribution.sum()


class Weibull(AcceleratedFailure, name="weibull"):
    def log_density(self, w):
        return w - np.exp(w)

    def log_survival(self, w):
        return -np.exp(w)


class LogNormal(AcceleratedFailure, name="lognormal"):
    def log_density(self, w):
        return -0.5 * w**2 - 0.5 * np.log(2 * np.pi)

    def log_survival(self, w):
        return special.log_ndtr(-w)


class LogLogistic(AcceleratedFailure, name="loglogistic"):
    def log_density(self, w):
        return w - 2 * np.logaddexp(0, w)

    def log_survival(self, w):
        return -np.logaddexp(0.0, w)


COHORT = simulate()
START = np.array([0.25, -0.35, 0.4, 2.1, -0.2, 0.1, -0.3, -0.4])


def objective(theta):
    """Both models on one cohort, with shared effects pulled to each other."""
    if np.ndim(theta) != 1 or len(theta) != 8:
        raise ValueError("eight parameters are needed")
    beta, (intercept, *effects, log_scale) = theta[:3], theta[3:]
    cox = CoxModel(COHORT)
    value = -cox.log_partial_likelihood(beta) + cox.penalty(beta)
    value += 0.01 * np.sum(cox.martingale_residuals(beta) ** 2) - cox.concordance(beta)
    n_models = len(AcceleratedFailure.distributions)
    for distribution in AcceleratedFailure.distributions.values():
        model = distribution(COHORT)
        value -= model.log_likelihood(intercept, np.array(effects), log_scale) / n_models
    shape = 1.0 / np.exp(log_scale)
    value += 2.0 * np.sum((beta + shape * np.array(effects)) ** 2)
    return value / len(COHORT)


if __name__ == "__main__":
    print(f"{COHORT.event.sum()} events of {len(COHORT)}, objective {objective(START):.6f}")
