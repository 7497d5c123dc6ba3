"""What plots share: sizes in mm, inks that differ in colour, lightness and mark, text that stays text."""

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from disentool.errors import UnknownName, WrongUsage
from disentool.io import figure_files
from disentool.io.figure_files import FONT
from disentool.results.labels import Names

if TYPE_CHECKING:
    from matplotlib.figure import Figure

SUFFIXES = (".png", ".pdf", ".svg")
COLUMN, PAGE, INCH = figure_files.COLUMN, figure_files.PAGE, figure_files.INCH  # mm
TEXT = 7.0  # points, of labels; ticks, legends and captions are smaller
_SMALLER = 6 / 7

# Okabe & Ito's colours without the yellow, which is lost on white; neighbours differ in lightness too.
COLOURS = ("#0072B2", "#E69F00", "#009E73", "#CC79A7", "#D55E00", "#56B4E9", "#7F7F7F")
ON_DARK = ("#3D92D8", "#F0B030", "#2FD39E", "#E39CC4", "#F07A3A", "#9ED8FF", "#A9A9A9")  # the same hues, lighter
MARKS = ("o", "s", "^", "D", "v", "P", "X")
DASHES = ("-", (0, (4, 1.5)), (0, (1, 1)), (0, (5, 1.5, 1, 1.5)))
INKS = {"light": ("#222222", "#6b6b6b", "#d9d9d9", "#ffffff"), "dark": ("#e8e8e8", "#a8a8a8", "#444444", "#16181c")}
# Words for a kind of typeface; all come with matplotlib. STIX is drawn after Times.
FAMILIES = {"sans": FONT, "serif": "STIXGeneral", "mono": "DejaVu Sans Mono"}

Ends = tuple[float | None, float | None]  # of an axis; None: as the records are


@dataclass(frozen=True)
class Options:
    """How a figure is asked for: what to show, its size in mm (None: as the plot needs), and how it looks.

    ``captioned``: the caption stands in the figure itself, below the axes. ``names``: what methods, metrics, options
    and terms are called. ``xlim``, ``ylim``: the ends of the axes. ``font``: a typeface, or one of :data:`FAMILIES`;
    ``points``: the size of labels.
    """

    metrics: tuple[str, ...] = ()
    terms: tuple[str, ...] = ()
    log: bool = False
    width: float | None = None
    height: float | None = None
    theme: str = "light"
    captioned: bool = True
    title: str = ""
    names: Names = field(default_factory=Names)
    xlim: Ends = (None, None)
    ylim: Ends = (None, None)
    font: str = "sans"
    points: float = TEXT

    def sized(self, width: float, height: float) -> "Options":
        """The same, with this size where none was asked for."""
        return replace(self, width=self.width or width, height=self.height or height)

    @property
    def small(self) -> float:
        """The size of ticks, legends and captions, in points."""
        return self.points * _SMALLER


@dataclass(frozen=True)
class Drawing:
    """A figure, what it shows in a sentence or two, and remarks for whoever asked for it.

    ``handles``: the entries of its legend. ``tall``: the height of each axes in mm, which the figure grows to hold
    unless its height was asked for. ``after``: called once the axes have their size; it may return a drawing that takes
    the place of this one, where this one does not work at that size.
    """

    figure: "Figure"
    caption: str
    notes: tuple[str, ...] = ()
    handles: tuple[Any, ...] = ()
    tall: float = 40.0
    after: "Callable[[], Drawing | None] | None" = None


@contextmanager
def applied(options: Options) -> Iterator[None]:
    """Matplotlib's settings for everything drawn and saved inside."""
    ink, soft, faint, paper = INKS[options.theme]
    text, small = options.points, options.small
    settings = {
        "font.family": [family(options.font), FONT],  # the second has what the first lacks
        "font.size": text,
        "axes.titlesize": text,
        "axes.titlelocation": "left",
        "axes.labelsize": text,
        "legend.fontsize": small,
        "xtick.labelsize": small,
        "ytick.labelsize": small,
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
        "legend.borderaxespad": 0.0,
        "legend.borderpad": 0.0,
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
        "hatch.linewidth": 0.4,
    }
    with figure_files.text_as_text(settings):
        warnings.filterwarnings("ignore", message="constrained_layout not applied")  # a figure smaller than its text
        yield


def family(font: str) -> str:
    """The typeface that ``font`` names; UnknownName where this machine has none of that name."""
    from matplotlib.font_manager import fontManager

    if font in FAMILIES:
        return FAMILIES[font]
    there = {name.lower(): name for name in fontManager.get_font_names()}
    if font.lower() not in there:
        raise UnknownName("font", font, [*FAMILIES, *there.values()])
    return there[font.lower()]


def blank(options: Options) -> "Figure":
    """An empty figure of the options' size."""
    from matplotlib.figure import Figure
    from matplotlib.layout_engine import ConstrainedLayoutEngine

    if options.width is None or options.height is None:
        raise ValueError("a figure needs a size; Options.sized gives it")
    layout = ConstrainedLayoutEngine(w_pad=3 / 72, h_pad=3 / 72, wspace=0.02, hspace=0.02)
    return Figure(figsize=(options.width / INCH, options.height / INCH), layout=layout)


def look(index: int, options: Options) -> dict[str, Any]:
    """Colour, mark and dashes of the n-th of several lines; WrongUsage where they could not be told apart."""
    colours = ON_DARK if options.theme == "dark" else COLOURS
    if index >= len(COLOURS) * len(DASHES):
        raise WrongUsage(
            f"more than {len(COLOURS) * len(DASHES)} lines cannot be told apart; plot fewer records or files"
        )
    turn = index // len(COLOURS)
    return {
        "color": colours[index % len(colours)],
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
