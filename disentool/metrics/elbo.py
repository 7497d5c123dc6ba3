"""Evidence lower bound, E_q[log p(x|z)] - KL(q(z|x) || N(0, I)), averaged over images: nats per image."""

from disentool.metrics.kl import kl_of_rows
from disentool.metrics.result import Codes, Result, mean_with_error, refuse_non_finite
from disentool.metrics.sampling import SubsetOptions, SubsetPlan, plan_subset

NEEDS = frozenset({"logvar", "reconstruction"})
PROTOCOLS = {"subset": SubsetOptions()}

plan = plan_subset


def score(plan: SubsetPlan, codes: Codes) -> Result:
    """Mean over the plan's rows; higher is better, and never above the log likelihood in expectation."""
    index = codes.select(plan.rows, plan.n)
    nats = codes.require("reconstruction_nats", "elbo")[index]
    refuse_non_finite(nats, "reconstruction error")
    kl = kl_of_rows(codes, index, "elbo")
    mean, interval, error = mean_with_error(-(nats + kl.sum(axis=1)))
    details = {
        "unit": "nats per image",
        "z": "one sample of q(z|x) per image",
        "reconstruction": float(nats.mean()),
        "kl": float(kl.sum(axis=1).mean()),
        "kl_per_dimension": kl.mean(axis=0).tolist(),
        "rows": len(nats),
        "seed": plan.seed,
        "standard_error": error,
        "interval_of": "mean ± 1.96 standard errors over images",
    }
    return Result(mean, plan.options.protocol, interval, {}, details)
