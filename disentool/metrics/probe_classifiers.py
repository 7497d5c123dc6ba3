"""Classifiers that look for what a code tells: logistic regression, and a multilayer perceptron."""

import warnings
from collections.abc import Callable

import numpy as np

from disentool.metrics.arrays import Array
from disentool.metrics.scikit_learn import import_scikit_learn

Predict = Callable[[Array], Array]  # float [n,D] -> int [n]


def split(classes: Array, share: float, rng: np.random.Generator) -> tuple[Array, Array]:
    """Training and test rows, int64 sorted: of each class ``share`` for the test, at least one row on either side.

    ``classes``: int [n], each with at least two rows.
    """
    order = rng.permutation(len(classes))
    order = order[np.argsort(classes[order], kind="stable")]
    _, starts, counts = np.unique(classes[order], return_index=True, return_counts=True)
    for_test = np.clip(np.rint(share * counts).astype(np.int64), 1, counts - 1)
    place = np.arange(len(order)) - np.repeat(starts, counts)
    tests = place < np.repeat(for_test, counts)
    return np.sort(order[~tests]), np.sort(order[tests])


def standardised_as_float32(train: Array, *others: Array) -> list[Array]:
    """All of them float32 [n,D], by the training rows' mean and standard deviation; a constant column is zero."""
    mean, std = train.mean(axis=0, dtype=np.float64), train.std(axis=0, dtype=np.float64)
    # rounding of the mean makes a constant of large size vary by its last digits
    varies = std > 1e-6 * np.abs(mean)
    scale = np.where(varies, std, 1)
    return [(np.where(varies, part - mean, 0) / scale).astype(np.float32) for part in (train, *others)]


def principal_components(count: int, train: Array, *others: Array) -> list[Array]:
    """All of them float64 [n,count], or as many as there are, in the directions in which the training rows vary most.

    A code of 128 dimensions and one of 10 show a probe as many numbers then.
    """
    mean = train.mean(axis=0, dtype=np.float64)
    _, _, directions = np.linalg.svd(train - mean, full_matrices=False)
    return [(part - mean) @ directions[:count].T for part in (train, *others)]


def logistic(inputs: Array, labels: Array, penalty: float, iterations: int) -> Predict:
    """Multinomial logistic regression with ``0.5 |w|^2 / penalty`` added to the summed loss."""
    import_scikit_learn()
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    if (labels == labels[0]).all():
        return lambda rows: np.full(len(rows), labels[0])
    classifier = LogisticRegression(C=penalty, max_iter=iterations)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # as good as it gets in so many iterations
        classifier.fit(inputs.astype(np.float64), labels)
    return lambda rows: classifier.predict(rows.astype(np.float64))


def perceptron(inputs: Array, labels: Array, units: int, epochs: int, seed: int) -> Predict:
    """Two hidden layers of ``units``, ReLU, Adam on batches of 200, until the loss has not fallen by 1e-4 in 10 epochs.

    On all rows, without a validation set to stop by: with tens of images of a class that read off less of the class.
    """
    import_scikit_learn()
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.neural_network import MLPClassifier

    if (labels == labels[0]).all():
        return lambda rows: np.full(len(rows), labels[0])
    classifier = MLPClassifier((units, units), max_iter=epochs, random_state=seed)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        classifier.fit(inputs, labels)
    predict: Predict = classifier.predict
    return predict
