"""Metrics by name, with the constants that a call changes."""

import dataclasses
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from disentool.errors import UnknownName, WrongUsage
from disentool.io.call_checks import require_once
from disentool.metrics import METRICS, ONLY_BY_NAME
from disentool.named_code import is_own, load
from disentool.scoring import own_metric
from disentool.scoring.scorer import Metric, Scorer, scorer


def choose(names: Sequence[str], protocol: str | None, constants: Mapping[str, str] | None = None) -> list[Metric]:
    """The metrics by name; ``all``: those that apply and are quick; ``module:function``: the user's own, imported.

    ``protocol`` must be known to at least one of them; the others keep their default. ``constants``: values, as text,
    for fields of their protocols; each must be known to at least one of them.
    """
    names = [part for name in names for part in name.split(",")]
    require_once(names, "--metric")
    everything = [name for name in METRICS if name not in ONLY_BY_NAME] if "all" in names else []
    scorers = {name: _scorer(name) for name in dict.fromkeys([*(n for n in names if n != "all"), *everything])}
    known = {p for each in scorers.values() for p in each.protocols}
    if protocol is not None and protocol not in known:
        raise UnknownName(f"protocol for {', '.join(scorers)}", protocol, known)
    chosen: list[Metric] = []
    unused = dict(constants or {})
    for name, its in scorers.items():
        options = its.protocols[protocol if protocol and protocol in its.protocols else its.facts.default]
        made = options if protocol in its.protocols else its.protocols[its.facts.encoded or its.facts.default]
        hints = {key: hint for key, hint in typing.get_type_hints(type(options)).items() if key != "protocol"}
        values = {key: _constant(key, text, hints[key]) for key, text in (constants or {}).items() if key in hints}
        ready, encoded = (dataclasses.replace(each, **values) for each in (options, made))
        chosen.append(Metric(its, ready, encoded, optional=name not in names))
        unused = {key: text for key, text in unused.items() if key not in hints}
    for key in unused:
        fields = {f.name for metric in chosen for f in dataclasses.fields(metric.options)} - {"protocol"}
        raise UnknownName(f"constant of {', '.join(scorers)}", key, fields)
    return chosen


def _scorer(name: str) -> Scorer:
    """What computes a metric: one of the toolkit's, or the user's function in the same form."""
    if is_own(name):
        return own_metric.scorer(name, load(name))
    if name not in METRICS:
        raise UnknownName("metric", name, [*METRICS, "all"])
    return scorer(METRICS[name])


def _constant(name: str, text: str, hint: Any) -> Any:
    """One ``--set`` value as its field's type; WrongUsage says what was expected."""
    kinds = [kind for kind in (typing.get_args(hint) or (hint,)) if kind is not type(None)]
    if typing.get_origin(hint) is typing.Literal or str in kinds:
        return text
    if type(None) in typing.get_args(hint) and text == "none":
        return None
    if kinds == [bool] and text in ("true", "false"):
        return text == "true"
    try:
        number = float(text)
        return number if float in kinds else int(text)
    except ValueError:
        expected = "true or false" if kinds == [bool] else "a number" if float in kinds else "a whole number"
        raise WrongUsage(f"--set {name}={text}: expected {expected}") from None
