"""The checkpoints below folders as rows of a table: what they are, how far they are, what they score."""

import math
import operator
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disentool.errors import MissingFile, UnknownName, WrongUsage
from disentool.io import score_records
from disentool.pages import report_runs
from disentool.pages.report_runs import Run
from disentool.reporting import Reporter, Silent
from disentool.results.settings import by_size

FACTS = ("file", "method", "seed", "step", "steps", "loss", "data", "snapshots")
_SIGNS: dict[str, Callable[[Any, Any], bool]] = {
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    "=": operator.eq,
    "==": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_OF_TEXT = ("=", "==", "!=")
_CONDITION = re.compile(r"([^!<>=]+)(!=|>=|<=|==?|>|<)([^<>=].*)")


@dataclass(frozen=True)
class Listing:
    """The rows of a table of runs. ``columns``: the keys that are shown, in their order.

    Each of ``rows`` holds those and all options of its method; a key that it lacks is not known of it. ``failed``: how
    many files could not be read.
    """

    columns: tuple[str, ...]
    rows: tuple[dict[str, Any], ...]
    failed: int


def runs(
    sources: Iterable[str | Path],
    *,
    where: Sequence[str] = (),
    sort: Sequence[str] = (),
    report: Reporter | None = None,
) -> Listing:
    """Every run below ``sources``: checkpoints, and folders that are searched for checkpoints and score records.

    A run is one row, its last checkpoint; ``snapshots`` counts the others. ``loss``: the first loss of the last line of
    its history. Metrics are the scores that records give its last checkpoint. Options are shown that differ among the
    runs of a method.

    ``where``: conditions such as ``beta=4``, ``step>=1000`` or ``factor>0.6``, all of which hold; a run that does not
    know the key is left out. ``sort``: keys, the first counts most; after a minus the greatest is first. ``report`` is
    told of each file of a folder that cannot be read. Raises WrongUsage, UnknownName, MissingFile or ForeignFile.
    """
    report = report or Silent()
    found = report_runs.gather(list(sources), Silent())
    for line in found.failed:
        report.error(line)
    there = [run for run in found.runs if run.path]
    if not there and not found.failed:
        raise MissingFile("no checkpoint is there, only what belongs to some; name their folder")
    rows = [_row(run) for run in there]
    shown = dict.fromkeys(name for setting in report_runs.settings_of(there) for name, _ in setting.values)
    options = dict.fromkeys(name for run in there for name in run.facts["config"])
    metrics = dict.fromkeys(column for run in there for column in _scores(run))
    keys = list(dict.fromkeys((*FACTS, *metrics, *options)))
    for condition in where:
        rows = _kept(rows, condition, keys)
    for key in reversed(sort):
        backwards = key.startswith("-")
        name = _known(key.removeprefix("-"), keys)
        having = [row for row in rows if _sortable(row.get(name))]
        having.sort(key=lambda row: by_size(row[name]), reverse=backwards)
        rows = having + [row for row in rows if not _sortable(row.get(name))]
    columns = dict.fromkeys((*FACTS[:2], *(name for name in shown if name not in FACTS), *FACTS[2:], *metrics))
    known = tuple(name for name in columns if any(row.get(name) not in (None, "") for row in rows))
    return Listing(known or FACTS[:2], tuple(rows), len(found.failed))


def _row(run: Run) -> dict[str, Any]:
    facts = run.facts
    history = run.history.records[-1] if run.history else {}
    losses = [value for name, value in history.items() if name.endswith("_loss")]
    row = {name: value for name, value in facts["config"].items() if name not in FACTS}
    row |= {
        "file": str(run.path),
        "method": facts["method"],
        "seed": facts.get("seed"),
        "step": facts["step"],
        "steps": facts["config"].get("steps"),
        "loss": losses[0] if losses else None,
        "data": (facts.get("data") or {}).get("name"),
        "snapshots": len(run.snapshots) or None,
    }
    return row | _scores(run)


def _scores(run: Run) -> dict[str, float]:
    """By metric@protocol: of several records the last."""
    return {score_records.column(record): score_records.value(record) for record in run.scores}


def _known(key: str, names: Sequence[str]) -> str:
    """The column that is meant by an option (with dashes or underscores), a fact, a metric or metric@protocol."""
    plain = key.strip().replace("-", "_")
    if plain in names:
        return plain
    columns = [name for name in names if "@" in name]
    if key.strip().partition("@")[0] in {column.partition("@")[0] for column in columns}:
        return score_records.find(key.strip(), columns)
    raise UnknownName("key of these runs", key, names)


def _kept(rows: Sequence[dict[str, Any]], condition: str, names: Sequence[str]) -> list[dict[str, Any]]:
    match = _CONDITION.fullmatch(condition)
    if not match:
        raise WrongUsage(f"--where {condition}: expected a key, a sign and a value, such as beta=4 or step>=1000")
    key, sign, text = match.groups()
    name, compare = _known(key, names), _SIGNS[sign]
    number = _number(text)
    if number is None and sign not in _OF_TEXT:
        raise WrongUsage(f"--where {condition}: {sign} compares numbers")
    kept = []
    for row in rows:
        value = row.get(name)
        if value is None:
            continue
        as_number = _number(value)
        if number is not None and as_number is not None:
            if compare(as_number, number):
                kept.append(row)
        elif sign in _OF_TEXT and compare(str(value).lower(), text.strip().lower()):
            kept.append(row)
    return kept


def _sortable(value: Any) -> bool:
    """Whether it is known, and no failed score."""
    return value is not None and not (isinstance(value, float) and math.isnan(value))


def _number(value: Any) -> float | None:
    if isinstance(value, bool):
        return None
    try:
        found = float(value)
    except (TypeError, ValueError):
        return None
    return found if math.isfinite(found) else None
