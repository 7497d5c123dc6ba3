"""DCI: Eastwood & Williams, "A Framework for the Quantitative Evaluation of Disentangled Representations" (ICLR 2018).

Gradient-boosted trees predict each factor from the code, as disentanglement_lib does it: exact splits, so hundreds of
trees for a factor of many values, and minutes. ``dci-hist`` is the same over binned codes, in seconds. The score is the
disentanglement; completeness and informativeness are in the record.
"""

import threading
from collections.abc import Sequence

import numpy as np

from disentool.metrics.arrays import Array, check_split, names_of
from disentool.metrics.constants.disentanglement import Dci
from disentool.metrics.importance import Fit, dci_result, learner_seed
from disentool.metrics.result import Progress, Result, silent
from disentool.metrics.scikit_learn import Stopped, import_scikit_learn, side_by_side


def dci(
    codes: Array,
    factors: Array,
    test_codes: Array | None = None,
    test_factors: Array | None = None,
    *,
    rounds: int = Dci.rounds,
    learning_rate: float = Dci.learning_rate,
    depth: int = Dci.depth,
    seed: int = 0,
    factor_names: Sequence[str] | None = None,
    progress: Progress = silent,
) -> Result:
    """Disentanglement of the trees' impurity importances, 0..1. Factors are fitted side by side; progress counts trees.

    ``codes``: float [n,D], that train. ``factors``: class numbers int [n,K], each from 0 and of two values or more.
    ``test_codes``, ``test_factors``: the same of test rows; None: the training rows. ``per_factor``: completeness.
    ``details``: completeness, informativeness, the importances dimensions x factors. Raises ``DataMismatch`` for other
    arrays, ``WrongUsage`` for constants that cannot be.
    """
    import_scikit_learn()
    from sklearn.ensemble import GradientBoostingClassifier

    Dci(rounds=rounds, learning_rate=learning_rate, depth=depth)
    names = names_of(factor_names, factors.shape[1])
    test, test_labels = check_split(codes, factors, test_codes, test_factors)
    classes = [len(np.unique(factors[:, k])) for k in range(factors.shape[1])]
    trees = [size if size > 2 else 1 for size in classes]
    lock, done = threading.Lock(), 0

    def fit(k: int, stopped: Stopped) -> tuple[Array, float, float]:
        def watch(*_: object) -> bool:
            nonlocal done
            with lock:
                done += trees[k]
                progress(done, sum(trees) * rounds)
            return stopped()  # ends the boosting

        model = GradientBoostingClassifier(
            n_estimators=rounds, learning_rate=learning_rate, max_depth=depth, random_state=learner_seed(seed, k)
        )
        model.fit(codes, factors[:, k], monitor=watch)
        on_train, on_test = (
            float((model.predict(rows) == wanted[:, k]).mean())
            for rows, wanted in ((codes, factors), (test, test_labels))
        )
        return model.feature_importances_, on_train, on_test

    order = np.argsort(trees)[::-1]  # the longest first, so that no worker ends alone
    # trees grow without Python's lock
    fits = dict(zip(order.tolist(), side_by_side(fit, order.tolist(), lambda done: None), strict=True))
    columns, on_train, on_test = zip(*(fits[k] for k in range(len(trees))), strict=True)
    return dci_result(Fit(np.stack(columns, axis=1), np.array(on_train), np.array(on_test), "accuracy"), names)
