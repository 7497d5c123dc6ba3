"""What plots take of tables of score records."""

import math
from typing import Any

from disentool.io import score_records
from disentool.results.data_sets import data_names
from disentool.results.reading import Table


def scores(tables: list[Table]) -> list[dict[str, Any]]:
    """All score records of the tables."""
    return [record for table in tables for record in table.records]


def with_data(found: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The records; the data set is one of their models' options where it differs, so that no mean is over several."""
    names = data_names(found)
    if len(set(names)) < 2:
        return found
    return [
        record | {"config": record["config"] | {"data": name}} if isinstance(record.get("config"), dict) else record
        for record, name in zip(found, names, strict=True)
    ]


def of_metric(found: list[dict[str, Any]], name: str) -> list[dict[str, Any]]:
    """The records of ``metric`` or ``metric@protocol``, comparable ones; some may have no finite score."""
    chosen = score_records.find(name, map(score_records.column, found))
    some = [record for record in found if score_records.column(record) == chosen]
    score_records.require_comparable(some)
    return some


def chosen(rows: list[dict[str, Any]], metrics: tuple[str, ...]) -> list[str]:
    """The columns (``metric@protocol``) that ``metrics`` name; all that the records hold where it names none."""
    columns = list(dict.fromkeys(map(score_records.column, rows)))
    wanted = score_records.split(metrics)
    return [score_records.find(name, columns) for name in wanted] if wanted else columns


def finite(record: dict[str, Any]) -> bool:
    """Whether a record holds a score."""
    return math.isfinite(score_records.value(record))


def several_protocols(metric: str, rows: list[dict[str, Any]]) -> bool:
    """Whether the records hold a metric with more than one protocol, so that its name alone does not say which."""
    return len({record["protocol"] for record in rows if record["metric"] == metric}) > 1


def called(column: str, rows: list[dict[str, Any]], name: str) -> str:
    """A metric's ``name``, with the protocol of ``metric@protocol`` where the records hold several."""
    metric, _, protocol = column.rpartition("@")
    return f"{name}, {protocol}" if several_protocols(metric, rows) else name
