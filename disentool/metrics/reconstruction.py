"""Reconstruction error: -log p(x|z), summed over pixels and channels, averaged over images: nats per image."""

from disentool.metrics.result import Codes, Result, mean_with_error, refuse_non_finite
from disentool.metrics.sampling import SubsetOptions, SubsetPlan, plan_subset

NEEDS = frozenset({"reconstruction"})
PROTOCOLS = {"subset": SubsetOptions()}

plan = plan_subset


def score(plan: SubsetPlan, codes: Codes) -> Result:
    """Mean over the plan's rows; lower is better. ``details["mse"]`` is a mean over images, pixels and channels."""
    index = codes.select(plan.rows, plan.n)
    nats = codes.require("reconstruction_nats", "reconstruction")[index]
    refuse_non_finite(nats, "reconstruction error")
    mean, interval, error = mean_with_error(nats)
    mse = None
    if codes.squared_error is not None:
        refuse_non_finite(codes.squared_error[index], "squared error")
        mse = float(codes.squared_error[index].mean())
    details = {
        "unit": "nats per image",
        "z": "one sample of q(z|x) per image",
        "mse": mse,
        "rows": len(nats),
        "seed": plan.seed,
        "standard_error": error,
        "interval_of": "mean ± 1.96 standard errors over images",
    }
    return Result(mean, plan.options.protocol, interval, {}, details)
