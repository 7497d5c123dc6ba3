"""What a picture or a page calls a code, a dimension or a direction."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Label:
    """What stands beside a row or above a column: a name, and a smaller line below it. ``muted``: in pale grey."""

    text: str
    detail: str = ""
    muted: bool = False
