"""Unsupervised disentanglement ranking: Duan et al., "Unsupervised Model Selection for VAEs" (ICLR 2020).

Models that disentangle find the same dimensions up to order and sign; models that do not, each find their own. So a
model is as good as its dimensions can be matched with those of models trained alike with other seeds. For each pair,
R[a, b] says how dimension a of one predicts dimension b of the other (Lasso coefficients or rank correlations, in
size); the pair scores the mean over dimensions of max(R)^2 / sum(R), averaged over the two sides; a model scores the
median over the others. Dimensions without information (KL to the prior) are left out.
"""

from collections.abc import Sequence
from typing import Any, Literal

import numpy as np

from disentool.errors import DataMismatch
from disentool.metrics.arrays import Array, Floats, note_categorical, refuse_non_finite
from disentool.metrics.constants.codes_alone import Udr
from disentool.metrics.kl import kl_to_standard_normal
from disentool.metrics.result import Progress, Result, silent
from disentool.metrics.scikit_learn import import_scikit_learn


def udr(
    codes: Sequence[Array],
    logvars: Sequence[Array | None],
    *,
    similarity: Literal["lasso", "spearman"] = Udr.similarity,
    penalty: float = Udr.penalty,
    zero_kl: float = Udr.zero_kl,
    keep_kl: float | None = Udr.keep_kl,
    average: Literal["sides", "dimensions"] = Udr.average,
    progress: Progress = silent,
) -> list[Result]:
    """One result per model, in order, from 0; ``DataMismatch`` for fewer than two, or for codes that are not finite.

    ``codes``: per model float [n,D], of the same n images. ``logvars``: per model float [n,D], or None where all
    dimensions count as informative. ``penalty``: alpha of the Lasso. ``zero_kl``, ``keep_kl``: nats; a dimension with
    no more KL to the prior is set to zero, and left out of the means (None: all stay). ``average``: ``sides``, each
    model's mean counts half; ``dimensions``, as in the paper, each dimension of both counts alike.
    """
    constants = Udr(similarity=similarity, penalty=penalty, zero_kl=zero_kl, keep_kl=keep_kl, average=average)
    if len(codes) < 2:
        raise DataMismatch(
            "metric udr compares models, and was given one: name several files of codes of the same data,"
            " of models trained with the same options and different seeds"
        )
    tables, informative, notes = [], [], []
    for number, (one, logvar) in enumerate(zip(codes, logvars, strict=True)):
        mean = one.astype(np.float64)
        refuse_non_finite(mean, f"codes of model {number}")
        kl = np.full(mean.shape[1], np.inf)
        if logvar is None:
            notes.append(f"model {number} has no logvar, so all its dimensions count as informative")
        else:
            refuse_non_finite(logvar, f"codes of model {number}, logvar")
            kl = kl_to_standard_normal(mean, logvar).mean(axis=0)
        notes += [f"model {number}: {note}" for note in note_categorical(mean)]
        tables.append(mean)
        informative.append(kl)
    pairwise, kept = compare(tables, informative, constants, progress)
    results = []
    for number in range(len(codes)):
        others = np.delete(pairwise[:, number], number)
        its_notes = list(notes)
        if not kept[number]:
            its_notes.append("no dimension is informative: the code is collapsed, score 0")
        details: dict[str, Any] = {
            "rows": len(tables[number]),
            "models": len(codes),
            "model": number,
            "with_each_other": others.tolist(),
            "informative_dimensions": kept[number],
            "notes": its_notes,
        }
        results.append(Result(float(np.median(others)), details=details))
    return results


def compare(
    tables: Sequence[Floats], informative: Sequence[Floats], constants: Udr, progress: Progress = silent
) -> tuple[Floats, list[list[int]]]:
    """Pair scores float64 [M, M] (``[i, j]``: model i's dimensions predict model j's), and each model's dimensions.

    ``tables``: float64 [n, D] per model. ``informative``: mean KL per dimension, nats [D].
    """
    ready = [_standardised(table) * (kl > constants.zero_kl) for table, kl in zip(tables, informative, strict=True)]
    least = -np.inf if constants.keep_kl is None else constants.keep_kl
    kept = [np.flatnonzero(kl > least) for kl in informative]
    by_lasso = constants.similarity == "lasso"
    ranked = ready if by_lasso else [_ranks(table) for table in ready]
    count, done = len(tables), 0
    pairwise = np.zeros((count, count))
    for i in range(count):
        for j in range(count):
            if i != j:
                left, right = ranked[i], ranked[j]
                relation = _lasso(left, right, constants.penalty) if by_lasso else _spearman(left, right)
                pairwise[i, j] = _one_to_one(relation[np.ix_(kept[i], kept[j])], constants.average)
                done += 1
                progress(done, count * (count - 1))
    return pairwise, [which.tolist() for which in kept]


def _standardised(table: Floats) -> Floats:
    table = table - table[0]  # exact zeros for a constant
    table = table - table.mean(axis=0)
    std = table.std(axis=0)
    return table / np.where(std > 0, std, 1)


def _lasso(inputs: Floats, targets: Floats, penalty: float) -> Floats:
    """|coefficient| of input a for target b: float64 [A, B]."""
    import_scikit_learn()
    from sklearn.linear_model import Lasso

    coefficients: Floats = np.atleast_2d(Lasso(alpha=penalty, random_state=0).fit(inputs, targets).coef_)
    return np.abs(coefficients).T


def _ranks(table: Floats) -> Floats:
    """Standardised ranks, ties averaged; a constant is 0."""
    from scipy.stats import rankdata

    return _standardised(rankdata(table, axis=0))


def _spearman(left: Floats, right: Floats) -> Floats:
    """|Spearman's correlation|, float64 [A, B]; 0 with a constant."""
    return np.abs(left.T @ right) / len(left)


def _one_to_one(relation: Floats, average: str) -> float:
    """max^2 / sum of each row and column of float64 [A,B]; what has no relation counts 0.

    ``average``: ``sides``, the mean over columns and the mean over rows, averaged; ``dimensions``, the sum of all over
    A + B (Duan et al., section 4).
    """
    if not relation.size:
        return 0.0
    sides = []
    for axis in (0, 1):
        best, total = relation.max(axis=axis), relation.sum(axis=axis)
        sides.append(np.where(total > 0, best**2 / np.where(total > 0, total, 1), 0))
    if average == "dimensions":
        return float(np.concatenate(sides).mean())
    return float(np.mean([side.mean() for side in sides]))
