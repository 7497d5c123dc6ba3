"""Checkpoint, or generator and directions -> pictures and pages of what its latent dimensions or the directions do."""

import json
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

import numpy as np

from disentool.commands.bounds import ends_of
from disentool.commands.defaults import FPS, FRAMES, TRAVERSAL_EXTENT
from disentool.engine import devices, inference
from disentool.errors import WrongUsage
from disentool.io import files
from disentool.models import dimensions, starting_codes
from disentool.models.collapse import note_collapse
from disentool.models.decoding import images_of
from disentool.models.generator import Opened, generated_pixels
from disentool.models.model import TrainedModel, load_model
from disentool.models.prior import note_scale
from disentool.models.starting_codes import StartingCodes
from disentool.pages import explorer, explorer_content
from disentool.pictures import traversal_grid
from disentool.pictures.limits import STEPS, check_outputs, check_sizes, check_starts, is_page, is_still
from disentool.pictures.traversal_grid import LeftImages, Variation, half_period
from disentool.reporting import Reporter, Silent, counted
from disentool.steering import along_direction, codes_to_move, named_directions
from disentool.steering.along_direction import Move, Span
from disentool.steering.codes_to_move import CodesToMove

_STILL_IMAGES, _MOVING_IMAGES = 1, 4  # of latent dimensions, unasked


