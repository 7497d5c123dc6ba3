"""2D Shapes (dSprites, Matthey et al. 2017): rendered from its geometry, or read from the published files.

The set is a grid of five factors, row-major: shape, scale, orientation, pos_x, pos_y. The first three choose one of 720
polygons, the last two one of 1,024 places to put it, so both the renderer and its blocks go polygon by polygon.
"""

import hashlib
import math
import warnings
import zipfile
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import h5py
import numpy as np

from disentool.datasets.catalogue import PUBLISHED
from disentool.datasets.source import Source
from disentool.errors import DisentoolError, ForeignFile, MissingFile
from disentool.io import files, hdf5_input

NAMES = ("shape", "scale", "orientation", "pos_x", "pos_y")
SIZES = (3, 6, 40, 32, 32)
VALUES = {
    "shape": np.array([1.0, 2.0, 3.0]),  # square, ellipse, heart
    "scale": np.linspace(0.5, 1, 6),  # of the outline
    "orientation": np.linspace(0, 2 * np.pi, 40),  # radians, counter-clockwise; the first and the last look the same
    "pos_x": np.linspace(0, 1, 32),  # of the 32 pixels that the centre travels, to the right
    "pos_y": np.linspace(0, 1, 32),  # the same, downwards
}
ROWS = math.prod(SIZES)
PLACES = math.prod(SIZES[3:])
SIDE = 64

_SNAP = 256  # vertices are rounded to 1/256 pixel, which makes everything after it integer
_CENTRES = np.arange(SIDE, dtype=np.int32) * _SNAP + _SNAP // 2  # of the pixels along one axis
_ALL_PIXELS = np.uint64(2**64 - 1)

_IMAGES = (ROWS, SIDE, SIDE)
_CLASSES = (ROWS, 1 + len(SIZES))  # the published factors start with a constant colour
_BLOCK = PLACES  # rows read at a time: 4 MB of pixels
_CACHE = 128 * 2**20  # bytes; the published HDF5 chunks are 23,040 rows by 2 by 4 pixels, so 94 MB stay open at once


def open_source(path: Path | None) -> Source:
    """The whole set: rendered when ``path`` is None, else read from the published ``.npz`` or ``.hdf5``, or its folder.

    Images are uint8 [737280, 64, 64, 1] with values 0 and 255, from both. A published file is checked at once for its
    layout and its factors, and for its pixels (0 or 1 in the file) while they are read. Raises MissingFile when there
    is nothing at ``path``, ForeignFile when it is something else or damaged, the latter also from ``images``.
    """
    if path is None:
        images, origin = _render, "rendered"
    else:
        path = _find(Path(path))
        _check(path)
        with _damage(path), path.open("rb") as file:
            origin = f"{path.name} sha256:{hashlib.file_digest(file, 'sha256').hexdigest()}"

        def images(rows: np.ndarray | None) -> Iterator[np.ndarray]:
            return _read(path, rows)

    return Source(
        name="dsprites",
        shape=(ROWS, SIDE, SIDE, 1),
        images=images,
        factors=_factors,
        factor_names=NAMES,
        factor_sizes=SIZES,
        factor_values={name: values.copy() for name, values in VALUES.items()},
        class_numbers=True,  # as the published files' own latents_classes count them
        grid=True,
        likelihood="bernoulli",
        source=origin,
        citation="Matthey, Higgins, Hassabis, Lerchner: dSprites: Disentanglement testing Sprites dataset, 2017, "
        "https://github.com/deepmind/dsprites-dataset",
        licence=PUBLISHED["dsprites"].licence,
    )


