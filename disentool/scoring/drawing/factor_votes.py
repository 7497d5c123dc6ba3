"""The votes of Kim & Mnih's metric: groups of rows that share the value of a factor."""

from dataclasses import dataclass, replace

import numpy as np

from disentool.metrics.constants.disentanglement import Factor
from disentool.metrics.factor import factor
from disentool.metrics.facts import MetricFacts
from disentool.metrics.result import Result
from disentool.scoring.codes import Codes
from disentool.scoring.data_rows import DataRows
from disentool.scoring.drawing.seeded_subset import check_protocol, check_seed, subset_rows, unique_rows
from disentool.scoring.model_functions import ModelFunctions
from disentool.scoring.record import changed, with_details

SCALE_ROWS = 10_000  # rows for the standard deviations where all of them would have to be encoded first


@dataclass(frozen=True, eq=False)
class FactorVotes:
    """The votes, drawn. The first ``constants.votes`` make the majority, the rest are evaluation votes."""

    rows: np.ndarray | None  # int64, sorted, unique: what must be encoded; None: all n rows
    n: int
    vote_rows: np.ndarray  # int64 [V, L]
    vote_factors: np.ndarray  # int64 [V], indices into ``names``
    scale_rows: np.ndarray | None  # int64, rows of the standard deviations, repeats allowed; None: all n rows
    names: tuple[str, ...]  # the factors that are voted on
    left_out: dict[str, str]  # factor -> why it is not voted on
    small_groups: int  # votes whose factor value fewer than L rows have, so that rows repeat
    drawing: str  # in words
    grid: bool
    constants: Factor
    seed: int


def draw(facts: MetricFacts, data: DataRows, constants: Factor, seed: int, codes_ready: bool = False) -> FactorVotes:
    """Draw every vote from labels and seed.

    Raises ``NoFactors`` without labels, ``DataMismatch`` if no factor can be held fixed, ``WrongUsage`` for a bad seed.
    """
    check_protocol(facts, constants)
    usable, left_out = data.votable("factor")
    scale_rows: np.ndarray | None
    votes = constants.votes + constants.evaluation_votes
    if constants.protocol == "dlib" and data.grid:
        seed = check_seed(seed, below=1 << 32)
        scale_rows, vote_factors, vote_rows = _draw_as_dlib(data, usable, constants, votes, seed)
        small = data.small_groups(usable[vote_factors], constants.group_size)
        drawing = "random combinations of a complete grid, the random stream of disentanglement_lib"
    else:
        seed = check_seed(seed)
        rng = np.random.default_rng(seed)
        vote_factors = rng.integers(len(usable), size=votes)
        groups = data.draw_groups(usable[vote_factors], constants.group_size, rng)
        vote_rows, small = groups.rows, groups.small
        count = constants.scale_rows
        if count is None:
            count = data.n if codes_ready else SCALE_ROWS
        scale_rows = subset_rows(data.n, count, (seed, 1))
        drawing = (
            "random combinations of a complete grid"
            if data.grid
            else "rows that share the value, without replacement where there are enough"
        )
    return FactorVotes(
        rows=None if codes_ready or scale_rows is None else unique_rows(data.n, vote_rows, scale_rows),
        n=data.n,
        vote_rows=vote_rows,
        vote_factors=vote_factors,
        scale_rows=scale_rows,
        names=tuple(data.names[i] for i in usable),
        left_out=left_out,
        small_groups=small,
        drawing=drawing,
        grid=data.grid,
        constants=constants,
        seed=seed,
    )


def score(facts: MetricFacts, drawn: FactorVotes, codes: Codes, functions: ModelFunctions) -> Result:
    """Count the votes. Raises ``DataMismatch`` for codes that are not finite or lack rows that were drawn."""
    constants = drawn.constants
    if drawn.rows is None:
        codes.select(None, drawn.n)
    result = factor(
        codes.mean,
        codes.at(drawn.vote_rows),
        drawn.vote_factors,
        scale_rows=None if drawn.scale_rows is None else codes.at(drawn.scale_rows),
        evaluation_votes=constants.evaluation_votes,
        prune_std=constants.prune_std,
        rescaled=constants.rescaled,
        categorical=codes.categorical if constants.categorical == "gini" else (),
        factor_names=drawn.names,
        seed=drawn.seed,
    )
    notes = []
    if drawn.small_groups:
        votes = "1 vote repeats" if drawn.small_groups == 1 else f"{drawn.small_groups} votes repeat"
        notes.append(f"{votes} rows: fewer than {constants.group_size} rows share the value")
    if constants.protocol == "dlib" and not drawn.grid:
        notes.append("not a complete grid: rows are drawn by groups, not as disentanglement_lib draws them")
    own = result.details["notes"]
    collapsed = 0 if result.details["active_dimensions"] else 1  # such a code is the first thing to know
    after = {
        "left_out": drawn.left_out,
        "scale_rows_drawn": _how_scale_was_drawn(drawn),
        "seed": drawn.seed,
        "changed_options": changed(facts, constants),
        "grid": drawn.grid,
        "drawing": drawn.drawing,
        "votes_with_repeated_rows": drawn.small_groups,
    }
    ordered = result.details | {"notes": [*own[:collapsed], *notes, *own[collapsed:]]}
    return with_details(replace(result, details=ordered), constants, {}, after)


def _draw_as_dlib(
    data: DataRows, usable: np.ndarray, constants: Factor, votes: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows for the variances, then per vote a factor and L rows: the draws of disentanglement_lib, in its order.

    That library makes one ``randint`` call per factor and batch. ``randint`` with an array of bounds takes the same
    numbers from the stream, element by element, so a block of votes is one call.
    """
    stream = np.random.RandomState(seed)
    sizes, size = np.array(data.sizes), constants.group_size
    count = SCALE_ROWS if constants.scale_rows is None else constants.scale_rows
    scale_rows = data.rows_of(stream.randint(np.repeat(sizes, count)).reshape(len(sizes), count).T)

    bounds = np.concatenate([[len(usable)], np.repeat(sizes, size)])
    vote_factors = np.empty(votes, dtype=np.int64)
    vote_rows = np.empty((votes, size), dtype=np.int64)
    block = max(1, (1 << 20) // len(bounds))
    for start in range(0, votes, block):
        part = slice(start, min(start + block, votes))
        drawn = stream.randint(bounds, size=(part.stop - start, len(bounds)))
        vote_factors[part] = drawn[:, 0]
        combinations = drawn[:, 1:].reshape(-1, len(sizes), size)
        each, fixed = np.arange(len(drawn)), usable[drawn[:, 0]]
        combinations[each, fixed] = combinations[each, fixed, :1]
        vote_rows[part] = data.rows_of(combinations.transpose(0, 2, 1))
    return scale_rows, vote_factors, vote_rows


def _how_scale_was_drawn(drawn: FactorVotes) -> str:
    if drawn.scale_rows is None:
        return "all rows"
    repeats = drawn.constants.protocol == "dlib" and drawn.grid
    return f"seeded, {'with' if repeats else 'without'} replacement"
