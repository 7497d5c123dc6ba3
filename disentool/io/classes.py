"""Which class an image is of: the value of one factor, or of several joined."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from disentool.errors import DataMismatch, DisentoolError, NoFactors, UnknownName, WrongUsage
from disentool.io import class_words

MAX_CLASSES = 1_000_000  # a code is kept for each, trained or not
_JOIN = "+"
STYLE = "style"  # the factor that clusters within each class make


@dataclass(frozen=True)
class ClassFactor:
    """The factors ``names``, the columns ``columns`` of a data set's factors, whose values together are the class."""

    names: tuple[str, ...]
    columns: tuple[int, ...]
    sizes: tuple[int, ...]

    @property
    def count(self) -> int:
        """How many classes there can be; not all of them need have images."""
        return math.prod(self.sizes)

    @property
    def text(self) -> str:
        """Its name: the factors joined by a plus."""
        return _JOIN.join(self.names)

    def of(self, factors: Any) -> Any:
        """The class 0..count-1 of each row, int [N], of factors int [N,K]; an array or a tensor, as they are.

        The last factor counts fastest.
        """
        index = factors[:, self.columns[0]]
        for column, size in zip(self.columns[1:], self.sizes[1:], strict=True):
            index = index * size + factors[:, column]
        return index

    def values(self, index: int) -> tuple[int, ...]:
        """The value of each of its factors, of the class ``index``."""
        out = []
        for size in reversed(self.sizes):
            index, value = divmod(index, size)
            out.append(value)
        return tuple(reversed(out))

    def label(self, index: int, words: Mapping[str, Sequence[str]]) -> str:
        """What people call a class: its factors' ``words`` where there are some, else their numbers."""
        parts = zip(self.names, self.values(index), strict=True)
        return _JOIN.join(str(words[name][value]) if name in words else str(value) for name, value in parts)

    def index(self, text: str, words: Mapping[str, Sequence[str]]) -> int:
        """The class that ``text`` names: a word or a number for each factor, joined by a plus.

        A number counts the classes from 0 only where no word is a number: the rating 1 is never the second rating.
        UnknownName or WrongUsage say what was expected.
        """
        whole = len(self.names) == 1  # then a word may hold a plus itself
        parts = [text] if whole else text.split(_JOIN)
        if len(parts) != len(self.names):
            raise WrongUsage(f"class {text!r}: expected {len(self.names)} values joined by a plus, of {self.text}")
        index = 0
        for name, size, part in zip(self.names, self.sizes, parts, strict=True):
            known = list(words.get(name, ()))
            found = class_words.find(known, part)
            if found is not None:
                value = found
            elif (place := _class_number(part, size)) is not None and not class_words.any_number(known):
                value = place
            elif known:
                raise UnknownName(f"{name}", part, known)
            else:
                raise WrongUsage(f"class {text!r}: expected {name} as a number from 0 to {size - 1}")
            index = index * size + value
        return index


def _class_number(text: str, size: int) -> int | None:
    """A class 0..size-1 by its number; None where the text is no such number."""
    value = class_words.number(text) if text.isdecimal() else None
    return int(value) if value is not None and value < size else None


def joined(*names: str) -> str:
    """The name of several factors joined, as :func:`choose` reads it."""
    return _JOIN.join(names)


def choose(spec: str, factor_names: Sequence[str], factor_sizes: Sequence[int], default: str = "") -> ClassFactor:
    """The class factor ``spec`` of data with these factors: names joined by a plus; ``auto``: ``default``.

    Raises NoFactors where the data has none or names none, UnknownName, WrongUsage or DataMismatch.
    """
    if not factor_names:
        raise NoFactors(
            "has no factors, and a method with classes needs to know the class of each image; `disentool prepare folder"
            " FOLDER` reads classes from a folder for each class, or from a table that --csv names"
        )
    text = default if spec == "auto" else spec
    if not text:
        raise NoFactors(
            f"does not say which factor is the class; --class-factor names it (it has {', '.join(factor_names)})"
        )
    names = tuple(text.split(_JOIN)) if text not in factor_names else (text,)
    for name in names:
        if name not in factor_names:
            raise WrongUsage(f"--class-factor {name}: no such factor; the data has {', '.join(factor_names)}")
    if len(set(names)) < len(names):
        raise WrongUsage(f"--class-factor {text}: names a factor twice")
    columns = tuple(list(factor_names).index(name) for name in names)
    chosen = ClassFactor(names, columns, tuple(int(factor_sizes[column]) for column in columns))
    if chosen.count > MAX_CLASSES:
        raise DataMismatch(f"--class-factor {text}: {chosen.count:,} classes, expected at most {MAX_CLASSES:,}")
    return chosen


def describes(found: Any, factor_names: Sequence[str], factor_sizes: Sequence[int]) -> bool:
    """Whether ``found`` is a right ``classes`` entry, as checkpoints and latents files have it, for these factors."""
    try:
        factor = choose(found["factor"], factor_names, factor_sizes)
        images, words = found["images"], found["names"]
        sizes = dict(zip(factor_names, factor_sizes, strict=True))
        right = len(images) == factor.count and all(type(n) is int and n >= 0 for n in images)
        return right and all(
            len(names) == sizes[name] and all(type(word) is str for word in names) for name, names in words.items()
        )
    except (DisentoolError, KeyError, TypeError, ValueError, AttributeError):
        return False
