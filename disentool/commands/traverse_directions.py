"""Generator -> pictures and pages of what directions do, or, of one of anyone's, of what its dimensions do."""

import json
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from disentool.arguments.bounds import ends_of
from disentool.arguments.defaults import CURVED, FPS, FRAMES, PATHS, SEARCH_LOSS, STRAIGHT, TRAVERSAL_EXTENT
from disentool.directions import transforms
from disentool.directions.curves import Curve
from disentool.directions.reconstruction import RESIDUAL, default_sigma
from disentool.directions.trajectories import Objective
from disentool.engine import devices
from disentool.errors import UnknownName, WrongUsage
from disentool.io import files
from disentool.io.dataset import Dataset
from disentool.models.generator import Opened, generated_pixels, open_generator
from disentool.models.model import Checkpoint, path_of
from disentool.pages import explorer, explorer_content
from disentool.pictures import traversals
from disentool.pictures.limits import check_starts, is_page, is_still
from disentool.pictures.printing import Paper
from disentool.pictures.traversal_grid import LeftImages, Traversal, Variation, half_period
from disentool.pictures.traversals import Style
from disentool.reporting import Reporter, Silent
from disentool.steering import along_direction, codes_to_move, dimension_moves, named_directions
from disentool.steering.along_direction import Move, Span
from disentool.steering.codes_to_move import CodesToMove
from disentool.steering.named_directions import NamedDirection


