"""Codes drawn from a model's prior."""

import numpy as np
import torch

from disentool.contract import optional
from disentool.engine.randomness import latent_noise
from disentool.errors import ForeignFile
from disentool.models.model import TrainedModel
from disentool.reporting import Reporter


def draw(model: TrainedModel, count: int, seed: int) -> np.ndarray:
    """Codes float32 [count,W] from the model's prior: N(0, I), or what its method makes of such draws.

    Where no loss draws the codes to a prior (``fits_prior``), they are drawn from independent normal laws with the mean
    and standard deviation that the training images' codes have. W may be larger than the width of what is encoded:
    the codes of a GAN hold its noise too, else all images of a class would be the same. Raises ForeignFile for damaged
    statistics.
    """
    normals = latent_noise(seed, np.arange(count), model.prior_width)
    if optional.fits_prior(model.method):
        mean, deviation = (np.asarray(_statistic(model, name), np.float32) for name in ("mean_mean", "mean_std"))
        return mean + deviation * normals
    return optional.from_prior(model.method, torch.from_numpy(normals)).numpy()


def draw_apart(model: TrainedModel, rows: int, columns: int, seed: int) -> np.ndarray:
    """Codes float32 [rows*columns,W] of a grid, row by row: a content for each row, a class for each column.

    The n-th content and the n-th class are those of the n-th code that :func:`draw` gives.
    """
    width = model.method.codes()["class_code"]
    codes = draw(model, max(rows, columns), seed)
    classes, contents = np.tile(codes[:columns, :width], (rows, 1)), np.repeat(codes[:rows, width:], columns, axis=0)
    return np.concatenate([classes, contents], axis=1)


def note_law(model: TrainedModel, report: Reporter) -> None:
    """Say what codes are drawn from, where the model's method has no prior."""
    law = optional.without_prior(model.method)
    if law is not None:
        report.note(f"{model.path}: {model.content['method']} has no prior; codes are drawn from {law}")


def note_scale(model: TrainedModel, report: Reporter) -> None:
    """Say in which unit dimensions are moved, where the model's method has no prior whose deviations would be one."""
    if optional.without_prior(model.method) is not None:
        report.note(
            f"{model.path}: {model.content['method']} has no prior; dimensions are moved in standard deviations of the"
            " training images' codes, about their mean"
        )


def _statistic(model: TrainedModel, name: str) -> list[float]:
    """An entry of the checkpoint's statistics, a number for each dimension; ForeignFile if it is not that."""
    values = model.content["statistics"].get(name)
    if not (isinstance(values, list) and len(values) == model.prior_width and np.isfinite(values).all()):
        raise ForeignFile(f"{model.path}: its statistics have no {name} of its codes, which samples are drawn with")
    return values
