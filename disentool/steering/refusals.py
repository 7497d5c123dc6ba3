"""Why there is no direction for a transform, in words that can be checked against the generator's images."""

from dataclasses import dataclass

import numpy as np

from disentool.directions import fitting, search
from disentool.directions.search import FittedDirection, Followed
from disentool.directions.transforms import TRANSFORMS
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


def of_direction(transform: str, found: FittedDirection) -> Refusal | None:
    """The refusal of a direction, fitted to all starts, that is of no use."""
    asked = TRANSFORMS[transform].summary
    r2 = with_interval(found.r2)
    if found.like < search.LIKE:
        why = (
            f"of the images that were moved along its direction, {found.like:.0%} become {asked} and change in no"
            f" other way; {search.LIKE:.0%} are needed"
        )
    elif r2["interval"][0] <= 0 or fitting.rise(found.fit, found.moves) <= 0:
        why = (
            f"images become {asked} along different directions of z, and along the mean of these they do not"
            f" (R2 {r2['value']:.2f} [{r2['interval'][0]:.2f}, {r2['interval'][1]:.2f}])"
        )
    else:
        return None
    return Refusal(transform, f"{transform}: {why}")
