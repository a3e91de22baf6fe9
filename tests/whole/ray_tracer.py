"""A small recursive ray tracer: spheres and a chequered floor, lights, shadows, reflection."""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from dataclasses import dataclass
from functools import reduce

import numpy as np

FAR = float("inf")
EPSILON = 1e-6


@dataclass(frozen=True)
class Vector:
    x: float
    y: float
    z: float

    def __add__(self, other: Vector) -> Vector:
        return Vector(self.x + other.x, self.y + other.y, self.z + other.z)

    def __sub__(self, other: Vector) -> Vector:
        return Vector(self.x - other.x, self.y - other.y, self.z - other.z)

    def __mul__(self, factor: float) -> Vector:
        if isinstance(factor, Vector):
            return Vector(self.x * factor.x, self.y * factor.y, self.z * factor.z)
        return Vector(self.x * factor, self.y * factor, self.z * factor)

    __rmul__ = __mul__

    def __neg__(self) -> Vector:
        return self * -1.0

    def __matmul__(self, other: Vector) -> float:
        return self.x * other.x + self.y * other.y + self.z * other.z

    def __abs__(self) -> float:
        return math.sqrt(self @ self)

    def __iter__(self):
        return iter((self.x, self.y, self.z))

    def normalised(self) -> Vector:
        length = abs(self)
        if length < 1e-12:
            raise ZeroDivisionError("a vector of length zero has no direction")
        return self * (1.0 / length)

    def reflected(self, normal: Vector) -> Vector:
        return self - 2.0 * (self @ normal) * normal


@dataclass
class Material:
    colour: Vector
    diffuse: float = 0.8
    specular: float = 0.4
    shininess: float = 20.0
    mirror: float = 0.0


@dataclass
class Ray:
    origin: Vector
    direction: Vector

    def at(self, t: float) -> Vector:
        return self.origin + t * self.direction


class Shape(ABC):
    @abstractmethod
    def intersect(self, ray: Ray) -> float:
        """Distance along the ray, or FAR."""

    @abstractmethod
    def normal(self, point: Vector) -> Vector: ...

    @abstractmethod
    def material_at(self, point: Vector) -> Material: ...


class Sphere(Shape):
    def __init__(self, centre, radius, material):
        assert radius > 0
        self.centre, self.radius, self.material = centre, radius, material

    def intersect(self, ray):
        offset = ray.origin - self.centre
        b = offset @ ray.direction
        c = offset @ offset - self.radius**2
        discriminant = b * b - c
        if discriminant <= 0.0:
            return FAR
        root = math.sqrt(discriminant)
        for t in (-b - root, -b + root):
            if t > EPSILON:
                return t
        return FAR

    def normal(self, point):
        return (point - self.centre).normalised()

    def material_at(self, point):
        return self.material


class Floor(Shape):
    def __init__(self, height, light, dark):
        self.height, self.materials = height, (light, dark)

    def intersect(self, ray):
        if abs(ray.direction.y) < EPSILON:
            return FAR
        t = (self.height - ray.origin.y) / ray.direction.y
        return t if t > EPSILON else FAR

    def normal(self, point):
        return Vector(0.0, 1.0, 0.0)

    def material_at(self, point):
        return self.materials[(math.floor(point.x) + math.floor(point.z)) % 2]


@dataclass
class Scene:
    shapes: list[Shape]
    lights: list[tuple[Vector, float]]
    sky: Vector = Vector(0.2, 0.3, 0.5)  # noqa: RUF009
    ambient: float = 0.1

    def hit(self, ray):
        distances = [shape.intersect(ray) for shape in self.shapes]
        nearest = min(range(len(distances)), key=distances.__getitem__)
        return distances[nearest], self.shapes[nearest]

    def is_shadowed(self, point, light):
        way = light - point
        distance = abs(way)
        ray = Ray(point, way * (1 / distance))
        return any(s.intersect(ray) < distance for s in self.shapes)

    def shade(self, ray, depth=0):
        t, shape = self.hit(ray)
        if t == FAR:
            fade = 0.5 * (ray.direction.y + 1.0)
            return self.sky * fade + Vector(1.0, 1.0, 1.0) * (1 - fade)
        point = ray.at(t)
        normal = shape.normal(point)
        if normal @ ray.direction > 0:
            normal = -normal
        point = point + normal * 1e-4
        material = shape.material_at(point)
        parts = [self.illuminate(point, normal, ray, light, material) for light in self.lights]
        colour = reduce(Vector.__add__, parts, material.colour * self.ambient)
        if material.mirror > 0 and depth < 2:
            mirrored = self.shade(Ray(point, ray.direction.reflected(normal)), depth + 1)
            colour = colour * (1 - material.mirror) + mirrored * material.mirror
        return colour

    def illuminate(self, point, normal, ray, light, material):
        position, power = light
        if self.is_shadowed(point, position):
            return Vector(0.0, 0.0, 0.0)
        way = position - point
        towards = way.normalised()
        power = power / (1 + 0.1 * (way @ way))
        lambert = max(0.0, towards @ normal) * material.diffuse
        shine = max(0.0, towards @ ray.direction.reflected(normal))
        highlight = material.specular * shine**material.shininess
        return (material.colour * lambert + Vector(1.0, 1.0, 1.0) * highlight) * power


def render(scene, width, height, field_of_view=1.0):
    image = np.zeros((height, width, 3))
    eye = Vector(0.0, 0.6, -3.0)
    for row in range(height):
        for column in range(width):
            u = ((column + 0.5) / width - 0.5) * field_of_view * width / height
            v = (0.5 - (row + 0.5) / height) * field_of_view
            colour = scene.shade(Ray(eye, Vector(u, v - 0.1, 1.0).normalised()))
            image[row, column] = list(colour)
    np.clip(image, 0.0, None, out=image)
    image /= 1.0 + image
    return image


def make_scene(params):
    x, y, z, radius, red, mirror, light_x, power = params
    ball = Sphere(Vector(x, y, z), radius, Material(Vector(red, 0.3, 0.2), mirror=mirror))
    small = Sphere(Vector(0.9, 0.35, 0.2), 0.35, Material(Vector(0.2, 0.7, 0.3)))
    tiles = [Material(Vector(c, c, c), specular=0.0) for c in (0.9, 0.2)]
    lights = [(Vector(light_x, 4.0, -2.0), power), (Vector(-3.0, 3.0, -1.0), 0.6)]
    return Scene([ball, small, Floor(0.0, *tiles)], lights)


START = np.array([-0.3, 0.7, 0.5, 0.7, 0.8, 0.4, 2.0, 1.5])


def objective(params, size=(9, 7)):
    """Difference to a picture: a warm gradient."""
    image = render(make_scene(params), *size)
    height, width = image.shape[:2]
    wanted = np.stack(np.meshgrid(np.linspace(0, 1, width), np.linspace(1, 0, height)), axis=-1)
    wanted = np.dstack([wanted, np.full((height, width), 0.3)])
    return np.mean((image - wanted) ** 2) + 0.1 * np.var(image.mean(axis=2))


if __name__ == "__main__":
    picture = render(make_scene(START), 60, 24).mean(axis=2)
    for line in picture:
        print("".join(" .:-=+*#%@"[int(9.99 * v)] for v in line))
    print(objective(START))
