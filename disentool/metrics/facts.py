"""What there is to know of a metric before it is computed, as data; help, tables, plots and intervals are views."""

import dataclasses
import importlib
import math
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Any, Literal

from disentool.metrics.bounds import Constants

Need = Literal["factors", "logvar", "reconstruction", "model", "others", "directions"]
Better = Literal["higher", "lower", "neither"]
# How rows are drawn, each in a module of ``disentool.scoring``.
Drawing = Literal["table", "votes", "pairs", "subset", "posterior", "models", "leakage", "transfer", "control", "own"]

LABELS: frozenset[Need] = frozenset({"factors"})
SHARE, FROM_ZERO = (0.0, 1.0), (0.0, math.inf)


@dataclass(frozen=True)
class Measure:
    """What a score is where the metric's constant ``measure`` chooses it: direction, range and unit."""

    better: Better
    range: tuple[float, float]
    unit: str = ""


@dataclass(frozen=True)
class MetricFacts:
    """A metric's name, meaning and protocols.

    ``summary``: a clause. ``range``: the lowest and the highest value of a score. ``protocols``: name -> every constant
    of that protocol; the first is the default. ``needs``: labels (``factors``), a Gaussian posterior (``logvar``), the
    reconstruction error, a checkpoint instead of codes alone (``model``), the codes of several models (``others``),
    directions instead of codes. ``drawing``: the way its rows are drawn. ``encoded``: the default protocol where codes
    must be made first, because the usual one wants every row. ``slow_above``: with more rows than this, ``all`` takes
    that protocol too. ``by_name_only``: why ``all`` leaves the metric out; empty: it is among all. ``title``: what
    figures and tables of papers call it; empty: its name. ``own``: the user's function, where it is none of this
    package's. ``measures``: what a score is by each value of the constant ``measure``; ``better``, ``range`` and
    ``unit`` are those of its default. ``superseded``: protocols that keep constants which turned out not to be those
    that their name says -> the protocol that has these.
    """

    name: str
    summary: str
    paper: str
    better: Better
    protocols: Mapping[str, Constants]
    drawing: Drawing
    needs: frozenset[Need] = frozenset()
    range: tuple[float, float] = (-math.inf, math.inf)
    unit: str = ""
    encoded: str = ""
    slow_above: float = math.inf
    by_name_only: str = ""
    title: str = ""
    own: Callable[..., Any] | None = None
    measures: Mapping[str, Measure] = dataclasses.field(default_factory=dict)
    superseded: Mapping[str, str] = dataclasses.field(default_factory=dict)

    @property
    def function(self) -> str:
        """``module:function`` that computes it of arrays."""
        module = self.name.replace("-", "_")
        return f"disentool.metrics.{module}:{module}"

    def load(self) -> Callable[..., Any]:
        """What computes it: the user's function, or that one, imported."""
        if self.own is not None:
            return self.own
        module, _, name = self.function.partition(":")
        function: Callable[..., Any] = getattr(importlib.import_module(module), name)
        return function

    @property
    def perceptual(self) -> bool:
        """Whether one of its measures is LPIPS, which needs weights."""
        return "lpips" in self.measures

    @property
    def default(self) -> str:
        """The protocol of ready codes."""
        return next(iter(self.protocols))

    def by_measure(self, measure: object) -> "MetricFacts":
        """The facts of a score by this value of the constant ``measure``; the same where it is none of theirs."""
        if not isinstance(measure, str) or measure not in self.measures:
            return self
        its = self.measures[measure]
        return dataclasses.replace(self, better=its.better, range=its.range, unit=its.unit)

    @property
    def description(self) -> str:
        """The summary, its unit, and which way is better, for each measure where there are several."""
        if self.measures:
            by_direction: dict[str, list[str]] = {}
            for name, measure in self.measures.items():
                by_direction.setdefault(measure.better, []).append(name)
            words = [f"{better} {' and '.join(names)} is better" for better, names in by_direction.items()]
            return ", ".join([self.summary, *words])
        better = f"{self.better} is better" if self.better != "neither" else ""
        return ", ".join(filter(None, [self.summary, self.unit, better]))

    @property
    def arrow(self) -> str:
        """``↑``: higher is better; ``↓``: lower is; empty: neither."""
        return {"higher": "↑", "lower": "↓", "neither": ""}[self.better]


def protocols(*instances: Constants) -> dict[str, Constants]:
    """The constants of each protocol by its name, the default first."""
    return {constants.protocol: constants for constants in instances}


def markdown_constants(metrics: Iterable[MetricFacts]) -> str:
    """The constants of the metrics as a table in Markdown: each with its default and its meaning.

    Metrics with the same constants share a row. The defaults are those of the default protocol.
    """
    by_class: dict[type[Constants], list[str]] = {}
    defaults: dict[type[Constants], Constants] = {}
    for facts in metrics:
        constants = facts.protocols[facts.default]
        by_class.setdefault(type(constants), []).append(f"`{facts.name}`")
        defaults.setdefault(type(constants), constants)
    lines = ["| metric | constants |", "|---|---|"]
    for kind, names in by_class.items():
        cells = []
        for field in dataclasses.fields(kind):
            if field.name != "protocol":
                value = getattr(defaults[kind], field.name)
                shown = "none" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
                cells.append(f"`{field.name}={shown}` {field.metadata['help']}")
        lines.append(f"| {' '.join(names)} | {' <br> '.join(cells).replace('|', chr(92) + '|')} |")
    return "\n".join(lines)


def markdown_table(metrics: Iterable[MetricFacts]) -> str:
    """The metrics as a table in Markdown: what each is, its range and unit, protocols, and whether ``all`` takes it."""
    lines = ["| metric | what it is | range | | protocols | `all` |", "|---|---|---|---|---|---|"]
    for facts in metrics:
        names = " ".join(f"`{name}`" for name in facts.protocols)
        its = {name: facts.by_measure(name) for name in facts.measures}
        span = " <br> ".join(f"`{name}` {_span(of)}" for name, of in its.items()) or _span(facts)
        arrow = " <br> ".join(of.arrow for of in its.values()) or facts.arrow
        taken = "yes" if not facts.by_name_only else f"no: {facts.by_name_only}"
        lines.append(f"| `{facts.name}` | {facts.summary} | {span} | {arrow} | {names} | {taken} |")
    return "\n".join(lines)


def _span(facts: MetricFacts) -> str:
    low, high = ("" if math.isinf(end) else f"{end:g}" for end in facts.range)
    return f"{low or '−∞'} .. {high or '∞'}" + (f", {facts.unit}" if facts.unit else "")
