"""Separated attribute predictability: Kumar et al., "Variational Inference of Disentangled Latent Concepts" (2018).

How well one code dimension alone predicts a factor, for the best dimension minus the second best; the mean over
factors. ``mode`` discrete: test accuracy of a linear support vector machine. continuous: squared correlation.
"""

import warnings
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Literal

import numpy as np
from joblib import cpu_count

from disentool.errors import WrongUsage
from disentool.metrics.hinge import accuracy
from disentool.metrics.information import gaps
from disentool.metrics.result import Callables, Codes, Result, check_at_least, constants
from disentool.metrics.sampling import Points
from disentool.metrics.split import Split, note_categorical, plan_split

NEEDS = frozenset({"factors", "callables"})
RANGE = (0.0, 1.0)
LEAST_VARIANCE = 1e-12  # mode continuous: a dimension with no more than this predicts nothing
# Up to so many training rows scikit-learn fits the machines, digit for digit as disentanglement_lib has it; it stops
# early, and takes minutes for more, which are solved exactly. The two differ by a row in ten thousand.
MANY_ROWS = 50_000


@dataclass(frozen=True)
class Options:
    """Every constant of the metric; ``WrongUsage`` for values that cannot be."""

    protocol: str = "exact"
    mode: Literal["discrete", "continuous"] = "discrete"
    penalty: float = 0.01  # C of the support vector machine; its loss is summed over rows
    train_rows: int | None = None  # None: all
    test_rows: int | None = None  # None: the training rows

    def __post_init__(self):
        check_at_least(self, penalty=1e-6, train_rows=2, test_rows=1)
        if self.penalty == 0:
            raise WrongUsage("penalty 0: expected more than 0")
        if self.mode not in ("discrete", "continuous"):
            raise WrongUsage(f"mode {self.mode}: expected discrete or continuous")


PROTOCOLS: dict[str, Options] = {
    "exact": Options(),
    "dlib": Options("dlib", train_rows=10_000, test_rows=5_000),
}
ENCODED = "dlib"  # the default where codes must be made first


def plan(points: Points, options: Options, seed: int, codes_ready: bool = False) -> Split:
    """Training and test rows."""
    counts = (options.train_rows, options.test_rows)
    return plan_split("sap", points, options, seed, PROTOCOLS, *counts, with_test=True)


def score(plan: Split, codes: Codes, callables: Callables) -> Result:
    """Mean gap over factors; ``details["predictability"]``: dimensions x factors."""
    train, test = plan.codes(codes)
    labels = plan.labels()
    notes = list(plan.notes)
    if plan.options.mode == "continuous":
        notes += note_categorical(train)
        solver = None
        matrix = _correlations(train, labels)
    else:
        matrix, unfinished = _accuracies(train, test, labels, plan.labels("test"), plan, callables)
        solver = "liblinear" if len(train) <= MANY_ROWS else "exact"
        if unfinished:
            notes.append(f"{unfinished} of {matrix.size} classifiers stopped before they had converged")
    gap, best = gaps(matrix)
    if train.shape[1] == 1:
        notes.append("one dimension only: its gap is to nothing")
    details = {
        **constants(plan.options, PROTOCOLS),
        **plan.details(),
        "solver": solver,
        "predictability": matrix.tolist(),  # dimensions x factors
        "best_dimension": best.tolist(),
        "notes": notes,
    }
    per_factor = dict(zip(plan.names, gap.tolist(), strict=True))
    return Result(float(gap.mean()), plan.options.protocol, None, per_factor, details)


def _correlations(codes: np.ndarray, labels: np.ndarray) -> np.ndarray:
    """Squared correlation of each dimension with each factor's class number: float64 [D, K]."""
    codes = codes.astype(np.float64) - codes[0]
    codes -= codes.mean(axis=0)
    labels = labels - labels.mean(axis=0)
    variance = (codes**2).mean(axis=0)
    covariance = codes.T @ labels / len(codes)
    spread = np.where(variance > LEAST_VARIANCE, variance, np.inf)
    return np.minimum(covariance**2 / (spread[:, None] * (labels**2).mean(axis=0)), 1)


def _accuracies(train, test, labels, test_labels, plan: Split, callables: Callables) -> tuple[np.ndarray, int]:
    """Test accuracies float64 [D, K], and how many of the classifiers did not converge."""
    from sklearn.exceptions import ConvergenceWarning

    train = train.astype(np.float64)
    test = train if plan.test is None else test.astype(np.float64)
    pairs = [(i, k) for i in range(train.shape[1]) for k in range(labels.shape[1])]
    fit = _by_liblinear if len(train) <= MANY_ROWS else _exactly

    def of_pair(pair: tuple[int, int]) -> tuple[float, bool]:
        i, k = pair
        return fit(train[:, i], labels[:, k], test[:, i], test_labels[:, k], plan.options.penalty)

    matrix, unfinished = np.empty((train.shape[1], labels.shape[1])), 0
    workers = ThreadPoolExecutor(cpu_count())  # the solver runs without Python's lock
    with warnings.catch_warnings(), workers as pool:
        warnings.simplefilter("ignore", ConvergenceWarning)  # counted instead
        for done, (pair, (value, stopped)) in enumerate(zip(pairs, pool.map(of_pair, pairs), strict=True)):
            matrix[pair] = value
            unfinished += stopped
            callables.progress(done + 1, len(pairs))
    return matrix, unfinished


def _by_liblinear(train, labels, test, test_labels, penalty: float) -> tuple[float, bool]:
    """Accuracy of scikit-learn's machine, and whether it stopped before it had converged."""
    from sklearn.svm import LinearSVC

    machine = LinearSVC(C=penalty, class_weight="balanced", random_state=0)
    right = machine.fit(train[:, None], labels).predict(test[:, None]) == test_labels
    return float(right.mean()), bool(machine.n_iter_ >= machine.max_iter)


def _exactly(train, labels, test, test_labels, penalty: float) -> tuple[float, bool]:
    return accuracy(train, labels, test, test_labels, penalty), False
