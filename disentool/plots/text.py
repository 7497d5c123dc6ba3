"""How wide texts are, and their lines broken to a width."""

import functools
import re

from disentool.io.figure_files import FONT
from disentool.plots import style
from disentool.plots.style import Options

MM = 72 / style.INCH  # points
_MARKS = [re.compile(rf"[^{mark}]+[{mark}]*|[{mark}]+") for mark in "+_"]
_BREAKS = re.compile(r"(?<!=) +(?![=↑↓])")


@functools.lru_cache(maxsize=4096)
def _width(text: str, font: str, points: float) -> float:
    from matplotlib.font_manager import FontProperties
    from matplotlib.textpath import text_to_path

    properties = FontProperties(family=[style.family(font), FONT], size=points)
    return float(text_to_path.get_text_width_height_descent(text, properties, ismath=False)[0])


def width(text: str, options: Options, points: float | None = None) -> float:
    """The width of the longest line of a text, in points; ``points``: its size (default: that of labels)."""
    return max(_width(line, options.font, points or options.points) for line in text.split("\n")) if text else 0.0


def wrapped(text: str, room: float, options: Options, points: float | None = None) -> str:
    """The text with line breaks between words, so that each line is at most ``room`` points wide, if words allow.

    ``β = 4`` and an arrow after a name are not broken.
    """
    lines: list[str] = []
    for word in _BREAKS.split(text.replace("\n", " ").strip()):
        longer = f"{lines[-1]} {word}" if lines else word
        if lines and width(longer, options, points) <= room:
            lines[-1] = longer
        else:
            lines.append(word)
    return "\n".join(lines)


def unit_apart(label: str, room: float, options: Options) -> str:
    """The label with a line break before the bracket that ends it, in which a unit stands; both parts as wrapped."""
    name, bracket, unit = label.replace("\n", " ").partition(" (")
    return "\n".join(wrapped(part, room, options) for part in (name, f"({unit}") if bracket or part == name)


def cut(text: str, room: float, options: Options, points: float | None = None) -> str:
    """As :func:`wrapped`; a word that is too long is broken after its own marks, or else loses its middle."""
    lines = wrapped(text, room, options, points).split("\n")
    parts = [part for line in lines for part in _parted(line, room, options, points)]
    return "\n".join(_cut(part, room, options, points) for part in parts)


def _parted(line: str, room: float, options: Options, points: float | None) -> list[str]:
    """A line broken after ``+``, and what is still too long after ``_``."""
    found = [line]
    for mark in _MARKS:
        found = [part for each in found for part in _broken(each, mark, room, options, points)]
    return found


def _broken(line: str, mark: re.Pattern[str], room: float, options: Options, points: float | None) -> list[str]:
    """A line broken after some of its marks, if it is too long."""
    if width(line, options, points) <= room:
        return [line]
    found: list[str] = []
    for piece in mark.findall(line):
        if found and width(found[-1] + piece, options, points) <= room:
            found[-1] += piece
        else:
            found.append(piece)
    return found


def _cut(line: str, room: float, options: Options, points: float | None) -> str:
    kept = len(line)
    shorter = line
    while kept > 4 and width(shorter, options, points) > room:
        kept -= 1
        head = kept // 2
        shorter = f"{line[:head]}…{line[len(line) - (kept - head) :]}"
    return shorter


def height(text: str, points: float) -> float:
    """About the height of a text of one or more lines, in points."""
    return 1.2 * points * (text.count("\n") + 1)
