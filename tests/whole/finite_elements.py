"""Plane stress with bilinear quadrilaterals: the compliance of a plate of graded thickness.

Every element is integrated by 2 x 2 Gauss points and assembled into the global matrix; supports
are eliminated, the rest is solved, and the stresses are averaged at the nodes.
"""

import itertools
import sys

import numpy as np

GAUSS = 1.0 / np.sqrt(3.0)
CORNERS = np.array([[-1, -1], [1, -1], [1, 1], [-1, 1]])


class Mesh:
    def __init__(self, nx, ny, width, height):
        if nx < 1 or ny < 1:
            raise ValueError(f"a mesh needs elements, got {nx} x {ny}")
        self.nx, self.ny = nx, ny
        xs = np.linspace(0.0, width, nx + 1)
        ys = np.linspace(0.0, height, ny + 1)
        self.nodes = np.array([(x, y) for y in ys for x in xs])
        self.elements = []
        for j, i in itertools.product(range(ny), range(nx)):
            a = j * (nx + 1) + i
            self.elements.append((a, a + 1, a + nx + 2, a + nx + 1))

    @property
    def n_dofs(self):
        return 2 * len(self.nodes)

    def left(self):
        return np.flatnonzero(np.isclose(self.nodes[:, 0], 0.0))

    def right(self):
        return np.flatnonzero(np.isclose(self.nodes[:, 0], self.nodes[:, 0].max()))


def dofs_of(nodes):
    nodes = np.asarray(nodes)
    dofs = np.empty(2 * len(nodes), dtype=int)
    dofs[0::2] = 2 * nodes
    dofs[1::2] = 2 * nodes + 1
    return dofs


def elasticity(young, poisson):
    if not 0.0 <= poisson < 0.5:
        raise ValueError(f"Poisson's ratio {poisson} is out of range")
    D = np.array([[1.0, poisson, 0.0], [poisson, 1.0, 0.0], [0.0, 0.0, 0.5 * (1 - poisson)]])
    return D * young / (1 - poisson**2)


def shape_gradients(xi, eta):
    """Derivatives of the four shape functions in the parent square."""
    dN = np.zeros((2, 4))
    for k, (a, b) in enumerate(CORNERS):
        dN[0, k] = 0.25 * a * (1 + b * eta)
        dN[1, k] = 0.25 * b * (1 + a * xi)
    return dN


def strain_matrix(coordinates, xi, eta):
    dN = shape_gradients(xi, eta)
    J = dN @ coordinates
    area = np.linalg.det(J)
    if area <= 0:
        raise ValueError("an element is turned inside out")
    dN = np.linalg.inv(J) @ dN
    B = np.zeros((3, 8))
    B[0, 0::2] = dN[0]
    B[1, 1::2] = dN[1]
    B[2, 0::2] = dN[1]
    B[2, 1::2] = dN[0]
    return B, area


def element_stiffness(coordinates, D, thickness):
    ke = np.zeros((8, 8))
    for xi, eta in itertools.product((-GAUSS, GAUSS), repeat=2):
        B, area = strain_matrix(coordinates, xi, eta)
        ke += B.T @ D @ B * area * thickness
    return ke


def assemble(mesh, nodes, D, thickness):
    K = np.zeros((mesh.n_dofs, mesh.n_dofs))
    for element, t in zip(mesh.elements, thickness, strict=True):
        dofs = dofs_of(element)
        K[np.ix_(dofs, dofs)] += element_stiffness(nodes[list(element)], D, t)
    return K


def solve(K, load, fixed):
    free = np.setdiff1d(np.arange(len(load)), fixed)
    u = np.zeros(len(load))
    u[free] = np.linalg.solve(K[np.ix_(free, free)], load[free])
    return u


def von_mises(mesh, nodes, D, u):
    """Stress at the element centres, averaged at the nodes."""
    total = np.zeros(len(nodes))
    count = np.zeros(len(nodes), dtype=int)
    for element in mesh.elements:
        B, _ = strain_matrix(nodes[list(element)], 0.0, 0.0)
        sx, sy, sxy = D @ B @ u[dofs_of(element)]
        mises = np.sqrt(sx**2 - sx * sy + sy**2 + 3 * sxy**2)
        np.add.at(total, list(element), mises)
        np.add.at(count, list(element), 1)
    return total / count


MESH = Mesh(4, 2, 2.0, 1.0)
START = np.concatenate([np.log([1.0, 0.8, 1.2, 0.9, 1.1, 1.0, 0.7, 1.3]), [0.1, -0.05, 1.2, 0.3]])


def objective(params, verbose=False):
    """Compliance and peak stress, for thicknesses, a bump of the upper edge, and the material."""
    params = np.asarray(params)
    n = len(MESH.elements)
    thickness = np.exp(params[:n])
    bump, skew, young, poisson = params[n:]
    nodes = MESH.nodes.copy()
    top = nodes[:, 1] > 0.99
    nodes[top, 1] += bump * np.sin(np.pi * nodes[top, 0] / 2.0)
    nodes[:, 0] += skew * nodes[:, 1] * nodes[:, 0]
    D = elasticity(young, poisson)
    K = assemble(MESH, nodes, D, thickness)
    load = np.zeros(MESH.n_dofs)
    load[2 * MESH.right() + 1] = -0.1
    u = solve(K, load, dofs_of(MESH.left()))
    stress = von_mises(MESH, nodes, D, u)
    if verbose:
        print("largest displacement %.4f" % np.abs(u).max(), file=sys.stderr)
    p_norm = np.sum(stress**8) ** (1 / 8)
    return load @ u + 0.1 * p_norm + 0.05 * np.sum(thickness) / n


if __name__ == "__main__":
    print(objective(START, verbose=True))
