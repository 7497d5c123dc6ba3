"""Which images lie below a folder, and what the names of its folders say of each."""

import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from disentool.datasets import factor_columns, labels_beside, other_files, split_words
from disentool.errors import DataMismatch, MissingFile, UnsafeFile, some
from disentool.io import archive, read_images

_MOST = 5_000_000  # files and folders: links that lead to each other's targets can make any number of paths


@dataclass
class Listing:
    """The files and folders below a folder, relative to it, the files in natural order; hidden ones are not there."""

    images: list[Path]
    passed_over: list[Path]
    folders: list[Path]


@dataclass
class Table:
    """Images with a column of words for each factor; ``named``: the columns are words even where they are numbers.

    ``split``: 0 or 1 for each image, train or test, where the folders or a column say so.
    """

    images: list[Path]
    columns: dict[str, list[str]]
    named: bool
    notes: list[str]
    split: list[int] | None = None

    def without(self, damaged: set[Path]) -> "Table":
        """The same, less some images."""
        keep = [i for i, image in enumerate(self.images) if image not in damaged]
        columns = {name: [words[i] for i in keep] for name, words in self.columns.items()}
        split = None if self.split is None else [self.split[i] for i in keep]
        return Table([self.images[i] for i in keep], columns, self.named, self.notes, split)


def images_below(root: Path) -> list[Path]:
    """The image files below a folder, in natural order of their names; MissingFile if there are none."""
    return [root / image for image in listed(root).images]


def listed(root: Path) -> Listing:
    """What lies below a folder; a link is followed, unless to a folder above itself.

    Raises MissingFile if there are no images, UnsafeFile for more than five million files.
    """
    listing = Listing([], [], [])
    for number, file in enumerate(_files(root, listing.folders)):
        if number >= _MOST:
            raise UnsafeFile(f"{root}: more than {_MOST:,} files below it, or links that repeat them; not read")
        kind = listing.images if file.suffix.lower() in read_images.SUFFIXES else listing.passed_over
        kind.append(file.relative_to(root))
    for kind in (listing.images, listing.passed_over):
        kind.sort(key=lambda file: [factor_columns.natural(part) for part in file.parts])
    if not listing.images:
        other = f" ({counted(listing.passed_over, 'other file')})" if listing.passed_over else ""
        known = other_files.remark(root, listing.passed_over)
        expected = "expected .png, .jpg, .webp, .pgm, ... or folders of them"
        raise MissingFile(f"{root}: holds no images{other}; {known or expected}")
    return listing


def _files(root: Path, folders: list[Path]) -> Iterator[Path]:
    """Every file below a folder that is not hidden; the folders join ``folders``, relative to it."""
    waiting = [(root, frozenset({os.path.realpath(root)}))]  # each with the folders above it, and itself
    met = 0
    while waiting:
        folder, above = waiting.pop()
        with os.scandir(folder) as entries:
            for entry in entries:
                if archive.is_hidden(entry.name):
                    continue
                if not os.path.isdir(entry.path):  # also where links lead round in a circle
                    yield Path(entry.path)
                elif (real := os.path.realpath(entry.path)) not in above:
                    met += 1
                    if met > _MOST:
                        raise UnsafeFile(f"{root}: more than {_MOST:,} folders below it, or links that repeat them")
                    folders.append(Path(entry.path).relative_to(root))
                    waiting.append((Path(entry.path), above | {real}))


