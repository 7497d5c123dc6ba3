"""Directions files -> records of how precisely each direction controls what it was found for."""

import hashlib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from disentool.directions import monotone
from disentool.engine import inference
from disentool.errors import DataMismatch, MissingFile, UnsafeFile
from disentool.io import files
from disentool.metrics.result import Callables, Result
from disentool.metrics.sampling import Points
from disentool.stages import gauge as gauges
from disentool.stages import steering
from disentool.stages.gauge import Gauge
from disentool.stages.generator import Opened
from disentool.stages.measure import Metric, Spread, measure, plans
from disentool.stages.reporting import Reporter
from disentool.stages.steering import Steer

_EXAMPLES = 64  # images that show whether there is a bright object


def measured(
    reference: str,
    metrics: list[Metric],
    *,
    generator: str | None,
    seed: int,
    device: str,
    trust: bool,
    force: bool,
    spread: Spread,
    report: Reporter,
) -> Iterator[tuple[dict[str, Any], Metric, Result]]:
    """For every direction of ``FILE``, or the one of ``FILE:NAME``: a record's head, and each metric's result.

    ``generator``: what to steer; default: what the file says it is of.
    """
    steers = steering.read([reference], every=True)
    opened = _open(steers, generator, device, trust, force)
    digest = files.sha256(steers[0].file.path)
    for steer in steers:
        head = _head(steer, opened, digest)
        for metric in metrics:
            planned = plans(metric, Points(1), seed, spread, True)
            lent = _lent(steer, opened, metric.options.measure, trust)
            try:
                result = measure(metric, planned, steer.direction, lent, spread, report)
            except DataMismatch as error:
                raise DataMismatch(f"{head['artefact']}: {error}") from None
            yield head, metric, _with_generator(result, steer, opened)


def _open(steers: list[Steer], generator: str | None, device: str, trust: bool, force: bool) -> Opened:
    file = steers[0].file
    if generator is not None:
        return steering.opened(generator, steers, device, trust=trust, force=force)
    beside = file.path.parent / file.generator
    spec = str(beside) if not Path(file.generator).exists() and beside.exists() else file.generator
    try:
        # What a file of directions names is opened only if nothing in it executes, whatever else is trusted.
        return steering.opened(spec, steers, device, trust=False, force=force)
    except UnsafeFile as error:
        if not trust:
            raise
        raise UnsafeFile(
            f"{file.path}: is of {file.generator}, whose code would run; --generator {file.generator} says that it may"
        ) from error
    except MissingFile:
        raise MissingFile(
            f"{file.path}: its directions are of {file.generator}, which is not there; --generator names it"
        ) from None


def _head(steer: Steer, opened: Opened, digest: str) -> dict[str, Any]:
    file, name = steer.file, steer.direction.name
    return {
        "artefact": f"{file.path}:{name}",
        "id": hashlib.sha256(f"{digest}:{name}".encode()).hexdigest()[:16],
        "method": file.method,
        "config": file.provenance,
        "seed": file.seed,
        "step": None,
        "data": opened.name,
        "data_sha256": None,
        "split": None,
        "rows": None,
    }


def _with_generator(result: Result, steer: Steer, opened: Opened) -> Result:
    content = opened.model.content if opened.model else {}
    generator = {
        "path": str(opened.path),
        "sha256": opened.sha256,
        "name": opened.name,
        "config": content.get("config", {}),
        "seed": content["rng"].get("seed") if content else None,
        "step": content.get("step"),
    }
    result.details.update(direction=steer.direction.name, transform=steer.transform, generator=generator)
    return result


def _lent(steer: Steer, opened: Opened, asked: str, trust: bool) -> Callables:
    """What the metric moves codes and measures images with."""
    width = opened.generator.facts.latent_dim
    z = np.random.default_rng(0).standard_normal((_EXAMPLES, width), dtype=np.float32)
    classes = steering.classes_of(opened, [steer], [], _EXAMPLES)
    examples = np.concatenate(list(steering.images(opened, z, classes)))
    chosen = gauges.choose(asked, steer.transform, examples, trust=trust)

    def moved(u: np.ndarray, starts: np.ndarray, s: np.ndarray):
        return chosen.moved(along(steer, opened, chosen, u, starts, s))

    def coordinate(t: np.ndarray) -> np.ndarray:
        return monotone.invert(steer.direction.knots, steer.direction.values, t)

    return Callables(moved=moved, coordinate=coordinate)


def along(
    steer: Steer, opened: Opened, gauge: Gauge, u: np.ndarray, starts: np.ndarray, s: np.ndarray
) -> dict[str, np.ndarray]:
    """Each of ``starts`` float32 [S,d] at the coordinates ``s`` float64 [S,K], K > 1, along u, measured: [S,K]."""
    u = u.astype(np.float64)
    classes = steering.classes_of(opened, [steer], [], len(starts))
    between = gauge.between(s)
    fine = np.arange((s.shape[1] - 1) * between + 1) / between
    low = np.minimum(fine.astype(np.int64), s.shape[1] - 2)
    s = s[:, low] + (fine - low) * (s[:, low + 1] - s[:, low])
    block = max(1, inference.BATCH // s.shape[1])
    parts = []
    for first in range(0, len(starts), block):
        some = slice(first, first + block)
        here = starts[some].astype(np.float64)
        z = here[:, None] + (s[some] - (here @ u)[:, None])[:, :, None] * u
        their = None if classes is None else np.repeat(classes[some], z.shape[1])
        made = np.concatenate(list(steering.images(opened, z.reshape(-1, len(u)), their)))
        parts.append(gauge.along(made.reshape(*z.shape[:2], *made.shape[1:])))
    return {name: np.concatenate([part[name] for part in parts])[:, ::between] for name in parts[0]}
