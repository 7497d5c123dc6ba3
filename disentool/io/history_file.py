"""The history beside a checkpoint, a line of JSON for each: written whole once, then lengthened at its end."""

import os
from collections.abc import Iterable, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from disentool.io import files
from disentool.io.records import to_json
from disentool.system.names_as_text import as_utf8


def history_text(lines: Iterable[dict[str, Any]]) -> str:
    """What a history file holds: a line of JSON for each."""
    return as_utf8("".join(to_json(line) + "\n" for line in lines))


class HistoryFile:
    """A file of history that one process writes.

    The first write replaces what is there. The next ones add their lines at the end, so that a long history costs no
    more than a short one; where another program has changed the file, it is written whole again. A process killed while
    it adds can leave half a line at the end: a reader leaves that out, and ``--resume`` mends it.
    """

    def __init__(self, path: Path):
        self._path, self._lines, self._size = path, 0, -1

    def write(self, lines: Sequence[dict[str, Any]]) -> None:
        """Bring the file up to date; ``lines`` begin with those of the last call. Raises NotWritable."""
        added = history_text(lines[self._lines :]).encode()
        with files.claim(self._path):  # which clears away what a killed process left
            if self._size < 0 or not _lengthened(self._path, self._size, added):
                text = history_text(lines)
                files.write_text(self._path, text, overwrite=True)
                self._size = len(text.encode())
            else:
                self._size += len(added)
        self._lines = len(lines)


def _lengthened(path: Path, size: int, added: bytes) -> bool:
    """Add bytes to a file of ``size`` bytes; False if it has another size, or is gone."""
    try:
        with open(path, "rb+", buffering=0) as file:
            if file.seek(0, os.SEEK_END) != size:
                return False
            try:
                if file.write(added) != len(added):  # a disk that is almost full takes a part
                    file.truncate(size)
                    return False
                os.fsync(file.fileno())
            except OSError:
                with suppress(OSError):
                    file.truncate(size)
                raise
    except FileNotFoundError:
        return False
    except OSError as error:
        raise files.not_writable(path, error) from None
    return True
