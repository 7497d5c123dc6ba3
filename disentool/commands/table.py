"""Score records -> a table for a paper: the tool behind ``disentool table``."""

from collections.abc import Sequence

from disentool.errors import WrongUsage
from disentool.io.records import Source
from disentool.io.schema import SCORE
from disentool.reporting import Reporter, Silent
from disentool.results.labels import count_range
from disentool.results.pivot import pivot
from disentool.results.reading import read_tables
from disentool.results.table_formats import written


def table(
    sources: Sequence[Source],
    rows: Sequence[str] = (),
    columns: Sequence[str] = ("metric",),
    form: str = "markdown",
    *,
    metrics: Sequence[str] = (),
    report: Reporter | None = None,
) -> str:
    """The table of the score records of ``sources``: mean ± standard deviation over seeds, the best in bold, and n.

    ``sources``: JSON-lines files or open streams; of several, those of another kind are passed over with a note.
    ``rows``, ``columns``, ``metrics``: see :func:`disentool.results.pivot.pivot`. ``form``: one of
    :data:`disentool.results.table_formats.FORMATS`. Raises what pivot does, and ForeignFile.
    """
    report = report or Silent()
    if not sources:
        raise WrongUsage('nothing to put into a table: name files of score records, or "-" for stdin')
    found = [record for one in read_tables(sources, (SCORE.name,), "table", report) for record in one.records]
    made = pivot(found, rows, columns, metrics)
    undefined = sum(cell.scores.undefined for cell in made.cells.values())
    if undefined:
        report.note(f"table: {count_range([undefined], 'seed')} without a finite score, left out of means and of n")
    return written(made, form)
