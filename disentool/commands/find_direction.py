"""Generator + transforms -> directions of its latent space, and how far the image goes along each."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from disentool.arguments.bounds import STARTS
from disentool.arguments.defaults import FOLLOWING_METHOD, SEARCH_LOSS, SEARCH_METHOD, SEARCH_STARTS
from disentool.directions import METHODS, transforms
from disentool.directions.generator_checks import probe_twice
from disentool.directions.reconstruction import LOSSES, RESIDUAL, default_sigma
from disentool.directions.search import Search
from disentool.directions.trajectories import Objective
from disentool.engine import devices
from disentool.errors import DataMismatch, PartlyDone, UnknownName, WrongUsage, require_known
from disentool.io import directions_file, files
from disentool.io.call_checks import require_once
from disentool.io.directions_file import Directions
from disentool.models.generator import open_generator
from disentool.models.model import Checkpoint, TrainedModel
from disentool.reporting import Reporter, Silent
from disentool.steering import direction_search
from disentool.steering.direction_search import TransformSearch
from disentool.steering.refusals import Refusal

# Of each method: iterations for each target, and the learning rate or damping; t goes by default as far as this share
# of the transform's extent, in so many steps to each side.
_SOLVERS: dict[str, tuple[int, float, float, int]] = {
    "paper": (50, 0.01, 1.0, 5),
    "lm": (4, 0.1, 0.4, 2),
    "tangent": (1, 0.1, 0.0, 0),
}


def find_direction(
    spec: Checkpoint,
    names: Sequence[str],
    output: Path,
    *,
    method: str | None = None,
    loss: str = SEARCH_LOSS,
    sigma: float | None = None,
    starts: int = SEARCH_STARTS,
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

    ``spec``: any generator, or a loaded model (see :func:`disentool.models.generator.open_generator`). ``method``: see
    :data:`disentool.directions.METHODS` (default: tangent, or lm where ``extent`` or ``steps`` is given). ``loss``:
    :data:`disentool.directions.reconstruction.LOSSES`, ``sigma`` being the blur's, in pixels. ``starts``: random codes
    to begin from, the same for every transform; of a generator with classes as many for each of ``classes``, or each of
    a class drawn at random. ``extent`` and ``steps``: t goes to both sides by so much, in so many steps; not for
    tangent.

    With several ``classes`` there is a direction for each, such as ``shift-x@14``, and one pooled over all.

    Raises what ``open_generator`` does, WrongUsage, UnknownName, OutputExists or NotWritable before any work. Where the
    generator cannot follow a transform, and ``force`` is not given, it raises PartlyDone once the directions of the
    others are written; DataMismatch where there are no others.
    """
    report = report or Silent()
    said = str(spec.path if isinstance(spec, TrainedModel) else spec)
    if method is None:
        method = SEARCH_METHOD if extent is None and steps is None else FOLLOWING_METHOD
    _check(names, method, loss, sigma, starts)
    _check_targets(method, extent, steps)
    files.require_hdf5_name(output, "directions")
    files.probe(output, overwrite=overwrite)
    devices.configure(devices.choose(device))
    with files.claim(output), devices.full_precision():
        opened = open_generator(spec, device, trust=trust, truncation=truncation, space=space, classes=classes)
        if method != "paper":  # whose gradients are all it needs
            probe_twice(opened.generator, said, tuple(classes))
        facts = opened.generator.facts
        names, refused = _possible(names, facts.channels)
        for refusal in refused:
            report.note(refusal.why)
        iterations, rate, share, default_steps = _SOLVERS[method]
        if extent is None:
            extents = [share * transforms.TRANSFORMS[name].extent for name in names]
        else:
            extents = [_checked_extent(extent, name) for name in names]
        sigma = default_sigma(facts.height, facts.width) if sigma is None else sigma
        searches = [
            TransformSearch(
                Objective(name, loss, sigma), Search(method, reach, steps or default_steps, iterations, rate, seed=seed)
            )
            for name, reach in zip(names, extents, strict=True)
        ]
        begun = direction_search.begin(opened, starts, classes, seed)
        constants: dict[str, Any] = {
            "loss": loss,
            "sigma": sigma if loss == "blur" else None,
            "starts": starts,
            "dropped": searches[0].search.dropped,
            "resamples": searches[0].search.resamples,
            "iterations": iterations if method != "tangent" else None,
            "learning_rate" if method == "paper" else "damping": rate,
            "latent_dim": facts.latent_dim,
            "chunks": list(facts.chunks) or None,
            "classes": list(classes) or None,
            "truncation": truncation,
            "space": space,
            "generator_name": opened.name,
        }
        groups = direction_search.groups_of(begun, classes)
        directions, others = direction_search.find(opened, searches, begun, groups, force, report)
        refused += others
        if not directions:
            raise DataMismatch(f"{_refusals(said, refused, output)}; nothing is written")
        written = Directions(
            path=output,
            directions={direction.name: direction for direction in directions},
            generator=str(opened.path),
            generator_sha256=opened.sha256,
            method=method,
            seed=seed,
            provenance={name: value for name, value in constants.items() if value is not None},
        )
        made = directions_file.write(written, overwrite=overwrite)
    if refused:
        raise PartlyDone(f"{_refusals(said, refused, output)}; {output} holds {', '.join(written.directions)}", made)
    return made


