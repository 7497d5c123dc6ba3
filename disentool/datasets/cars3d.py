"""3D Cars (Reed, Zhang, Zhang, Lee 2015), read from the published MATLAB files.

``nips2015-analogy-data.tar.gz`` has ``data/cars/car_NNN_mesh.mat``, 183 files with ``im`` uint8 [128,128,3,24,4] (row,
column, channel, azimuth, elevation) beside a mask and other data sets. The models are counted in the order of their
sorted names, so the set is the same from every archive and disk. It becomes a grid of elevation 4, azimuth 24 and
model 183, row-major. Azimuths are 15 degrees apart; the elevations' degrees are not published.
"""

import re
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from disentool.datasets import picture_sizes
from disentool.datasets.catalogue import PUBLISHED
from disentool.datasets.source import Source, ascending, grid
from disentool.errors import ForeignFile, MissingFile, WrongUsage
from disentool.io import archive, mat, published_images

NAMES = ("elevation", "azimuth", "model")
SIZES = (4, 24, 183)
SIDE = 128  # of the published images
SIZE = (64, 64)  # height and width, unless asked otherwise
WHAT = "nips2015-analogy-data.tar.gz, or the folder of its car_NNN_mesh.mat"

_NAME = re.compile(r"(?:^|/)car_(\d+)_mesh\.mat$")
_LIMIT = 64 * 2**20  # bytes of one file; 4.7 MB of pixels and 1.6 MB of mask are in it
_BLOCK = 1024


def open_source(path: Path | None, *, size: tuple[int, int] | None = None) -> Source:
    """All 17,568 images, uint8 [N,H,W,3], from the published archive or its folder; None has nothing to render.

    Images are made smaller with Lanczos' filter. All of them are held in memory, 216 MB at size 64, as the archive
    goes model by model and the grid goes by elevation first. Raises MissingFile or ForeignFile.
    """
    if path is None:
        raise MissingFile(f"cars3d is not rendered here: give {WHAT} with --from")
    size = size or SIZE
    if max(size) > SIDE:
        raise WrongUsage(f"--size: the published images have {SIDE} pixels a side; expected at most that")
    found = archive.members(path, (".mat",), WHAT)
    matches = [(name, match) for name in found.names if (match := _NAME.search(name))]
    names, numbers = [name for name, _ in matches], [int(match[1]) for _, match in matches]
    if len(names) != SIZES[2] or len(set(numbers)) != len(numbers):
        raise ForeignFile(
            f"{found.path}: {len(names)} files car_NNN_mesh.mat ({len(set(numbers))} different);"
            f" expected {SIZES[2]}, each once: give {WHAT}"
        )
    names = [name for _, name in sorted(zip(numbers, names, strict=True))]
    total = int(np.prod(SIZES))

    def images(rows: np.ndarray | None) -> Iterator[np.ndarray]:
        rows = np.arange(total) if rows is None else ascending(rows, total)
        return _images(found, names, rows, size)

    return Source(
        name="cars3d",
        shape=(total, *size, 3),
        images=images,
        factors=lambda rows: grid(SIZES) if rows is None else grid(SIZES)[ascending(rows, total)],
        factor_names=NAMES,
        factor_sizes=SIZES,
        factor_values={
            "azimuth": 15.0 * np.arange(SIZES[1]),  # degrees
            "model": np.array(sorted(numbers), np.float64),  # number in the file's name
        },
        grid=True,
        class_factor="model",
        source=f"{found.digest()}, {SIDE} to {size[0]}x{size[1]} by Lanczos",
        made=picture_sizes.square_made(SIDE, size),
        citation="Reed, Zhang, Zhang, Lee: Deep Visual Analogy-Making, NIPS 2015; models of Fidler, Dickinson, "
        "Urtasun: 3D Object Detection and Viewpoint Estimation with a Deformable 3D Cuboid Model, NIPS 2012",
        licence=PUBLISHED["cars3d"].licence,
    )


def _images(found: archive.Members, names: list[str], rows: np.ndarray, size: tuple[int, int]) -> Iterator[np.ndarray]:
    """The images of ``rows``, model by model into their places, then out in order."""
    elevation, azimuth, model = np.unravel_index(rows, SIZES)
    pixels = np.empty((len(rows), *size, 3), np.uint8)
    models = np.unique(model)
    for number, (name, data) in zip(models, found.each([names[m] for m in models], _LIMIT), strict=True):
        views = mat.uint8_array(data, "im", (SIDE, SIDE, 3, *SIZES[1::-1]), found.path, name)
        for place in np.flatnonzero(model == number):
            pixels[place] = published_images.resized(views[..., azimuth[place], elevation[place]], size)
    for start in range(0, len(rows), _BLOCK):
        yield pixels[start : start + _BLOCK]
