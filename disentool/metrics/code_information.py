"""Mutual information of an image and its code, I(x; z), under q(z|x): nats. At most log N for N images.

The KL term of the bound is I(x; z) + KL(q(z) || p(z)) (Kim & Mnih, "Disentangling by Factorising", ICML 2018, section
2). The KL term is known exactly, so I(x; z) is that less the estimate of KL(q(z) || p(z)), and the two metrics add up
to the KL, whatever the samples.
"""

from disentool.metrics.arrays import Array, Floats
from disentool.metrics.marginal_kl import details_of, estimates
from disentool.metrics.result import Result


def code_information(
    mean: Array,
    logvar: Array,
    *,
    z: Floats | None = None,
    log_q: tuple[Floats, Floats] | None = None,
    log_ratio: Floats | None = None,
    protocol: str = "mixture",
) -> Result:
    """The estimate of ``protocol``, nats; arguments, ``details`` and errors are those of ``marginal_kl``.

    ``gaussian`` is never below the truth.
    """
    found = estimates(mean, logvar, z, log_q, log_ratio, protocol)
    value, interval, error = found.of(protocol, "code-information")
    ends = None if interval is None else (found.kl - interval[1], found.kl - interval[0])
    return Result(found.kl - value, ends, {}, details_of(found, mean, error, lambda estimate: found.kl - estimate))