def by_folder(root: Path, listing: Listing, strict: bool = False) -> Table:
    """The first folder on the way to an image is its class; images without folders have none.

    Where these folders are the parts of a split (``train``, ``val``, ``test``), the folders in them are the classes.
    Labels in files beside the images come before folders. DataMismatch where some images have a class and others do
    not; ``strict``: also where some have labels beside them and others do not.
    """
    loose = [image for image in listing.images if len(image.parts) == 1]
    if loose and len(loose) < len(listing.images):
        raise DataMismatch(
            f"{root}: holds images beside folders of images ({counted(loose, 'image')}):"
            " put them into a class's folder, or name a --csv of factors"
        )
    split, notes = _split(listing.images)
    notes += filter(None, [labels_beside.shared_keys(listing.images)])
    suffixes = (labels_beside.CLASS, labels_beside.FIELDS) if loose else (labels_beside.CLASS,)
    labels = labels_beside.beside(root, listing.images, listing.passed_over, suffixes)
    if labels is not None:
        notes += labels.notes
    if labels is not None and (labels.columns or labels.split):
        listing.passed_over = [file for file in listing.passed_over if file.suffix != labels.suffix]
        return Table(listing.images, labels.columns, False, notes, split or labels.split)
    if labels is not None and strict:
        raise DataMismatch(f"{root}: {labels.notes[0]}")
    if loose:
        notes.append("no folders of classes and no --csv: the data has no factors")
        return Table(listing.images, {}, True, notes)
    level = 0 if split is None else 1
    if any(len(image.parts) == level + 1 for image in listing.images):
        _require_classes_in_all_or_none(root, listing.images)
        return Table(
            listing.images, {}, True, [*notes, "no folders of classes in them: the data has no factors"], split
        )
    words = [as_text(image.parts[level]) for image in listing.images]
    classes = set(words)
    empty = [file for file in listing.folders if len(file.parts) == level + 1 and as_text(file.name) not in classes]
    if lost := [file for file in listing.passed_over if file.parent in empty]:
        known = other_files.remark(root, lost)
        notes.insert(
            0,
            f"no class of {counted(sorted({file.parent for file in lost}), 'folder')}: no image in it, but"
            f" {counted(lost, 'other file')}{f'; {known}' if known else ''}",
        )
    if empty := [file for file in empty if file not in {file.parent for file in lost}]:
        notes.append(f"no class of {counted(sorted(empty), 'folder')} (no images in it)")
    deeper = next((image for image in listing.images if len(image.parts) > level + 2), None)
    if deeper is not None:
        notes.append(f"folders below those of the classes are not used, such as {deeper.parent}")
    if len(set(words)) == 1:
        hint = f"; --from {root / deeper.parts[0]} makes classes of those in it" if deeper and not level else ""
        notes.append(f"one class only ({words[0]}): nothing can be scored or swapped by class{hint}")
    return Table(listing.images, {"class": words}, True, notes, split)


def _split(images: list[Path]) -> tuple[list[int] | None, list[str]]:
    """1 for each image that is for testing where the first folders are the parts of a split, with a note; else None.

    They are where their names say so (:mod:`~disentool.datasets.split_words`), and no image lies beside them.
    """
    words = [image.parts[0] for image in images if len(image.parts) > 1]
    found = split_words.parts(words) if len(words) == len(images) else None
    if found is None:
        return None, []
    split, which = found
    return split, [f"the folders {', '.join(sorted(set(words)))} are the parts of a split, not classes ({which})"]


def _require_classes_in_all_or_none(root: Path, images: list[Path]) -> None:
    """DataMismatch where a part of a split has its images in folders, and another has them in none."""
    flat = {image.parts[0] for image in images if len(image.parts) == 2}
    classed = sorted({image.parts[0] for image in images if len(image.parts) > 2} - flat)
    without = sorted(flat - {image.parts[0] for image in images if len(image.parts) > 2})
    if classed and without:
        raise DataMismatch(
            f"{root}: {' and '.join(without)} has images without folders of classes, {' and '.join(classed)} has such"
            f" folders; --from {root / classed[-1]} reads those alone"
        )


def as_text(name: str) -> str:
    """A file's name as text; bytes that are no UTF-8 as \\xff."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


def counted(found: Sequence[Any], what: str) -> str:
    """How many there are of a kind, and the names of the first."""
    return f"{len(found):,} {what}{'' if len(found) == 1 else 's'}: {some(found)}"
