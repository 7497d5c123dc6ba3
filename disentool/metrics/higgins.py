"""The metric of Higgins et al., "beta-VAE" (ICLR 2017), as Kim & Mnih (2018) describe it in section 4.

Choose a factor; draw L pairs of rows that share its value and are random otherwise; the mean of |mean_1 - mean_2| over
the pairs is one point. A linear classifier tells from the point which factor was shared, and the score is its accuracy
on fresh points: 1/K is chance for K factors. Known weaknesses (Kim & Mnih, section 4): it depends on how the classifier
is trained, a linear combination of dimensions counts as one, and 1 is reached although one factor is not represented.
The first of them in practice: the steps of the protocol do not move the weights far enough for codes of small scale.
Factors are then never answered, and the score is the share of the others' points. A note says so.
"""

import warnings
from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from disentool.errors import DataMismatch
from disentool.metrics.arrays import Array, Floats, Integers, check_codes, check_drawn, names_of, refuse_non_finite
from disentool.metrics.constants.disentanglement import Higgins
from disentool.metrics.intervals import above_chance, interval_of_share
from disentool.metrics.result import Result
from disentool.metrics.scikit_learn import import_scikit_learn

Predict = Callable[[Floats], Integers]  # points float64 [V,D] -> factors [V]


def higgins(
    codes: Array,
    first: Array,
    second: Array,
    shared: Array,
    *,
    train_points: int,
    classifier: Literal["softmax", "logistic"] = Higgins.classifier,
    classifier_steps: int = Higgins.classifier_steps,
    classifier_batch: int = Higgins.classifier_batch,
    classifier_learning_rate: float = Higgins.classifier_learning_rate,
    classifier_accumulator: float = Higgins.classifier_accumulator,
    rescaled: bool = Higgins.rescaled,
    iterations: int = Higgins.iterations,
    factor_names: Sequence[str] | None = None,
    seed: int = 0,
) -> Result:
    """Accuracy on the test points, 0..1; 1/K is chance, or 0 where it is ``rescaled``.

    ``codes``: float [n,D]. ``first``, ``second``: the rows of each point's pairs, int [V,L], indices of ``codes``.
    ``shared``: which factor they share, int [V], 0..K-1. The first ``train_points`` points train the ``classifier``,
    the others test it: ``softmax``, by Adagrad in ``classifier_steps`` batches, or ``logistic``, scikit-learn's, of so
    many ``iterations``.
    ``seed``: of Adagrad's batches and of the bootstrap interval. ``details["confusion"]``: factor shared x factor
    answered; ``details["notes"]`` name factors that are never answered, and what codes of another scale would give.
    Raises ``DataMismatch`` for arrays that do not fit, ``WrongUsage`` for constants that cannot be.
    """
    constants = Higgins(
        train_points=train_points,
        test_points=len(first) - train_points,
        pairs=first.shape[1],
        classifier=classifier,
        classifier_steps=classifier_steps,
        classifier_batch=classifier_batch,
        classifier_learning_rate=classifier_learning_rate,
        classifier_accumulator=classifier_accumulator,
        iterations=iterations,
    )
    check_codes(codes)
    check_drawn(codes, first, shared, "higgins")
    check_drawn(codes, second, shared, "higgins")
    names = names_of(factor_names, int(shared.max()) + 1 if factor_names is None else len(factor_names))
    features = _features(codes, first, second)
    train, test = features[:train_points], features[train_points:]
    labels, truth = shared[:train_points], shared[train_points:]
    if np.unique(labels).size < 2:
        raise DataMismatch("metric higgins drew training points of one factor only; raise train_points")

    def fitted(points: Floats) -> Predict:
        return (
            _softmax(points, labels, len(names), constants, seed)
            if classifier == "softmax"
            else _logistic(points, labels, iterations)
        )

    predict = fitted(train)
    table = np.zeros((len(names),) * 2, np.int64)
    np.add.at(table, (truth, predict(test)), 1)
    right, total = int(np.trace(table)), int(table.sum())
    cast = table.sum(axis=1)
    chance = 1 / len(names)
    score, interval = right / total, interval_of_share(right, total, seed)
    if rescaled:
        score = above_chance(score, chance)
        interval = above_chance(interval[0], chance), above_chance(interval[1], chance)
    details = {
        "factors": list(names),
        "chance": chance,
        "dimensions": codes.shape[1],
        "confusion": table.tolist(),
        "train_accuracy": float((predict(train) == labels).mean()),
        "interval_of": "95 % percentile bootstrap over the test points, not over training runs",
        "notes": _never_answered(table, names, codes, train, test, truth, fitted),
    }
    per_factor = {name: float(table[i, i] / cast[i]) for i, name in enumerate(names) if cast[i]}
    return Result(score, interval, per_factor, details)


