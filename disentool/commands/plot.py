"""Records -> a figure: what `disentool plot` does."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from pathlib import Path

from disentool.arguments.defaults import DPI
from disentool.errors import UnknownName, WrongUsage
from disentool.io import files, records
from disentool.io.call_checks import require_outputs_once
from disentool.io.figure_files import LEAST, LONGEST
from disentool.io.records import Source
from disentool.io.schema import HISTORY
from disentool.pictures import writing
from disentool.pictures.limits import check_pixels
from disentool.plots import PLOTS, saving, style
from disentool.plots.drawing import draw, load
from disentool.plots.style import Options
from disentool.reporting import Reporter, Silent
from disentool.results.reading import Table, read_tables

_FLAGS = {"metrics": "--metrics", "terms": "--term", "log": "--log", "xlim": "--xlim", "ylim": "--ylim"}
_UNASKED = Options()
_POINTS = (4.0, 24.0)


def plot(
    kind: str,
    sources: Sequence[Source],
    outputs: Sequence[Path],
    options: Options | None = None,
    *,
    dpi: int = DPI,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> list[Path]:
    """Draw the records of ``sources`` as ``kind`` says and write the figure to each of ``outputs`` (.png .pdf .svg).

    ``sources``: JSON-lines files or open streams; for a history also checkpoints. Of several, those of another kind
    are passed over with a note. ``options``: what to show, and the size in mm. ``dpi``: of a .png. The same records
    make the same bytes. Raises UnknownName, WrongUsage, ForeignFile, DataMismatch, OutputExists or NotWritable.
    """
    report, options = report or Silent(), options or Options()
    module = load(kind)
    for name, flag in _FLAGS.items():
        if getattr(options, name) != getattr(_UNASKED, name) and name not in module.USES:
            users = ", ".join(other for other in PLOTS if name in load(other).USES)
            raise WrongUsage(f"{flag} does not apply to plot {kind}; it applies to {users}")
    _check(sources, outputs, options, dpi)
    with files.claim_all(outputs, overwrite=overwrite):
        for output in outputs:
            files.require_apart(output, *(Path(s) for s in sources if isinstance(s, str | Path)))
        tables = read_tables(sources, module.READS, f"plot {kind}", report)
        _require_known(options.names.own, tables)
        digest = hashlib.sha256(
            "\n".join(records.to_json(r) for t in tables for r in t.records).encode("utf-8", "replace")
        )
        about = {"plot": kind, "records_sha256": digest.hexdigest()}
        for output in outputs:
            drawing = draw(kind, tables, options)
            with style.applied(options):
                saving.save(drawing, output, dpi=dpi, overwrite=overwrite, about=about)
        for note in drawing.notes:
            report.note(f"plot {kind}: {note}")
    return list(outputs)


def _check(sources: Sequence[Source], outputs: Sequence[Path], options: Options, dpi: int) -> None:
    if not sources:
        raise WrongUsage('nothing to plot: name files of records, or "-" for stdin')
    if not outputs:
        raise WrongUsage("nothing to write: name an output: -o FILE.png, .pdf or .svg")
    for output in outputs:
        writing.check_suffix(output, style.SUFFIXES)
    require_outputs_once(outputs)
    for flag, value in (("--width", options.width), ("--height", options.height)):
        if value is not None and not LEAST <= value <= LONGEST:
            raise WrongUsage(f"{flag} {value:g}: expected {LEAST:g} to {LONGEST:g} mm")
    for flag, (low, high) in (("--xlim", options.xlim), ("--ylim", options.ylim)):
        given = [end for end in (low, high) if end is not None]
        if not all(map(math.isfinite, given)) or (len(given) == 2 and given[0] >= given[1]):
            raise WrongUsage(f"{flag} {low}:{high}: expected two numbers, the lower first")
    if not _POINTS[0] <= options.points <= _POINTS[1]:
        raise WrongUsage(f"--font :{options.points:g}: expected {_POINTS[0]:g} to {_POINTS[1]:g} points")
    style.family(options.font)
    if not 50 <= dpi <= 1200:
        raise WrongUsage(f"--dpi {dpi}: expected 50 to 1200 dots per inch")
    area = (options.width or style.PAGE) * (options.height or style.PAGE) * (dpi / 25.4) ** 2
    check_pixels(area, f"--dpi {dpi}: makes a picture of {area / 1e6:,.0f} million pixels; name less, or a .pdf")


def _require_known(own: Iterable[str], tables: list[Table]) -> None:
    """UnknownName for a name that --label would change and no record has."""
    known: set[str] = set()
    for table in tables:
        models = [table.of] if table.of else []
        if table.kind == HISTORY.name:
            known |= {table.name, *(name for line in table.records for name in line)} - {"step", "time"}
        else:
            models += table.records
        for model in models:
            known |= {str(model[key]) for key in ("method", "metric", "artefact") if model.get(key)}
            known |= set(map(str, model["metrics"])) if isinstance(model.get("metrics"), list) else set()
            known |= set(model["config"]) if isinstance(model.get("config"), dict) else set()
    for name in own:
        if name not in known:
            raise UnknownName("name of these records", name, known)
