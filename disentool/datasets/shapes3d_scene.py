"""The scene of 3D Shapes: camera, room, light and object, recovered from published frames; rays are cast here.

Lengths are in half room widths, z points up, the floor is z = 0, the object stands on the z axis and the back wall is
at y = 1. The camera orbits the z axis; everything else stays where it is. Colours play no part: a :class:`Shading` says
by how much each of 192 x 192 samples multiplies the hue of floor, wall or object, and how much white it adds.

The constants are a least-squares fit to 50 published frames, which they give at 38 dB (fitted to half of them, the
other half is at 38 dB too). Left out: a faint pattern on walls and floor (a few
percent), and the dark seam at the wall's foot.

The same on every machine: float64 with + - * / and square roots in a fixed order, which IEEE 754 rounds alike, and
sines and cosines rounded to 40 bits. Only the interpolation on curved shapes takes arcs from the machine's libm, and
those within it are continuous: a sample changes only if it lies within 1e-13 of a step between two of 256 levels.
"""

import math
from dataclasses import dataclass
from functools import cache

import numpy as np

SIDE = 192  # samples along each side of a frame: three per pixel
CUBE, CYLINDER, SPHERE, CAPSULE = range(4)

_FOCAL = 3 * 69.257  # samples
_RIGHT, _DOWN = 0.035, 0.578  # samples by which each is taken off its middle
_ORBIT, _HEIGHT = 0.7455, 0.2230  # of the camera: distance from the axis, and above the floor
_SIDE_WALL, _BACK_WALL, _WALL_TOP = 1.0066, 1.0, 0.5782
_HALF_EDGE = 0.1035
_RADIUS = {CYLINDER: 0.1105, SPHERE: 0.1250, CAPSULE: 0.0957}
_HALF_LENGTH = {CYLINDER: 0.1107, SPHERE: 0.0, CAPSULE: 0.0959}  # of the straight part
_AMBIENT, _HEADLIGHT, _MAIN, _SPECULAR = 0.3539, 0.5877, 0.9592, 0.1525
_LIGHT = (-0.4376, 0.1311, 2.3768)  # the spot, which points straight down
_SHADOW_LIGHT = (-0.4027, 0.1479, 2.1015)  # where the shadow is cast from
_SECTORS, _RINGS = 28, 16  # of the mesh that curved shapes are lit on

Points = tuple[np.ndarray, np.ndarray, np.ndarray]  # x, y, z; each float64 [n]
Vector = tuple[float, float, float]
Axis = np.ndarray | float
Origin = tuple[Axis, Axis, Axis]  # of rays: one for all, or one for each


@dataclass(frozen=True)
class Shading:
    """What one surface contributes to a frame: hue * ``shade`` + ``white`` at the samples ``where``.

    ``where``: int64 [n], indices into the frame's 192 * 192 samples, row by row. ``shade``, ``white``: float64 [n]; 1
    is full brightness, and more is possible.
    """

    where: np.ndarray
    shade: np.ndarray
    white: np.ndarray


def cast(shape: int, scale: float, degrees: float) -> tuple[Shading, Shading, Shading]:
    """Floor, walls and object of one frame; what none of them covers is sky. ``degrees``: the camera's angle."""
    origin, ray, forward = _camera(degrees)
    room = _room(degrees)
    at = _hit(shape, scale, origin, ray)
    seen = np.flatnonzero(at < room.distance)
    point = _along(origin, _some(ray, seen), at[seen])
    thing = Shading(seen, *_light_object(shape, scale, point, forward))
    free = at >= room.distance

    floor = np.flatnonzero(free & room.is_floor)
    spot = room.point[0][floor], room.point[1][floor], np.zeros(len(floor))
    dark = np.isfinite(_hit(shape, scale, spot, _towards(_SHADOW_LIGHT, spot)))
    shade = np.where(dark, _AMBIENT, _AMBIENT + room.main[floor])
    ground = Shading(floor, shade, np.zeros(len(floor)))

    wall = np.flatnonzero(free & room.is_wall)
    shade = _AMBIENT + room.headlight[wall] + room.main[wall]
    return ground, Shading(wall, shade, np.zeros(len(wall))), thing


# ---- camera and room


@cache
def _camera(degrees: float) -> tuple[Vector, Points, Vector]:
    """Position, a ray per sample (its forward part has length 1), and the direction that the camera looks in."""
    cos, sin = _cos(math.radians(degrees)), _sin(math.radians(degrees))
    offsets = np.arange(SIDE) + 0.5 - SIDE / 2
    right, down = np.tile((offsets + _RIGHT) / _FOCAL, SIDE), np.repeat((offsets + _DOWN) / _FOCAL, SIDE)
    return (_ORBIT * sin, -_ORBIT * cos, _HEIGHT), (right * cos - sin, right * sin + cos, -down), (-sin, cos, 0.0)


