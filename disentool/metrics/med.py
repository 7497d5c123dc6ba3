"""MED: Cao et al., "An Empirical Study on Disentanglement of Negative-free Contrastive Learning" (NeurIPS 2022).

DCI's disentanglement with mutual information in place of a learned importance: nothing is fitted, nothing is random.
The information of dimension i about factor j, of binned codes, is divided by the factor's sum over dimensions.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from disentool.metrics.arrays import Array, check_table, names_of
from disentool.metrics.constants.disentanglement import Binned
from disentool.metrics.importance import result_of_importance
from disentool.metrics.information import information_about_factors
from disentool.metrics.result import Result


def med(codes: Array, factors: Array, *, bins: int = Binned.bins, factor_names: Sequence[str] | None = None) -> Result:
    """Disentanglement, 0..1; ``per_factor`` and ``details`` hold the completeness.

    ``codes``: float [n,D]. ``factors``: class numbers int [n,K], each from 0 and of two values or more. ``bins``: of
    equal width, per dimension. ``details["importance"]``: dimensions x factors, each factor's sum is 1. Raises
    ``DataMismatch`` for other arrays, ``WrongUsage`` for fewer than two bins.
    """
    Binned(bins=bins)
    check_table(codes, factors)
    information = information_about_factors(codes, factors, bins)
    mass = information.sum(axis=0)
    importance = information / np.where(mass > 0, mass, 1)
    names = names_of(factor_names, factors.shape[1])
    result = result_of_importance(importance, names, (), "no dimension tells of any factor", {})
    notes = result.details.pop("notes")
    return replace(result, details={**result.details, "mutual_information": information.tolist(), "notes": notes})
