"""The outputs of ``invert``: a picture with a column for each loss, a table of distances, and the codes."""

import json
import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from disentool.directions.inversion import InversionLoss, detail
from disentool.directions.reconstruction import default_sigma
from disentool.engine.feed import to_uint8
from disentool.io import files, hdf5, provenance, records
from disentool.io.schema import INVERSION, LATENTS
from disentool.models.generator import Opened, decoder_codes
from disentool.models.label import Label
from disentool.pictures import lettering, printing, stills, writing
from disentool.pictures.canvas import Sheet
from disentool.pictures.layout import Block
from disentool.pictures.printing import Paper
from disentool.reporting import Reporter

Perceptual = Callable[[np.ndarray, np.ndarray], np.ndarray]  # images float32 [N,H,W,C] in 0..1, twice -> [N]
_MOST_DECIMALS = 5  # of a distance
ENCODER = "encoder"  # the column of what a checkpoint's own encoder makes of an image


@dataclass(frozen=True)
class Targets:
    """Images float32 [N,C,H,W] in 0..1 with their names; and the codes [N,d] that a checkpoint's encoder gives."""

    images: Tensor
    names: list[str]
    encoded: Tensor | None


@dataclass(frozen=True)
class InversionColumn:
    """One column of the picture: the loss that was minimised, and what was found for each of N images.

    ``z`` [N,d]: codes; ``images`` float32 [N,C,H,W] in 0..1; ``classes`` int64 [N] or None; ``losses`` [N,S]: of every
    start.
    """

    label: str
    loss: InversionLoss | None
    z: Tensor
    images: Tensor
    classes: Tensor | None
    losses: Tensor | None


def by_lpips(perceptual: Perceptual, first: Tensor, second: Tensor) -> np.ndarray:
    """LPIPS float64 [N] of images float32 [N,C,H,W] in 0..1."""
    pair = (images.permute(0, 2, 3, 1).float().cpu().numpy() for images in (first, second))
    return perceptual(*pair)


def table_lines(
    opened: Opened,
    targets: Targets,
    column: InversionColumn,
    constants: dict[str, Any],
    perceptual: Perceptual | None = None,
) -> Iterator[dict[str, Any]]:
    """A line of the table for each image of a column; with its LPIPS where ``perceptual`` measures that."""
    middle = default_sigma(opened.generator.facts.height, opened.generator.facts.width)
    measures = {
        "mse": InversionLoss("mse")(column.images, targets.images),
        "dssim": InversionLoss("dssim")(column.images, targets.images),
        "blur": InversionLoss("blur", middle)(column.images, targets.images),
        "detail": detail(column.images, targets.images),
    }
    measured = {name: values.cpu().double().numpy() for name, values in measures.items()}
    if perceptual is not None:
        measured["lpips"] = by_lpips(perceptual, column.images, targets.images)
    norms = column.z.norm(dim=1).cpu().numpy()
    for i, name in enumerate(targets.names):
        line: dict[str, Any] = {
            "format": INVERSION.name,
            "version": INVERSION.version,
            "artefact": str(opened.path),
            "id": opened.sha256[:16],
            "image": name,
            "loss": ENCODER if column.loss is None else column.loss.kind,
            "sigma": column.loss.sigma if column.loss is not None and column.loss.kind == "blur" else None,
            "class": None if column.classes is None else int(column.classes[i]),
            **{key: float(values[i]) for key, values in measured.items()},
            "psnr": -10 * math.log10(max(float(measured["mse"][i]), 1e-12)),
            "norm": float(norms[i]),
        }
        if column.losses is not None:
            values = np.sort(column.losses[i].cpu().double().numpy())
            line["reached"] = {"best": values[0], "median": float(np.median(values)), "worst": values[-1]}
        line["details"] = constants | {"blur_sigma": middle}
        yield line


def write(
    output: Path,
    opened: Opened,
    targets: Targets,
    columns: list[InversionColumn],
    lines: list[dict[str, Any]],
    size: int,
    overwrite: bool,
    report: Reporter,
) -> None:
    """The picture, the table or the codes, by the name's suffix."""
    kind = output.suffix.lower()
    if kind == ".jsonl":
        files.write_text(output, "".join(records.to_json(line) + "\n" for line in lines), overwrite=overwrite)
    elif kind in writing.STILL:
        comment = json.dumps({"created_by": provenance.created_by(), "generator_sha256": opened.sha256})
        block, cells = _block(targets, columns, lines)
        height, width = _size(opened)
        printed = printing.fit(output, [block], height, width, size, size, paper=Paper(), report=report)
        sheet = Sheet([block], height, width, printed.factor, **printed.letters)
        stills.write(output, sheet, [cells], dpi=printed.dpi, overwrite=overwrite, comment=comment)
    else:
        _write_codes(output, opened, targets, columns, lines, overwrite)


def _size(opened: Opened) -> tuple[int, int]:
    return opened.generator.facts.height, opened.generator.facts.width


def _block(targets: Targets, columns: list[InversionColumn], lines: list[dict[str, Any]]) -> tuple[Block, np.ndarray]:
    """A row for each image: the image, then what each way found; the columns say their mean distances.

    And its cells, uint8 [N,columns,H,W,C].
    """
    inputs = to_uint8(targets.images)
    details = [""] * len(columns)
    for name in ("mse", "lpips"):
        if name in lines[0]:
            means = np.array([line[name] for line in lines]).reshape(len(columns), len(inputs)).mean(axis=1)
            texts = lettering.numbers(means, _decimals(means))
            details = [", ".join(filter(None, [d, f"{name} {text}"])) for d, text in zip(details, texts, strict=True)]
    labels = tuple(Label(column.label, detail) for column, detail in zip(columns, details, strict=True))
    aside = (tuple(("" if i else "image", image) for i, image in enumerate(inputs)),)
    block = Block((Label(""),) * len(inputs), labels, aside, thinned=False)
    return block, np.stack([to_uint8(column.images) for column in columns], 1)


def _decimals(distances: np.ndarray) -> int:
    """With which the least of them that is more than 0 has two digits."""
    least = float(distances[distances > 0].min(initial=1.0))
    return min(_MOST_DECIMALS, 1 - math.floor(math.log10(least)))


def _write_codes(
    output: Path,
    opened: Opened,
    targets: Targets,
    columns: list[InversionColumn],
    lines: list[dict[str, Any]],
    overwrite: bool,
) -> None:
    """A latents file, the rows in the order of the table: ``mean`` is what the decoder takes, ``z`` standard normal."""
    z = torch.cat([column.z for column in columns])
    mean = torch.cat([decoder_codes(opened, column.z, column.classes) for column in columns])
    kept = ("image", "loss", "sigma", "class", "mse", "details")
    with hdf5.create(output, LATENTS, overwrite=overwrite) as out:
        out.array("mean", mean.cpu().numpy())
        out.array("z", z.cpu().numpy())
        out.array("row", np.tile(np.arange(len(targets.names)), len(columns)))
        out.attributes(
            method=opened.name,
            name=f"{len(targets.names)} images, inverted",
            grid=False,
            checkpoint_sha256=opened.sha256,
            provenance=json.dumps({"rows": [{k: line.get(k) for k in kept} for line in lines]}, ensure_ascii=False),
        )
