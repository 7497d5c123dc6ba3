"""An interactive page of a latent space: sliders, and a pad for two of them, over frames that are made beforehand."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from disentool.errors import WrongUsage
from disentool.io import files
from disentool.pages import controls, document, sprite_sheets
from disentool.pages.document import escape
from disentool.reporting import Reporter, Task

USUAL = 4_900_000  # bytes of an explorer that was asked for nothing special: a page of less than 5 MB
_MOST = 50_000_000  # bytes of one that was
_SHOWN = 384  # pixels of the picture's longer side on the page
_PAD = 13  # frames along a side of the pad


@dataclass(frozen=True)
class Axis:
    """One slider over V frames for each of n starts, which are images to start from.

    ``codes``: float32 [n,V,D]. ``amounts``: float64 [n,V], what the codes stand for, in ``unit``. ``at``: float64 [n],
    where each start itself is. ``group``: the heading that the slider stands under. ``free``: it can go with another on
    the pad, as it changes numbers of the code that no other one changes. ``relative``: amounts say by how much an image
    is changed.
    """

    name: str
    detail: str
    group: str
    unit: str
    codes: np.ndarray
    amounts: np.ndarray
    at: np.ndarray
    free: bool = False
    relative: bool = False


@dataclass(frozen=True)
class Scene:
    """What can be explored: the starts' codes float32 [n,D], their ``inputs`` uint8 [n,H,W,C] where known, and axes.

    ``decode``: codes float32 [k,D] of the start with this number -> uint8 [k,H,W,C]. ``named``: the caller chose the
    starts one by one, or their number; ``stepped``: or the number of values. Neither is then reduced to save space.
    """

    codes: np.ndarray
    inputs: np.ndarray | None
    axes: list[Axis]
    decode: Callable[[np.ndarray, int], np.ndarray]
    notes: tuple[str, ...] = ()
    named: bool = False
    stepped: bool = False

    @property
    def pad(self) -> tuple[int, int] | None:
        """The places of the two axes that the pad is of: the first two that are free."""
        free = [place for place, axis in enumerate(self.axes) if axis.free]
        return (free[0], free[1]) if len(free) > 1 else None


@dataclass(frozen=True)
class Explorer:
    """The HTML of one explorer, and remarks on what had to be left out of it, which it says itself, too."""

    markup: str
    notes: tuple[str, ...]


def build(scene: Scene, key: str, task: Task, *, size: int = _SHOWN, most: int = USUAL) -> Explorer:
    """Make all frames and put them in a page's part whose identifiers begin with ``key``, of about ``most`` bytes.

    ``size``: about how many pixels wide the picture is shown. Too large for ``most``: the starts named last are left
    out, then colours are rounded, then every other value is left out, as far as these were not asked for. WrongUsage
    where what was asked for is too large for any page. ``task`` counts the starts.
    """
    first = _Frames.of(scene, 0)
    lossy, stride, count = _what_fits(scene, first, most)
    starts: list[tuple[_Frames, list[str]]] = []
    total = 0
    for number in range(count):
        frames = first if number == 0 else _Frames.of(scene, number)
        encoded = frames.every(stride).encoded(lossy=lossy)
        total += sum(map(len, encoded))
        if total > (_MOST if scene.named else most) and number:
            break
        starts.append((frames, encoded))
        task.update(number + 1)
    notes = []
    if len(starts) < len(scene.codes):
        notes.append(f"{len(starts)} of {len(scene.codes)} images to start from fit in {most / 1e6:.1f} MB")
    if stride > 1:
        notes.append(f"one of every {stride} values is here, as more do not fit in {most / 1e6:.1f} MB")
    if lossy:
        notes.append("the frames are compressed (WebP, quality 90), so that a pixel may be some levels off")
    if total > most:
        notes.append(f"its frames are {total / 1e6:.1f} MB, as so many were asked for")
    if first.shrunk:
        notes.append(f"the frames are reduced to {first.own.shape[1]}x{first.own.shape[0]} pixels")
    return Explorer(_markup(scene, key, starts, stride, size, [*scene.notes, *notes]), tuple(notes))


def write(
    output: Path,
    scene: Scene,
    title: str,
    facts: Sequence[str],
    about: dict[str, Any],
    *,
    size: int | None = None,
    overwrite: bool,
    report: Reporter,
) -> None:
    """Make one explorer and write it as a page of its own, whole or not at all. ``facts``: what it is of, in words."""
    with report.task(f"traverse {output.name}", len(scene.codes), "images to start from") as task:
        explorer = build(scene, "explorer", task, size=size or _SHOWN)
    for note in explorer.notes:
        report.note(f"{output}: {note}")
    told = " · ".join(map(escape, facts))
    body = f'<main><header><p class="kicker">Latent explorer</p><h1>{escape(title)}</h1><p class="facts">{told}</p>'
    body += f"</header>\n{explorer.markup}\n{document.footer()}</main>"
    files.write_text(output, document.document(title, body, about), overwrite=overwrite)


@dataclass(frozen=True)
class _Frames:
    """One start's frames: itself uint8 [H,W,C], its input or None, each axis's uint8 [V,H,W,C], the pad's or none."""

    own: np.ndarray
    shown: np.ndarray | None
    rows: list[np.ndarray]
    pad: list[np.ndarray]
    shrunk: bool

    @classmethod
    def of(cls, scene: Scene, number: int) -> "_Frames":
        own = scene.codes[number]
        parts = [own[None], *(axis.codes[number] for axis in scene.axes), *_pad_codes(scene, number)]
        made = scene.decode(np.ascontiguousarray(np.concatenate(parts)), number)
        images = sprite_sheets.fitted(made)
        split = np.split(images, np.cumsum([len(part) for part in parts])[:-1])
        shown = None if scene.inputs is None else sprite_sheets.fitted(scene.inputs[number][None])[0]
        cut = 1 + len(scene.axes)
        return cls(split[0][0], shown, split[1:cut], split[cut:], images.shape != made.shape)

    def every(self, stride: int) -> "_Frames":
        """With one of every ``stride`` values alone, the first and the last among them."""
        rows = [row[::stride] for row in self.rows]
        pad = [row[::stride] for row in self.pad[::stride]]
        return _Frames(self.own, self.shown, rows, pad, self.shrunk)

    def encoded(self, *, lossy: bool) -> list[str]:
        """The addresses of its sheets: the start with its axes, a row each; and the pad, the highest row first."""
        sheets = [sprite_sheets.sheet([self.own[None], *self.rows], lossy=lossy)]
        return sheets + ([sprite_sheets.sheet(self.pad, lossy=lossy)] if self.pad else [])


