"""What an artefact knows of its classes and of the rows it was trained on, as metrics of class and content take it."""

from typing import TYPE_CHECKING, Any

import numpy as np

from disentool.contract import ClassLabels, optional
from disentool.scoring.points import TrainingFacts

if TYPE_CHECKING:
    from disentool.io.dataset import Dataset
    from disentool.io.latents import Latents
    from disentool.models.model import Model


def of_model(model: "Model", dataset: "Dataset", chosen: np.ndarray) -> TrainingFacts:
    """Of a checkpoint and the rows ``chosen`` (int64 [n]) of a data set.

    Rows of other data than it was trained on were not trained on; nor were their classes, unless the data names and
    numbers the same ones.
    """
    known, method = model.content["data"], model.method
    factor = optional.class_labels(method)
    trained = np.zeros(len(chosen), bool)
    if dataset.content_sha256 == known.get("content_sha256"):
        trained = np.isin(chosen, dataset.rows(str(model.content["run"].get("rows", "auto"))))
    of_classes = known.get("classes") or {}
    images = None
    if factor is not None and of_classes:
        same = all(
            name in dataset.factor_names
            and dataset.factor_sizes[dataset.factor_names.index(name)] == size
            and _alike(dataset.words().get(name), of_classes["names"].get(name))
            for name, size in zip(factor.names, factor.sizes, strict=True)
        )
        images = np.array(of_classes["images"], np.int64) if same else _none(factor, dataset)
    return TrainingFacts(
        class_factor=factor.text if factor is not None else dataset.class_factor,
        class_width=optional.class_width(method),
        images=images,
        rows=trained,
        noise=optional.content_noise(method),
    )


def _alike(words: list[str] | None, others: list[str] | None) -> bool:
    """Whether two lists of words name the same classes; where one file has none, nothing contradicts it."""
    return words is None or others is None or list(words) == list(others)


def _none(factor: ClassLabels, dataset: "Dataset") -> np.ndarray | None:
    """No image of any class that the data numbers; None where it lacks the factor."""
    if not set(factor.names) <= set(dataset.factor_names):
        return None
    sizes = [dataset.factor_sizes[dataset.factor_names.index(name)] for name in factor.names]
    return np.zeros(int(np.prod(sizes)), np.int64)


def of_latents(table: "Latents") -> TrainingFacts:
    """Of a file of codes, which knows what part of the data it holds, not which rows of all were trained on."""
    part = table.provenance.get("rows") if table.classes else None
    if table.classes and table.provenance.get("codes") == "latent":  # which are of rows trained on alone
        part = "train"
    known = {"train": np.ones(len(table.mean), bool), "test": np.zeros(len(table.mean), bool)}
    return TrainingFacts(
        class_factor=table.classes.get("factor", ""),
        class_width=None if table.class_code is None else table.class_code.shape[1],
        images=np.array(table.classes["images"], np.int64) if table.classes else None,
        rows=known.get(str(part)),
        noise=_number(table.provenance.get("content_noise")),
    )


def _number(value: Any) -> float | None:
    """A standard deviation as a file gives it, or None."""
    return float(value) if type(value) in (int, float) and 0 <= value < float("inf") else None
