"""The content of an explorer's page: sliders of latent dimensions, and of directions in units of the image."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

import numpy as np

from disentool.contract import ClassSupport, IntervalSupport
from disentool.models.decoding import images_of
from disentool.models.dimensions import Dimension, choose
from disentool.models.generator import Opened, encodes, generated_pixels
from disentool.models.model import TrainedModel
from disentool.models.starting_codes import StartingCodes
from disentool.pages.explorer import Content, Slider
from disentool.reporting import Reporter
from disentool.steering import along_direction
from disentool.steering.along_direction import Move
from disentool.steering.codes_to_move import CodesToMove

STEPS = 25  # values of a slider, unasked
MAX_DIMS = 10  # sliders of dimensions, unasked
STARTS = 4  # images to start from, unasked
_EXTENT = 3.0  # of dimensions beside directions, in the prior's deviations
_NAMED = 16  # collapsed dimensions that a remark names
_GROUPS = {
    IntervalSupport: "Latent codes, in their own units",
    ClassSupport: "Latent codes that are classes",
    type(None): "Latent dimensions, in standard deviations of the prior",
}


def choose_dimensions(
    model: TrainedModel, dims: Sequence[int] | None, report: Reporter
) -> tuple[list[Dimension], tuple[str, ...]]:
    """The dimensions that get a slider, and remarks on those that get none.

    ``dims``: these; None: up to 10 that are not collapsed, in the order of their KL to the prior, the largest first. Of
    codes of class and content half of them are of either, if there are enough. Raises what
    :func:`disentool.models.dimensions.choose` does.
    """
    if dims is not None:
        return choose(model, dims, report), ()
    every = choose(model, None, report, model.method.codes()["mean"])
    alive = [dimension for dimension in every if not dimension.label.muted] or every
    class_width = model.method.codes().get("class_code", 0)
    of_class = [dimension for dimension in alive if dimension.index < class_width]
    content = [dimension for dimension in alive if dimension.index >= class_width]
    few = max(MAX_DIMS // 2, MAX_DIMS - len(content)) if of_class else 0
    kept = [*of_class[:few], *content]
    kept = kept[:MAX_DIMS]
    notes = []
    if len(alive) > len(kept):
        notes.append(f"the {len(kept)} of {len(alive)} dimensions that tell most have a slider; --dims names others")
    collapsed = [dimension.label.text for dimension in every if dimension not in alive]
    if collapsed:
        names = ", ".join(collapsed) if len(collapsed) <= _NAMED else f"{len(collapsed)} dimensions"
        notes.append(f"collapsed, and without a slider unless --dims names them: {names}")
    return kept, tuple(notes)


def of_model(
    model: TrainedModel,
    starts: StartingCodes,
    shown: Sequence[Dimension],
    span: tuple[float, float],
    steps: int | None,
    *,
    notes: tuple[str, ...] = (),
    named: bool = False,
) -> Content:
    """A slider for each of the dimensions, from end to end of ``span``, or through all that it can be."""
    class_width = model.method.codes().get("class_code")
    made = dimensions(starts.codes, shown, span, steps or STEPS, class_width)
    return Content(starts.codes, starts.images, made, notes, named=named, stepped=steps is not None)


def decoded(model: TrainedModel, content: Content) -> Iterator[np.ndarray]:
    """The images uint8 [k,H,W,C] that each start of a model's page needs, made as they are asked for."""
    for codes in content.codes_to_decode():
        yield np.concatenate(list(images_of(model, codes)))


def generated(opened: Opened, classes: np.ndarray | None, content: Content) -> Iterator[np.ndarray]:
    """The same of a generator's page; ``classes``: int64 [n], the class of each start, where there are any."""
    for number, codes in enumerate(content.codes_to_decode()):
        of_codes = None if classes is None else np.repeat(classes[number], len(codes))
        yield np.concatenate(list(generated_pixels(opened, codes, of_codes)))