def packed(polygon: int) -> np.ndarray:
    """One polygon (0..719) at its 1,024 places: uint8 [1024, 512], eight pixels a byte as ``np.packbits`` has them.

    A scan-line fill at all places at once: moving a polygon sideways changes its x only and moving it down its y only,
    so the edges that cross a line of pixels are found per pos_y, and where they cross it per pos_x.
    """
    shape, scale, orientation = np.unravel_index(polygon, SIZES[:3])
    vx, vy = _OUTLINES[shape] * VALUES["scale"][scale]
    cos, sin = np.cos(VALUES["orientation"][orientation]), np.sin(VALUES["orientation"][orientation])
    x = _snapped(cos * vx + sin * vy, VALUES["pos_x"])  # [pos_x, vertex]
    y = _snapped(cos * vy - sin * vx, VALUES["pos_y"])  # [pos_y, vertex]

    above = y[:, None, :] < _CENTRES[:, None]  # [pos_y, line, vertex]
    place, line, start = np.nonzero(above != np.roll(above, -1, axis=2))  # edge: from vertex `start` to the next one
    end = (start + 1) % len(vx)
    x0, y0 = x[:, start], y[place, start]
    dx, dy = x[:, end] - x0, y[place, end] - y0

    # The first pixel whose centre is at or right of the crossing is ceil((crossing - 128) / 256), and ceil(a / b) is
    # -(-a // b) for integers of any sign. At most 2**27 in size, so int32 holds it.
    first = -(((_SNAP // 2 - x0) * dy + (y0 - _CENTRES[line]) * dx) // (_SNAP * dy))  # [pos_x, crossing]

    # A line is one 64-bit word, its first pixel the highest bit. Even-odd rule: each crossing flips all pixels from
    # its first one on. The outlines stay inside the image, so 0 < first < 64.
    flips = _ALL_PIXELS >> first.astype(np.uint64)
    target = place * SIDE + line  # ascending, as np.nonzero goes through them in order
    starts = np.flatnonzero(np.diff(target, prepend=-1))
    words = np.zeros((SIZES[3], SIZES[4] * SIDE), np.uint64)
    words[:, target[starts]] = np.bitwise_xor.reduceat(flips, starts, axis=1)
    return words.astype(">u8").view(np.uint8).reshape(PLACES, SIDE * SIDE // 8)


def _outlines() -> tuple[np.ndarray, ...]:
    """Vertices of square, ellipse and heart at scale 1: float64 [2, V], pixels from the centre, y downwards."""
    square = np.array([[-9.6, 9.6, 9.6, -9.6], [-9.6, -9.6, 9.6, 9.6]])
    t = 2 * np.pi * np.arange(100) / 100
    ellipse = np.stack([9.6 * 1.33 * np.cos(t), 9.6 / 1.33 * np.sin(t)])
    t = 2 * np.pi * np.arange(150) / 150
    curve = 13 * np.cos(t) - 5 * np.cos(2 * t) - 2 * np.cos(3 * t) - np.cos(4 * t)
    heart = np.stack([9.6 * np.sin(t) ** 3, -(9.6 / 14.5) * curve - 1.44])
    return square, ellipse, heart


_OUTLINES = _outlines()


def _snapped(offsets: np.ndarray, positions: np.ndarray) -> np.ndarray:
    """Coordinates along one axis of the vertices at every position: int32 [position, vertex], 1/256 pixel."""
    return np.floor(_SNAP * (offsets + (16 + 32 * positions)[:, None]) + 0.5).astype(np.int32)


def _factors(rows: np.ndarray | None) -> np.ndarray:
    """Class index of every factor: int32 [n, 5]."""
    rows = np.arange(ROWS) if rows is None else _checked(rows)
    return np.stack(np.unravel_index(rows, SIZES), axis=1).astype(np.int32)


def _checked(rows: np.ndarray) -> np.ndarray:
    rows = np.asarray(rows, dtype=np.int64)
    if len(rows) and (rows[0] < 0 or rows[-1] >= ROWS or (np.diff(rows) < 0).any()):
        raise ValueError(f"rows must ascend within 0..{ROWS - 1}")
    return rows


def _blocks(rows: np.ndarray | None) -> Iterator[tuple[int, np.ndarray | slice]]:
    """The blocks of 1,024 rows that hold any of ``rows``: number of the block, and which of its rows are asked for."""
    if rows is None:
        yield from ((block, slice(None)) for block in range(ROWS // _BLOCK))
        return
    rows = _checked(rows)
    blocks, starts = np.unique(rows // _BLOCK, return_index=True)
    for block, asked in zip(blocks.tolist(), np.split(rows, starts[1:]), strict=False):
        yield block, asked - block * _BLOCK


def _render(rows: np.ndarray | None) -> Iterator[np.ndarray]:
    for polygon, asked in _blocks(rows):
        images = np.unpackbits(packed(polygon)[asked], axis=1)
        images *= 255
        yield images.reshape(-1, SIDE, SIDE, 1)


# ---- the published files

Read = Callable[[int, int], np.ndarray]  # rows start..stop of one array; `start` never goes back


def _foreign(path: Path, problem: str) -> ForeignFile:
    return ForeignFile(
        f"{path}: {problem}; expected the published dsprites_ndarray_co1sh3sc6or40x32y32_64x64 .npz or .hdf5: "
        "download it again, or leave out --from, and the set is rendered"
    )


@contextmanager
def _damage(path: Path) -> Iterator[None]:
    """Around every call that reads: on a damaged file zipfile, zlib, NumPy and HDF5 may raise nearly anything."""
    try:
        yield
    except DisentoolError:
        raise
    except Exception as error:
        raise _foreign(path, files.damage_of(error)) from error


def _find(path: Path) -> Path:
    """The published file at ``path``, which may be the folder that holds it."""
    with _damage(path):
        if path.is_file():
            return path
        if path.exists() and not path.is_dir():
            raise _foreign(path, "neither a file nor a folder")
        names = [name for pattern in ("*.npz", "*.hdf5", "*.h5") for name in sorted(path.glob(pattern))]
    found = [name for name in names if name.is_file() and not name.name.startswith(".")]
    if not found:
        problem = "no .npz, .hdf5 or .h5 in this folder" if path.is_dir() else "no such file or folder"
        raise MissingFile(
            f"{path}: {problem}; give the published dSprites file, or leave out --from, and the set is rendered"
        )
    if len(found) > 1:
        raise ForeignFile(f"{path}: holds {', '.join(name.name for name in found)}; expected one: give the one to read")
    return found[0]


def _check(path: Path) -> None:
    """Layout first, without reading data; then that the factors are the grid that row numbers stand for."""
    with _opened(path) as (_, read):
        for block in range(ROWS // _BLOCK):
            start, stop = block * _BLOCK, (block + 1) * _BLOCK
            with _damage(path):
                classes = read(start, stop)
            if classes[:, 0].any() or not np.array_equal(classes[:, 1:], _factors(np.arange(start, stop))):
                raise _foreign(path, f"the factor classes of rows {start} to {stop - 1} are not the grid in row order")


def _read(path: Path, rows: np.ndarray | None) -> Iterator[np.ndarray]:
    with _opened(path) as (read, _):
        for block, asked in _blocks(rows):
            start, stop = block * _BLOCK, (block + 1) * _BLOCK
            with _damage(path):
                images = read(start, stop)
            if images.max() > 1:
                raise _foreign(path, f"the images of rows {start} to {stop - 1} have pixels other than 0 and 1")
            yield (images[asked] * np.uint8(255))[..., None]


@contextmanager
def _opened(path: Path) -> Iterator[tuple[Read, Read]]:
    """Readers of images and of factor classes, once both are known to have the published shapes."""
    with ExitStack() as stack:
        with _damage(path):
            with path.open("rb") as file:
                is_zip = file.read(4) == b"PK\x03\x04"
            if is_zip:
                archive = stack.enter_context(zipfile.ZipFile(path))
                images = _npz_array(path, archive, stack, "imgs.npy", _IMAGES)
                classes = _npz_array(path, archive, stack, "latents_classes.npy", _CLASSES)
            elif h5py.is_hdf5(path):
                file = stack.enter_context(hdf5_input.reading(path, cache=_CACHE))
                images = _hdf5_array(path, file, "imgs", _IMAGES)
                classes = _hdf5_array(path, file, "latents/classes", _CLASSES)
            else:
                raise _foreign(path, "neither an .npz nor an HDF5 file")
        yield images, classes


def _match(path: Path, name: str, shape: tuple[int, ...] | None, dtype: np.dtype, expected: tuple[int, ...]) -> None:
    fits = dtype == np.uint8 if expected == _IMAGES else dtype.kind in "iu"
    if shape != expected or not fits:
        kind = "uint8" if expected == _IMAGES else "int64"
        raise _foreign(path, f"{name} is {dtype} {list(shape or ())}, not {kind} {list(expected)}")


def _npz_array(path: Path, archive: zipfile.ZipFile, stack: ExitStack, name: str, expected: tuple[int, ...]) -> Read:
    """Reader of one member, decompressed as a stream: no pickle is opened, and no more read than a block at a time."""
    if name not in archive.namelist():
        raise _foreign(path, f"no array {name.removesuffix('.npy')!r}")
    info = archive.getinfo(name)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise _foreign(path, f"{name} is compressed in a way that .npz files are not")
    stream = stack.enter_context(archive.open(info))
    if np.lib.format.read_magic(stream) != (1, 0):
        raise _foreign(path, f"{name} is not of .npy version 1.0")
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # NumPy remarks on a header that Python 2 wrote; it reads it
        shape, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    _match(path, name, shape, dtype, expected)
    if fortran:
        raise _foreign(path, f"{name} is in Fortran order, not row by row")
    header, per_row = stream.tell(), dtype.itemsize * math.prod(expected[1:])
    if info.file_size != header + ROWS * per_row:
        raise _foreign(path, f"{name} has {info.file_size} bytes, not the {header + ROWS * per_row} of its shape")

    def read(start: int, stop: int) -> np.ndarray:
        stream.seek(header + start * per_row)
        data = stream.read((stop - start) * per_row)
        return np.frombuffer(data, dtype).reshape(stop - start, *expected[1:])  # ValueError where the data ends early

    return read


def _hdf5_array(path: Path, file: h5py.File, name: str, expected: tuple[int, ...]) -> Read:
    """Reader of one dataset that lies in this file itself: soft and external links could lead to any other file."""
    node: h5py.Group | h5py.Dataset = file
    for part in name.split("/"):
        # Asked of the link, as h5py's own `in` would follow it.
        links = node.id.links if isinstance(node, h5py.Group) else None
        if not links or not links.exists(part.encode()) or links.get_info(part.encode()).type != h5py.h5l.TYPE_HARD:
            raise _foreign(path, f"has no {name} of its own")
        node = node[part]
    if not isinstance(node, h5py.Dataset):
        raise _foreign(path, f"{name} is not a dataset")
    _match(path, name, node.shape, node.dtype, expected)
    if node.external or node.is_virtual:
        raise _foreign(path, f"{name} is stored in other files")
    if node.chunks and math.prod(node.chunks) * node.dtype.itemsize > _CACHE:
        raise _foreign(path, f"{name} has chunks of more than {_CACHE // 2**20} MB")
    return lambda start, stop: node[start:stop]
