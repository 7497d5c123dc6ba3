"""Pairs of images (i, j) for which the image with the class of i and all other factors of j is known."""

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class TruePairs:
    """All triples (i, j, t): t has the class of i, but other content, and the content of j, but another class.

    They are numbered 0..``total``-1 by t, then i, then j; :meth:`at` gives those of some numbers. Where several rows
    share class and content, each of them is a true image. Make one with :func:`find`.
    """

    targets: np.ndarray  # int64 [T]
    ends: np.ndarray  # int64 [T]: how many triples there are up to and with each target
    classes: "_Others"  # of each target
    contents: "_Others"

    @property
    def total(self) -> int:
        """How many triples there are."""
        return int(self.ends[-1]) if len(self.ends) else 0

    def at(self, numbers: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """i, j and t, int64 [B] each: rows that give the class, the content, and the true image."""
        which = np.searchsorted(self.ends, numbers, side="right")
        place = numbers - np.where(which > 0, self.ends[which - 1], 0)
        first, second = np.divmod(place, self.contents.counts[which])
        return self.classes.at(which, first), self.contents.at(which, second), self.targets[which]

    def draw(self, count: int | None, rng: np.random.Generator) -> np.ndarray:
        """``count`` different numbers, sorted; all of them for None, or where there are no more: int64 [B]."""
        if count is None or count >= self.total:
            return np.arange(self.total)
        return np.sort(rng.choice(self.total, count, replace=False))


@dataclass(frozen=True, eq=False)
class _Others:
    """For each target the rows that share one label with it and not the other.

    ``order``: rows sorted by the first label, then the second; a target's are those from ``starts`` on, ``counts`` of
    them, without the ``cells`` rows from ``gaps`` on, which share both. All int64 [T] but ``order``.
    """

    order: np.ndarray
    starts: np.ndarray
    counts: np.ndarray
    gaps: np.ndarray
    cells: np.ndarray

    def at(self, which: np.ndarray, place: np.ndarray) -> np.ndarray:
        index = self.starts[which] + place
        return self.order[np.where(index >= self.gaps[which], index + self.cells[which], index)]


def find(classes: np.ndarray, contents: np.ndarray, targets: np.ndarray) -> TruePairs:
    """Every triple whose true image is one of ``targets`` (int64 [T], rows); ``classes``, ``contents``: int [n] labels.

    Memory and time are of the order of the rows, however many triples there are.
    """
    of_class, of_content = _others(classes, contents, targets), _others(contents, classes, targets)
    ends = np.cumsum(of_class.counts * of_content.counts)
    return TruePairs(targets, ends, of_class, of_content)


def _others(shared: np.ndarray, differing: np.ndarray, targets: np.ndarray) -> _Others:
    order = np.lexsort((differing, shared))
    # both labels as one number, in that order
    joint = shared.astype(np.int64) * (int(differing.max()) + 1) + differing
    ordered, wanted = joint[order], joint[targets]
    gaps = np.searchsorted(ordered, wanted)
    cells = np.searchsorted(ordered, wanted, side="right") - gaps
    ordered, wanted = shared[order], shared[targets]
    starts = np.searchsorted(ordered, wanted)
    counts = np.searchsorted(ordered, wanted, side="right") - starts - cells
    return _Others(order, starts, counts, gaps, cells)
