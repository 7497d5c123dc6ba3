"""What a command prints to stdout. Names in it may come from anyone's file: no terminal shall obey them."""

import json
import sys
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from disentool.cli.words import visible
from disentool.io.records import to_json


def print_path(path: Path | str) -> None:
    """The path of a file that was made: as it is for the next command, visible on a terminal."""
    print(visible(str(path)) if sys.stdout.isatty() else path, flush=True)


def print_json(record: dict[str, Any]) -> None:
    """A record as one line of JSON; on a terminal, bytes of a file's name that are no UTF-8 become escapes of JSON."""
    line = to_json(record)
    if sys.stdout.isatty():
        line = "".join(c if c.isprintable() else json.dumps(c)[1:-1] for c in line)
    print(line, flush=True)


def print_row(cells: Iterable[str]) -> None:
    """A line of tab-separated cells; a tab or the end of a line within a cell is escaped."""
    print("\t".join(map(visible, cells)), flush=True)


def print_lines(text: str) -> None:
    """Text of several lines, in which tabs separate columns."""
    lines = text.removesuffix("\n").split("\n")
    print("\n".join("\t".join(map(visible, line.split("\t"))) for line in lines), flush=True)
