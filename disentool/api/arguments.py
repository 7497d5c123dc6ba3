"""The arguments of the public functions: each is checked against its annotation before anything is done.

What an annotation of Python's does not say, such as a bound, stands in ``Annotated``, and is declared where the command
line reads it too. Arrays (annotations in quotes, and type variables) are checked where they are read.
"""

import functools
import inspect
import math
from collections.abc import Callable, Mapping, Sequence
from enum import Enum
from os import PathLike, fspath
from pathlib import Path
from types import NoneType, UnionType
from typing import TYPE_CHECKING, Annotated, Any, Literal, TypeVar, Union, cast, get_args, get_origin, get_type_hints

import numpy as np

from disentool.api.wording import Arguments, Worded, in_python
from disentool.arguments.bounds import DEVICES, SEED, Bounds
from disentool.errors import UnknownName, WrongUsage, typed
from disentool.io.dataset import Dataset
from disentool.reporting import Reporter

if TYPE_CHECKING:
    import torch


class _Kind(Enum):
    """What an annotation of Python's cannot say."""

    PATH = "a path"
    DEVICE = "a device"


FilePath = Annotated[str | PathLike[str], _Kind.PATH]
FilePaths = FilePath | Sequence[FilePath]
Data = FilePath | Dataset
Device = Annotated["str | torch.device", _Kind.DEVICE]
Seed = Annotated[int, SEED]

_REPORT = Reporter | None  # how each function declares it

_Function = TypeVar("_Function", bound=Callable[..., Any])
# What is expected: one of it, and several.
_WORDS: dict[Any, tuple[str, str]] = {
    int: ("a whole number", "whole numbers"),
    float: ("a number", "numbers"),
    str: ("text", "texts"),
    bool: ("True or False", "True or False"),
    NoneType: ("None", "None"),
    _Kind.PATH: ("a path", "paths"),
    _Kind.DEVICE: ("a device", "devices"),
}


class _Unfit(Exception):
    """A value is not what an annotation says; :func:`_checked` names the argument."""


def public(function: _Function) -> _Function:
    """Decorator of what ``import disentool`` offers: arguments are checked, and messages are in Python's words.

    Raises WrongUsage, or UnknownName for a name in no list, with the argument's name, what was expected, what came.
    """
    signature = inspect.signature(function)
    switches = {name for name, each in signature.parameters.items() if each.annotation is bool}
    arguments = Arguments(signature.parameters, switches)

    @functools.wraps(function)
    def call(*args: Any, **kwargs: Any) -> Any:
        bound = signature.bind(*args, **kwargs)
        with in_python(arguments):
            for name, value in bound.arguments.items():
                parameter = signature.parameters[name]
                if parameter.kind is inspect.Parameter.VAR_KEYWORD:
                    bound.arguments[name] = _options(parameter.annotation, value)
                elif value is not parameter.default:
                    value = checked(name, parameter.annotation, value, empty=parameter.default == ())
                    bound.arguments[name] = Worded(value, arguments) if parameter.annotation == _REPORT else value
            return function(*bound.args, **bound.kwargs)

    return cast(_Function, call)


def checked(name: str, annotation: Any, value: Any, *, empty: bool = False) -> Any:
    """The argument ``name`` as its annotation says: a NumPy number as Python's, a sequence as a list.

    ``empty``: a sequence may hold nothing.
    """
    try:
        return _fit(name, annotation, value, empty)
    except _Unfit:
        pass
    raise WrongUsage(f"{name}: expected {_words(annotation)}, got {_shown(value)}")


def _options(annotation: Any, given: Mapping[str, Any]) -> dict[str, Any]:
    """Keywords that a ``TypedDict`` declares, checked; what it does not know is refused further down."""
    hints = get_type_hints(get_args(annotation)[0], include_extras=True) if get_args(annotation) else {}
    return {name: checked(name, hints[name], value) if name in hints else value for name, value in given.items()}


def _fit(name: str, annotation: Any, value: Any, empty: bool = False) -> Any:
    origin, parts = get_origin(annotation), get_args(annotation)
    if annotation in (Any, inspect.Parameter.empty) or isinstance(annotation, (str, TypeVar)):
        return value
    if origin is Annotated:
        return _annotated(name, parts[0], parts[1], value)
    if origin is Literal:
        if not isinstance(value, str):
            raise _Unfit
        if value not in parts:
            raise UnknownName(name, value, parts)
        return value
    if origin in (Union, UnionType):
        return _one_of(name, parts, value, empty)
    if origin is tuple and parts[-1] is not Ellipsis:
        values = _values(value)
        if len(values) != len(parts):
            raise _Unfit
        return tuple(_fit(name, part, each) for part, each in zip(parts, values, strict=True))
    if origin in (Sequence, list, tuple):
        values = _values(value)
        if not values and not empty:
            raise _Unfit
        return [_fit(name, parts[0], each) for each in values]
    if origin is Mapping:
        if not isinstance(value, Mapping):
            raise _Unfit
        return {_fit(name, parts[0], key): _fit(name, parts[1], each) for key, each in value.items()}
    return _single(annotation, value)


