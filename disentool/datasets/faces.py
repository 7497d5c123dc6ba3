"""3D Faces: renderings of the Basel Face Model (Paysan et al. 2009), read from a folder or archive of pictures.

FactorVAE's 239,840 renderings were never published, nor is there a published layout of others; the model itself must
be asked for. So this reads what anyone renders: grey pictures in the order of their names, and where they lie in
folders, one per person, the folder is the factor ``identity``. The well-known ``basel_face_renders.pth`` (50 persons,
21 azimuths, 11 elevations, 11 lights) is a pickle, which could execute code: it is not opened; saved as ``.npy``, it is
data for ``prepare array``.
"""

from pathlib import Path

import numpy as np

from disentool.datasets import picture_sizes
from disentool.datasets.catalogue import PUBLISHED
from disentool.datasets.picture_files import images_in
from disentool.datasets.source import Source, ranked, table
from disentool.errors import MissingFile, UnsafeFile
from disentool.io import archive, published_images

SIZE = (64, 64)  # height and width, unless asked otherwise
WHAT = "a folder of pictures, or of one folder of pictures per person"


def open_source(path: Path | None, *, size: tuple[int, int] | None = None) -> Source:
    """uint8 [N,H,W,1], grey, the centre square made smaller with Lanczos' filter; factor ``identity`` or none.

    Raises MissingFile or ForeignFile, and UnsafeFile for a pickle.
    """
    if path is None:
        raise MissingFile(f"faces is not rendered here: give {WHAT} with --from")
    size = size or SIZE
    if Path(path).suffix.lower() in (".pth", ".pt", ".pkl"):
        raise UnsafeFile(
            f"{path}: a pickle, which can execute code; not opened: save its array as .npy in an environment that you"
            " trust, then `disentool prepare array`"
        )
    found = archive.members(path, published_images.SUFFIXES, WHAT)
    names = found.names
    index, persons = ranked(name.rpartition("/")[0] for name in names)
    several = len(persons) > 1

    return Source(
        name="faces",
        shape=(len(names), *size, 1),
        images=images_in(found, names, 1, size),
        factors=table(index[:, None] if several else np.zeros((len(names), 0), np.int32)),
        factor_names=("identity",) if several else (),
        factor_sizes=(len(persons),) if several else (),
        class_names={"identity": tuple(persons)} if 1 < len(persons) <= 500 else {},
        class_factor="identity",
        source=f"{found.digest()}, to {size[0]}x{size[1]} by Lanczos",
        made=f"the middle square {picture_sizes.square_made(None, size)}",
        citation="Paysan, Knothe, Amberg, Romdhani, Vetter: A 3D Face Model for Pose and Illumination Invariant Face "
        "Recognition, AVSS 2009, https://faces.dmi.unibas.ch",
        licence=PUBLISHED["faces"].licence,
    )
