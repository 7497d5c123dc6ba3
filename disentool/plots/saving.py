"""Writing a figure with what it is of."""

import json
from pathlib import Path
from typing import Any

from disentool.io import figure_files, provenance
from disentool.plots.style import Drawing


def save(drawing: Drawing, path: Path, *, dpi: int, overwrite: bool, about: dict[str, Any]) -> None:
    """Write the drawing whole or not at all, in the form its name's suffix says, without dates.

    Inside :func:`style.applied`. ``about``: what the figure is of, kept in the file as JSON.
    """
    told = json.dumps({"created_by": provenance.created_by(), **about, "caption": drawing.caption}, ensure_ascii=True)
    figure_files.save(drawing.figure, path, dpi=dpi, overwrite=overwrite, told=told)
