"""A decoded picture made grey or RGB a band of rows at a time, so that no step needs another copy of it whole."""

from collections.abc import Callable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

_BAND = 1 << 20  # pixels


def flat(
    image: "Image.Image",
    channels: int,
    as_bytes: Callable[["Image.Image"], tuple["Image.Image", int]] | None = None,
) -> tuple["Image.Image", int | None, bool]:
    """A picture with ``channels`` (1 or 3), 8 bits each, and what is transparent laid on white.

    ``as_bytes``: makes 8 bits of a picture of more bits, and tells its largest value, as of 0..65535. Also returns that
    value of the whole picture, and whether some of it was transparent.
    """
    from PIL import Image

    mode = "L" if channels == 1 else "RGB"
    if as_bytes is None and image.mode == mode and not image.has_transparency_data:
        image.load()
        return image, None, False
    made = Image.new(mode, image.size)
    largest, transparent = None, False
    rows = max(1, _BAND // image.width)
    for top in range(0, image.height, rows):
        band = image.crop((0, top, image.width, min(top + rows, image.height)))
        if as_bytes is not None:
            band, value = as_bytes(band)
            largest = max(largest or 0, value)
        if band.has_transparency_data:
            band = band.convert("RGBA")
            transparent |= band.getchannel("A").histogram()[255] < band.width * band.height
            band = Image.alpha_composite(Image.new("RGBA", band.size, "white"), band)
        made.paste(band.convert(mode), (0, top))
    return made, largest, transparent
