"""Checkpoint + images -> the content of some of them on the class of the others, as pictures."""

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Literal

import numpy as np
import torch

from disentool.commands.swap_latents import swap_latents
from disentool.contract import Classes, Supports, Transfers
from disentool.contract.optional import class_labels
from disentool.engine import device as devices
from disentool.engine import inference
from disentool.engine.feed import to_float
from disentool.errors import WrongUsage
from disentool.io import files, hdf5
from disentool.models import encoding, mixed_codes
from disentool.models import model as models
from disentool.models.decoding import images_of, to_pixels
from disentool.models.model import Model
from disentool.models.swap_inputs import Finder, Input, Wanted
from disentool.pictures import canvas
from disentool.pictures import swap_grid as drawing
from disentool.pictures import writing as pictures
from disentool.pictures.decoded import probe, write_images
from disentool.reporting import Reporter, Silent, Task

_KEPT = 6  # of the checkpoint's own images stand on a margin for which none are named
_SIZE = 96
_STILL_STEPS, _MOVING_STEPS = 7, 13
_MAX_PIXELS = 100_000_000  # of a picture's cells, or of all the different frames' cells
_MAX_IMAGES = 1_000_000  # of a data set or a folder


def swap(
    path: Path,
    outputs: Sequence[Path],
    *,
    content: Wanted = Wanted(),  # noqa: B008
    classes: Wanted = Wanted(),  # noqa: B008
    average: bool = False,
    dims: Sequence[int] | None = None,
    interpolate: Literal["content", "class"] | None = None,
    steps: int | None = None,
    codes: Literal["auto", "encoder", "latent"] = "auto",
    data: str | None = None,
    strict: bool = False,
    fps: float = 12.0,
    size: int | None = None,
    device: str = "auto",
    trust: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Iterator[Path]:
    """Put the content of some images on the class of others; yields each output as it is complete.

    ``outputs``, by the names' suffixes: a still (.png) with a row for each content and a column for each class, and the
    inputs on its margins; an animation (.gif .webp .mp4 .webm) that goes through the contents in their order, all
    classes side by side; a data-set file (.h5) or, without a suffix, a folder of PNGs, of every pair, all classes of
    the first content first. ``path`` may be a latents file, whose rows are put together to another (one .h5).

    ``content``, ``classes``: the inputs; nothing: those of the other side, or images kept in the checkpoint.
    ``average``: the images of each folder and list of rows, and all single files, are of one class, which gets their
    joint code. ``dims``: these columns of the code are taken from the class side, the others from the content side; for
    models whose codes are not of class and content. ``interpolate``: straight lines through the codes of that side, of
    ``steps`` images from one input to the next, both counted (default: 7 in a still, 13 in an animation, which goes
    through that side, and back to the first).

    ``codes``: where those of rows come from, see :func:`disentool.models.encoding.choose`. ``data``: the rows' data set,
    else what the checkpoint was trained on. Images of another size or kind than the model's are fitted to it, with a
    note; ``strict``: refused. ``fps``: frames a second. ``size``: about how many pixels an image's longer side gets.

    The same inputs make the same bytes. Raises WrongUsage, MissingFile, ForeignFile, DataMismatch, OutputExists,
    NotWritable or MissingExtra, all before anything is decoded.
    """
    report = report or Silent()
    outputs = [Path(output) for output in outputs]
    _check_options(interpolate, steps, fps, size)
    if average and not classes:
        raise WrongUsage("--average: makes one class of several images; name them with --class or --class-rows")
    if not outputs:
        raise WrongUsage("nothing to write: name an output: -o FILE or --gif FILE")
    if hdf5.is_hdf5(path):
        yield swap_latents(
            path,
            outputs,
            content=content,
            classes=classes,
            average=average,
            dims=dims,
            interpolate=interpolate,
            steps=steps or _STILL_STEPS,
            overwrite=overwrite,
            report=report,
        )
        return
    _check_outputs(outputs, overwrite)
    with ExitStack() as claims:
        for output in filter(_is_picture, outputs):  # the others are claimed as they are written
            claims.enter_context(files.claim(output))
        devices.configure(devices.choose(device))
        model = models.load(path, device, trust=trust)
        inputs = [*content.files, *classes.files]
        for output in outputs:
            files.require_apart(output, model.path, *inputs)
        of_class = mixed_codes.columns(model.method.codes(), dims, str(model.path))
        if dims is not None and classes.labels:
            raise WrongUsage(f"--class-label {classes.labels[0]}: is a class, which has no dimensions; name an image")
        finder = Finder(model, encoding.choose(model, codes, report), data, strict, report)
        with inference.repeatable():
            left, top = _sides(finder, content, classes, average)
        swaps = [_Swap(model, o, left, top, of_class, dims, interpolate, steps, size) for o in outputs]
        for each in swaps:
            each.check()
        for each in swaps:
            each.write(fps, overwrite, report)
            yield each.output


def _check_options(interpolate: str | None, steps: int | None, fps: float, size: int | None) -> None:
    if steps is not None and interpolate is None:
        raise WrongUsage(f"--steps {steps}: are those of --interpolate class or --interpolate content; name one")
    for name, value, low, high, meaning in (
        ("--steps", steps, 2, 1000, "images from one input to the next"),
        ("--fps", fps, 1, pictures.MAX_FPS, "frames a second"),
        ("--size", size, 16, 1024, "pixels of an image's longer side"),
    ):
        if value is not None and not low <= value <= high:
            raise WrongUsage(f"{name} {value:g}: expected {low} to {high} {meaning}")


def _check_outputs(outputs: Sequence[Path], overwrite: bool) -> None:
    for output in outputs:
        if outputs.count(output) > 1:
            raise WrongUsage(f"{output}: named twice as an output")
        if _is_picture(output):
            pictures.check_suffix(output, pictures.STILL + pictures.MOVING)
            files.probe(output, overwrite=overwrite)
        elif output.suffix and output.suffix.lower() not in (".h5", ".hdf5"):
            known = ", ".join((*pictures.STILL, *pictures.MOVING, ".h5"))
            raise WrongUsage(f"{output}: expected a name ending in {known}, or without a suffix for a folder of PNGs")
        else:
            probe(output, overwrite=overwrite)


def _is_picture(output: Path) -> bool:
    return output.suffix.lower() in pictures.STILL + pictures.MOVING


def _sides(finder: Finder, content: Wanted, classes: Wanted, average: bool) -> tuple[list[Input], list[Input]]:
    """The inputs of the content side and of the class side; a side that nobody names has those of the other."""
    left = finder.content(content) if content else []
    top = finder.classes(classes, average=average) if classes else left
    if not left and not average:  # a label has no content
        left = top[: len(top) - len(classes.labels)]
    left = left or finder.kept(_KEPT)
    return left, top or left


@dataclass(frozen=True)
class _Swap:
    """One output: the content of each of ``left`` on the class of each of ``top``.

    ``of_class``: the columns of a code that are the class's, which ``dims`` chose, or None.
    """

    model: Model
    output: Path
    left: list[Input]
    top: list[Input]
    of_class: np.ndarray
    dims: Sequence[int] | None
    interpolate: str | None
    steps: int | None
    size: int | None

    @property
    def moving(self) -> bool:
        """Whether it is an animation."""
        return self.output.suffix.lower() in pictures.MOVING

    @property
    def factor(self) -> int:
        """How many times a pixel is enlarged."""
        return canvas.factor(self.model.facts.height, self.model.facts.width, self.size or _SIZE)

    @cached_property
    def rows(self) -> mixed_codes.Path:
        """The codes of the content side."""
        return self._path("content", self.left)

    @cached_property
    def columns(self) -> mixed_codes.Path:
        """The codes of the class side."""
        return self._path("class", self.top)

    def _path(self, side: str, inputs: list[Input]) -> mixed_codes.Path:
        codes = np.stack([each.code for each in inputs])
        method = self.model.method
        supports = method.supports() if isinstance(method, Supports) else ()
        whole = [index for index, support in enumerate(supports) if isinstance(support, Classes)]
        steps = (self.steps or (_MOVING_STEPS if self.moving else _STILL_STEPS)) if self.interpolate == side else None
        return mixed_codes.along(codes, steps, closed=self.moving, whole=whole)

    def check(self) -> None:
        """WrongUsage where it would be too large, or where an animation has nothing to go through."""
        count = len(self.rows) * len(self.columns)
        if not _is_picture(self.output):
            if count > _MAX_IMAGES:
                raise WrongUsage(f"{self.output}: {count:,} pairs, expected at most {_MAX_IMAGES:,}; name fewer inputs")
            return
        if self.moving and len(self.left if self.interpolate != "class" else self.top) < 2:
            side = "class" if self.interpolate == "class" else "content"
            raise WrongUsage(f"{self.output}: an animation goes from one {side} to the next; name two or more")
        height, width = self.model.facts.height * self.factor, self.model.facts.width * self.factor
        if count * height * width > _MAX_PIXELS:
            raise WrongUsage(
                f"{self.output}: {count:,} cells of {height}x{width} pixels are too many for one picture; name fewer"
                " inputs, a smaller --size, or an output ending in .h5"
            )

    def write(self, fps: float, overwrite: bool, report: Reporter) -> None:
        """Decode, and write the output."""
        if not _is_picture(self.output):
            self._write_images(overwrite, report)
            return
        with report.task(f"swap {self.output.name}", len(self.rows) * len(self.columns), "images") as task:
            cells = np.concatenate(list(_counted(self._images(), task)))
        grid = self._grid(cells.reshape(len(self.rows), len(self.columns), *cells.shape[1:]))
        comment = self.model.comment
        if self.moving:
            frames = drawing.animation(grid, of_class=self.interpolate == "class")
            pictures.write_animation(self.output, frames, fps, overwrite=overwrite, comment=comment)
        else:
            pictures.write_png(self.output, drawing.still(grid), overwrite=overwrite, comment=comment)

    def _images(self) -> Iterator[np.ndarray]:
        """Every content with every class, uint8 [b,H,W,C] batch by batch."""
        single = all(len(each.images) == 1 for each in (*self.left, *self.top))
        method = self.model.method
        if isinstance(method, Transfers) and single and self.dims is None and self.interpolate is None:
            yield from self._transferred(method)
        else:
            yield from images_of(self.model, self._codes())

    def _codes(self) -> np.ndarray:
        return mixed_codes.product(self.rows.codes, self.columns.codes, self.of_class)

    def _transferred(self, method: Transfers) -> Iterator[np.ndarray]:
        """As the method itself does it, from the images rather than from their codes."""
        model = self.model
        left, top = (torch.from_numpy(np.concatenate([i.images for i in side])) for side in (self.left, self.top))
        pairs = torch.cartesian_prod(torch.arange(len(left)), torch.arange(len(top)))
        for rows, columns in (part.unbind(1) for part in pairs.split(inference.BATCH)):
            with inference.repeatable():
                of_class, content = (to_float(i.to(model.device)) for i in (top[columns], left[rows]))
                yield to_pixels(model, method.transfer(model.networks, of_class, content))

    def _write_images(self, overwrite: bool, report: Reporter) -> None:
        model, codes = self.model, self._codes()
        attributes = {
            "name": "swapped",
            "source": f"content and class swapped by {model.content['method']} {model.sha256[:16]}",
            "grid": False,
        }
        factors = None
        known = all(each.factors is not None for each in (*self.left, *self.top))
        labels = class_labels(model.method)
        if known and self.dims is None and self.interpolate is None and labels is not None:
            rows, columns = (np.stack([each.factors for each in side]) for side in (self.left, self.top))
            factors = mixed_codes.factors(rows, columns, labels).astype(np.int32)
            words = models.trained_classes(model)["names"]
            attributes |= {
                "factor_names": list(model.facts.factor_names),
                "factor_sizes": list(model.facts.factor_sizes),
                "class_names": json.dumps(words, ensure_ascii=False),
            }
        rows, images = np.arange(len(codes)), self._images()
        write_images(
            model, codes, self.output, rows, factors, attributes, images=images, overwrite=overwrite, report=report
        )

    def _captions(self) -> tuple[str, str]:
        """What the inputs to the left and those above are called."""
        if self.dims is None:
            return "content", "class"
        few = ", ".join(map(str, self.dims)) if len(self.dims) <= 3 else f"{len(self.dims)}"
        return "others", f"dims {few}" if len(self.dims) <= 3 else f"{few} dims"

    def _grid(self, cells: np.ndarray) -> drawing.Grid:
        left, top = self._captions()
        facts = self.model.facts
        size = (facts.height, facts.width, self.factor)
        return drawing.Grid(
            cells, drawing.Margin(self.left, self.rows, left), drawing.Margin(self.top, self.columns, top), *size
        )


def _counted(blocks: Iterable[np.ndarray], task: Task) -> Iterator[np.ndarray]:
    done = 0
    for block in blocks:
        yield block
        done += len(block)
        task.update(done)
