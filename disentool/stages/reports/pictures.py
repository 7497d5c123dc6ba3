"""A report's pictures: plots of its records, and of each checkpoint traversals, swaps, directions and an explorer."""

import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from disentool.errors import DisentoolError
from disentool.io.schema import SCORE
from disentool.stages import pages, sprites
from disentool.stages.pages import escape
from disentool.stages.plots import PLOTS, style
from disentool.stages.plots.style import Drawing, Options
from disentool.stages.plots.tables import Table
from disentool.stages.reporting import Silent
from disentool.stages.reports.runs import Run

_THEMES = ("light", "dark")
_STEPS, _SIZE = 9, 64  # of a traversal in a report: values, and pixels of an image
_TRAVERSED = (
    "Each latent dimension from end to end, the others as in the image to the left. Below its name: its KL to the"
    " prior, or how far its codes are spread."
)
_SWAPPED = "The content of each image to the left on the class of each image above."
_EXPLORER = 1_500_000  # bytes of each explorer
_VECTORS = 400_000  # bytes of a plot, above which it is drawn in pixels
_DPI = 200
_PICTURE = 700_000  # bytes of a picture, above which it is compressed


def of_scores(runs: Sequence[Run]) -> str:
    """Every plot that the score records allow, each with its caption."""
    from disentool.stages import plot

    found = [Table(run.name, SCORE.name, run.scores) for run in runs if run.scores]
    shown = []
    for kind, (_, summary) in PLOTS.items():
        if SCORE.name in plot.load(kind).READS and found:
            try:
                shown.append(_plotted(kind, found, summary))
            except DisentoolError as error:
                if kind == "compare":
                    shown.append(empty(f"No comparison: {error}"))
    return "".join(shown)


def of_histories(runs: Sequence[Run]) -> Iterator[str]:
    """For each method the losses of its runs; histories without a checkpoint stand together."""
    groups: dict[str, list[Table]] = {}
    for run in runs:
        if run.history:
            groups.setdefault(str(run.facts.get("method") or "of unknown method"), []).append(run.history)
    for method, found in groups.items():
        try:
            yield _plotted("history", found, f"Losses against steps, {method}")
        except DisentoolError as error:
            yield empty(f"No history of {method}: {error}")


def empty(text: str) -> str:
    """What stands where there is nothing to show."""
    return f'<p class="empty">{escape(text)}</p>'


def figure(addresses: Sequence[str], caption: str, *, sheet: bool = False) -> str:
    """A picture with its caption; of two addresses the second is for dark screens. ``sheet``: it is on white."""
    light, *dark = addresses
    source = f'<source media="(prefers-color-scheme: dark)" srcset="{dark[0]}">' if dark else ""
    kind = ' class="sheet"' if sheet else ""
    return (
        f'<figure class="shown"><picture>{source}<img{kind} src="{light}" alt="{escape(caption)}"></picture>'
        f"<figcaption>{escape(caption)}</figcaption></figure>"
    )


def _plotted(kind: str, found: list[Table], summary: str) -> str:
    from disentool.stages import plot

    drawn: list[tuple[str, Drawing]] = []
    for theme in _THEMES:
        drawing = plot.draw(kind, found, Options(theme=theme, captioned=False))
        file = io.BytesIO()
        with style.applied(theme):
            drawing.figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
            kind_of, content = "image/svg+xml", file.getvalue()
            if len(content) > _VECTORS:
                file = io.BytesIO()
                drawing.figure.savefig(file, format="png", dpi=_DPI, metadata={"Software": None})
                kind_of, content = "image/png", file.getvalue()
        drawn.append((pages.uri(kind_of, content), drawing))
    notes = "".join(f" {note}." for note in drawn[0][1].notes)
    return figure([address for address, _ in drawn], f"{summary[0].upper()}{summary[1:]}. {drawn[0][1].caption}{notes}")


@dataclass(frozen=True)
class Settings:
    """How checkpoints are opened."""

    device: str
    trust: bool


def of_model(run: Run, key: str | None, settings: Settings) -> tuple[str, str]:
    """The pictures of a checkpoint, as `traverse` and `swap` make them, and its explorer, of which the key is ``key``.

    None for a key: no explorer. Raises what opening and drawing a checkpoint raises.
    """
    from disentool.stages import bases as starting
    from disentool.stages import model as models
    from disentool.stages import scenes
    from disentool.stages.swap import swap
    from disentool.stages.traverse import traverse

    opening = {"device": settings.device, "trust": settings.trust}
    model = models.load(run.path, settings.device, trust=settings.trust)
    chosen, notes = scenes.sliders(model, None, Silent())
    dims = [dimension.index for dimension in chosen]
    drawn = {"steps": _STEPS, "size": _SIZE, **opening}
    shown = [_made(lambda to: traverse(run.path, [to], dims=dims, **drawn), _TRAVERSED)]
    if hasattr(model.method, "classes") or hasattr(model.method, "transfer"):
        shown.append(
            _made(
                lambda to: swap(run.path, [to], size=_SIZE, **opening),
                _SWAPPED,
            )
        )
    shown += [_directed(run, file.path, drawn) for file in run.directions]
    if key is None:
        return "".join(shown), ""
    bases = starting.find(model, Silent(), count=None, default=scenes.BASES)
    return "".join(shown), _explorer(run, model, bases, chosen, notes, key, settings)


def _made(make: Callable[[Path], Iterator[Path]], caption: str) -> str:
    """The picture that a stage makes."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        for _ in make(path):
            pass
        content = path.read_bytes()
    if len(content) <= _PICTURE:
        return figure([pages.uri("image/png", content)], caption, sheet=True)
    return figure([sprites.reduced(content)], caption, sheet=True)


def _directed(run: Run, file: Path, drawn: dict[str, Any]) -> str:
    from disentool.stages.pan import pan

    caption = f"Images moved along the directions of {file.name}, each in its own unit, from where it is in the middle."
    return _made(lambda to: pan(run.path, [str(file)], [to], images=1, **drawn), caption)


def _explorer(
    run: Run, model: Any, bases: Any, chosen: Sequence[Any], notes: tuple[str, ...], key: str, settings: Settings
) -> str:
    """Sliders of the dimensions, and of the directions where they are of the very codes that the model encodes into."""
    from disentool.stages import explorer, scenes, steering
    from disentool.stages.moves import Move, Span
    from disentool.stages.pan import encodes

    scene = scenes.of_model(model, bases, chosen, 3.0, None, notes=notes)
    steers = steering.read([str(file.path) for file in run.directions], every=True) if run.directions else []
    if steers:
        opened = steering.opened(run.path, steers, settings.device, trust=settings.trust, force=False)
        if encodes(opened):
            moves = [Move(steer, Span(*steer.direction.t_valid), False) for steer in steers]
            start = bases.codes.astype(np.float64)
            more = {"more": scene.axes, "notes": notes}
            scene = scenes.of_directions(opened, start, bases.images, None, moves, None, spanned=False, **more)
    return explorer.build(scene, key, Silent(), size=384, most=_EXPLORER).markup
