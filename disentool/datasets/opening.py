"""A data set's source by name, with the options that the caller gave."""

import importlib
import inspect
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from disentool.datasets import DATASETS
from disentool.datasets.filtered import filtered
from disentool.datasets.resized import resized
from disentool.datasets.source import Source
from disentool.errors import UnknownName, WrongUsage


def open_source(
    name: str,
    raw: Path | None,
    size: tuple[int, int] | None,
    grey: bool | None,
    options: Mapping[str, Any],
    keep: Mapping[str, Sequence[str]] | None = None,
) -> Source:
    """Data set ``name``, rendered or read from ``raw``.

    ``size`` (height, width) and ``grey``: images are made so; None leaves them. ``options``: of the data set's own, by
    the names of its ``open_source``. ``keep``: factor -> the values whose images are kept, others are left out. Raises
    UnknownName, WrongUsage, or what the data set's own ``open_source`` raises.
    """
    if name not in DATASETS:
        raise UnknownName("data set", name, DATASETS)
    read = importlib.import_module(DATASETS[name][0]).open_source
    parameters = inspect.signature(read).parameters
    taken = [key for key, parameter in parameters.items() if parameter.kind is inspect.Parameter.KEYWORD_ONLY]
    for key in options:
        if key not in taken:
            flags = ", ".join(f"--{key.replace('_', '-')}" for key in taken)
            which = f"its own options are {flags}" if taken else "it has no options of its own"
            raise WrongUsage(f"--{key.replace('_', '-')}: prepare {name} does not take it; {which}")
    fit = {"size": size, "grey": grey}
    own = {
        key: value for key, value in fit.items() if key in taken
    }  # it fits its images itself: they are of many sizes
    source = read(raw, **own, **options)
    return filtered(resized(source, None if "size" in own else size, None if "grey" in own else grey), keep or {})