def traverse(
    path: Path,
    outputs: Sequence[Path],
    *,
    image_files: Sequence[Path] = (),
    codes: Path | None = None,
    rows: Sequence[int] | None = None,
    data: str | None = None,
    images: int | None = None,
    dims: Sequence[int] | None = None,
    extent: float | tuple[float, float] = TRAVERSAL_EXTENT,
    steps: int | None = None,
    frames: int = FRAMES,
    fps: float = FPS,
    size: int | None = None,
    device: str = "auto",
    trust: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Iterator[Path]:
    """Vary one latent dimension at a time and draw what is decoded; yields each output as it is complete.

    ``outputs``: a still (.png: a row per dimension, a column per value) or an animation (.gif .webp .mp4 .webm: a row
    per image, a column per dimension, the value going to and fro), or a page with sliders (.html), by the name's
    suffix. Dimensions stand in the order of their KL to the prior, the largest first, or as ``dims`` names them; of a
    method of class and content those of the class stand before those of the content.

    The codes to start from are those of the images kept in the checkpoint; or of ``image_files``; or of ``rows`` of the
    data (``data``, else what the checkpoint was trained on); or those in a latents file (``codes``, its ``rows``).
    ``images``: how many where they are not named one by one (default: 1 in a still, 4 elsewhere).

    ``extent``: values run from -extent to extent, or from the first to the second of a pair, in standard deviations of
    the prior, or of the training images' codes for a method without a prior. ``steps``: values in a still (default: 13)
    or of a slider (25). ``frames``: of one period of the animation. ``fps``: frames a second. ``size``: about how many
    pixels an image's longer side gets (default: 128 in a still, 64 in an animation, 384 on a page); a pixel becomes a
    whole number of them.

    The same inputs make the same bytes. Raises WrongUsage, MissingFile, ForeignFile, DataMismatch, OutputExists,
    NotWritable or MissingExtra, all before anything is drawn.
    """
    report = report or Silent()
    outputs = [Path(output) for output in outputs]
    check_sizes(images, steps, frames, fps, size)
    low, high = ends_of(extent)
    if images and (image_files or rows is not None):
        source = "--image" if image_files else "--rows"
        raise WrongUsage(f"--images {images}: {source} names the images already; leave out --images")
    check_outputs(outputs)
    with ExitStack() as claims:
        _claim(outputs, overwrite, claims)
        devices.configure(devices.choose(device))
        model = load_model(path, device, trust=trust)
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
                variations.append(Variation(dimension.label, values, dimension.moved(some.codes, values)))
            planned.append(traversal_grid.lay_out(output, variations, model.facts.height, model.facts.width, size))
        with report.task(f"traverse {model.path.name}", sum(each.cells for each in planned), "images") as task:
            done = 0
            for each in planned:
                cells = each.by_variation(counted(images_of(model, each.codes), task, done))
                done += each.cells
                if is_still(each.output):
                    beside = _left_of(model, starts.first(each.starts))
                    traversal_grid.write_still(
                        each, cells, beside, stacked=True, comment=model.comment, overwrite=overwrite
                    )
                else:
                    traversal_grid.write_animation(
                        *(each, cells, starts.images, (moving_values, max(abs(low), abs(high)))),
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


def traverse_directions(
    spec: str | Path,
    references: Sequence[str],
    outputs: Sequence[Path],
    spans: Sequence[Span] = (),
    *,
    image_files: Sequence[Path] = (),
    codes: Path | None = None,
    rows: Sequence[int] | None = None,
    data: str | None = None,
    images: int | None = None,
    classes: Sequence[int] = (),
    steps: int | None = None,
    frames: int = FRAMES,
    fps: float = FPS,
    size: int | None = None,
    seed: int = 0,
    device: str = "auto",
    trust: bool = False,
    force: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Iterator[Path]:
    """Move images along directions and draw them; yields each output as it is complete.

    ``references``: ``dirs.h5:shift-x``, or a file alone for all that it holds. ``spans``: one for each direction, one
    for all, or none: from end to end of what each was fitted to. An image of code z is moved by t to z + (s' - s) u
    with s = <z,u> and s' = g^-1(g(s) + t) (Plumerault et al. 2020, section 2), by alpha to z + alpha u.

    The images to start from are ``images`` (default 4) codes from the prior, for each direction placed at its s = 0,
    from where it can be followed to both ends; or, of a checkpoint that encodes into its generator's z, ``image_files``
    or ``rows`` of ``data``; or the codes of a latents file, ``codes``. Those are moved from where they are.

    ``outputs`` and the numbers: as :func:`traverse` has them, a row per direction in a still. A page moves each image
    along each direction as far as that was fitted, if no span is named.

    Raises what :func:`traverse` does; DataMismatch for another generator's directions without ``force``; WrongUsage for
    a t outside the range that a direction was fitted to.
    """
    report = report or Silent()
    outputs = [Path(output) for output in outputs]
    check_sizes(images, steps, frames, fps, size)
    check_outputs(outputs)
    with ExitStack() as claims:
        _claim(outputs, overwrite, claims)
        named = named_directions.read(references, every=True)
        directions = [each.direction for each in named]
        asked = along_direction.spans_of(directions, spans)
        devices.configure(devices.choose(device))
        opened = named_directions.opened(spec, named, device, trust=trust, force=force)
        starts = codes_to_move.find(
            opened,
            report,
            image_files=image_files,
            codes=codes,
            rows=rows,
            data=data,
            count=images,
            seed=seed,
        )
        check_starts(len(starts.z))
        moves = [Move(each, span, starts.drawn) for each, span in zip(directions, asked, strict=True)]
        if not spans:
            moves = [move.within(starts.z) for move in moves]
        drawn = [output for output in outputs if not is_page(output)]
        for move in moves if drawn or spans else ():
            move.require_reached(starts.z)
        classes_of = named_directions.classes_of(opened, named, classes, len(starts.z))

        facts, comment = opened.generator.facts, named_directions.comment(opened, named)
        planned = []
        for output in drawn:
            share = np.linspace(0, 1, steps or STEPS) if is_still(output) else (1 + half_period(frames)) / 2
            amounts = [move.span.low + (move.span.high - move.span.low) * share for move in moves]
            variations = [
                Variation(move.label, values, move.codes(starts.z, values))
                for move, values in zip(moves, amounts, strict=True)
            ]
            planned.append(traversal_grid.lay_out(output, variations, facts.height, facts.width, size))
        with report.task(f"traverse {Path(spec).name}", sum(each.cells for each in planned), "images") as task:
            done = 0
            for each in planned:
                of_codes = None if classes_of is None else classes_of[each.start_of_codes]
                made = generated_pixels(opened, each.codes, of_codes)
                cells = each.by_variation(counted(made, task, done))
                done += each.cells
                if is_still(each.output):
                    beside = _left_of_moved(opened, starts, classes_of)
                    traversal_grid.write_still(each, cells, beside, stacked=False, comment=comment, overwrite=overwrite)
                else:
                    span = moves[0].span
                    scale = (each.variations[0].values, max(abs(span.low), abs(span.high)))
                    traversal_grid.write_animation(
                        *(each, cells, starts.images, scale if all(move.span == span for move in moves) else None),
                        fps=fps,
                        comment=comment,
                        overwrite=overwrite,
                    )
                yield each.output
        if len(drawn) < len(outputs):
            content = explorer_content.of_generator(
                opened,
                starts,
                moves,
                steps,
                report,
                spanned=bool(spans),
                named=images is not None or not starts.drawn,
            )
            for output in filter(is_page, outputs):
                explorer.write(
                    output,
                    content,
                    explorer_content.generated(opened, classes_of, content),
                    opened.path.name,
                    explorer_content.facts_of_generator(opened),
                    json.loads(comment),
                    size=size,
                    overwrite=overwrite,
                    report=report,
                )
                yield output


def _claim(outputs: Sequence[Path], overwrite: bool, claims: ExitStack) -> None:
    """Probe and claim every output before any work."""
    for output in outputs:
        files.probe(output, overwrite=overwrite)
        claims.enter_context(files.claim(output))


def _left_of(model: TrainedModel, starts: StartingCodes) -> list[LeftImages]:
    """What stands to the left of each start in a still: its image where known, and what its code decodes to."""
    own = np.concatenate(list(images_of(model, starts.codes)))
    if starts.images is None:
        return [[("decoded", image)] for image in own]
    return [[("input", a), ("reconstruction", b)] for a, b in zip(starts.images, own, strict=True)]


def _left_of_moved(opened: Opened, starts: CodesToMove, classes: np.ndarray | None) -> list[LeftImages]:
    """The same for starts that are moved along directions; codes that were drawn are shown in the row itself."""
    beside: list[LeftImages] = [[] for _ in starts.z]
    if not starts.drawn:
        own = np.concatenate(list(generated_pixels(opened, starts.z, classes)))
        beside = [[("start", image)] for image in own]
    if starts.images is not None:
        beside = [[("input", image), *rest] for image, rest in zip(starts.images, beside, strict=True)]
    return beside
