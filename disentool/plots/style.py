"""What plots share: sizes in mm, inks that differ in colour, lightness and mark, text that stays text, stable bytes."""

import json
import textwrap
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from disentool.errors import WrongUsage
from disentool.io import files, provenance
from disentool.metrics import METRICS

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".pdf", ".svg")
COLUMN, PAGE = 84.0, 174.0  # mm: one column of a paper, and both
_INCH = 25.4  # mm
_POINT = _INCH / 72
_TEXT = 7.0  # points
_SMALL = 5.5

# Okabe & Ito's colours without the yellow, which is lost on white; neighbours differ in lightness too.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#7F7F7F")
MARKS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)))
INKS = {"light": ("#222222", "#6b6b6b", "#d9d9d9", "#ffffff"), "dark": ("#e8e8e8", "#a8a8a8", "#444444", "#16181c")}


@dataclass(frozen=True)
class Options:
    """How a figure is asked for: what to show, its size in mm (None: as the plot needs), and its theme.

    ``captioned``: the caption stands in the figure itself, below the axes.
    """

    metrics: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    log: bool = False
    width: float | None = None
    height: float | None = None
    theme: str = "light"
    captioned: bool = True

    def sized(self, width: float, height: float) -> "Options":
        """The same, with this size where none was asked for."""
        return replace(self, width=self.width or width, height=self.height or height)


@dataclass(frozen=True)
class Drawing:
    """A finished figure, what it shows in a sentence or two, and remarks for whoever asked for it."""

    figure: "Figure"
    caption: str
    notes: tuple[str, ...] = ()


@contextmanager
def applied(theme: str) -> Iterator[None]:
    """Matplotlib's settings for everything drawn and saved inside."""
    import matplotlib

    ink, soft, faint, paper = INKS[theme]
    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()  # whatever the user's own style says: the same records make the same bytes
        matplotlib.rcParams.update(
            {
                "font.family": "sans-serif",
                "font.sans-serif": ["DejaVu Sans"],
                "font.size": _TEXT,
                "text.parse_math": False,  # a file's name may hold a dollar sign
                "axes.titlesize": _TEXT,
                "axes.titlelocation": "left",
                "axes.labelsize": _TEXT,
                "legend.fontsize": _SMALL + 0.5,
                "xtick.labelsize": _TEXT - 1,
                "ytick.labelsize": _TEXT - 1,
                "axes.linewidth": 0.6,
                "xtick.major.width": 0.6,
                "ytick.major.width": 0.6,
                "xtick.major.size": 2.5,
                "ytick.major.size": 2.5,
                "xtick.minor.size": 1.5,
                "ytick.minor.size": 1.5,
                "lines.linewidth": 1.0,
                "lines.markersize": 4,
                "axes.spines.top": False,
                "axes.spines.right": False,
                "axes.formatter.useoffset": False,
                "axes.grid": True,
                "axes.axisbelow": True,
                "grid.linewidth": 0.4,
                "grid.color": faint,
                "legend.frameon": False,
                "legend.handlelength": 1.8,
                "legend.borderaxespad": 0.2,
                "figure.facecolor": paper,
                "axes.facecolor": paper,
                "savefig.facecolor": paper,
                "text.color": ink,
                "axes.labelcolor": ink,
                "axes.titlecolor": ink,
                "axes.edgecolor": soft,
                "xtick.color": soft,
                "ytick.color": soft,
                "xtick.labelcolor": ink,
                "ytick.labelcolor": ink,
                "svg.fonttype": "none",
                "svg.hashsalt": "disentool",
                "pdf.fonttype": 42,
            }
        )
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # a name in another script
        warnings.filterwarnings("ignore", message="constrained_layout not applied")  # a figure smaller than its text
        yield


