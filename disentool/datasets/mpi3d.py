"""MPI3D (Gondal et al. 2019), read from the published ``.npz``: toy, realistic, real, or real with complex shapes.

``images`` uint8 [N,64,64,3] is the whole grid, row-major: object_color, object_shape, object_size, camera_height,
background_color, horizontal_axis, vertical_axis. 1,036,800 rows have 6 colours (white, green, red, blue, brown, olive)
and 6 shapes (cone, cube, cylinder, hexagonal, pyramid, sphere); 460,800 rows have 4 and 4 (the first releases of toy
and realistic: green, red, blue, brown and cone, cube, hexagonal, sphere; complex: everyday objects). Sizes are small,
large; camera heights top, centre, bottom; backgrounds purple, sea green, salmon; the axes are the arm's 40 positions.
"""

import math
import warnings
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np

from disentool.datasets.source import Source, ascending
from disentool.errors import ForeignFile, MissingFile
from disentool.io import archive, files

NAMES = (
    "object_color",
    "object_shape",
    "object_size",
    "camera_height",
    "background_color",
    "horizontal_axis",
    "vertical_axis",
)
SIZES = ((6, 6, 2, 3, 3, 40, 40), (4, 4, 2, 3, 3, 40, 40))
SIDE = 64
WHAT = "mpi3d_toy.npz, mpi3d_realistic.npz, mpi3d_real.npz or real3d_complicated_shapes_ordered.npz"

_BLOCK = 1600  # rows; a turn of both axes, 20 MB
_ROW = SIDE * SIDE * 3


def open_source(path: Path | None) -> Source:
    """The whole grid, uint8 [N,64,64,3], from the ``.npz`` or the folder in which it is the only one.

    The file's member is decompressed as a stream. Raises MissingFile or ForeignFile, the latter also from ``images``.
    """
    if path is None:
        raise MissingFile(f"mpi3d is not rendered here: give {WHAT} with --from")
    path = _find(Path(path))
    with _opened(path) as (_, sizes):
        total = math.prod(sizes)
    with archive.damage(path):
        origin = f"{path.name} sha256:{files.sha256(path)}"

    def factors(rows: np.ndarray | None) -> np.ndarray:
        rows = np.arange(total) if rows is None else ascending(rows, total)
        return np.stack(np.unravel_index(rows, sizes), axis=1).astype(np.int32)

    return Source(
        name="mpi3d",
        shape=(total, SIDE, SIDE, 3),
        images=lambda rows: _images(path, np.arange(total) if rows is None else ascending(rows, total)),
        factors=factors,
        factor_names=NAMES,
        factor_sizes=sizes,
        factor_values={name: np.arange(float(size)) for name, size in list(zip(NAMES, sizes, strict=True))[5:]},
        grid=True,
        source=origin,
        citation="Gondal, Wuethrich, Miladinovic, Locatello, Breidt, Volchkov, Akpo, Bachem, Schoelkopf, Bauer: On the "
        "Transfer of Inductive Bias from Simulation to the Real World: a New Disentanglement Dataset, NeurIPS 2019",
        licence="CC BY 4.0",
    )


def _find(path: Path) -> Path:
    if path.is_file():
        return path
    found = sorted(path.glob("*.npz")) if path.is_dir() else []
    if len(found) > 1:
        raise ForeignFile(f"{path}: holds {', '.join(file.name for file in found[:4])}; give the one to read")
    if not found:
        raise MissingFile(f"{path}: {'no .npz in this folder' if path.is_dir() else 'no such file'}; give {WHAT}")
    return found[0]


@contextmanager
def _opened(path: Path) -> Iterator[tuple[zipfile.ZipExtFile, tuple[int, ...]]]:
    """A stream at the first pixel, and the grid's sizes, once the member is known to have the published layout."""
    with archive.damage(path), zipfile.ZipFile(path) as file:
        names = [name for name in file.namelist() if name in ("images.npy", "imgs.npy")]
        if len(names) != 1:
            raise ForeignFile(f"{path}: holds {', '.join(file.namelist()[:5])}, not images.npy; expected {WHAT}")
        info = file.getinfo(names[0])
        if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED) or info.flag_bits & 1:
            raise ForeignFile(f"{path}: {names[0]} is compressed in a way that .npz files are not; download it again")
        with file.open(info) as stream, warnings.catch_warnings():
            warnings.simplefilter("ignore", UserWarning)  # NumPy remarks on a header that Python 2 wrote; it reads it
            version = np.lib.format.read_magic(stream)
            read = {(1, 0): np.lib.format.read_array_header_1_0, (2, 0): np.lib.format.read_array_header_2_0}
            if version not in read:
                raise ForeignFile(f"{path}: {names[0]} is of .npy version {version}, expected 1.0; download it again")
            shape, fortran, dtype = read[version](stream)
            fits = {(math.prod(sizes), SIDE, SIDE, 3): sizes for sizes in SIZES}
            fits |= {(*sizes, SIDE, SIDE, 3): sizes for sizes in SIZES}
            if shape not in fits or dtype != np.uint8 or fortran:
                expected = " or ".join(f"{math.prod(sizes):,}" for sizes in SIZES)
                raise ForeignFile(
                    f"{path}: {names[0]} is {dtype} {list(shape)}{' in Fortran order' * fortran},"
                    f" expected uint8 [N,{SIDE},{SIDE},3] with N {expected}: give {WHAT}"
                )
            need = stream.tell() + math.prod(shape)
            if info.file_size != need:
                raise ForeignFile(
                    f"{path}: {names[0]} has {info.file_size:,} bytes, expected {need:,}; download it again"
                )
            yield stream, fits[shape]


def _images(path: Path, rows: np.ndarray) -> Iterator[np.ndarray]:
    """The images of ``rows``: the stream is read once, up to the last of them."""
    with _opened(path) as (stream, _):
        at = 0
        for block in np.unique(rows // _BLOCK):
            with archive.damage(path):
                while at < block:  # deflate cannot skip
                    stream.read(_BLOCK * _ROW)
                    at += 1
                data = stream.read(_BLOCK * _ROW)
                at += 1
                images = np.frombuffer(data, np.uint8).reshape(-1, SIDE, SIDE, 3)
                asked = images[rows[rows // _BLOCK == block] - block * _BLOCK]
            yield asked
