"""Which rows of a data set are for training and which for testing."""

import numpy as np

from disentool.datasets.source import Source
from disentool.errors import UnknownName, WrongUsage

_STREAM = 1  # of the seed: the rows of --subset are drawn from another


def split(source: Source, rows: np.ndarray | None, rule: str, seed: int) -> tuple[np.ndarray, str]:
    """uint8 [n], 0 train and 1 test, of ``rows`` (None: every row), and the rule in words.

    ``rule``: ``published``, as the data set came; ``rows:X``, single rows; ``classes:X``, whole classes of the factor
    that is the data set's class; ``FACTOR:X``, whole classes of that factor, or of several jointly, ``shape+hue:X``.
    X is a share below 1, or a number. They are drawn without replacement from ``seed``, of what is in the file; a
    class keeps its number in either part. Raises WrongUsage or UnknownName.
    """
    kind, _, amount = rule.rpartition(":")
    if rule == "published":
        if source.split is None:
            raise WrongUsage(f"--split published: {source.name} comes without a split; draw one, such as rows:0.1")
        return source.split if rows is None else source.split[rows], source.split_rule or "published"
    if not kind:
        raise WrongUsage(f"--split {rule}: expected published, rows:0.1, classes:20, or a factor's name and a number")
    count = source.shape[0] if rows is None else len(rows)
    generator = np.random.default_rng([seed, _STREAM])
    if kind == "rows":
        number = _number(rule, amount, count, "images")
        chosen = np.zeros(count, np.uint8)
        chosen[generator.choice(count, number, replace=False)] = 1
        return chosen, f"{number:,} of {count:,} rows, drawn with seed {seed}"
    name = _class_factor(source, rule) if kind == "classes" else kind
    names = [name] if name in source.factor_names else name.split("+")
    for one in names:
        if one not in source.factor_names:
            raise UnknownName(f"factor of {source.name} for --split", one, source.factor_names)
    columns = source.factors(rows)[:, [source.factor_names.index(one) for one in names]]
    _, column = np.unique(columns, axis=0, return_inverse=True)
    column = column.ravel()
    classes = np.unique(column)
    number = _number(rule, amount, len(classes), f"classes of {name}")
    test = generator.choice(classes, number, replace=False)
    return np.isin(column, test).astype(np.uint8), f"{number:,} of {len(classes):,} classes of {name}, seed {seed}"


def _class_factor(source: Source, rule: str) -> str:
    if source.class_factor in source.factor_names:
        return source.class_factor
    if len(source.factor_names) == 1:
        return source.factor_names[0]
    known = ", ".join(source.factor_names) or "none"
    raise WrongUsage(f"--split {rule}: name the factor, such as NAME:20; {source.name} has {known}")


def _number(rule: str, amount: str, total: int, what: str) -> int:
    """How many an amount is: a share of the total where it is below 1."""
    try:
        value = float(amount)
    except ValueError:
        value = 0.0
    number = round(value * total) if value < 1 else value
    if not 0 < number < total or number != int(number):
        raise WrongUsage(f"--split {rule}: expected a share between 0 and 1, or 1 to {total - 1:,} of {total:,} {what}")
    return int(number)
