"""The codes from which images are moved along directions: drawn from the prior, or those that a call names."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentool.engine.randomness import latent_noise
from disentool.errors import DataMismatch, WrongUsage
from disentool.io import latents
from disentool.io.call_checks import require_indices
from disentool.io.dataset import Dataset
from disentool.models import starting_codes
from disentool.models.generator import Opened, encodes
from disentool.reporting import Reporter

STARTS = 4  # unasked


@dataclass(frozen=True)
class CodesToMove:
    """Codes z float64 [n,d] of a generator, and the images uint8 [n,H,W,C] that they encode where those are known.

    ``drawn``: they are draws from the prior, as the call named none.
    """

    z: np.ndarray
    images: np.ndarray | None
    drawn: bool


def find(
    opened: Opened,
    report: Reporter,
    *,
    image_files: Sequence[Path],
    codes: Path | None,
    rows: Sequence[int] | None,
    data: str | Dataset | None,
    count: int | None,
    seed: int,
) -> CodesToMove:
    """The codes that a call names, else ``count`` (default 4) draws from the prior of ``seed``.

    ``image_files``, ``rows`` of ``data``: of a checkpoint that encodes into its generator's z. ``codes``: a latents
    file, ``rows`` chooses among its codes. Raises WrongUsage, MissingFile, ForeignFile or DataMismatch.
    """
    width = opened.generator.facts.latent_dim
    if not (image_files or codes or rows is not None or data):
        drawn = latent_noise(seed, np.arange(count or STARTS), width)
        return CodesToMove(drawn.astype(np.float64), None, drawn=True)
    model = opened.model
    if model is not None and encodes(opened):
        found = starting_codes.find(
            model,
            report,
            count=count,
            default=STARTS,
            image_files=image_files,
            codes=codes,
            rows=rows,
            data=data,
        )
        return CodesToMove(found.codes.astype(np.float64), found.images, drawn=False)
    if codes is None:
        raise WrongUsage(
            f"{opened.path} ({opened.name}) does not encode images into its z; `disentool invert` finds codes, and"
            " --codes takes them"
        )
    z = latents.read_any(codes, None).mean
    if z.shape[1] != width:
        raise DataMismatch(f"{codes}: its codes have {z.shape[1]} dimensions, {opened.path} has {width}")
    require_indices(rows or (), len(z), "--rows", codes, "rows")
    z = z[: count or STARTS] if rows is None else z[list(rows)]
    if not len(z) or not np.isfinite(z).all():
        raise DataMismatch(f"{codes}: expected codes to start from, one at least, finite")
    return CodesToMove(z.astype(np.float64), None, drawn=False)
