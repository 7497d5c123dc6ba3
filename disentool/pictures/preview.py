"""A data set at a glance: one picture with a row per factor, in which that factor alone changes."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from disentool.datasets.cache import downloaded
from disentool.datasets.opening import open_source
from disentool.datasets.source import Source, Unreadable
from disentool.io import files, provenance
from disentool.models.label import Label
from disentool.pictures import lettering, printing, stills, writing
from disentool.pictures.canvas import Sheet
from disentool.pictures.layout import Block
from disentool.pictures.printing import Paper
from disentool.reporting import Reporter, Silent

_MOST = 15  # values of a factor that are shown: evenly spaced where it has more
_MOST_FACTORS = 24  # rows of the picture
_SIZE = 72  # about how many pixels an image's longer side gets


def preview(
    name: str,
    output: Path,
    *,
    raw: Path | None = None,
    size: tuple[int, int] | None = None,
    grey: bool | None = None,
    options: Mapping[str, Any] | None = None,
    keep: Mapping[str, Sequence[str]] | None = None,
    download: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Path:
    """Draw ``name`` to ``output`` (.png .pdf .svg): a row per factor, in which it alone changes from left to right.

    Of a grid every image is exactly that; elsewhere it is the first row that has the value and agrees with the fixed
    others in most factors, and a note says how many agree in all. Only these images are rendered or read. The other
    arguments are those of :func:`disentool.commands.prepare.prepare`. The same data make the same bytes.
    """
    report = report or Silent()
    writing.check_suffix(output, writing.STILL)
    output = files.probe(output, overwrite=overwrite)
    if download:
        raw = downloaded(name, raw, report)
    source = open_source(name, raw, size, grey, options or {}, keep)
    if raw:
        files.require_apart(output, raw)
    with files.claim(output):
        while True:
            table = None if source.grid else source.factors(None)
            shown = _shown(source, table)
            try:
                images = _images(source, np.concatenate([rows for _, rows in shown]))
                break
            except Unreadable as error:  # once again, without them
                if source.without is None:
                    raise
                source = source.without(error.files)
        if table is not None and table.shape[1] > 1:
            report.note(f"{output}: {_agreement(source, table, shown)}")
        if len(source.factor_names) > _MOST_FACTORS:
            report.note(f"{output}: the first {_MOST_FACTORS} of {len(source.factor_names)} factors are shown")
        comment = json.dumps(
            {"created_by": provenance.created_by(), "name": source.name, "source": source.source}, ensure_ascii=False
        )
        blocks, cells = _drawn(source, shown, images)
        _, height, width, _ = source.shape
        printed = printing.fit(
            output, blocks, height, width, None, _SIZE, paper=Paper(), dpi=printing.SCREEN, report=report
        )
        sheet = Sheet(blocks, height, width, printed.factor, **printed.letters)
        stills.write(output, sheet, cells, dpi=printed.dpi, overwrite=overwrite, comment=comment)
    for note in source.notes:
        report.note(f"{output}: {note}")
    return output


def _base(source: Source) -> np.ndarray:
    """The class that each factor keeps while another changes: int64 [K].

    The middle one; factors with the same values (three hues, two axes) are spread, so that they differ.
    """
    kinds = [
        tuple(source.factor_values.get(name, range(size)))
        for name, size in zip(source.factor_names, source.factor_sizes, strict=True)
    ]
    places = [(2 * kinds[:k].count(kind) + 1) / (2 * kinds.count(kind)) for k, kind in enumerate(kinds)]
    return np.array([int(place * size) for place, size in zip(places, source.factor_sizes, strict=True)], np.int64)


def _shown(source: Source, table: np.ndarray | None) -> list[tuple[np.ndarray, np.ndarray]]:
    """For each factor the classes to show and the row of each: int64 [n] both. Without factors, images evenly spaced.

    ``table``: factors int [N,K] of a set that is no grid, in which a class that no row has is left out.
    """
    if not source.factor_names:
        rows = _spread(source.shape[0])
        return [(rows, rows)]
    if table is None:
        base, found = _base(source), []
        for k, size in enumerate(source.factor_sizes[:_MOST_FACTORS]):
            classes = _spread(size)
            factors = np.tile(base, (len(classes), 1))
            factors[:, k] = classes
            found.append((classes, np.ravel_multi_index(tuple(factors.T), source.factor_sizes)))
        return found
    base = _nearest(source, table)
    agreeing = (table == base).sum(axis=1)
    found = []
    for k in range(min(table.shape[1], _MOST_FACTORS)):
        present = np.unique(table[:, k])
        classes = present[_spread(len(present))]
        others = agreeing - (table[:, k] == base[k])
        rows = np.array([int(np.where(table[:, k] == one, others, -1).argmax()) for one in classes])
        found.append((classes, rows))
    return found


def _nearest(source: Source, table: np.ndarray) -> np.ndarray:
    """The first row of ``table`` that agrees with the base in most factors."""
    return table[(table == _base(source)).sum(axis=1).argmax()]


def _spread(count: int) -> np.ndarray:
    """0..count-1, or as many of them as are shown, both ends included."""
    return np.linspace(0, count - 1, min(count, _MOST)).round().astype(np.int64)


def _images(source: Source, rows: np.ndarray) -> np.ndarray:
    """uint8 [n,H,W,C] of rows in any order."""
    ascending, places = np.unique(rows, return_inverse=True)
    return np.concatenate(list(source.images(ascending)))[places]


def _agreement(source: Source, table: np.ndarray, shown: list[tuple[np.ndarray, np.ndarray]]) -> str:
    base = _nearest(source, table)
    exact = total = 0
    for k, (_, rows) in enumerate(shown):
        same = np.delete(table[rows] == base, k, axis=1)
        exact, total = exact + int(same.all(axis=1).sum()), total + len(rows)
    nearest = "" if exact == total else "not a grid: the nearest rows are shown; "
    return f"{nearest}in {exact} of {total} images all other factors keep their class"


def _drawn(
    source: Source, shown: list[tuple[np.ndarray, np.ndarray]], images: np.ndarray
) -> tuple[list[Block], list[np.ndarray]]:
    """A block per factor, its values above it; and the cells of each, uint8 [1,n,H,W,C]."""
    names = source.factor_names or ("images",)
    sizes = source.factor_sizes or (source.shape[0],)
    blocks, cells, start = [], [], 0
    for name, size, (classes, _) in zip(names, sizes, shown, strict=False):
        some = f"{len(classes)} of " if len(classes) < size else ""
        label = Label(name, f"{some}{size:,}" + (" values" if source.factor_names else ""))
        blocks.append(Block((label,), tuple(map(Label, _words(source, name, classes))), thinned=False))
        cells.append(images[start : start + len(classes)][None])
        start += len(classes)
    return blocks, cells


def _words(source: Source, name: str, classes: np.ndarray) -> list[str]:
    """What classes of a factor are called: their words, their values, or their numbers."""
    if name in source.class_names:
        return [source.class_names[name][one] for one in classes]
    if name in source.factor_values:
        return lettering.numbers([float(source.factor_values[name][one]) for one in classes])
    return [str(one) for one in classes]
