"""Checkpoint, or generator and directions -> pictures and pages of what its latent dimensions or the directions do."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from disentool.arguments.bounds import ends_of
from disentool.arguments.defaults import FPS, FRAMES, TRAVERSAL_EXTENT
from disentool.engine import devices, inference
from disentool.errors import WrongUsage
from disentool.io import files
from disentool.io.checkpoint import refuse_hdf5
from disentool.io.dataset import Dataset
from disentool.models import dimensions, starting_codes
from disentool.models.collapse import note_collapse
from disentool.models.decoding import images_of
from disentool.models.model import Checkpoint, TrainedModel, load_model, path_of
from disentool.models.prior import note_scale
from disentool.models.starting_codes import StartingCodes
from disentool.pages import explorer, explorer_content
from disentool.pictures import printing, traversal_grid
from disentool.pictures.limits import STEPS, check_outputs, check_sizes, check_starts, is_page, is_still
from disentool.pictures.printing import Paper
from disentool.pictures.traversal_grid import LeftImages, Variation, half_period
from disentool.reporting import Reporter, Silent, counted

_STILL_IMAGES, _MOVING_IMAGES = 1, 4  # of latent dimensions, unasked


def traverse(
    checkpoint: Checkpoint,
    outputs: Sequence[Path],
    *,
    image_files: Sequence[Path] = (),
    codes: Path | None = None,
    rows: Sequence[int] | None = None,
    data: str | Dataset | None = None,
    images: int | None = None,
    dims: Sequence[int] | None = None,
    extent: float | tuple[float, float] = TRAVERSAL_EXTENT,
    steps: int | None = None,
    frames: int = FRAMES,
    fps: float = FPS,
    size: int | None = None,
    width: float | None = None,
    height: float | None = None,
    device: str = "auto",
    trust: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Iterator[Path]:
    """Vary one latent dimension at a time and draw what is decoded; yields each output as it is complete.

    ``outputs``: a still (.png .pdf .svg: a row per dimension, a column per value) or an animation (.gif .webp .mp4
    .webm: a row per image, a column per dimension, the value going to and fro), or a page with sliders (.html), by the
    name's suffix. Dimensions stand in the order of their KL to the prior, the largest first, or as ``dims`` names them;
    of a method of class and content those of the class stand before those of the content.

    The codes to start from are those of the images kept in the checkpoint; or of ``image_files``; or of ``rows`` of the
    data (``data``, else what the checkpoint was trained on); or those in a latents file (``codes``, its ``rows``).
    ``images``: how many where they are not named one by one (default: 1 in a still, 4 elsewhere).

    ``extent``: values run from -extent to extent, or from the first to the second of a pair, in standard deviations of
    the prior, or of the training images' codes for a method without a prior. ``steps``: values in a still (default: 13)
    or of a slider (25). ``frames``: of one period of the animation. ``fps``: frames a second. ``size``: about how many
    pixels an image's longer side gets (default: 128 in a still, 64 in an animation, 384 on a page); a pixel becomes a
    whole number of them. ``width``, ``height``: the room for a still in mm, which it fills one way (default: as
    ``size`` needs at 300 dots per inch, and at most a page of 174 by 247 mm).

    The same inputs make the same bytes. Raises WrongUsage, MissingFile, ForeignFile, DataMismatch, OutputExists,
    NotWritable or MissingExtra, all before anything is drawn.
    """
    report = report or Silent()
    outputs = [Path(output) for output in outputs]
    paper = Paper(width, height)
    check_sizes(images, steps, frames, fps, size)
    paper.check()
    low, high = ends_of(extent)
    if images and (image_files or rows is not None):
        source = "--image" if image_files else "--rows"
        raise WrongUsage(f"--images {images}: {source} names the images already; leave out --images")
    if not outputs:
        refuse_hdf5(path_of(checkpoint))  # the wrong file is what to say first
    check_outputs(outputs)
    printing.require_still(outputs, paper)
    with ExitStack() as claims:
        claim_all(outputs, overwrite, claims)
        devices.configure(devices.choose(device))
        model = load_model(checkpoint, device, trust=trust)
        note_collapse(model, report)
        note_scale(model, report)
        drawn = [output for output in outputs if not is_page(output)]
        pages = list(filter(is_page, outputs))
        shown = dimensions.choose(model, dims, report) if drawn else []
        sliders, notes = (
            explorer_content.choose_dimensions(model, dims, report) if len(drawn) < len(outputs) else ([], ())
        )
        with inference.repeatable():
            starts = starting_codes.find(
                model,
                report,
                count=images,
                default=_STILL_IMAGES if all(map(is_still, outputs)) else _MOVING_IMAGES,
                image_files=image_files,
                codes=codes,
                rows=rows,
                data=data,
            )
        check_starts(len(starts))
        still_values = np.linspace(low, high, steps or STEPS)
        moving_values = (low + high) / 2 + (high - low) / 2 * half_period(frames)
        planned = []
        for output in drawn:
            variations = []
            for dimension in shown:
                values, some = dimension.at(moving_values, low, high), starts
                if is_still(output):
                    values = dimension.stills(still_values, low, high)
                    some = starts if images or starts.chosen else starts.first(_STILL_IMAGES)
                variations.append(
                    Variation(dimension.label, values, dimension.moved(some.codes, values), dimension.axis)
                )
            planned.append(
                traversal_grid.lay_out(
                    output=output,
                    variations=variations,
                    height=model.facts.height,
                    width=model.facts.width,
                    size=size,
                    paper=paper,
                    captions=_captions(starts),
                    stacked=True,
                    report=report,
                )
            )
        with report.task(f"traverse {model.path.name}", sum(each.cells for each in planned), "images") as task:
            done = 0
            for each in planned:
                cells = each.by_variation(counted(images_of(model, each.codes), task, done))
                done += each.cells
                if is_still(each.output):
                    beside = _left_of(model, starts.first(each.starts))
                    traversal_grid.write_still(each, cells, beside, comment=model.comment, overwrite=overwrite)
                else:
                    traversal_grid.write_animation(
                        each,
                        cells,
                        starts.images,
                        fps=fps,
                        comment=model.comment,
                        overwrite=overwrite,
                    )
                yield each.output
        for output in pages:
            named = bool(images) or starts.chosen
            content = explorer_content.of_model(model, starts, sliders, (low, high), steps, notes=notes, named=named)
            explorer.write(
                output,
                content,
                explorer_content.decoded(model, content),
                model.path.name,
                explorer_content.facts(model),
                json.loads(model.comment),
                size=size,
                overwrite=overwrite,
                report=report,
            )
            yield output


def claim_all(outputs: Sequence[Path], overwrite: bool, claims: ExitStack) -> None:
    """Probe and claim every output before any work."""
    for output in outputs:
        files.probe(output, overwrite=overwrite)
        claims.enter_context(files.claim(output))


def _captions(starts: StartingCodes) -> list[str]:
    """What stands to the left of each start in a still."""
    return ["decoded"] if starts.images is None else ["input", "reconstruction"]


def _left_of(model: TrainedModel, starts: StartingCodes) -> list[LeftImages]:
    """The start's image where known, and what its code decodes to, with their captions."""
    own = np.concatenate(list(images_of(model, starts.codes)))
    shown = [own] if starts.images is None else [starts.images, own]
    return [list(zip(_captions(starts), images, strict=True)) for images in zip(*shown, strict=True)]
