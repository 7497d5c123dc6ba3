"""The result of a search as a direction to write: u, g, their intervals, and facts about them."""

from typing import Any

import numpy as np
import torch

from disentool.directions import fitting, search, transforms
from disentool.directions.search import FittedDirection, Followed, Search
from disentool.directions.trajectories import Objective, Starts
from disentool.io.directions_file import Direction

_CONFIDENCE = 0.95


def direction(
    objective: Objective,
    plan: Search,
    starts: Starts,
    followed: Followed,
    rows: np.ndarray,
    found: FittedDirection,
    chunks: tuple[int, ...],
    ending: str,
) -> Direction:
    """The direction of the starts ``rows`` (int64 [n]), called by its transform and ``ending``.

    ``chunks``: how long the parts of z are, of a generator that has several.
    """
    fit = found.fit
    kept = np.flatnonzero(found.kept)
    valid = np.interp(fit.s_valid, fit.knots, fit.values[0])
    facts: dict[str, Any] = {
        "transform": objective.transform,
        "followed": found.followed,
        "starts": len(rows),
        "dropped": len(rows) - len(kept),
        "s_valid": list(fit.s_valid),
        "r2": with_interval(found.r2),
        "cosine": {"interval": [lowest_cosine(found), 1.0]},
        "relative_error": np.median(followed.errors[kept], axis=0).tolist(),
    }
    if plan.method != "tangent":
        facts |= {"range": plan.extent, "steps": plan.steps}
    if starts.classes is not None:
        facts["classes"] = sorted(set(starts.classes[torch.as_tensor(rows)].tolist()))
    if chunks:
        facts["chunk_norms"] = _chunk_norms(fit.u, chunks)
    facts |= {"reach": search.REACH, "moves": search.MOVES, "moves_like_the_transform": found.like}
    facts |= {"t_ends": ends(found), "r2_of_all_moves": with_interval(found.everywhere)}
    facts["rise"] = fitting.rise(fit, found.moves)
    return Direction(
        name=objective.transform + ending,
        u=fit.u[0].astype(np.float32),
        knots=fit.knots,
        values=fit.values[0],
        t_valid=(float(valid[0]), float(valid[1])),
        unit=transforms.TRANSFORMS[objective.transform].unit,
        u_bootstrap=fit.u[1:].astype(np.float32),
        values_bootstrap=fit.values[1:],
        targets=followed.t,
        errors=followed.errors[rows],
        kept=found.kept[rows],
        facts=facts,
    )


def with_interval(values: np.ndarray) -> dict[str, Any]:
    """A statistic [R+1], of the starts and then of R resamples, as its value and 95 % interval."""
    tail = (1 - _CONFIDENCE) / 2
    return {"value": float(values[0]), "interval": np.quantile(values[1:], [tail, 1 - tail]).tolist()}


def shown(statistic: dict[str, Any]) -> str:
    """What :func:`with_interval` gives, in words: ``0.91 [0.85, 0.94]``."""
    low, high = statistic["interval"]
    return f"{statistic['value']:.2f} [{low:.2f}, {high:.2f}]"


def lowest_cosine(found: FittedDirection) -> float:
    """The lower end of the one-sided 95 % interval of the cosine of the resamples' u with u."""
    return float(np.quantile(found.cosines, 1 - _CONFIDENCE))


def ends(found: FittedDirection) -> dict[str, Any]:
    """Both ends of the range of t, each with its interval."""
    return {name: with_interval(values) for name, values in zip(("low", "high"), found.ends.T, strict=True)}


def cosines(units: dict[str, np.ndarray], ending: str) -> dict[str, Any]:
    """The cosines of one direction u [d] with those of every class: {class: cosine}; ``units``: by a name's ending."""
    return {"cosine_with": {e[1:]: float(units[ending] @ u) for e, u in units.items() if e}} if len(units) > 1 else {}


def _chunk_norms(u: np.ndarray, chunks: tuple[int, ...]) -> list[dict[str, Any]]:
    """The squared length of u [R+1,d] within each chunk of z; they sum to 1."""
    parts = np.split(np.square(u), np.cumsum(chunks)[:-1], axis=1)
    return [with_interval(part.sum(1)) for part in parts]
