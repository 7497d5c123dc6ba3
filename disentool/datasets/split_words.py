"""The words that people write for the parts of a published split: names of folders, or of a column's values."""

import re
from collections.abc import Sequence

_TRAIN, _TEST = ("train", "training"), ("test", "testing")
_VALIDATION = ("val", "valid", "validation", "dev", "eval")
_PARTS = {name: part for part in (_TRAIN, _TEST, _VALIDATION) for name in part}
_COLUMNS = {"split", "set", "subset", "partition", "fold", "phase", "dataset", "datasplit"}


def names_a_split(column: str) -> bool:
    """Whether a column of this name may say the part of each image: split, set, data_split, ..."""
    return re.sub(r"[\s_.-]+", "", column.casefold()) in _COLUMNS


def parts(words: Sequence[str]) -> tuple[list[int], str] | None:
    """1 for each word that means the part for testing, 0 for the others, and which words are for either.

    None where the words are not the parts of a split: one for training, one for testing or validation, and no other.
    Beside a part for testing, that for validation is for training.
    """
    kinds = {word: _PARTS.get(word.lower()) for word in set(words)}
    found = set(kinds.values())
    if None in found or _TRAIN not in found or len(found) < 2:
        return None
    testing = _TEST if _TEST in found else _VALIDATION
    tests, others = (
        " and ".join(sorted(word for word, kind in kinds.items() if (kind is testing) is wanted))
        for wanted in (True, False)
    )
    return [int(kinds[word] is testing) for word in words], f"{tests}: for testing, {others}: for training"
