"""Separated attribute predictability: Kumar et al., "Variational Inference of Disentangled Latent Concepts" (2018).

How well one code dimension alone predicts a factor, for the best dimension minus the second best; the mean over
factors. ``mode`` discrete: test accuracy of a linear support vector machine. continuous: squared correlation.
"""

import warnings
from collections.abc import Sequence
from typing import Literal

import numpy as np

from disentool.metrics.arrays import Array, Floats, check_split, names_of, note_categorical
from disentool.metrics.constants.disentanglement import Sap
from disentool.metrics.hinge import accuracy
from disentool.metrics.information import gaps
from disentool.metrics.result import Progress, Result, silent
from disentool.metrics.scikit_learn import Stopped, import_scikit_learn, side_by_side

LEAST_VARIANCE = 1e-12  # mode continuous: a dimension with no more than this predicts nothing
# Up to so many training rows scikit-learn fits the machines, digit for digit as disentanglement_lib has it; it stops
# early, and takes minutes for more, which are solved exactly. The two differ by a row in ten thousand.
MANY_ROWS = 50_000


def sap(
    codes: Array,
    factors: Array,
    test_codes: Array | None = None,
    test_factors: Array | None = None,
    *,
    mode: Literal["discrete", "continuous"] = Sap.mode,
    penalty: float = Sap.penalty,
    factor_names: Sequence[str] | None = None,
    progress: Progress = silent,
) -> Result:
    """Mean gap over factors, 0..1; ``details["predictability"]``: dimensions x factors.

    ``codes``: float [n,D], that train. ``factors``: class numbers int [n,K], each from 0 and of two values or more.
    ``test_codes``, ``test_factors``: the same of test rows; None: the training rows. ``penalty``: C, whose loss is
    summed over rows. Raises ``DataMismatch`` for other arrays, ``WrongUsage`` for constants that cannot be.
    """
    Sap(mode=mode, penalty=penalty)
    test, test_labels = check_split(codes, factors, test_codes, test_factors)
    names = names_of(factor_names, factors.shape[1])
    notes: list[str] = []
    solver = None
    if mode == "continuous":
        notes += note_categorical(codes)
        matrix = _correlations(codes, factors)
    else:
        matrix, unfinished = _accuracies(codes, test, factors, test_labels, penalty, progress)
        solver = "liblinear" if len(codes) <= MANY_ROWS else "exact"
        if unfinished:
            notes.append(f"{unfinished} of {matrix.size} classifiers stopped before they had converged")
    gap, best, alone = gaps(matrix)
    details = {
        "solver": solver,
        "predictability": matrix.tolist(),  # dimensions x factors
        "best_dimension": best.tolist(),
        "notes": notes + alone,
    }
    return Result(float(gap.mean()), None, dict(zip(names, gap.tolist(), strict=True)), details)


def _correlations(codes: Array, labels: Array) -> Floats:
    """Squared correlation of each dimension with each factor's class number: float64 [D, K]."""
    codes = codes.astype(np.float64) - codes[0]
    codes -= codes.mean(axis=0)
    labels = labels - labels.mean(axis=0)
    variance = (codes**2).mean(axis=0)
    covariance = codes.T @ labels / len(codes)
    spread = np.where(variance > LEAST_VARIANCE, variance, np.inf)
    found: Floats = np.minimum(covariance**2 / (spread[:, None] * (labels**2).mean(axis=0)), 1)
    return found


def _accuracies(
    train: Array, test: Array, labels: Array, test_labels: Array, penalty: float, progress: Progress
) -> tuple[Floats, int]:
    """Test accuracies float64 [D, K], and how many of the classifiers did not converge."""
    import_scikit_learn()
    from sklearn.exceptions import ConvergenceWarning

    same = test is train
    train = train.astype(np.float64)
    test = train if same else test.astype(np.float64)
    pairs = [(i, k) for i in range(train.shape[1]) for k in range(labels.shape[1])]
    fit = _by_liblinear if len(train) <= MANY_ROWS else _exactly

    def of_pair(pair: tuple[int, int], stopped: Stopped) -> tuple[float, bool]:
        i, k = pair
        return fit(train[:, i], labels[:, k], test[:, i], test_labels[:, k], penalty)

    matrix, unfinished = np.empty((train.shape[1], labels.shape[1])), 0
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # counted instead
        # the solver runs without Python's lock; one fit takes a second at most
        found = side_by_side(of_pair, pairs, lambda done: progress(done, len(pairs)))
    for pair, (value, unconverged) in zip(pairs, found, strict=True):
        matrix[pair] = value
        unfinished += unconverged
    return matrix, unfinished


def _by_liblinear(train: Array, labels: Array, test: Array, test_labels: Array, penalty: float) -> tuple[float, bool]:
    """Accuracy of scikit-learn's machine, and whether it stopped before it had converged."""
    from sklearn.svm import LinearSVC

    machine = LinearSVC(C=penalty, class_weight="balanced", random_state=0)
    right = machine.fit(train[:, None], labels).predict(test[:, None]) == test_labels
    return float(right.mean()), bool(machine.n_iter_ >= machine.max_iter)


def _exactly(train: Array, labels: Array, test: Array, test_labels: Array, penalty: float) -> tuple[float, bool]:
    return accuracy(train, labels, test, test_labels, penalty), False
