"""Which column of a table names the images where none does so with a suffix: 17 may be 17.png, a rank or an age."""

from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from disentool.datasets import missing_values, row_numbers
from disentool.datasets.table_paths import ImagePaths
from disentool.errors import ForeignFile

_TRIED = 200  # rows in which words are looked for that name an image
# Names of columns, without blanks and marks, that are of images; those to be trusted most come first.
_OF_IMAGES = (
    *("file", "filename", "filepath", "image", "img", "picture", "photo", "path"),
    *("imagefile", "imagename", "imgname", "imagepath", "imgpath"),
    *("imageid", "imgid", "pictureid", "photoid", "imagenumber", "imageno"),
)
# Names that a column of images has as well, and columns of other things have too.
_PERHAPS = ("name", "id", "frame", "frameid", "framenumber", "sampleid")
_NAMES = _OF_IMAGES + _PERHAPS


class Found(NamedTuple):
    """The column that names the images, and those that are left out since they name images and are no factors."""

    at: int
    others: list[int]


def found(path: Path, names: Sequence[str], columns: Sequence[list[str]], paths: ImagePaths) -> Found | None:
    """The column of the table ``path`` whose words name images without their suffix; None where no column's do.

    It has no word twice. Of several, the one that is called as one of images is; else the one that does not number the
    rows. ForeignFile where several may name them, each other ones, and nothing tells which is meant.
    """
    fits = {i: _fit(words, paths) for i, words in enumerate(columns) if _different(names[i], words)}
    hits = {i: len(set(filter(None, fit))) for i, fit in fits.items() if any(fit)}
    good = [i for i in hits if 2 * hits[i] >= max(hits.values())]
    if not good:
        return None
    numbering = [i for i in good if row_numbers.numbers_rows(names[i], columns[i])]
    at, *rivals = _likely(names, good, numbering, hits, fits)
    if rivals:
        either = " and ".join(f"column {i + 1} ({names[i] or 'without a name'})" for i in sorted([at, *rivals]))
        image = next(filter(None, fits[at]))
        raise ForeignFile(
            f"{path}: {either} may each name the images; call the one that does file, or write its words with the"
            f" suffix, such as {image}"
        )
    same = [i for i in good if fits[i] == fits[at] or (i in numbering and rank(names[i]) < len(_NAMES))]
    return Found(at, [i for i in same if i != at])


def rank(name: str) -> int:
    """How much a column of this name is to be trusted to name images: 0 is most, and any name of other things last."""
    return _NAMES.index(row_numbers.plain(name)) if row_numbers.plain(name) in _NAMES else len(_NAMES)


def _different(name: str, words: Sequence[str]) -> bool:
    """Whether no word occurs twice, gaps aside; under a name for images most words, as one may be there by mistake."""
    filled = [word for word in words if word and not missing_values.of_programs(word)]
    count = len(set(filled))
    return count == len(filled) or (rank(name) < len(_NAMES) and 2 * count > len(filled))


def _fit(words: Sequence[str], paths: ImagePaths) -> list[Path | None]:
    """The image that each word names; an empty list where a sample of them names none."""
    if not any(map(paths.find, words[:: max(1, len(words) // _TRIED)])):
        return []
    return [paths.find(word) for word in words]


def _likely(
    names: Sequence[str],
    good: Sequence[int],
    numbering: Sequence[int],
    hits: dict[int, int],
    fits: dict[int, list[Path | None]],
) -> list[int]:
    """The column of ``good`` that names the images, and the others that may do so as well, where nothing tells.

    ``numbering``: those that number the rows; ``hits``: how many images each names; ``fits``: the images of its rows.

    Row numbers that no one called otherwise stand back, unless they name more images than each of the others.
    """
    first = min(good, key=lambda i: rank(names[i]))
    if rank(names[first]) < len(_OF_IMAGES):
        return [first]
    nameless = [i for i in numbering if rank(names[i]) == len(_NAMES)]
    most = max((hits[i] for i in good if i not in nameless), default=0)
    left = [i for i in good if i not in nameless or hits[i] > most]
    first = min(left, key=lambda i: rank(names[i]))
    rivals = [i for i in left if fits[i] != fits[first]]
    if rank(names[first]) < len(_NAMES):
        rivals = [i for i in rivals if hits[i] > hits[first] or (hits[i] == hits[first] and first in numbering)]
    return [first, *rivals]
