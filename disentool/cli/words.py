"""What is said to people on stderr, fit for a terminal."""

import os
import re
import textwrap
from typing import TextIO

_OPTION = re.compile(r"(--?[a-z][\w-]*) (?=[^\s-])")
_GLUE = "\x1f"  # between an option and its value: no space to textwrap
_COLUMNS = 80  # of a terminal that does not say
_LONGEST = 2000  # characters


def on_lines(line: str, stream: TextIO) -> str:
    """A line as it is; on a terminal in lines that fit, of which none ends within an option or its value."""
    if not stream.isatty():
        return line
    try:
        width = os.get_terminal_size(stream.fileno()).columns or _COLUMNS
    except OSError:
        width = _COLUMNS
    kept = _OPTION.sub(rf"\1{_GLUE}", line)
    return textwrap.fill(kept, width - 1, break_long_words=False, break_on_hyphens=False).replace(_GLUE, " ")


def visible(text: str) -> str:
    """Text as one line that a terminal shows and does not obey: what is in it may come from anyone's file."""
    return "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in text)


def printable(message: str) -> str:
    """A message as one visible line, and not too long; the ends of its own lines become blanks."""
    line = visible(" ".join(message.split()))
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ..."
