"""Generator + transforms -> directions of its latent space, and how far the image goes along each."""

import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch

from disentool.directions import METHODS, fitting, search, trajectories, transforms
from disentool.directions.generator_checks import probe_twice
from disentool.directions.reconstruction import LOSSES, RESIDUAL, default_sigma
from disentool.directions.search import Followed, Found, Search
from disentool.directions.trajectories import Aim, Starts
from disentool.engine.device import full_precision
from disentool.engine.randomness import latent_noise
from disentool.errors import DataMismatch, UnknownName, WrongUsage
from disentool.io import directions as writing
from disentool.io import files
from disentool.io.directions import Direction, Directions
from disentool.models import generator as generators
from disentool.models.generator import Opened
from disentool.reporting import Reporter, Silent

# Of each method: iterations for each target, and the learning rate or damping; t goes by default as far as this share
# of the transform's extent, in so many steps to each side.
_SOLVERS: dict[str, tuple[int, float, float, int]] = {
    "paper": (50, 0.01, 1.0, 5),
    "lm": (4, 0.1, 0.4, 2),
    "tangent": (1, 0.1, 0.0, 0),
}
_MAX_STARTS = 100_000
_MAX_BYTES = 2e9  # of the starts' images, which are kept
_CONFIDENCE = 0.95


def find_direction(
    spec: str | Path,
    names: Sequence[str],
    output: Path,
    *,
    method: str = "lm",
    loss: str = "blur",
    sigma: float | None = None,
    starts: int = 50,
    extent: float | None = None,
    steps: int | None = None,
    classes: Sequence[int] = (),
    truncation: float | None = None,
    space: str | None = None,
    seed: int = 0,
    device: str = "auto",
    trust: bool = False,
    force: bool = False,
    overwrite: bool = False,
    report: Reporter | None = None,
) -> Path:
    """Find a unit direction u and a monotone g, with t = g(<z,u>), for each transform of ``names``; writes ``output``.

    ``spec``: any generator (see :func:`disentool.models.generator.open`). ``method``: see
    :data:`disentool.directions.METHODS`; ``loss``: :data:`disentool.directions.reconstruction.LOSSES`, ``sigma`` being
    the blur's, in pixels. ``starts``: random codes to begin from, the same for every transform; of a generator with
    classes as many for each of ``classes``, or each of a class drawn at random. ``extent`` and ``steps``: t goes to
    both sides by so much, in so many steps; not for tangent.

    With several ``classes`` there is a direction for each, such as ``shift-x@14``, and one pooled over all.

    Raises what ``open`` does, WrongUsage, UnknownName, OutputExists or NotWritable before any work; and DataMismatch if
    the generator cannot follow a transform, unless ``force``.
    """
    report = report or Silent()
    _check(names, method, loss, sigma, starts)
    _check_way(method, extent, steps)
    files.probe(output, overwrite=overwrite)
    with files.claim(output), full_precision():
        opened = generators.open(spec, device, trust=trust, truncation=truncation, space=space, classes=classes)
        if method != "paper":  # whose gradients are all it needs
            probe_twice(opened.generator, str(spec), tuple(classes))
        facts = opened.generator.facts
        found = [transforms.find(name, facts.channels) for name in names]
        iterations, rate, share, default_steps = _SOLVERS[method]
        if extent is None:
            extents = [share * transform.extent for transform in found]
        else:
            extents = [_checked(extent, name) for name in names]
        sigma = default_sigma(facts.height, facts.width) if sigma is None else sigma
        plans = [Search(method, reach, steps or default_steps, iterations, rate, seed=seed) for reach in extents]
        begun = _begin(opened, starts, classes, seed)
        groups = _groups(begun, classes)
        constants = {
            "loss": loss,
            "sigma": sigma if loss == "blur" else None,
            "starts": starts,
            "dropped": plans[0].dropped,
            "resamples": plans[0].resamples,
            "iterations": iterations if method != "tangent" else None,
            "learning_rate" if method == "paper" else "damping": rate,
            "latent_dim": facts.latent_dim,
            "chunks": list(facts.chunks) or None,
            "classes": list(classes) or None,
            "truncation": truncation,
            "space": space,
            "generator_name": opened.name,
        }
        aims = [Aim(name, loss, sigma) for name in names]
        directions = _find(opened, aims, plans, begun, groups, force, report)
        written = Directions(
            path=output,
            directions={direction.name: direction for direction in directions},
            generator=str(opened.path),
            generator_sha256=opened.sha256,
            method=method,
            seed=seed,
            provenance={name: value for name, value in constants.items() if value is not None},
        )
        return writing.write(written, overwrite=overwrite)


