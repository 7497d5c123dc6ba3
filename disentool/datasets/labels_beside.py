"""Labels in small files beside the pictures, as WebDataset has them: ``1.jpg`` with ``1.cls`` or ``1.json``."""

import json
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

CLASS, FIELDS = ".cls", ".json"  # a file that is a class; a JSON object of which each field is a factor
_LONGEST = {CLASS: 200, FIELDS: 1 << 16}  # bytes
_MOST = 200  # fields that are read
_SHOWN = 5  # fields that a note names


class Labels(NamedTuple):
    """A column of words for each factor; the suffix of the files that say them; what is to be told."""

    columns: dict[str, list[str]]
    suffix: str
    notes: list[str]


def beside(root: Path, images: Sequence[Path], others: Collection[Path]) -> Labels | None:
    """What the files beside the images say, where there is one for each; None if there are none.

    ``images``, ``others``: the files below ``root``, relative to it. A class (``.cls``) comes before fields.
    """
    there = set(others)
    for suffix in (CLASS, FIELDS):
        files = [image.with_suffix(suffix) for image in images]
        if not all(file in there and (root / file).stat().st_size <= _LONGEST[suffix] for file in files):
            continue
        texts = [(root / file).read_text(encoding="utf-8", errors="replace").strip() for file in files]
        if suffix == CLASS:
            return Labels({"class": texts}, suffix, ["the .cls file beside each image says its class"])
        if (found := _fields(texts)) is not None:
            return found
    return None


def _fields(texts: list[str]) -> Labels | None:
    """A column for each field that is a number, a word or a truth value in all of the objects; None if none is."""
    try:
        objects = [json.loads(text) for text in texts]
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(fields, dict) for fields in objects):
        return None
    names = list(dict.fromkeys(name for fields in objects for name in fields))
    if len(names) > _MOST:
        return None
    plain = [name for name in names if all(isinstance(fields.get(name), (str, int, float)) for fields in objects)]
    if not plain:
        return None
    notes = [f"the .json file beside each image says its factors: {_some(plain)}"]
    if len(plain) < len(names):
        rest = [name for name in names if name not in plain]
        notes.append(f"left unread in the .json files: {_some(rest)} (no number or word in each of them)")
    return Labels({name: [_word(fields[name]) for fields in objects] for name in plain}, FIELDS, notes)


def _word(value: str | float) -> str:
    return value.strip() if isinstance(value, str) else json.dumps(value)


def _some(names: list[str]) -> str:
    return ", ".join(name[:40] for name in names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
