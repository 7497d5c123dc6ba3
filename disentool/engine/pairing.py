"""Pairs of rows that share all factors but a few: the weak supervision of Locatello et al. (2020)."""

import numpy as np

from disentool.errors import DataMismatch, NoFactors

_TRIES = 200  # redraws of pairs whose partner the data does not hold
_GUESSES = 32  # rows that are tried before all that share what stays are looked through
_KEPT = 64  # orders of an incomplete data set that are remembered, one per set of factors that change


class Pairs:
    """Draws pairs from the factors of a data set.

    For each pair: a row, how many factors change (``changes``, or 1 to K-1 evenly), which of them, and a row that has
    another value of each of these and the same of all others. Where the data holds every combination of values once,
    values are drawn evenly. Elsewhere a partner is drawn evenly among the rows that qualify. Where no row does, another
    row and as many other factors are drawn; after half of the tries, the number of factors is drawn again too, as
    sparse data has fewer pairs that differ in few factors. Factors with a single value do not count.

    Raises NoFactors or DataMismatch where the data cannot give such pairs.
    """

    def __init__(self, factors: np.ndarray | None, changes: int | None):
        """``factors``: int [N,K], or None where the data has none."""
        if factors is None:
            raise NoFactors("has no factors, by which pairs of images are drawn; train a method that needs no pairs")
        columns = [np.unique(column, return_inverse=True) for column in factors.T]
        kept = [(len(values), codes) for values, codes in columns if len(values) > 1]
        if len(kept) < 2:
            raise DataMismatch(f"{len(kept)} of its factors vary, and pairs that share some need two or more")
        if changes is not None and changes >= len(kept):
            raise DataMismatch(
                f"--changes {changes}: pairs that share something differ in at most {len(kept) - 1} of the"
                f" {len(kept)} factors that vary"
            )
        self.changes = changes
        self.sizes = np.array([size for size, _ in kept], np.int64)
        self.values = np.stack([codes for _, codes in kept], 1).astype(np.int64)  # [N,K]
        if self.sizes.astype(float).prod() >= 2.0**62:
            raise DataMismatch("its factors have too many combinations of values for pairs to be drawn")
        self._steps = np.concatenate([np.cumprod(self.sizes[::-1])[-2::-1], [1]])
        keys = self.values @ self._steps
        complete = len(keys) == self.sizes.prod() and len(np.unique(keys)) == len(keys)
        self._row_of = np.argsort(keys) if complete else None
        self._orders: dict[bytes, tuple[np.ndarray, np.ndarray]] = {}

    def draw(self, stream: np.random.Generator, count: int) -> np.ndarray:
        """``count`` rows and then their partners, int64 [2 * count]."""
        rows, partners = np.empty(count, np.int64), np.full(count, -1, np.int64)
        number = self._numbers(stream, count)
        for turn in range(_TRIES):
            open_places = np.flatnonzero(partners < 0)
            if not len(open_places):
                return np.concatenate([rows, partners])
            rows[open_places] = stream.integers(0, len(self.values), len(open_places))
            if turn >= _TRIES // 2:
                number[open_places] = self._numbers(stream, len(open_places))
            changing = self._changing(stream, number[open_places])
            find = self._by_values if self._row_of is not None else self._by_search
            partners[open_places] = find(stream, rows[open_places], changing)
        wanted = "a few" if self.changes is None else self.changes
        raise DataMismatch(f"hardly any two of its images share all factors but {wanted}; pairs need a fuller grid")

    def _numbers(self, stream: np.random.Generator, count: int) -> np.ndarray:
        """How many factors change, int64 [count]."""
        return stream.integers(1, len(self.sizes), count) if self.changes is None else np.full(count, self.changes)

    def _changing(self, stream: np.random.Generator, number: np.ndarray) -> np.ndarray:
        """Which factors change, bool [n,K], ``number`` (int [n]) of them."""
        places = np.argsort(np.argsort(stream.random((len(number), len(self.sizes))), 1), 1)
        return places < number[:, None]

    def _by_values(self, stream: np.random.Generator, rows: np.ndarray, changing: np.ndarray) -> np.ndarray:
        """Partners where every combination of values is a row."""
        assert self._row_of is not None  # or values are searched for
        shift = 1 + stream.integers(0, self.sizes - 1, changing.shape)  # never a whole turn: another value
        values = (self.values[rows] + np.where(changing, shift, 0)) % self.sizes
        partners: np.ndarray = self._row_of[values @ self._steps]
        return partners

    def _by_search(self, stream: np.random.Generator, rows: np.ndarray, changing: np.ndarray) -> np.ndarray:
        """Partners among the rows that there are; -1 where there is none."""
        partners = np.full(len(rows), -1, np.int64)
        for place, (row, change) in enumerate(zip(rows, changing, strict=True)):
            keys, order = self._order(change)
            key = self.values[row] @ np.where(change, 0, self._steps)
            low, high = np.searchsorted(keys, key, "left"), np.searchsorted(keys, key, "right")
            # The first guess that fits is as likely to be any row that does; a nearly full grid needs few guesses.
            guesses = order[low + stream.integers(0, high - low, _GUESSES)]
            right = (self.values[guesses][:, change] != self.values[row, change]).all(1)
            if right.any():
                partners[place] = guesses[right.argmax()]
                continue
            alike = order[low:high]
            fitting = alike[(self.values[alike][:, change] != self.values[row, change]).all(1)]
            if len(fitting):
                partners[place] = fitting[stream.integers(0, len(fitting))]
        return partners

    def _order(self, change: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """The rows sorted by the factors that stay: their keys, ascending, and the rows in that order."""
        name = change.tobytes()
        if name not in self._orders:
            if len(self._orders) == _KEPT:
                self._orders.pop(next(iter(self._orders)))
            keys = self.values @ np.where(change, 0, self._steps)
            order = np.argsort(keys, kind="stable")
            self._orders[name] = keys[order], order.astype(np.int32 if len(order) < 2**31 else np.int64)
        return self._orders[name]
