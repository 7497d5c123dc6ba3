"""Figures as files: their sizes on paper, and matplotlib's written whole or not at all, with text that stays text."""

import io
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from disentool.io import files, provenance

if TYPE_CHECKING:
    from matplotlib.figure import Figure

COLUMN, PAGE = 84.0, 174.0  # mm: the width of one column of a paper, and of both
INCH = 25.4  # mm
LEAST, LONGEST = 20.0, 1000.0  # mm, of a figure's sides
PRINT = 300.0  # dots per inch
FONT = "DejaVu Sans"  # comes with matplotlib
_TEXT_AS_TEXT: dict[Any, Any] = {
    "font.family": [FONT],
    "text.hinting": "none",  # letters are as wide in a .png as in a .pdf
    "text.parse_math": False,  # a file's name may hold a dollar sign
    "svg.fonttype": "none",
    "svg.hashsalt": "disentool",
    "pdf.fonttype": 42,
}


@contextmanager
def text_as_text(more: Mapping[Any, Any] = MappingProxyType({})) -> Iterator[None]:
    """Matplotlib's settings for everything drawn and saved inside: text stays text. ``more``: further settings."""
    import matplotlib

    with matplotlib.rc_context(), warnings.catch_warnings():
        matplotlib.rcdefaults()  # whatever the user's own style says: the same inputs make the same bytes
        matplotlib.rcParams.update(_TEXT_AS_TEXT | dict(more))
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # a name in another script
        yield


def font_file() -> Path:
    """Where :data:`FONT` lies."""
    import matplotlib

    return Path(matplotlib.get_data_path()) / "fonts" / "ttf" / "DejaVuSans.ttf"


def save(figure: "Figure", path: Path, *, dpi: float, overwrite: bool, told: str) -> None:
    """Write a figure in the form that its name's suffix says (.png .pdf .svg), without dates.

    ``dpi``: dots per inch of a .png. ``told``: what the figure is of, kept in the file.
    """
    form = path.suffix.lower().removeprefix(".")
    metadata = {
        "png": {"Software": None, "Comment": told},
        "pdf": {"Creator": provenance.created_by(), "Producer": None, "CreationDate": None, "Keywords": told},
        "svg": {"Creator": provenance.created_by(), "Date": None, "Description": told},
    }[form]
    drawn = io.BytesIO()  # on a full disk, matplotlib's own writers fail with other errors than the disk's
    figure.savefig(drawn, format=form, dpi=dpi, metadata=metadata)
    with files.whole(path, overwrite=overwrite) as temporary:
        temporary.write_bytes(drawn.getvalue())
