"""One class that is written as several columns: 1 in the column of the class, and 0 in all others."""

from collections import defaultdict
from collections.abc import Sequence

import numpy as np

from disentool.datasets.factor_columns import Factor

_SHOWN = 5  # of the factors that a note names


def is_one_hot(table: np.ndarray) -> bool:
    """Whether each row of numbers [N,K] is 1 once and 0 elsewhere, and at least two columns are used."""
    if table.shape[1] < 2 or not np.isin(table, (0, 1)).all():
        return False
    return bool((table.sum(axis=1) == 1).all() and table.any(axis=0).sum() > 1)


def as_class(name: str, table: np.ndarray) -> Factor:
    """The one factor of a table [N,K] that :func:`is_one_hot`: its classes are the columns 0..K-1, used or not."""
    count = table.shape[1]
    note = f"read as one class of {count:,}: each row of its {count:,} columns is 1 once and 0 elsewhere (one-hot)"
    return Factor(name, table.argmax(axis=1).astype(np.int32), count, values=np.arange(float(count)), note=note)


def remarks(factors: Sequence[Factor]) -> list[str]:
    """A note for each group of factors with one beginning, such as colour_red and colour_blue, that is one-hot."""
    groups: dict[str, list[Factor]] = defaultdict(list)
    for factor in factors:
        if _yes(factor) is not None:
            groups[factor.name.rpartition("_")[0]].append(factor)
    notes = []
    for beginning, members in groups.items():
        if is_one_hot(np.stack([factor.classes == _yes(factor) for factor in members], axis=1)):
            names = ", ".join(factor.name for factor in members[:_SHOWN]) + (", ..." if len(members) > _SHOWN else "")
            notes.append(
                f"{len(members)} factors ({names}) are one class written one-hot: each image has just one of them;"
                f" write one column{f' {beginning}' if beginning else ''} with the name of the class"
            )
    return notes


def _yes(factor: Factor) -> int | None:
    """The class of a factor that is 1 of 0 and 1, true of false and true, or yes of no and yes; None for others."""
    if factor.names is None:
        return 1 if factor.values is not None and factor.values.tolist() == [0, 1] else None
    words = [name.casefold() for name in factor.names]
    return words.index(max(words)) if set(words) in ({"false", "true"}, {"no", "yes"}) else None
