"""The rows of a table of codes in the order of each dimension, cut into blocks of neighbours.

A block is what sums are taken over: of all columns of a table at once, and of every dimension.
"""

import numpy as np
import torch
from torch import Tensor
from torch.nn.functional import embedding_bag

from disentool.metrics.arrays import Array

NEAR = np.float32(1e-7)  # as in scikit-learn: values no further apart than this are not told apart
BLOCKS = 192  # of a dimension, about
ROWS = 16  # of a block, at least


class SortedCodes:
    """Of codes [n,D], taken as float32. A block holds whole groups of rows that share a value.

    A group of many rows is a block of its own, so that a block with two groups or more is small: it has less than
    twice n / ``BLOCKS`` rows (``2 ROWS`` in small tables).
    """

    def __init__(self, codes: Array) -> None:
        columns = np.ascontiguousarray(codes.T, np.float32)
        dimensions, self.rows = columns.shape
        self.order = torch.from_numpy(np.argsort(columns, axis=1, kind="stable"))  # int64 [D,n]
        self.values = torch.from_numpy(columns).gather(1, self.order)  # float32 [D,n], ascending
        places = torch.arange(self.rows, dtype=torch.int32).expand(dimensions, -1)
        self.rank = torch.empty(self.values.shape, dtype=torch.int32).scatter_(1, self.order, places)  # place of a row
        groups = [self._groups(values) for values in self.values.numpy()]
        blocks = [self._blocks(starts) for starts in groups]
        self.blocks = max(map(len, blocks))
        starts = torch.full((dimensions, self.blocks + 1), self.rows)  # those that a dimension lacks are empty
        several = torch.zeros(dimensions, self.blocks, dtype=torch.bool)
        last = torch.zeros(dimensions, self.rows, dtype=torch.bool)
        for j, (group, block) in enumerate(zip(groups, blocks, strict=True)):
            starts[j, : len(block)] = torch.from_numpy(block)
            several[j, : len(block)] = torch.from_numpy(np.histogram(group, np.append(block, self.rows))[0] > 1)
            last[j, group[1:] - 1] = True
            last[j, -1] = True
        self.starts, self.ends = starts[:, :-1], starts[:, 1:]  # places, int64 [D,B]
        self.several = several  # bool [D,B]: whether the block holds two groups or more
        self.last = last  # bool [D,n]: whether a place is the last of its group
        sizes = (self.ends - self.starts)[several]
        self.widest = int(sizes.max()) if len(sizes) else 0
        self._offsets = (self.starts + self.rows * torch.arange(dimensions)[:, None]).reshape(-1)

    def _groups(self, values: Array) -> Array:
        return np.flatnonzero(np.concatenate([[True], values[1:] > values[:-1] + NEAR]))

    def _blocks(self, groups: Array) -> Array:
        """Where blocks start, from where groups start."""
        rows = max(ROWS, -(-self.rows // BLOCKS))
        large = np.diff(np.append(groups, self.rows)) >= rows
        cut = large | np.concatenate([[True], large[:-1]])
        cut[1:] |= np.diff(groups // rows) > 0
        found: Array = groups[cut]
        return found

    def sums(self, table: Tensor) -> Tensor:
        """float32 [D,B,m]: the sum of a float32 table [n,m] over the rows of each block."""
        found: Tensor = embedding_bag(self.order.reshape(-1), table, self._offsets, mode="sum")
        return found.reshape(*self.starts.shape, -1)
