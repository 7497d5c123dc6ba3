"""KL of the posterior to the prior, KL(q(z|x) || N(0, I)), averaged over images: nats per image."""

import numpy as np

from disentool.metrics.result import Codes, Result, mean_with_error, refuse_non_finite
from disentool.metrics.sampling import SubsetOptions, SubsetPlan, plan_subset

NEEDS = frozenset({"logvar"})
PROTOCOLS = {"subset": SubsetOptions()}
ACTIVE_ABOVE = 0.01  # nats per image: a dimension with less is collapsed to the prior

plan = plan_subset


def kl_to_standard_normal(mean: np.ndarray, logvar: np.ndarray) -> np.ndarray:
    """KL(N(mean, exp logvar) || N(0, 1)) of each element, in nats: float64 [n, D] from [n, D] and [n, D]."""
    mean, logvar = mean.astype(np.float64), logvar.astype(np.float64)
    with np.errstate(over="ignore"):  # infinite, which the caller refuses by name
        # expm1 keeps the digits that exp(logvar) - 1 - logvar loses near a collapsed posterior
        return 0.5 * (mean**2 + np.expm1(logvar) - logvar)


def kl_of_rows(codes: Codes, index: np.ndarray | slice, metric: str) -> np.ndarray:
    """KL per image and dimension, float64 [n, D]; ``DataMismatch`` without a posterior or where it is not finite."""
    logvar = codes.require("logvar", metric)[index]
    refuse_non_finite(codes.mean[index], "codes, mean")
    refuse_non_finite(logvar, "codes, logvar")
    kl = kl_to_standard_normal(codes.mean[index], logvar)
    refuse_non_finite(kl, "KL of the codes")
    return kl


def score(plan: SubsetPlan, codes: Codes) -> Result:
    """Mean total KL over the plan's rows."""
    kl = kl_of_rows(codes, codes.select(plan.rows, plan.n), "kl")
    mean, interval, error = mean_with_error(kl.sum(axis=1))
    per_dimension = kl.mean(axis=0)
    details = {
        "unit": "nats per image",
        "kl_per_dimension": per_dimension.tolist(),
        "active_dimensions": np.flatnonzero(per_dimension > ACTIVE_ABOVE).tolist(),
        "active_above": ACTIVE_ABOVE,
        "rows": len(kl),
        "seed": plan.seed,
        "standard_error": error,
        "interval_of": "mean ± 1.96 standard errors over images",
    }
    return Result(mean, plan.options.protocol, interval, {}, details)
