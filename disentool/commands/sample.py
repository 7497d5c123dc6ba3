"""Checkpoint -> images drawn from the model: codes from the prior, decoded."""

import json
from pathlib import Path

import numpy as np

from disentool.engine import device as devices
from disentool.io import files
from disentool.models import model as models
from disentool.models.decoding import images_of
from disentool.models.prior import draw
from disentool.pictures import canvas
from disentool.pictures import writing as pictures
from disentool.pictures.decoded import probe, write_images
from disentool.pictures.sample_grid import check_pixels, grid
from disentool.reporting import Reporter, Silent


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
        probe(output, overwrite=overwrite)
    devices.configure(devices.choose(device))
    model = models.load(path, device, trust=trust)
    codes = draw(model, count, seed)
    if not still:
        attributes = {
            "name": f"{count} samples",
            "source": f"sampled from {model.content['method']} {model.sha256[:16]} with seed {seed}",
            "grid": False,
        }
        rows = np.arange(count)
        return write_images(model, codes, output, rows, None, attributes, overwrite=overwrite, report=report)
    height, width = model.facts.height, model.facts.width
    factor = canvas.factor(height, width, size)
    check_pixels(output, count, height * factor, width * factor)
    with files.claim(output):
        images = np.concatenate(list(images_of(model, codes)))
        comment = json.dumps({"method": model.content["method"], "checkpoint_sha256": model.sha256, "seed": seed})
        pictures.write_png(output, grid(images, factor), overwrite=overwrite, comment=comment)
    return output
