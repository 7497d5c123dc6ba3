"""Checkpoint + latents -> images, as a data-set file or a folder of pictures."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from disentool.engine import devices
from disentool.errors import ForeignFile
from disentool.io import files, latents
from disentool.io.call_checks import require_indices, require_once
from disentool.models.decoding import require_code_width
from disentool.models.model import Checkpoint, load_model, path_of
from disentool.pictures.decoded import probe, write_decoded
from disentool.reporting import Reporter, Silent


def decode(
    checkpoint: Checkpoint,
    codes: Path,
    output: Path,
    *,
    key: str | None = None,
    rows: Sequence[int] | None = None,
    device: str = "auto",
    trust: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Path:
    """Decode the codes of a latents file (or the array ``key`` of any HDF5 or .npz file), all or ``rows`` of them.

    ``output``: a data-set file (.h5) with the latents' factors and the codes beside the images; or, without a suffix, a
    folder of PNGs named by row. Images are means of p(x|z). Raises WrongUsage, MissingFile, ForeignFile, DataMismatch,
    OutputExists or NotWritable.
    """
    report = report or Silent()
    probe(output, overwrite=overwrite)
    table = latents.read_any(codes, key)
    devices.configure(devices.choose(device))
    model = load_model(checkpoint, device, trust=trust)
    require_code_width(model, codes, table, report)
    files.require_apart(output, path_of(checkpoint), codes)
    chosen = _rows(rows, len(table.mean), codes)
    mean = table.mean if rows is None else table.mean[chosen]
    if not np.isfinite(mean).all():
        raise ForeignFile(
            f"{codes}: holds codes that are NaN or infinite; the model diverged: encode another checkpoint"
        )
    attributes = {
        "name": f"{table.name or codes.stem}, decoded",
        "source": f"{codes.name} decoded by {model.content['method']} {model.sha256[:16]}",
        "grid": table.grid and rows is None,
        "factor_names": table.factor_names,
        "factor_sizes": table.factor_sizes,
        "class_names": json.dumps(table.class_names, ensure_ascii=False),
    }
    factors = None if table.factors is None else table.factors[chosen].astype(np.int32)
    return write_decoded(model, mean, output, chosen, factors, attributes, overwrite=overwrite, report=report)


def _rows(rows: Sequence[int] | None, total: int, path: Path) -> np.ndarray:
    if total == 0:
        raise ForeignFile(f"{path}: holds no codes")
    if rows is None:
        return np.arange(total)
    require_indices(rows, total, "--rows", path, "rows")
    require_once(rows, "--rows")
    return np.asarray(rows, np.int64)