def dimensions(
    codes: np.ndarray, shown: Sequence[Dimension], span: tuple[float, float], steps: int, class_width: int | None = None
) -> list[Slider]:
    """The sliders of dimensions: codes float32 [n,D] with one of them at each of its values, as in a still.

    ``class_width``: how many of the first numbers of a code are the class's, where it is of class and content.
    """
    made = []
    for dimension in shown:
        values = dimension.stills(np.linspace(*span, steps), *span)
        moved = dimension.moved(codes, values)
        is_class = isinstance(dimension.support, ClassSupport)
        group = _GROUPS[type(dimension.support)]
        if dimension.scale != 1.0 or dimension.centre:
            group = "Latent dimensions, in standard deviations of the training images' codes"
        if class_width is not None:
            group = f"{'Class' if dimension.index < class_width else 'Content'} code, {group.partition(', ')[2]}"
        unit = "class" if is_class else "sd" if dimension.support is None else ""
        made.append(
            Slider(
                dimension.name,
                dimension.label.detail,
                group,
                unit,
                moved,
                np.broadcast_to(np.asarray(values, np.float64), moved.shape[:2]),
                dimension.values(codes),
                free=not is_class,
            )
        )
    return made


def placed(start: np.ndarray, moves: Sequence[Move]) -> np.ndarray:
    """Codes float64 [n,d] moved to where s = 0 for all the directions at once, by as little as it takes."""
    directions = np.stack([move.direction.u for move in moves], 1).astype(np.float64)
    share = np.linalg.lstsq(directions, start.T, rcond=None)[0]
    return start - (directions @ share).T


def of_generator(
    opened: Opened,
    starts: CodesToMove,
    moves: Sequence[Move],
    steps: int | None,
    report: Reporter,
    *,
    spanned: bool,
    named: bool,
) -> Content:
    """A slider for each move, and for the dimensions of a checkpoint whose codes are its generator's z.

    Codes that were drawn are placed at s = 0 for all directions at once. The rest is as :func:`of_directions` has it.
    """
    z, more = starts.z, list[Slider]()
    notes: tuple[str, ...] = ()
    if starts.drawn:
        z = placed(z, moves)
        notes = ("the images are drawn from the prior and placed in the middle of every direction's range",)
    if opened.model is not None and encodes(opened):
        shown, collapsed = choose_dimensions(opened.model, None, report)
        more = dimensions(z.astype(np.float32), shown, (-_EXTENT, _EXTENT), steps or STEPS)
        notes += collapsed
    here = [replace(move, placed=False) for move in moves]
    return of_directions(z, starts.images, here, steps, spanned=spanned, more=more, notes=notes, named=named)


def of_directions(
    start: np.ndarray,
    shown: np.ndarray | None,
    moves: Sequence[Move],
    steps: int | None,
    *,
    spanned: bool,
    more: Sequence[Slider] = (),
    notes: tuple[str, ...] = (),
    named: bool = False,
) -> Content:
    """A slider for each move of codes float64 [n,d] from where they are, then the sliders ``more``.

    ``spanned``: from end to end of the moves' own spans; else of each image as far as the direction was fitted.
    ``shown``: uint8 [n,H,W,C], the images of the codes, where known.
    """
    along = [_along(move, start, steps or STEPS, spanned) for move in moves]
    codes = start.astype(np.float32)
    return Content(codes, shown, [*along, *more], notes, named=named, stepped=steps is not None)


def _along(move: Move, start: np.ndarray, steps: int, spanned: bool) -> Slider:
    direction = move.direction
    _, _, at = move.origin(start)
    low, high = np.full(len(start), move.span.low), np.full(len(start), move.span.high)
    if not spanned:
        low, high = direction.t_valid[0] - at, direction.t_valid[1] - at
    amounts = along_direction.amounts(low, high, steps)
    codes = np.concatenate([move.codes(one[None], some) for one, some in zip(start, amounts, strict=True)])
    unit = "sd" if move.span.latent else direction.unit
    group = "Directions, by which the image is moved"
    return Slider(direction.name, "", group, unit, codes, amounts, np.zeros(len(start)), relative=True)


def facts_of_generator(opened: Opened) -> list[str]:
    """What a generator is, in a few words each."""
    return [opened.name, f"sha256 {opened.sha256[:16]}"] if opened.model is None else facts(opened.model)


def facts(model: TrainedModel) -> list[str]:
    """What a checkpoint is, in a few words each."""
    content = model.content
    said = [str(content["method"]), f"seed {content['rng'].get('seed')}", f"step {content['step']:,}"]
    return [*said, f"trained on {content['data'].get('name', '?')}", f"sha256 {model.sha256[:16]}"]
