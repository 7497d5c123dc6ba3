"""DCI (Eastwood & Williams, ICLR 2018) by histogram gradient boosting: a learner of another kind than that of ``dci``.

It is that of LightGBM: codes are binned, a split is chosen by its second-order gain, and an importance is the sum of a
dimension's gains. Same rows, rounds, rate and depth as ``dci``, and about as long.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from disentool.metrics.arrays import Array, Floats, check_split, names_of
from disentool.metrics.constants.disentanglement import DciHist
from disentool.metrics.importance import Fit, dci_result, learner_seed
from disentool.metrics.result import Progress, Result, silent
from disentool.metrics.scikit_learn import Stopped, import_scikit_learn, side_by_side


def dci_hist(
    codes: Array,
    factors: Array,
    test_codes: Array | None = None,
    test_factors: Array | None = None,
    *,
    rounds: int = DciHist.rounds,
    learning_rate: float = DciHist.learning_rate,
    depth: int = DciHist.depth,
    bins: int = DciHist.bins,
    seed: int = 0,
    factor_names: Sequence[str] | None = None,
    progress: Progress = silent,
) -> Result:
    """Disentanglement of the trees' gains, 0..1. ``bins``: per dimension, of equal numbers of rows, at most 255.

    Arrays, result and errors as of :func:`disentool.metrics.dci.dci`.
    """
    import_scikit_learn()
    from sklearn.ensemble import HistGradientBoostingClassifier
    from threadpoolctl import threadpool_limits

    DciHist(rounds=rounds, learning_rate=learning_rate, depth=depth, bins=bins)
    names = names_of(factor_names, factors.shape[1])
    test, test_labels = check_split(codes, factors, test_codes, test_factors)

    def fit(k: int, stopped: Stopped) -> tuple[Floats, float, float]:
        def watch(*_: object) -> float:
            if stopped():
                raise InterruptedError("nobody waits for these trees")
            return 0.0

        model = HistGradientBoostingClassifier(
            max_iter=rounds,
            learning_rate=learning_rate,
            max_depth=depth,
            max_leaf_nodes=None,
            min_samples_leaf=1,
            max_bins=bins,
            # it asks for a score after each round, and would stop after more rounds without a better one than there are
            early_stopping=True,
            scoring=watch,
            n_iter_no_change=rounds + 1,
            validation_fraction=None,
            random_state=learner_seed(seed, k),
        )
        # A thread for each factor: trees this small gain nothing from threads of their own, and wait for each other
        with threadpool_limits(1, "openmp"):
            model.fit(codes, factors[:, k])
            on_train = float((model.predict(codes) == factors[:, k]).mean())
            return _gains(model, codes.shape[1]), on_train, float((model.predict(test) == test_labels[:, k]).mean())

    factors_there = range(factors.shape[1])
    fits = side_by_side(fit, factors_there, lambda done: progress(done, len(factors_there)))
    columns, on_train, on_test = zip(*fits, strict=True)
    return dci_result(Fit(np.stack(columns, axis=1), np.array(on_train), np.array(on_test), "accuracy"), names)


def _gains(model: Any, dimensions: int) -> Floats:
    """float64 [D]: each dimension's share of all loss reduction.

    scikit-learn counts no importances for these trees, so they are read off the nodes it keeps.
    """
    total = np.zeros(dimensions)
    for trees in model._predictors:
        for tree in trees:
            inner = tree.nodes[tree.nodes["is_leaf"] == 0]
            np.add.at(total, inner["feature_idx"].astype(np.int64), np.maximum(inner["gain"], 0))
    return total / total.sum() if total.sum() > 0 else total
