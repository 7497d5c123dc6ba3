"""An interactive page of a latent space: sliders, and a pad for two of them, over frames that are made beforehand."""

import math
from collections.abc import Iterator, Sequence
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
class Slider:
    """One slider over V frames for each of n starts, which are images to start from.

    ``codes``: float32 [n,V,D]. ``amounts``: float64 [n,V], what the codes stand for, in ``unit``. ``at``: float64 [n],
    where each start itself is. ``group``: the heading that the slider stands under. ``free``: it can be joined with
    another on the pad, as no other slider changes the same numbers of the code. ``relative``: amounts say by how much
    an image is changed.
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
class Content:
    """What can be explored: the starts' codes float32 [n,D], their ``inputs`` uint8 [n,H,W,C] where known, and sliders.

    ``named``: the caller chose the starts one by one, or their number; ``stepped``: the caller chose the number of
    values. What was chosen is not reduced to save space. ``notes``: remarks that the page shows.
    """

    codes: np.ndarray
    inputs: np.ndarray | None
    sliders: list[Slider]
    notes: tuple[str, ...] = ()
    named: bool = False
    stepped: bool = False

    @property
    def pad(self) -> tuple[int, int] | None:
        """The places of the two sliders that are on the pad: the first two that are free; None: there is no pad."""
        free = [place for place, slider in enumerate(self.sliders) if slider.free]
        return (free[0], free[1]) if len(free) > 1 else None

    def code_parts(self, number: int) -> list[np.ndarray]:
        """The codes of one start's frames: itself [1,D], each slider's [V,D], each row of the pad [P,D]."""
        return [self.codes[number][None], *(each.codes[number] for each in self.sliders), *_pad_codes(self, number)]

    def codes_to_decode(self) -> Iterator[np.ndarray]:
        """For each start all its :meth:`code_parts` as one array, float32 [k,D]."""
        for number in range(len(self.codes)):
            yield np.ascontiguousarray(np.concatenate(self.code_parts(number)))


@dataclass(frozen=True)
class Explorer:
    """The HTML of one explorer, and remarks on what had to be left out of it; the page shows them too."""

    markup: str
    notes: tuple[str, ...]


def build(
    content: Content, decoded: Iterator[np.ndarray], key: str, task: Task, *, size: int = _SHOWN, most: int = USUAL
) -> Explorer:
    """Put all frames in a page's part whose identifiers begin with ``key``, of about ``most`` bytes.

    ``decoded``: the images uint8 [k,H,W,C] of each start's :meth:`Content.codes_to_decode`; only those that fit are
    taken. ``size``: about how many pixels wide the picture is shown. Too large for ``most``: the starts named last are
    left out, then frames are compressed, then every other value is left out, as far as these were not asked for.
    WrongUsage where what was asked for is too large for any page. ``task`` counts the starts.
    """
    first = _Frames.of(content, 0, next(decoded))
    lossy, stride, count = _what_fits(content, first, most)
    starts: list[tuple[_Frames, list[str]]] = []
    total = 0
    for number in range(count):
        frames = first if number == 0 else _Frames.of(content, number, next(decoded))
        encoded = frames.every(stride).encoded(lossy=lossy)
        total += sum(map(len, encoded))
        if total > (_MOST if content.named else most) and number:
            break
        starts.append((frames, encoded))
        task.update(number + 1)
    notes = []
    if len(starts) < len(content.codes):
        notes.append(f"{len(starts)} of {len(content.codes)} images to start from fit in {most / 1e6:.1f} MB")
    if stride > 1:
        notes.append(f"one of every {stride} values is here, as more do not fit in {most / 1e6:.1f} MB")
    if lossy:
        notes.append("the frames are compressed (WebP, quality 90), so that a pixel may be some levels off")
    if total > most:
        notes.append(f"its frames are {total / 1e6:.1f} MB, as so many were asked for")
    if first.shrunk:
        notes.append(f"the frames are reduced to {first.own.shape[0]}x{first.own.shape[1]} pixels (height x width)")
    return Explorer(_markup(content, key, starts, stride, size, [*content.notes, *notes]), tuple(notes))


def write(
    output: Path,
    content: Content,
    decoded: Iterator[np.ndarray],
    title: str,
    facts: Sequence[str],
    about: dict[str, Any],
    *,
    size: int | None = None,
    overwrite: bool,
    report: Reporter,
) -> None:
    """Make one explorer and write it as a page of its own, whole or not at all.

    ``decoded``: see :func:`build`. ``facts``: what the model is, in a few words each. ``about``: the same as data, kept
    in the page.
    """
    with report.task(f"traverse {output.name}", len(content.codes), "images to start from") as task:
        explorer = build(content, decoded, "explorer", task, size=size or _SHOWN)
    for note in explorer.notes:
        report.note(f"{output}: {note}")
    line = " · ".join(map(escape, facts))
    body = f'<main><header><p class="kicker">Latent explorer</p><h1>{escape(title)}</h1><p class="facts">{line}</p>'
    body += f"</header>\n{explorer.markup}\n{document.footer()}</main>"
    files.write_text(output, document.document(title, body, about), overwrite=overwrite)


@dataclass(frozen=True)
class _Frames:
    """One start's frames, uint8: itself [H,W,C], its input or None, each slider's and each pad row's [V,H,W,C]."""

    own: np.ndarray
    shown: np.ndarray | None
    rows: list[np.ndarray]
    pad: list[np.ndarray]
    shrunk: bool

    @classmethod
    def of(cls, content: Content, number: int, decoded: np.ndarray) -> "_Frames":
        images = sprite_sheets.fitted(decoded)
        split = np.split(images, np.cumsum([len(part) for part in content.code_parts(number)])[:-1])
        shown = None if content.inputs is None else sprite_sheets.fitted(content.inputs[number][None])[0]
        cut = 1 + len(content.sliders)
        return cls(split[0][0], shown, split[1:cut], split[cut:], images.shape != decoded.shape)

    def every(self, stride: int) -> "_Frames":
        """With one of every ``stride`` values alone, the first and the last among them."""
        rows = [row[::stride] for row in self.rows]
        pad = [row[::stride] for row in self.pad[::stride]]
        return _Frames(self.own, self.shown, rows, pad, self.shrunk)

    def encoded(self, *, lossy: bool) -> list[str]:
        """The ``data:`` addresses of its sheets: the start and its sliders in rows; the pad, the highest row first."""
        sheets = [sprite_sheets.sheet([self.own[None], *self.rows], lossy=lossy)]
        return sheets + ([sprite_sheets.sheet(self.pad, lossy=lossy)] if self.pad else [])


