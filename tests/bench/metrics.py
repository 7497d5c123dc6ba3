"""Each metric on dSprites-sized codes: 737,280 x 10 made ones on its grid.

Ratios are against plain statements of the same formulas, written with numpy and scikit-learn as the metrics' papers
read, on the same rows.
"""

import statistics
import time
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch
from measure import Machine, Row, timed

from disentool.datasets import dsprites
from disentool.metrics import METRICS
from disentool.scoring.codes import Codes
from disentool.scoring.data_rows import DataRows
from disentool.scoring.metric import Metric
from disentool.scoring.model_functions import ModelFunctions, of_codes


def metric_of(name: str) -> Metric:
    """The metric with the constants of its first protocol."""
    facts = METRICS[name]
    return Metric(facts, facts.protocols[facts.default], facts.protocols[facts.default])


factor, higgins, mig, med, modularity, irs, sap, explicitness, dci, dci_hist, dci_lasso, udr, tc = (
    metric_of(name)
    for name in (
        *("factor", "higgins", "mig", "med", "modularity", "irs", "sap", "explicitness"),
        *("dci", "dci-hist", "dci-lasso", "udr", "tc"),
    )
)
gaussian_tc, wasserstein = metric_of("gaussian-tc"), metric_of("wasserstein")
mutual_information = metric_of("mutual-information")
GRID = np.indices(dsprites.SIZES).reshape(5, -1).T.astype(np.int32)
POINTS = DataRows.from_factors(GRID, sizes=dsprites.SIZES)


def made_codes() -> np.ndarray:
    """float32 [737280, 10]: five noisy and slightly mixed factors, five dimensions of noise."""
    rng = np.random.default_rng(0)
    codes = 0.3 * rng.standard_normal((len(GRID), 10), dtype=np.float32)
    standard = (GRID - GRID.mean(axis=0)) / GRID.std(axis=0)
    codes[:, :5] += standard @ (np.eye(5) + 0.2 * rng.standard_normal((5, 5)))
    return codes


MEAN = made_codes()
CODES = Codes(np.arange(len(GRID)), MEAN, np.full(MEAN.shape, -2.0, np.float32))


def score(metric: Metric, protocol: str) -> Callable[[], Any]:
    """A call that plans and scores."""

    def call() -> Any:
        drawn = metric.draw(POINTS, metric.facts.protocols[protocol], 0, codes_ready=True)
        return metric.score(drawn, CODES)

    return call


# ---- plain statements


