"""Metrics by name, with the constants that a call changes."""

import dataclasses
import importlib
import typing
from collections.abc import Mapping, Sequence
from typing import Any

from disentool.errors import UnknownName, WrongUsage
from disentool.metrics import METRICS, ONLY_BY_NAME, own
from disentool.named_code import is_own, load
from disentool.scoring.measure import Metric


def choose(names: Sequence[str], protocol: str | None, constants: Mapping[str, str] | None = None) -> list[Metric]:
    """The metrics by name; ``all``: those that apply and are quick; ``module:function``: the user's own, imported.

    ``protocol`` must be known to at least one of them; the others keep their default. ``constants``: values, as text,
    for fields of their protocols; each must be known to at least one of them.
    """
    names = [part for name in names for part in name.split(",")]
    everything = [name for name in METRICS if name not in ONLY_BY_NAME] if "all" in names else []
    modules = {name: _module(name) for name in dict.fromkeys([*(n for n in names if n != "all"), *everything])}
    known = {p for module in modules.values() for p in module.PROTOCOLS}
    if protocol is not None and protocol not in known:
        raise UnknownName(f"protocol for {', '.join(modules)}", protocol, known)
    chosen, unused = [], dict(constants or {})
    for name, module in modules.items():
        usual = next(iter(module.PROTOCOLS))
        its = protocol if protocol in module.PROTOCOLS else usual
        encoded = its if protocol in module.PROTOCOLS else getattr(module, "ENCODED", usual)
        hints = {
            key: hint for key, hint in typing.get_type_hints(type(module.PROTOCOLS[its])).items() if key != "protocol"
        }
        values = {key: _constant(key, text, hints[key]) for key, text in (constants or {}).items() if key in hints}
        ready, made = (dataclasses.replace(module.PROTOCOLS[p], **values) for p in (its, encoded))
        chosen.append(Metric(name, module, ready, made, optional=name not in names))
        unused = {key: text for key, text in unused.items() if key not in hints}
    for key in unused:
        fields = {f.name for metric in chosen for f in dataclasses.fields(metric.options)} - {"protocol"}
        raise UnknownName(f"constant of {', '.join(modules)}", key, fields)
    return chosen


def _module(name: str) -> Any:
    """What computes a metric: a module of the toolkit, or the user's function in the same form."""
    if is_own(name):
        return own.metric(name, load(name))
    if name not in METRICS:
        raise UnknownName("metric", name, [*METRICS, "all"])
    return importlib.import_module(METRICS[name][0])


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
