"""What this process has to remove if a signal ends it at once: its half-written files, and its locks."""

import shutil
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_paths: set[Path] = set()


@contextmanager
def removed_at_the_end(path: Path) -> Iterator[None]:
    """Remove the file or folder if the process is ended by :func:`abandon` within."""
    _paths.add(path)
    try:
        yield
    finally:
        _paths.discard(path)


def abandon() -> None:
    """Remove all that is unfinished, for a handler of signals that ends the process."""
    for path in list(_paths):
        with suppress(OSError):
            shutil.rmtree(path) if path.is_dir() else path.unlink(missing_ok=True)
