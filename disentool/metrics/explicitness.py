"""Explicitness: Ridgeway & Mozer, "Learning Deep Disentangled Embeddings with the F-Statistic Loss" (NeurIPS 2018).

Can a linear classifier read each factor from the whole code? Logistic regression per factor on standardised codes; the
area under each class's one-versus-rest ROC curve on the test rows, averaged over classes, then factors. 0.5 is chance.
"""

import warnings
from dataclasses import dataclass

import numpy as np

from disentool.errors import WrongUsage
from disentool.metrics.result import Callables, Codes, Result, check_at_least, constants
from disentool.metrics.sampling import Points
from disentool.metrics.split import Split, plan_split

NEEDS = frozenset({"factors", "callables"})
RANGE = (0.0, 1.0)


@dataclass(frozen=True)
class Options:
    """Every constant of the metric; ``WrongUsage`` for values that cannot be."""

    protocol: str = "exact"
    penalty: float = 1.0  # C, the inverse weight of the squared coefficients
    iterations: int = 100  # of L-BFGS, at most
    train_rows: int | None = None  # None: all
    test_rows: int | None = None  # None: the training rows

    def __post_init__(self):
        check_at_least(self, penalty=0, iterations=1, train_rows=2, test_rows=1)
        if self.penalty == 0:
            raise WrongUsage("penalty 0: expected more than 0")


PROTOCOLS: dict[str, Options] = {
    "exact": Options(),
    "dlib": Options("dlib", train_rows=10_000, test_rows=5_000),
}
ENCODED = "dlib"  # the default where codes must be made first
SLOW_ABOVE = 100_000  # rows: a million take minutes


def plan(points: Points, options: Options, seed: int, codes_ready: bool = False) -> Split:
    """Training and test rows."""
    counts = (options.train_rows, options.test_rows)
    return plan_split("explicitness", points, options, seed, PROTOCOLS, *counts, with_test=True)


def score(plan: Split, codes: Codes, callables: Callables) -> Result:
    """Mean area over factors. Constant dimensions count as zeros."""
    train, test = plan.codes(codes)
    train, test = _standardised(train, test)
    labels, test_labels = plan.labels(), plan.labels("test")
    notes, per_factor = list(plan.notes), {}
    constant = np.flatnonzero((train == 0).all(axis=0))
    if constant.size:
        notes.append(f"constant dimensions {', '.join(map(str, constant))} tell nothing")
    unfinished = 0
    for k, name in enumerate(plan.names):
        area, stopped = _area(train, test, labels[:, k], test_labels[:, k], plan.options)
        unfinished += stopped
        if area is None:
            notes.append(f"{name}: the test rows hold one class only; raise test_rows")
        else:
            per_factor[name] = area
        callables.progress(k + 1, len(plan.names))
    if unfinished:
        notes.append(f"{unfinished} of {len(plan.names)} classifiers stopped before they had converged")
    if not per_factor:
        per_factor = dict.fromkeys(plan.names, 0.5)
        notes.append("no factor could be tested: chance, 0.5")
    details = {**constants(plan.options, PROTOCOLS), **plan.details(), "chance": 0.5, "notes": notes}
    return Result(float(np.mean(list(per_factor.values()))), plan.options.protocol, None, per_factor, details)


def _standardised(train: np.ndarray, test: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Both float64, by the training rows' mean and standard deviation (ddof 0)."""
    same = test is train
    first = train[0].astype(np.float64)
    train = train.astype(np.float64) - first  # exact zeros for a constant, whatever its value
    mean, std = train.mean(axis=0), train.std(axis=0)
    scale = np.where(std > 0, std, 1)
    ready = (train - mean) / scale
    return ready, ready if same else np.where(std > 0, (test - first - mean) / scale, 0)


def _area(train, test, labels, test_labels, options: Options) -> tuple[float | None, bool]:
    """Macro average over the classes that some, not all, test rows have; None without one. And: it did not converge."""
    from scipy.stats import rankdata
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    classifier = LogisticRegression(C=options.penalty, max_iter=options.iterations)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # said in the record
        classifier.fit(train, labels)
    chances = classifier.predict_proba(test)
    areas = []
    for column, present in enumerate(classifier.classes_):
        is_class = test_labels == present
        positive = int(is_class.sum())
        negative = len(is_class) - positive
        if positive and negative:
            # Mann and Whitney's statistic: how often a row of the class ranks above one of the rest, ties half
            ranks = rankdata(chances[:, column])
            areas.append((ranks[is_class].sum() - positive * (positive + 1) / 2) / (positive * negative))
    stopped = bool((classifier.n_iter_ >= options.iterations).any())
    return (float(np.mean(areas)) if areas else None), stopped
