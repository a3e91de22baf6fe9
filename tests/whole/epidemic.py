"""An epidemic among age groups with delays and counts: negative binomial likelihood."""

import collections
import copy
import dataclasses
import operator
from functools import cached_property, reduce

import numpy as np
from scipy.special import gammaln, xlogy

AGES = ("children", "adults", "elderly")
POPULATION = np.array([2000.0, 6000.0, 2000.0])


@dataclasses.dataclass
class State:
    """People of each age group in each compartment."""

    susceptible: np.ndarray
    exposed: np.ndarray
    infectious: np.ndarray
    recovered: np.ndarray

    def __add__(self, other):
        return self._map(operator.add, other)

    def __rmul__(self, factor):
        return State(*(factor * v for v in self.values()))

    def _map(self, f, other):
        return State(*map(f, self.values(), other.values()))

    def values(self):
        return tuple(getattr(self, f.name) for f in dataclasses.fields(self))

    @property
    def total(self):
        return reduce(operator.add, self.values())

    @classmethod
    def start(cls, seeds):
        seeds = np.asarray(seeds)
        zeros = np.zeros_like(POPULATION)
        return cls(POPULATION - seeds, seeds.copy(), zeros, zeros.copy())


@dataclasses.dataclass
class Epidemic:
    transmissibility: float
    latent: float
    infectious: float
    mixing: float
    effect: float
    change: int = 20
    contacts: np.ndarray = dataclasses.field(init=False)

    def __post_init__(self):
        for f in dataclasses.fields(self):
            if f.init and getattr(self, f.name) < 0:
                raise ValueError(f"{f.name} is negative")
        pairs = [(0, 0, 8.0), (1, 1, 6.0), (2, 2, 2.0), (0, 1, 3.0), (1, 2, 1.5), (0, 2, 0.5)]
        rows, columns, rates = map(np.array, zip(*pairs, strict=True))
        self.contacts = np.zeros((3, 3))
        np.add.at(self.contacts, (rows, columns), rates)
        np.add.at(self.contacts, (columns, rows), self.mixing * rates)
        np.fill_diagonal(self.contacts, self.contacts.diagonal() * 0.5)

    @cached_property
    def reproduction_number(self):
        """Spectral radius of the next-generation matrix, by the power method."""
        share = POPULATION / POPULATION.sum()
        M = self.transmissibility * self.infectious * self.contacts * share[:, None]
        v = np.ones(3)
        for _ in range(30):
            v = M @ v
            v /= np.linalg.norm(v)
        return v @ M @ v

    def force(self, state, day):
        rate = self.transmissibility * (self.effect if day >= self.change else 1.0)
        return rate * self.contacts @ (state.infectious / POPULATION)

    def derivative(self, state, day):
        new = self.force(state, day) * state.susceptible
        onset = state.exposed / self.latent
        recovery = state.infectious / self.infectious
        return State(-new, new - onset, onset - recovery, recovery)

    def step(self, state, day, dt):
        k1 = self.derivative(state, day)
        k2 = self.derivative(state + (dt / 2) * k1, day)
        k3 = self.derivative(state + (dt / 2) * k2, day)
        k4 = self.derivative(state + dt * k3, day)
        return state + (dt / 6) * reduce(operator.add, [k1, 2.0 * k2, 2.0 * k3, k4])

    def run(self, seeds, days, substeps=2):
        """New cases of each day."""
        state, cases = State.start(seeds), np.zeros((days, len(AGES)))
        for day in range(days):
            before = copy.copy(state)
            for _ in range(substeps):
                state = self.step(state, day, 1.0 / substeps)
            cases[day] = before.susceptible - state.susceptible
        if abs(state.total.sum() - POPULATION.sum()) > 1e-6:
            raise ArithmeticError("people were lost")
        return cases


def reported(cases, probability, mean_delay, longest=10):
    """Cases are reported later: a discrete exponential delay."""
    delay = np.exp(-np.arange(longest) / mean_delay)
    delay /= delay.sum()
    out = np.empty_like(cases)
    for age in range(cases.shape[1]):
        out[:, age] = np.convolve(cases[:, age], delay)[: len(cases)]
    return out * probability


def negative_binomial(counts, mean, dispersion):
    r = 1.0 / dispersion
    coefficient = gammaln(counts + r) - gammaln(r) - gammaln(counts + 1)
    return coefficient + r * np.log(r / (r + mean)) + xlogy(counts, mean / (r + mean))


def observed(days=35, seed=9):
    rng = np.random.default_rng(seed)
    wave = 120 * np.exp(-(((np.arange(days) - 22) / 9.0) ** 2))
    return rng.poisson(wave[:, None] * [0.3, 0.5, 0.1] + 1.0)


COUNTS = observed()
PARAMETERS = collections.OrderedDict(
    transmissibility=-2.4, latent=1.1, infectious=1.5, mixing=-0.4, effect=-0.9,
    seeds=3.0, ascertainment=-0.6, delay=0.9, dispersion=-1.5
)  # fmt: skip
START = np.array(list(PARAMETERS.values()))


def objective(theta):
    """Negative log likelihood and a prior on the reproduction number."""
    if len(theta) != len(PARAMETERS):
        raise ValueError(f"{len(PARAMETERS)} parameters are needed")
    p = {name: np.exp(v) for name, v in zip(PARAMETERS, theta, strict=True)}
    model = Epidemic(**{f.name: p[f.name] for f in dataclasses.fields(Epidemic) if f.name in p})
    cases = model.run(p["seeds"] * np.array([0.2, 0.6, 0.2]), len(COUNTS))
    chance = p["ascertainment"] / (1 + p["ascertainment"])
    mean = reported(cases, chance, p["delay"]) + 0.5
    loglik = negative_binomial(COUNTS, mean, p["dispersion"]).sum()
    weekly = np.add.reduceat(mean.sum(axis=1), np.arange(0, len(COUNTS), 7))
    peak = weekly.max() / weekly.mean()
    return -loglik / COUNTS.size + (model.reproduction_number - 2.5) ** 2 + 0.01 * peak


if __name__ == "__main__":
    print(f"objective {objective(START):.5f}")
