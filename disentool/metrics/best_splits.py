"""The best split of a node in each of many trees at once: the one that a search through all places would find.

A split of N rows into w and N - w lowers the squared error by N d^2 / (w (N - w)), where d is the sum of the left
rows' deviations from the node's mean. The ends of blocks give a lower bound of the best; each block has an upper one.
Only blocks that may hold the best are searched place by place, in float64.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from disentool.metrics.sorted_codes import SortedCodes

PURE = torch.finfo(torch.float64).eps  # a node of no greater variance is a leaf, as in scikit-learn
AT_ONCE = 1 << 22  # places
SLACK = 1e-5  # relative, for the rounding of bounds in float32
TIE = 1e-9  # relative: improvements no further apart count as equal, and chance decides between dimensions


@dataclass(frozen=True, eq=False)
class Sums:
    """Of a node's rows, in C trees."""

    gradient: Tensor  # float64 [D,B,C], up to the end of each block
    count: Tensor  # float32 [D,B,C], up to the end of each block
    positive: Tensor  # float32 [D,B,C], of each block alone: the gradients above 0

    def __sub__(self, other: "Sums") -> "Sums":
        return Sums(self.gradient - other.gradient, self.count - other.count, self.positive - other.positive)


@dataclass(frozen=True, eq=False)
class Splits:
    """Of a node, in C trees. Rows go left whose place in the order of ``dimension`` is below ``cut``."""

    dimension: Tensor  # int64 [C]
    cut: Tensor  # int64 [C]; 0, with which no row goes left, where a tree is not split
    improvement: Tensor  # float64 [C]: of the sum of squared errors; 0 where a tree is not split


@dataclass(frozen=True, eq=False)
class Node:
    """A node of C trees: its sums, its rows, and the gradient of every row."""

    sums: Sums
    inside: Tensor  # bool [C,n]
    gradient: Tensor  # float64 [C,n]
    wanted: Tensor  # bool [C]: whether a tree has this node


