"""Metrics by name, each with its way to draw rows and with the constants of its protocol."""

import dataclasses
import importlib
import typing
import warnings
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np

from disentool.errors import UnknownName, WrongUsage, require_known, typed
from disentool.io.call_checks import require_once
from disentool.io.directions_file import Direction
from disentool.metrics import METRICS, ONLY_BY_NAME
from disentool.metrics.bounds import Constants
from disentool.metrics.constants.images import Subset
from disentool.metrics.facts import MetricFacts, Need
from disentool.metrics.result import Result
from disentool.named_code import is_own, load
from disentool.scoring import DRAWINGS
from disentool.scoring.codes import Codes
from disentool.scoring.data_rows import DataRows
from disentool.scoring.model_functions import ModelFunctions
from disentool.scoring.record import with_notes


class Draw(Protocol):
    """Rows that were drawn for a metric; each module of ``scoring.drawing`` has a dataclass that holds more."""

    @property
    def rows(self) -> np.ndarray | None:
        """The rows to encode, int64, sorted, unique; None: all."""

    @property
    def seed(self) -> int:
        """By which they were drawn."""


class DrawsRows(Protocol):
    """What each module of ``scoring.drawing`` has; ``constants`` and ``drawn`` are of its own classes."""

    def draw(self, facts: MetricFacts, data: DataRows, constants: Any, seed: int, codes_ready: bool = False) -> Draw:
        """Which rows are to be encoded."""


class ScoresCodes(DrawsRows, Protocol):
    """A module whose metrics are of one model's codes, or of a direction."""

    def score(self, facts: MetricFacts, drawn: Any, codes: Any, functions: ModelFunctions) -> Result:
        """The metric of the rows drawn."""


class ComparesCodes(DrawsRows, Protocol):
    """A module whose metrics compare the codes of several models."""

    def score(self, facts: MetricFacts, drawn: Any, codes: Sequence[Codes], functions: ModelFunctions) -> list[Result]:
        """A result for each model."""


class DrawsAgain(ScoresCodes, Protocol):
    """A module whose rows can be drawn again from themselves."""

    def resample(self, drawn: Any, rng: np.random.Generator) -> Draw:
        """For the bootstrap."""


@dataclass(frozen=True)
class Metric:
    """One metric with the constants of one protocol.

    ``constants``: where codes are ready. ``encoded``: where they must be made first. ``optional``: it came with
    ``all``, and is left out where it does not apply.
    """

    facts: MetricFacts
    constants: Constants
    encoded: Constants
    optional: bool = False

    @property
    def name(self) -> str:
        """As the command line has it."""
        return self.facts.name

    @property
    def as_usual(self) -> bool:
        """Whether codes that must be made first are measured with the usual constants, of which none was chosen."""
        return self.encoded == self.facts.protocols[self.facts.encoded or self.facts.default]

    @property
    def mixtures(self) -> bool:
        """Whether it evaluates mixtures on a device, also where codes are ready."""
        return self.constants.mixtures or self.encoded.mixtures

    def needs(self, what: Need) -> bool:
        """Whether ``what`` is among its needs."""
        return what in self.facts.needs

    def draw(self, data: DataRows, constants: Constants, seed: int, codes_ready: bool = False) -> Draw:
        """Which rows it is of; ``codes_ready``: the codes of all rows exist already.

        Raises what the way of drawing does: NoFactors, DataMismatch, WrongUsage.
        """
        module: DrawsRows = self._drawing()
        return module.draw(self.facts, data, constants, seed, codes_ready)

    def draws(self, data: DataRows, seed: int, repeats: int, codes_ready: bool) -> list[Draw]:
        """A draw for every repetition: seeds ``seed``, ``seed + 1``, ..."""
        slow = self.optional and data.n > self.facts.slow_above
        constants = self.constants if codes_ready and not slow else self.encoded
        return [self.draw(data, constants, seed + i, codes_ready) for i in range(repeats)]

    def score(self, drawn: Draw, codes: Codes | Direction, functions: ModelFunctions | None = None) -> Result:
        """The metric of the rows drawn, with the ``functions`` that there are."""
        module: ScoresCodes = self._drawing()
        with _without_warnings_of_sklearn():
            result = module.score(self.facts, drawn, codes, functions or ModelFunctions())
        if now := self.facts.superseded.get(result.protocol):
            note = (
                f"protocol {result.protocol} has the constants of earlier records; those of the toolkit it names: {now}"
            )
            return with_notes(result, [note])
        return result

    def score_models(
        self, drawn: Draw, codes: Sequence[Codes], functions: ModelFunctions | None = None
    ) -> list[Result]:
        """A result for each model's codes, of a metric that compares them."""
        module: ComparesCodes = self._drawing()
        with _without_warnings_of_sklearn():
            return module.score(self.facts, drawn, codes, functions or ModelFunctions())

    @property
    def resamples(self) -> bool:
        """Whether its rows can be drawn again from themselves, for the bootstrap."""
        return self.facts.drawing == "table"

    def resample(self, drawn: Draw, rng: np.random.Generator) -> Draw:
        """The rows drawn again from themselves; only where it ``resamples``."""
        module: DrawsAgain = self._drawing()
        return module.resample(drawn, rng)

    def within(self, low: float, high: float) -> tuple[float, float]:
        """An interval cut to the range that a score can have."""
        least, most = self.facts.range
        return float(np.clip(low, least, most)), float(np.clip(high, least, most))

    def _drawing(self) -> Any:
        """The module of ``scoring.drawing``, imported when it is first used: one of the protocols above.

        No checker sees through an import by name; the tests compare the modules with the protocols.
        """
        return importlib.import_module(DRAWINGS[self.facts.drawing])


