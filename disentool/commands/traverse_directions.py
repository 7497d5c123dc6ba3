"""Generator + directions -> pictures of images moved along them, in the image's own units or in the codes'."""

import json
import math
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import numpy as np

from disentool.engine import device as devices
from disentool.engine.randomness import latent_noise
from disentool.errors import DataMismatch, WrongUsage
from disentool.io import files, latents, provenance
from disentool.models import generator as generators
from disentool.models import starting_codes as starting
from disentool.models.generator import Opened, encodes
from disentool.models.label import Label
from disentool.pages import explorer, explorer_content
from disentool.pictures import canvas
from disentool.pictures import writing as pictures
from disentool.pictures.canvas import Block, Sheet
from disentool.pictures.limits import MAX_BASES, STEPS, check_outputs, check_pixels, check_sizes, is_page, is_still
from disentool.reporting import Reporter, Silent, Task
from disentool.steering import named_directions
from disentool.steering.along_direction import Move, Span
from disentool.steering.named_directions import Steer

_STILL_SIZE, _MOVING_SIZE = 128, 64
_STARTS = 4
_MAX_ALPHA = 100.0
_EXTENT = 3.0  # of a page's dimensions, in the prior's deviations


def pan(
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
    frames: int = 40,
    fps: float = 20.0,
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

    ``outputs`` and the numbers: as :func:`disentool.commands.traverse.traverse` has them, a row per direction in a still;
    a page moves each image along each direction as far as that was fitted, if no span is named. Raises what that does,
    and DataMismatch for another generator's directions without ``force``; WrongUsage for a t outside the range that a
    direction was fitted to.
    """
    report = report or Silent()
    outputs = [Path(output) for output in outputs]
    check_sizes(images, steps, frames, fps, size)
    check_outputs(outputs)
    with ExitStack() as claims:
        for output in outputs:
            files.probe(output, overwrite=overwrite)
            claims.enter_context(files.claim(output))
        steers = named_directions.read(references, every=True)
        spanned, spans = bool(spans), _spans(steers, spans)
        devices.configure(devices.choose(device))
        opened = named_directions.opened(spec, steers, device, trust=trust, force=force)
        placed = not (image_files or codes or rows is not None or data)
        if not placed:
            named = {"image_files": image_files, "codes": codes, "rows": rows, "data": data, "count": images}
            start, shown = _named(opened, report, named)
        else:
            start, shown = latent_noise(seed, np.arange(images or _STARTS), opened.generator.facts.latent_dim), None
            start = start.astype(np.float64)
        if len(start) > MAX_BASES:
            raise WrongUsage(f"{len(start)} images to start from, but a picture holds {MAX_BASES}; name fewer")
        moves = [Move(steer, span, placed) for steer, span in zip(steers, spans, strict=True)]
        if not spanned:
            moves = [move.within(start) for move in moves]
        drawn = [output for output in outputs if not is_page(output)]
        for move in moves if drawn or spanned else ():
            move.require_reached(start)
        owners = named_directions.classes_of(opened, steers, classes, len(start))
        views = [_View(opened, output, moves, start, shown, owners, steps or STEPS, frames, size) for output in drawn]
        done = 0
        with report.task(f"traverse {Path(spec).name}", sum(view.cells for view in views), "images") as task:
            for view in views:
                cells = view.generate(task, done)
                done += view.cells
                comment = _comment(opened, steers)
                if is_still(view.output):
                    pictures.write_png(view.output, view.still(cells), overwrite=overwrite, comment=comment)
                else:
                    moving = view.animation(cells)
                    pictures.write_animation(view.output, moving, fps, overwrite=overwrite, comment=comment)
                yield view.output
        if len(drawn) < len(outputs):
            chosen = {"spanned": spanned, "named": images is not None or not placed}
            scene = _scene(opened, start, shown, owners, moves, steps, report, **chosen)
            facts = (
                [opened.name, f"sha256 {opened.sha256[:16]}"]
                if opened.model is None
                else explorer_content.facts(opened.model)
            )
            settings = {"size": size, "overwrite": overwrite, "report": report}
            for output in filter(is_page, outputs):
                explorer.write(output, scene, opened.path.name, facts, json.loads(_comment(opened, steers)), **settings)
                yield output


def _scene(
    opened: Opened,
    start: np.ndarray,
    shown: np.ndarray | None,
    owners: np.ndarray | None,
    moves: Sequence[Move],
    steps: int | None,
    report: Reporter,
    *,
    spanned: bool,
    named: bool,
) -> explorer.Scene:
    """The explorer of the directions, and of the dimensions of a checkpoint whose codes are its generator's z.

    Codes that are placed are at s = 0 for all directions at once.
    """
    notes: tuple[str, ...] = ()
    if moves[0].placed:
        start = explorer_content.between(start, moves)
        notes = ("the images are drawn from the prior and placed in the middle of every direction's range",)
    more = []
    if encodes(opened):
        some, collapsed = explorer_content.sliders(opened.model, None, report)
        more = explorer_content.dimensions(start.astype(np.float32), some, _EXTENT, steps or explorer_content.STEPS)
        notes += collapsed
    still = [replace(move, placed=False) for move in moves]
    given = {"spanned": spanned, "named": named, "more": more, "notes": notes}
    return explorer_content.of_directions(opened, start, shown, owners, still, steps, **given)


def _spans(steers: Sequence[Steer], spans: Sequence[Span]) -> list[Span]:
    """One for each direction."""
    if not spans:
        return [Span(*steer.direction.t_valid) for steer in steers]
    if len(spans) not in (1, len(steers)):
        raise WrongUsage(f"--t: {len(spans)} of them for {len(steers)} directions; give one for all, or one for each")
    for span in spans:
        name, most = ("--alpha", _MAX_ALPHA) if span.latent else ("--t", math.inf)
        if not (-most <= span.low < span.high <= most and math.isfinite(span.low) and math.isfinite(span.high)):
            what = f"from -{_MAX_ALPHA:g} to {_MAX_ALPHA:g} at most" if span.latent else "such as -0.2:0.2"
            raise WrongUsage(f"{name} {span.low:g}:{span.high:g}: expected LOW:HIGH, {what}")
    return list(spans) * (len(steers) if len(spans) == 1 else 1)


def _named(opened: Opened, report: Reporter, named: dict) -> tuple[np.ndarray, np.ndarray | None]:
    """The codes to start from, float64 [n,d], and their images uint8 [n,H,W,C] where those were given."""
    width = opened.generator.facts.latent_dim
    model = opened.model
    if encodes(opened):
        found = starting.find(model, report, default=_STARTS, **named)
        return found.codes.astype(np.float64), found.images
    path, rows = named["codes"], named["rows"]
    if path is None:
        raise WrongUsage(
            f"{opened.path} ({opened.name}) does not encode images into its z; `disentool invert` finds codes, and"
            " --codes takes them"
        )
    z = latents.read_any(path, None).mean
    if z.shape[1] != width:
        raise DataMismatch(f"{path}: its codes have {z.shape[1]} dimensions, {opened.path} has {width}")
    for row in rows or ():
        if not 0 <= row < len(z):
            raise WrongUsage(f"--rows {row}: {path} has rows 0 to {len(z) - 1:,}")
    z = z[: named["count"] or _STARTS] if rows is None else z[list(rows)]
    if not len(z) or not np.isfinite(z).all():
        raise DataMismatch(f"{path}: expected codes to start from, one at least, finite")
    return z.astype(np.float64), None


class _View:
    """One output: every start moved along every direction."""

    def __init__(
        self,
        opened: Opened,
        output: Path,
        moves: list[Move],
        start: np.ndarray,
        shown: np.ndarray | None,
        owners: np.ndarray | None,
        steps: int,
        frames: int,
        size: int | None,
    ):
        self.opened, self.output, self.moves = opened, output, moves
        self.start, self.shown, self.owners = start, shown, owners
        facts = opened.generator.facts
        self.height, self.width = facts.height, facts.width
        still = is_still(output)
        self.factor = canvas.factor(self.height, self.width, size or (_STILL_SIZE if still else _MOVING_SIZE))
        share = np.linspace(0, 1, steps)
        if not still:  # of one period, there; a cosine, which slows down at both ends
            share = (1 - np.cos(2 * math.pi * np.arange(frames // 2 + 1) / frames)) / 2
        self.amounts = [move.span.low + (move.span.high - move.span.low) * share for move in moves]
        check_pixels(output, self.cells, self.height * self.factor, self.width * self.factor)

    @property
    def cells(self) -> int:
        """How many images are made."""
        return len(self.start) * sum(map(len, self.amounts))

    def generate(self, task: Task, done: int) -> list[np.ndarray]:
        """For each direction uint8 [n,V,H,W,C]."""
        made = []
        for move, amounts in zip(self.moves, self.amounts, strict=True):
            z = move.codes(self.start, amounts)
            owners = None if self.owners is None else np.repeat(self.owners, len(amounts))
            parts = []
            for part in generators.images(self.opened, z.reshape(-1, z.shape[2]), owners):
                parts.append(generators.pixels(part))
                done += len(part)
                task.update(done)
            made.append(np.concatenate(parts).reshape(*z.shape[:2], *parts[0].shape[1:]))
        return made

    def still(self, cells: list[np.ndarray]) -> np.ndarray:
        """A block per start: a row per direction and a column per amount; to the left what was named to start from.

        Directions that go from and to other amounts stand in blocks of their own.
        """
        groups: dict[bytes, list[int]] = {}
        for place, amounts in enumerate(self.amounts):
            groups.setdefault(amounts.tobytes(), []).append(place)
        asides = self._asides()
        blocks, shown = [], []
        for index in range(len(self.start)):
            for number, places in enumerate(groups.values()):
                amounts = self.amounts[places[0]]
                labels = tuple(self.moves[place].label for place in places)
                heads = index == 0 or len(groups) > 1
                blocks.append(Block(labels, _numbers(amounts), () if number else asides[index], heads=heads))
                shown.append(np.stack([cells[place][index] for place in places]))
        return Sheet(blocks, self.height, self.width, self.factor).draw(shown)

    def _asides(self) -> list[tuple]:
        """For each start that was named, it and its input, where that is known."""
        if self.moves[0].placed:
            return [()] * len(self.start)
        own = np.concatenate(list(generators.images(self.opened, self.start.astype(np.float32), self.owners)))
        made = [((("start", image),),) for image in generators.pixels(own)]
        if self.shown is None:
            return made
        return [((("input", image),), *rest) for image, rest in zip(self.shown, made, strict=True)]

    def animation(self, cells: list[np.ndarray]) -> list[np.ndarray]:
        """A row per start and a column per direction; the frames of one period, the way back without either end."""
        columns = tuple(move.label for move in self.moves)
        aside = () if self.shown is None else (tuple(("" if i else "input", x) for i, x in enumerate(self.shown)),)
        block = Block((Label(""),) * len(self.start), columns, aside)
        span = self.moves[0].span
        common = all(move.span == span for move in self.moves)  # else no one axis is right for all
        scale = max(abs(span.low), abs(span.high)) if common else None
        sheet = Sheet([block], self.height, self.width, self.factor, scale=scale)
        there = [
            sheet.draw([np.stack([c[:, i] for c in cells], 1)], amount if common else None)
            for i, amount in enumerate(self.amounts[0])
        ]
        return there + there[-2:0:-1]


def _numbers(amounts: np.ndarray) -> tuple[Label, ...]:
    """Labels with as many decimals as tell neighbours apart, two at least."""
    decimals = max(2, math.ceil(-math.log10(amounts[1] - amounts[0])))
    return tuple(Label(f"{round(float(amount), decimals) + 0.0:g}") for amount in amounts)


def _comment(opened: Opened, steers: Sequence[Steer]) -> str:
    """What the picture is of, as JSON: free of paths and times, so that the same inputs make the same bytes."""
    names = [steer.direction.name for steer in steers]
    said = {"created_by": provenance.created_by(), "generator_sha256": opened.sha256, "directions": names}
    return json.dumps(said | {"generator": opened.name})
