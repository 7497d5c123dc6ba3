"""Where a model's codes come from: its encoders, or, of the images it was trained on, the codes optimised for them."""

from collections.abc import Iterator
from typing import Literal

import numpy as np
import torch

from disentool.contract import RowCodes, optional
from disentool.engine import inference
from disentool.engine.feed import Feed, to_float
from disentool.errors import DataMismatch, ForeignFile, WrongUsage
from disentool.io.dataset import Dataset
from disentool.models.model import TrainedModel
from disentool.reporting import Reporter

Source = Literal["encoder", "latent"]


def choose(model: TrainedModel, asked: Literal["auto", "encoder", "latent"], report: Reporter) -> Source:
    """``encoder`` or ``latent``: where the codes come from. See :class:`disentool.contract.RowCodes`.

    ``auto``: the encoders where they are trained; else, with a note, the optimised codes. WrongUsage where the model
    does not have what was asked for.
    """
    if asked == "latent" and not isinstance(model.method, RowCodes):
        raise WrongUsage(f"--codes latent: {model.path} optimises no codes; its encoder gives all")
    ready = optional.encoders_ready(model.method, model.content["step"])
    if asked == "encoder" and not ready:
        raise WrongUsage(f"--codes encoder: {model.path} has none that is trained; train on, with --stage both")
    if asked == "auto" and not ready:
        report.note(
            f"{model.path}: its encoders are not trained yet; codes are those optimised for its training images"
        )
    return "encoder" if asked != "latent" and ready else "latent"


def training_rows(model: TrainedModel, dataset: Dataset) -> np.ndarray:
    """The rows of the data that the model was trained on, int64 [n]; DataMismatch if it was trained on other data."""
    if dataset.content_sha256 != model.content["data"].get("content_sha256"):
        raise DataMismatch(
            f"{dataset.path}: {model.path} was trained on other data, and has optimised codes of that alone;"
            " leave out --data, or give --codes encoder"
        )
    rows = dataset.rows(str(model.content["run"].get("rows", "auto")))
    if len(rows) != model.facts.rows:
        raise ForeignFile(f"{model.path}: says it was trained on {model.facts.rows} rows, its data has {len(rows)}")
    return rows


def of_rows(model: TrainedModel, dataset: Dataset, rows: np.ndarray, source: Source) -> Iterator[dict[str, np.ndarray]]:
    """The codes of ``rows`` (int64 [n]) by name, float32 [b,D], batch by batch; a source as :func:`choose` gives.

    Optimised codes are there for training rows alone: DataMismatch names the first other one.
    """
    if source == "encoder":
        yield from inference.encode(model.method, model.networks, Feed(dataset.images, None, model.device), rows)
        return
    known = training_rows(model, dataset)
    places = np.minimum(np.searchsorted(known, rows), len(known) - 1)
    others = rows[known[places] != rows]
    if len(others):
        raise DataMismatch(
            f"{dataset.path}: row {others[0]} has no optimised code, because {model.path} was not trained on it; name a"
            " training row, or train its encoders with --stage both"
        )
    if dataset.factors is None:
        raise DataMismatch(f"{dataset.path}: has no factors, which hold the classes that codes were optimised for")
    for start in range(0, len(rows), inference.BATCH):
        part = slice(start, start + inference.BATCH)
        images = to_float(torch.from_numpy(np.ascontiguousarray(dataset.images[rows[part]])).to(model.device))
        yield optimised(model, places[part], dataset.factors[rows[part]], images)


def optimised(
    model: TrainedModel, places: np.ndarray, factors: np.ndarray, images: torch.Tensor | None = None
) -> dict[str, np.ndarray]:
    """The codes optimised for the training images ``places`` (int64 [b], counted within the training rows).

    ``images``: float32 [b,C,H,W], these themselves, of which some of the codes may be an encoder's.
    """
    method = model.method
    if not isinstance(method, RowCodes):
        raise WrongUsage(f"{model.path}: optimises no codes; its encoder gives all")
    there, known = (torch.from_numpy(np.ascontiguousarray(a, np.int64)).to(model.device) for a in (places, factors))
    with inference.repeatable():
        codes = method.row_codes(model.networks, there, known, images)
        return {name: code.float().cpu().numpy() for name, code in codes.items()}


def of_images(model: TrainedModel, images: np.ndarray) -> dict[str, np.ndarray]:
    """The encoder's codes of images uint8 [n,H,W,C] by name, float32 [n,D]; ForeignFile where they are not finite."""
    feed = Feed(np.ascontiguousarray(images), None, model.device, resident=False)
    return concatenated(model, inference.encode(model.method, model.networks, feed, np.arange(len(images))))


def concatenated(model: TrainedModel, parts: Iterator[dict[str, np.ndarray]]) -> dict[str, np.ndarray]:
    """Batches of codes as one; ForeignFile where they are not finite."""
    batches = list(parts)
    codes = {name: np.concatenate([batch[name] for batch in batches]) for name in batches[0]}
    if not np.isfinite(codes["mean"]).all():
        raise ForeignFile(
            f"{model.path}: encodes images to NaN or infinity, because its training diverged; use another checkpoint"
        )
    return codes
