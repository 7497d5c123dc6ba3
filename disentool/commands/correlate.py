"""Score records of many models -> how their metrics go together: the tool behind ``disentool correlate``."""

from collections.abc import Iterable, Sequence
from typing import Any

from disentool.io import score_records
from disentool.io.records import Source
from disentool.results.correlations import correlations


def correlate(sources: Iterable[Source], metrics: Sequence[str] = ()) -> list[dict[str, Any]]:
    """A record of the correlations of every pair of metrics.

    See :func:`disentool.results.correlations.correlations`. ``sources``: JSON-lines files of score records, or
    open streams. Raises what that does, and ForeignFile.
    """
    return correlations(score_records.scores(sources), metrics)