def plain_information(mean: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Digitise every dimension, then scikit-learn's mutual information of every pair."""
    from sklearn.metrics import mutual_info_score

    bins = [np.digitize(column, np.histogram(column, 20)[1][:-1]) for column in mean.T]
    return np.array([[mutual_info_score(labels, column) for labels in factors.T] for column in bins])


def plain_factor(mean: np.ndarray, factors: np.ndarray, votes: int) -> float:
    """Kim & Mnih's metric: for each vote, the rows that share a value, and the least of a sample's variances."""
    rng = np.random.default_rng(0)
    spread = mean.std(axis=0)
    counts = np.zeros((mean.shape[1], factors.shape[1]))
    for _ in range(votes):
        factor = rng.integers(factors.shape[1])
        value = rng.choice(np.unique(factors[:, factor]))
        rows = rng.choice(np.flatnonzero(factors[:, factor] == value), 100)
        counts[(mean[rows] / spread).var(axis=0).argmin(), factor] += 1
    return counts.max(axis=1).sum() / votes


def plain_irs(mean: np.ndarray, factors: np.ndarray) -> float:
    """A mask per factor value, and the 99th percentile of what it selects."""
    columns = [np.digitize(column, np.histogram(column, 20)[1][:-1]) for column in factors.T]
    largest = np.abs(mean - mean.mean(axis=0)).max(axis=0)
    total = np.zeros((mean.shape[1], len(columns)))
    for k, column in enumerate(columns):
        values = np.unique(column)
        for value in values:
            group = mean[column == value]
            total[:, k] += np.percentile(np.abs(group - group.mean(axis=0)), 99, axis=0) / len(values)
    return np.average((1 - total / largest[:, None]).max(axis=1), weights=largest)


def plain_sap(train: np.ndarray, test: np.ndarray, labels: np.ndarray, test_labels: np.ndarray) -> np.ndarray:
    """A linear support vector machine for every pair, one after another."""
    from sklearn.svm import LinearSVC

    matrix = np.zeros((train.shape[1], labels.shape[1]))
    for i in range(train.shape[1]):
        for k in range(labels.shape[1]):
            machine = LinearSVC(C=0.01, class_weight="balanced").fit(train[:, [i]], labels[:, k])
            matrix[i, k] = (machine.predict(test[:, [i]]) == test_labels[:, k]).mean()
    return matrix


def plain_gaussian_tc(mean: np.ndarray) -> float:
    """-1/2 log det of the correlations."""
    return -0.5 * np.linalg.slogdet(np.corrcoef(mean.T))[1]


def plain_mixture(samples: int, device: torch.device) -> torch.Tensor:
    """log q(z) and log q(z_j) of samples, one after another, over all posteriors at once."""
    mean, logvar = (torch.from_numpy(a).to(device) for a in (MEAN, CODES.logvar))
    found = []
    for z in mean[:samples]:
        terms = -0.5 * ((z - mean) ** 2 / logvar.exp() + logvar + np.log(2 * np.pi))
        found.append(terms.sum(1).logsumexp(0) - terms.logsumexp(0).sum())
    return torch.stack(found).mean().cpu()


# ---- rows


def row(machine: Machine, name: str, work: Callable[[], Any], plain: float | None = None, note: str = "") -> Row:
    """By the clock. The first call is for the memory; what takes a moment only is then called thrice more.

    The processors' time beside it does not change with other load.
    """
    before = time.process_time()
    seconds, memory = machine.once(work)
    worked = time.process_time() - before
    if seconds < 2:
        before = time.process_time()
        seconds = statistics.median(timed(work) for _ in range(3))
        worked = (time.process_time() - before) / 3
    ratio = None if plain is None else plain / seconds
    return Row(name, f"{seconds:.2f} s, {worked:.2f} s of processor time", ratio, memory, note=note)


def metrics(machine: Machine) -> Iterator[Row]:
    """All but those that boost trees."""
    sampled = sap.draw(POINTS, sap.facts.protocols["dlib"], 0)
    arguments = (*sampled.codes(CODES), sampled.labels(), sampled.labels("test"))
    information = timed(lambda: plain_information(MEAN, GRID))  # all that these three take time for
    plains = {
        "factor": lambda: plain_factor(MEAN, GRID, 800),
        "irs": lambda: plain_irs(MEAN, GRID),
        "sap": lambda: plain_sap(*arguments),
        "gaussian-tc": lambda: plain_gaussian_tc(MEAN),
    }
    for protocol in factor.facts.protocols:
        plain = timed(plains["factor"]) if protocol == "paper" else None
        yield row(machine, f"factor, {protocol}", score(factor, protocol), plain)
    for protocol in higgins.facts.protocols:
        yield row(machine, f"higgins, {protocol}", score(higgins, protocol))
    for metric in (mig, med, modularity):
        yield row(machine, f"{metric.facts.name}, exact", score(metric, "exact"), information)
    for metric in (irs, gaussian_tc, mutual_information, wasserstein):
        plain = min(timed(plains[metric.facts.name]) for _ in range(2)) if metric.facts.name in plains else None
        yield row(machine, f"{metric.facts.name}, exact", score(metric, "exact"), plain)
    for metric in (sap, explicitness, dci_lasso):
        plain = min(timed(plains[metric.facts.name]) for _ in range(2)) if metric.facts.name in plains else None
        yield row(machine, f"{metric.facts.name}, dlib", score(metric, "dlib"), plain, "10,000 + 5,000 rows")
    drawn = udr.draw(POINTS, udr.facts.protocols["lasso"], 0)
    yield row(machine, "udr, 10 models", lambda: udr.score(drawn, [CODES] * 10, ModelFunctions()), note="1,000 rows")
    mixture = tc.draw(POINTS, tc.facts.protocols["mixture"], 0)
    where = machine.device.type
    some = 2_000 if machine.cuda else 20
    plain = timed(lambda: plain_mixture(some, machine.device)) * 2_000 / some
    if machine.cuda:
        tc.score(mixture, CODES, of_codes(where))
    yield row(machine, "tc, mixture", lambda: tc.score(mixture, CODES, of_codes(where)), plain, "2,000 samples")


def boosted(machine: Machine) -> Iterator[Row]:
    """DCI by boosted trees."""
    for metric in (dci, dci_hist):
        yield row(machine, f"{metric.facts.name}, dlib", score(metric, "dlib"), note="11,300 trees")
