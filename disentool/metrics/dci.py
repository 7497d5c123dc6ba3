"""DCI: Eastwood & Williams, "A Framework for the Quantitative Evaluation of Disentangled Representations" (ICLR 2018).

Gradient-boosted trees predict each factor from the code, as disentanglement_lib's do: the trees of scikit-learn's
``GradientBoostingClassifier``, hundreds for a factor of many values. Like there, values that lie within 1e-7 of each
other are not told apart; here a chain of such neighbours counts as one value, there only within a node. So a dimension
of a standard deviation below some 1e-4 may get another share than there. The score is the disentanglement; completeness
and informativeness are in the record.
"""

from collections.abc import Sequence

import numpy as np

from disentool.errors import DataMismatch
from disentool.metrics.arrays import Array, check_split, names_of
from disentool.metrics.constants.disentanglement import Dci
from disentool.metrics.importance import Fit, dci_result
from disentool.metrics.result import Progress, Result, silent


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
    ``details``: completeness, informativeness, the importances dimensions x factors. ``seed`` decides between
    dimensions that split a node equally well. Raises ``DataMismatch`` for other arrays, ``WrongUsage`` for constants
    that cannot be.
    """
    from disentool.metrics.boosted_trees import boost, trees_of

    Dci(rounds=rounds, learning_rate=learning_rate, depth=depth)
    names = names_of(factor_names, factors.shape[1])
    test, test_labels = check_split(codes, factors, test_codes, test_factors)
    if max(np.abs(codes).max(), np.abs(test).max()) > np.finfo(np.float32).max:
        raise DataMismatch("codes: dci takes them as float32, whose numbers end at 3.4e38; scale them down")
    total, done = rounds * sum(map(trees_of, factors.T)), 0

    def grown(trees: int) -> None:
        nonlocal done
        done += trees
        progress(done, total)

    boosted = boost(
        codes,
        factors,
        test,
        test_labels,
        rounds=rounds,
        learning_rate=learning_rate,
        depth=depth,
        seed=seed,
        grown=grown,
    )
    return dci_result(Fit(boosted.importance, boosted.train, boosted.test, "accuracy"), names)
