"""DCI (Eastwood & Williams, ICLR 2018) by histogram gradient boosting: the trees of ``dci``, grown on binned codes.

An importance is the sum of the loss reductions of a dimension's splits. Same rows, rounds, rate and depth as ``dci``.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from joblib import cpu_count

from disentool.errors import WrongUsage
from disentool.metrics.importance import Fit, dci_result, model_seed
from disentool.metrics.result import Callables, Codes, Result, check_at_least, constants
from disentool.metrics.sampling import Points
from disentool.metrics.split import Split, plan_split

NEEDS = frozenset({"factors", "callables"})
RANGE = (0.0, 1.0)


@dataclass(frozen=True)
class Options:
    """Every constant of the metric; ``WrongUsage`` for values that cannot be."""

    protocol: str = "dlib"
    rounds: int = 100  # of boosting; each adds a tree per class
    learning_rate: float = 0.1
    depth: int = 3  # of a tree
    bins: int = 255  # per dimension, of equal numbers of rows
    train_rows: int | None = 10_000  # None: all
    test_rows: int | None = 5_000  # None: the training rows

    def __post_init__(self):
        check_at_least(self, rounds=1, learning_rate=1e-6, depth=1, bins=2, train_rows=2, test_rows=1)
        if self.bins > 255:
            raise WrongUsage(f"bins {self.bins}: expected at most 255")


PROTOCOLS: dict[str, Options] = {"dlib": Options(), "exact": Options("exact", train_rows=None, test_rows=None)}


def plan(points: Points, options: Options, seed: int, codes_ready: bool = False) -> Split:
    """Training and test rows."""
    counts = (options.train_rows, options.test_rows)
    return plan_split("dci-hist", points, options, seed, PROTOCOLS, *counts, with_test=True)


def score(plan: Split, codes: Codes, callables: Callables) -> Result:
    """Disentanglement of the trees' gains."""
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    options = plan.options
    train, test = plan.codes(codes)
    labels, test_labels = plan.labels(), plan.labels("test")

    def fit(k: int) -> tuple[np.ndarray, float, float]:
        model = HistGradientBoostingClassifier(
            max_iter=options.rounds,
            learning_rate=options.learning_rate,
            max_depth=options.depth,
            max_leaf_nodes=None,
            min_samples_leaf=1,
            max_bins=options.bins,
            early_stopping=False,
            random_state=model_seed(plan, k),
        )
        # A thread for each factor: trees this small gain nothing from threads of their own, and wait for each other
        with threadpool_limits(1, "openmp"):
            model.fit(train, labels[:, k])
            on_train = float((model.predict(train) == labels[:, k]).mean())
            return _gains(model, train.shape[1]), on_train, float((model.predict(test) == test_labels[:, k]).mean())

    fits = []
    with ThreadPoolExecutor(cpu_count()) as pool:
        for result in pool.map(fit, range(labels.shape[1])):
            fits.append(result)
            callables.progress(len(fits), labels.shape[1])
    columns, on_train, on_test = zip(*fits, strict=True)
    fitted = Fit(np.stack(columns, axis=1), np.array(on_train), np.array(on_test), "accuracy")
    return dci_result(plan, fitted, constants(options, PROTOCOLS), [])


def _gains(model: object, dimensions: int) -> np.ndarray:
    """float64 [D]: each dimension's share of all loss reduction.

    scikit-learn counts no importances for these trees, so they are read off the nodes it keeps.
    """
    total = np.zeros(dimensions)
    for trees in model._predictors:
        for tree in trees:
            inner = tree.nodes[tree.nodes["is_leaf"] == 0]
            np.add.at(total, inner["feature_idx"].astype(np.int64), np.maximum(inner["gain"], 0))
    return total / total.sum() if total.sum() > 0 else total
