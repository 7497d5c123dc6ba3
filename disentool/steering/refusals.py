"""Why there is no direction for a transform, in words that can be checked against the generator's images."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from disentool.directions import fitting, search
from disentool.directions.search import FittedDirection, Followed, Search
from disentool.directions.transforms import TRANSFORMS
from disentool.steering import found_direction
from disentool.steering.found_direction import with_interval


@dataclass(frozen=True)
class Refusal:
    """A transform without a useful direction. ``forceable``: there is one that could be written all the same."""

    transform: str
    why: str
    forceable: bool = True


def of_paths(transform: str, followed: Followed, rows: np.ndarray) -> Refusal | None:
    """The refusal of a transform that no change of z imitates, for the starts ``rows`` (int64 [n])."""
    asked, unit = TRANSFORMS[transform].summary, TRANSFORMS[transform].unit
    if not followed.speeds[rows].any():
        why = f"its images {asked} look as they did before: they are of one colour, or alike everywhere along the way"
        return Refusal(transform, f"{transform}: {why}", forceable=False)
    error, where = followed.best(rows)
    if error < search.FOLLOWED:  # neither if it is no number
        return None
    place = f"at |t| = {where:g} {unit}" if where else "for a small t"
    why = (
        f"no change of z makes its images {asked}; {place} the most similar image that z makes is still {error:.0%} as"
        f" far from the changed image as the unchanged one is (the median of {len(rows)} starts; less than"
        f" {search.FOLLOWED:.0%} is needed)"
    )
    return Refusal(transform, f"{transform}: {why}")


def of_direction(transform: str, plan: Search, found: FittedDirection, ending: str = "") -> Refusal | None:
    """The refusal of a direction, called by its transform and ``ending``, that is of no use: that may do nothing."""
    asked, unit = TRANSFORMS[transform].summary, TRANSFORMS[transform].unit
    r2, ends, everywhere = with_interval(found.r2), found_direction.ends(found), with_interval(found.everywhere)
    cosine = found_direction.lowest_cosine(found)
    # The paper's R2 is of codes that moved in all dimensions: it is low where the direction does well.
    least = 0.0 if plan.method == "paper" else search.R2 if found.moves.fine is None else search.R2_COARSE
    why = []
    if found.like < search.LIKE:
        why.append(
            f"of the images that were moved along it, {found.like:.0%} become {asked} and change in no other way;"
            f" {search.LIKE:.0%} are needed"
        )
    elif everywhere["interval"][0] < search.EVERYWHERE:
        why.append(
            f"of the images that were moved along it, all taken together, {found_direction.shown(everywhere)} of how"
            f" far they become {asked} is explained; a lower end of {search.EVERYWHERE:g} is needed"
        )
    if r2["interval"][0] < least or r2["interval"][0] <= 0 or fitting.rise(found.fit, found.moves) <= 0:
        why.append(f"R2 may be too low ({found_direction.shown(r2)}; a lower end of {least:g} is needed)")
    if cosine < search.COSINE:
        why.append(f"other starts give another direction (a cosine of {cosine:.2f}; {search.COSINE:g} is needed)")
    if not ends["low"]["interval"][1] < 0 < ends["high"]["interval"][0]:
        reached = [*ends["low"]["interval"], *ends["high"]["interval"]]
        where = f"begins {_range(ends['low'])} and ends {_range(ends['high'])} {unit}"
        alike = f"its images do not become {asked}: t is 0 at both ends of it"
        why.append(alike if not any(reached) else f"other starts give another range of t (it {where})")
    if not why:
        return None
    return Refusal(transform, f"{transform}{ending}: its direction is of no use: {'; '.join(why)}")


def _range(end: dict[str, Any]) -> str:
    return f"between {end['interval'][0]:.3g} and {end['interval'][1]:.3g}"
