"""A robot arm: forward kinematics, dynamics by recursion, and a trajectory of least effort."""

import math
import typing

import numpy as np

GRAVITY = np.array([0.0, 0.0, -9.81])


class Inertia(typing.NamedTuple):
    mass: float
    centre: np.ndarray
    tensor: np.ndarray

    @classmethod
    def rod(cls, mass, length):
        small = 1e-3 * mass
        return cls(
            mass,
            np.array([length / 2, 0.0, 0.0]),
            np.diag([small, mass * length**2 / 12, mass * length**2 / 12]),
        )


def skew(v):
    S = np.zeros((3, 3))
    S[0, 1], S[0, 2], S[1, 2] = -v[2], v[1], -v[0]
    S -= S.T
    return S


def rotation(axis, angle):
    """Rodrigues' formula."""
    axis = np.asarray(axis, dtype=float)
    if not math.isclose(np.linalg.norm(axis), 1.0, rel_tol=1e-9):
        raise ValueError(f"an axis has length one: {axis}")
    K = skew(axis)
    return np.eye(3) + math.sin(angle) * K + (1 - math.cos(angle)) * (K @ K)


def quaternion(R):
    """Unit quaternion of a rotation, by the largest of four numbers."""
    q = np.empty(4)
    t = np.trace(R)
    if t > 0:
        s = 2 * math.sqrt(1 + t)
        q[0] = s / 4
        q[1:] = (R[2, 1] - R[1, 2]) / s, (R[0, 2] - R[2, 0]) / s, (R[1, 0] - R[0, 1]) / s
    else:
        i = int(np.argmax(np.diag(R)))
        j, k = (i + 1) % 3, (i + 2) % 3
        s = 2 * math.sqrt(1 + R[i, i] - R[j, j] - R[k, k])
        q[0] = (R[k, j] - R[j, k]) / s
        q[1 + i] = s / 4
        q[1 + j] = (R[j, i] + R[i, j]) / s
        q[1 + k] = (R[k, i] + R[i, k]) / s
    return q if q[0] >= 0 else -q


class Joint:
    """One revolute joint and the link behind it."""

    __slots__ = ("axis", "inertia", "length", "limits")

    def __init__(self, axis, length, mass, limits=(-math.pi, math.pi)):
        if length <= 0:
            raise ValueError("a link needs a length")
        self.axis, self.length, self.limits = np.asarray(axis, float), length, limits
        self.inertia = Inertia.rod(mass, length)

    def transform(self, angle):
        T = np.eye(4)
        T[:3, :3] = rotation(self.axis, angle)
        T[:3, 3] = T[:3, :3] @ [self.length, 0.0, 0.0]
        return T

    def excess(self, angle):
        low, high = self.limits
        return max(0.0, angle - high) + max(0.0, low - angle)


class Arm:
    def __init__(self, *joints):
        self.joints = joints

    def __len__(self):
        return len(self.joints)

    def pose(self, angles):
        if len(angles) != len(self):
            raise ValueError(f"{len(self)} angles are needed")
        frames = [np.eye(4)]
        for joint, angle in zip(self.joints, angles, strict=True):
            frames.append(frames[-1] @ joint.transform(angle))
        return frames

    def jacobian(self, angles):
        """Of the tip's position, by cross products."""
        frames = self.pose(angles)
        tip = frames[-1][:3, 3]
        J = np.zeros((3, len(self)))
        for i, joint in enumerate(self.joints):
            J[:, i] = np.cross(frames[i][:3, :3] @ joint.axis, tip - frames[i][:3, 3])
        return J

    def torques(self, q, dq, ddq):
        """Inverse dynamics by the recursion of Newton and Euler, in frames of the links."""
        w, dw, a = np.zeros(3), np.zeros(3), -GRAVITY
        links = []
        for joint, angle, v, dv in zip(self.joints, q, dq, ddq, strict=True):
            R = rotation(joint.axis, angle).T
            w_in, dw_in, a = R @ w, R @ dw, R @ a
            w = w_in + joint.axis * v
            dw = dw_in + joint.axis * dv + np.cross(w_in, joint.axis * v)
            mass, c, I = joint.inertia  # noqa: E741
            force = mass * (a + np.cross(dw, c) + np.cross(w, np.cross(w, c)))
            moment = I @ dw + np.cross(w, I @ w)
            links.append((R, force, moment))
            arm = np.array([joint.length, 0.0, 0.0])
            a = a + np.cross(dw, arm) + np.cross(w, np.cross(w, arm))
        return self._collect(links)

    def _collect(self, links):
        tau = np.zeros(len(self))
        f, n = np.zeros(3), np.zeros(3)
        for i in range(len(self) - 1, -1, -1):
            joint, (R, force, moment) = self.joints[i], links[i]
            arm = np.array([joint.length, 0.0, 0.0])
            n = n + moment + np.cross(joint.inertia.centre, force) + np.cross(arm, f)
            f = f + force
            tau[i] = n @ joint.axis
            f, n = R.T @ f, R.T @ n
        return tau


def polynomial_path(start, end, shape, t):
    """Quintic from rest to rest, bent by `shape`; angles, speeds and accelerations."""
    blend = np.poly1d([6.0, -15.0, 10.0, 0.0, 0.0, 0.0])
    bend = np.poly1d([1.0, -3.0, 3.0, -1.0, 0.0, 0.0, 0.0])
    values = []
    for _ in range(3):
        values.append(start + np.multiply.outer(blend(t), end - start) + bend(t)[:, None] * shape)
        blend, bend, start = blend.deriv(), bend.deriv(), 0.0
    return values


ARM = Arm(
    Joint([0, 0, 1], 0.3, 2.0),
    Joint([0, 1, 0], 0.5, 1.5, limits=(-1.2, 1.2)),
    Joint([0, 1, 0], 0.4, 1.0, limits=(-2.5, 0.1)),
)
GOAL = np.array([0.2, 0.6, 0.5])
START = np.concatenate([[1.0, -0.7, 0.3], [2.0, -4.0, 3.0], [0.2]])


def objective(params):
    """Effort, miss and manipulability of a motion to `params[:3]` that lasts exp(params[6])."""
    end, shape, duration = params[:3], params[3:6], math.exp(params[6])
    t = np.linspace(0.0, 1.0, 9)
    q, dq, ddq = polynomial_path(np.array([0.1, 0.2, -0.3]), end, shape, t)
    dq, ddq = dq / duration, ddq / duration**2
    effort = np.trapezoid([np.sum(ARM.torques(*row) ** 2) for row in zip(q, dq, ddq)], t)  # noqa: B905
    tip = ARM.pose(end)[-1]
    miss = tip[:3, 3] - GOAL
    J = ARM.jacobian(end)
    manipulability = math.sqrt(np.linalg.det(J @ J.T))
    limits = sum(j.excess(a) ** 2 for row in q for j, a in zip(ARM.joints, row, strict=True))
    turn = 2 * math.acos(quaternion(tip[:3, :3])[0])
    return 1e-3 * effort * duration + miss @ miss - 0.1 * manipulability + limits + 0.01 * turn


if __name__ == "__main__":
    print(f"objective {objective(START):.6f}")
