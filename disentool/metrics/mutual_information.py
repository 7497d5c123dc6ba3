"""Mean mutual information between pairs of code dimensions, binned: nats. No labels; 0 is independent, low is better.

As in Locatello et al., "Challenging Common Assumptions" (ICML 2019), appendix.
"""

import numpy as np

from disentool.contract.units import NATS
from disentool.errors import DataMismatch
from disentool.metrics.arrays import Array, check_codes
from disentool.metrics.constants.disentanglement import Binned
from disentool.metrics.information import binned, pairwise_information
from disentool.metrics.result import Result


def mutual_information(codes: Array, *, bins: int = Binned.bins) -> Result:
    """Mean over pairs of different dimensions, nats; ``DataMismatch`` for a single one.

    ``codes``: float [n,D]. ``bins``: of equal width, per dimension. ``details["mutual_information"]``: dimensions x
    dimensions. Raises ``WrongUsage`` for fewer than two bins.
    """
    Binned(bins=bins)
    check_codes(codes)
    numbers = binned(codes, bins)
    dimensions = numbers.shape[1]
    if dimensions < 2:
        raise DataMismatch(
            "metric mutual-information compares dimensions, and these codes have only one; score codes of two or more"
        )
    information = np.zeros((dimensions, dimensions))
    for i in range(dimensions - 1):
        information[i, i + 1 :] = pairwise_information(numbers[:, i : i + 1], numbers[:, i + 1 :])
    information += information.T
    details = {"unit": NATS, "mutual_information": information.tolist(), "notes": []}
    return Result(float(information.sum() / (dimensions * (dimensions - 1))), details=details)
