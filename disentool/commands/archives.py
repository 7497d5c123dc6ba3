"""Archives of pictures, and pictures in HDF5, that are read as a folder; what is said of it names the file."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from disentool.datasets import stored_pictures, unpacked
from disentool.datasets.folder_listing import counted as listed
from disentool.errors import DisentoolError, WrongUsage, counted
from disentool.io import files, foreign_files
from disentool.reporting import Reporter, Task


class Place(NamedTuple):
    """What a data set is read from: its name, its files, its options; and where notes go."""

    name: str
    raw: Path | None
    options: Mapping[str, Any]
    report: Reporter


@contextmanager
def as_folder(
    name: str, raw: Path | None, output: Path, report: Reporter, options: Mapping[str, Any]
) -> Iterator[Place]:
    """Where data set ``name`` is read: from ``raw``, or from a folder in its stead.

    An archive of pictures, and an HDF5 file that holds pictures as bytes, become a folder that lies beside ``output``
    while it is read. Notes and errors call it by the name of the file.
    """
    if name == "folder" and raw is not None and foreign_files.is_archive(raw):
        with files.scratch_folder(output) as scratch, _of_archive(raw, scratch, report, options) as place:
            yield place
    elif name == "array" and raw is not None and (stored := stored_pictures.find(raw, options.get("images_key"))):
        with files.scratch_folder(output) as scratch, _of_stored(raw, stored, scratch, report, options) as place:
            yield place
    else:
        yield Place(name, raw, options, report)


@contextmanager
def _of_archive(raw: Path, scratch: Path, report: Reporter, options: Mapping[str, Any]) -> Iterator[Place]:
    table = Path(options["csv"]) if options.get("csv") else None
    found = unpacked.unpack(raw, scratch, table)
    with _renamed(report, (str(found.root), str(found.top)), str(raw)) as renaming:
        passed_over = found.others
        if table is not None:
            options = {**options, "csv": unpacked.table(raw, found, table)}
            passed_over = [file for file in found.others if found.top / file != options["csv"]]
        if found.above:
            report.note(f"{raw}: passed over {counted(found.above, 'member')} whose name leads above its folder")
        if found.links:
            report.note(f"{raw}: passed over {listed(found.links, 'link')} (only hard links in a tar are followed)")
        if passed_over:
            report.note(f"{raw}: passed over {listed(passed_over, 'file')} (no picture, by its name)")
        yield Place("folder", found.root, options, renaming)


@contextmanager
def _of_stored(
    raw: Path, stored: stored_pictures.Stored, scratch: Path, report: Reporter, options: Mapping[str, Any]
) -> Iterator[Place]:
    if "axes" in options:
        raise WrongUsage(f"--axes: {raw} holds its pictures as bytes of files ({stored.described()}); leave it out")
    found = stored_pictures.unpack(raw, stored, scratch, options.get("factors_key"))
    for note in found.notes:
        report.note(f"{raw}: {note}")
    kept = {name: value for name, value in options.items() if name not in ("images_key", "factors_key")}
    with _renamed(report, (str(found.root), str(found.table)), str(raw)) as renaming:
        yield Place("folder", found.root, {**kept, **({"csv": found.table} if found.table else {})}, renaming)


@contextmanager
def _renamed(report: Reporter, paths: tuple[str, ...], name: str) -> Iterator["_Renaming"]:
    """A reporter whose notes call some paths by another, as errors do that are raised meanwhile."""
    renaming = _Renaming(report, paths, name)
    try:
        yield renaming
    except DisentoolError as error:
        error.args = (renaming.renamed(str(error)), *error.args[1:])
        raise


class _Renaming:
    """A reporter whose notes call some paths by another."""

    def __init__(self, report: Reporter, paths: tuple[str, ...], name: str):
        self._report, self._paths, self._name = report, paths, name

    def renamed(self, message: str) -> str:
        """The message with the name for each of the paths."""
        for path in self._paths:
            message = message.replace(path, self._name)
        return message

    def note(self, message: str) -> None:
        """One line for people."""
        self._report.note(self.renamed(message))

    def error(self, message: str) -> None:
        """What went wrong with one of many."""
        self._report.error(self.renamed(message))

    def task(self, label: str, total: int, unit: str, done: int = 0) -> AbstractContextManager[Task]:
        """Work under way."""
        return self._report.task(label, total, unit, done)
