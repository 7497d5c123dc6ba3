"""The metric of Kim & Mnih, "Disentangling by Factorising" (ICML 2018), section 4.

A vote: choose a factor, draw L rows that share its value and are random otherwise, divide each code dimension by its
standard deviation over the data, and find the dimension of least variance. If every dimension followed one factor, that
dimension would tell which factor was held fixed. The classifier from dimension to factor is the majority vote, and the
score is its accuracy: 1 is disentangled, 1/K is chance for K factors. The codes are the means of q(z|x).
"""

import dataclasses
from dataclasses import dataclass

import numpy as np

from disentool.errors import DataMismatch, UnknownName, WrongUsage
from disentool.metrics.result import RESAMPLES, Codes, Result, above_chance, interval_of_share, refuse_non_finite
from disentool.metrics.sampling import Points, check_seed, subset_rows, unique_rows

NEEDS = frozenset({"factors"})

SCALE_ROWS = 10_000  # rows for the standard deviations where all of them would have to be encoded first


@dataclass(frozen=True)
class Options:
    """Every constant of the metric; ``WrongUsage`` for values that cannot be."""

    protocol: str = "paper"  # "dlib" draws as disentanglement_lib does, number for number, on a complete grid
    votes: int = 800  # votes that make the majority
    evaluation_votes: int = 0  # fresh votes that are scored; 0: score the votes that made the majority
    group_size: int = 100  # L: rows of one vote
    prune_std: float = 0.05  # dimensions whose codes have a smaller standard deviation are collapsed and get no vote
    rescaled: bool = False  # whether the score is rescaled so that chance is 0
    scale_rows: int | None = None  # rows for the standard deviations; None: all if codes are ready, else SCALE_ROWS

    def __post_init__(self):
        for name, least in (
            ("votes", 1),
            ("evaluation_votes", 0),
            ("group_size", 2),
            ("prune_std", 0),
            ("scale_rows", 2),
        ):
            value = getattr(self, name)
            if value is not None and not value >= least:  # NaN is refused too
                raise WrongUsage(f"{name} {value}: expected at least {least}")


PROTOCOLS: dict[str, Options] = {
    "paper": Options(),
    "dlib": Options("dlib", votes=10_000, evaluation_votes=5_000, group_size=64, scale_rows=10_000),
    "ubisoft": Options("ubisoft", votes=800, evaluation_votes=800, group_size=200, prune_std=0.0, rescaled=True),
}


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
    options: Options
    seed: int


