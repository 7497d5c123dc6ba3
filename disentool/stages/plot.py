"""Records -> a figure: what `disentool plot` does."""

import hashlib
import importlib
from collections.abc import Sequence
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from disentool.errors import ForeignFile, UnknownName, WrongUsage
from disentool.io import files, hdf5, images, results
from disentool.io.schema import CORRELATION, HISTORY, SCORE
from disentool.stages import records
from disentool.stages.plots import PLOTS, style
from disentool.stages.plots.style import Drawing, Options
from disentool.stages.plots.tables import Table
from disentool.stages.records import Source
from disentool.stages.reporting import Reporter, Silent

MADE_BY = {SCORE.name: "score", HISTORY.name: "train", CORRELATION.name: "correlate"}
_OPTIONS = {"metrics": "--metrics", "terms": "--term", "log": "--log"}
_LEAST, _LONGEST = 20.0, 1000.0  # mm
_MOST_PIXELS = 100_000_000


def plot(
    kind: str,
    sources: Sequence[Source],
    outputs: Sequence[Path],
    options: Options | None = None,
    *,
    dpi: int = 300,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> list[Path]:
    """Draw the records of ``sources`` as ``kind`` says and write the figure to each of ``outputs`` (.png .pdf .svg).

    ``sources``: JSON-lines files or open streams; for a history also checkpoints. ``options``: what to show, and the
    size in mm. ``dpi``: of a .png. The same records make the same bytes. Raises UnknownName, WrongUsage, ForeignFile,
    DataMismatch, OutputExists or NotWritable.
    """
    report, options = report or Silent(), options or Options()
    module = load(kind)
    for name, flag in _OPTIONS.items():
        if getattr(options, name) and name not in module.USES:
            users = ", ".join(other for other in PLOTS if name in load(other).USES)
            raise WrongUsage(f"{flag} is of no use to plot {kind}, but to {users}")
    _check(sources, outputs, options, dpi)
    with ExitStack() as claims:
        for output in outputs:
            files.probe(output, overwrite=overwrite)
            files.require_apart(output, *(Path(s) for s in sources if isinstance(s, str | Path)))
            claims.enter_context(files.claim(output))
        tables = [table for source in sources for table in read(source, kind)]
        digest = hashlib.sha256(
            "\n".join(results.to_json(r) for t in tables for r in t.records).encode("utf-8", "replace")
        )
        about = {"plot": kind, "records_sha256": digest.hexdigest()}
        for output in outputs:
            drawing = draw(kind, tables, options)
            with style.applied(options.theme):
                style.save(drawing, output, options, dpi=dpi, overwrite=overwrite, about=about)
        for note in drawing.notes:
            report.note(f"plot {kind}: {note}")
    return list(outputs)


def load(kind: str) -> Any:
    """The module of a plot; UnknownName suggests the nearest."""
    if kind not in PLOTS:
        raise UnknownName("plot", kind, PLOTS)
    return importlib.import_module(PLOTS[kind][0])


def draw(kind: str, tables: list[Table], options: Options) -> Drawing:
    """The figure of tables that are read already; to be saved inside :func:`style.applied`."""
    with style.applied(options.theme):
        return load(kind).draw(tables, options)


def _check(sources: Sequence[Source], outputs: Sequence[Path], options: Options, dpi: int) -> None:
    if not sources:
        raise WrongUsage('nothing to plot: name files of records, or "-" for stdin')
    if not outputs:
        raise WrongUsage("nothing to write: name an output: -o FILE.png, .pdf or .svg")
    for output in outputs:
        images.check_suffix(output, style.SUFFIXES)
        if list(outputs).count(output) > 1:
            raise WrongUsage(f"{output}: named twice as an output")
    for flag, value in (("--width", options.width), ("--height", options.height)):
        if value is not None and not _LEAST <= value <= _LONGEST:
            raise WrongUsage(f"{flag} {value:g}: expected {_LEAST:g} to {_LONGEST:g} mm")
    if not 50 <= dpi <= 1200:
        raise WrongUsage(f"--dpi {dpi}: expected 50 to 1200 dots per inch")
    area = (options.width or style.PAGE) * (options.height or style.PAGE) * (dpi / 25.4) ** 2
    if area > _MOST_PIXELS:
        raise WrongUsage(f"--dpi {dpi}: makes a picture of {area / 1e6:,.0f} million pixels; name less, or a .pdf")


def read(source: Source, kind: str) -> list[Table]:
    """The tables of one source; ForeignFile, saying what makes the right kind, if it is of another."""
    wanted = load(kind).READS
    makers = " or ".join(f"`disentool {MADE_BY[name]}`" for name in wanted)
    if isinstance(source, str | Path) and HISTORY.name in wanted and _is_checkpoint(Path(source)):
        return [_of_checkpoint(Path(source))]
    if isinstance(source, str | Path) and (hdf5.is_hdf5(source) or _is_checkpoint(Path(source))):
        raise ForeignFile(f"{source}: no records; plot {kind} reads what {makers} writes as JSON lines")
    name, form, found = records.read(source)
    if form not in wanted:
        raise ForeignFile(f"{name}: holds a {form}; plot {kind} reads what {makers} writes")
    if form == SCORE.name:
        records.check_scores(name, found)
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
