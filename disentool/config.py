"""Configurations: frozen dataclasses whose fields are declared once and read by everyone.

A field made with :func:`opt` becomes a command-line option, a YAML key, an entry of the checkpoint and a line of help.
This module is torch-free, so that help and completion are instant.
"""

import dataclasses
import inspect
import itertools
import math
import types
import typing
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any, Literal

import yaml

from disentool.errors import MissingFile, UnknownName, WrongUsage

Group = Literal["Method", "Optimiser", "Data", "Run", "Output"]
_OF_THE_OPTIMISER = ("steps", "epochs", "batch_size", "learning_rate")  # unless a field says otherwise


MOST = 10**12  # of a whole number: no machine takes so many steps, and what is computed with it stays exact


def opt(
    default: Any,
    help: str,
    *,
    low: float | None = None,
    high: float | None = None,
    above: float | None = None,
    group: Group | None = None,
    placeholder: str | None = None,
) -> Any:
    """A configuration field: its default, its one-line help with units, and its bounds.

    ``low`` and ``high`` are inclusive, ``above`` is exclusive. ``group``: the heading of the command's help below which
    it stands; None: Optimiser for the fields that most methods have of it, else Method. ``placeholder``: what stands
    there for its value, such as FILE (default: N, X or TEXT, by its type).
    """
    metadata = {"help": help, "low": low, "high": high, "above": above, "group": group, "placeholder": placeholder}
    return dataclasses.field(default=default, metadata=metadata)


@dataclasses.dataclass(frozen=True)
class Option:
    """One field of a configuration, as help, YAML and the command line see it."""

    name: str
    kind: type  # int, float, bool or str
    choices: tuple[str, ...] | None
    optional: bool
    default: Any
    help: str
    low: float | None
    high: float | None
    above: float | None
    group: Group
    placeholder: str | None

    @property
    def flag(self) -> str:
        """The long option, such as ``--batch-size``."""
        return "--" + self.name.replace("_", "-")

    def parse(self, value: Any) -> Any:
        """The value of this field for one YAML or command-line value; WrongUsage says what was expected."""
        if self.optional and (value is None or value == "none"):
            return None
        if self.kind is bool:
            return self._boolean(value)
        if value is None or isinstance(value, (bool, bytes, dict, list, tuple, set)):
            raise self._wrong(value)
        if self.choices and str(value) not in self.choices:
            raise UnknownName(f"value for {self.flag}", str(value), self.choices)
        return str(value) if self.kind is str else self._number(value)

    def _boolean(self, value: Any) -> bool:
        """A boolean as YAML and flags give it, or the word."""
        if isinstance(value, str) and value.lower() in ("true", "false"):
            return value.lower() == "true"
        if not isinstance(value, bool):
            raise self._wrong(value)
        return value

    def _number(self, value: Any) -> int | float:
        """A number within the bounds."""
        try:
            number = float(value)
        except (TypeError, ValueError, OverflowError):
            raise self._wrong(value) from None
        if self.kind is int:
            if not number.is_integer():
                raise self._wrong(value)
            try:
                number = int(value)  # exact beyond 2**53
            except ValueError:
                number = int(number)  # "1e5"
        outside = (
            not math.isfinite(number)
            or (self.kind is int and self.high is None and abs(number) > MOST)
            or (self.low is not None and number < self.low)
            or (self.high is not None and number > self.high)
            or (self.above is not None and number <= self.above)
        )
        if outside:
            raise self._wrong(value)
        return number

    def _wrong(self, value: Any) -> WrongUsage:
        return WrongUsage(f"{self.flag}: expected {self.expected}, got {value!r}")

    @property
    def expected(self) -> str:
        """What a value must be, in words."""
        if self.choices:
            return "one of " + ", ".join(self.choices)
        words = {int: "a whole number", float: "a number", bool: "true or false", str: "text"}[self.kind]
        bounds = [
            f"{sign} {value:g}"
            for sign, value in ((">=", self.low), (">", self.above), ("<=", self.high))
            if value is not None
        ]
        if self.kind is int and self.high is None:
            bounds.append(f"<= {MOST:g}")
        return " ".join([words, " and ".join(bounds)]).strip()


def options(config: type) -> dict[str, Option]:
    """The fields of a configuration class by name: its own first, then those it shares with others."""
    hints = typing.get_type_hints(config)
    own = inspect.get_annotations(config)
    fields = sorted(dataclasses.fields(config), key=lambda field: field.name not in own)
    return {field.name: _option(field, hints[field.name]) for field in fields}


