"""What the data sets of score records are called."""

from collections.abc import Sequence
from typing import Any


def data_names(found: Sequence[dict[str, Any]]) -> list[str | None]:
    """The name of each record's data set, with the start of its digest where two have one name; None without one."""
    digests: dict[str, set[str]] = {}
    for record in found:
        digests.setdefault(str(record.get("data")), set()).add(_digest(record))
    return [
        None
        if record.get("data") is None
        else str(record["data"]) + (f" ({_digest(record)})" if len(digests[str(record["data"])]) > 1 else "")
        for record in found
    ]


def _digest(record: dict[str, Any]) -> str:
    return str(record.get("data_sha256") or "?")[:8]