@dataclass(frozen=True)
class _Room:
    """The empty room from one camera, arrays of [192 * 192]; ``distance`` along the ray, infinite for the sky."""

    distance: np.ndarray
    point: Points
    is_floor: np.ndarray
    is_wall: np.ndarray
    headlight: np.ndarray
    main: np.ndarray


@cache
def _room(degrees: float) -> _Room:
    origin, ray, forward = _camera(degrees)
    with np.errstate(divide="ignore"):
        to_floor = np.where(ray[2] < 0, -origin[2] / ray[2], np.inf)
        to_back = np.where(ray[1] > 0, (_BACK_WALL - origin[1]) / ray[1], np.inf)
        to_side = np.where(ray[0] != 0, (np.copysign(_SIDE_WALL, ray[0]) - origin[0]) / ray[0], np.inf)
    to_wall = np.minimum(to_back, to_side)
    distance = np.minimum(to_floor, to_wall)
    point = _along(origin, ray, distance)
    is_floor = to_floor < to_wall
    is_wall = ~is_floor & (point[2] < _WALL_TOP)
    side = ~is_floor & (to_side < to_back)
    back = ~is_floor & ~side
    normal = -np.copysign(side * 1.0, ray[0]), -(back * 1.0), is_floor * 1.0
    headlight = _HEADLIGHT * np.maximum(0, -_dot(forward, normal))
    main, _ = _spot(point, normal)
    distance = np.where(is_floor | is_wall, distance, np.inf)
    return _Room(distance, point, is_floor, is_wall, headlight, main)


# ---- light


def _spot(point: Points, normal: Points) -> tuple[np.ndarray, np.ndarray]:
    """Main light and specular light that reach a point: float64 [n] each."""
    to_light = _towards(_LIGHT, point)
    length = np.sqrt(_dot(to_light, to_light))
    facing = _dot(normal, to_light) / length
    cone = _power(np.maximum(to_light[2] / length, 0))
    return _MAIN * np.maximum(0, facing) * cone, _SPECULAR * cone * (facing > 0)


def _power(c: np.ndarray) -> np.ndarray:
    """c ** 12.2 for c in 0..1: the fifth root of c by Newton's method from above, then products."""
    root = np.ones_like(c)
    for _ in range(12):  # exact for the cosines above 0.1 that occur
        fourth = root * root
        fourth = fourth * fourth
        root = (4 * root + c / fourth) / 5
    c4 = c * c
    c4 = c4 * c4
    return c4 * c4 * c4 * root


def _light_object(shape: int, scale: float, point: Points, forward: Vector) -> tuple[np.ndarray, np.ndarray]:
    """``shade`` and ``white`` of the object at points on its surface."""
    if shape == CUBE:
        half = _HALF_EDGE * scale
        inner = np.stack([np.abs(point[0]), np.abs(point[1]), np.abs(point[2] - half)])
        face = inner.argmax(axis=0)
        sign = np.copysign(1.0, (point[0], point[1], point[2] - half))
        normal = (face == 0) * sign[0], (face == 1) * sign[1], (face == 2) * sign[2]
        return _lit(point, normal, forward)
    return _lit_on_mesh(shape, scale, point, forward)


def _lit(point: Points, normal: Points, forward: Vector) -> tuple[np.ndarray, np.ndarray]:
    """``shade`` and ``white`` at points of the object with these normals."""
    main, white = _spot(point, normal)
    return _AMBIENT + _HEADLIGHT * np.maximum(0, -_dot(forward, normal)) + main, white


def _lit_on_mesh(shape: int, scale: float, point: Points, forward: Vector) -> tuple[np.ndarray, np.ndarray]:
    """Light at the vertices of a mesh of sectors and rings, interpolated between them: a soft terminator, as published.

    Two half balls of 8 rings each, with the straight part between their equators; of a cylinder the straight part only,
    and its upper disc lit point by point.
    """
    radius, half = _RADIUS[shape] * scale, _HALF_LENGTH[shape] * scale
    rings = 0 if shape == CYLINDER else _RINGS // 2
    foot = 0.0 if shape == CYLINDER else radius
    top = foot + 2 * half
    x, y, z = point

    angles = [math.pi / 2 * (ring / rings) for ring in range(-rings, rings + 1)] if rings else [0.0]
    angles.insert(rings, 0.0)  # the equator twice: at the foot and at the top of the straight part
    turns = [2 * math.pi * sector / _SECTORS for sector in range(_SECTORS)]
    flat = np.array([_cos(angle) for angle in angles])[:, None]
    up = np.array([_sin(angle) for angle in angles])[:, None] + np.zeros(_SECTORS)
    normal = flat * [_cos(turn) for turn in turns], flat * [_sin(turn) for turn in turns], up
    centre = np.repeat((foot, top), rings + 1)[:, None]
    vertices = radius * normal[0], radius * normal[1], centre + radius * normal[2]

    along = np.arctan2(y, x) / (2 * math.pi) % 1 * _SECTORS
    rise = np.clip((z - np.clip(z, foot, top)) / radius, -1, 1)
    straight = np.clip((z - foot) / (2 * half), 0, 1) if half else z > foot
    height = np.arcsin(rise) / (math.pi / 2) * rings + rings + straight
    if shape == CYLINDER:
        height = straight
    sector, ring = along.astype(int), np.minimum(height.astype(int), 2 * rings)
    right, above = along - sector, height - ring
    sector, following = sector % _SECTORS, (sector + 1) % _SECTORS
    shade, white = (
        (light[ring, sector] * (1 - right) + light[ring, following] * right) * (1 - above)
        + (light[ring + 1, sector] * (1 - right) + light[ring + 1, following] * right) * above
        for light in _lit(vertices, normal, forward)
    )
    if shape == CYLINDER:
        disc = np.flatnonzero(z >= top - 1e-9)
        upwards = np.zeros(len(disc)), np.zeros(len(disc)), np.ones(len(disc))
        shade[disc], white[disc] = _lit(_some(point, disc), upwards, forward)
    return shade, white


