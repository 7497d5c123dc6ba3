"""CelebA (Liu, Luo, Wang, Tang 2015), read from the aligned images and the published lists.

``img_align_celeba.zip`` or its folder: 202,599 files ``000001.jpg`` .. of 178x218 pixels, or ``000001.png`` of the
release without loss. ``identity_CelebA.txt`` has
a line ``000001.jpg 2880`` per image; ``list_attr_celeba.txt`` the number of images, the names of 40 attributes, then a
line ``000001.jpg -1 1 ...`` per image; ``list_eval_partition.txt`` a line ``000001.jpg 0`` per image (0 training,
1 validation, 2 test). Mirrors have the same lists as CSV, with a line of names first. The lists are taken from the
folder or, beside an archive, from the folder it lies in.
"""

import codecs
import re
from collections.abc import Container
from pathlib import Path

import numpy as np

from disentool.datasets import picture_sizes
from disentool.datasets.catalogue import PUBLISHED
from disentool.datasets.picture_files import images_in
from disentool.datasets.source import Source, ranked, table
from disentool.errors import ForeignFile, MissingFile, WrongUsage
from disentool.io import archive

WIDTH, HEIGHT = 178, 218
IDENTITIES, ATTRIBUTES, PARTITION = "identity_CelebA.txt", "list_attr_celeba.txt", "list_eval_partition.txt"
LISTS = tuple(
    name.replace(".txt", suffix) for name in (IDENTITIES, ATTRIBUTES, PARTITION) for suffix in (".txt", ".csv")
)
SIZE = (64, 64)  # height and width, unless asked otherwise
WHAT = f"img_align_celeba.zip with {IDENTITIES} and {ATTRIBUTES} beside it, or the folder of all three"

