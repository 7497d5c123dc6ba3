"""Gradient boosting for classification, of all classes of several factors at once (Friedman 2001).

The trees are those of scikit-learn's ``GradientBoostingClassifier``: one for each class and round (one for two
classes), of least squares on the gradient of the log loss, split exactly, with a Newton step in each leaf. Where two
dimensions split a node equally well, chance decides there as here. All classes share one sorted table of codes.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from disentool.metrics.arrays import Array, Floats
from disentool.metrics.best_splits import PURE, Node, Splits, Sums, best_splits
from disentool.metrics.sorted_codes import SortedCodes

FLAT = 1e-150  # a leaf of no more curvature gets no step
TOGETHER = 1 << 22  # gradients: factors are fitted together up to this many
NEIGHBOURS = 64  # places on each side of a cut where the node's own rows are looked for first


@dataclass(frozen=True, eq=False)
class Boosted:
    """Of each factor: the share of each dimension in the improvement float64 [D,K], and the accuracies [K]."""

    importance: Floats
    train: Floats
    test: Floats


def boost(
    codes: Array,
    factors: Array,
    test_codes: Array,
    test_factors: Array,
    *,
    rounds: int,
    learning_rate: float,
    depth: int,
    seed: int,
    grown: Callable[[int], None],
) -> Boosted:
    """Fit every factor. ``grown(trees)`` is called for each factor after each round.

    ``codes`` [n,D], ``factors`` int [n,K] of two values or more each; the same of test rows.
    """
    with torch.device("cpu"):
        table = SortedCodes(codes)
        test = torch.from_numpy(np.ascontiguousarray(test_codes.T, np.float32))
        chance = torch.Generator().manual_seed(seed)
        parts = []
        for some in _together(factors):
            fit = _Fit(table, test, factors[:, some], depth, learning_rate, chance)
            for _ in range(rounds):
                fit.round()
                for part in fit.slices:
                    grown(part.stop - part.start)
            parts.append(fit.boosted(factors[:, some], test_factors[:, some]))
    return Boosted(*(np.concatenate([getattr(p, name) for p in parts], axis=-1) for name in _NAMES))


_NAMES = ("importance", "train", "test")


def trees_of(labels: Array) -> int:
    """How many trees a round adds for a factor [n]."""
    classes = len(np.unique(labels))
    return classes if classes > 2 else 1


def _together(factors: Array) -> list[list[int]]:
    """Factors in groups that are fitted at once."""
    groups: list[list[int]] = []
    room = 0
    for k in range(factors.shape[1]):
        size = trees_of(factors[:, k]) * len(factors)
        if not groups or size > room:
            groups.append([])
            room = TOGETHER
        groups[-1].append(k)
        room -= size
    return groups


class _Fit:
    """The trees of some factors, C a round, and what they say of the training and test rows."""

    def __init__(
        self,
        codes: SortedCodes,
        test: Tensor,
        factors: Array,
        depth: int,
        learning_rate: float,
        chance: torch.Generator,
    ) -> None:
        self.codes, self.test, self.depth, self.chance = codes, test, depth, chance
        self.classes = [np.unique(labels) for labels in factors.T]
        marks, start, rate = [], [], []
        self.slices: list[slice] = []
        for labels, classes in zip(factors.T, self.classes, strict=True):
            shown = classes if len(classes) > 2 else classes[1:]
            mark = labels == shown[:, None]
            share = np.clip(mark.mean(axis=1), PURE, 1 - PURE)
            log = np.log(share)
            start.append(log - log.mean() if len(classes) > 2 else log - np.log1p(-share))
            rate += [learning_rate * ((len(classes) - 1) / len(classes) if len(classes) > 2 else 1.0)] * len(shown)
            self.slices.append(slice(len(rate) - len(shown), len(rate)))
            marks.append(mark)
        self.mark = torch.from_numpy(np.concatenate(marks)).double()  # [C,n]
        self.rate = torch.tensor(rate, dtype=torch.float64)
        self.logits = torch.from_numpy(np.concatenate(start))[:, None].repeat(1, codes.rows)  # [C,n]
        self.test_logits = self.logits[:, :1].repeat(1, test.shape[1])
        self.gradient = torch.empty_like(self.logits)
        trees = len(rate)
        self.importance = torch.zeros(trees, len(codes.order), dtype=torch.float64)
        self.weighted = torch.empty(codes.rows, 4, trees, dtype=torch.float32)  # of a node's rows: what is summed
        self.parts = torch.empty(codes.rows, 3, trees, dtype=torch.float32)  # of the gradient
        size = torch.uint8 if depth <= 8 else torch.int32
        self.leaf = torch.empty(trees, codes.rows, dtype=size)
        self.test_leaf = torch.empty(trees, test.shape[1], dtype=size)
        ones = codes.sums(torch.ones(codes.rows, 1, dtype=torch.float32))
        self.count = ones.cumsum(1).expand(-1, -1, trees)

    def round(self) -> None:
        """Add a tree to each class."""
        for part in self.slices:
            logits = self.logits[part]
            self.gradient[part] = torch.softmax(logits, 0) if len(logits) > 1 else torch.sigmoid(logits)
        torch.sub(self.mark, self.gradient, out=self.gradient)
        # float32 in two parts, whose coarse one is summed without rounding: sums are right to some 1e-10
        by_row = self.gradient.t().contiguous()
        unit = 2.0 ** (23 - self.codes.rows.bit_length())
        coarse = (by_row * unit).round_().div_(unit)
        self.parts[:, 0] = coarse
        self.parts[:, 1] = by_row - coarse
        self.parts[:, 2] = by_row.clamp(min=0)
        self.leaf.zero_()
        self.test_leaf.zero_()
        trees, rows = self.gradient.shape
        inside = torch.ones(trees, rows, dtype=torch.bool)
        test = torch.ones(trees, self.test.shape[1], dtype=torch.bool)
        sums = self._cumulated(self.codes.sums(self.parts.reshape(rows, -1)), self.count)
        self._grow(0, Node(sums, inside, self.gradient, torch.ones(trees, dtype=torch.bool)), test)
        self._step()

    def _cumulated(self, sums: Tensor, count: Tensor) -> Sums:
        coarse, fine, positive = sums.reshape(*sums.shape[:2], 3, -1).unbind(2)
        return Sums((coarse.double() + fine).cumsum_(1), count, positive)

    def _sums(self, inside: Tensor) -> Sums:
        rows = inside.t().contiguous()
        self.weighted[:, 3] = rows
        torch.mul(self.parts, self.weighted[:, 3:], out=self.weighted[:, :3])
        sums = self.codes.sums(self.weighted.reshape(len(rows), -1))
        trees = len(self.gradient)
        return self._cumulated(sums[..., : 3 * trees], sums[..., 3 * trees :].cumsum(1))

    def _grow(self, level: int, node: Node, test: Tensor) -> None:
        """Split a node of every tree, and its children. ``test``: bool [C,m], the test rows in it."""
        if not node.wanted.any():
            return
        splits = best_splits(self.codes, node, self.chance)
        dimension, inside = splits.dimension, node.inside
        split = splits.cut > 0
        self.importance.scatter_add_(1, dimension[:, None], splits.improvement[:, None])
        left = (self.codes.rank.index_select(0, dimension) < splits.cut.int()[:, None]).logical_and_(inside)
        threshold = torch.where(split, self._thresholds(splits, inside), -torch.inf)
        test_left = (self.test.index_select(0, dimension) <= threshold[:, None]).logical_and_(test)
        bit = torch.tensor(1 << (self.depth - 1 - level), dtype=self.leaf.dtype)
        self.leaf += left * bit
        self.test_leaf += test_left * bit
        if level + 1 < self.depth:
            sums = self._sums(left)
            self._grow(level + 1, Node(sums, left, node.gradient, split), test_left)
            self._grow(level + 1, Node(node.sums - sums, inside ^ left, node.gradient, split), test ^ test_left)

    def _thresholds(self, splits: Splits, inside: Tensor) -> Tensor:
        """float32 [C]: halfway between the node's nearest values on both sides, rounded down.

        float32 codes no greater than that are no greater than the number itself.
        """
        j, cut, rows = splits.dimension, splits.cut, self.codes.rows
        found = []
        for way in (-1, 1):
            first = cut - 1 if way < 0 else cut
            near = first[:, None] + way * torch.arange(NEIGHBOURS)
            on = (near >= 0) & (near < rows)
            near.clamp_(0, rows - 1)
            member = inside.gather(1, self.codes.order[j[:, None], near]).logical_and_(on)
            place = near.gather(1, member.byte().argmax(1, keepdim=True))[:, 0]
            for c in torch.nonzero(~member.any(1))[:, 0].tolist():  # further away
                places = torch.nonzero(inside[c, self.codes.order[j[c]]])[:, 0]
                side = places[places < cut[c]].flip(0) if way < 0 else places[places >= cut[c]]
                place[c] = side[0] if len(side) else first[c].clamp(0, rows - 1)  # none: the tree is not split here
            found.append(self.codes.values[j, place].double())
        middle = found[0] / 2 + found[1] / 2
        near_middle = middle.float()
        down = torch.nextafter(near_middle, torch.tensor(-torch.inf, dtype=torch.float32))
        return torch.where(near_middle.double() > middle, down, near_middle)

    def _step(self) -> None:
        """Newton's step in each leaf, times the learning rate."""
        trees, leaves = len(self.gradient), 1 << self.depth
        leaf = self.leaf.long()
        at = (leaf + leaves * torch.arange(trees)[:, None]).reshape(-1)
        slant = self.gradient.abs()
        curvature = torch.bincount(at, slant.sub_(self.gradient.square()).reshape(-1), trees * leaves)
        slope = torch.bincount(at, self.gradient.reshape(-1), trees * leaves)
        step = torch.where(curvature < FLAT, 0, slope / curvature).reshape(trees, leaves) * self.rate[:, None]
        self.logits += step.gather(1, leaf)
        self.test_logits += step.gather(1, self.test_leaf.long())

    def boosted(self, factors: Array, test_factors: Array) -> Boosted:
        """Of these trees."""
        shares, train, test = [], [], []
        for k, part in enumerate(self.slices):
            total = self.importance[part].sum(0).numpy()
            shares.append(total / total.sum() if total.sum() > 0 else total)
            train.append(self._accuracy(k, self.logits[part], factors))
            test.append(self._accuracy(k, self.test_logits[part], test_factors))
        return Boosted(np.stack(shares, 1), np.array(train), np.array(test))

    def _accuracy(self, k: int, logits: Tensor, factors: Array) -> float:
        best = logits.argmax(0) if len(logits) > 1 else (logits[0] >= 0).long()
        return float((self.classes[k][best.numpy()] == factors[:, k]).mean())
