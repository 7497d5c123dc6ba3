"""Images that a model decoded, as a data-set file or a folder of pictures."""

from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from disentool.errors import WrongUsage
from disentool.io import files, hdf5
from disentool.io.schema import DATASET
from disentool.models.decoding import images_of
from disentool.models.model import Model
from disentool.pictures import writing
from disentool.reporting import Reporter, Task

_HDF5 = (".h5", ".hdf5")


def probe(output: Path, *, overwrite: bool) -> None:
    """Check an output before any work: a file ending in .h5, or a folder that is not there yet."""
    if output.suffix.lower() in _HDF5:
        files.probe(output, overwrite=overwrite)
    elif output.suffix:
        raise WrongUsage(f"{output}: expected a name ending in .h5, or without a suffix for a folder of PNGs")
    else:
        files.probe_folder(output)


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
                    writing.save_png(folder / f"{next(names):0{digits}}.png", image)
    return output


def _counted(blocks: Iterable[np.ndarray], task: Task) -> Iterator[np.ndarray]:
    done = 0
    for block in blocks:
        yield block
        done += len(block)
        task.update(done)
