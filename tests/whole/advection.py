"""Transport and diffusion of a pollutant in a channel by finite volumes with a flux limiter."""

import enum

import numpy as np


class Boundary(enum.Enum):
    PERIODIC = "periodic"
    OPEN = "open"


class StabilityError(ArithmeticError):
    pass


def van_leer(r):
    return (r + np.abs(r)) / (1.0 + np.abs(r))


def minmod(r):
    return np.maximum(0.0, np.minimum(1.0, r))


LIMITERS = {"van_leer": van_leer, "minmod": minmod, "upwind": lambda r: 0.0 * r}


class Grid:
    """Cells with two ghost cells on either side."""

    GHOSTS = 2

    def __init__(self, n, length, boundary=Boundary.OPEN):
        if n < 4:
            raise ValueError("at least four cells are needed")
        self.n, self.dx, self.boundary = n, length / n, Boundary(boundary)
        self.x = (np.arange(n) + 0.5) * self.dx
        self._cells = np.zeros(n + 2 * self.GHOSTS)

    @property
    def inside(self):
        return slice(self.GHOSTS, -self.GHOSTS)

    def padded(self):
        return np.zeros_like(self._cells)

    def fill_ghosts(self, c, inflow):
        g = self.GHOSTS
        if self.boundary is Boundary.PERIODIC:
            c[:g] = c[-2 * g : -g]
            c[-g:] = c[g : 2 * g]
        else:
            c[:g] = inflow
            c[-g:] = c[-g - 1]


class Channel:
    def __init__(self, grid, velocity, diffusivity, decay, limiter="van_leer"):
        if limiter not in LIMITERS:
            raise KeyError(f"unknown limiter {limiter!r}; there are {', '.join(LIMITERS)}")
        self.grid = grid
        self.velocity, self.diffusivity, self.decay = velocity, diffusivity, decay
        self.limiter = LIMITERS[limiter]
        self.flux = np.empty(grid.n + 1)
        self.released = 0.0

    def check(self, dt):
        courant = np.max(np.abs(self.velocity)) * dt / self.grid.dx
        fourier = self.diffusivity * dt / self.grid.dx**2
        if courant > 1.0 or fourier > 0.5:
            raise StabilityError(f"time step too long: {courant:.2f}, {fourier:.2f}")
        return courant

    def advective_flux(self, c, dt):
        """Second order where smooth, upwind at fronts (flow to the right)."""
        left, right = c[1:-2], c[2:-1]
        step = right - left
        behind = left - c[:-3]
        safe = np.where(np.abs(step) > 1e-12, step, 1.0)
        ratio = np.where(np.abs(step) > 1e-12, behind / safe, 0.0)
        u = self.velocity
        np.multiply(u, left, out=self.flux)
        self.flux += 0.5 * u * (1 - u * dt / self.grid.dx) * self.limiter(ratio) * step
        return self.flux

    def step(self, c, new, dt, inflow, source):
        grid = self.grid
        grid.fill_ghosts(c, inflow)
        flux = self.advective_flux(c, dt)
        flux -= self.diffusivity * np.diff(c[1:-1]) / grid.dx
        cells = new[grid.inside]
        cells[:] = c[grid.inside]
        cells -= dt / grid.dx * (flux[1:] - flux[:-1])
        cells += dt * source
        cells *= np.exp(-self.decay * dt)
        self.released += dt * source.sum() * grid.dx


def sensors(grid, positions):
    """Interpolation weights of the cells around each sensor."""
    W = np.zeros((len(positions), grid.n))
    for row, position in zip(W, positions, strict=True):
        i = int(position / grid.dx - 0.5)
        f = position / grid.dx - 0.5 - i
        row[i], row[i + 1] = 1 - f, f
    return W


def unpack(params):
    names = ("speed", "widening", "diffusivity", "decay", "place", "strength", "inflow")
    params = np.asarray(params)
    if params.shape != (len(names),):
        raise ValueError(f"parameters are {', '.join(names)}")
    return {name: value.item() for name, value in zip(names, params, strict=True)}


def simulate(params, steps=40, dt=0.02, every=8):
    p = unpack(params)
    grid = Grid(30, 2.0)
    edges = np.linspace(0.0, 2.0, grid.n + 1)
    velocity = p["speed"] / (1.0 + p["widening"] * edges)
    channel = Channel(grid, velocity, p["diffusivity"], p["decay"])
    channel.check(dt)
    source = p["strength"] * np.exp(-(((grid.x - p["place"]) / 0.1) ** 2))
    c, new = grid.padded(), grid.padded()
    c[grid.inside] = 0.1 * np.cos(grid.x)
    records = []
    for k in range(steps):
        on = 1.0 if k < steps // 2 else 0.0
        channel.step(c, new, dt, p["inflow"] * np.sin(0.3 * k) ** 2, on * source)
        c, new = new, c
        if (k + 1) % every == 0:
            records.append(c[grid.inside].copy())
    return grid, channel, np.vstack(records)


START = np.array([1.3, 0.4, 0.01, 0.2, 0.6, 3.0, 0.5])
MEASURED = np.array([[0.1, 0.4, 0.05], [0.25, 0.8, 0.1], [0.2, 1.0, 0.3], [0.1, 0.9, 0.4],
                     [0.1, 0.5, 0.5]])  # fmt: skip


def objective(params):
    """Misfit at three sensors, total variation at the end, and mass that was released."""
    grid, channel, records = simulate(params)
    seen = records @ sensors(grid, [0.3, 0.8, 1.5]).T
    if not np.isfinite(seen).all():
        raise StabilityError("the solution blew up")
    variation = np.abs(np.diff(records[-1])).sum()
    return np.mean((seen - MEASURED) ** 2) + 0.01 * variation + 0.05 * channel.released


if __name__ == "__main__":
    grid, channel, records = simulate(START)
    for row in records:
        print("".join(" .:-=+*#%@"[min(9, int(6 * v))] for v in row))
    print(f"objective {objective(START):.6f}")