_LIMIT = 64 * 2**20  # bytes of a list; the largest has 27 MB
_IMAGES = (".jpg", ".png")
_UTF16 = (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
_MOST_HEADERS = 3  # lines before those of images: numbers of images and of classes, names of columns


def open_source(path: Path | None, *, size: tuple[int, int] | None = None, crop: int = 148) -> Source:
    """The images in the order of their names, uint8 [N,H,W,3]; factors: identity, and the attributes (0 or 1).

    ``crop``: side in pixels of the square in the middle that is kept before resizing. 148 is the field's common crop
    (FactorVAE's is not described); LORD's is 128. A class of ``identity`` is a published number's rank, the number is
    its value. A list that is not there is left out, with a note; one that is there must know every image. The
    published partition, if there, is the split (test: part 2). Raises MissingFile or ForeignFile.
    """
    if path is None:
        raise MissingFile(f"celeba is not rendered here: give {WHAT} with --from")
    size = size or SIZE
    if not 0 < crop <= WIDTH:
        raise WrongUsage(
            f"--crop {crop}: the images have {HEIGHT}x{WIDTH} pixels (height x width); expected 1 to {WIDTH}"
        )
    found = archive.members(path, (*_IMAGES, *(name.lower() for name in LISTS)), WHAT, beside=LISTS)
    by_name = _images_by_name(found)
    names = sorted(by_name)
    columns, labels, sizes, values, notes, split = [], [], [], {}, [], None

    identities = _read_list(found, IDENTITIES, names, 1)
    if identities is None:
        notes.append(f"{found.path}: no {IDENTITIES}: the data set has no factor identity")
    else:
        index, known = ranked(identities[1][:, 0].tolist())
        columns.append(index[:, None])
        labels.append("identity")
        sizes.append(len(known))
        values["identity"] = np.array(known, np.float64)
    attributes = _read_list(found, ATTRIBUTES, names, None)
    if attributes is None:
        notes.append(f"{found.path}: no {ATTRIBUTES}: the data set has no attributes")
    else:
        no = 0 if attributes[2].lower().endswith(".csv") and not (attributes[1] < 0).any() else -1
        if not np.isin(attributes[1], (no, 1)).all():
            raise ForeignFile(f"{found.path}: {attributes[2]} has values other than -1 and 1; download it again")
        columns.append(attributes[1] > 0)
        labels += [name.lower() for name in attributes[0]]
        sizes += [2] * len(attributes[0])
    partition = _read_list(found, PARTITION, names, 1)
    if partition is not None:
        split = (partition[1][:, 0] == 2).astype(np.uint8)
    if len(set(labels)) != len(labels):
        twice = next(name for name in labels if labels.count(name) > 1)
        raise ForeignFile(f"{found.path}: {ATTRIBUTES} names {twice} twice, or as the identity is; download it again")
    factors = np.column_stack(columns) if columns else np.zeros((len(names), 0), np.int32)

    return Source(
        name="celeba",
        shape=(len(names), *size, 3),
        images=images_in(found, [by_name[name] for name in names], 3, size, crop=crop, expected=(HEIGHT, WIDTH)),
        factors=table(factors),
        factor_names=tuple(labels),
        factor_sizes=tuple(sizes),
        factor_values=values,
        split=split,
        notes=tuple(notes),
        class_factor="identity",
        source=f"{found.digest()}, centre {crop} to {size[0]}x{size[1]} by Lanczos",
        made=f"the middle {crop}x{crop} {picture_sizes.square_made(None, size)}",
        citation="Liu, Luo, Wang, Tang: Deep Learning Face Attributes in the Wild, ICCV 2015, "
        "https://mmlab.ie.cuhk.edu.hk/projects/CelebA.html",
        licence=PUBLISHED["celeba"].licence,
    )


def _images_by_name(found: archive.Members) -> dict[str, str]:
    """``000001`` -> the member that is its image."""
    by_name: dict[str, str] = {}
    for member in found.names:
        name, _, suffix = member.rsplit("/", 1)[-1].rpartition(".")
        if f".{suffix.lower()}" in _IMAGES:
            if name in by_name:
                raise ForeignFile(f"{found.path}: {name}.jpg is there twice, {by_name[name]} and {member}; keep one")
            by_name[name] = member
    if not by_name:
        raise MissingFile(f"{found.path}: no {' or '.join(_IMAGES)} in it; give {WHAT}")
    return by_name


def _read_list(
    found: archive.Members, title: str, names: list[str], count: int | None
) -> tuple[list[str], np.ndarray, str] | None:
    """Column names, int32 [N,count] of ``names``, in their order, and the file of one list; None where it is not there.

    Words are separated by blanks, commas or semicolons, and may have quotes. Lines before the first image are its
    header: numbers of images or classes, names of columns. Without ``count`` there must be names, one for each column.
    A column before that of the images numbers the rows, and is passed over.
    """
    member = _list_named(found, title)
    if member is None:
        return None
    title = member.rsplit("/", 1)[-1]
    data = found.read(member, _LIMIT)
    text = data.decode("utf-16" if data.startswith(_UTF16) else "utf-8-sig", "replace")
    written = text.splitlines()  # whatever ends them, even if some end otherwise
    lines = [[word for word in re.split(r"[\s,;]+", line.replace('"', "")) if word] for line in written]
    row = {name: i for i, name in enumerate(names)}
    places = [_place(words, row) for words in lines[: _MOST_HEADERS + 1]]
    first = next((i for i, place in enumerate(places) if place is not None), len(lines))
    at = places[first] or 0 if first < len(places) else 0
    header = [words for words in lines[:first] if words and not all(word.isdigit() for word in words)]
    columns = header[-1] if header else []
    if count is None:
        width = len(lines[first]) - 1 - at if first < len(lines) else 0
        columns = columns[max(0, len(columns) - width) :]  # that of the images may have a name too
        count = len(columns)
        if not count or len(set(columns)) != count:
            raise ForeignFile(f"{found.path}: {title}: expected a number, then a line of names; download it again")
    values = np.zeros((len(names), count), np.int32)
    seen = np.zeros(len(names), bool)
    for number, words in enumerate(lines[first:], first + 1):
        if not words:
            continue
        try:
            numbers = np.array(words[at + 1 :], np.int32)
        except (ValueError, OverflowError):
            numbers = np.zeros(0, np.int32)
        if len(numbers) != count:
            raise ForeignFile(
                f"{found.path}: {title}: line {number} is {written[number - 1][:40]!r}, expected an image's name and"
                f" {count} numbers"
            )
        if (name := _stem(words[at])) in row:
            values[row[name]] = numbers
            seen[row[name]] = True
    if not seen.all():
        raise ForeignFile(
            f"{found.path}: {title} does not list {names[int(np.argmin(seen))]}.jpg ({np.count_nonzero(~seen):,} of"
            f" {len(names):,} images are missing); download it again"
        )
    return columns, values, title


def _list_named(found: archive.Members, title: str) -> str | None:
    """The member that is this list, as published, else as CSV."""
    for known in (title, title.replace(".txt", ".csv")):
        members = [name for name in found.names if name.rsplit("/", 1)[-1].lower() == known.lower()]
        if len(members) > 1:
            raise ForeignFile(f"{found.path}: {' and '.join(members)} are both there; keep one")
        if members:
            return members[0]
    return None


def _stem(word: str) -> str:
    """The name of an image, with or without its suffix, as one without."""
    return word[:-4] if word.lower().endswith(_IMAGES) else word


def _place(words: list[str], known: Container[str]) -> int | None:
    """Which of a line's first two words names an image; None where it is none of the list."""
    return next((i for i, word in enumerate(words[:2]) if word.lower().endswith(_IMAGES) or word in known), None)
