"""Pictures with more than 8 bits a pixel, which Pillow opens as they are stored, and would cut off at 255."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from disentool.errors import ForeignFile

if TYPE_CHECKING:
    from PIL import Image, ImageFile

WHITE = 65535
_BITS, _PHOTOMETRIC, _SAMPLE_FORMAT = 258, 262, 339  # tags of a TIFF
_SIGNED = 2  # a sample format
_SCALED = ("PNG", "PPM")  # kinds whose grey of mode "I" has 16 bits: Pillow scales a PGM of any maximum to them


@dataclass(frozen=True)
class Deep:
    """How a picture stores greys of more than 8 bits, or the clear colour of 16-bit RGB.

    ``white``: the stored value of white. ``inverted``: zero is white. ``clear``: the grey that is transparent, if any.
    """

    white: int
    inverted: bool
    clear: int | None

    def as_bytes(self, image: "Image.Image") -> tuple["Image.Image", int]:
        """The decoded picture as 8-bit grey, with what is clear laid on white; and its largest value, of 0..65535."""
        from PIL import Image

        stored = np.asarray(image).astype(np.int64).clip(0, self.white)
        clear = stored == self.clear if self.clear is not None else np.zeros(stored.shape, bool)
        greys = self.white - stored if self.inverted else stored
        largest = int(greys[~clear].max(initial=0)) * WHITE // self.white
        return Image.fromarray(np.where(clear, 255, greys * 255 // self.white).astype(np.uint8)), largest


def described(image: "ImageFile.ImageFile", path: Path) -> Deep | None:
    """How a picture that is opened, but not decoded, stores greys of more than 8 bits; None where it has 8 a channel.

    Raises ForeignFile for numbers without a known black and white: floats, 32 bits, signs.
    """
    from PIL import TiffImagePlugin

    tags = image.tag_v2 if isinstance(image, TiffImagePlugin.TiffImageFile) else {}
    signed = tags.get(_SAMPLE_FORMAT, (1,))[0] == _SIGNED
    bits = tags.get(_BITS, (16,))[0]
    if image.mode == "F" or signed or (image.mode == "I" and image.format not in _SCALED):
        kind = "floating-point" if image.mode == "F" else f"{bits if tags else 32}-bit"
        signs = " with signs" if signed else ""
        raise ForeignFile(f"{path}: holds {kind} pixels{signs}, expected 8 or 16 bits without signs; convert it first")
    if not image.mode.startswith("I"):
        _shorten_clear_colour(image)
        return None
    clear = image.info.get("transparency")
    return Deep((1 << bits) - 1, tags.get(_PHOTOMETRIC) == 0, clear if isinstance(clear, int) else None)


def _shorten_clear_colour(image: "ImageFile.ImageFile") -> None:
    """Of a PNG with 16 bits a channel Pillow keeps the upper 8, but not of the colour that is transparent."""
    clear = image.info.get("transparency")
    if image.format == "PNG" and isinstance(clear, tuple) and any("16B" in str(tile[3]) for tile in image.tile):
        image.info["transparency"] = tuple(value >> 8 for value in clear)
