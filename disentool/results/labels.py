"""What figures, tables and pages call things: methods, metrics, options and numbers, as papers print them."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

from disentool.io.score_records import UNTRAINED
from disentool.methods import METHODS
from disentool.metrics import METRICS

_GREEK = {"alpha": "α", "beta": "β", "gamma": "γ", "lambda": "λ", "sigma": "σ"}


@dataclass(frozen=True)
class Names:
    """Names as they are printed. ``own``: raw name -> what the user calls it instead."""

    own: Mapping[str, str] = field(default_factory=dict)

    def method(self, name: str) -> str:
        """``β-VAE`` for betavae; of a method of the user's own its class, without the module."""
        if name in self.own:
            return words(self.own[name])
        if name.startswith(UNTRAINED):
            return f"{UNTRAINED}{self.method(name.removeprefix(UNTRAINED))}"
        known = METHODS.get(name)
        return known.title or name if known else words(_without_module(name))

    def metric(self, name: str) -> str:
        """``FactorVAE score`` for factor; of a metric of the user's own its function, without the module."""
        if name in self.own:
            return words(self.own[name], 60)
        known = METRICS.get(name)
        return known.title or name if known else words(_without_module(name))

    def measured(self, name: str, measure: str | None = None) -> str:
        """A metric with the unit of that measure: ``reconstruction error (nats per image)``."""
        unit = unit_of(name, measure)
        return f"{self.metric(name)} ({unit})" if unit else self.metric(name)

    def option(self, name: str) -> str:
        """``β`` for beta, ``λ_od`` for lambda_od; words without underscores for others."""
        if name in self.own:
            return words(self.own[name])
        head, _, rest = name.partition("_")
        if name in _GREEK or (head == "lambda" and rest):
            return _GREEK[head] + (f"_{rest}" if rest else "")
        return words(name.replace("_", " "), 32)

    def chosen(self, name: str, value: Any) -> str:
        """An option with its value: ``β = 4``."""
        return f"{self.option(name)} = {shown(value)}"

    def term(self, name: str) -> str:
        """A term of a loss: ``total correlation`` for tc."""
        if name in self.own:
            return words(self.own[name], 60)
        if name.endswith("_loss") and name.removesuffix("_loss") in METHODS:
            return f"{self.method(name.removesuffix('_loss'))} loss"
        spelt = [_ABBREVIATED.get(part, part) for part in name.split("_")]
        return words(" ".join(spelt), 60)


# Parts of the names of terms.
_ABBREVIATED = {name: METRICS[name].title for name in ("kl", "tc")} | {"vae": METHODS["vae"].title}


def measure_of(records: Iterable[dict[str, Any]]) -> str | None:
    """The constant ``measure`` that score records share; None where they have none, or several."""
    found = {record["details"].get("measure") for record in records}
    (measure,) = found if len(found) == 1 else (None,)
    return measure if isinstance(measure, str) else None


def unit_of(metric: str, measure: str | None = None) -> str:
    """The unit of a metric's score by that measure; empty where it has none, or for a metric of the user's own."""
    return METRICS[metric].by_measure(measure).unit if metric in METRICS else ""


def arrow(metric: str, measure: str | None = None) -> str:
    """Which way a metric by that measure is better: ``↑``, ``↓``; empty for neither, and for a metric of one's own."""
    return METRICS[metric].by_measure(measure).arrow if metric in METRICS else ""


def _without_module(name: str) -> str:
    module, colon, own = name.rpartition(":")
    return own if colon and own.isidentifier() and "/" not in module else name


def shown(value: Any) -> str:
    """The value of an option in a few characters; of a path its last part."""
    if value is None:
        return "none"
    if isinstance(value, bool):
        return "on" if value else "off"
    if isinstance(value, int):
        return f"{value:,}" if abs(value) >= 10_000 else str(value)
    if isinstance(value, float):
        return f"{value:g}"
    return words(str(value).rpartition("/")[2] or value)


def words(text: Any, longest: int = 40) -> str:
    """A foreign text on one line, without what no typeface shows, its middle left out where it is too long."""
    fit = "".join(c if c.isprintable() and not "\ud800" <= c <= "\udfff" else "?" for c in str(text))
    if len(fit) <= longest:
        return fit
    head = (longest - 1) // 3
    return f"{fit[:head]}…{fit[head + 1 - longest :]}"


def short(value: float) -> str:
    """20000 as 20k, 1500000 as 1.5M."""
    for size, unit in ((1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:g}{unit}"
    return f"{value:g}"


def count_range(numbers: list[int], what: str) -> str:
    """``3 seeds`` or ``2 to 5 seeds``."""
    low, high = min(numbers), max(numbers)
    amount = f"{low:,}" if low == high else f"{low:,} to {high:,}"
    return f"{amount} {what}{'' if high == 1 else 's'}"