def _option(field: dataclasses.Field, hint: Any) -> Option:
    optional = False
    if typing.get_origin(hint) in (types.UnionType, typing.Union):
        kinds = [k for k in typing.get_args(hint) if k is not type(None)]
        if len(kinds) != 1:
            raise TypeError(f"{field.name}: a union other than 'X | None' cannot become an option")
        hint, optional = kinds[0], True
    choices = typing.get_args(hint) if typing.get_origin(hint) is typing.Literal else None
    kind = str if choices else hint
    if kind not in (int, float, bool, str):
        raise TypeError(f"{field.name}: {hint!r} cannot become an option")
    shown = field.metadata
    bounds = (shown["low"], shown["high"], shown["above"])
    group: Group = shown["group"] or ("Optimiser" if field.name in _OF_THE_OPTIMISER else "Method")
    return Option(
        field.name, kind, choices, optional, field.default, shown["help"], *bounds, group, shown["placeholder"]
    )


def build(config: type, values: Mapping[str, Any]) -> Any:
    """An instance of ``config`` from plain values, defaults for the rest; WrongUsage for unknown names and values."""
    known = options(config)
    for name in values:
        if name not in known:
            raise UnknownName("option", name, known)
    return config(**{name: known[name].parse(value) for name, value in values.items()})


def values(config: Any) -> dict[str, Any]:
    """The value of every option of a configuration, in the order of :func:`options`."""
    return {name: getattr(config, name) for name in options(type(config))}


def sweep(values: Mapping[str, Any]) -> list[dict[str, Any]]:
    """Every combination of the listed values, the last name fastest: ``{"gamma": [10, 20], "seed": 0}`` gives two."""
    lists = [list(v) if isinstance(v, (list, tuple)) else [v] for v in values.values()]
    return [dict(zip(values, combination, strict=True)) for combination in itertools.product(*lists)]


def read_yaml(path: Path, known: Iterable[str]) -> dict[str, Any]:
    """The mapping in a YAML file, with every key checked against ``known`` (dashes and underscores are the same)."""
    try:
        text = Path(path).read_text(encoding="utf-8")
    except FileNotFoundError:
        raise MissingFile(f"{path}: no such configuration file") from None
    except UnicodeDecodeError:
        raise WrongUsage(f"{path}: not a text in UTF-8; expected lines such as 'gamma: 10'") from None
    except OSError as error:
        raise WrongUsage(f"{path}: cannot be read: {error.strerror}") from None
    try:
        content = yaml.safe_load(text)
    except yaml.composer.ComposerError as error:
        raise WrongUsage(
            f"{path}: expected one document of options, without aliases; a list as a value makes several runs"
        ) from error
    except (yaml.YAMLError, ValueError, RecursionError) as error:
        mark = error.problem_mark if isinstance(error, yaml.MarkedYAMLError) else None
        where = f", see line {mark.line + 1}" if mark else ""
        raise WrongUsage(f"{path}: not valid YAML{where}; expected lines such as 'gamma: 10'") from error
    content = {} if content is None else content
    if not isinstance(content, dict):
        raise WrongUsage(
            f"{path}: expected lines such as 'gamma: 10', found"
            f" {'a list' if isinstance(content, list) else 'other text'}"
        )
    known = set(known)
    values = {}
    for key, value in content.items():
        name = str(key).replace("-", "_")
        if name not in known:
            raise WrongUsage(f"{path}: {UnknownName('key', str(key), known)}")
        if name in values:
            raise WrongUsage(f"{path}: {name} is there twice, with a dash and with an underscore")
        if isinstance(value, dict) or (isinstance(value, list) and not value):
            raise WrongUsage(f"{path}: {key}: expected a value or a list of values, got {value!r}")
        values[name] = value
    return values


def write_yaml(values: Mapping[str, Any]) -> str:
    """Values as YAML text that :func:`read_yaml` gives back."""
    text = yaml.dump(dict(values), Dumper=_Quoting, sort_keys=False, default_flow_style=False, allow_unicode=True)
    return "".join(c if c.isprintable() or c == "\n" else f"\\U{ord(c):08x}" for c in text)


class _Quoting(yaml.SafeDumper):
    """Puts text with characters that no terminal should obey between quotes, where they can be written as escapes."""


def _quoted(dumper: yaml.SafeDumper, text: str) -> yaml.Node:
    return dumper.represent_scalar("tag:yaml.org,2002:str", text, style=None if text.isprintable() else '"')


_Quoting.add_representer(str, _quoted)