def _features(codes: Array, first: Array, second: Array) -> Floats:
    """mean over the pairs of |mean_1 - mean_2|, float64 [V, D]; the mean in float32, as disentanglement_lib has it."""
    out = np.empty((len(first), codes.shape[1]))
    block = max(1, (1 << 18) // (first.shape[1] * codes.shape[1]))
    for start in range(0, len(first), block):
        part = slice(start, start + block)
        with np.errstate(over="ignore"):  # becomes infinite, which is refused by name
            out[part] = np.abs(codes[first[part]] - codes[second[part]]).mean(axis=1)
    refuse_non_finite(out, "differences of the codes")
    return out


def _never_answered(
    table: Integers,
    names: Sequence[str],
    codes: Array,
    train: Floats,
    test: Floats,
    truth: Array,
    fitted: Callable[[Floats], Predict],
) -> list[str]:
    """A note of the factors that the classifier never answers, and what it would reach on codes of another scale."""
    missing = [name for i, name in enumerate(names) if table[i].any() and not table[:, i].any()]
    if not missing:
        return []
    said = f"the classifier never answers {', '.join(missing)}"
    widest = float(codes.std(axis=0, dtype=np.float64).max())
    if widest < np.finfo(np.float32).tiny:
        return [f"{said}: the codes are constant"]
    accuracy = float((fitted(train / widest)(test / widest) == truth).mean())
    return [
        f"{said}; the widest dimension of the codes has a standard deviation of {widest:.2g}, and this metric depends"
        f" on their scale: with codes scaled so that it is 1, the accuracy is {accuracy:.4g}"
    ]


def _softmax(points: Floats, labels: Array, classes: int, constants: Higgins, seed: int) -> Predict:
    """A linear softmax classifier, from zero weights, by Adagrad (Duchi et al. 2011) on minibatches."""
    rng = np.random.default_rng((seed, 3))
    inputs = np.concatenate([points, np.ones((len(points), 1))], axis=1)  # the last weight is the bias
    targets = np.eye(classes)[labels]
    weights = np.zeros((inputs.shape[1], classes))
    squares = np.full_like(weights, constants.classifier_accumulator)
    batches = rng.integers(len(inputs), size=(constants.classifier_steps, constants.classifier_batch))
    for batch in batches:
        x = inputs[batch]
        logits = x @ weights
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        gradient = x.T @ (odds / odds.sum(axis=1, keepdims=True) - targets[batch]) / len(batch)
        squares += gradient * gradient
        weights -= constants.classifier_learning_rate * gradient / np.sqrt(squares)
    return lambda x: (x @ weights[:-1] + weights[-1]).argmax(axis=1)


def _logistic(points: Floats, labels: Array, iterations: int) -> Predict:
    """scikit-learn's logistic regression, with its own penalty, of so many iterations at most."""
    import_scikit_learn()
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 100 iterations are its default, and a protocol
        predict: Predict = LogisticRegression(max_iter=iterations).fit(points, labels).predict
        return predict
