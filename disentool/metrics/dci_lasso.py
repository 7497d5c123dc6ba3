"""DCI (Eastwood & Williams, ICLR 2018) by Lasso regression, the paper's linear learner.

Codes and factors (as ordered numbers) are standardised; an importance is a coefficient's size, and informativeness the
share of variance explained (R squared, 0 where it is negative).
"""

from dataclasses import dataclass

import numpy as np

from disentool.metrics.importance import Fit, dci_result
from disentool.metrics.result import Codes, Result, check_at_least, constants
from disentool.metrics.sampling import Points
from disentool.metrics.split import Split, note_categorical, plan_split

NEEDS = frozenset({"factors"})
RANGE = (0.0, 1.0)


@dataclass(frozen=True)
class Options:
    """Every constant of the metric; ``WrongUsage`` for values that cannot be."""

    protocol: str = "dlib"
    penalty: float = 0.02  # alpha, the weight of the coefficients' absolute sum
    train_rows: int | None = 10_000  # None: all
    test_rows: int | None = 5_000  # None: the training rows

    def __post_init__(self):
        check_at_least(self, penalty=1e-9, train_rows=2, test_rows=1)


PROTOCOLS: dict[str, Options] = {"dlib": Options(), "exact": Options("exact", train_rows=None, test_rows=None)}


def plan(points: Points, options: Options, seed: int, codes_ready: bool = False) -> Split:
    """Training and test rows."""
    counts = (options.train_rows, options.test_rows)
    return plan_split("dci-lasso", points, options, seed, PROTOCOLS, *counts, with_test=True)


def score(plan: Split, codes: Codes) -> Result:
    """Disentanglement of the coefficients' sizes."""
    from sklearn.linear_model import Lasso

    train, test = plan.codes(codes)
    notes = note_categorical(train)
    labels, test_labels = plan.labels(), plan.labels("test")
    train, test = _standardised(train, test)
    labels, test_labels = _standardised(labels, test_labels)
    importance = np.zeros((train.shape[1], labels.shape[1]))
    explained = np.zeros((2, labels.shape[1]))
    for k in range(labels.shape[1]):
        model = Lasso(alpha=plan.options.penalty, random_state=0).fit(train, labels[:, k])
        importance[:, k] = np.abs(model.coef_)
        for part, (rows, wanted) in enumerate(((train, labels[:, k]), (test, test_labels[:, k]))):
            spread = ((wanted - wanted.mean()) ** 2).sum()
            left = ((wanted - model.predict(rows)) ** 2).sum()
            explained[part, k] = max(1 - left / spread, 0) if spread > 0 else 0
    fitted = Fit(importance, explained[0], explained[1], "share of the factor's variance explained")
    return dci_result(plan, fitted, constants(plan.options, PROTOCOLS), notes)


def _standardised(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both as float64, by the training rows' mean and standard deviation; a constant column is 0."""
    first = train[0].astype(np.float64)
    train, test = train - first, test - first
    mean, std = train.mean(axis=0), train.std(axis=0)
    scale = np.where(std > 0, std, 1)
    return (train - mean) / scale, np.where(std > 0, (test - mean) / scale, 0)
