"""Score records -> a table: rows and columns by what the records say of their models, means over seeds in the cells."""

import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from disentool.errors import DataMismatch, UnknownName, WrongUsage
from disentool.io import score_records
from disentool.metrics import METRICS
from disentool.results import seeds
from disentool.results.data_sets import data_names
from disentool.results.labels import measure_of, shown
from disentool.results.seeds import Summary
from disentool.results.settings import by_size

FIELDS = ("method", "metric", "data", "split", "seed", "step")  # keys that every record has; others are options

_GROUPS = ("data", "split")

Key = tuple[Any, ...]  # the values of the keys of a row or a column


@dataclass(frozen=True)
class Cell:
    """What the seeds of a cell gave, by ``metric`` (``metric@protocol``).

    ``measure``: the metric's constant of that name, where it has one. ``best``: no other cell of its metric, data set
    and split is better.
    """

    metric: str
    scores: Summary
    measure: str | None = None
    best: bool = False


@dataclass(frozen=True)
class Pivot:
    """A table: the keys of its rows and columns, their values in order, and the cells that there are."""

    row_keys: tuple[str, ...]
    column_keys: tuple[str, ...]
    rows: tuple[Key, ...]
    columns: tuple[Key, ...]
    cells: dict[tuple[Key, Key], Cell]
    others: frozenset[str]  # what stands as a method though it is the name of anyone's codes
    apart: tuple[str, ...] = ()  # which of _GROUPS differ: cells compete for the best within each of their values

    @property
    def metrics(self) -> list[str]:
        """The metrics (``metric@protocol``) of the cells, in their order."""
        return list(dict.fromkeys(cell.metric for cell in self.cells.values()))

    @property
    def without_best(self) -> list[str]:
        """Those of which neither higher nor lower is known to be better."""
        return [metric for metric in self.metrics if _better(metric, self.cells.values()) == "neither"]


def pivot(
    found: Sequence[dict[str, Any]],
    rows: Sequence[str] = (),
    columns: Sequence[str] = ("metric",),
    metrics: Sequence[str] = (),
) -> Pivot:
    """The table of score records. A run counts with its last step, unless ``step`` is a key.

    ``rows``, ``columns``: keys, each one of :data:`FIELDS` or an option of the methods; no rows: the method, and the
    data set, the split and every option that differ. The method is added to rows where one of the keys is an option
    that not every method has. ``metrics``: which, in this order; none: all. Raises UnknownName; WrongUsage where the
    keys contradict each other; DataMismatch where a cell would hold the mean of models that are no seeds of one
    setting.
    """
    found = [record | {"data": name} for record, name in zip(found, data_names(found), strict=True)]
    chosen = _of_metrics(found, metrics)
    apart = tuple(key for key in _GROUPS if len({_value(record, key) for record in chosen}) > 1)
    row_keys, column_keys = tuple(rows), tuple(columns)
    if not row_keys:
        row_keys = tuple(key for key in (*apart, "method", *_differing(chosen)) if key not in column_keys)
    keys = (*row_keys, *column_keys)
    _check(chosen, keys)
    if "method" not in keys and any(_of_some_methods(chosen, key) for key in keys):
        row_keys = ("method", *row_keys)
    groups: dict[tuple[Key, Key], list[dict[str, Any]]] = {}
    for record in chosen:
        at = tuple(_value(record, key) for key in row_keys), tuple(_value(record, key) for key in column_keys)
        groups.setdefault(at, []).append(record)
    _require_seeds(groups.values(), row_keys)
    for some in groups.values():
        score_records.require_comparable(some)
    cells = {
        at: Cell(score_records.column(some[0]), seeds.scores(some), measure_of(some)) for at, some in groups.items()
    }
    ordered = [_in_order([at[side] for at in groups], of) for side, of in ((0, row_keys), (1, column_keys))]
    return Pivot(
        row_keys,
        column_keys,
        ordered[0],
        ordered[1],
        _with_best(cells, {at: tuple(_value(some[0], key) for key in _GROUPS) for at, some in groups.items()}),
        frozenset(str(_value(record, "method")) for record in chosen if not isinstance(record.get("method"), str)),
        apart,
    )


def _of_metrics(found: Sequence[dict[str, Any]], metrics: Sequence[str]) -> list[dict[str, Any]]:
    columns = list(dict.fromkeys(map(score_records.column, found)))
    wanted = [score_records.find(name, columns) for name in score_records.split(metrics)] or columns
    return [record for name in wanted for record in found if score_records.column(record) == name]


def _value(record: dict[str, Any], key: str) -> Any:
    """What a record says of a key; None where its method has no such option."""
    if key == "metric":
        return score_records.column(record)
    if key == "method":
        method = record.get("method")
        return method if isinstance(method, str) else str(record.get("artefact"))
    value = record.get(key) if key in FIELDS else _config(record).get(key)
    return str(value) if isinstance(value, list | dict) else value


