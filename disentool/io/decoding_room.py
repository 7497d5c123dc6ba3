"""Room for pictures that are decoded at once: a large one waits until others are done, on any number of threads."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from PIL import Image

_ROOM = 384 << 20  # bytes; one picture that takes more is decoded alone
# Bytes a pixel, measured: Pillow keeps these modes in one byte and others in four, and some decoders a copy of theirs.
_WIDE, _NARROW, _NARROW_MODES = 4, 1, ("1", "L", "P")
_OF_DECODER = {"WEBP": 12, "AVIF": 8, "JPEG2000": 16}
_OF_PROGRESSIVE = 6  # a JPEG's coefficients
_BLOCK = 64 << 20  # bytes
_ORIENTATION = 0x0112  # the EXIF tag; 1: upright

_freed = threading.Condition()
_taken = 0


@contextmanager
def room_for(image: "Image.Image", channels: int) -> Iterator[None]:
    """Wait until there is room for an opened picture, decoded and made one of ``channels``, and keep it inside."""
    global _taken
    _map_large_blocks()
    needed = image.width * image.height * _bytes_a_pixel(image, channels)
    with _freed:
        _freed.wait_for(lambda: not _taken or _taken + needed <= _ROOM)
        _taken += needed
    try:
        yield
    finally:
        with _freed:
            _taken -= needed
            _freed.notify_all()


@cache
def _map_large_blocks() -> None:
    """Let Pillow ask for blocks so large that their memory returns to the system when they are freed.

    glibc keeps what is smaller than 32 MB, for each thread, and Pillow's own blocks are of 16 MB.
    """
    from PIL import Image

    Image.core.set_block_size(max(_BLOCK, Image.core.get_block_size()))


def _bytes_a_pixel(image: "Image.Image", channels: int) -> int:
    """What is kept of a pixel as it is decoded, and of the picture that is made of it."""
    needed = (_NARROW if image.mode in _NARROW_MODES else _WIDE) + _OF_DECODER.get(image.format or "", 0)
    if image.mode != ("L" if channels == 1 else "RGB") or image.has_transparency_data:
        needed += _NARROW if channels == 1 else _WIDE
    if image.format == "JPEG":  # of other kinds the orientation is not known before they are decoded
        needed += _OF_PROGRESSIVE if image.info.get("progressive") else 0
        needed += _WIDE if image.getexif().get(_ORIENTATION, 1) != 1 else 0
    return needed
