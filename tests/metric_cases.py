"""What the metrics' tests share: made codes with known answers, and the reference values of disentanglement_lib."""

import json
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np

from disentool.metrics import METRICS
from disentool.scoring.codes import Codes
from disentool.scoring.data_rows import DataRows
from disentool.scoring.metric import Metric

REFERENCE = Path(__file__).parent / "data/metrics"


def metric_of(name):
    """The metric with the constants of its first protocol."""
    facts = METRICS[name]
    return Metric(facts, facts.protocols[facts.default], facts.protocols[facts.default])


factor, higgins, mig, sap = (metric_of(name) for name in ("factor", "higgins", "mig", "sap"))
modularity, explicitness, irs, med = (metric_of(n) for n in ("modularity", "explicitness", "irs", "med"))
dci, dci_hist, dci_lasso, udr = (metric_of(name) for name in ("dci", "dci-hist", "dci-lasso", "udr"))
tc, gaussian_tc, wasserstein = (metric_of(name) for name in ("tc", "gaussian-tc", "wasserstein"))
mutual_information, likelihood = (metric_of(name) for name in ("mutual-information", "likelihood"))
code_information, marginal_kl = (metric_of(name) for name in ("code-information", "marginal-kl"))
kl, elbo, reconstruction = (metric_of(name) for name in ("kl", "elbo", "reconstruction"))
leakage, transfer, control = (metric_of(name) for name in ("leakage", "transfer", "control"))

CASES = ("rotated", "axis_aligned", "duplicated", "entangled", "nonlinear_dead", "dsprites_like")


def grid_factors(*sizes):
    return np.indices(sizes).reshape(len(sizes), -1).T


def codes_of(mean, logvar=None):
    return Codes(np.arange(len(mean)), np.asarray(mean, dtype=np.float32), logvar)


def noise(shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape)


def evaluate(metric, factors, mean, protocol=None, seed=0, functions=None, logvar=None, points=None, **changes):
    """A metric on labels (or None) and codes that are ready."""
    if points is None:
        points = DataRows(len(mean)) if factors is None else DataRows.from_factors(factors)
    options = metric.facts.protocols[protocol] if protocol else next(iter(metric.facts.protocols.values()))
    drawn = metric.draw(points, replace(options, **changes), seed, codes_ready=True)
    return metric.score(drawn, codes_of(mean, logvar), functions)


@cache
def expected():
    return json.loads((REFERENCE / "expected.json").read_text())


@cache
def stored(case):
    """The stored table: points, codes, and the rows of the fixed split."""
    arrays = np.load(REFERENCE / f"{case}.npz")
    points = DataRows.from_factors(arrays["factors"], sizes=arrays["factor_sizes"])
    return points, codes_of(arrays["codes"]), np.sort(arrays["train_index"]), np.sort(arrays["test_index"])


@cache
def whole(case):
    """The whole grid: the stored table, or the dSprites-like one rebuilt as the reference's README says."""
    points, codes, _, _ = stored(case)
    if case != "dsprites_like":
        return points, codes
    arrays = np.load(REFERENCE / f"{case}.npz")
    sizes = arrays["factor_sizes"]
    factors = grid_factors(*sizes)
    full = np.zeros((len(factors), codes.mean.shape[1]))
    for k in range(len(sizes)):
        full += arrays[f"table_{k}"][factors[:, k]]
    full += np.random.RandomState(int(arrays["noise_seed"])).randn(*full.shape) * arrays["noise_sigma"]
    return DataRows.from_factors(factors, sizes=sizes), codes_of(full)


def metric_values(case, name):
    return expected()["cases"][case]["metrics"][name]


def on_split(metric, case, **changes):
    """``array_split``: trained on the stored training rows, tested on the stored test rows."""
    points, codes, train, test = stored(case)
    options = replace(next(iter(metric.facts.protocols.values())), train_rows=None, test_rows=None, protocol="exact")
    drawn = metric.draw(points, replace(options, **changes), 0, codes_ready=True)
    return metric.score(replace(drawn, train=train, test=test), codes)


def on_table(metric, case, **changes):
    """``array``, ``array_full``: the whole stored table trains and tests."""
    points, codes, _, _ = stored(case)
    options = replace(metric.facts.protocols["exact"], **changes)
    return metric.score(metric.draw(points, options, 0, codes_ready=True), codes)


def on_samples(metric, case, seed, **changes):
    """``sampled``: the study's protocol on the whole grid."""
    points, codes = whole(case)
    options = replace(metric.facts.protocols["dlib"], **changes)
    return metric.score(metric.draw(points, options, seed, codes_ready=True), codes)
