"""Checkpoint + data -> latents file."""

import json
import shlex
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from disentool.arguments.bounds import CodesFrom
from disentool.contract.class_content import content_noise
from disentool.contract.optional import categorical_dimensions
from disentool.contract.precision import Precision
from disentool.engine import devices
from disentool.errors import MissingFile, WrongUsage
from disentool.io import files, hdf5, read_images
from disentool.io.dataset import Dataset, asked_rows
from disentool.io.output_template import check_template
from disentool.io.schema import LATENTS
from disentool.models import encoding, pictures_as_data
from disentool.models.data import data_of
from disentool.models.model import Checkpoint, load_model, path_of
from disentool.reporting import Reporter, Silent


def encode_each(
    artefacts: Iterable[str | Path],
    output: str | None = None,
    *,
    image_files: Sequence[Path] = (),
    data: str | None = None,
    rows: str = "all",
    codes: CodesFrom = "auto",
    device: str = "auto",
    precision: Precision = "auto",
    trust: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Iterator[Path]:
    """:func:`encode` for one checkpoint after another; yields each latents file as it is complete.

    ``output``: the files' name, ``{stem}`` in it being the checkpoint's; None: ``{stem}.latents.h5`` beside it. The
    other arguments and errors are those of :func:`encode`; WrongUsage where two checkpoints would write one file.
    """
    if output:
        check_template(output, [], {"stem"})
    _require_pictures_alone(image_files, data, rows)
    if isinstance(artefacts, Sequence):  # else they arrive one by one
        planned: set[Path] = set()
        for artefact in artefacts:
            files.probe(_target(artefact, output, planned), overwrite=overwrite)
    written: set[Path] = set()
    for artefact in artefacts:
        yield encode(
            Path(artefact),
            _target(artefact, output, written),
            image_files=image_files,
            data=data,
            rows=rows,
            codes=codes,
            device=device,
            precision=precision,
            trust=trust,
            overwrite=overwrite,
            report=report,
        )


def _target(artefact: str | Path, output: str | None, others: set[Path]) -> Path:
    """The latents file of a checkpoint, which must be there; ``others`` are those of the checkpoints before it."""
    path = Path(artefact)
    if path.is_dir() or (path.is_file() and path.suffix.lower() in read_images.SUFFIXES):
        found = "a folder" if path.is_dir() else "a picture"
        raise MissingFile(f"{path}: expected a checkpoint, found {found}; --image {shlex.quote(str(path))} encodes it")
    files.require(path, "checkpoint", "`disentool train factorvae` writes ./ckpt.pt")
    target = Path(output.format(stem=path.stem)) if output else path.with_name(f"{path.stem}.latents.h5")
    if target in others:
        raise WrongUsage(f"{target}: two of these checkpoints would write it; encode {path} by itself")
    others.add(target)
    return target


def encode(
    checkpoint: Checkpoint,
    output: Path,
    *,
    image_files: Sequence[Path] = (),
    data: str | Dataset | None = None,
    rows: str = "all",
    codes: CodesFrom = "auto",
    device: str = "auto",
    precision: Precision = "auto",
    trust: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Path:
    """Encode every row of the data (the checkpoint's own, or ``data``) into a ``disentool.latents`` file, streamed.

    ``image_files``: pictures, and folders of them, to encode instead of a data set; the file names each of them.
    ``rows``: ``all``, or ``train`` or ``test`` of the data's split. ``codes``: whose, see
    :func:`disentool.models.encoding.choose`; optimised codes are those of the rows trained on, which are then all.

    Raises WrongUsage, MissingFile, ForeignFile, UnsafeFile, DataMismatch, OutputExists, OutputBusy or NotWritable.
    """
    report = report or Silent()
    _require_pictures_alone(image_files, data, rows)
    files.require_apart(output, path_of(checkpoint), *image_files)
    devices.configure(devices.choose(device))
    model = load_model(checkpoint, device, trust=trust, precision=precision)
    source = encoding.choose(model, codes, report)
    names: list[str] = []
    if image_files:
        dataset, names = pictures_as_data.of_pictures(model, image_files, source, report)
    else:
        dataset = data_of(model, data, report)
    chosen = asked_rows(dataset, rows)
    if source == "latent" and rows == "all":
        chosen = encoding.training_rows(model, dataset)
    widths = model.method.codes()
    files.require_apart(output, dataset.path)
    files.require_hdf5_name(output, "codes")
    output = files.probe(output, overwrite=overwrite, need_bytes=len(chosen) * 4 * (sum(widths.values()) + 2))
    with (
        files.claim(output),
        report.task(f"encode {model.path.name}", len(chosen), "images") as task,
        hdf5.create(output, LATENTS, overwrite=overwrite) as out,
    ):
        done = 0
        with ExitStack() as streams:
            append = {
                name: streams.enter_context(out.stream(name, (len(chosen), width), np.float32))
                for name, width in widths.items()
            }
            for part in encoding.of_rows(model, dataset, chosen, source):
                for name, values in part.items():
                    append[name](values)
                done += len(values)
                task.update(done)
        out.array("row", chosen)
        if dataset.factors is not None:
            out.array("factors", dataset.factors[chosen])
        out.attributes(
            method=model.content["method"],
            name=dataset.name,
            grid=dataset.grid and len(chosen) == len(dataset),
            factor_names=dataset.factor_names,
            factor_sizes=dataset.factor_sizes,
            class_names=json.dumps(dataset.class_names, ensure_ascii=False),
            classes=json.dumps(model.content["data"].get("classes", {}), ensure_ascii=False),
            checkpoint_sha256=model.sha256,
            dataset_sha256=dataset.content_sha256,
            **({"images": names} if names else {}),
            provenance=json.dumps(
                {
                    "config": model.content["config"],
                    "seed": model.content["rng"].get("seed"),
                    "step": model.content["step"],
                    "rows": rows,
                    "codes": source,
                    "precision": model.precision,
                    "content_noise": content_noise(model.method),
                    **({"categorical": list(classes)} if (classes := categorical_dimensions(model.method)) else {}),
                }
            ),
        )
    return output


def _require_pictures_alone(image_files: Sequence[Path], data: str | Dataset | None, rows: str) -> None:
    if image_files and (data or rows != "all"):
        raise WrongUsage("--image names the pictures to encode; leave out --data and --rows")
