"""A conceptual rainfall-runoff model: snow, soil and two reservoirs, as a dictionary of states."""

import itertools
import math
from collections import defaultdict, deque

import numpy as np

PARAMETERS = {
    "threshold": (-2.0, 2.0),
    "degree_day": (1.0, 6.0),
    "capacity": (50.0, 300.0),
    "beta": (1.0, 5.0),
    "k_quick": (0.1, 0.6),
    "k_slow": (0.005, 0.1),
    "percolation": (0.1, 3.0),
    "routing": (1.0, 4.0),
}


def scaled(raw):
    """Numbers without bounds to parameters within theirs."""
    if missing := PARAMETERS.keys() - raw.keys():
        raise KeyError(f"missing parameters: {sorted(missing)}")
    out = {}
    for name, (low, high) in PARAMETERS.items():
        out[name] = low + (high - low) / (1 + math.exp(-raw[name]))
    return out


def weather(days=60, seed=4):
    rng = np.random.default_rng(seed)
    season = np.sin(2 * np.pi * np.arange(days) / 60 - 1.0)
    temperature = 4.0 + 8.0 * season + rng.normal(0, 1.5, days)
    rain = np.where(rng.random(days) < 0.45, rng.gamma(1.2, 8.0, days), 0.0)
    return {"temperature": temperature, "rain": rain}


def snow(state, p, rain, temperature):
    """Precipitation becomes snow below the threshold; warmth melts it. A soft change of phase."""
    frozen = 1 / (1 + math.exp(2.0 * (temperature - p["threshold"])))
    state["snow"] += rain * frozen
    melt = min(state["snow"], p["degree_day"] * max(0.0, temperature - p["threshold"]))
    state["snow"] -= melt
    return rain * (1 - frozen) + melt


def soil(state, p, water, temperature):
    saturation = min(1.0, max(1e-6, state["soil"] / p["capacity"]))
    recharge = water * saturation ** p["beta"]
    state["soil"] += water - recharge
    potential = max(0.0, 0.25 * temperature)
    evaporation = min(state["soil"], potential * min(1.0, saturation / 0.7))
    state["soil"] -= evaporation
    overflow = max(0.0, state["soil"] - p["capacity"])
    state["soil"] -= overflow
    return recharge + overflow, evaporation


def reservoirs(state, p, recharge):
    state["upper"] += recharge
    drained = min(state["upper"], p["percolation"])
    state["upper"] -= drained
    state["lower"] += drained
    quick = p["k_quick"] * state["upper"]
    slow = p["k_slow"] * state["lower"]
    state["upper"] -= quick
    state["lower"] -= slow
    return quick, slow


def unit_hydrograph(length, n=6):
    """Triangular weights over the next days."""
    edges = np.minimum(np.arange(n + 1) / length, 1.0)
    rise = np.where(edges < 0.5, 2 * edges**2, 1 - 2 * (1 - edges) ** 2)
    return np.diff(rise)


class Balance:
    """Checks that no water is lost."""

    def __init__(self, state):
        self.before = sum(state.values())
        self.totals = defaultdict(float)

    def add(self, **fluxes):
        for name, amount in fluxes.items():
            self.totals[name] += amount

    def check(self, state):
        stored = sum(state.values()) - self.before
        error = self.totals["rain"] - self.totals["out"] - self.totals["evaporation"] - stored
        if abs(error) > 1e-8:
            raise ArithmeticError(f"{error:.3g} mm of water were lost")


def simulate(p, forcing, initial=None):
    state = {"snow": 0.0, "soil": 0.5 * p["capacity"], "upper": 2.0, "lower": 20.0}
    state.update(initial or {})
    balance = Balance(state)
    weights = unit_hydrograph(p["routing"])
    pending = deque([0.0] * len(weights), maxlen=len(weights))
    discharge, history = [], []
    for rain, temperature in zip(forcing["rain"], forcing["temperature"], strict=True):
        water = snow(state, p, rain, temperature)
        recharge, evaporation = soil(state, p, water, temperature)
        quick, slow = reservoirs(state, p, recharge)
        pending.append(0.0)
        for day, w in enumerate(weights):
            pending[day] += w * quick
        discharge.append(pending[0] + slow)
        balance.add(rain=rain, out=quick + slow, evaporation=evaporation)
        history.append({**state, "discharge": discharge[-1]})
    balance.check(state)
    return np.array(discharge), history


def kling_gupta(simulated, observed):
    r = np.corrcoef(simulated, observed)[0, 1]
    alpha = np.std(simulated) / np.std(observed)
    beta = np.mean(simulated) / np.mean(observed)
    return 1 - math.sqrt((r - 1) ** 2 + (alpha - 1) ** 2 + (beta - 1) ** 2)


def nash_sutcliffe(simulated, observed):
    return 1 - np.sum((simulated - observed) ** 2) / np.sum((observed - observed.mean()) ** 2)


FORCING = weather()
TRUTH = dict(zip(PARAMETERS, [0.1, -0.3, 0.2, -0.5, 0.4, -0.2, 0.3, -0.1], strict=True))
OBSERVED = simulate(scaled(TRUTH), FORCING)[0] * (1 + 0.05 * np.sin(np.arange(60)))
START = dict(zip(PARAMETERS, [0.3, 0.2, -0.1, 0.3, 0.1, 0.15, -0.2, 0.25], strict=True))
WARM_UP = 5


def objective(raw):
    """One minus the mean of two scores, one of them of logarithms, and a soft limit of snow."""
    discharge, history = simulate(scaled(raw), FORCING)
    seen, wanted = discharge[WARM_UP:], OBSERVED[WARM_UP:]
    score = 0.5 * kling_gupta(seen, wanted) + 0.5 * nash_sutcliffe(np.log(seen), np.log(wanted))
    deepest = max(day["snow"] for day in history)
    changes = [abs(b["lower"] - a["lower"]) for a, b in itertools.pairwise(history)]
    return 1.0 - score + 1e-3 * math.log1p(deepest) + 1e-3 * sum(changes) / len(changes)


if __name__ == "__main__":
    print(f"objective {objective(START):.5f}, at the truth {objective(TRUTH):.5f}")