def best_splits(codes: SortedCodes, node: Node, chance: Tensor) -> Splits:
    """Of the trees that have this node, unless the node is pure in them or all its codes are equal.

    ``chance``: float64 [D,C] of 0..1; of equally good dimensions the one with the highest is taken.
    """
    count = node.sums.count
    rows = count[0, -1].clone()
    mean = node.sums.gradient[0, -1] / rows.clamp(min=1)
    deviation = node.sums.gradient - count * mean
    room = count * (rows - count)
    near = deviation.float()
    known = near.square().div_(room).masked_fill_(room < 0.5, -1).amax((0, 1))
    doubtful = node.wanted & (known <= PURE)
    wanted = node.wanted & ~_pure(node, doubtful) if doubtful.any() else node.wanted
    aim = torch.where(wanted, known.clamp(min=0) * (1 - SLACK), torch.inf)
    best = torch.full(rows.shape, -1, dtype=torch.float64)
    score, dimension, cut = torch.zeros_like(best), torch.zeros(best.shape, dtype=torch.int64), best.long() + 1
    favour = 1 + TIE * chance
    promising = _promising(node.sums, near, room, rows, mean.float(), aim)
    for some in torch.split(promising, max(1, AT_ONCE // max(codes.widest, 1))):
        j, _, c = some.T
        for found, at in (
            _ends(codes, some, node, deviation, rows),
            _insides(codes, some, node, deviation, rows, mean),
        ):
            favoured = found * favour[j, c]
            top = best.scatter_reduce(0, c, favoured, "amax")
            wins = torch.nonzero((favoured == top[c]) & (favoured > best[c]))[:, 0]
            winner = torch.full_like(dimension, -1).scatter_(0, c[wins], wins)  # one of several equal ones
            tree = torch.nonzero(winner >= 0)[:, 0]
            wins = winner[tree]
            dimension[tree], cut[tree], score[tree], best = j[wins], at[wins], found[wins], top
    return Splits(dimension, cut, score * rows)


def _pure(node: Node, doubtful: Tensor) -> Tensor:
    """bool [C]: those of the trees in question whose gradients are all but equal in this node."""
    found = torch.zeros_like(doubtful)
    for c in torch.nonzero(doubtful)[:, 0].tolist():
        found[c] = node.gradient[c][node.inside[c]].var(correction=0) <= PURE
    return found


def _promising(sums: Sums, deviation: Tensor, room: Tensor, rows: Tensor, mean: Tensor, aim: Tensor) -> Tensor:
    """int64 [M,3]: dimension, block and tree, wherever a place in or at the end of a block may score ``aim``.

    On its way from a to e through a block, d rises by no more than the positive gradients and, where the mean is
    negative, by that of each row; seen from e backwards, it is as much below. The count stays between both ends'.
    """
    reach = sums.positive + sums.count * -mean.clamp(max=0)
    reach[:, 1:] -= sums.count[:, :-1] * -mean.clamp(max=0)
    apart = -deviation
    apart[:, 1:] = torch.maximum(apart[:, 1:], deviation[:, :-1])
    apart[:, 0].clamp_(min=0)
    reach += apart
    one = (rows - 1).clamp(min=0)  # w (N - w) where one side has one row
    open_room = torch.maximum(room, one)
    least = open_room.clone()
    torch.minimum(open_room[:, 1:], open_room[:, :-1], out=least[:, 1:])
    least[:, 0] = one
    return torch.nonzero(reach.square_() >= least.mul_(aim))


def _ends(codes: SortedCodes, places: Tensor, node: Node, deviation: Tensor, rows: Tensor) -> tuple[Tensor, Tensor]:
    """The score of the ends of some blocks, -1 where there is none, and the places behind them."""
    j, b, c = places.T
    count = node.sums.count[j, b, c].double()
    room = count * (rows[c] - count)
    return deviation[j, b, c].square_().div_(room).masked_fill_(room < 0.5, -1), codes.ends[j, b]


def _insides(
    codes: SortedCodes, places: Tensor, node: Node, deviation: Tensor, rows: Tensor, mean: Tensor
) -> tuple[Tensor, Tensor]:
    """The best score inside each of some blocks, -1 where there is none, and the place that is first on its right."""
    found = torch.full((len(places),), -1, dtype=torch.float64)
    cut = torch.zeros(len(places), dtype=torch.int64)
    j, b, c = places.T
    earlier = (b - 1).clamp_(min=0)
    before = node.sums.count[j, earlier, c] * (b > 0)
    several = torch.nonzero(codes.several[j, b] & (node.sums.count[j, b, c] - before > 1.5))[:, 0]
    j, b, c, earlier, before = (of[several] for of in (j, b, c, earlier, before))
    if not len(several):
        return found, cut
    place = codes.starts[j, b][:, None] + torch.arange(codes.widest)
    within = place < codes.ends[j, b][:, None]
    place = place.clamp_(max=codes.rows - 1).add_(j[:, None] * codes.rows)
    row = _of(codes.order, place).add_(c[:, None] * codes.rows)
    member = _of(node.inside, row).logical_and_(within).double()
    moved = _of(node.gradient, row).sub_(mean[c][:, None]).mul_(member).cumsum_(1)
    moved += (deviation[j, earlier, c] * (b > 0))[:, None]
    count = member.cumsum_(1).add_(before[:, None])
    room = count * (rows[c][:, None] - count)
    possible = _of(codes.last, place).logical_and_(within).logical_and_(room > 0.5)
    score, at = moved.square_().div_(room).masked_fill_(~possible, -1).max(1)
    found[several], cut[several] = score, codes.starts[j, b] + at + 1
    return found, cut


def _of(table: Tensor, places: Tensor) -> Tensor:
    """The entries of a table at places that are counted through all of it: torch's fastest way."""
    return table.reshape(-1).index_select(0, places.reshape(-1)).reshape(places.shape)
