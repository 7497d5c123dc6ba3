"""3D Shapes (Burgess & Kim 2018): rendered from its scene, or read from the published ``3dshapes.h5``.

The set is a grid of six factors, row-major: floor, wall and object hue, scale, shape, orientation. The last three
choose one of 480 geometries, whose rays are cast once (see ``shapes3d_scene``). A hue's red, green and blue take four
values each, so that the 1,000 colourings of a geometry are made of 64 pictures per channel, which are painted and
reduced.
"""

import math
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

import h5py
import numpy as np
from joblib import cpu_count
from PIL import Image

from disentool.datasets import shapes3d_scene as scene
from disentool.datasets.source import Source, ascending
from disentool.errors import DisentoolError, ForeignFile, MissingFile
from disentool.io import files, hdf5

NAMES = ("floor_hue", "wall_hue", "object_hue", "scale", "shape", "orientation")
SIZES = (10, 10, 10, 8, 4, 15)
VALUES = {
    "floor_hue": np.arange(10) / 10,  # of a turn, as HSV counts it
    "wall_hue": np.arange(10) / 10,
    "object_hue": np.arange(10) / 10,
    "scale": np.linspace(0.75, 1.25, 8),  # of the object
    "shape": np.arange(4.0),  # cube, cylinder, sphere, capsule
    "orientation": np.linspace(-30, 30, 15),  # degrees, of the camera about the object
}
ROWS = math.prod(SIZES)
COLOURINGS, GEOMETRIES = math.prod(SIZES[:3]), math.prod(SIZES[3:])
SIDE = 64

# HSV(k / 10, 1, 1) in fifths of full brightness: [hue, channel]
_HUES = np.array(
    [(5, 0, 0), (5, 3, 0), (4, 5, 0), (1, 5, 0), (0, 5, 2), (0, 5, 5), (0, 2, 5), (1, 0, 5), (4, 0, 5), (5, 0, 3)]
)
_SKY = (153, 226, 249)
_LEVELS = [np.unique(channel) for channel in _HUES.T]  # the four values that a channel takes
_INDEX = np.stack([np.searchsorted(*pair) for pair in zip(_LEVELS, _HUES.T, strict=True)], axis=1)  # [hue, channel]
_PICTURES = 4**3  # of one channel: floor, wall and object at one of four levels each

_IMAGES, _LABELS = (ROWS, SIDE, SIDE, 3), (ROWS, len(SIZES))
_BLOCK = GEOMETRIES  # rows made or read at a time: 6 MB, one colouring
# Bytes. h5py's own choice of chunks for this shape spans thousands of rows, and a column of them stays open.
_CACHE = 192 * 2**20
_NEAR = 1e-4  # how far a label may be from its value: the next one is 0.07 away or more


def open_source(path: Path | None) -> Source:
    """The whole set: rendered when ``path`` is None, else read from the published ``3dshapes.h5``, or its folder.

    Images are uint8 [480000, 64, 64, 3]. Rendered ones are not the published pixels, but near them (see
    ``shapes3d_scene``). A published file is checked at once for its layout and its labels. Raises MissingFile when
    there is nothing at ``path``, ForeignFile when it is something else or damaged, the latter also from ``images``.
    """
    if path is None:
        images, origin = _render, "rendered"
    else:
        path = _find(Path(path))
        _check(path)
        with _damage(path):
            origin = f"{path.name} sha256:{files.sha256(path)}"

        def images(rows: np.ndarray | None) -> Iterator[np.ndarray]:
            return _read(path, rows)

    return Source(
        name="shapes3d",
        shape=_IMAGES,
        images=images,
        factors=_factors,
        factor_names=NAMES,
        factor_sizes=SIZES,
        factor_values={name: values.copy() for name, values in VALUES.items()},
        class_numbers=True,
        class_names={"shape": ("cube", "cylinder", "sphere", "capsule")},
        grid=True,
        likelihood="bernoulli",
        source=origin,
        citation="Burgess, Kim: 3D Shapes Dataset, 2018, https://github.com/deepmind/3d-shapes",
        licence="Apache-2.0",
    )