def blank(options: Options) -> "Figure":
    """An empty figure of the options' size."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    if options.width is None or options.height is None:
        raise ValueError("a figure needs a size; Options.sized gives it")
    layout = ConstrainedLayoutEngine(w_pad=3 / 72, h_pad=2 / 72, wspace=0.03, hspace=0.03)
    return Figure(figsize=(options.width / _INCH, options.height / _INCH), layout=layout)


def look(index: int) -> dict[str, Any]:
    """Colour, mark and dashes of the n-th of several lines; WrongUsage where they could not be told apart."""
    if index >= len(COLOURS) * len(DASHES):
        raise WrongUsage(
            f"more than {len(COLOURS) * len(DASHES)} lines cannot be told apart; plot fewer records or files"
        )
    turn = index // len(COLOURS)
    return {
        "color": COLOURS[index % len(COLOURS)],
        "marker": MARKS[(index + turn) % len(MARKS)],
        "linestyle": DASHES[(index + 2 * turn) % len(DASHES)],
    }


def ink(options: Options) -> str:
    """The colour of text."""
    return INKS[options.theme][0]


def soft(options: Options) -> str:
    """The colour of what stands back."""
    return INKS[options.theme][1]


def paper(options: Options) -> str:
    """The colour of the background."""
    return INKS[options.theme][3]


def words(text: Any, longest: int = 40) -> str:
    """A foreign text on one line, without what no typeface shows, its middle left out where it is too long."""
    shown = "".join(c if c.isprintable() and not "\ud800" <= c <= "\udfff" else "?" for c in str(text))
    if len(shown) <= longest:
        return shown
    head = (longest - 1) // 3
    return f"{shown[:head]}…{shown[head + 1 - longest :]}"


def arrow(metric: str, measure: object = None) -> str:
    """Which way a metric is better: ``↑``, ``↓``, or nothing where neither is, or for a metric of the user's own.

    ``measure``: the record's, for a metric that has several.
    """
    return METRICS[metric].by_measure(measure).arrow if metric in METRICS else ""


def thousands(axis: "Axes", which: str = "x") -> None:
    """Steps as 500, 20k, 1.5M, on the x or y axis."""
    from matplotlib.ticker import FuncFormatter, MaxNLocator

    chosen = axis.xaxis if which == "x" else axis.yaxis
    chosen.set_major_locator(MaxNLocator(5, integer=True))
    chosen.set_major_formatter(FuncFormatter(lambda value, _: short(value)))


def short(value: float) -> str:
    """20000 as 20k, 1500000 as 1.5M."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def logarithmic(axis: "Axes", which: str) -> None:
    """A logarithmic axis whose ticks are plain numbers."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    getattr(axis, f"set_{which}scale")("log")
    chosen = axis.xaxis if which == "x" else axis.yaxis
    low, high = chosen.get_view_interval()
    subs = (1.0,) if high > 100 * max(low, 1e-300) else (1.0, 2.0, 5.0)
    chosen.set_major_locator(LogLocator(subs=subs, numticks=8))
    chosen.set_major_formatter(FuncFormatter(lambda value, _: short(value)))
    chosen.set_minor_formatter(NullFormatter())


def legend(figure: "Figure", handles: list[Any], columns: int | None = None) -> None:
    """The legend above all axes, in as many columns as fit."""
    if not handles:
        return
    width = figure.get_figwidth() * 72  # points
    longest = max(len(handle.get_label()) for handle in handles)
    fitting = max(1, int(width / ((longest + 7) * _SMALL * 0.62)))
    figure.legend(
        handles=handles,
        loc="outside upper left",
        ncols=columns or min(fitting, len(handles)),
        columnspacing=1.2,
        handletextpad=0.5,
    )


def save(drawing: Drawing, path: Path, options: Options, *, dpi: int, overwrite: bool, about: dict[str, Any]) -> None:
    """Write the drawing whole or not at all, in the form its name's suffix says, without dates.

    Inside :func:`applied`. ``about``: what the figure is of, kept in the file as JSON.
    """
    figure = drawing.figure
    if options.captioned:
        _add_caption(figure, drawing.caption, options)
    form = path.suffix.lower().removeprefix(".")
    told = json.dumps({"created_by": provenance.created_by(), **about, "caption": drawing.caption}, ensure_ascii=True)
    metadata = {
        "png": {"Software": None, "Comment": told},
        "pdf": {"Creator": provenance.created_by(), "Producer": None, "CreationDate": None, "Keywords": told},
        "svg": {"Creator": provenance.created_by(), "Date": None, "Description": told},
    }[form]
    with files.whole(path, overwrite=overwrite) as temporary:
        figure.savefig(temporary, format=form, dpi=dpi, metadata=metadata)


def _add_caption(figure: "Figure", caption: str, options: Options) -> None:
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    layout = figure.get_layout_engine()
    width, height = figure.get_figwidth() * 72, figure.get_figheight() * 72  # points
    lines = textwrap.wrap(caption, max(20, int((width - 8) / (_SMALL * 0.54))))
    room = (len(lines) * _SMALL * 1.25 + 4) / height
    if room < 0.5 and isinstance(layout, ConstrainedLayoutEngine):
        layout.set(rect=(0, room, 1, 1 - room))
        figure.text(
            4 / width, 3 / height, "\n".join(lines), fontsize=_SMALL, color=soft(options), va="bottom", linespacing=1.15
        )
