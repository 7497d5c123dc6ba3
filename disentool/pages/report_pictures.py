"""A report's pictures: plots of its records, and of each checkpoint traversals, swaps, directions and an explorer."""

import io
import tempfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path

from disentool.errors import DisentoolError
from disentool.io.schema import SCORE
from disentool.pages import document, sprite_sheets
from disentool.pages.document import escape
from disentool.pages.report_runs import Run
from disentool.pages.report_scores import data_key
from disentool.plots import PLOTS, style
from disentool.plots.drawing import draw, load
from disentool.plots.style import Drawing, Options
from disentool.results.labels import Names, words
from disentool.results.reading import Table

_THEMES = ("light", "dark")
_VECTORS = 400_000  # bytes of a plot, above which it is drawn in pixels
_DPI = 200
_PICTURE = 700_000  # bytes of a picture, above which it is compressed


def of_scores(runs: Sequence[Run], data: str, heading: str) -> str:
    """Every plot that the score records of the data set of key ``data`` allow, each with its caption.

    ``heading``: what stands after a plot's name.
    """
    own = [(run.name, [record for record in run.all_scores if data_key(record) == data]) for run in runs]
    found = [Table(name, SCORE.name, records) for name, records in own if records]
    shown = []
    for kind, (_, summary) in PLOTS.items():
        if SCORE.name in load(kind).READS and found:
            try:
                shown.append(_plotted(kind, found, f"{summary}{heading}"))
            except DisentoolError as error:
                if kind == "compare":
                    shown.append(empty(f"No comparison{heading}: {error}"))
    return "".join(shown)


def of_histories(runs: Sequence[Run]) -> Iterator[str]:
    """For each method and data set the losses of its runs; histories without a checkpoint stand together."""
    groups: dict[str, list[Table]] = {}
    several = len({_data_of(run) for run in runs if run.history}) > 1
    for run in runs:
        if run.history:
            method = run.facts.get("method")
            name = Names().method(str(method)) if method else "of unknown method"
            groups.setdefault(f"{name}, {_data_of(run)}" if several and method else name, []).append(run.history)
    for method, found in groups.items():
        try:
            yield _plotted("history", found, f"Losses against steps, {method}")
        except DisentoolError as error:
            yield empty(f"No history of {method}: {error}")


def _data_of(run: Run) -> str:
    return words((run.facts.get("data") or {}).get("name") or "unknown data")


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
    drawn: list[tuple[str, Drawing]] = []
    for theme in _THEMES:
        options = Options(theme=theme, captioned=False)
        drawing = draw(kind, found, options)
        file = io.BytesIO()
        with style.applied(options):
            drawing.figure.savefig(file, format="svg", metadata={"Date": None, "Creator": None})
            kind_of, content = "image/svg+xml", file.getvalue()
            if len(content) > _VECTORS:
                file = io.BytesIO()
                drawing.figure.savefig(file, format="png", dpi=_DPI, metadata={"Software": None})
                kind_of, content = "image/png", file.getvalue()
        drawn.append((document.uri(kind_of, content), drawing))
    notes = "".join(f" {note}." for note in drawn[0][1].notes)
    return figure([address for address, _ in drawn], f"{summary[0].upper()}{summary[1:]}. {drawn[0][1].caption}{notes}")


def figure_of(make: Callable[[Path], Iterator[Path]], caption: str) -> str:
    """The picture that ``make`` writes to the path that it is given, with its caption."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "picture.png"
        for _ in make(path):
            pass
        content = path.read_bytes()
    if len(content) <= _PICTURE:
        return figure([document.uri("image/png", content)], caption, sheet=True)
    return figure([sprite_sheets.reduced(content)], caption, sheet=True)
