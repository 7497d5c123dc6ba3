"""The points of Higgins et al.'s metric: pairs of rows that share the value of a factor."""

from dataclasses import dataclass

import numpy as np

from disentool.errors import DataMismatch
from disentool.metrics.constants.disentanglement import Higgins
from disentool.metrics.facts import MetricFacts
from disentool.metrics.higgins import higgins
from disentool.metrics.result import Result
from disentool.scoring.codes import Codes
from disentool.scoring.data_rows import DataRows
from disentool.scoring.drawing.seeded_subset import check_protocol, check_seed, unique_rows
from disentool.scoring.model_functions import ModelFunctions
from disentool.scoring.record import changed, values_of, with_details


@dataclass(frozen=True, eq=False)
class HigginsPairs:
    """The pairs, drawn. The first ``constants.train_points`` points train the classifier, the rest test it."""

    rows: np.ndarray | None  # int64, sorted, unique: what must be encoded; None: all n rows
    n: int
    first: np.ndarray  # int64 [V, L], the one half of each pair
    second: np.ndarray  # int64 [V, L], the other
    factors: np.ndarray  # int64 [V], indices into ``names``
    names: tuple[str, ...]  # the factors that are shared
    left_out: dict[str, str]  # factor -> why it is not
    grid: bool
    constants: Higgins
    seed: int


def draw(facts: MetricFacts, data: DataRows, constants: Higgins, seed: int, codes_ready: bool = False) -> HigginsPairs:
    """Draw every pair from labels and seed.

    Raises ``NoFactors`` without labels, ``DataMismatch`` if fewer than two factors can be shared, ``WrongUsage`` for a
    bad seed.
    """
    check_protocol(facts, constants)
    usable, left_out = data.votable("higgins")
    if len(usable) < 2:
        raise DataMismatch(
            f"metric higgins tells which factor was shared, and only {data.names[usable[0]]} can be; it needs two"
        )
    count = constants.train_points + constants.test_points
    if constants.protocol == "dlib" and data.grid:
        seed = check_seed(seed, below=1 << 32)
        factors, first, second = _draw_as_dlib(data, usable, constants.pairs, count, seed)
    else:
        seed = check_seed(seed)
        rng = np.random.default_rng(seed)
        factors = rng.integers(len(usable), size=count)
        pairs = data.draw_groups(np.repeat(usable[factors], constants.pairs), 2, rng).rows
        first, second = (pairs[:, i].reshape(count, constants.pairs) for i in (0, 1))
    return HigginsPairs(
        rows=None if codes_ready else unique_rows(data.n, first, second),
        n=data.n,
        first=first,
        second=second,
        factors=factors,
        names=tuple(data.names[i] for i in usable),
        left_out=left_out,
        grid=data.grid,
        constants=constants,
        seed=seed,
    )


def score(facts: MetricFacts, drawn: HigginsPairs, codes: Codes, functions: ModelFunctions) -> Result:
    """Train the classifier and test it. Raises ``DataMismatch`` for codes that are not finite or lack rows."""
    constants = drawn.constants
    if drawn.rows is None:
        codes.select(None, drawn.n)
    result = higgins(
        codes.mean,
        codes.at(drawn.first),
        codes.at(drawn.second),
        drawn.factors,
        train_points=constants.train_points,
        classifier=constants.classifier,
        classifier_steps=constants.classifier_steps,
        classifier_batch=constants.classifier_batch,
        classifier_learning_rate=constants.classifier_learning_rate,
        classifier_accumulator=constants.classifier_accumulator,
        rescaled=constants.rescaled,
        iterations=constants.iterations,
        factor_names=drawn.names,
        seed=drawn.seed,
    )
    after = {
        "left_out": drawn.left_out,
        **values_of(constants),
        "seed": drawn.seed,
        "changed_options": changed(facts, constants),
        "grid": drawn.grid,
    }
    notes = []
    if constants.protocol == "dlib" and not drawn.grid:
        notes.append("not a complete grid: rows are drawn by pairs, not as disentanglement_lib draws them")
    return with_details(result, constants, {}, after, notes)


def _draw_as_dlib(
    data: DataRows, usable: np.ndarray, pairs: int, count: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Per point a factor and two batches of rows, of which the second takes the factor's values from the first.

    The draws of disentanglement_lib, in its order: ``randint`` with an array of bounds takes the same numbers from the
    stream, element by element, as its one call per factor and batch.
    """
    stream = np.random.RandomState(seed)
    sizes = np.array(data.sizes)
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
        first[part], second[part] = (data.rows_of(batch.transpose(0, 2, 1)) for batch in (one, other))
    return factors, first, second
