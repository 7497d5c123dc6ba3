"""Benchmarks of the metrics on dSprites-sized codes: `python tests/bench/metrics.py [--dci] [NAME...]`.

737,280 x 10 made codes on the dSprites grid. Ratios are against a plain statement of the same formula, written with
numpy and scikit-learn as the metric's paper reads, on the same rows in the same run. ``--dci`` adds the boosted DCI,
which takes minutes.
"""

import resource
import sys
import time
from collections.abc import Callable
from typing import Any

import numpy as np

from disentool.datasets import dsprites
from disentool.metrics import (
    dci,
    dci_hist,
    dci_lasso,
    explicitness,
    factor,
    gaussian_tc,
    irs,
    med,
    mig,
    modularity,
    mutual_information,
    sap,
    udr,
    wasserstein,
)
from disentool.metrics.result import Callables, Codes
from disentool.metrics.sampling import Points

GRID = np.indices(dsprites.SIZES).reshape(5, -1).T.astype(np.int32)
POINTS = Points.from_factors(GRID, sizes=dsprites.SIZES)


def made_codes() -> np.ndarray:
    """float32 [737280, 10]: five noisy and slightly mixed factors, five dimensions of noise."""
    rng = np.random.default_rng(0)
    codes = 0.3 * rng.standard_normal((len(GRID), 10), dtype=np.float32)
    standard = (GRID - GRID.mean(axis=0)) / GRID.std(axis=0)
    codes[:, :5] += standard @ (np.eye(5) + 0.2 * rng.standard_normal((5, 5)))
    return codes


MEAN = made_codes()
CODES = Codes(np.arange(len(GRID)), MEAN, np.full(MEAN.shape, -2.0, np.float32))


class Seconds(float):
    """Seconds by the clock, with those that the processors worked, which other load does not change."""

    worked = 0.0


def timed(work: Callable[[], Any]) -> Seconds:
    """Seconds that one call takes."""
    start, worked = time.perf_counter(), time.process_time()
    work()
    seconds = Seconds(time.perf_counter() - start)
    seconds.worked = time.process_time() - worked
    return seconds


def row(name: str, seconds: float, note: str = "") -> None:
    """One line of the table."""
    worked = f"{seconds.worked:>8.2f} s" if isinstance(seconds, Seconds) else " " * 10
    print(f"| {name:<44} | {seconds:>8.2f} s | {worked} | {note}", flush=True)


def score(metric: Any, protocol: str) -> Callable[[], Any]:
    """A call that plans and scores."""

    def call() -> Any:
        plan = metric.plan(POINTS, metric.PROTOCOLS[protocol], 0, codes_ready=True)
        return metric.score(plan, CODES, *((Callables(),) if "callables" in metric.NEEDS else ()))

    return call


# ---- plain statements


def plain_information(mean: np.ndarray, factors: np.ndarray) -> np.ndarray:
    """Digitise every dimension, then scikit-learn's mutual information of every pair."""
    from sklearn.metrics import mutual_info_score

    bins = [np.digitize(column, np.histogram(column, 20)[1][:-1]) for column in mean.T]
    return np.array([[mutual_info_score(labels, column) for labels in factors.T] for column in bins])


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


def tables() -> None:
    """The issue's first line: five metrics on all 737,280 rows, in all."""
    total = 0.0
    for metric in (mig, med, modularity, irs, gaussian_tc):
        seconds = min(timed(score(metric, "exact")) for _ in range(3))
        total += seconds
        row(f"{name_of(metric)}, exact, 737,280 rows", seconds)
    row("these five together", total, "target: 60 s")
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6
    print(f"| {'peak memory of the process so far':<44} | {peak:>7.2f} GB | target: 2 GB")
    for metric in (mutual_information, wasserstein):
        row(f"{name_of(metric)}, exact, 737,280 rows", timed(score(metric, "exact")))
    ours, plain = timed(score(mig, "exact")), timed(lambda: plain_information(MEAN, GRID))
    row("plain information matrix, scikit-learn", plain, f"{plain / ours:.1f} times mig")
    ours, plain = timed(score(irs, "exact")), timed(lambda: plain_irs(MEAN, GRID))
    row("plain irs, masks", plain, f"{plain / ours:.1f} times irs")


def samples() -> None:
    """Metrics that learn, on their protocols' samples."""
    for metric in (sap, explicitness, dci_lasso, dci_hist):
        target = {sap: "target: 60 s", explicitness: "target: 60 s", dci_hist: "target: 30 s"}.get(metric, "")
        row(f"{name_of(metric)}, dlib, 10,000 + 5,000 rows", timed(score(metric, "dlib")), target)
    plan = sap.plan(POINTS, sap.PROTOCOLS["dlib"], 0)
    arguments = (*plan.codes(CODES), plan.labels(), plan.labels("test"))
    ours, plain = timed(score(sap, "dlib")), timed(lambda: plain_sap(*arguments))
    row("plain sap, one after another", plain, f"{plain / ours:.1f} times sap")
    for metric in (sap, explicitness):
        row(f"{name_of(metric)}, exact, 737,280 rows", timed(score(metric, "exact")))
    options = udr.PROTOCOLS["lasso"]
    plan = udr.plan(POINTS, options, 0)
    row("udr, 10 models, 1,000 rows", timed(lambda: udr.score(plan, [CODES] * 10, Callables())))
    row("factor, dlib", timed(score(factor, "dlib")))


def mixture() -> None:
    """The true total correlation on every core: 2,000 samples against 737,280 posteriors."""
    import torch

    from disentool.metrics import tc
    from disentool.stages.lending import of_codes

    where = "cuda" if torch.cuda.is_available() else "cpu"
    plan = tc.plan(POINTS, tc.PROTOCOLS["mixture"], 0)
    for _ in range(2 if where == "cuda" else 1):
        seconds = timed(lambda: tc.score(plan, CODES, of_codes(where)))
    row(f"tc, mixture, 2,000 samples, {where}", seconds, f"{seconds / (2000 * MEAN.size) * 1e9:.2f} ns an exponential")


def boosted() -> None:
    """DCI by exact boosted trees, as the reference has it."""
    row("dci, dlib, 11,300 trees", timed(score(dci, "dlib")), "target: 300 s")


def name_of(metric: Any) -> str:
    """As the command line has it."""
    return metric.__name__.rpartition(".")[2].replace("_", "-")


def main() -> None:
    """Print the table, or the named parts of it."""
    print(f"| {'':<44} | {'clock':>10} | {'processors':>10} |")
    parts = {"tables": tables, "samples": samples, "mixture": mixture, "boosted": boosted}
    wanted = [word for word in sys.argv[1:] if word in parts] or ["tables", "samples", "mixture"]
    if "--dci" in sys.argv:
        wanted.append("boosted")
    for part in wanted:
        parts[part]()


if __name__ == "__main__":
    main()
