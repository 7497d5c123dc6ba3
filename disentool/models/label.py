"""The label of a code, a dimension or a direction in a picture or on a page."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Label:
    """The text beside a row or above a column, and a smaller line ``detail`` below it. ``muted``: in pale grey."""

    text: str
    detail: str = ""
    muted: bool = False
