"""Images that a model decoded, as a data-set file or a folder of pictures."""

import csv
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from disentool.errors import WrongUsage
from disentool.io import files, hdf5
from disentool.io.schema import DATASET
from disentool.models.decoding import images_of
from disentool.models.model import TrainedModel
from disentool.pictures import writing
from disentool.reporting import Reporter, counted

_HDF5 = (".h5", ".hdf5")


@dataclass(frozen=True)
class TableFile:
    """Numbers of each image, ``values`` float64 [n,K] under ``names``, as a file of a folder of pictures."""

    file: str
    names: Sequence[str]
    values: np.ndarray


def probe(output: Path, *, overwrite: bool, other: str = "") -> None:
    """Check an output before any work: a file ending in .h5, or a folder that is not there yet.

    ``other``: what else the caller writes, for the message.
    """
    if output.suffix.lower() in _HDF5:
        files.probe(output, overwrite=overwrite)
    elif output.suffix:
        raise WrongUsage(f"{output}: expected a name ending in .h5, or without a suffix for a folder of PNGs{other}")
    else:
        files.probe_folder(output)


def write_decoded(
    model: TrainedModel,
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

    ``rows``: int64 [n], which PNGs are named by. ``factors``: int32 [n,K], where known. ``images``: what the codes
    decode to, uint8 [b,H,W,C] batch by batch, where that is known already.
    """
    facts = model.facts
    return write_images(
        output,
        images_of(model, codes) if images is None else images,
        (facts.height, facts.width, facts.channels),
        rows,
        {"codes": codes} | ({} if factors is None else {"factors": factors}),
        {"likelihood": facts.likelihood, "checkpoint_sha256": model.sha256} | attributes,
        label=f"decode {model.path.name}",
        overwrite=overwrite,
        report=report,
    )


def write_images(
    output: Path,
    images: Iterable[np.ndarray],
    shape: tuple[int, int, int],
    rows: np.ndarray,
    arrays: Mapping[str, np.ndarray],
    attributes: Mapping[str, Any],
    *,
    table: TableFile | None = None,
    label: str,
    overwrite: bool,
    report: Reporter,
) -> Path:
    """Write images uint8 [b,H,W,C], which come batch by batch, each of ``shape`` (H, W, C), as many as ``rows``.

    ``output``: a data-set file with ``arrays`` and ``attributes`` beside the images; or, without a suffix, a folder of
    PNGs named by ``rows`` (int64 [n]), with the ``table``. ``label``: what the progress is called.
    """
    every = (len(rows), *shape)
    with files.claim(output), report.task(label, len(rows), "images") as task, ExitStack() as stack:
        if output.suffix:
            need = int(np.prod(every)) + sum(array.nbytes for array in arrays.values())
            files.probe(output, overwrite=overwrite, need_bytes=need)
            out = stack.enter_context(hdf5.create(output, DATASET, overwrite=overwrite))
            with out.stream("images", every, np.uint8) as append:
                for block in counted(images, task):
                    append(block)
            for name, array in arrays.items():
                out.array(name, array)
            out.attributes(**attributes)
        else:
            folder = stack.enter_context(files.whole_folder(output))
            digits = max(6, len(str(rows.max(initial=0))))
            names = [f"{row:0{digits}}.png" for row in rows.tolist()]
            if table is not None:
                _write_table(folder, table, names)
            rest = iter(names)
            for block in counted(images, task):
                for image in block:
                    writing.save_png(folder / next(rest), image)
    return output


def _write_table(folder: Path, table: TableFile, names: Sequence[str]) -> None:
    with (folder / table.file).open("w", newline="", encoding="utf-8") as file:
        lines = csv.writer(file, lineterminator="\n")
        lines.writerow(["file", *table.names])
        for name, values in zip(names, table.values.tolist(), strict=True):
            lines.writerow([name, *values])
