"""Anyone's picture files as a data set in memory, of the size and colour that a model takes."""

from collections.abc import Sequence
from pathlib import Path

from disentool.datasets.folder_listing import as_text
from disentool.errors import WrongUsage
from disentool.io import hdf5
from disentool.io.dataset import Dataset
from disentool.models import fitted_images
from disentool.models.encoding import Source
from disentool.models.model import TrainedModel
from disentool.reporting import Reporter


def of_pictures(
    model: TrainedModel, paths: Sequence[Path], source: Source, report: Reporter
) -> tuple[Dataset, list[str]]:
    """The pictures in these files and folders, in this order, and the name of each; without factors.

    Each is read as :mod:`disentool.models.fitted_images` does: cropped about its centre and resized where it is of
    another size than the model's images, with a note. The name is the file's path as it was given, of a folder's
    pictures with the folder before it. ``source``: where the codes of images come from.

    Raises WrongUsage where no encoder could read pictures, or a folder holds more than fit; MissingFile or ForeignFile.
    """
    if source == "latent":
        raise WrongUsage(
            f"--image {paths[0]}: {model.path} has no trained encoder to read pictures with, but codes optimised for"
            " its training images; train on, with --stage both"
        )
    images, names = fitted_images.of_files(model, paths, report)
    one = paths[0].resolve().name
    return Dataset(
        path=paths[0],
        images=images,
        factors=None,
        name=as_text(one) if len(paths) == 1 else f"{len(images):,} pictures",
        content_sha256=hdf5.digest_of({"images": images}),
    ), names
