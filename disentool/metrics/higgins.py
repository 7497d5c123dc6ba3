"""The metric of Higgins et al., "beta-VAE" (ICLR 2017), as Kim & Mnih (2018) describe it in section 4.

Choose a factor; draw L pairs of rows that share its value and are random otherwise; the mean of |mean_1 - mean_2| over
the pairs is one point. A linear classifier tells from the point which factor was shared, and the score is its accuracy
on fresh points: 1/K is chance for K factors. Known weaknesses (Kim & Mnih, section 4): it depends on how the classifier
is trained, a linear combination of dimensions counts as one, and 1 is reached although one factor is not represented.
"""

import dataclasses
import warnings
from dataclasses import dataclass
from typing import Literal

import numpy as np

from disentool.errors import DataMismatch, UnknownName, WrongUsage
from disentool.metrics.result import Codes, Result, above_chance, interval_of_share, refuse_non_finite
from disentool.metrics.sampling import Points, check_seed, unique_rows

NEEDS = frozenset({"factors"})


@dataclass(frozen=True)
class Options:
    """Every constant of the metric; ``WrongUsage`` for values that cannot be."""

    protocol: str = "paper"  # "dlib" draws as disentanglement_lib does, number for number, on a complete grid
    train_points: int = 10_000
    test_points: int = 5_000
    pairs: int = 200  # L: pairs of one point
    # softmax: unpenalised, by Adagrad, as in the paper; logistic: scikit-learn's LogisticRegression as it comes
    classifier: Literal["softmax", "logistic"] = "softmax"
    classifier_steps: int = 10_000  # of Adagrad
    classifier_batch: int = 10  # points of one step
    classifier_learning_rate: float = 0.01
    rescaled: bool = False  # whether the score is rescaled so that chance is 0
    classifier_accumulator: float = 0.1  # where Adagrad's sums of squares start

    def __post_init__(self):
        for name in ("train_points", "test_points", "pairs", "classifier_steps", "classifier_batch"):
            if not getattr(self, name) >= 1:
                raise WrongUsage(f"{name} {getattr(self, name)}: expected at least 1")
        for name in ("classifier_learning_rate", "classifier_accumulator"):
            if not 0 < getattr(self, name) < np.inf:
                raise WrongUsage(f"{name} {getattr(self, name)}: expected a number above 0")
        if self.classifier not in ("softmax", "logistic"):
            raise UnknownName("classifier of metric higgins", self.classifier, ("softmax", "logistic"))


PROTOCOLS: dict[str, Options] = {
    "paper": Options(),
    "dlib": Options("dlib", pairs=64, classifier="logistic"),
    "ubisoft": Options("ubisoft", train_points=800, test_points=800, classifier="logistic", rescaled=True),
}


@dataclass(frozen=True, eq=False)
class Plan:
    """The pairs, drawn. The first ``options.train_points`` points train the classifier, the rest test it."""

    rows: np.ndarray | None  # int64, sorted, unique: what must be encoded; None: all n rows
    n: int
    first: np.ndarray  # int64 [V, L], the one half of each pair
    second: np.ndarray  # int64 [V, L], the other
    factors: np.ndarray  # int64 [V], indices into ``names``
    names: tuple[str, ...]  # the factors that are shared
    left_out: dict[str, str]  # factor -> why it is not
    grid: bool
    options: Options
    seed: int


def plan(points: Points, options: Options, seed: int, codes_ready: bool = False) -> Plan:
    """Draw every pair from labels and seed.

    Raises ``NoFactors`` without labels, ``DataMismatch`` if fewer than two factors can be shared, ``WrongUsage`` for a
    bad seed.
    """
    if options.protocol not in PROTOCOLS:
        raise UnknownName("protocol of metric higgins", options.protocol, PROTOCOLS)
    usable, left_out = points.votable("higgins")
    if len(usable) < 2:
        raise DataMismatch(
            f"metric higgins tells which factor was shared, and only {points.names[usable[0]]} can be; it needs two"
        )
    count = options.train_points + options.test_points
    if options.protocol == "dlib" and points.grid:
        seed = check_seed(seed, below=1 << 32)
        factors, first, second = _draw_as_dlib(points, usable, options.pairs, count, seed)
    else:
        seed = check_seed(seed)
        rng = np.random.default_rng(seed)
        factors = rng.integers(len(usable), size=count)
        pairs = points.draw_groups(np.repeat(usable[factors], options.pairs), 2, rng).rows
        first, second = (pairs[:, i].reshape(count, options.pairs) for i in (0, 1))
    return Plan(
        rows=None if codes_ready else unique_rows(points.n, first, second),
        n=points.n,
        first=first,
        second=second,
        factors=factors,
        names=tuple(points.names[i] for i in usable),
        left_out=left_out,
        grid=points.grid,
        options=options,
        seed=seed,
    )


