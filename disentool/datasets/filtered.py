"""Any source with only those images whose factors have the values asked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from disentool.datasets import split_words
from disentool.datasets.source import Source
from disentool.errors import UnknownName, WrongUsage
from disentool.io import class_words

_FLAG = "--keep"
_SHOWN = 5  # of the classes that a note names


def parse(rules: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """``FACTOR=VALUE,VALUE`` rules as factor -> values, in words. Raises WrongUsage."""
    wanted: dict[str, tuple[str, ...]] = {}
    for rule in rules:
        name, sign, values = rule.partition("=")
        parts = tuple(part.strip() for part in values.split(","))
        if not (name and sign and all(parts)):
            raise WrongUsage(f"{_FLAG} {rule}: expected FACTOR=VALUE,VALUE, such as shape=0,2 or scale=0-3")
        if name in wanted:
            raise WrongUsage(f"{_FLAG} {rule}: {name} is given twice; name all its values at once")
        wanted[name] = parts
    return wanted


def filtered(source: Source, wanted: Mapping[str, Sequence[str]]) -> Source:
    """The source with the rows whose factors are among ``wanted``: factor -> values, ranges of values (3-5).

    A value is what :meth:`Source.words` calls a class. Only where no class is called by a number does a number count
    the classes from 0. Of a measurement that was cut into bins, the measured numbers themselves are compared. Classes
    are numbered anew, 0.., in their order; of a grid a grid is left. Factors of one class stay. Raises UnknownName and
    WrongUsage.
    """
    if not wanted:
        return source
    classes = [np.arange(size) for size in source.factor_sizes]
    measured = np.ones(source.shape[0], bool)
    words, notes = source.words(), []
    for name, values in wanted.items():
        if name not in source.factor_names:
            if source.split is not None and split_words.names_a_split(name):
                raise WrongUsage(
                    f"{_FLAG} {name}: no factor of {source.name}, but the parts of its split; write it with --split"
                    f" published, and commands take those rows by --rows train or --rows test"
                )
            raise UnknownName(f"factor of {source.name} for {_FLAG}", name, source.factor_names)
        column = source.factor_names.index(name)
        if name in source.continuous:
            measured &= _measured(name, values, source.continuous[name])
        else:
            named = words.get(name, ())
            classes[column], counted = _classes(name, values, source.factor_sizes[column], named)
            meant = ", ".join(f"{number} is {named[number]}" for number in counted[:_SHOWN] if named)
            more = ", ..." if len(counted) > _SHOWN else ""
            notes += [f"{_FLAG} {name}: numbers count the classes from 0: {meant}{more}"] if meant else []
    bins = not measured.all()
    rows = _rows(replace(source, grid=source.grid and not bins), classes)
    rows = rows[measured[rows]]
    if not len(rows):
        raise WrongUsage(f"{_FLAG}: no image of {source.name} has all of these values")
    if bins:  # some of them may have lost all their images
        table = source.factors(rows)
        for column, name in enumerate(source.factor_names):
            if name in source.continuous and name in wanted:
                classes[column] = np.unique(table[:, column])
    renumber = [np.zeros(size, np.int32) for size in source.factor_sizes]
    for new, old in zip(renumber, classes, strict=True):
        new[old] = np.arange(len(old))

    def of(some: np.ndarray | None) -> np.ndarray:
        return rows if some is None else rows[some]

    def images(some: np.ndarray | None) -> Iterator[np.ndarray]:
        return source.images(of(some))

    def factors(some: np.ndarray | None) -> np.ndarray:
        table = source.factors(of(some))
        return np.stack([new[column] for new, column in zip(renumber, table.T, strict=True)], axis=1)

    made_of, less = source.made_of, source.without

    def without(files: Sequence[tuple[Path, str]]) -> Source:
        assert less is not None
        return filtered(less(files), wanted)

    said = " ".join(f"{name}={','.join(values)}" for name, values in wanted.items())
    by_name = dict(zip(source.factor_names, classes, strict=True))
    return replace(
        source,
        shape=(len(rows), *source.shape[1:]),
        images=images,
        factors=factors,
        factor_sizes=tuple(len(old) for old in classes),
        factor_values={name: np.asarray(values)[by_name[name]] for name, values in source.factor_values.items()},
        class_names={name: tuple(words[i] for i in by_name[name]) for name, words in source.class_names.items()},
        continuous={name: np.asarray(values)[rows] for name, values in source.continuous.items()},
        grid=source.grid and not bins,
        made=source.made if made_of is None else made_of(rows),
        made_of=None if made_of is None else lambda some: made_of(rows[some]),
        split=None if source.split is None else source.split[rows],
        source=f"{source.source}, kept {said}",
        notes=(*source.notes, *notes),
        without=None if less is None else without,
    )


def _classes(name: str, values: Sequence[str], size: int, words: Sequence[str]) -> tuple[np.ndarray, list[int]]:
    """The classes that the values mean, ascending; and those of them that were named by their numbers."""
    chosen: set[int] = set()
    counted: set[int] = set()
    by_number = not class_words.any_number(words)
    for value in values:
        found, ends = class_words.find(words, value), class_words.interval(value)
        first, dash, last = value.partition("-")
        inside: Sequence[int] = []
        if found is not None:
            inside = [found]
        elif not by_number:
            inside = [] if ends is None else class_words.within(words, *ends)
        elif first.isdecimal() and (not dash or last.isdecimal()):
            low, high = (class_words.number(end) for end in (first, last or first))
            if low is not None and high is not None and low <= high < size:
                inside = range(int(low), int(high) + 1)
                counted.update(inside)
        if not inside:
            known = f"{', '.join(words[:10])}{', ...' if len(words) > 10 else ''}" if words else ""
            expected = f"classes 0 to {size - 1}, ranges such as 0-2" if by_number else "values or ranges of"
            either = " or " if by_number and known else " "
            raise WrongUsage(f"{_FLAG} {name}={value}: expected {expected}{either}{known}".rstrip())
        chosen.update(inside)
    return np.array(sorted(chosen)), sorted(counted)


def _measured(name: str, values: Sequence[str], numbers: np.ndarray) -> np.ndarray:
    """Which rows of a measurement (float64 [N]) have one of these values, or lie in one of these ranges: bool [N]."""
    kept = np.zeros(len(numbers), bool)
    asked: list[float] = []
    for value in values:
        ends, one = class_words.interval(value), class_words.number(value)
        low, high = ends if ends is not None else (one, one)
        if low is None or high is None:
            span = f"{numbers.min():g}-{numbers.max():g}"
            raise WrongUsage(f"{_FLAG} {name}={value}: expected numbers, or ranges of numbers within {span}")
        asked += [float(low), float(high)]
        kept |= (numbers >= float(low)) & (numbers <= float(high))
    if not kept.any():
        there = np.unique(numbers)
        nearest = sorted({there[np.abs(there - end).argmin()] for end in asked})[:_SHOWN]
        raise WrongUsage(
            f"{_FLAG} {name}={','.join(values)}: no image has such a value; it goes from {there[0]:g} to {there[-1]:g},"
            f" and the nearest {'is' if len(nearest) == 1 else 'are'} {', '.join(f'{each:g}' for each in nearest)};"
            f" a range takes more, such as {name}={there[0]:g}-{there[-1]:g}"
        )
    return kept


def _rows(source: Source, classes: Sequence[np.ndarray]) -> np.ndarray:
    """The rows whose factors are all among ``classes``, ascending: of a grid by arithmetic."""
    if source.grid:
        grid = np.meshgrid(*classes, indexing="ij", sparse=True)
        return np.ravel_multi_index(np.broadcast_arrays(*grid), source.factor_sizes).ravel().astype(np.int64)
    table = source.factors(None)
    inside = [np.isin(column, old) for column, old in zip(table.T, classes, strict=True)]
    return np.flatnonzero(np.logical_and.reduce(inside)).astype(np.int64)
