"""What kind of picture a file's first bytes are, by the suffix of its kind."""

_STARTS = (
    (b"\xff\xd8\xff", ".jpg"),
    (b"\x89PNG\r\n", ".png"),
    (b"RIFF", ".webp"),
    (b"GIF8", ".gif"),
    (b"II*\0", ".tif"),
    (b"MM\0*", ".tif"),
    (b"BM", ".bmp"),
    (b"\0\0\0\x0cjP", ".jp2"),
)
MAY_END_IN_ZEROS = (".webp", ".tif", ".bmp", ".jp2")  # the others end in a mark


def suffix_of(start: bytes) -> str:
    """The usual suffix of a picture that begins so, such as ``.png``; empty for what is no picture."""
    return next((suffix for begin, suffix in _STARTS if start.startswith(begin)), "")
