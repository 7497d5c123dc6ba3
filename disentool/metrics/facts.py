"""What there is to know of a metric before it is computed, as data; help, tables, plots and intervals are views."""

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

# What figures and tables of papers call a metric, where it is not its name here.
_TITLES = {
    "factor": "FactorVAE score",
    "higgins": "β-VAE score",
    "mig": "MIG",
    "dci": "DCI",
    "dci-hist": "DCI (histogram boosting)",
    "dci-lasso": "DCI (Lasso)",
    "sap": "SAP",
    "irs": "IRS",
    "med": "MED",
    "udr": "UDR",
    "tc": "total correlation",
    "gaussian-tc": "Gaussian total correlation",
    "wasserstein": "Wasserstein distance",
    "mutual-information": "mutual information",
    "likelihood": "log p(x)",
    "reconstruction": "reconstruction error",
    "elbo": "ELBO",
    "kl": "KL",
    "leakage": "class leakage",
    "transfer": "transfer error",
    "control": "R² of control",
}


@dataclass(frozen=True)
class MetricFacts:
    """A metric's name, meaning and protocols.

    ``summary``: a clause. ``range``: the lowest and the highest value of a score. ``protocols``: name -> every constant
    of that protocol; the first is the default. ``needs``: labels (``factors``), a Gaussian posterior (``logvar``), the
    reconstruction error, a checkpoint instead of codes alone (``model``), the codes of several models (``others``),
    directions instead of codes. ``drawing``: the way its rows are drawn. ``encoded``: the default protocol where codes
    must be made first, because the usual one wants every row. ``slow_above``: with more rows than this, ``all`` takes
    that protocol too. ``by_name_only``: why ``all`` leaves the metric out; empty: it is among all.
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

    @property
    def function(self) -> str:
        """``module:function`` that computes it of arrays."""
        module = self.name.replace("-", "_")
        return f"disentool.metrics.{module}:{module}"

    def load(self) -> Callable[..., Any]:
        """That function, imported."""
        module, _, name = self.function.partition(":")
        function: Callable[..., Any] = getattr(importlib.import_module(module), name)
        return function

    @property
    def title(self) -> str:
        """What figures and tables of papers call it."""
        return _TITLES.get(self.name, self.name)

    @property
    def default(self) -> str:
        """The protocol of ready codes."""
        return next(iter(self.protocols))

    @property
    def told(self) -> str:
        """The summary, its unit, and which way is better."""
        better = f"{self.better} is better" if self.better != "neither" else ""
        return ", ".join(filter(None, [self.summary, self.unit, better]))

    @property
    def arrow(self) -> str:
        """``↑``: higher is better; ``↓``: lower is; empty: neither."""
        return {"higher": "↑", "lower": "↓", "neither": ""}[self.better]


def markdown_table(metrics: Iterable[MetricFacts]) -> str:
    """The metrics as a table in Markdown: what each is, its range and unit, protocols, and whether ``all`` takes it."""
    lines = ["| metric | what it is | range | | protocols | `all` |", "|---|---|---|---|---|---|"]
    for facts in metrics:
        protocols = " ".join(f"`{name}`" for name in facts.protocols)
        low, high = ("" if math.isinf(end) else f"{end:g}" for end in facts.range)
        span = f"{low or '−∞'} .. {high or '∞'}"
        unit = f", {facts.unit}" if facts.unit else ""
        taken = "yes" if not facts.by_name_only else f"no: {facts.by_name_only}"
        lines.append(f"| `{facts.name}` | {facts.summary} | {span}{unit} | {facts.arrow} | {protocols} | {taken} |")
    return "\n".join(lines)