def _pad_places(content: Content, pad: tuple[int, int]) -> tuple[slice, slice]:
    """Which values of the two sliders are on the pad."""
    across, up = (content.sliders[place].amounts.shape[1] for place in pad)
    return slice(None, None, math.ceil((across - 1) / (_PAD - 1))), slice(None, None, math.ceil((up - 1) / (_PAD - 1)))


def _pad_codes(content: Content, number: int) -> list[np.ndarray]:
    """The pad's rows of codes float32 [P,D], the highest value first."""
    if content.pad is None:
        return []
    own = content.codes[number]
    (x, y), (some_x, some_y) = content.pad, _pad_places(content, content.pad)
    across, up = content.sliders[x].codes[number][some_x], content.sliders[y].codes[number][some_y]
    return [np.where(code != own, code, across) for code in up[::-1]]


def _what_fits(content: Content, first: _Frames, most: int) -> tuple[bool, int, int]:
    """Whether the frames are lossy, the stride through the values, and how many starts there is room for."""
    wanted = len(content.codes)
    enough = wanted if content.named else min(2, wanted)
    strides = [1]
    if not content.stepped:
        strides += [n for n in (2, 4) if all((slider.amounts.shape[1] - 1) % n == 0 for slider in content.sliders)]
    tried = [(False, 1)] + [(True, stride) for stride in strides]
    for lossy, stride in tried:
        size = sum(map(len, first.every(stride).encoded(lossy=lossy)))
        if size * enough <= most:
            return lossy, stride, min(wanted, most // size)
    count = wanted if content.named else 1
    if size * count <= (_MOST if content.named or content.stepped else most):
        return lossy, stride, count
    raise WrongUsage(
        f"an explorer of {count} images is {size * count / 1e6:,.1f} MB, too many for a page; name fewer --dims, images"
        " or --steps"
    )


def _markup(
    content: Content, key: str, starts: list[tuple[_Frames, list[str]]], stride: int, size: int, notes: list[str]
) -> str:
    height, width = starts[0][0].own.shape[:2]
    sliders = [
        {
            "name": slider.name,
            "unit": slider.unit,
            "relative": slider.relative,
            "amounts": _rounded(slider.amounts[: len(starts), ::stride]),
            "at": _rounded(slider.at[: len(starts)]),
        }
        for slider in content.sliders
    ]
    known: dict[str, Any] = {
        "width": width,
        "height": height,
        "axes": sliders,
        "sheets": [encoded for _, encoded in starts],
        "pad": None,
    }
    if content.pad is not None:
        (x, y), (some_x, some_y) = content.pad, _pad_places(content, content.pad)
        amounts = [
            content.sliders[place].amounts[: len(starts), some][:, ::stride]
            for place, some in ((x, some_x), (y, some_y))
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
            f'<div class="controls">{"".join(_groups(content, key, stride))}{_pad(content, key, known["pad"])}',
            controls.explanation(notes, several=len(starts) > 1),
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


def _groups(content: Content, key: str, stride: int) -> Iterator[str]:
    """A set of sliders for each heading."""
    for group in dict.fromkeys(slider.group for slider in content.sliders):
        rows = [
            controls.slider(slider.name, slider.detail, f"{key}-{place}", place, len(slider.amounts[0][::stride]))
            for place, slider in enumerate(content.sliders)
            if slider.group == group
        ]
        yield f'<fieldset class="sliders"><legend>{escape(group)}</legend>{"".join(rows)}</fieldset>'


def _pad(content: Content, key: str, known: dict[str, Any] | None) -> str:
    if known is None:
        return ""
    across, up = (content.sliders[known[way]].name for way in ("x", "y"))
    return controls.pad((across, len(known["across"][0])), (up, len(known["up"][0])), key)
