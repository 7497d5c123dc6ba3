"""A table of names and numbers as text that fits a terminal. Names are broken over lines; numbers never are."""

import os
import re
import shutil
import sys
from collections.abc import Sequence

from disentool.cli.words import printable

_GAP = "  "
_NARROWEST = 4  # columns of a name
_UNLIMITED = 1000  # columns where there is no terminal


def terminal_width() -> int:
    """Columns of the terminal that stdout is, or of the variable COLUMNS."""
    return shutil.get_terminal_size((_UNLIMITED, 24)).columns


def print_table(heads: Sequence[str], rows: Sequence[Sequence[str]], names: int) -> None:
    """Print a table whose first ``names`` columns are names, and whose others are numbers."""
    bold = sys.stdout.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"
    for number, line in enumerate(laid_out(heads, rows, names, terminal_width())):
        print(f"\x1b[1m{line}\x1b[0m" if bold and not number else line)
    sys.stdout.flush()


def laid_out(heads: Sequence[str], rows: Sequence[Sequence[str]], names: int, width: int) -> list[str]:
    """The lines of the table, the first of them the heads: at most ``width`` columns wide, if its numbers are.

    A name that does not fit goes on below itself, after a separator where the columns hold its longest word, and never
    within a number.
    """
    table = [[printable(cell) for cell in row] for row in (heads, *rows)]
    widths = [max(_columns(row[i]) for row in table) for i in range(len(heads))]
    of_heads = list(map(_columns, heads))
    of_words = [max(_columns(part) for row in table for part in _parts(row[i])) for i in range(len(heads))]
    whole = [max(pair) for pair in zip(of_heads, of_words, strict=True)]
    for least in (whole, of_words, [_NARROWEST] * len(heads)):  # heads are broken before words, letters last
        while sum(widths) + len(_GAP) * (len(widths) - 1) > width:
            widest = max(range(names), key=lambda i: widths[i] - least[i])
            if widths[widest] <= least[widest]:
                break
            widths[widest] -= 1
    lines = []
    for row in table:
        cells = [broken(cell, widths[i]) if i < names else [cell] for i, cell in enumerate(row)]
        for n in range(max(map(len, cells))):
            parts = [cell[n] if n < len(cell) else "" for cell in cells]
            padded = [
                part + " " * (widths[i] - _columns(part)) if i < names else " " * (widths[i] - _columns(part)) + part
                for i, part in enumerate(parts)
            ]
            lines.append(_GAP.join(padded).rstrip())
    return lines


def broken(name: str, width: int) -> list[str]:
    """A name in lines of at most ``width`` columns, broken after separators, else between letters."""
    lines = [""]
    for part in _parts(name):
        if _columns(lines[-1] + part.rstrip()) <= width:
            lines[-1] += part
            continue
        if lines[-1]:
            lines.append("")
        for piece in re.findall(r"[\d.,]*\d|.", part):
            for letter in [piece] if _columns(piece) <= width else piece:
                if lines[-1] and _columns((lines[-1] + letter).rstrip()) > width:
                    lines.append("")
                lines[-1] += letter
    return [line.rstrip() for line in lines]


def _parts(name: str) -> list[str]:
    """A name in parts that end in separators, and an empty one."""
    return re.findall(r"[^/\\_@ ,-]*[/\\_@ ,-]?", name)


def _columns(text: str) -> int:
    from rich.cells import cell_len  # a wide character takes two columns

    return cell_len(text)
