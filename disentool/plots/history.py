"""Losses against steps: a panel for each term, in it for each setting the mean over its seeds."""

import math
from typing import Any, NamedTuple

import numpy as np

from disentool.errors import DataMismatch, UnknownName
from disentool.io import score_records
from disentool.io.schema import HISTORY
from disentool.plots import axes, marks, style
from disentool.plots.axes import ANY
from disentool.plots.panels import handle, mark_handle, panels
from disentool.plots.style import Drawing, Options
from disentool.plots.terms import PROGRESS_NAMES, has_unit, range_of, unit_of_all
from disentool.results.labels import count_range
from disentool.results.reading import Table
from disentool.results.seeds import LEAST
from disentool.results.settings import in_order, settings

READS = (HISTORY.name,)
USES = frozenset({"terms", "log", "xlim", "ylim"})
_POSITIVE = (0.0, math.inf)

Curves = dict[str, np.ndarray]  # term -> float64 [n,2] of (step, value), in the order of steps


class Group(NamedTuple):
    """The runs of a setting under its name."""

    label: str
    runs: list[tuple[Table, Curves]]


def draw(found: list[Table], options: Options) -> Drawing:
    """A line for each setting: the mean over its seeds, in a band of its interval; of fewer than three, each.

    ``options.terms``: which, in this order; none: all. ``options.log``: logarithmic, where all values are positive.
    """
    groups = _groups(found, options)
    runs = [run for group in groups for run in group.runs]
    there = list(dict.fromkeys(term for _, curves in runs for term in curves))
    asked = score_records.split(options.terms)
    terms = [term if term in there else PROGRESS_NAMES.get(term, term) for term in asked] or there
    for term in terms:
        if term not in there:
            raise UnknownName("term of these histories", term, there)
    if not terms:
        raise DataMismatch("the histories hold steps, but no term; train for more steps than --log-every")
    figure, panes = panels(options, len(terms), 32)
    unknown: list[str] = []  # terms without the unit that they have elsewhere
    for axis, term in zip(panes, terms, strict=True):
        own = [[curves[term] for _, curves in group.runs if term in curves] for group in groups]
        bounds = _bounds(term, [line for lines in own for line in lines])
        for index, lines in enumerate(own):
            if lines:
                _draw(axis, lines, style.look(index, options), options, bounds)
        positive = all((line[:, 1] > 0).all() for lines in own for line in lines)
        if options.log and positive:
            axes.logarithmic(axis, "y")
            axis.update_datalim([line[line[:, 1].argmin()] for lines in own for line in lines])  # a band may reach 0
        axes.steps(axis)
        axes.limit(axis, "x", _POSITIVE, options.xlim)
        if len(single := {step for lines in own for line in lines for step in line[:, 0]}) == 1:
            axis.set_xticks([*single])
        axes.limit(axis, "y", bounds, options.ylim)
        unit = unit_of_all(term, [table.of for table, curves in runs if term in curves])
        axis.set_ylabel(options.names.term(term) + (f" ({unit})" if unit else ""))
        if not unit and has_unit(term):
            unknown.append(options.names.term(term))
    handles = tuple(_handle(group, index, options) for index, group in enumerate(groups))
    return Drawing(figure, _caption(groups), _notes(groups, unknown), handles, 32)


def _groups(found: list[Table], options: Options) -> list[Group]:
    """The runs by setting; a run whose checkpoint is not there stands alone under its file's name."""
    known = [table for table in found if table.of]
    several = len({repr(table.of["data"]) for table in known if table.of and table.of.get("data")}) > 1
    models = [_model(table.of, several) for table in known if table.of]
    of = dict(zip(map(id, known), settings(models), strict=True))
    groups = []
    for setting in in_order(of.values()):
        own = [table for table in known if of[id(table)] == setting]
        groups.append(Group(setting.called(options.names), [(table, _curves(table)) for table in own]))
    alone = [table for table in found if not table.of]
    return groups + [Group(options.names.own.get(t.name, t.name), [(t, _curves(t))]) for t in alone]


def _model(of: dict[str, Any], several: bool) -> dict[str, Any]:
    """A run's method and options, among them its data where the runs' differ."""
    return of | {"config": of["config"] | {"data": (of.get("data") or {}).get("name")}} if several else of