def _config(record: dict[str, Any]) -> dict[str, Any]:
    config = record.get("config")
    return config if isinstance(config, dict) else {}


def _differing(found: Sequence[dict[str, Any]]) -> list[str]:
    """The options that differ among models of one method."""
    values: dict[tuple[Any, str], set[str]] = {}
    for record in found:
        for key in _config(record):
            values.setdefault((_value(record, "method"), key), set()).add(repr(_value(record, key)))
    return list(dict.fromkeys(key for (_, key), several in values.items() if len(several) > 1))


def _of_some_methods(found: Sequence[dict[str, Any]], key: str) -> bool:
    """Whether a key is an option that some methods have and others have not."""
    have: dict[bool, set[Any]] = {True: set(), False: set()}
    for record in found:
        have[key in FIELDS or key in _config(record)].add(_value(record, "method"))
    return bool(have[False] - have[True])


def _check(found: Sequence[dict[str, Any]], keys: Sequence[str]) -> None:
    known = {*FIELDS, *(key for record in found for key in _config(record))}
    for key in keys:
        if key not in known:
            raise UnknownName("key of a table", key, known)
        if keys.count(key) > 1:
            raise WrongUsage(f"{key} is named twice among --rows and --columns")
    several = list(dict.fromkeys(map(score_records.column, found)))
    if "metric" not in keys and len(several) > 1:
        raise WrongUsage(f"the records hold {', '.join(several)}; name one with --metrics, or add metric to --columns")


def _require_seeds(groups: Iterable[list[dict[str, Any]]], rows: Sequence[str]) -> None:
    """DataMismatch unless the records of each cell are of seeds of one setting: it says which rows tell them apart."""
    differing: dict[str, dict[str, Any]] = {}  # key -> its values, by what they are called
    for some in groups:
        for key in ("method", *_GROUPS, *_differing(some)):
            values = {shown(value): value for value in (_value(record, key) for record in some)}
            if len(values) > 1:
                differing.setdefault(key, {}).update(values)
    if not differing:
        return
    told = [
        f"{key} ({', '.join(sorted(values, key=lambda text: by_size(values[text]))[:4])})"
        for key, values in differing.items()
    ]
    raise DataMismatch(
        f"a cell would hold the mean of models that differ in {', '.join(told)};"
        f" `--rows {','.join([*rows, *differing])}` has a row for each"
    )


def _in_order(values: list[Key], keys: Sequence[str]) -> tuple[Key, ...]:
    """Methods, metrics and data sets as they come; anything else by size, what a method does not have first."""
    unique = list(dict.fromkeys(values))
    come = {key: list(dict.fromkeys(value[n] for value in unique)) for n, key in enumerate(keys)}

    def place(value: Key) -> tuple[Any, ...]:
        return tuple(
            (come[key].index(one), 0.0, "") if key in ("method", "metric", "data") else (one is not None, *by_size(one))
            for key, one in zip(keys, value, strict=True)
        )

    return tuple(sorted(unique, key=place))


def _with_best(cells: dict[tuple[Key, Key], Cell], data: dict[tuple[Key, Key], Key]) -> dict[tuple[Key, Key], Cell]:
    """The cells, the best of each metric and ``data`` marked; ties to the printed digits are all the best."""
    marked = dict(cells)
    for group in {(cell.metric, data[at]) for at, cell in cells.items()}:
        own = {at: c for at, c in cells.items() if (c.metric, data[at]) == group and c.scores.values}
        better = _better(group[0], own.values())
        if len(own) < 2 or better == "neither":
            continue
        digits = decimals([cell.scores for cell in cells.values() if cell.metric == group[0]])
        means = {at: round(cell.scores.mean, digits) for at, cell in own.items()}
        best = max(means.values()) if better == "higher" else min(means.values())
        for at, cell in own.items():
            marked[at] = replace(cell, best=means[at] == best)
    return marked


def _better(metric: str, cells: Iterable[Cell]) -> str:
    """Which way a metric (``metric@protocol``) of these cells is better: higher, lower or neither."""
    name = metric.rpartition("@")[0]
    measures = {cell.measure for cell in cells if cell.metric == metric}
    return METRICS[name].by_measure(*measures).better if name in METRICS and len(measures) == 1 else "neither"


def decimals(found: Sequence[Summary]) -> int:
    """How many decimals say what a metric's scores are good for: two digits of the middle standard deviation.

    Without deviations three digits of the largest mean.
    """
    deviations = sorted(one.deviation for one in found if one.deviation)
    if deviations:
        return min(6, max(0, 1 - math.floor(math.log10(deviations[len(deviations) // 2]))))
    largest = max((abs(one.mean) for one in found if one.values and one.mean), default=1.0)
    return min(4, max(0, 2 - math.floor(math.log10(largest))))
