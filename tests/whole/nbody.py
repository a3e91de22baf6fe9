"""Gravitating bodies, integrated by a leapfrog; which start brings the probe to its target?"""

import math
from dataclasses import dataclass, field

import numpy as np

G = 1.0
SOFTENING = 0.05


class SimulationError(RuntimeError):
    """The bodies came too near to each other or ran away."""


@dataclass
class Body:
    name: str
    mass: float
    position: np.ndarray
    velocity: np.ndarray
    acceleration: np.ndarray = field(default_factory=lambda: np.zeros(2), repr=False)

    def __post_init__(self):
        if self.mass <= 0:
            raise ValueError(f"{self.name}: mass must be positive, not {self.mass}")
        self.position = np.asarray(self.position)
        self.velocity = np.asarray(self.velocity)
        if self.position.shape != (2,) or self.velocity.shape != (2,):
            raise ValueError(f"{self.name}: planar vectors are needed")

    @property
    def momentum(self):
        return self.mass * self.velocity

    @property
    def kinetic_energy(self):
        return 0.5 * self.mass * float(np.dot(self.velocity, self.velocity))

    def kick(self, dt):
        self.velocity = self.velocity + dt * self.acceleration

    def drift(self, dt):
        self.position = self.position + dt * self.velocity


class Probe(Body):
    """A body that burns fuel along its velocity for a while."""

    def __init__(self, *args, thrust=0.0, burn_time=0.0, **kwargs):
        super().__init__(*args, **kwargs)
        self.thrust = thrust
        self.burn_time = burn_time
        self.clock = 0.0

    def kick(self, dt):
        super().kick(dt)
        if self.clock < self.burn_time:
            speed = math.hypot(*self.velocity)
            self.velocity = self.velocity * (1.0 + dt * self.thrust / max(speed, 1e-6))
        self.clock += dt


class System:
    def __init__(self, bodies):
        self.bodies = list(bodies)
        self.time = 0.0
        self.trajectory = []

    def __iter__(self):
        return iter(self.bodies)

    def __getitem__(self, name):
        for body in self:
            if body.name == name:
                return body
        raise KeyError(name)

    def pairs(self):
        for i, a in enumerate(self.bodies):
            for b in self.bodies[i + 1 :]:
                yield a, b

    def accelerate(self):
        for body in self:
            body.acceleration = np.zeros(2)
        for a, b in self.pairs():
            d = b.position - a.position
            r2 = np.sum(d**2) + SOFTENING**2
            if r2 > 1e6:
                raise SimulationError(f"{a.name} and {b.name} are {math.sqrt(r2):.3g} apart")
            pull = G * d / r2**1.5
            a.acceleration += b.mass * pull
            b.acceleration -= a.mass * pull

    def step(self, dt):
        for body in self:
            body.kick(0.5 * dt)
            body.drift(dt)
        self.accelerate()
        for body in self:
            body.kick(0.5 * dt)
        self.time += dt
        self.trajectory.append([b.position.copy() for b in self])

    def run(self, n_steps, dt):
        self.accelerate()
        for _ in range(n_steps):
            self.step(dt)
        return np.array(self.trajectory)

    @property
    def energy(self):
        potential = 0.0
        for a, b in self.pairs():
            r = np.sqrt(np.sum((a.position - b.position) ** 2) + SOFTENING**2)
            potential -= G * a.mass * b.mass / r
        return potential + sum(b.kinetic_energy for b in self)

    @property
    def centre(self):
        total = sum(b.mass for b in self)
        return sum(b.mass * b.position for b in self) / total


def circular(name, mass, radius, angle, central_mass):
    """A body on a circular orbit around the origin."""
    speed = math.sqrt(G * central_mass / radius)
    c, s = math.cos(angle), math.sin(angle)
    return Body(name, mass, np.array([radius * c, radius * s]), np.array([-speed * s, speed * c]))


def make_system(params):
    """Launch speed and angle, thrust, mass of the planet, and the moon's phase."""
    speed, angle, thrust, planet_mass, phase = params
    star = Body("star", 1.0, np.zeros(2), np.zeros(2))
    planet = circular("planet", planet_mass, 1.0, 0.0, star.mass)
    moon = circular("moon", 0.01, 1.6, phase, star.mass + planet_mass)
    launch = planet.position + 0.2 * np.array([math.cos(angle), math.sin(angle)])
    heading = planet.velocity + speed * np.array([-math.sin(angle), math.cos(angle)])
    probe = Probe("probe", 1e-4, launch, heading, thrust=thrust, burn_time=0.2)
    return System([star, planet, moon, probe])


TARGET = np.array([-0.6, 1.2])
START = np.array([0.4, 0.9, 0.5, 0.05, 2.0])


def objective(params):
    """Squared miss of the target, and the fuel."""
    system = make_system(params)
    before = system.energy
    path = system.run(n_steps=30, dt=0.04)
    drift = abs(system.energy - before)
    miss = path[-1, 3] - TARGET
    nearest = np.min(np.linalg.norm(path[:, 3] - path[:, 0], axis=1))
    wobble = np.linalg.norm(system["star"].momentum) + np.linalg.norm(system.centre)
    return miss @ miss + 0.1 * params[2] ** 2 + 0.05 / nearest + 0.01 * wobble + 0.1 * drift


def main():
    print(f"objective {objective(START):.6f}")
    system = make_system(START)
    system.run(30, 0.04)
    for body in system:
        print(f"{body.name:8s} at {np.round(body.position, 3)} E={body.kinetic_energy:.4f}")


if __name__ == "__main__":
    main()
