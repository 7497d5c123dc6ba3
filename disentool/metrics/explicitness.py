"""Explicitness: Ridgeway & Mozer, "Learning Deep Disentangled Embeddings with the F-Statistic Loss" (NeurIPS 2018).

Can a linear classifier read each factor from the whole code? Logistic regression per factor on standardised codes; the
area under each class's one-versus-rest ROC curve on the test rows, averaged over classes, then factors. 0.5 is chance.
"""

import warnings
from collections.abc import Sequence

import numpy as np

from disentool.metrics.arrays import Array, Floats, check_split, names_of, standardised
from disentool.metrics.constants.disentanglement import Explicitness
from disentool.metrics.result import Progress, Result, silent
from disentool.metrics.scikit_learn import import_scikit_learn


def explicitness(
    codes: Array,
    factors: Array,
    test_codes: Array | None = None,
    test_factors: Array | None = None,
    *,
    penalty: float = Explicitness.penalty,
    iterations: int = Explicitness.iterations,
    factor_names: Sequence[str] | None = None,
    progress: Progress = silent,
) -> Result:
    """Mean area over factors, 0..1; 0.5 is chance. Constant dimensions count as zeros.

    ``codes``: float [n,D], that train. ``factors``: class numbers int [n,K], each from 0 and of two values or more.
    ``test_codes``, ``test_factors``: the same of test rows; None: the training rows. ``penalty``: C, the inverse weight
    of the squared coefficients. ``iterations``: of L-BFGS, at most. ``per_factor``: the areas of those factors that the
    test rows hold two classes of. Raises ``DataMismatch`` for other arrays, ``WrongUsage`` for impossible constants.
    """
    Explicitness(penalty=penalty, iterations=iterations)
    test, test_labels = check_split(codes, factors, test_codes, test_factors)
    names = names_of(factor_names, factors.shape[1])
    inputs, test_inputs = standardised(codes, test)
    notes, per_factor = [], {}
    constant = np.flatnonzero((inputs == 0).all(axis=0))
    if constant.size:
        notes.append(f"constant dimensions {', '.join(map(str, constant))} tell nothing")
    unfinished = 0
    for k, name in enumerate(names):
        area, stopped = _area(inputs, test_inputs, factors[:, k], test_labels[:, k], penalty, iterations)
        unfinished += stopped
        if area is None:
            notes.append(f"{name}: the test rows hold one class only; raise test_rows")
        else:
            per_factor[name] = area
        progress(k + 1, len(names))
    if unfinished:
        notes.append(f"{unfinished} of {len(names)} classifiers stopped before they had converged")
    if not per_factor:
        per_factor = dict.fromkeys(names, 0.5)
        notes.append("no factor could be tested: chance, 0.5")
    return Result(float(np.mean(list(per_factor.values()))), None, per_factor, {"chance": 0.5, "notes": notes})


def _area(
    train: Floats, test: Floats, labels: Array, test_labels: Array, penalty: float, iterations: int
) -> tuple[float | None, bool]:
    """Macro average over the classes that some, not all, test rows have; None without one. And: it did not converge."""
    from scipy.stats import rankdata

    import_scikit_learn()
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    classifier = LogisticRegression(C=penalty, max_iter=iterations)
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
    stopped = bool((classifier.n_iter_ >= iterations).any())
    return (float(np.mean(areas)) if areas else None), stopped
