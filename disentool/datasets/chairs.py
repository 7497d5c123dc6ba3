"""3D Chairs (Aubry, Maturana, Efros, Russell, Sivic 2014), read from the published tar or its folder.

``rendered_chairs/<model>/renders/image_001_p020_t011_r096.png``, 1,393 models of 62 views, 600x600 pixels: ``p`` is
the elevation and ``t`` the azimuth in degrees, ``r`` the distance, which is the same for all. That every model has the
same 31 azimuths at both elevations is not assumed: then alone is the data set marked as a grid.
"""

import re
from pathlib import Path

import numpy as np

from disentool.datasets import picture_sizes
from disentool.datasets.catalogue import PUBLISHED
from disentool.datasets.picture_files import images_in
from disentool.datasets.source import Source, ranked, table
from disentool.errors import ForeignFile, MissingFile
from disentool.io import archive

NAMES = ("model", "elevation", "azimuth")
SIZE = (64, 64)  # height and width, unless asked otherwise
WHAT = "rendered_chairs.tar or its folder"

_NAME = re.compile(r"(?:^|/)([^/]+)/renders/image_(\d+)_p(\d+)_t(\d+)_r(\d+)\.png$")


def open_source(path: Path | None, *, size: tuple[int, int] | None = None) -> Source:
    """The images by model (folder name, sorted), elevation and azimuth, uint8 [N,H,W,3].

    The whole picture is made smaller with Lanczos' filter. Where every model has every elevation at every azimuth, the
    data set is a grid. Raises MissingFile or ForeignFile; pictures of other names are refused, other files ignored.
    """
    if path is None:
        raise MissingFile(f"chairs is not rendered here: give {WHAT} with --from")
    size = size or SIZE
    found = archive.members(path, (".png",), WHAT)
    views = []
    for name in found.names:
        if not (parts := _NAME.search(name)):
            raise ForeignFile(
                f"{found.path}: {name} is no view of a chair; expected MODEL/renders/image_001_p020_t011_r096.png:"
                f" give {WHAT}"
            )
        views.append((parts[1], int(parts[3]), int(parts[4]), name))
    views.sort()
    columns, known = zip(*(ranked(view[column] for view in views) for column in range(3)), strict=True)
    factors, sizes = np.stack(columns, axis=1), tuple(len(values) for values in known)
    names = [view[3] for view in views]
    if (repeated := np.flatnonzero((np.diff(factors, axis=0) == 0).all(axis=1))).size:
        one = int(repeated[0])
        raise ForeignFile(f"{found.path}: {names[one]} and {names[one + 1]} are the same view; keep one")

    return Source(
        name="chairs",
        shape=(len(names), *size, 3),
        images=images_in(found, names, 3, size),
        factors=table(factors),
        factor_names=NAMES,
        factor_sizes=sizes,
        factor_values={"elevation": np.array(known[1], np.float64), "azimuth": np.array(known[2], np.float64)},
        grid=len(names) == int(np.prod(sizes)),
        class_factor="model",
        source=f"{found.digest()}, to {size[0]}x{size[1]} by Lanczos",
        made=picture_sizes.square_made(None, size),
        citation="Aubry, Maturana, Efros, Russell, Sivic: Seeing 3D chairs: exemplar part-based 2D-3D alignment using "
        "a large dataset of CAD models, CVPR 2014, https://www.di.ens.fr/willow/research/seeing3Dchairs",
        licence=PUBLISHED["chairs"].licence,
    )
