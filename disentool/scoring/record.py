"""The record of a score, and what it tells beside it: the constants, how the rows were drawn, notes of both."""

import dataclasses
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from disentool.errors import counted
from disentool.io.schema import SCORE
from disentool.metrics.arrays import few, note_categorical
from disentool.metrics.bounds import Constants
from disentool.metrics.facts import MetricFacts
from disentool.metrics.intervals import mean_of_seeds
from disentool.metrics.result import Result

_ROUNDING = 1e-14


def record_of(artefact: Mapping[str, Any], metric: str, result: Result) -> dict[str, Any]:
    """A ``disentool.score`` record; ``artefact``: its first fields, which say what was scored."""
    return {
        "format": SCORE.name,
        "version": SCORE.version,
        **artefact,
        "metric": metric,
        "protocol": result.protocol,
        "score": result.score,
        "interval": list(result.interval) if result.interval else None,
        "per_factor": result.per_factor,
        "details": result.details,
    }


def recorded_constants(facts: MetricFacts, constants: Constants) -> dict[str, Any]:
    """Every constant of a score by name, and under ``changed_options`` those that differ from the protocol's."""
    return values_of(constants) | {"changed_options": changed(facts, constants)}


def values_of(constants: Constants) -> dict[str, Any]:
    """Every constant by name, but the protocol's name."""
    return {name: value for name, value in dataclasses.asdict(constants).items() if name != "protocol"}


def changed(facts: MetricFacts, constants: Constants) -> list[str]:
    """The names of the constants that differ from the protocol's."""
    usual = facts.protocols[constants.protocol]
    return [name for name, value in values_of(constants).items() if getattr(usual, name) != value]


def with_details(
    result: Result, constants: Constants, before: Mapping[str, Any], after: Mapping[str, Any], notes: Sequence[str] = ()
) -> Result:
    """The result with its protocol, with details ``before`` and ``after`` its own, and with ``notes`` before its own.

    There are no ``notes`` in the details where neither has any and the metric keeps none.
    """
    details = {**before, **result.details}
    own = details.pop("notes", None)
    details |= after
    if own is not None or notes:
        details["notes"] = [*notes, *(own or [])]
    return dataclasses.replace(result, protocol=constants.protocol, details=details)


def remarks(mean: np.ndarray, categorical: Sequence[int] = (), result: Result | None = None) -> list[str]:
    """What any score of codes [n,D] should be read with: too few rows, constant dimensions, classes as numbers.

    ``categorical``: the dimensions that name classes, as the model declares; ``result``: of a metric that may have
    taken them for what they are.
    """
    rows, dimensions = mean.shape
    notes = []
    if dimensions > rows:
        notes.append(
            f"{dimensions} dimensions for {counted(rows, 'row')}: what learns from the codes can tell each row apart"
        )
    constant = np.flatnonzero((mean == mean[0]).all(axis=0)).tolist()
    if constant and rows > 1:
        notes.append(f"constant dimensions: {few(constant)}")
    if result is not None and result.details.get("categorical_dimensions"):
        return notes
    if categorical:
        return [*notes, f"dimensions {few(categorical)} name classes, whose numbers are taken for quantities"]
    return notes + note_categorical(mean)


def with_notes(result: Result, notes: list[str]) -> Result:
    """The result with more notes, each once; a score that is zero but for rounding is zero."""
    score = 0.0 if abs(result.score) < _ROUNDING else result.score
    if not notes:
        return dataclasses.replace(result, score=score)
    said = list(dict.fromkeys([*result.details.get("notes", []), *notes]))
    return dataclasses.replace(result, score=score, details=result.details | {"notes": said})


def mean_of_repeats(results: list[Result], seeds: list[int]) -> Result:
    """The mean over seeds, with Student's interval of that mean; details are the first one's."""
    scores = [result.score for result in results]
    mean, interval, std = mean_of_seeds(scores)
    notes = list(results[0].details.get("notes", []))
    if std is None:
        notes.append("not finite for every seed: their mean has no interval")
    elif std == 0:
        notes.append("the same for every seed: nothing is drawn that could spread the score")
    names = [name for name in results[0].per_factor if all(name in result.per_factor for result in results)]
    details = results[0].details | {
        "repeats": {"seeds": seeds, "scores": scores, "std": std},
        "interval_of": f"mean of {len(scores)} seeds, Student's t; the other details are of the first",
        "notes": notes,
    }
    per_factor = {name: float(np.mean([result.per_factor[name] for result in results])) for name in names}
    return Result(mean, interval, per_factor, details, results[0].protocol)
