"""Collapse: codes of which no dimension carries information about the image."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from disentool import config
from disentool.contract import Method, Networks
from disentool.contract.class_content import dead_content
from disentool.contract.configuration import MethodConfig, against_collapse, presets_of
from disentool.engine.training_loop import Training
from disentool.models.model import TrainedModel
from disentool.reporting import Reporter

INFORMS_FROM = 0.05  # nats per image: the KL of a dimension bounds what it tells of the image, on average
_FEWEST_STEPS = 100  # after fewer, codes that carry nothing are no collapse yet
# Training starts on a plateau. With Adam's rate 1e-3 it was seen to last 1,000 steps, and 1e-4 takes ten times as many;
# a run without an informative dimension after twice that does not gain one by more steps.
_LONGEST_PLATEAU = 20_000


@dataclass(frozen=True)
class Informative:
    """How many of the ``width`` dimensions of a code carry information about the image, after so many steps."""

    count: int
    width: int
    step: int

    @property
    def collapsed(self) -> bool:
        """Whether none does."""
        return self.count == 0

    @property
    def brief(self) -> str:
        """Such as ``7 of 10``; and where the model has collapsed, that word."""
        collapsed = self.collapsed and self.step >= _FEWEST_STEPS
        return f"{self.count} of {self.width}{': collapsed' if collapsed else ''}"

    def __str__(self) -> str:
        """Such as ``7 of 10 dimensions carry information (a KL of 0.05 nats or more)``."""
        limit = f"KL < {INFORMS_FROM:g} nats" if self.collapsed else f"a KL of {INFORMS_FROM:g} nats or more"
        return f"{self.count} of {self.width} dimensions carry information ({limit})"

    @property
    def verdict(self) -> str:
        """The same; and where none does, that the model has collapsed, or that it is too early to say so."""
        if not self.collapsed:
            return str(self)
        early = f"{self.step} step{'s are' if self.step != 1 else ' is'} too few to call it a collapse"
        return f"{self}: {early if self.step < _FEWEST_STEPS else 'the model has collapsed'}"


def informative(statistics: Mapping[str, Any], step: int) -> Informative | None:
    """By the statistics that a checkpoint keeps of its codes at ``step``.

    None where they hold no KL, or a damaged one.
    """
    try:
        kl = np.array([float(value) for value in statistics["kl"]])
    except (KeyError, TypeError, ValueError, RuntimeError):  # RuntimeError: a tensor that is no number
        return None
    if not len(kl) or not np.isfinite(kl).all():
        return None
    return Informative(int((kl >= INFORMS_FROM).sum()), len(kl), step)


def what_to_try(options: MethodConfig) -> list[str]:
    """Other options with which dimensions may carry information, where none does with these; each in words."""
    found = list(against_collapse(options))
    mine = config.values(options)
    quick = presets_of(type(options)).get("quick", {})
    if any(mine[name] != value for name, value in quick.items() if name != "steps"):
        found.append("--preset quick")
    return found


def in_words(found: Informative, options: MethodConfig) -> str:
    """How many dimensions carry information; where none does, that it is a collapse and what to try."""
    if not found.collapsed:
        return found.verdict
    longer = ["a longer run (--resume with more --steps)"] if found.step < _LONGEST_PLATEAU else []
    return f"{found.verdict}{_to_try([*longer, *what_to_try(options)])}"


def in_words_meanwhile(found: Informative, options: MethodConfig) -> str:
    """The same of a run that goes on, in which none does yet."""
    return f"after {found.step} steps {found}; more steps may change that{_to_try(what_to_try(options))}"


def _to_try(changes: list[str]) -> str:
    return f"; to try: {', '.join(changes)}" if changes else ""


def note_dead_content(path: Path, training: Training, report: Reporter) -> None:
    """Say so where the content codes that training has found so far carry nothing through their noise."""
    _note_dead_content(path, training.method, training.networks, training.step, report)


def _note_dead_content(path: Path, method: Method, networks: Networks, step: int, report: Reporter) -> None:
    if step >= _FEWEST_STEPS and (words := dead_content(method, networks)):
        report.note(f"{path}: {words}")


def note_collapse(model: TrainedModel, report: Reporter) -> None:
    """Say so where the model has collapsed: all pictures of it look alike."""
    _note_dead_content(model.path, model.method, model.networks, model.content["step"], report)
    found = informative(model.content["statistics"], model.content["step"])
    if found is not None and found.collapsed:
        report.note(f"{model.path}: {in_words(found, model.method.config)}")
