"""What a method declares and the engine runs: phases, stages, draws and noise, as data.

A method owns its networks and says what training is: an ordered tuple of stages, each a tuple of phases. A phase names
the networks it updates, its optimiser, the rows it sees (``draw``), the random tensors it gets (``noise``), its loss.
Losses draw nothing, fetch nothing and never branch on a tensor's value, so the same loss runs eagerly, captured, or
stacked.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

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
    """A learning rate that is multiplied with ``factor`` whenever the phase's loss has ceased to fall.

    That is when ``patience`` means of the loss in a row, each over ``hold`` steps, were not the least so far.
    """

    start: float
    hold: int
    patience: int
    factor: float = 0.5


Rate = float | Cosine | Plateau


@dataclass(frozen=True)
class Adam:
    """Kingma & Ba (2015). ``networks``: learning rates of their own, for some of the networks that a phase updates."""

    learning_rate: Rate
    betas: tuple[float, float] = (0.9, 0.999)
    epsilon: float = 1e-8
    networks: Mapping[str, Rate] = field(default_factory=dict)


Networks = Mapping[str, Callable[..., Any]]
Carry = dict[str, Any]
# (networks, batch, noise, carry, step) -> (scalar loss, logged scalars, carry for the next phase of this step)
# ``step`` is an int64 scalar tensor on the device: the number of finished steps. Nats per image throughout.
Loss = Callable[[Networks, Batch, Mapping[str, Any], Carry, Any], tuple[Any, dict[str, Any], Carry]]


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


@dataclass(frozen=True)
class Stage:
    """A stretch of training: ``steps`` times all ``phases`` in order.

    ``on_start(networks)`` runs once, before it; ``on_start(networks, batch)`` where ``reference`` draws rows for it.
    """

    phases: tuple[Phase, ...]
    steps: int
    on_start: Callable[..., None] | None = None
    reference: Draw | None = None


@dataclass(frozen=True)
class Classes:
    """The values of a code dimension that names a class: 0..count-1, whole numbers."""

    count: int


@dataclass(frozen=True)
class Interval:
    """The values of a code dimension that is uniform from ``low`` to ``high``."""

    low: float
    high: float


@dataclass(frozen=True)
class DataFacts:
    """What a method may know of the data when it builds its networks."""

    rows: int
    channels: int
    height: int
    width: int
    likelihood: Literal["bernoulli", "gaussian"] = "bernoulli"
    factor_names: tuple[str, ...] = ()
    factor_sizes: tuple[int, ...] = ()
    class_factor: str = ""  # which of them the data itself takes for the class; empty: it names none


class Method(Protocol):
    """The contract of a method. Final classes satisfy it; none inherits another.

    A method may also have ``supports()``: for each column of ``mean`` its :class:`Classes`, :class:`Interval`, or None
    for a standard normal, which every column is where the method does not say; ``prior(normals)``: standard normals
    float32 [n,W] -> draws of the prior that :meth:`decode` takes, where W is ``prior_width`` if the method has it, else
    the width of ``mean``; and ``stop_early(history)``: whether the history's lines so far are reason to stop before the
    last step. ``frozen()``: networks, by name, that its losses use beside its own and that nothing updates; asked for
    once, to train, and not kept with the others.

    A method of class and content has ``classes``, a :class:`disentool.io.classes.ClassFactor`; its :meth:`encode` gives
    ``class_code`` [B,C] and ``content_code`` [B,D] too, and ``mean`` is the one followed by the other. It may have
    ``content_noise``, the standard deviation of the noise on content codes in training; and ``transfer(networks,
    class_images, content_images) -> images`` where its decoder needs more of the class image than its code.
    """

    config: Any
    facts: DataFacts

    def __init__(self, config: Any, facts: DataFacts) -> None: ...

    def networks(self) -> dict[str, nn.Module]:
        """Freshly initialised networks; torch's global generator decides the weights."""

    def stages(self) -> tuple[Stage, ...]:
        """What training is."""

    def codes(self) -> dict[str, int]:
        """What :meth:`encode` gives, by name, and how wide each is; ``mean`` is what :meth:`decode` takes."""

    def encode(self, networks: Networks, images: Tensor) -> dict[str, Tensor]:
        """images float32 [B,C,H,W] in 0..1 -> ``mean`` (and ``logvar``) float32 [B,D]."""

    def decode(self, networks: Networks, codes: Tensor) -> Tensor:
        """codes float32 [B,D] -> images float32 [B,C,H,W] in 0..1."""

    def reconstruction(self, networks: Networks, codes: Tensor, images: Tensor) -> tuple[Tensor, Tensor]:
        """-log p(images | codes) in nats per image [B], and the decoded images float32 [B,C,H,W] in 0..1."""
