"""Writing a figure: whole or not at all, the same bytes for the same records, text that stays text."""

import json
from pathlib import Path
from typing import Any

from disentool.io import files, provenance
from disentool.plots.style import Drawing


def save(drawing: Drawing, path: Path, *, dpi: int, overwrite: bool, about: dict[str, Any]) -> None:
    """Write the drawing whole or not at all, in the form its name's suffix says, without dates.

    Inside :func:`style.applied`. ``about``: what the figure is of, kept in the file as JSON.
    """
    form = path.suffix.lower().removeprefix(".")
    told = json.dumps({"created_by": provenance.created_by(), **about, "caption": drawing.caption}, ensure_ascii=True)
    metadata = {
        "png": {"Software": None, "Comment": told},
        "pdf": {"Creator": provenance.created_by(), "Producer": None, "CreationDate": None, "Keywords": told},
        "svg": {"Creator": provenance.created_by(), "Date": None, "Description": told},
    }[form]
    with files.whole(path, overwrite=overwrite) as temporary:
        drawing.figure.savefig(temporary, format=form, dpi=dpi, metadata=metadata)
