"""What the configuration of a method must say, and what it may say.

A configuration is a frozen dataclass whose fields are declared with :func:`disentool.config.opt`.
"""

from collections.abc import Mapping, Set
from pathlib import Path
from typing import Any, ClassVar, Protocol, runtime_checkable

from disentool.errors import UnknownName

REQUIRED_OPTIONS = ("steps", "batch_size")


class MethodConfig(Protocol):
    """What every configuration has, beside being a frozen dataclass."""

    __dataclass_fields__: ClassVar[dict[str, Any]]

    @property
    def steps(self) -> int:
        """Training steps, of all stages."""

    @property
    def batch_size(self) -> int:
        """Images in a batch; ``--epochs`` becomes steps by it."""


@runtime_checkable
class PresetConfig(Protocol):
    """A configuration with presets."""

    PRESETS: ClassVar[Mapping[str, Mapping[str, Any]]]  # by name: the values, by option, that differ from the defaults


@runtime_checkable
class StagedConfig(Protocol):
    """A configuration with which a run can end after a stage, and a later run can go on from there (LORD)."""

    @property
    def stage(self) -> str:
        """The value of ``--stage``: the stages that the run trains."""

    @property
    def total_steps(self) -> int:
        """The step that a run goes to, instead of ``steps``."""

    @property
    def needed_steps(self) -> int:
        """The steps that a checkpoint must have behind it before a run goes on with it; 0: it may start anew."""


@runtime_checkable
class ExtendingConfig(Protocol):
    """A configuration with options that a run may change when it is resumed."""

    EXTENDS: ClassVar[frozenset[str]]  # their names; ``steps`` need not be among them


@runtime_checkable
class BeginningConfig(Protocol):
    """A configuration with options that a resumed run keeps as it began, unless they are named.

    They matter at the first step alone, such as the law of the first weights, or presets have had other values of them.
    """

    BEGINS: ClassVar[frozenset[str]]  # their names; a run that is resumed keeps those that it began with


@runtime_checkable
class StyledConfig(Protocol):
    """A configuration that may split each class into styles: clusters of its images, by pixels or VGG16's features.

    Its method finds the styles as one more factor of the data, ``disentool.io.classes.STYLE``, and makes it part of its
    class. The checkpoint keeps them.
    """

    @property
    def styles(self) -> int:
        """Clusters of each class; 1: none."""

    @property
    def class_factor(self) -> str:
        """The class that is split, as :func:`disentool.io.classes.choose` takes it."""

    @property
    def style_weights(self) -> Path | None:
        """The file of the VGG16 whose features are clustered; None: pixels are."""


@runtime_checkable
class AgainstCollapseConfig(Protocol):
    """A configuration with options by which more dimensions of the codes come to carry information."""

    @property
    def against_collapse(self) -> tuple[str, ...]:
        """Changes to try where no dimension does, each in words; without those that this configuration has already."""


@runtime_checkable
class PixelLawConfig(Protocol):
    """A configuration that names the law of a pixel."""

    @property
    def likelihood(self) -> str:
        """``bernoulli``, ``gaussian``, or ``auto``: what the data set states."""


def presets_of(config: type) -> Mapping[str, Mapping[str, Any]]:
    """The presets of a configuration's class by name; a configuration of the user's own may have none."""
    return config.PRESETS if isinstance(config, PresetConfig) else {}


def preset_values(config: type, name: str) -> dict[str, Any]:
    """The values, by option, that preset ``name`` changes from the defaults; UnknownName if there is no such preset."""
    presets = presets_of(config)
    if name not in presets:
        raise UnknownName("preset", name, presets)
    return dict(presets[name])


def against_collapse(config: MethodConfig) -> tuple[str, ...]:
    """Changes of the options to try where no dimension of the codes carries information; empty: none is known."""
    return config.against_collapse if isinstance(config, AgainstCollapseConfig) else ()


def total_steps(config: MethodConfig) -> int:
    """The step that a run goes to."""
    return config.total_steps if isinstance(config, StagedConfig) else config.steps


def needed_steps(config: MethodConfig) -> int:
    """The steps that a run's checkpoint must have behind it already."""
    return config.needed_steps if isinstance(config, StagedConfig) else 0


def extending_options(config: MethodConfig) -> Set[str]:
    """The options that a run may change when it is resumed."""
    return {"steps", *(config.EXTENDS if isinstance(config, ExtendingConfig) else ())}


def beginning_options(config: MethodConfig) -> Set[str]:
    """The options that a resumed run keeps as it began."""
    return config.BEGINS if isinstance(config, BeginningConfig) else frozenset()


def splits_classes(config: MethodConfig) -> StyledConfig | None:
    """The configuration, where it splits classes into styles; else None."""
    return config if isinstance(config, StyledConfig) and config.styles > 1 else None


def follows_data_likelihood(config: MethodConfig) -> bool:
    """Whether the law of a pixel is what the data set states."""
    return isinstance(config, PixelLawConfig) and config.likelihood == "auto"
