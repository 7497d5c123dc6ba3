"""The votes of Kim & Mnih's metric: groups of rows that share the value of a factor."""

from dataclasses import dataclass, replace

import numpy as np

from disentool.metrics.constants import Factor
from disentool.metrics.factor import factor
from disentool.metrics.facts import MetricFacts
from disentool.metrics.result import Result
from disentool.scoring.codes import Codes
from disentool.scoring.details import changed, told
from disentool.scoring.drawing.rows import check_protocol, check_seed, subset_rows, unique_rows
from disentool.scoring.lent_functions import LentFunctions
from disentool.scoring.points import Points

SCALE_ROWS = 10_000  # rows for the standard deviations where all of them would have to be encoded first


@dataclass(frozen=True, eq=False)
class Plan:
    """The votes, drawn. The first ``options.votes`` make the majority, the rest are evaluation votes."""

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
    options: Factor
    seed: int


def plan(facts: MetricFacts, points: Points, options: Factor, seed: int, codes_ready: bool = False) -> Plan:
    """Draw every vote from labels and seed.

    Raises ``NoFactors`` without labels, ``DataMismatch`` if no factor can be held fixed, ``WrongUsage`` for a bad seed.
    """
    check_protocol(facts, options)
    usable, left_out = points.votable("factor")
    scale_rows: np.ndarray | None
    votes = options.votes + options.evaluation_votes
    if options.protocol == "dlib" and points.grid:
        seed = check_seed(seed, below=1 << 32)
        scale_rows, vote_factors, vote_rows = _draw_as_dlib(points, usable, options, votes, seed)
        small = points.small_groups(usable[vote_factors], options.group_size)
        drawing = "random combinations of a complete grid, the random stream of disentanglement_lib"
    else:
        seed = check_seed(seed)
        rng = np.random.default_rng(seed)
        vote_factors = rng.integers(len(usable), size=votes)
        groups = points.draw_groups(usable[vote_factors], options.group_size, rng)
        vote_rows, small = groups.rows, groups.small
        count = options.scale_rows
        if count is None:
            count = points.n if codes_ready else SCALE_ROWS
        scale_rows = subset_rows(points.n, count, (seed, 1))
        drawing = (
            "random combinations of a complete grid"
            if points.grid
            else "rows that share the value, without replacement where there are enough"
        )
    return Plan(
        rows=None if codes_ready or scale_rows is None else unique_rows(points.n, vote_rows, scale_rows),
        n=points.n,
        vote_rows=vote_rows,
        vote_factors=vote_factors,
        scale_rows=scale_rows,
        names=tuple(points.names[i] for i in usable),
        left_out=left_out,
        small_groups=small,
        drawing=drawing,
        grid=points.grid,
        options=options,
        seed=seed,
    )


def score(facts: MetricFacts, plan: Plan, codes: Codes, lent: LentFunctions) -> Result:
    """Count the votes. Raises ``DataMismatch`` for codes that are not finite or lack rows of the plan."""
    options = plan.options
    if plan.rows is None:
        codes.select(None, plan.n)
    result = factor(
        codes.mean,
        codes.at(plan.vote_rows),
        plan.vote_factors,
        scale_rows=None if plan.scale_rows is None else codes.at(plan.scale_rows),
        evaluation_votes=options.evaluation_votes,
        prune_std=options.prune_std,
        rescaled=options.rescaled,
        factor_names=plan.names,
        seed=plan.seed,
    )
    notes = []
    if plan.small_groups:
        notes.append(f"{plan.small_groups} votes repeat rows: fewer than {options.group_size} rows share the value")
    if options.protocol == "dlib" and not plan.grid:
        notes.append("not a complete grid: rows are drawn by groups, not as disentanglement_lib draws them")
    own = result.details["notes"]
    collapsed = 0 if result.details["active_dimensions"] else 1  # such a code is the first thing to know
    after = {
        "left_out": plan.left_out,
        "scale_rows_drawn": _how_scale_was_drawn(plan),
        "seed": plan.seed,
        "changed_options": changed(facts, options),
        "grid": plan.grid,
        "drawing": plan.drawing,
        "votes_with_repeated_rows": plan.small_groups,
    }
    ordered = result.details | {"notes": [*own[:collapsed], *notes, *own[collapsed:]]}
    return told(replace(result, details=ordered), options, {}, after)


def _draw_as_dlib(
    points: Points, usable: np.ndarray, options: Factor, votes: int, seed: int
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Rows for the variances, then per vote a factor and L rows: the draws of disentanglement_lib, in its order.

    That library makes one ``randint`` call per factor and batch. ``randint`` with an array of bounds takes the same
    numbers from the stream, element by element, so a block of votes is one call.
    """
    stream = np.random.RandomState(seed)
    sizes, size = np.array(points.sizes), options.group_size
    count = SCALE_ROWS if options.scale_rows is None else options.scale_rows
    scale_rows = points.rows_of(stream.randint(np.repeat(sizes, count)).reshape(len(sizes), count).T)

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
        vote_rows[part] = points.rows_of(combinations.transpose(0, 2, 1))
    return scale_rows, vote_factors, vote_rows


def _how_scale_was_drawn(plan: Plan) -> str:
    if plan.scale_rows is None:
        return "all rows"
    repeats = plan.options.protocol == "dlib" and plan.grid
    return f"seeded, {'with' if repeats else 'without'} replacement"