@contextmanager
def _without_warnings_of_sklearn() -> Iterator[None]:
    """Those on odd labels and solvers are left out; what matters of them is in the records."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", module=r"sklearn\.")
        yield


def choose_metrics(
    names: Sequence[str], protocol: str | None = None, constants: Mapping[str, Any] | None = None
) -> list[Metric]:
    """The metrics by name; ``all``: those that apply and are quick; ``module:function``: the user's own, imported.

    ``protocol`` must be known to at least one of them; the others keep their default. ``constants``: values for
    constants of their protocols, as text or of Python's types; each must be known to at least one of them.
    """
    names = [part for name in names for part in name.split(",")]
    require_once(names, "--metric")
    require_known("metric", [name.partition("@")[0] for name in names if not is_own(name)], [*METRICS, "all"])
    everything = [name for name in METRICS if name not in ONLY_BY_NAME] if "all" in names else []
    found = {name: _facts(name) for name in dict.fromkeys([*(n for n in names if n != "all"), *everything])}
    known = {p for facts in found.values() for p in facts.protocols}
    if protocol is not None and protocol not in known:
        raise UnknownName(f"protocol for {', '.join(found)}", protocol, known)
    chosen: list[Metric] = []
    unused = dict(constants or {})
    for name, facts in found.items():
        ready = facts.protocols[protocol if protocol and protocol in facts.protocols else facts.default]
        encoded = ready if protocol in facts.protocols else facts.protocols[facts.encoded or facts.default]
        hints = {key: hint for key, hint in typing.get_type_hints(type(ready)).items() if key != "protocol"}
        values = {key: _constant(key, text, hints[key]) for key, text in (constants or {}).items() if key in hints}
        try:
            ready, encoded = (dataclasses.replace(each, **values) for each in (ready, encoded))
        except UnknownName:
            raise
        except WrongUsage as error:  # which names the constant and its value first
            raise WrongUsage(f"--set {str(error).replace(' ', '=', 1)}") from None
        chosen.append(Metric(facts, ready, encoded, optional=name not in names))
        unused = {key: text for key, text in unused.items() if key not in hints}
    for key in unused:
        fields = {f.name for metric in chosen for f in dataclasses.fields(metric.constants)} - {"protocol"}
        raise UnknownName(f"constant of {', '.join(found)}", key, fields)
    return chosen


def _facts(name: str) -> MetricFacts:
    """The facts of one of the toolkit's metrics, or of the user's function."""
    if is_own(name):
        function = load(name)
        if not callable(function):
            raise WrongUsage(f"--metric {name}: expected a function of codes and factors, found {typed(function)}")
        return MetricFacts(name, "the user's own", "", "neither", {"own": Subset("own")}, "own", own=function)
    _, at, protocol = name.partition("@")
    if at:  # as records and figures call it
        raise WrongUsage(f"--metric {name}: expected a metric alone; its protocol is chosen by --protocol {protocol}")
    return METRICS[name]


def _constant(name: str, given: Any, hint: Any) -> Any:
    """One constant as its field's type, of ``--set``'s text or a value of Python's; WrongUsage says what was expected.

    Fields with words to choose from check the word themselves.
    """
    given = given.item() if isinstance(given, np.generic) else given
    kinds = [kind for kind in (typing.get_args(hint) or (hint,)) if kind is not type(None)]
    if typing.get_origin(hint) is typing.Literal or (str in kinds and isinstance(given, str)):
        return given
    if type(None) in typing.get_args(hint) and (given is None or given == "none"):
        return None
    value = _of_text(given) if isinstance(given, str) else given
    if kinds == [bool] and isinstance(value, bool):
        return value
    if float in kinds and isinstance(value, (int, float)) and not isinstance(value, bool):
        return float(value)
    if int in kinds and isinstance(value, int) and not isinstance(value, bool):
        return value
    words = {bool: "true or false", float: "a number", int: "a whole number", str: "text"}
    expected = next(word for kind, word in words.items() if kind in kinds)
    if isinstance(given, str):
        raise WrongUsage(f"--set {name}={given}: expected {expected}")
    raise WrongUsage(f"constants: {name}: expected {expected}, got {given!r}")


def _of_text(text: str) -> bool | int | float | str:
    """The number, true or false that a text says; the text itself where it says none of these."""
    if text in ("true", "false"):
        return text == "true"
    for kind in (int, float):
        try:
            return kind(text)
        except ValueError:
            continue
    return text
