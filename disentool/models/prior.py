"""Codes drawn from a model's prior."""

import numpy as np
import torch

from disentool.contract import optional
from disentool.engine.randomness import latent_noise
from disentool.errors import ForeignFile
from disentool.models.model import TrainedModel


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


def _statistic(model: TrainedModel, name: str) -> list[float]:
    """An entry of the checkpoint's statistics, a number for each dimension; ForeignFile if it is not that."""
    values = model.content["statistics"].get(name)
    if not (isinstance(values, list) and len(values) == model.prior_width and np.isfinite(values).all()):
        raise ForeignFile(f"{model.path}: its statistics have no {name} of its codes, which samples are drawn with")
    return values
