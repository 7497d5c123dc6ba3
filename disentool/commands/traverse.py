"""Checkpoint -> pictures of what each latent dimension does."""

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from disentool.engine import device as devices
from disentool.engine import inference
from disentool.errors import WrongUsage
from disentool.io import files
from disentool.models import dimensions
from disentool.models import model as models
from disentool.models import starting_codes as starting
from disentool.models.decoding import images_of
from disentool.models.dimensions import Dimension
from disentool.models.label import Label
from disentool.models.model import Model
from disentool.models.starting_codes import Bases
from disentool.pages import explorer, explorer_content
from disentool.pictures import canvas
from disentool.pictures import writing as pictures
from disentool.pictures.canvas import Block, Sheet
from disentool.pictures.limits import MAX_BASES, STEPS, check_outputs, check_pixels, check_sizes, is_page, is_still
from disentool.reporting import Reporter, Silent, Task

_STILL_SIZE, _MOVING_SIZE = 128, 64  # for print, for a screen
_STILL_IMAGES, _MOVING_IMAGES = 1, 4


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
    extent: float = 3.0,
    steps: int | None = None,
    frames: int = 40,
    fps: float = 20.0,
    size: int | None = None,
    device: str = "auto",
    trust: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Iterator[Path]:
    """Vary one latent dimension at a time and draw what is decoded; yields each output as it is complete.

    ``outputs``: a still (.png: a row per dimension, a column per value) or an animation (.gif .webp .mp4 .webm: a row
    per image, a column per dimension, the value going to and fro), or a page with sliders (.html), by the name's
    suffix. Dimensions stand in the order of their KL to the prior, the largest first, or as ``dims`` names them.

    The codes to start from are those of the images kept in the checkpoint; or of ``image_files``; or of ``rows`` of the
    data (``data``, else what the checkpoint was trained on); or those in a latents file (``codes``, its ``rows``).
    ``images``: how many where they are not named one by one (default: 1 in a still, 4 elsewhere).

    ``extent``: values run from -extent to extent, in standard deviations of the prior. ``steps``: values in a still
    (default: 13) or of a slider (25). ``frames``: of one period of the animation. ``fps``: frames a second. ``size``:
    about how many pixels an image's longer side gets (default: 128 in a still, 64 in an animation, 384 on a page); a
    pixel becomes a whole number of them.

    The same inputs make the same bytes. Raises WrongUsage, MissingFile, ForeignFile, DataMismatch, OutputExists,
    NotWritable or MissingExtra, all before anything is drawn.
    """
    report = report or Silent()
    outputs = [Path(output) for output in outputs]
    check_sizes(images, steps, frames, fps, size)
    if not 0 < extent <= 100:
        raise WrongUsage(f"--range {extent:g}: expected standard deviations of the prior, more than 0 and at most 100")
    if images and (image_files or rows is not None):
        raise WrongUsage(f"--images {images}: the images to start from are named one by one already")
    check_outputs(outputs)
    with ExitStack() as claims:
        for output in outputs:
            files.probe(output, overwrite=overwrite)
            claims.enter_context(files.claim(output))
        devices.configure(devices.choose(device))
        model = models.load(path, device, trust=trust)
        drawn = [output for output in outputs if not is_page(output)]
        shown = dimensions.choose(model, dims, report) if drawn else []
        sliders, notes = explorer_content.sliders(model, dims, report) if len(drawn) < len(outputs) else ([], ())
        default = _STILL_IMAGES if all(map(is_still, outputs)) else _MOVING_IMAGES
        source = {"image_files": image_files, "codes": codes, "rows": rows, "data": data}
        with inference.repeatable():
            bases = starting.find(model, report, count=images, default=default, **source)
        if len(bases) > MAX_BASES:
            raise WrongUsage(f"{len(bases)} images to start from, but a picture holds {MAX_BASES}; name fewer")
        plans = []
        for output in drawn:
            if is_still(output):
                some = bases if images or bases.chosen else bases.first(_STILL_IMAGES)
                plans.append(
                    _plan(
                        model,
                        output,
                        some,
                        shown,
                        np.linspace(-extent, extent, steps or STEPS),
                        extent,
                        size or _STILL_SIZE,
                    )
                )
            else:
                plans.append(_plan(model, output, bases, shown, _swing(extent, frames), extent, size or _MOVING_SIZE))
        comment = model.comment
        done = 0
        with report.task(f"traverse {model.path.name}", sum(plan.cells for plan in plans), "images") as task:
            for plan in plans:
                cells = _decode_all(model, plan, task, done)
                done += plan.cells
                if is_still(plan.output):
                    picture = _still(model, plan, cells)
                    pictures.write_png(plan.output, picture, overwrite=overwrite, comment=comment)
                else:
                    moving = _animation(plan, cells, extent)
                    pictures.write_animation(plan.output, moving, fps, overwrite=overwrite, comment=comment)
                yield plan.output
        named = bool(images) or bases.chosen
        for output in filter(is_page, outputs):
            scene = explorer_content.of_model(model, bases, sliders, extent, steps, notes=notes, named=named)
            about = json.loads(model.comment)
            settings = {"size": size, "overwrite": overwrite, "report": report}
            explorer.write(output, scene, model.path.name, explorer_content.facts(model), about, **settings)
            yield output


