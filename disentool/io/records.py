"""JSON objects, alone or one a line: how records and histories are written, read, and told apart by their format.

What a score record must hold, and which of them belong together, is in :mod:`disentool.io.score_records`.
"""

import json
import math
from collections.abc import Iterable
from pathlib import Path
from typing import Any, BinaryIO

from disentool.errors import ForeignFile, typed
from disentool.io import files, json_text
from disentool.io.schema import CORRELATION, HISTORY, INVERSION, SCORE

Source = str | Path | BinaryIO


def to_json(record: dict[str, Any]) -> str:
    """One line of strict JSON, without characters that a terminal obeys; a value that is not finite becomes null."""
    text = json.dumps(_finite(record), ensure_ascii=False, allow_nan=False)
    return text if text.isprintable() else "".join(map(_visible, text))


def _visible(character: str) -> str:
    """Itself, or its escape in JSON; the bytes of a file's name that are no UTF-8 stay."""
    kept = character.isprintable() or "\ud800" <= character <= "\udfff"
    return character if kept else json.dumps(character)[1:-1]


def _finite(value: Any) -> Any:
    if isinstance(value, float) and not math.isfinite(value):
        return None
    if isinstance(value, dict):
        return {str(k): _finite(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(v) for v in value]
    return value


def read_json(path: Path) -> dict[str, Any]:
    """The object that a JSON file holds; ForeignFile if it holds anything else."""
    try:
        content = json_text.parse(path.read_text(encoding="utf-8"))
    except json.JSONDecodeError as error:
        raise ForeignFile(f"{path}: not JSON from line {error.lineno} on; make it anew") from error
    except (OSError, ValueError, RecursionError) as error:
        raise ForeignFile(f"{path}: not JSON; make it anew") from error
    if not isinstance(content, dict):
        raise ForeignFile(f"{path}: holds JSON, but {typed(content)}, expected an object in braces")
    return content


def read(source: Source, what: str = "file of records") -> tuple[str, str, list[dict[str, Any]]]:
    """The name of a JSON-lines file or an open stream, which format its records are of, and the records."""
    if isinstance(source, str | Path):
        path = files.require(source, what, "`disentool score` prints them")
        return str(path), *read_lines(path)
    return "stdin", *parse_lines(source, "stdin")


def read_lines(path: Path) -> tuple[str, list[dict[str, Any]]]:
    """Which format a JSON-lines file is of, and its records: scores, correlations, inversions or a history."""
    with open(path, "rb") as file:
        return parse_lines(file, path)


def parse_lines(lines: Iterable[bytes], path: Path | str) -> tuple[str, list[dict[str, Any]]]:
    """As :func:`read_lines`, of lines that come from ``path``, or from elsewhere under that name."""
    records: list[dict[str, Any]] = []
    number = 0
    try:
        for line in lines:
            number += 1
            if line.strip() and not _begun_line_of_history(line, records):
                record = json_text.parse(line.decode("utf-8", "replace"))  # the name of a file may be no UTF-8
                if not isinstance(record, dict):
                    raise ValueError("not an object")
                records.append(record)
    except RecursionError:
        raise ForeignFile(f"{path}: line {number} is nested deeper than any record") from None
    except ValueError as error:
        raise ForeignFile(f"{path}: line {number} is not a JSON object in braces, as every record is") from error
    if not records:
        raise ForeignFile(f"{path}: is empty: neither score records nor a training history")
    for form in (SCORE, CORRELATION, INVERSION):
        if all(r.get("format") == form.name for r in records):
            versions = {version for r in records if isinstance(version := r.get("version"), int)}
            if max(versions, default=0) > form.version:
                raise ForeignFile(
                    f"{path}: {form.name} version {max(versions)}, this disentool reads up to {form.version};"
                    " upgrade disentool"
                )
            return form.name, records
    if _is_history(records):
        return HISTORY.name, records
    raise ForeignFile(f"{path}: neither score records nor a training history")


def _is_history(records: list[dict[str, Any]]) -> bool:
    return all("step" in record and "time" in record for record in records)


def _begun_line_of_history(line: bytes, before: list[dict[str, Any]]) -> bool:
    """Whether a line is the last one of a history, which a running process has not written to its end."""
    return not line.rstrip().endswith(b"}") and not line.endswith(b"\n") and bool(before) and _is_history(before)
