"""Checkpoint -> pictures and pages of what its latent dimensions do."""

import json
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np

from disentool.arguments.bounds import ends_of
from disentool.arguments.defaults import FPS, FRAMES, TRAVERSAL_EXTENT
from disentool.engine import devices, inference
from disentool.errors import WrongUsage
from disentool.io import files
from disentool.io.dataset import Dataset
from disentool.models import dimensions, starting_codes
from disentool.models.collapse import note_collapse
from disentool.models.decoding import images_of
from disentool.models.model import Checkpoint, TrainedModel, load_model
from disentool.models.prior import note_scale
from disentool.models.starting_codes import StartingCodes
from disentool.pages import explorer, explorer_content
from disentool.pictures import traversals
from disentool.pictures.limits import check_starts, is_page, is_still
from disentool.pictures.printing import Paper
from disentool.pictures.traversal_grid import LeftImages, Variation, half_period
from disentool.pictures.traversals import Style
from disentool.reporting import Reporter, Silent

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
    the prior, or of the training images' codes for a method without a prior. ``steps``: values in a still (default: 13,
    or fewer in a narrow one) or of a slider (25). ``frames``: of one period of the animation. ``fps``: frames a second.
    ``size``: about how many pixels an image's longer side gets (default: 128 in a still, 64 in an animation, 384 on a
    page); a pixel becomes a whole number of them. ``width``, ``height``: the room for a still in mm, which it fills one
    way (default: as ``size`` needs at 300 dots per inch, and at most a page of 174 by 247 mm).

    The same inputs make the same bytes. Raises WrongUsage, MissingFile, ForeignFile, DataMismatch, OutputExists,
    NotWritable or MissingExtra, all before anything is drawn.
    """
    report = report or Silent()
    outputs = [Path(output) for output in outputs]
    paper = Paper(width, height)
    low, high = ends_of(extent)
    if images and (image_files or rows is not None):
        source = "--image" if image_files else "--rows"
        raise WrongUsage(f"--images {images}: {source} names the images already; leave out --images")
    traversals.check(checkpoint, outputs, paper, images=images, steps=steps, frames=frames, fps=fps, size=size)
    with files.claim_all(outputs, overwrite=overwrite):
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
        moving_values = (low + high) / 2 + (high - low) / 2 * half_period(frames)

        def variations_of(output: Path, values_in_still: int) -> list[Variation]:
            still_values = np.linspace(low, high, values_in_still)
            some, found = starts, []
            if is_still(output) and not (images or starts.chosen):
                some = starts.first(_STILL_IMAGES)
            for each in shown:
                values = each.stills(still_values, low, high) if is_still(output) else each.at(moving_values, low, high)
                found.append(Variation(each.label, values, each.moved(some.codes, values), each.axis))
            return found

        height_of, width_of = model.facts.height, model.facts.width
        yield from traversals.write(
            drawn,
            Style(height_of, width_of, steps, size, paper, _captions(starts), True, fps, model.comment),
            variations_of,
            lambda traversal: images_of(model, traversal.codes),
            lambda count: _left_of(model, starts.first(count)),
            starts.images,
            label=f"traverse {model.path.name}",
            overwrite=overwrite,
            report=report,
        )
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


def _captions(starts: StartingCodes) -> list[str]:
    """What stands to the left of each start in a still."""
    return ["decoded"] if starts.images is None else ["input", "reconstruction"]


def _left_of(model: TrainedModel, starts: StartingCodes) -> list[LeftImages]:
    """The start's image where known, and what its code decodes to, with their captions."""
    own = np.concatenate(list(images_of(model, starts.codes)))
    shown = [own] if starts.images is None else [starts.images, own]
    return [list(zip(_captions(starts), images, strict=True)) for images in zip(*shown, strict=True)]
