"""Codes and factors in memory -> a result: the metrics for whoever calls from Python."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from disentool.errors import UnknownName, WrongUsage
from disentool.metrics.result import Result
from disentool.reporting import Silent
from disentool.scoring.choose import choose
from disentool.scoring.codes import Codes
from disentool.scoring.lent_functions import of_codes
from disentool.scoring.measure import measure, remarks, with_notes
from disentool.scoring.points import Points
from disentool.scoring.scorer import Spread


def score_arrays(
    codes: ArrayLike,
    factors: ArrayLike | None = None,
    metric: str = "mig",
    protocol: str | None = None,
    seed: int = 0,
    factor_names: Sequence[str] | None = None,
    logvar: ArrayLike | None = None,
    bootstrap: int = 0,
    **constants: Any,
) -> Result:
    """One metric of codes; the same numbers as ``disentool score`` gives for a file of them.

    ``codes``: numbers [n,D], the means of q(z|x). ``factors``: numbers [n,K], or None for a metric without labels; any
    labels will do, and become class numbers. ``metric``: a name of ``disentool.metrics.METRICS``, or the user's own
    ``module:function``. ``protocol``: None is the metric's default. ``logvar``: numbers [n,D], of q(z|x), where the
    metric needs a posterior. ``bootstrap``: resamples of the rows to make the interval of, 0: the metric's own
    interval. ``constants``: other values for those of the protocol, such as ``bins=10``.

    The result has ``score``, ``interval`` (95 %, or None), ``per_factor`` (name -> number), ``details`` (plain Python:
    every constant, how rows were drawn, notes) and ``protocol``. No torch is imported, but for the mixtures of ``tc``
    and of ``mig``'s protocol ``chen``.

    Raises ``UnknownName`` for names, ``WrongUsage`` for constants that cannot be or a metric that is not of one
    model's codes, ``NoFactors`` and ``DataMismatch`` for arrays that do not fit.

    >>> import numpy as np
    >>> factors = np.indices((4, 5)).reshape(2, -1).T
    >>> result = score_arrays(factors + 0.0, factors, "mig", factor_names=["shape", "scale"])
    >>> round(result.score, 6)
    1.0
    >>> sorted(result.per_factor)
    ['scale', 'shape']
    >>> result.details["bins"], result.protocol, result.interval
    (20, 'exact', None)
    """
    try:
        found = choose([metric], protocol, {name: _as_text(value) for name, value in constants.items()})
    except UnknownName:
        raise
    except WrongUsage as error:  # there is no such option here
        raise WrongUsage(str(error).removeprefix("--set ")) from None
    chosen = found[0]
    if len(found) > 1 or chosen.needs("others") or chosen.needs("directions"):
        raise WrongUsage(f"metric {metric}: expected one metric of one model's codes")
    if chosen.needs("model") or chosen.needs("reconstruction"):
        raise WrongUsage(f"metric {metric} needs the decoder; score the checkpoint instead of its codes")
    mean = np.asarray(codes)
    table = Codes(np.arange(len(mean)) if mean.ndim else np.zeros(0, np.int64), mean, _array(logvar))
    points = Points(len(mean)) if factors is None else Points.from_factors(np.asarray(factors), factor_names)
    spread = Spread(bootstrap=bootstrap)
    planned = chosen.plans(points, seed, 1, codes_ready=True)
    result = measure(chosen, planned, table, of_codes("cpu"), spread, Silent())
    return with_notes(result, remarks(table.mean))


def _array(values: ArrayLike | None) -> np.ndarray | None:
    return None if values is None else np.asarray(values)


def _as_text(value: Any) -> str:
    """A constant as the command line has it."""
    return str(value).lower() if value is None or isinstance(value, (bool, np.bool_)) else str(value)