def _factors(rows: np.ndarray | None) -> np.ndarray:
    """Class index of every factor: int32 [n, 6]."""
    rows = np.arange(ROWS) if rows is None else ascending(rows, ROWS)
    return np.stack(np.unravel_index(rows, SIZES), axis=1).astype(np.int32)


def _blocks(rows: np.ndarray | None) -> Iterator[tuple[int, np.ndarray]]:
    """The colourings that any of ``rows`` has: its number, and the geometries asked for in it."""
    if rows is None:
        yield from ((colouring, np.arange(GEOMETRIES)) for colouring in range(COLOURINGS))
        return
    rows = ascending(rows, ROWS)
    blocks, starts = np.unique(rows // _BLOCK, return_index=True)
    for block, asked in zip(blocks.tolist(), np.split(rows, starts[1:]), strict=False):
        yield block, asked - block * _BLOCK


# ---- rendering


def _render(rows: np.ndarray | None) -> Iterator[np.ndarray]:
    """The pictures of every geometry first, in threads, then the colourings put together from them.

    Empty blocks are given meanwhile, so that whoever reads can stop. The whole set's pictures are 377 MB.
    """
    wanted = np.zeros((GEOMETRIES, 3, _PICTURES), bool)
    for colouring, geometries in _blocks(rows):
        wanted[geometries[:, None], np.arange(3), _pictures(colouring)] = True
    needed = np.flatnonzero(wanted.any(axis=(1, 2)))
    place = np.zeros(GEOMETRIES, np.int64)
    place[needed] = np.arange(len(needed))
    store = np.empty((3, _PICTURES, len(needed), SIDE * SIDE), np.uint8)

    def paint(geometry: int) -> None:
        channels, pictures = np.nonzero(wanted[geometry])
        store[channels, pictures, place[geometry]] = _painted(geometry, channels, pictures)

    pool = ThreadPoolExecutor(cpu_count())
    try:
        for _ in pool.map(paint, needed.tolist()):
            yield np.empty((0, SIDE, SIDE, 3), np.uint8)
    finally:
        pool.shutdown(cancel_futures=True)
    for colouring, geometries in _blocks(rows):
        planes = [store[channel, picture] for channel, picture in enumerate(_pictures(colouring))]
        if rows is not None:
            planes = [plane[place[geometries]] for plane in planes]
        yield np.stack(planes, axis=-1).reshape(-1, SIDE, SIDE, 3)


def _pictures(colouring: int) -> np.ndarray:
    """Which of its channel's 64 pictures a colouring (0..999) needs: int64 [3]."""
    floor, wall, thing = _INDEX[list(np.unravel_index(colouring, SIZES[:3]))]
    return (floor * 4 + wall) * 4 + thing


def _painted(geometry: int, channels: np.ndarray, pictures: np.ndarray) -> np.ndarray:
    """One geometry (0..479) in these pictures of these channels (int [n] each): uint8 [n, 64 * 64].

    Painted at 192 x 192 and rounded, then reduced by Pillow's Lanczos filter, whose arithmetic is in whole numbers and
    which treats channels apart.
    """
    scale, shape, orientation = np.unravel_index(geometry, SIZES[3:])
    surfaces = scene.cast(int(shape), float(VALUES["scale"][scale]), float(VALUES["orientation"][orientation]))
    layers = np.zeros((3, 6, scene.SIDE**2), np.uint8)  # surface, brightness in fifths
    sky = np.ones(scene.SIDE**2, np.uint8)
    for layer, surface in zip(layers, surfaces, strict=True):
        sky[surface.where] = 0
        for fifths in range(6):
            level = np.minimum(fifths / 5 * surface.shade + surface.white, 1)
            layer[fifths, surface.where] = np.floor(255 * level + 0.5)
    reduced = np.empty((len(channels), SIDE * SIDE), np.uint8)
    for result, channel, picture in zip(reduced, channels.tolist(), pictures.tolist(), strict=True):
        floor, wall, thing = _LEVELS[channel][list(np.unravel_index(picture, (4, 4, 4)))]
        plane = sky * np.uint8(_SKY[channel])
        plane += layers[0, floor]
        plane += layers[1, wall]
        plane += layers[2, thing]
        large = Image.fromarray(plane.reshape(scene.SIDE, scene.SIDE))
        result[:] = np.asarray(large.resize((SIDE, SIDE), Image.Resampling.LANCZOS)).ravel()
    return reduced


# ---- the published file


def _foreign(path: Path, problem: str) -> ForeignFile:
    return ForeignFile(
        f"{path}: {problem}; expected the published 3dshapes.h5: download it again, or leave out --from, and the set"
        " is rendered"
    )


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Around every call that reads."""
    try:
        yield
    except DisentoolError as error:
        if "download it again" in str(error):
            raise
        raise _foreign(path, str(error).removeprefix(f"{path}: ").partition("; make it anew")[0]) from error
    except OSError as error:
        raise _foreign(path, files.damage_of(error)) from error


def _find(path: Path) -> Path:
    """The published file at ``path``, which may be the folder that holds it."""
    with _damage(path):
        if path.is_file():
            return path
        if path.exists() and not path.is_dir():
            raise _foreign(path, "neither a file nor a folder")
        found = [name for name in sorted(path.glob("*.h5")) if name.is_file() and not name.name.startswith(".")]
    if not found:
        problem = "no .h5 in this folder" if path.is_dir() else "no such file or folder"
        raise MissingFile(
            f"{path}: {problem}; give the published 3dshapes.h5, or leave out --from, and the set is rendered"
        )
    if len(found) > 1:
        raise ForeignFile(f"{path}: holds {', '.join(name.name for name in found)}; expected one: give the one to read")
    return found[0]


def _check(path: Path) -> None:
    """Layout first, without reading data; then that the labels are the grid that row numbers stand for."""
    with _opened(path) as (_, labels):
        for start in range(0, ROWS, 100 * _BLOCK):
            stop = start + 100 * _BLOCK
            expected = _factors(np.arange(start, stop))
            values = np.stack([VALUES[name][expected[:, k]] for k, name in enumerate(NAMES)], axis=1)
            if not (np.abs(labels[start:stop] - values) < _NEAR).all():  # NaN is not near either
                raise _foreign(path, f"the labels of rows {start} to {stop - 1} are not the grid in row order")


def _read(path: Path, rows: np.ndarray | None) -> Iterator[np.ndarray]:
    with _opened(path) as (images, _):
        for block, asked in _blocks(rows):
            yield images[block * _BLOCK : (block + 1) * _BLOCK][asked]


@contextmanager
def _opened(path: Path) -> Iterator[tuple[h5py.Dataset, h5py.Dataset]]:
    """Images and labels, once both are known to have the published shapes and to lie in this very file."""
    with _damage(path), hdf5.opened(path, cache=_CACHE) as file:
        arrays = []
        for name, shape, dtype in (("images", _IMAGES, np.uint8), ("labels", _LABELS, np.float64)):
            array = hdf5.array(file, path, name)
            if array.shape != shape or array.dtype != dtype:
                found = f"{array.dtype} {list(array.shape or ())}"
                raise _foreign(path, f"array {name!r} is {found}, not {np.dtype(dtype)} {list(shape)}")
            if array.chunks and math.prod(array.chunks) * array.dtype.itemsize > _CACHE:
                raise _foreign(path, f"array {name!r} has chunks of more than {_CACHE // 2**20} MB")
            arrays.append(array)
        yield arrays[0], arrays[1]
