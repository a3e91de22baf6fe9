"""Difficult gradients from reports of users, as programs: physics, chemistry, life, signals."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import numpy as np

sys.path.insert(0, str(Path(__file__).parent))

from zoo_formulas import Formula, norm
from zoo_geometry import like, reported

ROWS: list[Formula] = []
case = partial(reported, rows=ROWS)

# ------------------------------------------------------------ orbits and mechanics


@case("poliastro/poliastro/issues/32", "mechanics", [0.0, 1.0, -2.0])
def stumpff_functions(xp, sp, z):
    r = xp.sqrt(z)
    e = xp.sqrt(-z)
    c = xp.where(z > 0, (1 - xp.cos(r)) / z, xp.where(z < 0, (xp.cosh(e) - 1) / -z, 0.5))
    s = xp.where(z > 0, (r - xp.sin(r)) / r**3,
                 xp.where(z < 0, (xp.sinh(e) - e) / e**3, 1 / 6))  # fmt: skip
    return xp.sum(c + 2 * s)


@case("ericagol/NbodyGradient.jl/pull/84", "mechanics", [0.0, 0.0])
def radius_of_circular_orbit(xp, sp, e):
    size, peri = xp.sqrt(e[0] ** 2 + e[1] ** 2), xp.arctan2(e[1], e[0])
    return (1 - size**2) / (1 + size * xp.cos(0.7 - peri))


@case("tomojitakasu/RTKLIB/issues/314", "mechanics", 0.0, 0.5)
def position_by_newton(xp, sp, e, m):
    anomaly = m
    for _ in range(6):
        anomaly = anomaly - (anomaly - e * xp.sin(anomaly) - m) / (1 - e * xp.cos(anomaly))
    true = 2 * xp.arctan2(
        xp.sqrt(1 + e) * xp.sin(anomaly / 2), xp.sqrt(1 - e) * xp.cos(anomaly / 2)
    )
    return true + anomaly


@case("rodluger/starry/issues/49", "mechanics", 0.0, 0.1)
def overlap_of_concentric_disks(xp, sp, b, r):
    """The light that a small disk takes away, wholly inside of a large one."""
    k0 = xp.arccos((r**2 + b**2 - 1) / (2 * b * r))
    k1 = xp.arccos((1 - r**2 + b**2) / (2 * b))
    partly = r**2 * k0 + k1 - 0.5 * xp.sqrt(4 * b**2 - (1 + b**2 - r**2) ** 2)
    return xp.where(b <= 1 - r, np.pi * r**2, xp.where(b >= 1 + r, 0.0, partly))


@case("ShipSoft/FairShip/issues/384", "mechanics", [5.0, 3.0, 0.0, 4.0])
def mass_of_light(xp, sp, p):
    return xp.sqrt(p[0] ** 2 - p[1] ** 2 - p[2] ** 2 - p[3] ** 2)


@case("ShipSoft/FairShip/issues/384", "mechanics",
      [20.0, 0.5, 1.0], [30.0, 0.5, 1.0])  # fmt: skip
def mass_of_collinear_pair(xp, sp, a, b):
    """Transverse momentum, pseudorapidity and angle of each."""
    return xp.sqrt(2 * a[0] * b[0] * (xp.cosh(a[1] - b[1]) - xp.cos(a[2] - b[2])))


@case("pytorch/pytorch/issues/192406", "mechanics", 1e-9, single=(1e-5,))
def kinetic_energy_of_slow(xp, sp, v):
    return 1 / xp.sqrt(1 - v**2) - 1


@case("CliMA/Oceananigans.jl/issues/3195", "mechanics", [0.0, 0.0])
def drag_from_rest(xp, sp, v):
    for _ in range(4):
        v = v - 0.1 * v * xp.sqrt(xp.sum(v**2))
    return xp.sum(like(v, [1.0, 2.0]) * v)


@case("CliMA/Oceananigans.jl/issues/3195", "mechanics", 0.0)
def stokes_drag_at_rest(xp, sp, v):
    re = xp.abs(v) * 100
    return 24 / re * (1 + 0.15 * re**0.687) * v * xp.abs(v)


@case("MAteRialMOdelingToolbox/Marmot/pull/59", "mechanics", [100.0, 0.0, 0.0])
def lode_angle_of_tension(xp, sp, s):
    d = s - xp.mean(s)
    j2, j3 = xp.sum(d**2) / 2, d[0] * d[1] * d[2]
    return xp.arcsin(xp.clip(3 * np.sqrt(3) / 2 * j3 / j2**1.5, -1.0, 1.0)) / 3


@case("JuliaDiff/ForwardDiff.jl/issues/55", "mechanics", [0.0, 0.0])
def shear_thickening_at_rest(xp, sp, g):
    rate = xp.sqrt(g[0] ** 2 + g[1] ** 2)
    return xp.sum(like(g, [1.0, 2.0]) * 3.0 * rate**0.5 * g)


@case("HIPS/autograd/issues/151", "mechanics", 0.04)
def emptied_tank(xp, sp, level):
    """Torricelli's outflow by small steps, until nothing is left."""
    for _ in range(10):
        level = xp.maximum(level - 0.05 * xp.sqrt(level), 0.0)
    return level + 1.0


