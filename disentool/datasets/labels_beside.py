"""Labels in small files beside the pictures, as WebDataset has them: ``1.jpg`` with ``1.cls`` or ``1.json``."""

import json
from collections import defaultdict
from collections.abc import Collection, Sequence
from pathlib import Path
from typing import NamedTuple

from disentool.datasets import split_words
from disentool.errors import counted
from disentool.io import class_words, json_text

CLASS, FIELDS = ".cls", ".json"  # a file that is a class; a JSON object of which each field is a factor
_LONGEST = {CLASS: 200, FIELDS: 1 << 16}  # bytes
_MOST = 200  # fields that are read
_SHOWN = 5  # fields that a note names
_SEVERAL = 3  # images, from which on a field that is alike or different in all of them is no factor
_KINDS = 8  # of pictures that have one key, at most


class Labels(NamedTuple):
    """A column of words for each factor, if any; the suffix of the files that say them; what is to be told.

    ``split``: 0 or 1 for each image, train or test, where a field says the parts of a split.
    """

    columns: dict[str, list[str]]
    suffix: str
    notes: list[str]
    split: list[int] | None = None


def beside(
    root: Path, images: Sequence[Path], others: Collection[Path], suffixes: Sequence[str] = (CLASS, FIELDS)
) -> Labels | None:
    """What the files beside the images say, where there is one for each; None if there are none.

    ``images``, ``others``: the files below ``root``, relative to it. ``suffixes``: of the files that are looked for;
    the first comes before the others. A file belongs to all images whose name begins as its own does, up to the first
    dot. Where some images have one and others have none, there are no columns, and a note names the latter.
    """
    there = set(others)
    for suffix in suffixes:
        files = [_file(image, suffix, there) for image in images]
        missing = [image for image, file in zip(images, files, strict=True) if file is None]
        long = [file for file in files if file and (root / file).stat().st_size > _LONGEST[suffix]]
        if len(missing) == len(images):
            continue
        if missing or long:
            why = (
                f"{counted(len(missing), 'image')} of {len(images):,} {'has' if len(missing) == 1 else 'have'} none"
                if missing
                else f"{counted(len(long), 'file')} of {len(files):,} {'is' if len(long) == 1 else 'are'} too long"
            )
            first = missing[0] if missing else long[0]
            return Labels({}, suffix, [f"the {suffix} files beside the images are not read: {why}, the first {first}"])
        texts = [
            (root / file).read_text(encoding="utf-8-sig", errors="replace").strip()
            for file in files
            if file is not None
        ]
        if suffix == CLASS:
            return Labels({"class": texts}, suffix, ["the .cls file beside each image says its class"])
        if (found := _fields(texts)) is not None:
            return found
    return None


def shared_keys(images: Sequence[Path]) -> str:
    """A remark where every key (a name up to its first dot) is that of several pictures, of the same kinds."""
    kinds: dict[Path, list[str]] = defaultdict(list)
    for image in images:
        key, _, kind = image.name.partition(".")
        kinds[image.parent / key].append(kind)
    first = sorted(kinds[next(iter(kinds))])
    if len(kinds) < 2 or not 1 < len(first) <= _KINDS or any(sorted(found) != first for found in kinds.values()):
        return ""
    names = ", ".join(f".{kind}" for kind in first)
    return f"each of {len(kinds):,} keys has {len(first)} pictures ({names}), and each is an image of its own"


def _file(image: Path, suffix: str, there: Collection[Path]) -> Path | None:
    """The file with this suffix that belongs to an image."""
    whole, key = image.with_suffix(suffix), image.with_name(image.name.partition(".")[0] + suffix)
    return next((file for file in (whole, key) if file in there), None)


def _fields(texts: list[str]) -> Labels | None:
    """A column for each field that is a number, a word or a truth value in all of the objects; None if none is."""
    try:
        objects = [json_text.parse(text) for text in texts]
    except (ValueError, RecursionError):
        return None
    if not all(isinstance(fields, dict) for fields in objects):
        return None
    names = list(dict.fromkeys(name for fields in objects for name in fields))
    if len(names) > _MOST:
        return None
    plain = [name for name in names if all(isinstance(fields.get(name), (str, int, float)) for fields in objects)]
    columns = {name: [_word(fields[name]) for fields in objects] for name in plain}
    reasons = {name: _no_factor(name, words) for name, words in columns.items()}
    used = [name for name in plain if not reasons[name]]
    parts = [name for name in used if split_words.names_a_split(name) and split_words.parts(columns[name])]
    split = None
    if not used:
        return None
    notes = []
    if parts:
        used.remove(parts[0])
        found = split_words.parts(columns[parts[0]])
        split, which = found if found else (None, "")
        notes.append(f"the field {parts[0]} of the .json files says the parts of a split, and is no factor ({which})")
    notes.append(f"the .json file beside each image says its factors: {_some(used)}")
    for reason in dict.fromkeys(filter(None, reasons.values())):
        left = [name for name, why in reasons.items() if why == reason]
        notes.append(f"left out of the .json files: {_some(left)} ({reason})")
    if len(plain) < len(names):
        rest = [name for name in names if name not in plain]
        notes.append(f"left unread in the .json files: {_some(rest)} (no number or word in each of them)")
    return Labels({name: columns[name] for name in used}, FIELDS, notes, split)


def _no_factor(name: str, words: list[str]) -> str:
    """Why a field is no factor, as programs write about an image what is not in it; empty for one that may be."""
    if not name or "/" in name or name == ".":
        return "no factor can have this name"
    if len(words) < _SEVERAL:
        return ""
    if len(set(words)) == 1:
        return "the same for all images"
    told_apart = len(set(words)) == len(words) and all(class_words.number(word) is None for word in words)
    return "a word of its own for each image" if told_apart else ""


def _word(value: str | float) -> str:
    return value.strip() if isinstance(value, str) else json.dumps(value)


def _some(names: list[str]) -> str:
    return ", ".join(name[:40] for name in names[:_SHOWN]) + (", ..." if len(names) > _SHOWN else "")