def _check(names: Sequence[str], method: str, loss: str, sigma: float | None, starts: int) -> None:
    """WrongUsage or UnknownName for what is wrong with any generator."""
    if not names:
        raise WrongUsage(
            f"nothing to find; --transform names a change of the image: {', '.join(transforms.TRANSFORMS)}"
        )
    for name in names:
        if name not in transforms.TRANSFORMS:
            raise UnknownName("transform", name, transforms.TRANSFORMS)
        if list(names).count(name) > 1:
            raise WrongUsage(f"--transform {name}: named twice")
    if method not in METHODS:
        raise UnknownName("method", method, METHODS)
    if loss not in LOSSES:
        raise UnknownName("loss", loss, LOSSES)
    if method != "paper" and loss not in RESIDUAL:
        raise WrongUsage(f"--loss {loss}: --method {method} needs a sum of squares, {' or '.join(RESIDUAL)}")
    if sigma is not None and (loss != "blur" or not 0 < sigma <= 64):
        raise WrongUsage(f"--sigma {sigma:g}: expected pixels of --loss blur, more than 0 and at most 64")
    if not 5 <= starts <= _MAX_STARTS:
        raise WrongUsage(f"--starts {starts}: expected 5 to {_MAX_STARTS:,}")


def _check_way(method: str, extent: float | None, steps: int | None) -> None:
    if method == "tangent" and (extent is not None or steps is not None):
        raise WrongUsage("--method tangent follows nothing; leave out --range and --steps")
    if steps is not None and not 1 <= steps <= 1000:
        raise WrongUsage(f"--steps {steps}: expected 1 to 1,000")


def _checked(extent: float, name: str) -> float:
    most = 2 * transforms.TRANSFORMS[name].extent
    if not 0 < extent < most:
        raise WrongUsage(
            f"--range {extent:g}: for {name} expected {transforms.TRANSFORMS[name].unit}, more than 0 and less than"
            f" {most:g}; transforms of other units need a call of their own"
        )
    return extent


def _begin(opened: Opened, starts: int, classes: Sequence[int], seed: int) -> Starts:
    """Starts from the prior; of a generator with classes each keeps one."""
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


def _groups(starts: Starts, classes: Sequence[int]) -> dict[str, np.ndarray]:
    """What to find a direction of: a name's ending -> the starts. All; and of several classes each."""
    groups = {"": np.arange(len(starts.z))}
    if len(classes) > 1:
        kept = starts.classes.cpu().numpy()
        groups |= {f"@{one}": np.flatnonzero(kept == one) for one in classes}
    return groups


