"""The two sides of a swap: the inputs that give the content and those that give the class, with their codes."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import numpy as np
import torch

from disentool.contract import ClassLabels, JoinsClasses, class_content
from disentool.engine.feed import to_float
from disentool.errors import DataMismatch, ForeignFile, MissingFile, WrongUsage
from disentool.io.call_checks import checked_rows
from disentool.io.dataset import Dataset
from disentool.models import encoding, fitted_images
from disentool.models.data import data_of
from disentool.models.label import Label
from disentool.models.model import TrainedModel, trained_classes
from disentool.models.starting_codes import kept_images
from disentool.reporting import Reporter

_CLASS_IMAGES = 256  # of a class named by its label, whose codes become one


@dataclass(frozen=True)
class SideSelection:
    """The inputs that a call names for one side: picture files and folders, lists of rows of data, names of classes."""

    files: Sequence[Path] = ()
    rows: Sequence[Sequence[int]] = ()
    labels: Sequence[str] = ()

    def __bool__(self) -> bool:
        return bool(self.files or self.rows or self.labels)


@dataclass(frozen=True)
class Input:
    """One input: its code float32 [D] as the model's ``mean``, and the images uint8 [k,H,W,C] that it is the code of.

    ``factors``: int [K] of the data the model was trained on, where they are known; of a class only its own are.
    """

    code: np.ndarray
    images: np.ndarray
    label: Label
    factors: np.ndarray | None


@dataclass(frozen=True)
class _Group:
    """Images that are named together, and their codes float32 [n,D] by name; ``factors`` int [n,K], where known."""

    name: str
    images: np.ndarray
    codes: dict[str, np.ndarray]
    factors: np.ndarray | None = None


@dataclass(frozen=True)
class Finder:
    """Finds the inputs of both sides of one swap.

    ``data``: the data set whose rows are meant; None: the one the model was trained on. ``strict``: images of another
    size or kind than the model's are refused. ``source``: where the codes of rows come from.
    """

    model: TrainedModel
    source: encoding.Source
    data: str | Dataset | None
    strict: bool
    report: Reporter

    def content(self, wanted: SideSelection) -> list[Input]:
        """The inputs in the order of files, then rows. Raises WrongUsage, MissingFile, ForeignFile or DataMismatch."""
        return [each for group in self._groups(wanted, "--content") for each in self._each(group)]

    def classes(self, wanted: SideSelection, *, average: bool = False) -> list[Input]:
        """The inputs in the order of files, then rows, then labels; raises as :meth:`content`.

        ``average``: all single files, each folder and each list of rows are one class each, whose code is that which
        the method makes of several (``join_classes``), or their mean.
        """
        groups = self._groups(wanted, "--class", together=average)
        found = [each for group in groups for each in ([self._joined(group)] if average else self._each(group))]
        return found + [self._labelled(text) for text in wanted.labels]

    def kept(self, count: int) -> list[Input]:
        """Up to so many of the training images that are kept in the checkpoint."""
        if self.source == "latent":
            rows = self.model.content["samples"].get("rows")
            if not isinstance(rows, list) or not rows or not all(type(row) is int for row in rows):
                raise ForeignFile(f"{self.model.path}: does not say of which rows it keeps images; name --content-rows")
            return self._each(self._rows(rows[:count], "--content"))
        images = kept_images(self.model)[:count]
        if not len(images):
            raise ForeignFile(f"{self.model.path}: keeps no images; name some with --content or --content-rows")
        return self._each(_Group("", images, encoding.of_images(self.model, images)))

    @cached_property
    def _dataset(self) -> Dataset:
        """The data set, opened when it is first needed."""
        return data_of(self.model, self.data, self.report, fit=False) if self.data else self._trained_on

    @cached_property
    def _trained_on(self) -> Dataset:
        return data_of(self.model, None, self.report)

    @property
    def _factor(self) -> ClassLabels | None:
        """Which factors the class is, of a model that knows."""
        return class_content.class_labels(self.model.method)

    def _groups(self, wanted: SideSelection, flag: str, *, together: bool = False) -> Iterator[_Group]:
        """A group for each file, folder and list of rows; ``together``: one for all single files."""
        if wanted.files and self.source == "latent":
            raise WrongUsage(
                f"{flag} {wanted.files[0]}: {self.model.path} has no encoder to read pictures with, but codes"
                f" optimised for its training images; name some with {flag}-rows"
            )
        single = [path for path in wanted.files if not path.is_dir()]
        for path in wanted.files:
            if path.is_dir():
                images = fitted_images.folder_of_pictures(self.model, path, self.report, strict=self.strict)
            elif not together or path is single[0]:
                some = single if together else [path]
                images = np.stack([fitted_images.picture(self.model, p, self.report, strict=self.strict) for p in some])
            else:
                continue
            yield _Group(path.name if path.is_dir() else "", images, encoding.of_images(self.model, images))
        for rows in wanted.rows:
            yield self._rows(rows, flag)

    def _rows(self, rows: Sequence[int], flag: str) -> _Group:
        data = self._dataset
        chosen = checked_rows(rows, len(data), data.path, f"{flag}-rows")
        images = fitted_images.rows(self.model, data, chosen, self.report, strict=self.strict)
        if self.source == "latent":
            codes = encoding.concatenated(self.model, encoding.of_rows(self.model, data, chosen, "latent"))
        else:
            codes = encoding.of_images(self.model, images)
        facts = self.model.facts
        alike = (data.factor_names, data.factor_sizes) == (facts.factor_names, facts.factor_sizes)
        return _Group("", images, codes, data.factors[chosen] if alike and data.factors is not None else None)

    def _each(self, group: _Group) -> list[Input]:
        factors = [None] * len(group.images) if group.factors is None else group.factors
        codes = group.codes["mean"]
        return [
            Input(code, image[None], Label(self._word(own)), own)
            for code, image, own in zip(codes, group.images, factors, strict=True)
        ]

    def _joined(self, group: _Group) -> Input:
        """A group as one class."""
        count, own, word = len(group.images), None, ""
        if group.factors is not None and self._factor is not None and len(set(self._factor.of(group.factors))) == 1:
            own = group.factors[0]
            word = self._word(own)
        label = Label(word or group.name, f"mean of {count}" if count > 1 else "")
        return Input(_joined_code(self.model, group.codes), group.images, label, own)

    def _labelled(self, text: str) -> Input:
        """A class the model was trained on: its code, and an image of it if the data is there."""
        factor, path = self._factor, self.model.path
        if factor is None:
            raise WrongUsage(f"--class-label {text}: {path} was trained without classes; --class FILE shows it one")
        trained = trained_classes(self.model)
        index = factor.index(text, trained["names"])
        if trained["images"][index] == 0:
            raise DataMismatch(
                f"--class-label {text}: {path} was never trained on an image of it; --class FILE shows it one"
            )
        own = np.zeros(len(self.model.facts.factor_names), np.int64)
        own[list(factor.columns)] = factor.values(index)
        images, some = np.empty((0, 0, 0, 0), np.uint8), np.empty(0, np.int64)
        try:
            data = self._dataset
            if data.content_sha256 != self.model.content["data"].get("content_sha256"):
                data = self._trained_on
            rows = encoding.training_rows(self.model, data)
            if data.factors is None:
                raise DataMismatch(f"{data.path}: has no factors, which say the class of an image")
            rows = rows[factor.of(data.factors[rows]) == index]
            some = rows[np.linspace(0, len(rows) - 1, min(len(rows), _CLASS_IMAGES)).astype(np.int64)]
            images = np.ascontiguousarray(data.images[some])
        except (MissingFile, DataMismatch):
            if self.source == "encoder":
                raise
        if self.source == "latent":
            shown = to_float(torch.from_numpy(images[:1]).to(self.model.device)) if len(images) else None
            code = encoding.optimised(self.model, np.zeros(1, np.int64), own[None], shown)["mean"][0]
        else:
            code = _joined_code(self.model, encoding.of_images(self.model, images))
        return Input(code, images[:1], Label(self._word(own)), own)

    def _word(self, factors: np.ndarray | None) -> str:
        """What the class of a row of factors int [K] is called; nothing where there is none."""
        if factors is None or self._factor is None:
            return ""
        index = int(self._factor.of(factors[None])[0])
        return " ".join(self._factor.label(index, trained_classes(self.model)["names"]).split())


def _joined_code(model: TrainedModel, codes: dict[str, np.ndarray]) -> np.ndarray:
    """The code float32 [D] of several images (codes float32 [n,D] by name): means, and the method's class code."""
    mean = codes["mean"].mean(axis=0)
    method = model.method
    if isinstance(method, JoinsClasses) and len(codes["mean"]) > 1:
        joint = method.join_classes({name: torch.from_numpy(values) for name, values in codes.items()})["class_code"]
        mean[: joint.shape[-1]] = joint.reshape(-1).numpy()
    return mean