def _annotated(name: str, annotation: Any, what: Any, value: Any) -> Any:
    if what is _Kind.DEVICE:
        return device_name(value, name)
    if what is _Kind.PATH:
        text = fspath(value) if isinstance(value, (str, PathLike)) else None
        if not isinstance(text, str) or not text or "\0" in text:
            raise _Unfit
        return value
    number = _fit(name, annotation, value)
    if isinstance(what, Bounds) and not what.hold(number):
        raise _Unfit
    return number


def _one_of(name: str, kinds: Sequence[Any], value: Any, empty: bool) -> Any:
    """The value as the first of several annotations that it fits; a name in no list says which there are."""
    unknown = None
    for kind in kinds:
        try:
            return _fit(name, kind, value, empty)
        except _Unfit:
            continue
        except UnknownName as error:
            unknown = error
    raise unknown or _Unfit


def _single(kind: Any, value: Any) -> Any:
    """One value of Python's types, for which NumPy's of the same kind may stand."""
    value = value.item() if isinstance(value, np.generic) else value
    fits = isinstance(value, kind)
    if kind in (int, float):
        fits = isinstance(value, (int, kind)) and not isinstance(value, bool) and math.isfinite(value)
    if not fits or (kind is str and not value):
        raise _Unfit
    return float(value) if kind is float else value


def _values(given: Any) -> list[Any]:
    if isinstance(given, np.ndarray) and given.ndim:
        return list(given)
    if not isinstance(given, Sequence) or isinstance(given, (str, bytes, bytearray)):
        raise _Unfit
    return list(given)


def paths_of(given: FilePaths) -> list[Path]:
    """One path or several, as a list."""
    return [Path(given)] if isinstance(given, (str, PathLike)) else [Path(each) for each in given]


def spec_of(data: Data | None) -> str | Dataset | None:
    """A data set as a command takes it: opened, or by its name or path."""
    return data if data is None or isinstance(data, Dataset) else fspath(data)


def device_name(given: Any, name: str = "device") -> str:
    """The name of a device that a caller gives as a name, or as torch's own object."""
    if not isinstance(given, str) and type(given).__module__ != "torch":
        raise WrongUsage(f"{name}: expected a device, got {_shown(given)}")
    # torch's object prints as its name; of several devices of a kind the toolkit takes the first that it sees.
    text = str(given).removesuffix(":0")
    if text.partition(":")[0] in DEVICES and ":" in text:
        raise WrongUsage(
            f"{name}: expected the first {text.partition(':')[0]}, got {_shown(given)}; the environment"
            " variable CUDA_VISIBLE_DEVICES says which one is the first"
        )
    if text not in DEVICES:
        raise UnknownName(name, text, DEVICES)
    return text


def _words(annotation: Any, several: bool = False) -> str:
    """What an annotation expects, in words."""
    origin, parts = get_origin(annotation), get_args(annotation)
    if origin is Annotated:
        words = _words(parts[1] if isinstance(parts[1], _Kind) else parts[0], several)
        return f"{words}, {parts[1]}" if isinstance(parts[1], Bounds) else words
    if origin is Literal:
        return " or ".join(map(repr, parts))
    if origin in (Union, UnionType):
        return " or ".join(dict.fromkeys(_words(part, several) for part in parts))
    if origin is tuple and parts[-1] is not Ellipsis:
        return f"{'pairs' if several else 'a pair'} of {_words(parts[0], True)}"
    if origin in (Sequence, list, tuple):
        return f"{'lists' if several else 'a list'} of {_words(parts[0], True)}"
    if origin is Mapping:
        return f"a dict of {_words(parts[1], True)} by name"
    if annotation in _WORDS:
        return _WORDS[annotation][several]
    # A class that `import disentool` offers goes by the name it has there.
    return f"a disentool.{annotation.__name__}" if isinstance(annotation, type) else "any value"


def _shown(value: Any) -> str:
    """A value that was refused, in short."""
    if isinstance(value, np.generic):
        value = value.item()
    if not isinstance(value, (str, int, float, list, tuple, dict, NoneType)):
        return typed(value)
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:60]}..."
