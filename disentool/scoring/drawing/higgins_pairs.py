"""The points of Higgins et al.'s metric: pairs of rows that share the value of a factor."""

from dataclasses import dataclass

import numpy as np

from disentool.errors import DataMismatch
from disentool.metrics.constants import Higgins
from disentool.metrics.facts import MetricFacts
from disentool.metrics.higgins import higgins
from disentool.metrics.result import Result
from disentool.scoring.codes import Codes
from disentool.scoring.details import changed, told, values_of
from disentool.scoring.drawing.rows import check_protocol, check_seed, unique_rows
from disentool.scoring.lent_functions import LentFunctions
from disentool.scoring.points import Points


@dataclass(frozen=True, eq=False)
class Plan:
    """The pairs, drawn. The first ``options.train_points`` points train the classifier, the rest test it."""

    rows: np.ndarray | None  # int64, sorted, unique: what must be encoded; None: all n rows
    n: int
    first: np.ndarray  # int64 [V, L], the one half of each pair
    second: np.ndarray  # int64 [V, L], the other
    factors: np.ndarray  # int64 [V], indices into ``names``
    names: tuple[str, ...]  # the factors that are shared
    left_out: dict[str, str]  # factor -> why it is not
    grid: bool
    options: Higgins
    seed: int


def plan(facts: MetricFacts, points: Points, options: Higgins, seed: int, codes_ready: bool = False) -> Plan:
    """Draw every pair from labels and seed.

    Raises ``NoFactors`` without labels, ``DataMismatch`` if fewer than two factors can be shared, ``WrongUsage`` for a
    bad seed.
    """
    check_protocol(facts, options)
    usable, left_out = points.votable("higgins")
    if len(usable) < 2:
        raise DataMismatch(
            f"metric higgins tells which factor was shared, and only {points.names[usable[0]]} can be; it needs two"
        )
    count = options.train_points + options.test_points
    if options.protocol == "dlib" and points.grid:
        seed = check_seed(seed, below=1 << 32)
        factors, first, second = _draw_as_dlib(points, usable, options.pairs, count, seed)
    else:
        seed = check_seed(seed)
        rng = np.random.default_rng(seed)
        factors = rng.integers(len(usable), size=count)
        pairs = points.draw_groups(np.repeat(usable[factors], options.pairs), 2, rng).rows
        first, second = (pairs[:, i].reshape(count, options.pairs) for i in (0, 1))
    return Plan(
        rows=None if codes_ready else unique_rows(points.n, first, second),
        n=points.n,
        first=first,
        second=second,
        factors=factors,
        names=tuple(points.names[i] for i in usable),
        left_out=left_out,
        grid=points.grid,
        options=options,
        seed=seed,
    )


def score(facts: MetricFacts, plan: Plan, codes: Codes, lent: LentFunctions) -> Result:
    """Train the classifier and test it. Raises ``DataMismatch`` for codes that are not finite or lack rows."""
    options = plan.options
    if plan.rows is None:
        codes.select(None, plan.n)
    result = higgins(
        codes.mean,
        codes.at(plan.first),
        codes.at(plan.second),
        plan.factors,
        train_points=options.train_points,
        classifier=options.classifier,
        classifier_steps=options.classifier_steps,
        classifier_batch=options.classifier_batch,
        classifier_learning_rate=options.classifier_learning_rate,
        classifier_accumulator=options.classifier_accumulator,
        rescaled=options.rescaled,
        factor_names=plan.names,
        seed=plan.seed,
    )
    after = {
        "left_out": plan.left_out,
        **values_of(options),
        "seed": plan.seed,
        "changed_options": changed(facts, options),
        "grid": plan.grid,
    }
    notes = []
    if options.protocol == "dlib" and not plan.grid:
        notes.append("not a complete grid: rows are drawn by pairs, not as disentanglement_lib draws them")
    return told(result, options, {}, after, notes)


def _draw_as_dlib(
    points: Points, usable: np.ndarray, pairs: int, count: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per point a factor and two batches of rows, of which the second takes the factor's values from the first.

    The draws of disentanglement_lib, in its order: ``randint`` with an array of bounds takes the same numbers from the
    stream, element by element, as its one call per factor and batch.
    """
    stream = np.random.RandomState(seed)
    sizes = np.array(points.sizes)
    bounds = np.concatenate([[len(usable)], np.repeat(sizes, pairs), np.repeat(sizes, pairs)])
    factors = np.empty(count, np.int64)
    first, second = np.empty((count, pairs), np.int64), np.empty((count, pairs), np.int64)
    block = max(1, (1 << 20) // len(bounds))
    for start in range(0, count, block):
        part = slice(start, min(start + block, count))
        drawn = stream.randint(bounds, size=(part.stop - start, len(bounds)))
        factors[part] = drawn[:, 0]
        one, other = drawn[:, 1:].reshape(len(drawn), 2, len(sizes), pairs).transpose(1, 0, 2, 3)
        each, shared = np.arange(len(drawn)), usable[drawn[:, 0]]
        other[each, shared] = one[each, shared]
        first[part], second[part] = (points.rows_of(batch.transpose(0, 2, 1)) for batch in (one, other))
    return factors, first, second
