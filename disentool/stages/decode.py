"""Checkpoint + latents -> images, as a data-set file or a folder of pictures."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np
import torch

from disentool.engine import inference
from disentool.errors import DataMismatch, ForeignFile, WrongUsage
from disentool.io import files, hdf5, latents
from disentool.io import images as pictures
from disentool.io.latents import Latents
from disentool.io.schema import DATASET
from disentool.stages import model as models
from disentool.stages.model import Model
from disentool.stages.reporting import Reporter, Silent

_HDF5 = (".h5", ".hdf5")


def decode(
    path: Path,
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
    model = models.load(path, device, trust=trust)
    require_fit(model, codes, table, report)
    files.require_apart(output, path, codes)
    chosen = _rows(rows, len(table.mean), codes)
    mean = table.mean if rows is None else table.mean[chosen]
    if not np.isfinite(mean).all():
        raise ForeignFile(f"{codes}: holds codes that are not finite")
    attributes = {
        "name": f"{table.name or codes.stem}, decoded",
        "source": f"{codes.name} decoded by {model.content['method']} {model.sha256[:16]}",
        "grid": table.grid and rows is None,
        "factor_names": table.factor_names,
        "factor_sizes": table.factor_sizes,
        "class_names": json.dumps(table.class_names, ensure_ascii=False),
    }
    factors = None if table.factors is None else table.factors[chosen].astype(np.int32)
    return write_images(model, mean, output, chosen, factors, attributes, overwrite=overwrite, report=report)


def probe(output: Path, *, overwrite: bool) -> None:
    """Check an output before any work: a file ending in .h5, or a folder that is not there yet."""
    if output.suffix.lower() in _HDF5:
        files.probe(output, overwrite=overwrite)
    elif output.suffix:
        raise WrongUsage(f"{output}: expected a name ending in .h5, or without a suffix for a folder of PNGs")
    else:
        files.probe_folder(output)


def require_fit(model: Model, codes: Path, table: Latents, report: Reporter) -> None:
    """DataMismatch unless the codes are as wide as what the model encodes or samples; a note if another made them."""
    width = model.method.codes()["mean"]
    if table.mean.shape[1] not in (width, model.prior_width):
        raise DataMismatch(
            f"{codes}: its codes have {table.mean.shape[1]} dimensions, {model.path} has {width};"
            f" `disentool encode {model.path}` makes ones that fit"
        )
    if table.checkpoint_sha256 and table.checkpoint_sha256 != model.sha256:
        report.note(f"{codes}: was encoded by another checkpoint than {model.path}; dimensions may not correspond")


def write_images(
    model: Model,
    codes: np.ndarray,
    output: Path,
    rows: np.ndarray,
    factors: np.ndarray | None,
    attributes: dict[str, Any],
    *,
    images: Iterable[np.ndarray] | None = None,
    overwrite: bool,
    report: Reporter,
) -> Path:
    """Decode codes float32 [n,D] into ``output``: a data-set file with ``attributes``, or a folder of PNGs.

    ``images``: what they decode to, uint8 [b,H,W,C] batch by batch, where that is known already.
    """
    images = images_of(model, codes) if images is None else images
    facts = model.facts
    shape = (len(codes), facts.height, facts.width, facts.channels)
    with (
        files.claim(output),
        report.task(f"decode {model.path.name}", len(codes), "images") as task,
        ExitStack() as stack,
    ):
        if output.suffix:
            files.probe(output, overwrite=overwrite, need_bytes=int(np.prod(shape)) + codes.nbytes)
            out = stack.enter_context(hdf5.create(output, DATASET, overwrite=overwrite))
            with out.stream("images", shape, np.uint8) as append:
                for block in _counted(images, task):
                    append(block)
            out.array("codes", codes)
            if factors is not None:
                out.array("factors", factors)
            out.attributes(likelihood=facts.likelihood, checkpoint_sha256=model.sha256, **attributes)
        else:
            folder = stack.enter_context(files.whole_folder(output))
            digits = max(6, len(str(rows.max(initial=0))))
            names = iter(rows.tolist())
            for block in _counted(images, task):
                for image in block:
                    pictures.save_png(folder / f"{next(names):0{digits}}.png", image)
    return output


def images_of(model: Model, codes: np.ndarray) -> Iterator[np.ndarray]:
    """Codes float32 [n,D] -> images uint8 [b,H,W,C], batch by batch; ForeignFile where they are not finite."""
    for start in range(0, len(codes), inference.BATCH):
        with inference.repeatable():
            batch = torch.from_numpy(codes[start : start + inference.BATCH])
            decoded = to_pixels(model, model.method.decode(model.networks, batch.to(model.device)))
        yield decoded


def to_pixels(model: Model, decoded: torch.Tensor) -> np.ndarray:
    """Images float32 [b,C,H,W] in 0..1 -> uint8 [b,H,W,C]; ForeignFile where they are not finite."""
    if not bool(decoded.isfinite().all()):
        raise ForeignFile(f"{model.path}: decodes to NaN or infinite pixels; its training diverged")
    return (decoded * 255).round().clamp(0, 255).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy()


def _counted(blocks: Iterable[np.ndarray], task) -> Iterator[np.ndarray]:
    done = 0
    for block in blocks:
        yield block
        done += len(block)
        task.update(done)


def _rows(rows: Sequence[int] | None, total: int, path: Path) -> np.ndarray:
    if total == 0:
        raise ForeignFile(f"{path}: holds no codes")
    if rows is None:
        return np.arange(total)
    for row in rows:
        if not 0 <= row < total:
            raise WrongUsage(f"--rows {row}: {path} has rows 0 to {total - 1:,}")
        if list(rows).count(row) > 1:
            raise WrongUsage(f"--rows {row}: named twice")
    return np.asarray(rows, np.int64)
