"""Which models are of one setting: a method, with those of its options that differ among the models at hand."""

import json
import math
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from disentool import named_code
from disentool.config import options
from disentool.io.score_records import UNTRAINED
from disentool.methods import METHODS
from disentool.results.labels import Names, words


@dataclass(frozen=True)
class Setting:
    """A method with those of its options that differ among the models at hand, as (name, value) pairs.

    ``known``: whether ``method`` is one; else it is what the codes of others are called.
    """

    method: str
    values: tuple[tuple[str, Any], ...] = ()
    known: bool = True

    @property
    def label(self) -> str:
        """``FactorVAE γ = 40``."""
        return self.called(Names())

    def called(self, names: Names) -> str:
        """The same in these names."""
        return " ".join(filter(None, [self.method_called(names), self.options_called(names)]))

    def method_called(self, names: Names) -> str:
        """``FactorVAE``."""
        return names.method(self.method) if self.known else words(names.own.get(self.method, self.method))

    def options_called(self, names: Names) -> str:
        """``γ = 40``; empty where nothing differs."""
        return ", ".join(names.chosen(name, value) for name, value in self.values)


def settings(models: Sequence[dict[str, Any]]) -> list[Setting]:
    """The setting of each of ``models``, which hold ``method`` and ``config``; others are one each, by artefact.

    Models of a method differ in an option if two of them do. The order of the values is that of the options. An option
    that a model does not name, as it is older than the option, has its default.
    """
    defaults = {method: _defaults(method) for method in {model["method"] for model in models if _known(model)}}
    configs = [defaults[model["method"]] | model["config"] if _known(model) else None for model in models]
    of_method: dict[str, list[dict[str, Any]]] = {}
    for model, config in zip(models, configs, strict=True):
        if config is not None:
            of_method.setdefault(model["method"], []).append(config)
    varying = {method: _varying(found) for method, found in of_method.items()}
    return [
        Setting(str(model.get("method") or model.get("artefact") or "?"), known=bool(model.get("method")))
        if config is None
        else Setting(model["method"], tuple((n, _hashable(config.get(n))) for n in varying[model["method"]]))
        for model, config in zip(models, configs, strict=True)
    ]


def _defaults(method: str) -> dict[str, Any]:
    """The options of a method with their defaults; empty for a method of the user's own."""
    name = method.removeprefix(UNTRAINED)
    found = options(named_code.load(METHODS[name].config)) if name in METHODS else {}
    return {option: spec.default for option, spec in found.items()}


def _known(model: dict[str, Any]) -> bool:
    return isinstance(model.get("method"), str) and isinstance(model.get("config"), dict)


def _hashable(value: Any) -> Any:
    return json.dumps(value, sort_keys=True) if isinstance(value, list | dict) else value


def _varying(configs: list[dict[str, Any]]) -> list[str]:
    names = dict.fromkeys(name for config in configs for name in config)
    return [n for n in names if len({json.dumps(config.get(n), sort_keys=True) for config in configs}) > 1]


def in_order(found: Iterable[Setting]) -> list[Setting]:
    """Settings by method as they come, then by their values, numbers in their order."""
    unique = list(dict.fromkeys(found))
    methods = list(dict.fromkeys(s.method for s in unique))
    return sorted(unique, key=lambda s: (methods.index(s.method), tuple(by_size(value) for _, value in s.values)))


def sorted_models(models: Sequence[dict[str, Any]]) -> list[tuple[dict[str, Any], Setting]]:
    """Models with their settings: in the order of these, then of their seeds and steps."""
    of = settings(models)
    order = in_order(of)
    return sorted(
        zip(models, of, strict=True),
        key=lambda each: (order.index(each[1]), by_size(each[0].get("seed")), by_size(each[0].get("step"))),
    )


def by_size(value: Any) -> tuple[int, float, str]:
    """A key that puts numbers in their order, before anything else in the order of its text."""
    number = isinstance(value, int | float) and math.isfinite(value)
    return (0, float(value), "") if number else (1, 0.0, str(value))


def unusual(method: Any, config: Any) -> list[tuple[str, Any, Any]]:
    """The options of a run that are not its method's defaults: (name, value, default).

    Of a method of the user's own, which would have to be imported, all options, each with ... for the default.
    """
    if not isinstance(config, dict):
        return []
    known = _defaults(method) if isinstance(method, str) else {}
    return [
        (name, value, known.get(name, ...))
        for name, value in config.items()
        if name not in known or value != known[name]
    ]
