"""A plot by its name: its module, loaded when asked for, and its figure."""

import importlib
from typing import Any

from disentool.errors import UnknownName
from disentool.plots import PLOTS, layout, style
from disentool.plots.style import Drawing, Options
from disentool.results.reading import Table


def load(kind: str) -> Any:
    """The module of a plot; UnknownName suggests the nearest."""
    if kind not in PLOTS:
        raise UnknownName("plot", kind, PLOTS)
    return importlib.import_module(PLOTS[kind][0])


def draw(kind: str, tables: list[Table], options: Options) -> Drawing:
    """The figure of tables that are read already; to be saved inside :func:`style.applied`."""
    with style.applied(options):
        return layout.finish(load(kind).draw(tables, options), options)
