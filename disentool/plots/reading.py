"""Files of records and checkpoints -> the tables that plots are drawn of."""

from pathlib import Path
from typing import Any

from disentool.errors import ForeignFile
from disentool.io import files, hdf5, records, score_records
from disentool.io.records import Source
from disentool.io.schema import CORRELATION, HISTORY, SCORE
from disentool.plots.drawing import load
from disentool.plots.tables import Table

MADE_BY = {SCORE.name: "score", HISTORY.name: "train", CORRELATION.name: "correlate"}


def read_tables(source: Source, kind: str) -> list[Table]:
    """The tables of one source; ForeignFile, saying what makes the right kind, if it is of another."""
    wanted = load(kind).READS
    makers = " or ".join(f"`disentool {MADE_BY[name]}`" for name in wanted)
    if isinstance(source, str | Path) and HISTORY.name in wanted and _is_checkpoint(Path(source)):
        return [_of_checkpoint(Path(source))]
    if isinstance(source, str | Path) and (hdf5.is_hdf5(Path(source)) or _is_checkpoint(Path(source))):
        raise ForeignFile(f"{source}: no records; plot {kind} reads what {makers} writes as JSON lines")
    name, form, found = records.read(source)
    if form not in wanted:
        raise ForeignFile(f"{name}: holds a {form}; plot {kind} reads what {makers} writes")
    if form == SCORE.name:
        score_records.check_scores(name, found)
    if form != HISTORY.name:
        return [Table(name, form, found)]
    return _runs(Path(name).name.removesuffix(".jsonl").removesuffix(".history"), found)


def _is_checkpoint(path: Path) -> bool:
    files.require(path, "file of records", "`disentool score` prints them")
    with open(path, "rb") as file:
        return file.read(2) == b"PK"


def _of_checkpoint(path: Path) -> Table:
    from disentool.io import checkpoint  # needs torch, which records do not

    content = checkpoint.read(path)
    if not content["history"]:
        raise ForeignFile(f"{path}: its history is empty; it was made by `export`, or trained for no step")
    of = {"method": content["method"], "config": content["config"], "seed": content["rng"].get("seed")}
    return Table(path.name, HISTORY.name, content["history"], of)


def _runs(name: str, lines: list[dict[str, Any]]) -> list[Table]:
    """A table for each run: where the steps start again, as in several histories through one pipe, another begins."""
    starts = [0]
    for number in range(1, len(lines)):
        before, after = lines[number - 1]["step"], lines[number]["step"]
        if isinstance(before, int) and isinstance(after, int) and after <= before:
            starts.append(number)
    parts = [lines[a:b] for a, b in zip(starts, [*starts[1:], len(lines)], strict=True)]
    names = [name] if len(parts) == 1 else [f"{name} {number}" for number in range(1, len(parts) + 1)]
    return [Table(part_name, HISTORY.name, part) for part_name, part in zip(names, parts, strict=True)]
