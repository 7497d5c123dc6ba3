"""One output of a swap: every content on every class, as a picture, an animation, a data set or a folder."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Literal

import numpy as np
import torch

from disentool.contract import ClassSupport, NonNormalCodes, Transfers
from disentool.contract.class_content import class_labels
from disentool.engine import inference
from disentool.engine.feed import to_float
from disentool.errors import WrongUsage
from disentool.models import mixed_codes
from disentool.models.decoding import images_of, to_pixels
from disentool.models.model import TrainedModel, trained_classes
from disentool.models.swap_inputs import Input
from disentool.pictures import layout, printing, stills, swap_grid, writing
from disentool.pictures.canvas import Sheet
from disentool.pictures.decoded import write_decoded
from disentool.pictures.limits import check_pixels, is_moving, is_still
from disentool.pictures.printing import Paper, Print
from disentool.reporting import Reporter, Silent, counted

_STILL_SIZE, _MOVING_SIZE = 128, 96  # pixels of an image's longer side, unasked: for print, for a screen
_STILL_STEPS, _MOVING_STEPS = mixed_codes.STEPS, 13
_MAX_IMAGES = 1_000_000  # of a data set or a folder


def is_picture(output: Path) -> bool:
    """Whether it is a still or an animation, by its suffix; else it is a data set or a folder."""
    return is_still(output) or is_moving(output)


@dataclass(frozen=True)
class Swap:
    """One output: the content of each of ``left`` on the class of each of ``top``.

    ``of_class``: the columns of a code that are the class's, which ``dims`` chose, or None. ``paper``: the room for a
    still.
    """

    model: TrainedModel
    output: Path
    left: list[Input]
    top: list[Input]
    of_class: np.ndarray
    dims: Sequence[int] | None
    interpolate: Literal["content", "class"] | None
    steps: int | None
    size: int | None
    paper: Paper

    @property
    def moving(self) -> bool:
        """Whether it is an animation."""
        return is_moving(self.output)

    @property
    def plain(self) -> Print:
        """How many times a pixel is enlarged where no paper says otherwise."""
        facts = self.model.facts
        usual = _MOVING_SIZE if self.moving else _STILL_SIZE
        return Print(layout.factor(facts.height, facts.width, self.size or usual))

    def printed(self, report: Reporter) -> Print:
        """The same for this output; WrongUsage where the paper that was asked for is too small."""
        if self.moving:
            return self.plain
        facts, block = self.model.facts, swap_grid.still(self._grid(1))
        return printing.fit(
            output=self.output,
            blocks=[block],
            height=facts.height,
            width=facts.width,
            size=self.size,
            usual=_STILL_SIZE,
            paper=self.paper,
            report=report,
        )

    @cached_property
    def rows(self) -> mixed_codes.CodePath:
        """The codes of the content side."""
        return self._path("content", self.left)

    @cached_property
    def columns(self) -> mixed_codes.CodePath:
        """The codes of the class side."""
        return self._path("class", self.top)

    def _path(self, side: str, inputs: list[Input]) -> mixed_codes.CodePath:
        codes = np.stack([each.code for each in inputs])
        method = self.model.method
        supports = method.supports() if isinstance(method, NonNormalCodes) else ()
        whole = [index for index, support in enumerate(supports) if isinstance(support, ClassSupport)]
        steps = (self.steps or (_MOVING_STEPS if self.moving else _STILL_STEPS)) if self.interpolate == side else None
        return mixed_codes.along(codes, steps, closed=self.moving, whole=whole)

    def check(self) -> None:
        """WrongUsage where it would be too large, or where an animation has nothing to go through."""
        count = len(self.rows) * len(self.columns)
        if not is_picture(self.output):
            if count > _MAX_IMAGES:
                raise WrongUsage(f"{self.output}: {count:,} pairs, expected at most {_MAX_IMAGES:,}; name fewer inputs")
            return
        if self.moving and len(self.left if self.interpolate != "class" else self.top) < 2:
            side = "class" if self.interpolate == "class" else "content"
            raise WrongUsage(
                f"{self.output}: an animation goes from one {side} to the next; name two or more with --{side}-rows"
            )
        for printed in (self.plain, self.printed(Silent())):
            height, width = self.model.facts.height * printed.factor, self.model.facts.width * printed.factor
            check_pixels(
                count * height * width,
                f"{self.output}: {count:,} cells of {height}x{width} pixels are too many for one picture; name fewer"
                " inputs, a smaller --size, or an output ending in .h5",
            )

    def write(self, fps: float, overwrite: bool, report: Reporter) -> None:
        """Decode, and write the output."""
        if not is_picture(self.output):
            self._write_images(overwrite, report)
            return
        with report.task(f"swap {self.output.name}", len(self.rows) * len(self.columns), "images") as task:
            cells = np.concatenate(list(counted(self._images(), task)))
        cells = cells.reshape(len(self.rows), len(self.columns), *cells.shape[1:])
        printed, comment = self.printed(report), self.model.comment
        grid = self._grid(printed.factor)
        if self.moving:
            frames = swap_grid.animation(grid, cells, of_class=self.interpolate == "class")
            writing.write_animation(self.output, frames, fps, overwrite=overwrite, comment=comment)
            return
        sheet = Sheet([swap_grid.still(grid)], grid.height, grid.width, grid.factor, **printed.letters)
        stills.write(self.output, sheet, [cells], dpi=printed.dpi, overwrite=overwrite, comment=comment)

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
        """The method's own transfer, from the images instead of their codes: uint8 [b,H,W,C] batch by batch."""
        model = self.model
        left, top = (torch.from_numpy(np.concatenate([i.images for i in side])) for side in (self.left, self.top))
        pairs = torch.cartesian_prod(torch.arange(len(left)), torch.arange(len(top)))
        for rows, columns in (part.unbind(1) for part in pairs.split(inference.BATCH)):
            with inference.repeatable():
                of_class, content = (to_float(i.to(model.device)) for i in (top[columns], left[rows]))
                yield to_pixels(model, method.transfer(model.networks, of_class, content))

    def _write_images(self, overwrite: bool, report: Reporter) -> None:
        model, codes = self.model, self._codes()
        attributes: dict[str, Any] = {
            "name": "swapped",
            "source": f"content and class swapped by {model.content['method']} {model.sha256[:16]}",
            "grid": False,
        }
        factors = None
        left, top = ([each.factors for each in side if each.factors is not None] for side in (self.left, self.top))
        labels = class_labels(model.method)
        known = (len(left), len(top)) == (len(self.left), len(self.top))
        if known and self.dims is None and self.interpolate is None and labels is not None:
            factors = mixed_codes.factors(np.stack(left), np.stack(top), labels).astype(np.int32)
            words = trained_classes(model)["names"]
            attributes |= {
                "factor_names": list(model.facts.factor_names),
                "factor_sizes": list(model.facts.factor_sizes),
                "class_names": json.dumps(words, ensure_ascii=False),
            }
        rows, images = np.arange(len(codes)), self._images()
        write_decoded(
            model, codes, self.output, rows, factors, attributes, images=images, overwrite=overwrite, report=report
        )

    def _captions(self) -> tuple[str, str]:
        """What the inputs to the left and those above are called."""
        if self.dims is None:
            return "content", "class"
        few = ", ".join(map(str, self.dims)) if len(self.dims) <= 3 else f"{len(self.dims)}"
        return "others", f"dims {few}" if len(self.dims) <= 3 else f"{few} dims"

    def _grid(self, factor: int) -> swap_grid.Grid:
        left, top = self._captions()
        facts = self.model.facts
        margins = swap_grid.Margin(self.left, self.rows, left), swap_grid.Margin(self.top, self.columns, top)
        return swap_grid.Grid(*margins, facts.height, facts.width, factor)
