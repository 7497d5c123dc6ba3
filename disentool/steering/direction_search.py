"""The search for directions in an opened generator: its starts, the search of each transform, notes of the results."""

import time
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import torch

from disentool.directions import fitting, search, trajectories, transforms
from disentool.directions.search import FittedDirection, Followed, Search
from disentool.directions.trajectories import Objective, Starts
from disentool.engine.randomness import latent_noise
from disentool.errors import WrongUsage
from disentool.io.directions_file import Direction
from disentool.models.generator import Opened
from disentool.reporting import Reporter
from disentool.steering import found_direction, refusals
from disentool.steering.refusals import Refusal

_MAX_BYTES = 2e9  # of the starts' images, which are kept


@dataclass(frozen=True)
class TransformSearch:
    """One transform with its loss (``objective``), and the settings of the search for its direction (``search``)."""

    objective: Objective
    search: Search


def begin(opened: Opened, starts: int, classes: Sequence[int], seed: int) -> Starts:
    """Starts from the prior, ``starts`` for each of ``classes``; of a generator with classes each keeps one.

    WrongUsage where their images would not fit into memory.
    """
    facts = opened.generator.facts
    total = starts * max(1, len(classes))
    each = 4 * facts.channels * facts.height * facts.width
    if total * each > _MAX_BYTES:
        most = int(_MAX_BYTES // each) // max(1, len(classes))
        raise WrongUsage(f"--starts {starts}: their images take {total * each / 1e9:.1f} GB; give at most {most:,}")
    z = torch.from_numpy(latent_noise(seed, np.arange(total), facts.latent_dim))
    chosen = None
    if facts.num_classes is not None:
        drawn = np.random.default_rng((seed, 1)).integers(0, facts.num_classes, total)
        chosen = torch.from_numpy(np.repeat(np.asarray(classes, np.int64), starts) if classes else drawn)
    return trajectories.begin(opened.generator, z, chosen)


def groups_of(starts: Starts, classes: Sequence[int]) -> dict[str, np.ndarray]:
    """The groups of starts that get a direction each: ending of its name -> numbers of the starts, int64 [n].

    All starts together have the ending ""; of several ``classes`` the starts of each have a group too.
    """
    groups = {"": np.arange(len(starts.z))}
    if len(classes) > 1 and starts.classes is not None:
        kept = starts.classes.cpu().numpy()
        groups |= {f"@{one}": np.flatnonzero(kept == one) for one in classes}
    return groups


def find(
    opened: Opened,
    searches: Sequence[TransformSearch],
    starts: Starts,
    groups: dict[str, np.ndarray],
    force: bool,
    report: Reporter,
) -> tuple[list[Direction], list[Refusal]]:
    """A direction for each search and each of ``groups``, see :func:`groups_of`; all of one method.

    Beside them the transforms for which there is none: those that the generator cannot follow, or whose direction is
    of no use. ``force``: these are found too, with a note, unless no start says which way to go.
    """
    generator, method = opened.generator, searches[0].search.method
    moved = 2 * search.MOVES * sum(_used(len(rows), searches[0].search) for rows in groups.values())
    total = sum(each.search.images(len(starts.z)) + moved for each in searches)
    done = 0
    clock = time.perf_counter()
    with report.task(f"find {', '.join(each.objective.transform for each in searches)}", total, "images") as task:

        def progressed(images: int, error: float | None) -> None:
            nonlocal done
            done += images
            task.update(done, None if error is None else {"relative_error": error})

        # Those that a tangent is found for share its Jacobian; others are followed one by one, each to its own extent.
        if method == "tangent":
            followed = search.follow(
                generator, [each.objective for each in searches], searches[0].search, starts, progressed
            )
            seconds = [(time.perf_counter() - clock) / len(searches)] * len(searches)
        else:
            followed, seconds = [], []
            for each in searches:
                clock = time.perf_counter()
                followed += search.follow(generator, [each.objective], each.search, starts, progressed)
                seconds.append(time.perf_counter() - clock)
        directions: list[Direction] = []
        refused: list[Refusal] = []
        for each, paths, took in zip(searches, followed, seconds, strict=True):
            objective, plan = each.objective, each.search
            refusal = refusals.of_paths(objective.transform, paths, groups[""])
            if refusal is not None and not (force and refusal.forceable):
                refused.append(refusal)
                progressed(moved, None)
                continue
            _note_lost_targets(each, paths, groups[""], report)
            clock = time.perf_counter()
            fits = {
                e: search.fit(generator, objective, plan, starts, paths, rows, progressed) for e, rows in groups.items()
            }
            times = {"follow": took, "fit": time.perf_counter() - clock}
            refusal = refusal or refusals.of_direction(objective.transform, plan, fits[""])
            if refusal is not None and not force:
                refused.append(refusal)
                continue
            if refusal is not None:
                report.note(f"{opened.path}: {refusal.why}")
            _note_fit(each, fits[""], report)
            units = {ending: found.fit.u[0] for ending, found in fits.items()}
            for ending, found in fits.items():
                chunks = generator.facts.chunks
                made = found_direction.direction(objective, plan, starts, paths, groups[ending], found, chunks, ending)
                useless = refusals.of_direction(objective.transform, plan, found, ending) if ending else refusal
                if useless is not None:
                    made.facts["of_no_use"] = useless.why
                if useless is not None and ending:
                    report.note(useless.why)
                made.facts.update(seconds=times, **found_direction.cosines(units, ending))
                directions.append(made)
    return directions, refused


def _used(starts: int, plan: Search) -> int:
    return starts - int(plan.dropped * starts)


def _note_fit(searched: TransformSearch, found: FittedDirection, report: Reporter) -> None:
    """Note the fit of a transform, and how far g is from the measured moves where it was not fitted to them."""
    transform = searched.objective.transform
    r2, everywhere = (
        found_direction.shown(found_direction.with_interval(values)) for values in (found.r2, found.everywhere)
    )
    low, high = np.interp(found.fit.s_valid, found.fit.knots, found.fit.values[0])
    unit = transforms.TRANSFORMS[transform].unit
    said = f"R2 {r2}, of all moves {everywhere}, t {low:.3g} to {high:.3g} {unit}"
    report.note(f"{transform}: {said}")
    rise = fitting.rise(found.fit, found.moves)
    if searched.search.method == "paper" and not 0.8 < rise < 1.25:
        report.note(
            f"{transform}: moved along u the image goes {rise:.2f} of what g says, which the paper's method fits to"
            " codes that moved in all dimensions; the g of --method lm and tangent is measured along u"
        )


def _note_lost_targets(searched: TransformSearch, paths: Followed, rows: np.ndarray, report: Reporter) -> None:
    """Note the targets that were not followed: the direction is fitted to the codes on the way to them too."""
    if searched.search.method == "tangent":
        return
    lost = np.median(paths.errors[rows], axis=0) >= search.FOLLOWED
    far = np.abs(paths.t)
    if not lost.any():
        return
    reached = far[far < far[lost].min()]  # to both sides
    ends = f"--range {reached.max():g} ends there, " if reached.size else ""
    before = f"are followed to |t| = {reached.max():g} and" if reached.size else "are"
    report.note(
        f"{searched.objective.transform}: images {before} lost on the way to {searched.search.extent:g}, which bends"
        f" the direction; {ends}--method tangent follows none"
    )
