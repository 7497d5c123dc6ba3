"""MPI3D (Gondal et al. 2019), read from the published ``.npz``: toy, realistic, real, or real with complex shapes.

``images`` uint8 [N,64,64,3] is the whole grid, row-major: object_color, object_shape, object_size, camera_height,
background_color, horizontal_axis, vertical_axis. 1,036,800 rows have 6 colours (white, green, red, blue, brown, olive)
and 6 shapes (cone, cube, cylinder, hexagonal, pyramid, sphere); 460,800 rows have 4 and 4 (the first releases of toy
and realistic: green, red, blue, brown and cone, cube, hexagonal, sphere; complex: everyday objects). Sizes are small,
large; camera heights top, centre, bottom; backgrounds purple, sea green, salmon; the axes are the arm's 40 positions.
"""

import math
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from disentool.datasets.catalogue import PUBLISHED
from disentool.datasets.source import Source, ascending
from disentool.errors import ForeignFile, MissingFile
from disentool.io import arrays, files

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
_WORDS = {  # of 6 colours and shapes; of 4 it depends on the release
    "object_color": ("white", "green", "red", "blue", "brown", "olive"),
    "object_shape": ("cone", "cube", "cylinder", "hexagonal", "pyramid", "sphere"),
    "object_size": ("small", "large"),
    "camera_height": ("top", "centre", "bottom"),
    "background_color": ("purple", "sea green", "salmon"),
}


def open_source(path: Path | None) -> Source:
    """The whole grid, uint8 [N,64,64,3], from the ``.npz`` or the folder in which it is the only one.

    The file's member is decompressed as a stream. Raises MissingFile or ForeignFile, the latter also from ``images``.
    """
    if path is None:
        raise MissingFile(f"mpi3d is not rendered here: give {WHAT} with --from")
    path = _find(Path(path))
    if "images" not in arrays.listing(path):
        raise ForeignFile(f"{path}: no array 'images'; give {WHAT}")
    with arrays.opened(path) as file:
        sizes = _sizes(path, file("images"))
    total = math.prod(sizes)
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
        factor_values={name: np.arange(float(size)) for name, size in zip(NAMES[5:], sizes[5:], strict=True)},
        class_names={n: _WORDS[n] for n, size in zip(NAMES[:5], sizes, strict=False) if len(_WORDS[n]) == size},
        grid=True,
        source=origin,
        citation="Gondal, Wuethrich, Miladinovic, Locatello, Breidt, Volchkov, Akpo, Bachem, Schoelkopf, Bauer: On the "
        "Transfer of Inductive Bias from Simulation to the Real World: a New Disentanglement Dataset, NeurIPS 2019",
        licence=PUBLISHED["mpi3d"].licence,
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


def _sizes(path: Path, rows: arrays.Rows) -> tuple[int, ...]:
    """The grid that an array of this shape is."""
    known = {(math.prod(sizes), SIDE, SIDE, 3): sizes for sizes in SIZES}
    if rows.shape not in known or rows.dtype != np.uint8:
        expected = " or ".join(f"{math.prod(sizes):,}" for sizes in SIZES)
        raise ForeignFile(
            f"{path}: array 'images' is {rows.dtype} {list(rows.shape)}, expected uint8 [N,{SIDE},{SIDE},3] with N"
            f" {expected}:"
            f" give {WHAT}"
        )
    return known[rows.shape]


def _images(path: Path, rows: np.ndarray) -> Iterator[np.ndarray]:
    """The images of ``rows``: the stream is read once, up to the last of them."""
    with arrays.opened(path) as file:
        found = file("images")
        blocks = rows // _BLOCK
        for block in np.unique(blocks).tolist():
            images = found.read(block * _BLOCK, min((block + 1) * _BLOCK, found.shape[0]))
            yield images[rows[blocks == block] - block * _BLOCK]