def score(plan: Plan, codes: Codes) -> Result:
    """Train the classifier and test it. Raises ``DataMismatch`` for codes that are not finite or lack rows."""
    options, count = plan.options, plan.options.train_points
    if plan.rows is None:
        codes.select(None, plan.n)
    refuse_non_finite(codes.mean, "codes")
    features = _features(codes, plan)
    train, test = features[:count], features[count:]
    labels, truth = plan.factors[:count], plan.factors[count:]
    if np.unique(labels).size < 2:
        raise DataMismatch("metric higgins drew training points of one factor only; raise train_points")
    if options.classifier == "softmax":
        predict = _softmax(train, labels, len(plan.names), options, plan.seed)
    else:
        predict = _logistic(train, labels)
    answers = predict(test)
    table = np.zeros((len(plan.names),) * 2, np.int64)
    np.add.at(table, (truth, answers), 1)
    right, total = int(np.trace(table)), int(table.sum())
    notes = []
    if options.protocol == "dlib" and not plan.grid:
        notes.append("not a complete grid: rows are drawn by pairs, not as disentanglement_lib draws them")
    cast = table.sum(axis=1)
    changed = [k for k, v in dataclasses.asdict(PROTOCOLS[options.protocol]).items() if getattr(options, k) != v]
    details = {
        "factors": list(plan.names),
        "left_out": plan.left_out,
        "chance": 1 / len(plan.names),
        "dimensions": codes.mean.shape[1],
        "confusion": table.tolist(),  # factor shared x factor answered
        "train_accuracy": float((predict(train) == labels).mean()),
        **{key: value for key, value in dataclasses.asdict(options).items() if key != "protocol"},
        "seed": plan.seed,
        "changed_options": changed,
        "grid": plan.grid,
        "interval_of": "95 % percentile bootstrap over the test points, not over training runs",
        "notes": notes,
    }
    per_factor = {name: float(table[i, i] / cast[i]) for i, name in enumerate(plan.names) if cast[i]}
    score, interval = right / total, interval_of_share(right, total, plan.seed)
    if options.rescaled:
        score = above_chance(score, 1 / len(plan.names))
        interval = tuple(above_chance(bound, 1 / len(plan.names)) for bound in interval)
    return Result(score, options.protocol, interval, per_factor, details)


def _draw_as_dlib(points: Points, usable: np.ndarray, pairs: int, count: int, seed: int):
    """Per point a factor and two batches of rows, of which the second takes the factor's values from the first.

    The draws of disentanglement_lib, in its order: ``randint`` with an array of bounds takes the same numbers from the
    stream, element by element, as its one call per factor and batch.
    """
    stream = np.random.RandomState(seed)
    sizes = np.array(points.sizes)
    bounds = np.concatenate([[len(usable)], np.repeat(sizes, pairs), np.repeat(sizes, pairs)])
    factors = np.empty(count, np.int64)
    first, second = np.empty((count, pairs), np.int64), np.empty((count, pairs), np.int64)
    block = max(1, (1 << 20) // len(bounds))
    for start in range(0, count, block):
        part = slice(start, min(start + block, count))
        drawn = stream.randint(bounds, size=(part.stop - start, len(bounds)))
        factors[part] = drawn[:, 0]
        one, other = drawn[:, 1:].reshape(len(drawn), 2, len(sizes), pairs).transpose(1, 0, 2, 3)
        each, shared = np.arange(len(drawn)), usable[drawn[:, 0]]
        other[each, shared] = one[each, shared]
        first[part], second[part] = (points.rows_of(batch.transpose(0, 2, 1)) for batch in (one, other))
    return factors, first, second


def _features(codes: Codes, plan: Plan) -> np.ndarray:
    """mean over the pairs of |mean_1 - mean_2|, float64 [V, D]; the mean in float32, as disentanglement_lib has it."""
    first, second = codes.at(plan.first), codes.at(plan.second)
    out = np.empty((len(first), codes.mean.shape[1]))
    block = max(1, (1 << 18) // (first.shape[1] * codes.mean.shape[1]))
    for start in range(0, len(first), block):
        part = slice(start, start + block)
        difference = codes.mean[first[part]] - codes.mean[second[part]]
        with np.errstate(over="ignore"):  # becomes infinite, which is refused by name
            out[part] = np.abs(difference).mean(axis=1)
    refuse_non_finite(out, "differences of the codes")
    return out


def _softmax(points: np.ndarray, labels: np.ndarray, classes: int, options: Options, seed: int):
    """A linear softmax classifier, from zero weights, by Adagrad (Duchi et al. 2011) on minibatches."""
    rng = np.random.default_rng((seed, 3))
    inputs = np.concatenate([points, np.ones((len(points), 1))], axis=1)  # the last weight is the bias
    targets = np.eye(classes)[labels]
    weights = np.zeros((inputs.shape[1], classes))
    squares = np.full_like(weights, options.classifier_accumulator)
    batches = rng.integers(len(inputs), size=(options.classifier_steps, options.classifier_batch))
    for batch in batches:
        x = inputs[batch]
        logits = x @ weights
        odds = np.exp(logits - logits.max(axis=1, keepdims=True))
        gradient = x.T @ (odds / odds.sum(axis=1, keepdims=True) - targets[batch]) / len(batch)
        squares += gradient * gradient
        weights -= options.classifier_learning_rate * gradient / np.sqrt(squares)
    return lambda x: (x @ weights[:-1] + weights[-1]).argmax(axis=1)


def _logistic(points: np.ndarray, labels: np.ndarray):
    from sklearn.exceptions import ConvergenceWarning
    from sklearn.linear_model import LogisticRegression

    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)  # 100 iterations are its default, and this is its protocol
        return LogisticRegression().fit(points, labels).predict
