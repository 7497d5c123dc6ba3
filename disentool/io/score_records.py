"""Score records: what each must hold, what it is called, and which of them may be compared.

Lines are read and told apart by :mod:`disentool.io.records`.
"""

import json
import math
import shlex
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from disentool.errors import DataMismatch, ForeignFile, UnknownName, WrongUsage
from disentool.io import records
from disentool.io.schema import SCORE

UNTRAINED = "untrained "  # before the method's name, in records of a baseline: of the same method with fresh weights


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
        score = record.get("score", "")
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
    fitting = [column for column in columns if column.rpartition("@")[0] == name]
    if not fitting:
        known = columns if "@" in name else {column.rpartition("@")[0] for column in columns}
        raise UnknownName("metric of these records", name, known)
    if len(fitting) > 1:
        raise WrongUsage(f"--metrics {name}: the records hold several protocols, name one: {', '.join(fitting)}")
    return fitting[0]


def split(names: Sequence[str]) -> list[str]:
    """The parts of ``name,name`` values, in order."""
    return [part.strip() for name in names for part in name.split(",") if part.strip()]


def require_comparable(found: Iterable[dict[str, Any]]) -> None:
    """DataMismatch if the records of a metric were made with different constants or of different data.

    It names the data sets; digests only where two of one name differ.
    """
    constants: dict[str, dict[str, str]] = {}  # column -> what must be the same, as JSON -> how it is told
    for record in found:
        details = record["details"]
        changed = details.get("changed_options")
        varied = {key: details.get(key) for key in changed} if isinstance(changed, list) else {}
        of = {key: record.get(key) for key in ("data_sha256", "split") if record.get(key)}
        told = varied | {key: record.get(key) for key in ("data", "split") if record.get(key)}
        if record.get("data_sha256"):
            told["sha256"] = f"{str(record['data_sha256'])[:8]}…"
        constants.setdefault(column(record), {})[_as_text(varied | of)] = _as_text(told)
    for name, seen in constants.items():
        if len(seen) > 1:
            full = [json.loads(text) for text in seen.values()]
            plain = [{key: value for key, value in one.items() if key != "sha256"} for one in full]
            enough = len(set(map(_as_text, plain))) == len(full)
            chosen = plain if enough else full
            same = {key for key in chosen[0] if all(key in one and one[key] == chosen[0][key] for one in chosen)}
            differing = [{key: value for key, value in one.items() if key not in same} for one in chosen]
            shown = "; ".join(sorted(map(_in_words, differing))[:3])
            raise DataMismatch(
                f"{name}: records with different constants or data ({shown}) do not compare; keep those of one, such as"
                f" `{_keeping(differing[0])}`"
            )


def _as_text(value: dict[str, Any]) -> str:
    """As it stands in a record's line."""
    return json.dumps(value, sort_keys=True, ensure_ascii=False)


def _in_words(varied: dict[str, Any]) -> str:
    return ", ".join(f"{key} {value}" for key, value in varied.items()) or "the protocol's own"


def _keeping(of: dict[str, Any]) -> str:
    """The shell command that keeps the records which :func:`require_comparable` tells apart by ``of``."""
    key, value = next(((k, of[k]) for k in ("sha256", "data", "split", *of) if k in of), ("changed_options", []))
    text = _as_text({key: value})[1:-1]
    if key == "sha256":
        text = f'"data_sha256": "{str(value).rstrip("…")}'
    return f"grep -F {shlex.quote(text)} RECORDS > one.jsonl"


def names_of(pair: Mapping[str, Any]) -> list[str]:
    """The two ``metric@protocol`` of a record of correlations."""
    return [f"{metric}@{protocol}" for metric, protocol in zip(pair["metrics"], pair["protocols"], strict=True)]
