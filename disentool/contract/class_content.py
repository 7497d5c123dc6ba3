"""What a method of class and content (LORD, ML-VAE, DrNet) may have beyond the required.

The groups are asked for as those of :mod:`disentool.contract.optional` are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from disentool.contract.method import Method
from disentool.contract.stages import Networks
from disentool.errors import WrongUsage, typed

if TYPE_CHECKING:
    from torch import Tensor


@runtime_checkable
class ClassLabels(Protocol):
    """Which class an image is of, read from its factors; :func:`disentool.io.classes.choose` makes one.

    The class is the values of several factors of the data together.
    """

    @property
    def names(self) -> tuple[str, ...]:
        """Those factors."""

    @property
    def columns(self) -> tuple[int, ...]:
        """Their columns among the data's factors."""

    @property
    def sizes(self) -> tuple[int, ...]:
        """How many values each of them has."""

    @property
    def count(self) -> int:
        """How many classes there can be."""

    @property
    def text(self) -> str:
        """Their names, joined by a plus."""

    def of(self, factors: Any) -> Any:
        """Factors int [N,K] -> classes int [N] in 0..count-1; an array or a tensor, as they are."""

    def values(self, index: int) -> tuple[int, ...]:
        """The value of each of its factors, of the class ``index``."""

    def label(self, index: int, words: Mapping[str, Sequence[str]]) -> str:
        """What people call the class ``index``; ``words``: names of values, by factor."""

    def index(self, text: str, words: Mapping[str, Sequence[str]]) -> int:
        """The class that people call ``text``. Raises UnknownName or WrongUsage."""


@runtime_checkable
class ClassContent(Protocol):
    """A method that learns from the class of each image, and has one code for class and one for content.

    Its ``encode`` gives ``class_code`` [B,C] and ``content_code`` [B,D] too; ``mean`` is the one followed by the other,
    so the class's width C is that of ``class_code`` in ``codes()``.
    """

    @property
    def classes(self) -> ClassLabels:
        """Which class an image is of."""


@runtime_checkable
class ContentNoise(Protocol):
    """A method of class and content whose content codes are noisy in training."""

    @property
    def content_noise(self) -> float | None:
        """Standard deviation of that noise; None where it was learned, and has no one value."""


@runtime_checkable
class NoticesDeadContent(Protocol):
    """A method that can tell when its content codes have become too short to carry anything through their noise."""

    def dead_content(self, networks: Networks) -> str:
        """That this is so, and what to try, in words; empty: it is not so."""


@runtime_checkable
class Transfers(Protocol):
    """A method whose decoder needs more of an image of the class than its code."""

    def transfer(self, networks: Networks, class_images: Tensor, content_images: Tensor) -> Tensor:
        """Images float32 [B,C,H,W] in 0..1, twice -> images of the first one's class and the second one's content."""


@runtime_checkable
class JoinsClasses(Protocol):
    """A method that joins what several images say of their class otherwise than by the mean of their codes."""

    def join_classes(self, codes: dict[str, Tensor]) -> dict[str, Tensor]:
        """What ``encode`` gave for n images of one class -> ``class_code`` [1,C]."""


@runtime_checkable
class CodeTables(Protocol):
    """A method of class and content that keeps optimised codes in tables."""

    def code_tables(self, networks: Networks) -> dict[str, Tensor]:
        """The tables by the name of their code in ``codes()``; a code without a table is left out.

        ``class_code``: float32 [classes,C], in the order of the classes. ``content_code``: float32 [rows,D], in the
        order of the training rows.
        """


def class_labels(method: Method) -> ClassLabels | None:
    """Which class an image is of; None where the method uses no classes.

    WrongUsage for a method that calls something else ``classes``.
    """
    if not isinstance(method, ClassContent):
        return None
    labels = method.classes
    if not isinstance(labels, ClassLabels):
        raise WrongUsage(
            f"{type(method).__name__}.classes: {typed(labels)}, expected what tells the class of an image"
            " (see disentool.contract.ClassLabels); give it another name if it is something else"
        )
    return labels


def class_width(method: Method) -> int | None:
    """How wide the class code is, with which ``mean`` begins; None where there is none."""
    return method.codes().get("class_code")


def content_noise(method: Method) -> float | None:
    """Standard deviation of the noise on content codes in training; None where there is no one value."""
    return method.content_noise if isinstance(method, ContentNoise) else None


def dead_content(method: Method, networks: Networks) -> str:
    """That content codes are too short to carry anything through their noise, in words; empty: not so, or unknown."""
    return method.dead_content(networks) if isinstance(method, NoticesDeadContent) else ""


def code_tables(method: Method, networks: Networks) -> dict[str, Tensor]:
    """The tables of optimised codes, float32 [n,width] by the code's name; none where the method keeps none."""
    return method.code_tables(networks) if isinstance(method, CodeTables) else {}