# ---- geometry


def _hit(shape: int, scale: float, origin: Origin, ray: Points) -> np.ndarray:
    """Where rays first meet the object: multiples of ``ray`` from ``origin``, infinite where they miss. Float64 [n]."""
    with np.errstate(divide="ignore", invalid="ignore"):
        if shape == CUBE:
            half = _HALF_EDGE * scale
            return _hit_box(half, origin, ray)
        radius, half = _RADIUS[shape] * scale, _HALF_LENGTH[shape] * scale
        if shape == CYLINDER:
            side = _hit_side(radius, 0, 2 * half, origin, ray)
            return np.minimum(side, _hit_disc(radius, 2 * half, origin, ray))
        low = _hit_ball(radius, radius, origin, ray)
        if shape == SPHERE:
            return low
        high = _hit_ball(radius, radius + 2 * half, origin, ray)
        return np.minimum(np.minimum(low, high), _hit_side(radius, radius, radius + 2 * half, origin, ray))


def _hit_box(half: float, origin: Origin, ray: Points) -> np.ndarray:
    near: Axis = -np.inf
    far: Axis = np.inf
    for axis, (low, high) in enumerate(((-half, half), (-half, half), (0, 2 * half))):
        a, b = (low - origin[axis]) / ray[axis], (high - origin[axis]) / ray[axis]
        near, far = np.maximum(near, np.minimum(a, b)), np.minimum(far, np.maximum(a, b))
    return np.where((near <= far) & (far > 0), near, np.inf)


def _hit_ball(radius: float, height: float, origin: Origin, ray: Points) -> np.ndarray:
    centre = origin[0], origin[1], origin[2] - height
    return _nearer_root(_dot(ray, ray), _dot(centre, ray), _square(centre) - radius * radius)


def _hit_side(radius: float, low: float, high: float, origin: Origin, ray: Points) -> np.ndarray:
    at = _nearer_root(
        ray[0] * ray[0] + ray[1] * ray[1],
        origin[0] * ray[0] + origin[1] * ray[1],
        origin[0] * origin[0] + origin[1] * origin[1] - radius * radius,
    )
    z = origin[2] + at * ray[2]
    return np.where((z >= low) & (z <= high), at, np.inf)


def _hit_disc(radius: float, height: float, origin: Origin, ray: Points) -> np.ndarray:
    at = (height - origin[2]) / ray[2]
    x, y, _ = _along(origin, ray, at)
    return np.where((at > 0) & (x * x + y * y <= radius * radius), at, np.inf)


def _nearer_root(a: np.ndarray, b: np.ndarray, c: Axis) -> np.ndarray:
    """The smaller root of a t^2 + 2 b t + c, infinite where there is none."""
    inside = b * b - a * c
    return np.where(inside >= 0, (-b - np.sqrt(np.maximum(inside, 0))) / a, np.inf)


def _along(origin: Origin, ray: Points, at: np.ndarray) -> Points:
    return origin[0] + at * ray[0], origin[1] + at * ray[1], origin[2] + at * ray[2]


def _towards(end: Vector, start: Points) -> Points:
    return end[0] - start[0], end[1] - start[1], end[2] - start[2]


def _some(points: Points, rows: np.ndarray) -> Points:
    return points[0][rows], points[1][rows], points[2][rows]


def _dot(a: Origin, b: Points) -> np.ndarray:
    return a[0] * b[0] + a[1] * b[1] + a[2] * b[2]


def _square(a: Origin) -> Axis:
    return a[0] * a[0] + a[1] * a[1] + a[2] * a[2]


def _cos(angle: float) -> float:
    return round(math.cos(angle) * 2**40) / 2**40


def _sin(angle: float) -> float:
    return round(math.sin(angle) * 2**40) / 2**40
