"""Any source with only those images whose factors have the values asked for."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from disentool.datasets.source import Source
from disentool.errors import UnknownName, WrongUsage

_FLAG = "--keep"


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
    """The source with the rows whose factors are among ``wanted``: factor -> class names, class numbers, ranges (3-5).

    Classes are numbered anew, 0.., in their order; of a grid a grid is left. Factors of one class stay. Raises
    UnknownName and WrongUsage.
    """
    if not wanted:
        return source
    classes = [np.arange(size) for size in source.factor_sizes]
    for name, values in wanted.items():
        if name not in source.factor_names:
            raise UnknownName(f"factor of {source.name} for {_FLAG}", name, source.factor_names)
        column = source.factor_names.index(name)
        words = source.class_names.get(name, ())
        classes[column] = _classes(name, values, source.factor_sizes[column], words)
    rows = _rows(source, classes)
    if not len(rows):
        raise WrongUsage(f"{_FLAG}: no image of {source.name} has all of these values")
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

    less = source.without

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
        split=None if source.split is None else source.split[rows],
        source=f"{source.source}, kept {said}",
        without=None if less is None else without,
    )


def _classes(name: str, values: Sequence[str], size: int, words: Sequence[str]) -> np.ndarray:
    """The class numbers that the values mean, ascending."""
    chosen: set[int] = set()
    for value in values:
        first, _, last = value.partition("-")
        if value in words:
            chosen.add(words.index(value))
        elif first.isdecimal() and (last or first).isdecimal() and int(first) <= int(last or first) < size:
            chosen.update(range(int(first), int(last or first) + 1))
        else:
            known = f" or {', '.join(words[:10])}{', ...' if len(words) > 10 else ''}" if words else ""
            raise WrongUsage(f"{_FLAG} {name}={value}: expected classes 0 to {size - 1}, ranges such as 0-2{known}")
    return np.array(sorted(chosen))


def _rows(source: Source, classes: Sequence[np.ndarray]) -> np.ndarray:
    """The rows whose factors are all among ``classes``, ascending: of a grid by arithmetic."""
    if source.grid:
        grid = np.meshgrid(*classes, indexing="ij", sparse=True)
        return np.ravel_multi_index(np.broadcast_arrays(*grid), source.factor_sizes).ravel().astype(np.int64)
    table = source.factors(None)
    inside = [np.isin(column, old) for column, old in zip(table.T, classes, strict=True)]
    return np.flatnonzero(np.logical_and.reduce(inside)).astype(np.int64)