def _find(
    opened: Opened,
    aims: list[Aim],
    plans: list[Search],
    starts: Starts,
    groups: dict[str, np.ndarray],
    force: bool,
    report: Reporter,
) -> list[Direction]:
    count = len(starts.z)
    moved = 2 * search.MOVES * sum(_used(len(g), plans[0]) for g in groups.values())
    total = sum(plan.images(count) + moved for plan in plans)
    done = 0
    clock = time.perf_counter()
    with report.task(f"find {', '.join(aim.transform for aim in aims)}", total, "images") as task:

        def tell(images: int, error: float | None) -> None:
            nonlocal done
            done += images
            task.update(done, None if error is None else {"relative_error": error})

        # Those that a tangent is found for share its Jacobian; others are followed one by one, each to its own extent.
        if plans[0].method == "tangent":
            followed = search.follow(opened.generator, aims, plans[0], starts, tell)
            seconds = [(time.perf_counter() - clock) / len(aims)] * len(aims)
        else:
            followed, seconds = [], []
            for aim, plan in zip(aims, plans, strict=True):
                clock = time.perf_counter()
                followed += search.follow(opened.generator, [aim], plan, starts, tell)
                seconds.append(time.perf_counter() - clock)
        _require_followed(opened, aims, plans, followed, groups[""], force, report)
        for aim, plan, paths in zip(aims, plans, followed, strict=True):
            _tell_lost(aim, plan, paths, groups[""], report)
        directions = []
        for aim, plan, paths, took in zip(aims, plans, followed, seconds, strict=True):
            clock = time.perf_counter()
            fits = {e: search.fit(opened.generator, aim, plan, starts, paths, rows, tell) for e, rows in groups.items()}
            times = {"follow": took, "fit": time.perf_counter() - clock}
            _require_useful(opened, aim, fits, force, report)
            _tell(aim, plan, fits[""], report)
            units = {ending: found.fit.u[0] for ending, found in fits.items()}
            for ending, found in fits.items():
                directions.append(_direction(opened, aim, plan, starts, paths, groups[ending], found, ending))
                directions[-1].facts.update(seconds=times, **_cosines(units, ending))
    return directions


def _used(starts: int, plan: Search) -> int:
    return starts - int(plan.dropped * starts)


def _require_followed(
    opened: Opened,
    aims: list[Aim],
    plans: list[Search],
    followed: list[Followed],
    rows: np.ndarray,
    force: bool,
    report: Reporter,
) -> None:
    """DataMismatch naming the transforms that images of the generator's do not come nearer to.

    ``force`` only makes a note of it, unless there is nothing at all to write: no start says any way.
    """
    failed = []
    for aim, paths in zip(aims, followed, strict=True):
        if not paths.speeds[rows].any():
            raise DataMismatch(f"{opened.path}: {aim.transform} changes none of its images, so that no way is found")
        error, where = paths.best(rows)
        if not error < search.FOLLOWED:  # nor a number
            place = f" at t = {where:g}" if where else ""
            failed.append(f"{aim.transform} (relative error {error:.2f}{place})")
    if not failed:
        return
    message = (
        f"{opened.path}: cannot follow {', '.join(failed)}: no change of z makes that change of the image; the median"
        f" error of {len(rows)} starts never falls below {search.FOLLOWED:g} of the unchanged image's"
    )
    if not force:
        raise DataMismatch(f"{message}; nothing is written, --force does so all the same")
    report.note(message)


def _require_useful(opened: Opened, aim: Aim, fits: dict[str, Found], force: bool, report: Reporter) -> None:
    """DataMismatch naming what makes the direction of all starts useless; ``force`` only makes a note of it."""
    found = fits[""]
    low = _with_interval(found.r2)["interval"][0]
    if found.like < search.LIKE:
        why = f"only {found.like:.0%} of the moves along its direction change the image like that"
    elif low <= 0 or fitting.rise(found.fit, found.moves) <= 0:
        why = "g explains none of it: the starts have no direction in common"
    else:
        return
    message = f"{opened.path}: {aim.transform}: {why}"
    if not force:
        raise DataMismatch(f"{message}; nothing is written, --force does so all the same")
    report.note(message)


def _tell(aim: Aim, plan: Search, found: Found, report: Reporter) -> None:
    """What was found, in a line; and how far g is from what moves along u do, where it was not measured by them."""
    r2 = _with_interval(found.r2)
    low, high = np.interp(found.fit.s_valid, found.fit.knots, found.fit.values[0])
    unit = transforms.TRANSFORMS[aim.transform].unit
    said = f"R2 {r2['value']:.2f} [{r2['interval'][0]:.2f}, {r2['interval'][1]:.2f}], t {low:.3g} to {high:.3g} {unit}"
    report.note(f"{aim.transform}: {said}")
    rise = fitting.rise(found.fit, found.moves)
    if plan.method == "paper" and not 0.8 < rise < 1.25:
        report.note(
            f"{aim.transform}: moved along u the image goes {rise:.2f} of what g says, which the paper's method fits to"
            " codes that moved in all dimensions; the g of --method lm and tangent is measured along u"
        )


