"""Gradient boosting for classification, of all classes of several factors at once (Friedman 2001).

The trees are those of scikit-learn's ``GradientBoostingClassifier``: one for each class and round (one for two
classes), of least squares on the gradient of the log loss, split exactly, with a Newton step in each leaf. Where two
dimensions split a node equally well, chance decides there as here. All classes share one sorted table of codes.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from disentool.metrics.arrays import Array, Floats
from disentool.metrics.best_splits import PURE, Node, Splits, Sums, best_splits
from disentool.metrics.importance import learner_seed
from disentool.metrics.scikit_learn import Stopped, processors, side_by_side
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
    """Fit every factor. ``grown(trees)`` is called for each factor after each round, by one thread at a time.

    ``codes`` [n,D], ``factors`` int [n,K] of two values or more each; the same of test rows.
    """
    dimensions, count = codes.shape[1], factors.shape[1]
    found = Boosted(np.zeros((dimensions, count)), np.zeros(count), np.zeros(count))
    with _on_cpu():
        table = SortedCodes(codes)
        test = torch.from_numpy(np.ascontiguousarray(test_codes.T, np.float32))
    lock = threading.Lock()

    def work(some: list[int], stopped: Stopped) -> Boosted:
        with _on_cpu(), _one_thread():
            chances = [torch.Generator().manual_seed(learner_seed(seed, k)) for k in some]
            fit = _Fit(table, test, factors[:, some], depth, learning_rate, chances)
            for _ in range(rounds):
                if stopped():
                    raise InterruptedError("nobody waits for these trees")
                fit.round()
                with lock:
                    for part in fit.slices:
                        grown(part.stop - part.start)
            return fit.boosted(factors[:, some], test_factors[:, some])

    groups = _groups(factors)
    for some, part in zip(groups, side_by_side(work, groups, lambda done: None), strict=True):
        found.importance[:, some], found.train[some], found.test[some] = part.importance, part.train, part.test
    return found


def _on_cpu() -> AbstractContextManager[object]:
    """Where the caller has set another default device; entered always, it would slow each operation."""
    return nullcontext() if torch.get_default_device().type == "cpu" else torch.device("cpu")


@contextmanager
def _one_thread() -> Iterator[None]:
    """This thread's operations do not split themselves up: each is too small to gain, and they would wait."""
    from threadpoolctl import threadpool_limits

    torch.get_num_threads()  # a new thread's first call sets its number; then it can be changed
    with threadpool_limits(1, "openmp"):
        yield


def trees_of(labels: Array) -> int:
    """How many trees a round adds for a factor [n]."""
    classes = len(np.unique(labels))
    return classes if classes > 2 else 1


def _groups(factors: Array) -> list[list[int]]:
    """Factors that are fitted at once: a group for each processor, of about as many trees, and more of many rows."""
    trees = [trees_of(labels) for labels in factors.T]
    wanted = max(processors(), -(-sum(trees) * len(factors) // TOGETHER))
    groups: list[list[int]] = [[] for _ in range(min(wanted, len(trees)))]
    for k in np.argsort(trees)[::-1].tolist():
        min(groups, key=lambda group: sum(trees[i] for i in group)).append(k)
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
        chances: list[torch.Generator],
    ) -> None:
        self.codes, self.test, self.depth, self.chances = codes, test, depth, chances
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
        splits = best_splits(self.codes, node, self._favour(node))
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

    def _favour(self, node: Node) -> Tensor:
        """float64 [D,C] of 0..1, from a generator for each factor: its trees do not depend on other factors."""
        found = torch.zeros(len(self.codes.order), len(node.wanted), dtype=torch.float64)
        for part, chance in zip(self.slices, self.chances, strict=True):
            if node.wanted[part].any():
                found[:, part].uniform_(generator=chance)
        return found

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
        leaves = 1 << self.depth
        for c, (gradient, leaf) in enumerate(zip(self.gradient, self.leaf, strict=True)):  # a tree fits into the cache
            leaf = leaf.long()
            size = gradient.abs()
            curvature = torch.bincount(leaf, size.addcmul_(size, size, value=-1), leaves)
            slope = torch.bincount(leaf, gradient, leaves)
            step = torch.where(curvature < FLAT, 0, slope / curvature).mul_(self.rate[c])
            self.logits[c] += step.index_select(0, leaf)
            self.test_logits[c] += step.index_select(0, self.test_leaf[c].long())

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