# ------------------------------------------------------------ waves and quanta


@case("pytorch/pytorch/issues/56760", "waves", [0.0, 0.3])
def grating_at_its_center(xp, sp, x):
    return xp.sum((xp.sin(5 * x) / (5 * xp.sin(x))) ** 2 + x)


@case("jax-ml/jax/issues/34139", "waves", 0.0)
def airy_disk_at_its_center(xp, sp, x):
    return (2 * sp.j1(x) / x) ** 2 + x


@case("jax-ml/jax/issues/34139", "waves", 0.0)
def curvature_of_wavefront_at_waist(xp, sp, z):
    return 1 / (z * (1 + (2.0 / z) ** 2))


@case("pytorch/pytorch/issues/2421", "waves", [0.0, 0.0])
def aspheric_sag_at_vertex(xp, sp, p):
    r = norm(xp, p)
    conic = 0.5 * r**2 / (1 + xp.sqrt(1 - 0.8 * (0.5 * r) ** 2))
    return conic + 0.1 * r**4 + 0.01 * r**3 + p[0]


@case("pytorch/pytorch/issues/192406", "waves", 1e10, 2.0, single=(1e6, 2.0))
def sag_of_almost_flat(xp, sp, radius, h):
    return radius - xp.sqrt(radius**2 - h**2)


@case("JuliaMolSim/DFTK.jl/issues/514", "waves", 1000.0, 1.0)
def free_energy_of_spin(xp, sp, b, h):
    return -xp.log(xp.exp(b * h) + xp.exp(-b * h)) / b


@case("getkeops/keops/pull/137", "waves", 0.0)
def brillouin_function_at_0(xp, sp, x):
    j = 1.5
    a, b = (2 * j + 1) / (2 * j), 1 / (2 * j)
    return a / xp.tanh(a * x) - b / xp.tanh(b * x)


@case("HajimeKawahara/exojax/pull/753", "waves", [0.3, 0.002], single=([0.3, 0.01],))
def einstein_heat_capacity(xp, sp, t):
    x = 2.0 / t
    return xp.sum(x**2 * xp.exp(x) / (xp.exp(x) - 1) ** 2)


@case("lanl/singularity-opac/pull/39", "waves", 0.0, 1.5)
def debye_integral(xp, sp, bottom, top):
    """By the trapezoidal rule, whose first point is 0/0."""
    t = bottom + (top - bottom) * like(top, np.linspace(0.0, 1.0, 5))
    y = t**3 / (xp.exp(t) - 1)
    return xp.sum((y[1:] + y[:-1]) / 2 * (t[1:] - t[:-1]))


@case("pytorch/pytorch/issues/2421", "waves", [0.0, 0.0])
def gap_equation_at_0(xp, sp, x):
    e = xp.sqrt(x[0] ** 2 + x[1] ** 2)
    return xp.tanh(e / 0.5) / e


@case("pytorch/pytorch/issues/56760", "waves", 0.0, 0.0)
def rabi_oscillation_at_rest(xp, sp, drive, detuning):
    w = xp.sqrt(drive**2 + detuning**2)
    return drive**2 / w**2 * xp.sin(w * 1.5) ** 2


