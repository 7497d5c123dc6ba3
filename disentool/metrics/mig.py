"""Mutual information gap: Chen et al., "Isolating Sources of Disentanglement in VAEs" (NeurIPS 2018), section 4.

For each factor, how much more the most informative code dimension tells of it than the second, over the factor's
entropy; the mean over factors. 1: each factor is told by one dimension alone. :func:`mig` takes the mutual information
of the binned means, :func:`mig_of_posteriors` that of z ~ q(z|x), by Gaussian mixtures over the whole data.
"""

from collections.abc import Callable, Sequence
from typing import Literal

import numpy as np

from disentool.metrics.arrays import Array, Floats, check_table, names_of, refuse_non_finite
from disentool.metrics.constants.disentanglement import Binned, Mig
from disentool.metrics.information import binned, entropy, gaps, information_about_factors
from disentool.metrics.result import Progress, Result, silent


def mig(
    codes: Array,
    factors: Array,
    *,
    bins: int = Mig.bins,
    divide_by: Literal["factor", "code"] = Mig.divide_by,
    factor_names: Sequence[str] | None = None,
) -> Result:
    """The gap of binned codes, 0..1.

    ``codes``: float [n,D]. ``factors``: class numbers int [n,K], each from 0 and of two values or more. ``bins``: of
    equal width, per dimension. ``divide_by``: ``factor``, the gap of I(z_j; v_k) over H(v_k); or ``code``, the gap of
    I(z_j; v_k) / H(z_j), as Ubisoft's toolkit has it: a constant dimension has 0. ``per_factor``: each one's gap;
    ``details``: the information matrix, dimensions x factors, in nats. Raises ``DataMismatch`` for other arrays,
    ``WrongUsage`` for fewer than two bins.
    """
    Binned(bins=bins)
    check_table(codes, factors)
    of_code = entropy(binned(codes, bins)) if divide_by == "code" else None
    return _of_information(
        information_about_factors(codes, factors, bins), factors, names_of(factor_names, factors.shape[1]), of_code
    )


def mig_of_posteriors(
    mean: Array,
    logvar: Array,
    factors: Array,
    log_q: Callable[..., tuple[Floats, Floats]],
    *,
    samples: int = Mig.samples,
    rng: np.random.Generator,
    factor_names: Sequence[str] | None = None,
    progress: Progress = silent,
) -> Result:
    """The gap of z ~ q(z|x), 0..1.

    I(z_j; v_k) = H(z_j) - H(z_j | v_k): entropies of mixtures of q(z|x), each by ``samples`` draws of z from ``rng``.
    H(z_j) over all rows; H(z_j | v_k) averaged over the values of v_k, each the mixture of the rows with that value.

    ``mean``, ``logvar``: float32 [n,D]. ``log_q(z, mean, logvar)``: log density, nats, of z float [M,D] under the equal
    mixture of these Gaussians: joint float64 [M], marginals float64 [M,D]. The rest as for :func:`mig`.
    """
    check_table(mean, factors)
    refuse_non_finite(logvar, "codes")

    def entropies(rows: Array) -> Floats:
        picked = rows[rng.integers(len(rows), size=samples)]
        noise = rng.standard_normal((len(picked), mean.shape[1]))
        z = mean[picked] + np.exp(0.5 * logvar[picked].astype(np.float64)) * noise
        found: Floats = -log_q(z, mean[rows], logvar[rows])[1].mean(axis=0)
        return found

    values = [np.unique(factors[:, k]) for k in range(factors.shape[1])]
    total, done = 1 + sum(map(len, values)), 1
    whole = entropies(np.arange(len(mean)))
    progress(done, total)
    information = np.empty((mean.shape[1], factors.shape[1]))
    for k, present in enumerate(values):
        conditional = np.zeros(mean.shape[1])
        for value in present:
            rows = np.flatnonzero(factors[:, k] == value)
            conditional += entropies(rows) * len(rows) / len(mean)
            progress(done := done + 1, total)
        information[:, k] = whole - conditional
    return _of_information(np.maximum(information, 0), factors, names_of(factor_names, factors.shape[1]))


def _of_information(information: Floats, factors: Array, names: Sequence[str], of_code: Floats | None = None) -> Result:
    """The gaps of I(z_j; v_k) float64 [D,K], nats, over the entropies of factors int [n,K].

    ``of_code``: the entropies of the dimensions, nats [D], to take the gaps of the shares of these instead.
    """
    of_factor = entropy(factors)
    shares = information if of_code is None else information / np.where(of_code > 0, of_code, 1)[:, None]
    gap, best, notes = gaps(shares)
    gap = np.clip(gap if of_code is not None else gap / of_factor, 0, 1)
    details = {
        "factors": list(names),
        "unit": "share of the factor's entropy" if of_code is None else "share of the binned code's entropy",
        **({} if of_code is None else {"code_entropy": of_code.tolist()}),
        "mutual_information": information.tolist(),  # dimensions x factors, nats
        "factor_entropy": of_factor.tolist(),
        "best_dimension": best.tolist(),
        "notes": notes,
    }
    return Result(float(gap.mean()), None, dict(zip(names, gap.tolist(), strict=True)), details)
