"""DCI (Eastwood & Williams, ICLR 2018) by Lasso regression, the paper's linear learner.

Codes and factors (as ordered numbers) are standardised; an importance is a coefficient's size, and informativeness the
share of variance explained (R squared, 0 where it is negative).
"""

from collections.abc import Sequence

import numpy as np

from disentool.metrics.arrays import Array, check_split, names_of, note_categorical, standardised
from disentool.metrics.constants.disentanglement import DciLasso
from disentool.metrics.importance import Fit, dci_result
from disentool.metrics.result import Result
from disentool.metrics.scikit_learn import import_scikit_learn


def dci_lasso(
    codes: Array,
    factors: Array,
    test_codes: Array | None = None,
    test_factors: Array | None = None,
    *,
    penalty: float = DciLasso.penalty,
    factor_names: Sequence[str] | None = None,
) -> Result:
    """Disentanglement of the coefficients' sizes, 0..1. ``penalty``: alpha, the weight of their absolute sum.

    Arrays, result and errors as of :func:`disentool.metrics.dci.dci`.
    """
    import_scikit_learn()
    from sklearn.linear_model import Lasso

    DciLasso(penalty=penalty)
    names = names_of(factor_names, factors.shape[1])
    test, test_labels = check_split(codes, factors, test_codes, test_factors)
    notes = note_categorical(codes)
    inputs, test_inputs = standardised(codes, test)
    targets, test_targets = standardised(factors, test_labels)
    importance = np.zeros((inputs.shape[1], targets.shape[1]))
    explained = np.zeros((2, targets.shape[1]))
    for k in range(targets.shape[1]):
        model = Lasso(alpha=penalty, random_state=0).fit(inputs, targets[:, k])
        importance[:, k] = np.abs(model.coef_)
        for part, (rows, wanted) in enumerate(((inputs, targets[:, k]), (test_inputs, test_targets[:, k]))):
            spread = ((wanted - wanted.mean()) ** 2).sum()
            left = ((wanted - model.predict(rows)) ** 2).sum()
            explained[part, k] = max(1 - left / spread, 0) if spread > 0 else 0
    fit = Fit(importance, explained[0], explained[1], "share of the factor's variance explained")
    return dci_result(fit, names, notes)