def _possible(names: Sequence[str], channels: int) -> tuple[list[str], list[Refusal]]:
    """The transforms of these names that images of so many channels can have, and the others; DataMismatch if none."""
    kept, refused = [], []
    for name in names:
        try:
            transforms.find(name, channels)
            kept.append(name)
        except DataMismatch as error:
            if len(names) == 1:
                raise
            refused.append(Refusal(name, str(error), forceable=False))
    if not kept:
        raise DataMismatch("; ".join(refusal.why for refusal in refused))
    return kept, refused


def _refusals(spec: str, refused: Sequence[Refusal], output: Path) -> str:
    """Each transform without a direction and why, then how to see it."""
    said = f"{spec}: refused: {'; '.join(refusal.why for refusal in refused)}"
    forceable = [refusal.transform for refusal in refused if refusal.forceable]
    if not forceable:
        return said
    look = f"`disentool traverse {spec} --direction {output}:{forceable[0]}` then draws what it does"
    return f"{said}; --force writes {' and '.join(forceable)} all the same, and {look}"


def _check(names: Sequence[str], method: str, loss: str, sigma: float | None, starts: int) -> None:
    """WrongUsage or UnknownName for what is wrong with any generator."""
    if not names:
        raise WrongUsage(
            f"nothing to find: name a change of the image with --transform: {', '.join(transforms.TRANSFORMS)}"
        )
    require_known("transform", names, transforms.TRANSFORMS)
    require_once(names, "--transform")
    if method not in METHODS:
        raise UnknownName("method", method, METHODS)
    if loss not in LOSSES:
        raise UnknownName("loss", loss, LOSSES)
    if method != "paper" and loss not in RESIDUAL:
        raise WrongUsage(f"--loss {loss}: --method {method} takes --loss {' or --loss '.join(RESIDUAL)}")
    if sigma is not None and loss != "blur":
        raise WrongUsage(f"--sigma {sigma:g}: belongs to --loss blur; leave it out")
    if sigma is not None and not 0 < sigma <= 64:
        raise WrongUsage(f"--sigma {sigma:g}: expected pixels, more than 0 and at most 64")
    if not STARTS.hold(starts):
        raise WrongUsage(f"--starts {starts}: expected {STARTS}")


def _check_targets(method: str, extent: float | None, steps: int | None) -> None:
    if method == "tangent" and (extent is not None or steps is not None):
        raise WrongUsage("--method tangent does not use --range and --steps; leave them out")
    if steps is not None and not 1 <= steps <= 1000:
        raise WrongUsage(f"--steps {steps}: expected 1 to 1,000")


def _checked_extent(extent: float, name: str) -> float:
    most = 2 * transforms.TRANSFORMS[name].extent
    if not 0 < extent < most:
        raise WrongUsage(
            f"--range {extent:g}: expected more than 0 and less than {most:g} for {name}, whose unit is"
            f" {transforms.TRANSFORMS[name].unit}; name transforms of another unit in a separate call"
        )
    return extent
