"""The codes that a picture starts from: of the images in a checkpoint, of rows of data, of image files, or given."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch

from disentool.errors import ForeignFile, WrongUsage
from disentool.io import latents
from disentool.io.call_checks import checked_rows
from disentool.io.dataset import Dataset
from disentool.models import encoding, fitted_images
from disentool.models.data import data_of
from disentool.models.decoding import require_code_width
from disentool.models.model import TrainedModel
from disentool.reporting import Reporter


@dataclass(frozen=True)
class StartingCodes:
    """Codes float32 [n,D], and the images uint8 [n,H,W,C] that they encode where those are known.

    ``chosen``: the caller named each of them.
    """

    codes: np.ndarray
    images: np.ndarray | None
    chosen: bool

    def __len__(self) -> int:
        return len(self.codes)

    def first(self, count: int) -> "StartingCodes":
        """The first ``count`` of them."""
        return replace(self, codes=self.codes[:count], images=None if self.images is None else self.images[:count])


def find(
    model: TrainedModel,
    report: Reporter,
    *,
    count: int | None,
    default: int,
    image_files: Sequence[Path] = (),
    codes: Path | None = None,
    rows: Sequence[int] | None = None,
    data: str | Dataset | None = None,
) -> StartingCodes:
    """The codes that the arguments name. Where they leave the number open: ``count``, or up to ``default`` of them.

    ``image_files``: pictures, and all below folders, resized where needed. ``codes``: a latents file; ``rows`` chooses
    among its codes, else the first ones are taken. ``rows`` without ``codes``: rows of ``data``, or of the data the
    model was trained on. ``data`` alone: rows spread evenly over it. Nothing of these: the images kept in the
    checkpoint.

    Raises WrongUsage, MissingFile, ForeignFile, or DataMismatch when an input does not fit the model.
    """
    if image_files and (codes or data or rows is not None):
        raise WrongUsage("--image names the images to start from; leave out --rows, --data and --codes")
    if codes and data:
        raise WrongUsage("--codes holds the codes to start from; leave out --data")
    if image_files:
        images, _ = fitted_images.of_files(model, [Path(file) for file in image_files], report)
        return encoded(model, images, chosen=True)
    if codes:
        found = _read_codes(model, Path(codes), report)
        chosen = (
            range(_number(count, default, len(found), codes)) if rows is None else checked_rows(rows, len(found), codes)
        )
        if not np.isfinite(found[chosen]).all():
            raise ForeignFile(
                f"{codes}: holds codes that are NaN or infinite; the model diverged: encode another checkpoint"
            )
        return StartingCodes(found[chosen], None, rows is not None)
    if rows is None and not data:
        kept = kept_images(model)
        return encoded(model, kept[: _number(count, default, len(kept), model.path)], chosen=False)
    dataset = data_of(model, data, report)
    if rows is not None:
        return encoded(model, dataset.images[checked_rows(rows, len(dataset), dataset.path)], chosen=True)
    number = _number(count, default, len(dataset), dataset.path)
    spread = (np.arange(number) * 2 + 1) * len(dataset) // (2 * number)
    return encoded(model, dataset.images[spread], chosen=False)


def encoded(model: TrainedModel, images: np.ndarray, chosen: bool) -> StartingCodes:
    """Images uint8 [n,H,W,C] with their codes; ForeignFile where those are not finite."""
    images = np.ascontiguousarray(images)
    return StartingCodes(encoding.of_images(model, images)["mean"], images, chosen)


def _read_codes(model: TrainedModel, path: Path, report: Reporter) -> np.ndarray:
    """The codes of a latents file, float32 [N,D]."""
    found = latents.read_any(path, None)
    require_code_width(model, path, found, report)
    return found.mean


def _number(count: int | None, default: int, there: int, path: Path) -> int:
    if there == 0:
        raise ForeignFile(f"{path}: holds nothing to start from; name --rows of the data, or an --image")
    if count is not None and count > there:
        raise WrongUsage(f"{path}: holds {there:,} to start from, --images asks for {count}")
    return min(default, there) if count is None else count


def kept_images(model: TrainedModel) -> np.ndarray:
    """The images that a checkpoint keeps, uint8 [n,H,W,C]; ForeignFile where it keeps none of its size."""
    images = model.content["samples"].get("images")
    expected = (model.facts.height, model.facts.width, model.facts.channels)
    if not isinstance(images, torch.Tensor) or images.dtype != torch.uint8 or images.shape[1:] != expected:
        raise ForeignFile(f"{model.path}: keeps no images of its size; name --rows of the data, or an --image")
    return images.numpy()