def _pad_places(scene: Scene, pad: tuple[int, int]) -> tuple[slice, slice]:
    """Which of the two axes' values are on the pad."""
    across, up = (scene.axes[place].amounts.shape[1] for place in pad)
    return slice(None, None, math.ceil((across - 1) / (_PAD - 1))), slice(None, None, math.ceil((up - 1) / (_PAD - 1)))


def _pad_codes(scene: Scene, number: int) -> list[np.ndarray]:
    """The pad's rows of codes float32 [P,D], the highest value first."""
    if scene.pad is None:
        return []
    own = scene.codes[number]
    (x, y), (some_x, some_y) = scene.pad, _pad_places(scene, scene.pad)
    across, up = scene.axes[x].codes[number][some_x], scene.axes[y].codes[number][some_y]
    return [np.where(code != own, code, across) for code in up[::-1]]


def _what_fits(scene: Scene, first: _Frames, most: int) -> tuple[bool, int, int]:
    """Whether the frames are lossy, the stride through the values, and how many starts there is room for."""
    wanted = len(scene.codes)
    enough = wanted if scene.named else min(2, wanted)
    strides = [1]
    if not scene.stepped:
        strides += [n for n in (2, 4) if all((axis.amounts.shape[1] - 1) % n == 0 for axis in scene.axes)]
    tried = [(False, 1)] + [(True, stride) for stride in strides]
    for lossy, stride in tried:
        size = sum(map(len, first.every(stride).encoded(lossy=lossy)))
        if size * enough <= most:
            return lossy, stride, min(wanted, most // size)
    count = wanted if scene.named else 1
    if size * count <= (_MOST if scene.named or scene.stepped else most):
        return lossy, stride, count
    raise WrongUsage(
        f"an explorer of {count} images is {size * count / 1e6:,.1f} MB, too many for a page; name fewer --dims, images"
        " or --steps"
    )


def _markup(
    scene: Scene, key: str, starts: list[tuple[_Frames, list[str]]], stride: int, size: int, notes: list[str]
) -> str:
    height, width = starts[0][0].own.shape[:2]
    axes = [
        {
            "name": axis.name,
            "unit": axis.unit,
            "relative": axis.relative,
            "amounts": _rounded(axis.amounts[: len(starts), ::stride]),
            "at": _rounded(axis.at[: len(starts)]),
        }
        for axis in scene.axes
    ]
    known: dict[str, Any] = {
        "width": width,
        "height": height,
        "axes": axes,
        "sheets": [encoded for _, encoded in starts],
        "pad": None,
    }
    if scene.pad is not None:
        (x, y), (some_x, some_y) = scene.pad, _pad_places(scene, scene.pad)
        amounts = [
            scene.axes[place].amounts[: len(starts), some][:, ::stride] for place, some in ((x, some_x), (y, some_y))
        ]
        known["pad"] = {"x": x, "y": y, "across": _rounded(amounts[0]), "up": _rounded(amounts[1])}
    scale = max(1, round(size / max(height, width)))
    return "".join(
        [
            f'<section class="explorer" id="{key}" aria-label="Latent explorer">',
            f'<script type="application/json">{document.data(known)}</script>',
            '<noscript><p class="note">The sliders need JavaScript, which this browser does not run.</p></noscript>',
            '<div class="view"><figure>',
            f'<canvas class="picture" width="{width}" height="{height}" data-scale="{scale}" role="img"></canvas>',
            f'<figcaption><output class="readout" aria-live="polite" for="{key}"></output></figcaption></figure>',
            _choice_of_start(starts, key),
            '<p><button type="button" class="reset">Back to the image <kbd>Esc</kbd></button></p>',
            "</div>",
            f'<div class="controls">{"".join(_groups(scene, key, stride))}{_pad(scene, key, known["pad"])}',
            controls.explained(notes, several=len(starts) > 1),
            "</div></section>",
        ]
    )


def _rounded(values: np.ndarray) -> list:
    """Plain numbers of six digits; None for NaN."""
    if values.ndim == 1:
        return [None if math.isnan(v) else float(f"{v:.6g}") for v in values]
    return [_rounded(row) for row in values]


def _choice_of_start(starts: list[tuple[_Frames, list[str]]], key: str) -> str:
    """What chooses among several starts."""
    if len(starts) < 2:
        return ""
    shown = [frames.own if frames.shown is None else frames.shown for frames, _ in starts]
    return controls.choice([sprite_sheets.thumbnail(image) for image in shown], key)


def _groups(scene: Scene, key: str, stride: int) -> Iterator[str]:
    """A set of sliders for each heading."""
    for group in dict.fromkeys(axis.group for axis in scene.axes):
        rows = [
            controls.slider(axis.name, axis.detail, f"{key}-{place}", place, len(axis.amounts[0][::stride]))
            for place, axis in enumerate(scene.axes)
            if axis.group == group
        ]
        yield f'<fieldset class="sliders"><legend>{escape(group)}</legend>{"".join(rows)}</fieldset>'


def _pad(scene: Scene, key: str, known: dict[str, Any] | None) -> str:
    if known is None:
        return ""
    across, up = (scene.axes[known[way]].name for way in ("x", "y"))
    return controls.pad((across, len(known["across"][0])), (up, len(known["up"][0])), key)