@case("tensorflow/tensorflow/issues/50854", "waves", [0.0, 0.0, 0.0, 0.0])
def spectrum_of_silence(xp, sp, x):
    k = np.outer(np.arange(3), np.arange(4)) * np.pi / 2
    re, im = xp.matmul(like(x, np.cos(k)), x), xp.matmul(like(x, np.sin(k)), x)
    magnitude = xp.sqrt(re**2 + im**2)
    return xp.sum(xp.log(magnitude + 1e-2)) + xp.sum(magnitude**2)


@case("NEGU93/cvnn/issues/12", "waves", [[0.0, 0.0], [0.6, -0.8]])
def phases_of_loud_bins(xp, sp, z):
    magnitude = xp.hypot(z[:, 0], z[:, 1])
    return xp.sum(xp.where(magnitude > 1e-8, magnitude * xp.arctan2(z[:, 1], z[:, 0]), 0.0))


@case("pytorch/audio/issues/993", "waves", [0.0, 0.5, -0.25])
def companded(xp, sp, x):
    return xp.sum(xp.sign(x) * xp.log1p(255.0 * xp.abs(x)) / np.log(256.0))


@case("pytorch/audio/issues/993", "waves", [0.0, 0.5, -0.25])
def signed_power(xp, sp, x):
    return xp.sum(xp.sign(x) * xp.abs(x) ** 1.5 + 2 * xp.sign(x) * xp.log(1 + xp.abs(x)))


# ------------------------------------------------------------ heat and flow


@case("oemof/tespy/issues/395", "heat", 10.0, 10.0)
def log_mean_temperature_difference(xp, sp, a, b):
    return (a - b) / xp.log(a / b)


@case("lbl-srg/modelica-buildings/issues/2268", "heat", [90.0, 60.0], [40.0, 10.0])
def exchanger_with_switch(xp, sp, hot, cold):
    d = hot - cold
    mean = xp.where(d[0] == d[1], d[0], (d[0] - d[1]) / xp.log(d[0] / d[1]))
    return 3.0 * mean


@case("CalebBell/ht/issues/6", "heat", 2.0, 1.0)
def effectiveness_of_balanced_exchanger(xp, sp, ntu, c):
    e = xp.exp(-ntu * (1 - c))
    return (1 - e) / (1 - c * e)


@case("stan-dev/math/issues/2803", "heat", 1.0, 0.5, 1e-3, single=(1.0, 0.5, 1e-2))
def advected_front(xp, sp, v, x, d):
    s = 2 * xp.sqrt(d * 0.6)
    back = xp.exp(v * x / d * 2) * sp.erfc((2 * x + v * 0.6) / s)
    return 0.5 * (sp.erfc((2 * x - v * 0.6) / s) + back)


@case("jax-ml/jax/pull/3856", "heat", [0.0, 0.3])
def heat_kernel_at_time_0(xp, sp, t):
    return xp.sum(xp.exp(-1.0 / (4 * t)) / xp.sqrt(4 * np.pi * t))


@case("gecosistema/SOILGIS/issues/21", "heat", 0.0)
def conductivity_at_saturation(xp, sp, h):
    n = 2.5
    m = 1 - 1 / n
    se = (1 + (0.5 * h) ** n) ** -m
    return xp.sqrt(se) * (1 - (1 - se ** (1 / m)) ** m) ** 2


@case("ImperialCollegeLondon/virtual_ecosystem/issues/1559", "heat", [0.0, 1e-12, 2.0], 0.0)
def uptake_without_enzyme(xp, sp, s, e):
    t = e + s + 0.5
    return xp.sum((t - xp.sqrt(t**2 - 4 * e * s)) / (2 * e))


@case("jax-ml/jax/issues/5798", "heat", [0.0, 300.0])
def rate_at_absolute_zero(xp, sp, t):
    return xp.sum(xp.where(t > 0, xp.exp(-500.0 / t), 0.0))


# ------------------------------------------------------------ life


@case("martinjrobins/diffsl/issues/138", "life", 0.0, 1.0)
def hill_function_of_order_1(xp, sp, x, n):
    return x**n / (0.5**n + x**n)


