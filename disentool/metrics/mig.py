"""Mutual information gap: Chen et al., "Isolating Sources of Disentanglement in VAEs" (NeurIPS 2018), section 4.

For each factor, how much more the most informative code dimension tells of it than the second, over the factor's
entropy; the mean over factors. 1: each factor is told by one dimension alone. Protocols ``exact``, ``dlib``,
``ubisoft``: mutual information of the binned means. ``chen``: of z ~ q(z|x), by Gaussian mixtures over the whole data.
"""

from dataclasses import dataclass

import numpy as np

from disentool.errors import DataMismatch, WrongUsage
from disentool.metrics.information import binned, entropy, gaps, mutual_information
from disentool.metrics.result import Callables, Codes, Result, check_at_least, constants
from disentool.metrics.sampling import Points
from disentool.metrics.split import Split, plan_split

NEEDS = frozenset({"factors", "callables"})
RANGE = (0.0, 1.0)


@dataclass(frozen=True)
class Options:
    """Every constant of the metric; ``WrongUsage`` for values that cannot be."""

    protocol: str = "exact"
    bins: int = 20  # of equal width, per dimension; 0: the Gaussian mixtures of Chen et al.
    rows: int | None = None  # None: all
    samples: int = 10_000  # of z, for the mixtures' entropies
    without: str = "shape"  # factors that the mixtures leave out, separated by commas, as Chen et al. left out shape

    def __post_init__(self):
        check_at_least(self, bins=0, rows=2, samples=2)
        if self.bins == 1:
            raise WrongUsage("bins 1: expected at least 2, or 0 for Gaussian mixtures")


PROTOCOLS: dict[str, Options] = {
    "exact": Options(),
    "dlib": Options("dlib", rows=10_000),
    "chen": Options("chen", bins=0),
    "ubisoft": Options("ubisoft", bins=10),
}
ENCODED = "dlib"  # the default where codes must be made first


def plan(points: Points, options: Options, seed: int, codes_ready: bool = False) -> Split:
    """The rows of the table."""
    return plan_split("mig", points, options, seed, PROTOCOLS, options.rows)


def score(plan: Split, codes: Codes, callables: Callables) -> Result:
    """Mean gap over factors; ``details`` hold the information matrix, dimensions x factors, in nats."""
    options, labels = plan.options, plan.labels()
    mean = plan.codes(codes)[0]
    names, used = plan.names, np.arange(len(plan.names))
    if options.bins:
        information = mutual_information(binned(mean, options.bins), labels)
    else:
        used = np.array([i for i, name in enumerate(names) if name not in options.without.split(",")], dtype=int)
        if not used.size:
            raise DataMismatch(f"metric mig: without {options.without} no factor is left; --set without=none keeps all")
        information = _gaussian(mean, plan.codes(codes, "logvar")[0], labels[:, used], plan, callables)
    of_factor = entropy(labels[:, used])
    gap, best = gaps(information)
    gap = np.clip(gap / of_factor, 0, 1)
    notes = list(plan.notes)
    if mean.shape[1] == 1:
        notes.append("one dimension only: its gap is to nothing")
    details = {
        **constants(options, PROTOCOLS),
        **plan.details(),
        "factors": [names[i] for i in used],
        "unit": "share of the factor's entropy",
        "mutual_information": information.tolist(),  # dimensions x factors, nats
        "factor_entropy": of_factor.tolist(),
        "best_dimension": best.tolist(),
        "notes": notes,
    }
    per_factor = {names[i]: float(value) for i, value in zip(used, gap, strict=True)}
    return Result(float(gap.mean()), options.protocol, None, per_factor, details)


def _gaussian(mean, logvar, labels, plan: Split, callables: Callables) -> np.ndarray:
    """I(z_j; v_k) = H(z_j) - H(z_j | v_k), float64 [D, K]: entropies of mixtures of q(z|x), by Monte Carlo.

    H(z_j) over all rows; H(z_j | v_k) averaged over the values of v_k, each the mixture of the rows with that value.
    """
    log_q = callables.require("log_q", "mig, protocol chen,", "a function for mixtures")
    rng = np.random.default_rng((plan.seed, 3))

    def entropies(rows: np.ndarray) -> np.ndarray:
        picked = rows[rng.integers(len(rows), size=plan.options.samples)]
        noise = rng.standard_normal((len(picked), mean.shape[1]))
        z = mean[picked] + np.exp(0.5 * logvar[picked].astype(np.float64)) * noise
        return -log_q(z, mean[rows], logvar[rows])[1].mean(axis=0)

    values = [np.unique(labels[:, k]) for k in range(labels.shape[1])]
    total, done = 1 + sum(map(len, values)), 1
    whole = entropies(np.arange(len(mean)))
    callables.progress(done, total)
    information = np.empty((mean.shape[1], labels.shape[1]))
    for k, present in enumerate(values):
        conditional = np.zeros(mean.shape[1])
        for value in present:
            rows = np.flatnonzero(labels[:, k] == value)
            conditional += entropies(rows) * len(rows) / len(mean)
            callables.progress(done := done + 1, total)
        information[:, k] = whole - conditional
    return np.maximum(information, 0)
