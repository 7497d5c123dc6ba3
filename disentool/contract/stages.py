"""What training is, as data: stages of phases, and the rows, the noise, the loss and the optimiser of each phase.

A method returns an ordered tuple of stages, each a tuple of phases. A phase names the networks it updates, its
optimiser, the rows it sees (``draw``), the random tensors it gets (``noise``) and its loss. A loss draws nothing,
fetches nothing and never branches on a tensor's value. So the same loss runs eagerly, captured, or stacked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from torch import Tensor, nn


class Batch(NamedTuple):
    """The rows one phase sees: images float32 [B,C,H,W] in 0..1, rows int64 [B], factors int64 [B,K] or None."""

    images: Tensor
    rows: Tensor
    factors: Tensor | None


@dataclass(frozen=True)
class Draw:
    """Which rows a phase gets at each step.

    ``uniform``: ``batch`` rows, independent, with replacement. ``epoch``: the next ``batch`` rows of a stream of
    shuffled passes over the data, each row once a pass; a batch may straddle two passes: its size never changes.
    ``pairs``: ``batch`` independent rows, then as many partners in the same order. A partner has other values of
    exactly ``changes`` factors (None: of 1 to K-1, evenly, of the K that vary in the data) and shares all others.
    ``groups``: batch / ``each`` classes, distinct while there are enough, and ``each`` images of every one, group by
    group. A class is what shares the values of the factors' ``columns``; the images of a group are distinct while its
    class has enough.
    """

    kind: Literal["uniform", "epoch", "pairs", "groups"]
    batch: int
    changes: int | None = None
    each: int = 1
    columns: tuple[int, ...] = ()


def uniform(batch: int) -> Draw:
    """``batch`` independent rows, with replacement."""
    return Draw("uniform", batch)


def epoch(batch: int) -> Draw:
    """The next ``batch`` rows of a shuffled pass over the data."""
    return Draw("epoch", batch)


def pairs(batch: int, changes: int | None = None) -> Draw:
    """``batch`` rows, then for each a row that differs from it in ``changes`` factors (None: in 1 to all but one)."""
    return Draw("pairs", batch, changes)


def groups(count: int, each: int, columns: tuple[int, ...]) -> Draw:
    """``each`` images of every one of ``count`` classes, group by group; ``columns``: the factors that make a class."""
    return Draw("groups", count * each, each=each, columns=columns)


@dataclass(frozen=True)
class Noise:
    """A random tensor that a phase gets at each step.

    ``normal``: float32 standard normal. ``uniform``: float32 in [0, 1). ``permutation``: int64; each column is an
    independent permutation of 0..shape[0]-1.
    """

    name: str
    shape: tuple[int, ...]
    law: Literal["normal", "uniform", "permutation"]


@dataclass(frozen=True)
class Cosine:
    """A learning rate that falls along half a cosine, from ``start`` to ``end`` over ``over`` steps of its stage.

    ``hold``: it moves only every so many steps, such as those of an epoch.
    """

    start: float
    end: float
    over: int
    hold: int = 1


@dataclass(frozen=True)
class Plateau:
    """A learning rate that is multiplied with ``factor`` whenever the phase's loss does not fall any more.

    This is so after ``patience`` means of the loss in a row, each over ``hold`` steps, of which none was the least so
    far, by more than ``least_fall``.
    """

    start: float
    hold: int
    patience: int
    factor: float = 0.5
    least_fall: float = 0.0


Rate = float | Cosine | Plateau


@dataclass(frozen=True)
class Adam:
    """Kingma & Ba (2015). ``networks``: learning rates of their own, for some of the networks that a phase updates."""

    learning_rate: Rate
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    networks: Mapping[str, Rate] = field(default_factory=dict)


# Torch is not imported here, so that help is instant: the aliases that name its tensors are text.
Networks: TypeAlias = Mapping[str, Callable[..., Any]]  # what a loss calls: networks, or wrappers of them, by name
Noises: TypeAlias = "Mapping[str, Tensor]"  # by :attr:`Noise.name`
Carry: TypeAlias = "dict[str, Tensor]"  # what a phase hands to the next phase of the same step
Terms: TypeAlias = "dict[str, Tensor]"  # scalars to log, by name; every step logs the same names
LossResult: TypeAlias = "tuple[Tensor, Terms, Carry]"  # the scalar that is minimised, what is logged, what is handed on
# (networks, batch, noise, carry, step) -> result. ``step``: int64 scalar on the device, the number of finished steps.
# Nats per image throughout, where a method's docstring names no other unit.
Loss: TypeAlias = "Callable[[Networks, Batch, Noises, Carry, Tensor], LossResult]"


@dataclass(frozen=True)
class Phase:
    """One update within a step: the gradient of ``loss`` for the parameters of ``updates``, and of nothing else."""

    name: str
    updates: tuple[str, ...]
    optimiser: Adam
    loss: Loss
    draw: Draw
    noise: tuple[Noise, ...] = ()
    repeats: int = 1


# What a stage does to the networks (modules by name) before its first step, with the rows drawn for it.
OnStart: TypeAlias = "Callable[[dict[str, nn.Module], Batch | None], None]"


@dataclass(frozen=True)
class Stage:
    """A part of training: ``steps`` times all ``phases`` in order.

    ``on_start(networks, batch)`` runs once, before it. ``batch``: the rows that ``reference`` draws, None without one.
    """

    phases: tuple[Phase, ...]
    steps: int
    on_start: OnStart | None = None
    reference: Draw | None = None
