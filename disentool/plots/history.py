"""Losses against steps, of several runs: a panel for each term."""

import math
from typing import Any

import numpy as np

from disentool.errors import DataMismatch, UnknownName
from disentool.io import score_records
from disentool.io.schema import HISTORY
from disentool.plots import style, tables
from disentool.plots.panels import line_handle, panels
from disentool.plots.style import Drawing, Options
from disentool.plots.tables import Table

READS = (HISTORY.name,)
USES = frozenset({"terms", "log"})
_COLUMNS = 3  # panels side by side


def draw(found: list[Table], options: Options) -> Drawing:
    """A line for each run; runs of one setting, whose checkpoints say so, share an ink.

    ``options.terms``: which, in this order; none: all. ``options.log``: logarithmic, where all values are positive.
    """
    runs = [_terms(table) for table in found]
    there = list(dict.fromkeys(term for run in runs for term in run))
    terms = score_records.split(options.terms) or there
    for term in terms:
        if term not in there:
            raise UnknownName("term of these histories", term, there)
    if not terms:
        raise DataMismatch("the histories hold steps, but no term; train for more steps than --log-every")
    labels = _labels(found)
    figure, axes = panels(options, len(terms), _COLUMNS, 20, 42, sharex=True)
    inks = {label: style.look(index) for index, label in enumerate(dict.fromkeys(labels))}
    for axis, term in zip(axes, terms, strict=True):
        axis.set_title(style.words(term.replace("_", " ")))
        shown = [(run[term], inks[label]) for run, label in zip(runs, labels, strict=True) if term in run]
        for line, look in shown:
            few = {"marker": look["marker"], "markersize": 3} if len(line) < 3 else {}
            axis.plot(*line.T, color=look["color"], linestyle=look["linestyle"], linewidth=0.8, alpha=0.9, **few)
        if options.log and all((line[:, 1] > 0).all() for line, _ in shown):
            style.logarithmic(axis, "y")
        style.thousands(axis)
    for axis in axes[-_COLUMNS:]:  # those without another below
        axis.set_xlabel("step")
        axis.tick_params(labelbottom=True)
    style.legend(figure, [_handle(label, look) for label, look in inks.items()])
    caption = f"{tables.counted([len(runs)], 'run')}; each point is a mean over the steps since the one before."
    single = [table.name for table, run in zip(found, runs, strict=True) if max(map(len, run.values()), default=0) == 1]
    notes = tuple(f"{name}: a single line, which is drawn as a point" for name in single)
    return Drawing(figure, caption, notes)


def _terms(table: Table) -> dict[str, np.ndarray]:
    """Term -> float64 [n,2] of (step, value), in the order of steps; what is not finite is left out."""
    found: dict[str, list[tuple[float, float]]] = {}
    for line in table.records:
        if not _number(line.get("step")):
            raise DataMismatch(f"{table.name}: a step is not a number")
        for term, value in line.items():
            if term not in ("step", "time") and _number(value):
                found.setdefault(term, []).append((float(line["step"]), float(value)))
    return {term: np.array(sorted(points)) for term, points in found.items()}


def _number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and math.isfinite(value)


def _labels(found: list[Table]) -> list[str]:
    """What each run is called: its setting where its checkpoint says it, else its file's name."""
    known = [table.of or {"artefact": table.name} for table in found]
    return [
        setting.label if table.of else style.words(table.name)
        for table, setting in zip(found, tables.settings(known), strict=True)
    ]


def _handle(label: str, look: dict[str, Any]) -> Any:
    return line_handle(label, {"color": look["color"], "linestyle": look["linestyle"]})
