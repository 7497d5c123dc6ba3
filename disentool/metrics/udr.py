"""Unsupervised disentanglement ranking: Duan et al., "Unsupervised Model Selection for VAEs" (ICLR 2020).

Models that disentangle find the same dimensions up to order and sign; models that do not, each find their own. So a
model is as good as its dimensions can be matched with those of models trained alike with other seeds. For each pair,
R[a, b] says how dimension a of one predicts dimension b of the other (Lasso coefficients or rank correlations, in
size); the pair scores the mean over dimensions of max(R)^2 / sum(R), averaged over the two sides; a model scores the
median over the others. Dimensions without information (KL to the prior) are left out.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np

from disentool.errors import DataMismatch, UnknownName, WrongUsage
from disentool.metrics.kl import kl_to_standard_normal
from disentool.metrics.result import Callables, Codes, Result, check_at_least, constants, refuse_non_finite
from disentool.metrics.sampling import Points, check_seed, subset_rows
from disentool.metrics.split import note_categorical

NEEDS = frozenset({"others", "callables"})
RANGE = (0.0, np.inf)


@dataclass(frozen=True)
class Options:
    """Every constant of the metric; ``WrongUsage`` for values that cannot be."""

    protocol: str = "lasso"
    similarity: Literal["lasso", "spearman"] = "lasso"
    penalty: float = 0.1  # alpha of the Lasso
    zero_kl: float = 0.01  # nats: a dimension with no more is set to zero
    keep_kl: float | None = 0.01  # nats: a dimension with no more is left out of the means; None: all stay
    rows: int | None = 1_000  # images; None: all

    def __post_init__(self):
        check_at_least(self, penalty=0, zero_kl=0, keep_kl=0, rows=2)
        if self.similarity not in ("lasso", "spearman"):
            raise WrongUsage(f"similarity {self.similarity}: expected lasso or spearman")


PROTOCOLS: dict[str, Options] = {
    "lasso": Options(),
    "spearman": Options("spearman", similarity="spearman"),
    "exact": Options("exact", rows=None),
}


@dataclass(frozen=True, eq=False)
class Plan:
    """``rows`` to encode, the same for every model (sorted; None: all ``n``)."""

    rows: np.ndarray | None
    n: int
    options: Options
    seed: int


def plan(points: Points, options: Options, seed: int, codes_ready: bool = False) -> Plan:
    """The rows, from their number and the seed alone, so that every model of the data gets the same."""
    if options.protocol not in PROTOCOLS:
        raise UnknownName("protocol of metric udr", options.protocol, PROTOCOLS)
    seed = check_seed(seed)
    rows = None if options.rows is None else subset_rows(points.n, options.rows, seed)
    return Plan(rows, points.n, options, seed)


def score(plan: Plan, codes: Sequence[Codes], callables: Callables) -> list[Result]:
    """One result per model, in order; ``DataMismatch`` for fewer than two."""
    if len(codes) < 2:
        raise DataMismatch(
            "metric udr compares models, and was given one: name several files of codes of the same data,"
            " of models trained alike with different seeds"
        )
    tables, informative, notes = [], [], []
    for number, one in enumerate(codes):
        index = one.select(plan.rows, plan.n)
        mean = one.mean[index].astype(np.float64)
        refuse_non_finite(mean, f"codes of model {number}")
        kl = np.full(mean.shape[1], np.inf)
        if one.logvar is None:
            notes.append(f"model {number} has no logvar, so all its dimensions count as informative")
        else:
            refuse_non_finite(one.logvar[index], f"codes of model {number}, logvar")
            kl = kl_to_standard_normal(mean, one.logvar[index]).mean(axis=0)
        if note_categorical(mean):
            notes.append(f"model {number}: {note_categorical(mean)[0]}")
        tables.append(mean)
        informative.append(kl)
    pairwise, kept = compare(tables, informative, plan.options, callables.progress)
    results = []
    for number in range(len(codes)):
        others = np.delete(pairwise[:, number], number)
        told = list(notes)
        if not kept[number]:
            told.append("no dimension is informative: the code is collapsed, score 0")
        details: dict[str, Any] = {
            **constants(plan.options, PROTOCOLS),
            "rows": len(tables[number]),
            "seed": plan.seed,
            "models": len(codes),
            "model": number,
            "with_each_other": others.tolist(),
            "informative_dimensions": kept[number],
            "notes": told,
        }
        results.append(Result(float(np.median(others)), plan.options.protocol, None, {}, details))
    return results


def compare(
    tables: Sequence[np.ndarray], informative: Sequence[np.ndarray], options: Options, progress: Any = None
) -> tuple[np.ndarray, list[list[int]]]:
    """Pair scores float64 [M, M] (``[i, j]``: model i's dimensions predict model j's), and each model's dimensions.

    ``tables``: float64 [n, D] per model. ``informative``: mean KL per dimension, nats [D].
    """
    ready = [_standardised(table) * (kl > options.zero_kl) for table, kl in zip(tables, informative, strict=True)]
    least = -np.inf if options.keep_kl is None else options.keep_kl
    kept = [np.flatnonzero(kl > least) for kl in informative]
    strength = _lasso if options.similarity == "lasso" else _spearman
    ranked = ready if options.similarity == "lasso" else [_ranks(table) for table in ready]
    count, done = len(tables), 0
    pairwise = np.zeros((count, count))
    for i in range(count):
        for j in range(count):
            if i != j:
                relation = strength(ranked[i], ranked[j], options)
                pairwise[i, j] = _one_to_one(relation[np.ix_(kept[i], kept[j])])
                done += 1
                if progress:
                    progress(done, count * (count - 1))
    return pairwise, [which.tolist() for which in kept]


def _standardised(table: np.ndarray) -> np.ndarray:
    table = table - table[0]  # exact zeros for a constant
    table = table - table.mean(axis=0)
    std = table.std(axis=0)
    return table / np.where(std > 0, std, 1)


def _lasso(inputs: np.ndarray, targets: np.ndarray, options: Options) -> np.ndarray:
    """|coefficient| of input a for target b: float64 [A, B]."""
    from sklearn.linear_model import Lasso

    return np.abs(np.atleast_2d(Lasso(alpha=options.penalty, random_state=0).fit(inputs, targets).coef_)).T


def _ranks(table: np.ndarray) -> np.ndarray:
    """Standardised ranks, ties averaged; a constant is 0."""
    from scipy.stats import rankdata

    return _standardised(rankdata(table, axis=0))


def _spearman(left: np.ndarray, right: np.ndarray, options: Options) -> np.ndarray:
    """|Spearman's correlation|, float64 [A, B]; 0 with a constant."""
    return np.abs(left.T @ right) / len(left)


def _one_to_one(relation: np.ndarray) -> float:
    """Mean of max^2 / sum over columns and over rows, averaged; what has no relation counts 0."""
    if not relation.size:
        return 0.0
    sides = []
    for axis in (0, 1):
        best, total = relation.max(axis=axis), relation.sum(axis=axis)
        sides.append(np.where(total > 0, best**2 / np.where(total > 0, total, 1), 0).mean())
    return float(np.mean(sides))