def plan(points: Points, options: Options, seed: int, codes_ready: bool = False) -> Plan:
    """Draw every vote from labels and seed.

    Raises ``NoFactors`` without labels, ``DataMismatch`` if no factor can be held fixed, ``WrongUsage`` for a bad seed.
    """
    if options.protocol not in PROTOCOLS:
        raise UnknownName("protocol of metric factor", options.protocol, PROTOCOLS)
    usable, left_out = points.votable("factor")
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
    everything = codes_ready or scale_rows is None
    return Plan(
        rows=None if everything else unique_rows(points.n, vote_rows, scale_rows),
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


def score(plan: Plan, codes: Codes) -> Result:
    """Count the votes. Raises ``DataMismatch`` for codes that are not finite or lack rows of the plan."""
    options, count = plan.options, plan.options.votes
    if plan.rows is None:
        codes.select(None, plan.n)
    refuse_non_finite(codes.mean, "codes")
    dimensions = codes.mean.shape[1]
    scaled = codes.mean if plan.scale_rows is None else codes.mean[codes.at(plan.scale_rows)]
    if len(scaled) < 2:
        raise DataMismatch("metric factor needs at least two rows of codes for a standard deviation")
    variance = _variance(scaled)
    scale = np.sqrt(variance)
    # a constant dimension is never active, whatever the threshold: its ratio would be 0/0
    active = np.flatnonzero((scale >= options.prune_std) & (scale > 0))

    shape = (dimensions, len(plan.names))
    train, evaluation = np.zeros(shape, dtype=np.int64), np.zeros(shape, dtype=np.int64)
    notes = []
    if active.size:
        least = active[_least_varying(codes, plan, variance, active)]
        np.add.at(train, (least[:count], plan.vote_factors[:count]), 1)
        np.add.at(evaluation, (least[count:], plan.vote_factors[count:]), 1)
    else:
        notes.append(f"no dimension's standard deviation reaches {options.prune_std:g}: the code is collapsed, score 0")
    if plan.small_groups:
        notes.append(f"{plan.small_groups} votes repeat rows: fewer than {options.group_size} rows share the value")
    if options.protocol == "dlib" and not plan.grid:
        notes.append("not a complete grid: rows are drawn by groups, not as disentanglement_lib draws them")
    if len(plan.names) == 1:
        notes.append("one factor only: any code that is not collapsed scores 1")

    scored = evaluation if options.evaluation_votes else train
    winner = train.argmax(axis=1)  # ties: the factor of lowest index
    right = np.where(np.arange(len(plan.names)) == winner[:, None], scored, 0)
    per_factor = {}
    cast = np.bincount(plan.vote_factors[count:] if options.evaluation_votes else plan.vote_factors, minlength=shape[1])
    for i, name in enumerate(plan.names):
        if cast[i]:
            per_factor[name] = float(right[:, i].sum() / cast[i])
        else:
            notes.append(f"no scored vote held {name} fixed; raise the number of votes")
    changed = [
        name
        for name, value in dataclasses.asdict(PROTOCOLS[options.protocol]).items()
        if getattr(options, name) != value
    ]
    details = {
        "factors": list(plan.names),
        "left_out": plan.left_out,
        "chance": 1 / len(plan.names),
        "dimensions": dimensions,
        "active_dimensions": active.tolist(),
        "scale": scale.tolist(),
        "vote_table": train.tolist(),  # dimensions x factors
        "evaluation_table": evaluation.tolist() if options.evaluation_votes else None,
        "majority": [plan.names[winner[i]] if train[i].any() else None for i in range(dimensions)],
        "train_accuracy": float(train.max(axis=1).sum() / count),
        "scored_on": "evaluation votes" if options.evaluation_votes else "the votes that made the majority",
        "votes": count,
        "evaluation_votes": options.evaluation_votes,
        "group_size": options.group_size,
        "prune_std": options.prune_std,
        "scale_rows": len(scaled),
        "scale_rows_drawn": _how_scale_was_drawn(plan),
        "ddof": 1,
        "rescaled": options.rescaled,
        "seed": plan.seed,
        "changed_options": changed,
        "grid": plan.grid,
        "drawing": plan.drawing,
        "votes_with_repeated_rows": plan.small_groups,
        "interval_of": (
            f"95 % percentile bootstrap over the scored votes, {RESAMPLES} resamples: "
            "how much the draw of votes matters, not how much training runs differ"
        ),
        "notes": notes,
    }
    accuracy, interval = 0.0, None
    if active.size:
        accuracy = float(right.sum() / scored.sum())
        interval = interval_of_share(int(right.sum()), int(scored.sum()), plan.seed)
    chance = 1 / len(plan.names)
    if options.rescaled and chance < 1 and active.size:
        accuracy = above_chance(accuracy, chance)
        interval = tuple(above_chance(bound, chance) for bound in interval)
    return Result(accuracy, options.protocol, interval, per_factor, details)


def _draw_as_dlib(points, usable, options, votes, seed):
    """Rows for the variances, then per vote a factor and L rows: the draws of disentanglement_lib, in its order.

    That library makes one ``randint`` call per factor and batch. ``randint`` with an array of bounds takes the same
    numbers from the stream, element by element, so a block of votes is one call.
    """
    stream = np.random.RandomState(seed)
    sizes, size = np.array(points.sizes), options.group_size
    count = SCALE_ROWS if options.scale_rows is None else options.scale_rows
    combinations = stream.randint(np.repeat(sizes, count)).reshape(len(sizes), count)
    scale_rows = points.rows_of(combinations.T)

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


def _how_scale_was_drawn(plan):
    if plan.scale_rows is None:
        return "all rows"
    repeats = plan.options.protocol == "dlib" and plan.grid
    return f"seeded, {'with' if repeats else 'without'} replacement"


def _variance(codes: np.ndarray) -> np.ndarray:
    """Variance (ddof 1) of codes, float32 [n, D], per dimension: float64 [D]."""
    total = np.zeros(codes.shape[1])
    squares = np.zeros(codes.shape[1])
    block = max(1, (1 << 20) // codes.shape[1])  # elements that stay in cache, not a float64 copy of the whole table
    for start in range(0, len(codes), block):
        # one pass, in float64, about the first row: exact zero for a constant, and no cancellation from a large mean
        part = codes[start : start + block].astype(np.float64)
        part -= codes[0]
        total += part.sum(axis=0)
        squares += np.einsum("nd,nd->d", part, part)
    return np.maximum(squares - total * total / len(codes), 0) / (len(codes) - 1)


def _least_varying(codes: Codes, plan: Plan, variance: np.ndarray, active: np.ndarray) -> np.ndarray:
    """For each vote the index into ``active`` of the dimension with the least variance relative to the data's."""
    where = codes.at(plan.vote_rows)
    size = where.shape[1]
    least = np.empty(len(where), dtype=np.int64)
    block = max(1, (1 << 18) // (size * codes.mean.shape[1]))
    for start in range(0, len(where), block):
        group = codes.mean[where[start : start + block]].astype(np.float64)
        group -= group[:, :1].copy()  # as in _variance: a dimension that is constant in the group has exactly 0
        total = group.sum(axis=1)
        local = (np.einsum("vld,vld->vd", group, group) - total * total / size) / (size - 1)
        least[start : start + block] = (local[:, active] / variance[active]).argmin(axis=1)
    return least
