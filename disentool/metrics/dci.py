"""DCI: Eastwood & Williams, "A Framework for the Quantitative Evaluation of Disentangled Representations" (ICLR 2018).

Gradient-boosted trees predict each factor from the code, as disentanglement_lib does it: exact splits, so hundreds of
trees for a factor of many values, and minutes. ``dci-hist`` is the same over binned codes, in seconds. The score is the
disentanglement; completeness and informativeness are in the record.
"""

import threading
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
from joblib import cpu_count

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
    train_rows: int | None = 10_000  # None: all
    test_rows: int | None = 5_000  # None: the training rows

    def __post_init__(self):
        check_at_least(self, rounds=1, learning_rate=1e-6, depth=1, train_rows=2, test_rows=1)


PROTOCOLS: dict[str, Options] = {"dlib": Options(), "exact": Options("exact", train_rows=None, test_rows=None)}


def plan(points: Points, options: Options, seed: int, codes_ready: bool = False) -> Split:
    """Training and test rows."""
    counts = (options.train_rows, options.test_rows)
    return plan_split("dci", points, options, seed, PROTOCOLS, *counts, with_test=True)


def score(plan: Split, codes: Codes, callables: Callables) -> Result:
    """Disentanglement of the trees' impurity importances. Factors are fitted side by side; progress counts trees."""
    from sklearn.ensemble import GradientBoostingClassifier

    options = plan.options
    train, test = plan.codes(codes)
    labels, test_labels = plan.labels(), plan.labels("test")
    classes = [len(np.unique(labels[:, k])) for k in range(labels.shape[1])]
    trees = [size if size > 2 else 1 for size in classes]
    lock, done = threading.Lock(), 0

    def fit(k: int) -> tuple[np.ndarray, float, float]:
        def watch(*_: object) -> bool:
            nonlocal done
            with lock:
                done += trees[k]
                callables.progress(done, sum(trees) * options.rounds)
            return False

        model = GradientBoostingClassifier(
            n_estimators=options.rounds,
            learning_rate=options.learning_rate,
            max_depth=options.depth,
            random_state=model_seed(plan, k),
        )
        model.fit(train, labels[:, k], monitor=watch)
        right = [
            float((model.predict(rows) == wanted[:, k]).mean())
            for rows, wanted in ((train, labels), (test, test_labels))
        ]
        return model.feature_importances_, *right

    order = np.argsort(trees)[::-1]  # the longest first, so that no worker ends alone
    with ThreadPoolExecutor(cpu_count()) as pool:  # trees grow without Python's lock
        fits = dict(zip(order.tolist(), pool.map(fit, order.tolist()), strict=True))
    columns, on_train, on_test = zip(*(fits[k] for k in range(len(trees))), strict=True)
    fitted = Fit(np.stack(columns, axis=1), np.array(on_train), np.array(on_test), "accuracy")
    return dci_result(plan, fitted, constants(options, PROTOCOLS), [])