def _curves(table: Table) -> Curves:
    """The table's terms; what is not finite is left out."""
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


def _bounds(term: str, lines: list[np.ndarray]) -> tuple[float, float]:
    """The range of a term, unless a method of the user's own has a term of that name outside of it."""
    low, high = range_of(term)
    inside = all(low <= line[:, 1].min() and line[:, 1].max() <= high for line in lines)
    return (low, high) if inside else ANY


def _draw(
    axis: Any, lines: list[np.ndarray], look: dict[str, Any], options: Options, bounds: tuple[float, float]
) -> None:
    """The runs of a setting: their mean at the steps that all have, or each with its own steps."""
    if len(lines) < LEAST:
        for line in lines:
            few = {"marker": look["marker"], "markersize": 3} if len(line) < 3 else {}
            axis.plot(*line.T, color=look["color"], linestyle=look["linestyle"], linewidth=0.8, **few)
        return
    steps = _shared(lines)
    few = {"marker": look["marker"], "markersize": 3} if len(steps) < 3 else {}
    marks.along(axis, steps, [np.interp(steps, *line.T) for line in lines], look, options, bounds, **few)


def _shared(lines: list[np.ndarray]) -> np.ndarray:
    """The steps of the mean: those of the line with the fewest, where all have begun and none has ended."""
    low, high = max(line[0, 0] for line in lines), min(line[-1, 0] for line in lines)
    fewest = min(lines, key=len)[:, 0]
    inside = fewest[(fewest >= low) & (fewest <= high)]
    return inside if len(inside) else np.array([low])


def _handle(group: Group, index: int, options: Options) -> Any:
    look = style.look(index, options)
    n = len(group.runs)
    label = f"{group.label} (n = {n})" if n > 1 else group.label
    if _point(group):
        return mark_handle(label, {"color": look["color"], "marker": look["marker"]}, markersize=3)
    return handle(label, {"color": look["color"], "linestyle": look["linestyle"]})


def _point(group: Group) -> bool:
    """Whether each of its curves is a single point."""
    return all(len(curve) == 1 for _, curves in group.runs for curve in curves.values())


def _caption(groups: list[Group]) -> str:
    counts = [len(group.runs) for group in groups]
    parts = [f"{count_range([sum(counts)], 'run')}; each point is a mean over the steps since the one before."]
    means = {_point(group) for group in groups if len(group.runs) >= LEAST}
    if means:
        drawn, around = [
            " and ".join(word for point, word in zip((False, True), words, strict=True) if point in means)
            for words in (("lines", "marks"), ("bands", "bars"))
        ]
        interval = "95 % intervals (Student's t, cut at the ends of a term's range)"
        parts.append(f"{drawn.capitalize()}: means over seeds; {around}: {interval}.")
        if min(counts) < LEAST:
            few = "Marks without bars" if all(_point(g) for g in groups if len(g.runs) < LEAST) else "Thin lines"
            parts.append(f"{few}: single seeds, where there are fewer than {LEAST}.")
    return " ".join(parts)


def _notes(groups: list[Group], unknown: list[str]) -> tuple[str, ...]:
    notes = []
    alone = list(dict.fromkeys(table.name for group in groups for table, _ in group.runs if not table.of))
    if alone and unknown:
        some = ", ".join(alone[:3]) + (f" and {len(alone) - 3} more" if len(alone) > 3 else "")
        notes.append(
            f"{', '.join(unknown)}: no unit, as no checkpoint beside the history says which loss it is ({some})"
        )
    if points := [group.label for group in groups if _point(group)]:
        some = ", ".join(points[:3]) + (f" and {len(points) - 3} more" if len(points) > 3 else "")
        notes.append(f"{some}: a single line, which is drawn as a point")
    for group in groups:
        ends = {max((curve[-1, 0] for curve in curves.values()), default=0.0) for _, curves in group.runs}
        if len(group.runs) >= LEAST and len(ends) > 1:
            notes.append(
                f"{group.label}: its runs end at steps {min(ends):g} to {max(ends):g}; the mean ends with the first"
            )
    return tuple(notes)
