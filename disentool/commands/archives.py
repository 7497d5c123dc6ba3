"""An archive of pictures that is read as its folder; what is said of the folder names the archive."""

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any

from disentool.datasets import unpacked
from disentool.datasets.folder_listing import counted as listed
from disentool.errors import DisentoolError, counted
from disentool.io import files, foreign_files
from disentool.reporting import Reporter, Task


@contextmanager
def as_folder(
    name: str, raw: Path | None, output: Path, report: Reporter, options: Mapping[str, Any]
) -> Iterator[tuple[Path | None, Mapping[str, Any], Reporter]]:
    """What data set ``name`` is read from: ``raw``, the data set's options, and where notes go.

    Of an archive of pictures: a folder of them, which lies beside ``output`` while it is read, and the option ``csv``
    with the path of a table in it. Notes and errors call the folder by the archive's name.
    """
    if name != "folder" or raw is None or not foreign_files.is_archive(raw):
        yield raw, options, report
        return
    with files.scratch_folder(output) as scratch:
        found = unpacked.unpack(raw, scratch)
        renaming = _Renaming(report, (str(found.root), str(found.top)), str(raw))
        passed_over = found.others
        try:
            if table := options.get("csv"):
                options = {**options, "csv": unpacked.table(raw, found, Path(table))}
                passed_over = [file for file in found.others if found.top / file != options["csv"]]
            if found.above:
                report.note(f"{raw}: passed over {counted(found.above, 'member')} whose name leads above its folder")
            if passed_over:
                report.note(f"{raw}: passed over {listed(passed_over, 'file')} (no picture, by its name)")
            yield found.root, options, renaming
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
