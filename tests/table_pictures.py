"""The pictures that tests of tables name."""

from pathlib import Path

import pytest
from PIL import Image

COUNT = 8


@pytest.fixture
def pictures(folder) -> Path:
    """Eight pictures, 000.png to 007.png, whose level is their number."""
    (folder / "in").mkdir()
    for i in range(COUNT):
        Image.new("L", (8, 8), i).save(folder / "in" / f"{i:03}.png")
    return folder