def traverse_directions(
    spec: Checkpoint,
    references: Sequence[str],
    outputs: Sequence[Path],
    spans: Sequence[Span] = (),
    *,
    path: str = STRAIGHT,
    image_files: Sequence[Path] = (),
    codes: Path | None = None,
    rows: Sequence[int] | None = None,
    data: str | Dataset | None = None,
    images: int | None = None,
    dims: Sequence[int] | None = None,
    extent: float | tuple[float, float] = TRAVERSAL_EXTENT,
    classes: Sequence[int] = (),
    steps: int | None = None,
    frames: int = FRAMES,
    fps: float = FPS,
    size: int | None = None,
    width: float | None = None,
    height: float | None = None,
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

    ``path``: straight as above, or curved: at each small step of t in the direction in which this image changes so,
    which meets t better where the generator is entangled; not for alpha and pages.

    Without ``references``: the dimensions ``dims`` (default: the 10 that change the images most), each from end to end
    of ``extent``, as :func:`disentool.commands.traverse.traverse` has it.

    The images to start from are ``images`` (default 4) codes from the prior, for each direction placed at its s = 0,
    from where it can be followed to both ends; or, of a checkpoint that encodes into its generator's z, ``image_files``
    or ``rows`` of ``data``; or the codes of a latents file, ``codes``. Those are moved from where they are.

    ``outputs`` and the numbers: as :func:`disentool.commands.traverse.traverse` has them, a row per direction in a
    still. A page moves each image along each direction as far as that was fitted, if no span is named.

    Raises what that does; DataMismatch for another generator's directions without ``force``; WrongUsage for
    a t outside the range that a direction was fitted to.
    """
    report = report or Silent()
    outputs = [Path(output) for output in outputs]
    paper = Paper(width, height)
    traversals.check(spec, outputs, paper, images=images, steps=steps, frames=frames, fps=fps, size=size)
    _check_path(path, references, outputs, spans)
    with files.claim_all(outputs, overwrite=overwrite):
        ends = ends_of(extent)
        named = named_directions.read(references, every=True)
        asked = along_direction.spans_of([each.direction for each in named], spans)
        devices.configure(devices.choose(device))
        if named:
            opened = named_directions.opened(spec, named, device, trust=trust, force=force)
        else:
            opened = open_generator(spec, device, trust=trust, classes=classes)
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
        if named:
            moves = [Move(each.direction, span, starts.drawn) for each, span in zip(named, asked, strict=True)]
            moves = moves if spans else [move.within(starts.z) for move in moves]
        else:
            moves = dimension_moves.choose(opened, dims, ends, classes, report)
        drawn = [output for output in outputs if not is_page(output)]
        for move in moves if drawn or spans else ():
            move.require_reached(starts.z)
        classes_of = named_directions.classes_of(opened, named, classes, len(starts.z))
        if path == CURVED:
            moves = [
                replace(move, curve=_curve(opened, each, classes_of)) for move, each in zip(moves, named, strict=True)
            ]

        facts, comment = opened.generator.facts, named_directions.comment(opened, [m.direction.name for m in moves])

        def variations_of(output: Path, values_in_still: int) -> list[Variation]:
            amounts = [_amounts(move.span, values_in_still, None if is_still(output) else frames) for move in moves]
            return [
                Variation(move.label, values, move.codes(starts.z, values), move.axis, move.symbol)
                for move, values in zip(moves, amounts, strict=True)
            ]

        def decoded(traversal: Traversal) -> Iterator[np.ndarray]:
            of_codes = None if classes_of is None else classes_of[traversal.start_of_codes]
            return generated_pixels(opened, traversal.codes, of_codes)

        yield from traversals.write(
            drawn,
            Style(facts.height, facts.width, steps, size, paper, _captions_of_moved(starts), False, fps, comment),
            variations_of,
            decoded,
            lambda count: _left_of_moved(opened, starts, classes_of),
            starts.images,
            label=f"traverse {path_of(spec).name}",
            overwrite=overwrite,
            report=report,
        )
        if len(drawn) < len(outputs):
            content = explorer_content.of_generator(
                opened,
                starts,
                moves,
                steps,
                report,
                spanned=bool(spans) or not named,
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


def _check_path(path: str, references: Sequence[str], outputs: Sequence[Path], spans: Sequence[Span]) -> None:
    """UnknownName or WrongUsage for a path that cannot be."""
    if path not in PATHS:
        raise UnknownName("path", path, PATHS)
    if path == STRAIGHT:
        return
    if not references:
        raise WrongUsage("--path curved needs a direction; name one with --direction FILE:NAME")
    if any(span.latent for span in spans):
        raise WrongUsage("--path curved moves images by t; give --t, not --alpha")
    for output in filter(is_page, outputs):
        raise WrongUsage(f"--path curved: {output} is a page; name a picture or an animation")


def _curve(
    opened: Opened, named: NamedDirection, classes: np.ndarray | None
) -> Callable[[np.ndarray, np.ndarray], np.ndarray]:
    """What moves codes along the curve of a direction's transform, compared as they were when it was found."""
    facts, provenance = opened.facts, named.file.provenance
    transforms.find(named.transform, facts.channels)
    loss, sigma = provenance.get("loss"), provenance.get("sigma")
    if loss not in RESIDUAL or (loss == "blur" and not isinstance(sigma, float)):
        loss, sigma = SEARCH_LOSS, default_sigma(facts.height, facts.width)
    curve = Curve(opened.generator, Objective(named.transform, loss, sigma if isinstance(sigma, float) else 0.0))

    def along(start: np.ndarray, amounts: np.ndarray) -> np.ndarray:
        with devices.full_precision():
            return curve.codes(start, amounts, classes)

    return along


def _amounts(span: Span, steps: int, frames: int | None) -> np.ndarray:
    """How far a still moves images, float64 [V]; or, to and fro, an animation whose period has so many ``frames``."""
    if frames is None:
        return along_direction.amounts(span.low, span.high, steps)
    return span.low + (span.high - span.low) * (1 + half_period(frames)) / 2


def _captions_of_moved(starts: CodesToMove) -> list[str]:
    """What stands to the left of each start in a still. Codes that were drawn stand in the row itself."""
    return ([] if starts.images is None else ["input"]) + ([] if starts.drawn else ["start"])


def _left_of_moved(opened: Opened, starts: CodesToMove, classes: np.ndarray | None) -> list[LeftImages]:
    """Each start's own image where known, and what its code makes unless it was drawn, with their captions."""
    shown = [] if starts.images is None else [starts.images]
    if not starts.drawn:
        shown.append(np.concatenate(list(generated_pixels(opened, starts.z, classes))))
    captions = _captions_of_moved(starts)
    return [list(zip(captions, [each[start] for each in shown], strict=True)) for start in range(len(starts.z))]