def _tell_lost(aim: Aim, plan: Search, paths: Followed, rows: np.ndarray, report: Reporter) -> None:
    """Note targets, beyond some that are followed, that are not: the direction is fitted to the way to them too."""
    if plan.method == "tangent":
        return
    lost = np.median(paths.errors[rows], axis=0) >= search.FOLLOWED
    far = np.abs(paths.t)
    if not lost.any():
        return
    reached = far[far < far[lost].min()]  # to both sides
    ends = f"--range {reached.max():g} ends there, " if reached.size else ""
    before = f"are followed to |t| = {reached.max():g} and" if reached.size else "are"
    report.note(
        f"{aim.transform}: images {before} lost on the way to {plan.extent:g}, which bends the direction;"
        f" {ends}--method tangent follows none"
    )


def _direction(
    opened: Opened,
    aim: Aim,
    plan: Search,
    starts: Starts,
    paths: Followed,
    rows: np.ndarray,
    found: Found,
    ending: str,
) -> Direction:
    fit = found.fit
    kept = np.flatnonzero(found.kept)
    valid = np.interp(fit.s_valid, fit.knots, fit.values[0])
    facts: dict[str, Any] = {
        "transform": aim.transform,
        "followed": found.followed,
        "starts": len(rows),
        "dropped": len(rows) - len(kept),
        "s_valid": list(fit.s_valid),
        "r2": _with_interval(found.r2),
        "cosine": {"interval": [float(np.quantile(fit.u[1:] @ fit.u[0], 1 - _CONFIDENCE)), 1.0]},
        "relative_error": np.median(paths.errors[kept], axis=0).tolist(),
    }
    if plan.method != "tangent":
        facts |= {"range": plan.extent, "steps": plan.steps}
    if starts.classes is not None:
        facts["classes"] = sorted(set(starts.classes[torch.as_tensor(rows)].tolist()))
    if opened.generator.facts.chunks:
        facts["chunk_norms"] = _chunk_norms(fit.u, opened.generator.facts.chunks)
    facts |= {"reach": search.REACH, "moves": search.MOVES, "moves_like_the_transform": found.like}
    facts["rise"] = fitting.rise(fit, found.moves)
    return Direction(
        name=aim.transform + ending,
        u=fit.u[0].astype(np.float32),
        knots=fit.knots,
        values=fit.values[0],
        t_valid=(float(valid[0]), float(valid[1])),
        unit=transforms.TRANSFORMS[aim.transform].unit,
        u_bootstrap=fit.u[1:].astype(np.float32),
        values_bootstrap=fit.values[1:],
        targets=paths.t,
        errors=paths.errors[rows],
        kept=found.kept[rows],
        facts=facts,
    )


def _chunk_norms(u: np.ndarray, chunks: tuple[int, ...]) -> list[dict[str, Any]]:
    """The squared length of u [R+1,d] within each chunk of z; they sum to 1."""
    parts = np.split(np.square(u), np.cumsum(chunks)[:-1], axis=1)
    return [_with_interval(part.sum(1)) for part in parts]


def _with_interval(values: np.ndarray) -> dict[str, Any]:
    """Of a statistic [R+1] of the starts and then of resamples."""
    tail = (1 - _CONFIDENCE) / 2
    return {"value": float(values[0]), "interval": np.quantile(values[1:], [tail, 1 - tail]).tolist()}


def _cosines(units: dict[str, np.ndarray], ending: str) -> dict[str, Any]:
    """Of a class's direction, or the pooled one, with those of every class: {class: cosine}."""
    return {"cosine_with": {e[1:]: float(units[ending] @ u) for e, u in units.items() if e}} if len(units) > 1 else {}