@case("Open-Systems-Pharmacology/PK-Sim/issues/919", "life", [1e200, 2.0], single=([1e30, 2.0],))
def hill_function_of_much(xp, sp, x):
    return xp.sum(x**4.0 / (0.5**4.0 + x**4.0))


@case("metrumresearchgroup/mrgsolve/issues/1179", "life", 0.5, 0.5)
def absorption_as_fast_as_elimination(xp, sp, ka, ke):
    t = like(ka, [0.5, 2.0, 8.0])
    return xp.sum(ka / (ka - ke) * (xp.exp(-ke * t) - xp.exp(-ka * t)))


@case("nest/nestml/issues/460", "life", 10.0, 10.0)
def synapse_as_fast_as_membrane(xp, sp, tm, ts):
    h = 0.1
    return tm * ts / (tm - ts) * (xp.exp(-h / tm) - xp.exp(-h / ts))


@case("sg-s/xolotl/issues/463", "life", 0.0)
def current_at_no_voltage(xp, sp, v):
    total = 0.0
    for z, inside, outside in ((1, 140.0, 5.0), (2, 1e-4, 2.0)):
        x = z * v / 25.0
        total = total + z * x * (inside - outside * xp.exp(-x)) / (1 - xp.exp(-x))
    return total


@case("jaxleyverse/jaxley/pull/319", "life", [-40.0, -300.0, 20.0], single=([-40.0, -300.0, 20.0],))
def gates_of_membrane(xp, sp, v):
    alpha = 0.1 * (v + 40) / (1 - xp.exp(-(v + 40) / 10))
    beta = 4 * xp.exp(-(v + 65) / 1.8)
    return xp.sum(alpha / (alpha + beta))


@case("getkeops/keops/pull/137", "life", 0.0)
def fixation_of_neutral_gene(xp, sp, s):
    return (1 - xp.exp(-2 * s)) / (1 - xp.exp(-400 * s))


@case("jax-ml/jax/issues/5798", "life", 0.0, 0.4)
def growth_from_nothing(xp, sp, p, r):
    return 10.0 / (1 + (10.0 - p) / p * xp.exp(-r * 3.0))


@case("stan-dev/math/issues/3031", "life", 0.0, [0.0, 1.0, 2.0, 3.0])
def polynomial_by_powers(xp, sp, x, c):
    return xp.sum(c * x ** like(c, [0.0, 1.0, 2.0, 3.0]))


@case("tensorflow/tensorflow/issues/3862", "life",
      [0.0, 2.0, 4.0])  # fmt: skip
def means_of_three_kinds(xp, sp, x):
    harmonic = x.shape[0] / xp.sum(1 / x)
    quadratic = xp.sqrt(xp.mean(x**2))
    return harmonic + quadratic + xp.prod(x)


@case(
    "tensorflow/tensorflow/issues/3862", "life", [1e200, 2e200, 4e200], single=([1e30, 2e30, 4e30],)
)
def geometric_mean_of_huge(xp, sp, x):
    return xp.prod(x) ** (1 / 3)


@case("jax-ml/jax/issues/34139", "life", 0.0, 3.0, 6.0)
def root_of_equation_without_square(xp, sp, a, b, c):
    return (-b + xp.sqrt(b**2 - 4 * a * c)) / (2 * a)


@case("SauersML/gam/issues/3235", "life", 1e10, single=(1e5,))
def difference_of_digammas(xp, sp, x):
    return sp.digamma(x + 1) - sp.digamma(x)


@case("EPFL-Center-for-Imaging/splinebox/issues/1", "life", 2.0, [1.0, 4.0, 2.0, 0.0])
def interpolated_at_a_pixel(xp, sp, x, image):
    weights = xp.maximum(0.0, 1 - xp.abs(x - like(x, [0.0, 1.0, 2.0, 3.0])))
    return xp.sum(weights * image) ** 2


@case("jax-ml/jax/issues/23842", "life", [float("nan"), 2.0, 0.5])
def likelihood_without_missing(xp, sp, x):
    return xp.nansum(-0.5 * xp.log(x) ** 2 - xp.log(x))
