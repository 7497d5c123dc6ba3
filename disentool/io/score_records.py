"""Score records: what each must hold, what it is called, and which of them may be compared.

Lines are read and told apart by :mod:`disentool.io.records`.
"""

import json
import math
from collections.abc import Iterable, Sequence
from typing import Any

from disentool.errors import DataMismatch, ForeignFile, UnknownName, WrongUsage
from disentool.io import records
from disentool.io.schema import SCORE


def scores(sources: Iterable[records.Source]) -> list[dict[str, Any]]:
    """The score records of files and streams; ForeignFile for anything else."""
    found: list[dict[str, Any]] = []
    for source in sources:
        name, kind, lines = records.read(source, "file of score records")
        if kind != SCORE.name:
            raise ForeignFile(f"{name}: holds a {kind}, expected score records as `disentool score` prints them")
        check_scores(name, lines)
        found += lines
    return found


def check_scores(name: str, found: list[dict[str, Any]]) -> None:
    """ForeignFile, naming the file, unless each score record has what every reader of them needs."""
    for number, record in enumerate(found, 1):
        score = record.get("score")
        known = isinstance(score, int | float) and not isinstance(score, bool)
        words = all(isinstance(record.get(key), str) for key in ("id", "metric", "protocol"))
        if not words or not (known or score is None) or not isinstance(record.get("details"), dict):
            raise ForeignFile(f"{name}: record {number} lacks id, metric, protocol, score or details")


def value(record: dict[str, Any]) -> float:
    """A record's score; NaN where it is none."""
    return math.nan if record["score"] is None else float(record["score"])


def column(record: dict[str, Any]) -> str:
    """``metric@protocol``: what scores must have in common to be compared."""
    return f"{record['metric']}@{record['protocol']}"


def find(name: str, columns: Iterable[str]) -> str:
    """The one of ``columns`` (``metric@protocol``) that a caller means by ``metric`` or ``metric@protocol``."""
    columns = list(dict.fromkeys(columns))
    if name in columns:
        return name
    fitting = [known for known in columns if known.rpartition("@")[0] == name]
    if not fitting:
        raise UnknownName("metric of these records", name, {known.rpartition("@")[0] for known in columns})
    if len(fitting) > 1:
        raise WrongUsage(f"--metrics {name}: the records hold several protocols, name one: {', '.join(fitting)}")
    return fitting[0]


def split(names: Sequence[str]) -> list[str]:
    """The parts of ``name,name`` values, in order."""
    return [part.strip() for name in names for part in name.split(",") if part.strip()]


def require_comparable(found: Iterable[dict[str, Any]]) -> None:
    """DataMismatch if the records of a metric were made with different constants or of different data."""
    constants: dict[str, set[str]] = {}
    for record in found:
        details = record["details"]
        changed = details.get("changed_options")
        varied = {key: details.get(key) for key in changed} if isinstance(changed, list) else {}
        varied |= {key: record.get(key) for key in ("data_sha256", "split") if record.get(key)}
        constants.setdefault(column(record), set()).add(json.dumps(varied, sort_keys=True))
    for name, seen in constants.items():
        if len(seen) > 1:
            shown = "; ".join(sorted(seen)[:3])
            raise DataMismatch(
                f"{name}: records with different constants or data ({shown}) do not compare; keep one of them"
            )
