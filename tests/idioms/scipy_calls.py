"""SciPy: special functions, linear algebra, and the solvers that cannot be traced yet."""

import numpy as np
import scipy.linalg as sla
from scipy import integrate, optimize, special
from scipy.special import expit, logsumexp

from .suite import idiom


@idiom
def special_functions(x):
    return special.erf(x[0]) + special.gammaln(x[1]) + special.j0(x[2]) + special.expit(x[3])


@idiom
def log_sum_exp_imported(x):
    return logsumexp(x) + logsumexp([x[0], 2 * x[1]]) + np.sum(expit(x))


@idiom
def normal_cdf_and_softmax(x):
    return special.ndtr(x[0]) + special.softmax(x)[1] + np.sum(special.log_softmax(x))


@idiom
def beta_functions(x):
    return special.gammaln(x[0]) * x[1] + special.digamma(x[2]) + special.xlogy(x[3], x[0])


@idiom
def scipy_solve(x):
    a = np.outer(x, x) + np.eye(4)
    return sla.solve(a, x)[0] + np.log(sla.det(a))


@idiom
def scipy_cholesky(x):
    a = np.outer(x, x) + np.eye(4)
    low = sla.cholesky(a, lower=True)
    return np.sum(sla.solve_triangular(low, x, lower=True) ** 2)


@idiom
def matrix_exponential(x):
    a = np.array([[0.0, x[0]], [-x[1], x[2]]])
    return sla.expm(a)[0, 1] + np.trace(sla.expm(a * x[3]))


@idiom(error="bibun has no rule for numpy ufunc struve: write it with the functions in the table")
def ufunc_without_rule(x):
    return special.struve(x[0], x[1])


@idiom(error="float(x) needs a plain number and would lose the derivative of a traced array")
def integrated(x):
    return integrate.quad(lambda t: np.exp(-x[0] * t**2), 0.0, 1.0)[0] * x[1]


@idiom(error="scipy.optimize.brentq of a function of traced arrays would lose the derivative")
def root_found(x):
    return optimize.brentq(lambda y: y**3 + x[0] * y - x[1], 0.0, 2.0)
