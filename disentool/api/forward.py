"""Arrays of a caller's through a model's networks: images to codes, codes to images, and traversals of codes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import torch
from torch import Tensor

from disentool.api.arrays import Array, as_given, code_batches, image_batches
from disentool.contract import optional
from disentool.engine import inference
from disentool.errors import ForeignFile, WrongUsage
from disentool.models import dimensions
from disentool.models.model import TrainedModel
from disentool.models.starting_codes import kept_images
from disentool.reporting import Silent


def encoded(model: TrainedModel, images: Array) -> dict[str, Array]:
    """All codes of images by name, float32 [N,D]; what is raised is said by :meth:`disentool.Model.encode`."""
    if not optional.encoders_ready(model.method, model.content["step"]):
        raise WrongUsage(f"{model.path}: its encoders are not trained yet; train on, with --stage both")
    parts: dict[str, list[Tensor]] = {}
    for batch in image_batches(images, model.facts, model.device):
        with inference.repeatable():
            for name, code in model.method.encode(model.networks, batch).items():
                parts.setdefault(name, []).append(code.float())
    if not all(bool(part.isfinite().all()) for part in parts["mean"]):
        raise ForeignFile(
            f"{model.path}: encodes images to NaN or infinity, because its training diverged; use another checkpoint"
        )
    return {name: as_given(codes, images) for name, codes in parts.items()}


def decoded(model: TrainedModel, codes: Array) -> Array:
    """Codes [N,D] or draws of the prior [N,W] -> images float32 in 0..1, in the layout of the caller's kind."""
    parts = []
    for batch in code_batches(codes, widths(model), model.device):
        with inference.repeatable():
            made = model.method.decode(model.networks, batch).float()
            if not bool(made.isfinite().all()):
                raise ForeignFile(f"{model.path}: decodes to NaN or infinite pixels; its training diverged")
            parts.append(made.clamp(0, 1))
    return as_given(parts, codes)


def traversed(
    model: TrainedModel, images: Any, codes: Any, dims: Sequence[int] | None, extent: float, steps: int
) -> Any:
    """Images [n,dims,steps,...] while one dimension moves; the arguments are those of :meth:`disentool.Model.traverse`.

    None for both ``images`` and ``codes``: it starts from the first image that the checkpoint keeps.
    """
    if images is not None and codes is not None:
        raise WrongUsage("images and codes are both a start; give one of them")
    if images is None and codes is None:
        images = kept_images(model)[:1]
        if not len(images):
            raise ForeignFile(f"{model.path}: keeps no images to start from; give images or codes")
    given = images if codes is None else codes
    shown = dimensions.choose(model, range(widths(model)[0]) if dims is None else dims, Silent())
    start = encoded(model, images)["mean"] if codes is None else codes
    base = torch.cat(list(code_batches(start, widths(model), torch.device("cpu")))).numpy()
    values = np.linspace(-extent, extent, steps)
    moved = np.stack([each.moved(base, each.at(values, -extent, extent)) for each in shown], axis=1)
    flat = torch.from_numpy(moved.reshape(-1, moved.shape[-1]))
    if isinstance(given, Tensor):
        drawn = decoded(model, flat.to(given.device))
        return drawn.reshape(*moved.shape[:3], *drawn.shape[1:])
    pictures = decoded(model, flat.numpy())
    return pictures.reshape(*moved.shape[:3], *pictures.shape[1:])


def widths(model: TrainedModel) -> tuple[int, int]:
    """D, the width of the codes that are encoded, and W, that of a draw from the prior."""
    return int(model.method.codes()["mean"]), model.prior_width
