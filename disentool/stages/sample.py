"""Checkpoint -> images drawn from the model: codes from the prior, decoded."""

import json
import math
from pathlib import Path

import numpy as np
import torch

from disentool.engine.randomness import latent_noise
from disentool.errors import ForeignFile, WrongUsage
from disentool.io import canvas, files
from disentool.io import images as pictures
from disentool.io.canvas import Block, Label, Sheet
from disentool.stages import decode as decoding
from disentool.stages import model as models
from disentool.stages.model import Model
from disentool.stages.reporting import Reporter, Silent

_MAX_PIXELS = 100_000_000  # of a picture


def sample(
    path: Path,
    output: Path,
    count: int = 64,
    *,
    seed: int = 0,
    size: int = 64,
    device: str = "auto",
    trust: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Path:
    """Draw ``count`` images: z from the prior, then the mean of p(x|z).

    ``output``: a grid (.png, an image's longer side about ``size`` pixels), a data-set file (.h5) with the codes beside
    the images, or, without a suffix, a folder of PNGs. The n-th image depends on ``seed`` and n only.
    """
    report = report or Silent()
    still = output.suffix.lower() in pictures.STILL
    if still:
        files.probe(output, overwrite=overwrite)
    else:
        decoding.probe(output, overwrite=overwrite)
    model = models.load(path, device, trust=trust)
    codes = draw(model, count, seed)
    if not still:
        attributes = {
            "name": f"{count} samples",
            "source": f"sampled from {model.content['method']} {model.sha256[:16]} with seed {seed}",
            "grid": False,
        }
        rows = np.arange(count)
        return decoding.write_images(model, codes, output, rows, None, attributes, overwrite=overwrite, report=report)
    height, width = model.facts.height, model.facts.width
    factor = canvas.factor(height, width, size)
    check_pixels(output, count, height * factor, width * factor)
    with files.claim(output):
        images = np.concatenate(list(decoding.images_of(model, codes)))
        comment = json.dumps({"method": model.content["method"], "checkpoint_sha256": model.sha256, "seed": seed})
        pictures.write_png(output, grid(images, factor), overwrite=overwrite, comment=comment)
    return output


def draw(model: Model, count: int, seed: int) -> np.ndarray:
    """Codes float32 [count,W] from the model's prior: N(0, I), unless its method says what it makes of that.

    Where no loss draws the codes to a prior (``fits_prior``), they are drawn from independent normal laws with the mean
    and standard deviation that the training images' codes have. They may be wider than what is encoded: a GAN's hold
    the noise too, or all images of a class would be one.
    """
    normals = latent_noise(seed, np.arange(count), model.prior_width)
    if getattr(model.method, "fits_prior", False):
        mean, deviation = (np.asarray(_statistic(model, name), np.float32) for name in ("mean_mean", "mean_std"))
        return mean + deviation * normals
    prior = getattr(model.method, "prior", None)
    return normals if prior is None else prior(torch.from_numpy(normals)).numpy()


def check_pixels(output: Path, count: int, height: int, width: int) -> None:
    """WrongUsage if so many images, as large as they are drawn, are too many for one picture."""
    if count * height * width > _MAX_PIXELS:
        raise WrongUsage(
            f"{output}: {count:,} images are too many for one picture; name fewer, a smaller --size or .h5"
        )


def _statistic(model: Model, name: str) -> list[float]:
    """An entry of the checkpoint's statistics, a number for each dimension; ForeignFile if it is not that."""
    values = model.content["statistics"].get(name)
    if not (isinstance(values, list) and len(values) == model.prior_width and np.isfinite(values).all()):
        raise ForeignFile(f"{model.path}: its statistics have no {name} of its codes, which samples are drawn with")
    return values


def grid(images: np.ndarray, factor: int) -> np.ndarray:
    """Images uint8 [n,H,W,C] row by row on a sheet about as wide as high, or wider."""
    count, height, width, channels = images.shape
    columns = min(count, math.ceil(math.sqrt(count * height / width)))
    rows = math.ceil(count / columns)
    cells = np.full((rows * columns, height, width, channels), 255, np.uint8)
    cells[:count] = images
    block = Block((Label(""),) * rows, (Label(""),) * columns, heads=False)
    return Sheet([block], height, width, factor).draw([cells.reshape(rows, columns, height, width, channels)])
