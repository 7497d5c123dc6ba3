"""Files of records and checkpoints -> tables of records: what plots and tables are made of."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from disentool.errors import DisentoolError, ForeignFile
from disentool.io import files, hdf5, records, score_records
from disentool.io.records import Source
from disentool.io.schema import CORRELATION, HISTORY, SCORE
from disentool.reporting import Reporter

MADE_BY = {SCORE.name: "score", HISTORY.name: "train", CORRELATION.name: "correlate"}
_HISTORY = ".history.jsonl"


@dataclass(frozen=True)
class Table:
    """The records of one file or stream: its name, their format, and for a history what its checkpoint says."""

    name: str
    kind: str
    records: list[dict[str, Any]]
    of: dict[str, Any] | None = None  # method, config, seed, data {name, content_sha256}, reconstruction_loss


def read_tables(sources: Iterable[Source], wanted: Sequence[str], what: str, report: Reporter) -> list[Table]:
    """The tables of all sources whose format is among ``wanted``.

    Of several files those of another kind are passed over with a note. ``what``: who reads them, such as ``plot
    history``. Raises ForeignFile, saying what makes the right kind, where no file is of it.
    """
    found: list[Table] = []
    foreign: list[ForeignFile] = []
    makers = " or ".join(f"`disentool {MADE_BY[name]}`" for name in wanted)
    for source in sources:
        try:
            found += _tables(source, wanted, f"{what} reads what {makers} writes", report)
        except _OtherKind as error:
            foreign.append(error)
    if foreign and not found:
        raise foreign[0]
    for other in foreign:
        report.note(f"{other}; passed over")
    return _told_apart(found)


class _OtherKind(ForeignFile):
    """A sound file of another kind."""


def _tables(source: Source, wanted: Sequence[str], reads: str, report: Reporter) -> list[Table]:
    if isinstance(source, str | Path):
        checkpoint = is_checkpoint(Path(source))
        if checkpoint and HISTORY.name in wanted:
            return [_of_checkpoint(Path(source))]
        if checkpoint or hdf5.is_hdf5(Path(source)):
            raise _OtherKind(f"{source}: no records; {reads} as JSON lines")
    name, form, found = records.read(source)
    if form not in wanted:
        raise _OtherKind(f"{name}: holds a {form}; {reads}")
    if form == SCORE.name:
        score_records.check_scores(name, found)
    return histories(Path(name), found, report) if form == HISTORY.name else [Table(name, form, found)]


def is_checkpoint(path: Path) -> bool:
    """Whether a file that must be there is a checkpoint, or at least is packed as one."""
    files.require(path, "file of records", "`disentool score` prints them")
    with open(path, "rb") as file:
        return file.read(2) == b"PK"


def _of_checkpoint(path: Path) -> Table:
    content = _checkpoint(path)
    if not content["history"]:
        raise ForeignFile(f"{path}: its history is empty; it was made by `export`, or trained for no step")
    return Table(path.stem, HISTORY.name, content["history"], facts_of(content))


def _checkpoint(path: Path) -> dict[str, Any]:
    from disentool.io import checkpoint  # needs torch, which records do not

    return checkpoint.read(path)


def facts_of(content: dict[str, Any]) -> dict[str, Any]:
    """What a checkpoint says of its run, as :attr:`Table.of` has it."""
    kept = {name: content.get(name) for name in ("method", "config", "reconstruction_loss")}
    data = {name: content["data"].get(name) for name in ("name", "content_sha256")}
    return kept | {"seed": content["rng"].get("seed"), "data": data}


def histories(path: Path, lines: list[dict[str, Any]], report: Reporter) -> list[Table]:
    """A table for each run of a history: where the steps start again, as in several through one pipe, another begins.

    The one run of a file is of the setting that the checkpoint beside it names, where there is one.
    """
    name = path.name.removesuffix(_HISTORY).removesuffix(".jsonl")
    starts = [0]
    for number in range(1, len(lines)):
        before, after = lines[number - 1]["step"], lines[number]["step"]
        if isinstance(before, int) and isinstance(after, int) and after <= before:
            starts.append(number)
    parts = [lines[a:b] for a, b in zip(starts, [*starts[1:], len(lines)], strict=True)]
    if len(parts) > 1:
        return [Table(f"{name} {number}", HISTORY.name, part) for number, part in enumerate(parts, 1)]
    return [Table(name, HISTORY.name, lines, _beside(path, report))]


def _beside(path: Path, report: Reporter) -> dict[str, Any] | None:
    """What the checkpoint beside a history says of the run; None without one that can be read."""
    checkpoint = path.with_name(path.name.removesuffix(_HISTORY) + ".pt")
    if not path.name.endswith(_HISTORY) or not checkpoint.is_file():
        return None
    try:
        return facts_of(_checkpoint(checkpoint))
    except DisentoolError as error:
        report.note(f"{error}; {path} is shown under its file's name")
        return None


def _told_apart(found: list[Table]) -> list[Table]:
    """Each run once, though its checkpoint and its history were named: the longer; those of one name get a number."""
    once: list[Table] = []
    for table in found:
        same = [place for place, other in enumerate(once) if table.of and table.of == other.of]
        if not same:
            once.append(table)
        elif len(table.records) > len(once[same[0]].records):
            once[same[0]] = table
    names = [table.name for table in once if table.kind == HISTORY.name and not table.of]
    counts: dict[str, int] = {}
    for place, table in enumerate(once):
        if table.kind == HISTORY.name and not table.of and names.count(table.name) > 1:
            counts[table.name] = counts.get(table.name, 0) + 1
            once[place] = replace(table, name=f"{table.name} ({counts[table.name]})")
    return once
