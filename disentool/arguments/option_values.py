"""The words that an option takes as its value, wherever they are declared: ``stage``: ``both``, ``latent``, ...

A message that names an option with its value, such as ``--stage both``, is told by them from one in which a verb
follows the option, such as ``--stage says``.
"""

import functools
from typing import get_args

from disentool import named_code
from disentool.arguments.bounds import ClassProtocol, CodesFrom, Part, Side
from disentool.config import options
from disentool.contract.configuration import presets_of
from disentool.directions import METHODS as SEARCHES
from disentool.directions.reconstruction import LOSSES
from disentool.methods import METHODS
from disentool.training.config import RunConfig


@functools.cache
def option_values() -> dict[str, frozenset[str]]:
    """By the option's name, with underscores; loads the configurations of all methods."""
    found: dict[str, set[str]] = {
        "codes": set(get_args(CodesFrom)),
        "rows": set(get_args(Part)),
        "interpolate": set(get_args(Side)),
        "class_protocol": set(get_args(ClassProtocol)),
        "method": {*METHODS, *SEARCHES},
        "loss": set(LOSSES),
        "preset": set(),
    }
    for config in (RunConfig, *(named_code.load(entry.config) for entry in METHODS.values())):
        found["preset"] |= set(presets_of(config))
        for name, option in options(config).items():
            found.setdefault(name, set()).update(option.choices or ())
    return {name: frozenset(values) for name, values in found.items()}