def _swing(extent: float, frames: int) -> np.ndarray:
    """The different values of a period, from -extent to extent: a cosine, which slows down at both ends."""
    return -extent * np.cos(2 * math.pi * np.arange(frames // 2 + 1) / frames)


@dataclass(frozen=True)
class _Plan:
    """One output: each of ``bases`` with each of ``dimensions`` at each of its values.

    ``values``: float64 [V], from -extent to extent; ``own``: what each dimension makes of them. In a still, dimensions
    that take the same values stand together, in ``parts`` of their places among ``dimensions``.
    """

    output: Path
    bases: Bases
    dimensions: list[Dimension]
    values: np.ndarray
    own: list[np.ndarray]
    height: int  # of an image, in pixels
    width: int
    factor: int

    @property
    def cells(self) -> int:
        """How many images are to be decoded."""
        return len(self.bases) * sum(map(len, self.own))

    @property
    def parts(self) -> list[list[int]]:
        """The places of the dimensions by the values that they take, in the order of the first of each."""
        groups: dict[bytes, list[int]] = {}
        for place, values in enumerate(self.own):
            groups.setdefault(values.tobytes(), []).append(place)
        return list(groups.values())


def _plan(
    model: Model,
    output: Path,
    bases: Bases,
    dimensions: list[Dimension],
    values: np.ndarray,
    extent: float,
    size: int,
) -> _Plan:
    height, width = model.facts.height, model.facts.width
    own = [(d.stills if is_still(output) else d.at)(values, extent) for d in dimensions]
    plan = _Plan(output, bases, dimensions, values, own, height, width, canvas.factor(height, width, size))
    check_pixels(output, plan.cells, height * plan.factor, width * plan.factor)
    return plan


def _decode_all(model: Model, plan: _Plan, task: Task, done: int) -> list[np.ndarray]:
    """For each dimension uint8 [bases,values,H,W,C]; every other dimension keeps its base's value."""
    codes = []
    for dimension, values in zip(plan.dimensions, plan.own, strict=True):
        moved = np.repeat(plan.bases.codes[:, None], len(values), axis=1)
        moved[:, :, dimension.index] = values
        codes.append(moved.reshape(-1, moved.shape[2]))
    parts = []
    for part in images_of(model, np.concatenate(codes)):
        parts.append(part)
        done += len(part)
        task.update(done)
    images = np.split(np.concatenate(parts), np.cumsum([len(c) for c in codes])[:-1])
    return [i.reshape(len(plan.bases), -1, *i.shape[1:]) for i in images]


def _still(model: Model, plan: _Plan, cells: list[np.ndarray]) -> np.ndarray:
    """A block per base: to its left what it starts from, then a row per dimension and a column per value.

    Dimensions whose values differ stand in blocks of their own, one under another.
    """
    decoded = np.concatenate(list(images_of(model, plan.bases.codes)))
    blocks, shown = [], []
    for index, image in enumerate(decoded):
        aside = [("decoded", image)]
        if plan.bases.images is not None:
            aside = [("input", plan.bases.images[index]), ("reconstruction", image)]
        for number, places in enumerate(plan.parts):
            columns = tuple(Label(canvas.number(value)) for value in plan.own[places[0]])
            labels = tuple(plan.dimensions[place].label for place in places)
            tall = len(labels) > 2  # room for two images one under the other, with a caption between them
            columns_aside = (tuple(aside),) if tall else tuple((entry,) for entry in aside)
            heads = tall or index == 0 or len(plan.parts) > 1
            blocks.append(Block(labels, columns, () if number else columns_aside, heads=heads))
            shown.append(np.stack([cells[place][index] for place in places]))
    sheet = Sheet(blocks, plan.height, plan.width, plan.factor)
    return sheet.draw(shown)


def _animation(plan: _Plan, cells: list[np.ndarray], extent: float) -> list[np.ndarray]:
    """A row per base and a column per dimension; the frames of one period, the way back without either end."""
    columns = tuple(dimension.label for dimension in plan.dimensions)
    aside = ()
    if plan.bases.images is not None:
        aside = (tuple(("" if i else "input", image) for i, image in enumerate(plan.bases.images)),)
    block = Block((Label(""),) * len(plan.bases), columns, aside)
    sheet = Sheet([block], plan.height, plan.width, plan.factor, scale=extent)
    there = [sheet.draw([np.stack([c[:, i] for c in cells], 1)], value) for i, value in enumerate(plan.values)]
    return there + there[-2:0:-1]
