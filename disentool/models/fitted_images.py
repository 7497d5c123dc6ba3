"""Images of any size, grey or in colour -> images as a model takes them, with a note of each change."""

import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from disentool.datasets import folder_listing
from disentool.errors import DataMismatch, ForeignFile, MissingFile, WrongUsage
from disentool.io import foreign_files, published_images, read_images
from disentool.io.dataset import Dataset
from disentool.reporting import Reporter

MAX_IMAGES = 10_000  # of a folder


class TakesImages(Protocol):
    """A model or generator: its file, and facts with the ``channels``, ``height`` and ``width`` of its images."""

    @property
    def path(self) -> Path:
        """Its file, or what the user named."""

    @property
    def facts(self) -> Any:
        """Those facts."""


def picture(model: TakesImages, path: Path, report: Reporter, *, strict: bool = False) -> np.ndarray:
    """A picture file as uint8 [H,W,C] of the model's size and channels; raises MissingFile, ForeignFile, DataMismatch.

    ``strict``: DataMismatch for another size or kind, instead of a note.
    """
    try:
        image, changed = _read(model, path, strict)
    except ForeignFile:
        if path.suffix.lower() in read_images.SUFFIXES or not (kind := foreign_files.kind_of(path)):
            raise
        raise ForeignFile(f"{path}: expected a picture, found {kind}") from None
    if changed:
        report.note(f"{path}: {changed}")
    return image


def folder_of_pictures(model: TakesImages, path: Path, report: Reporter, *, strict: bool = False) -> np.ndarray:
    """All pictures below a folder, in natural order of their names, as :func:`picture`: uint8 [n,H,W,C].

    Those that cannot be read are left out with a note; ``strict``: they stop it. MissingFile where there are none.
    """
    return _folder(model, path, report, strict)[0]


def of_files(model: TakesImages, paths: Sequence[Path], report: Reporter) -> tuple[np.ndarray, list[str]]:
    """The pictures of files, and all below folders, as :func:`picture`: uint8 [n,H,W,C], and the path of each."""
    images, names = [], []
    for path in paths:
        some, files = (
            _folder(model, path, report, False) if path.is_dir() else (picture(model, path, report)[None], [path])
        )
        images.append(some)
        names += [folder_listing.as_text(str(file)) for file in files]
    return np.concatenate(images), names


def _folder(model: TakesImages, path: Path, report: Reporter, strict: bool) -> tuple[np.ndarray, list[Path]]:
    images, kept, changes, damaged = [], [], [], []
    found = folder_listing.images_below(path)
    if len(found) > MAX_IMAGES:
        raise WrongUsage(
            f"{path}: {len(found):,} images, expected at most {MAX_IMAGES:,}; name a folder of fewer, or make a data"
            f" set of them: `disentool prepare folder --from {shlex.quote(str(path))}`"
        )
    for file in found:
        try:
            image, changed = _read(model, file, strict)
        except (ForeignFile, MissingFile) as error:
            if strict:
                raise
            damaged.append(error)
            continue
        images.append(image)
        kept.append(file)
        changes += [f"{file.name}: {changed}"] if changed else []
    if not images:
        raise ForeignFile(f"{path}: none of its images can be read; the first: {damaged[0]}")
    if damaged:
        report.note(f"{path}: left out images that cannot be read: {len(damaged):,}, such as {damaged[0]}")
    if changes:
        report.note(f"{path}: {len(changes):,} of {len(images):,} images are not as the model's, such as {changes[0]}")
    return np.stack(images), kept


def rows(
    model: TakesImages, data: Dataset, chosen: np.ndarray, report: Reporter, *, strict: bool = False
) -> np.ndarray:
    """The rows ``chosen`` (int64 [n]) of a data set with images of any size or kind, as :func:`picture`."""
    changed = _changed(model, data.path, data.images.shape[1:3], data.images.shape[3] == 1, strict)
    if changed:
        report.note(f"{data.path}: {changed}")
    size = (model.facts.height, model.facts.width)
    return np.stack([published_images.fitted(image, size, model.facts.channels) for image in data.images[chosen]])


def _read(model: TakesImages, path: Path, strict: bool) -> tuple[np.ndarray, str]:
    grey = read_images.header(path).grey
    found = read_images.picture(path, model.facts.channels, (model.facts.height, model.facts.width))
    changed = _changed(model, path, found.had, grey, strict)
    first = f"has {found.frames:,} frames or pages, only the first is read" if found.frames > 1 else ""
    laid = "transparency laid on white" if found.transparent else ""
    return found.pixels, "; ".join(filter(None, [changed, laid, first]))


def _changed(model: TakesImages, path: Path, had: tuple[int, int], grey: bool, strict: bool) -> str:
    """What makes an image of ``had`` (height, width) pixels one of the model's; empty: nothing need be done."""
    size, model_grey = (model.facts.height, model.facts.width), model.facts.channels == 1
    words = []
    if had != size:
        crop = "cropped and " if had[0] * size[1] != had[1] * size[0] else ""
        words.append(f"{had[0]}x{had[1]} pixels (height x width), {crop}resized to the model's {size[0]}x{size[1]}")
    if grey != model_grey:
        words.append("grey, made RGB" if grey else "in colour, made grey")
    if words and strict:
        raise DataMismatch(
            f"{path}: {_kind(had, grey)}, but {model.path} takes {_kind(size, model_grey)};"
            " without --strict it is fitted to that"
        )
    return "; ".join(words)


def _kind(size: tuple[int, int], grey: bool) -> str:
    return f"{size[0]}x{size[1]} pixels (height x width), {'grey' if grey else 'RGB'}"
