"""Checkpoint, or generator and directions -> images drawn from the prior, or along laws of directions."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from disentool.arguments.defaults import SAMPLE_PIXELS, SAMPLES
from disentool.engine import devices
from disentool.io import files
from disentool.models.code_spaces import has_spaces
from disentool.models.collapse import note_collapse
from disentool.models.decoding import images_of
from disentool.models.generator import generated_pixels, open_generator
from disentool.models.model import Checkpoint, load_model, path_of
from disentool.models.prior import draw, draw_apart, note_law
from disentool.pictures import printing, sample_grid
from disentool.pictures.decoded import TableFile, probe, write_decoded, write_images
from disentool.pictures.limits import is_still
from disentool.pictures.printing import Paper
from disentool.reporting import Reporter, Silent, counted
from disentool.steering import named_directions, sampled_laws


def sample(
    checkpoint: Checkpoint,
    output: Path,
    count: int = SAMPLES,
    *,
    seed: int = 0,
    size: int = SAMPLE_PIXELS,
    width: float | None = None,
    height: float | None = None,
    device: str = "auto",
    trust: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Path:
    """Draw ``count`` images: z from the prior, then the mean of p(x|z).

    ``output``: a grid (.png .pdf .svg, an image's longer side about ``size`` pixels), a data-set file (.h5) with the
    codes beside the images, or, without a suffix, a folder of PNGs. ``width``, ``height``: the room for a grid in mm,
    which it fills one way (default: as ``size`` needs at 150 dots per inch, and at most a page of 174 by 247 mm). The
    n-th image depends on ``seed`` and n only; but in a grid of a method of class and content each row has one content,
    and each column one class. A note says what codes are drawn from where the method has no prior.
    """
    report = report or Silent()
    paper = Paper(width, height)
    _probe(output, paper, overwrite)
    devices.configure(devices.choose(device))
    model = load_model(checkpoint, device, trust=trust)
    note_collapse(model, report)
    note_law(model, report)
    if not is_still(output):
        attributes = {
            "name": f"{count} samples",
            "source": f"sampled from {model.content['method']} {model.sha256[:16]} with seed {seed}",
            "grid": False,
        }
        codes = draw(model, count, seed)
        numbers = np.arange(count)
        return write_decoded(model, codes, output, numbers, None, attributes, overwrite=overwrite, report=report)
    sample_grid.check(output, count, model.facts.height, model.facts.width, size)
    comment = json.dumps({"method": model.content["method"], "checkpoint_sha256": model.sha256, "seed": seed})
    if apart := has_spaces(model):
        rows, columns = sample_grid.shape(count, model.facts.height, model.facts.width)
        codes = draw_apart(model, rows, columns, seed)[:count]
    else:
        codes = draw(model, count, seed)
    with files.claim(output):
        images = images_of(model, codes)
        sample_grid.write(
            output, images, size, paper=paper, apart=apart, overwrite=overwrite, comment=comment, report=report
        )
    return output


def sample_along(
    spec: Checkpoint,
    references: Sequence[str],
    law_texts: Sequence[str],
    output: Path,
    count: int = SAMPLES,
    *,
    classes: Sequence[int] = (),
    seed: int = 0,
    size: int = SAMPLE_PIXELS,
    width: float | None = None,
    height: float | None = None,
    device: str = "auto",
    trust: bool = False,
    force: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Path:
    """Draw ``count`` images whose t of each direction follows a law: z from the unclipped prior, moved so that it does.

    ``references``: ``dirs.h5:shift-x`` words, each with its law in ``law_texts``: ``LOW:HIGH`` or
    ``uniform:LOW,HIGH``, ``normal:MEAN,STD``, or a number, in the direction's unit; see
    :mod:`disentool.directions.laws`. A normal law is truncated to the range that the direction was fitted to; a note
    says so. Without any, the images are of the prior.

    ``output``, ``width``, ``height``: as :func:`sample` has them; beside the images are ``t`` float64 [n,k] and
    ``codes`` in a data set, and the table ``t.csv`` in a folder. The n-th image depends on the seed and n only.

    Raises WrongUsage for a t outside the range, DataMismatch for another generator's directions without ``force``, and
    what opening a generator raises, all before anything is drawn.
    """
    report = report or Silent()
    paper = Paper(width, height)
    _probe(output, paper, overwrite)
    named = named_directions.read(references, every=False)
    laws = sampled_laws.read([each.direction for each in named], law_texts)
    devices.configure(devices.choose(device))
    if named:
        opened = named_directions.opened(spec, named, device, trust=trust, force=force)
    else:
        opened = open_generator(spec, device, trust=trust, classes=classes)
    classes_of = named_directions.classes_of(opened, named, classes, count)
    laws.note_truncated(report)
    facts = opened.generator.facts
    if is_still(output):
        sample_grid.check(output, count, facts.height, facts.width, size)
    z, t = laws.draw(count, facts.latent_dim, seed)
    images = generated_pixels(opened, z, classes_of)
    label = f"sample {path_of(spec).name}"
    if is_still(output):
        about = {"method": opened.name, "generator_sha256": opened.sha256, "seed": seed, "laws": laws.described()}
        with files.claim(output), report.task(label, count, "images") as task:
            sample_grid.write(
                output,
                counted(images, task),
                size,
                paper=paper,
                overwrite=overwrite,
                comment=json.dumps(about),
                report=report,
            )
        return output
    names = [each.direction.name for each in named]
    codes = sampled_laws.codes_for_decoder(opened, z, classes_of)
    arrays = {"codes": codes}  # what `decode` takes; beside them z, where that is another
    arrays |= {} if codes is z else {"z": z}
    arrays |= ({"t": t} if named else {}) | ({} if classes_of is None else {"classes": classes_of})
    along = f", along {', '.join(names)}" if named else ""
    attributes: dict[str, Any] = {
        "name": f"{count} samples",
        "source": f"sampled from {opened.name} {opened.sha256[:16]} with seed {seed}{along}",
        "grid": False,
    }
    if named:
        attributes |= {"t_names": names, "t_laws": json.dumps(laws.described(), ensure_ascii=False)}
    if opened.model is not None:
        attributes |= {"checkpoint_sha256": opened.sha256, "likelihood": opened.model.facts.likelihood}
    return write_images(
        output,
        images,
        (facts.height, facts.width, facts.channels),
        np.arange(count),
        arrays,
        attributes,
        table=TableFile("t.csv", names, t) if named else None,
        label=label,
        overwrite=overwrite,
        report=report,
    )


def _probe(output: Path, paper: Paper, overwrite: bool) -> None:
    """Check the output before any work."""
    paper.check()
    printing.require_still([output], paper)
    if is_still(output):
        files.probe(output, overwrite=overwrite)
    else:
        probe(output, overwrite=overwrite, other=", or in .png, .pdf or .svg for one picture of all")
