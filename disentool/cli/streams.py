"""Streams of text that take the name of any file, whatever their encoding is."""

import codecs
import sys
from io import TextIOWrapper

_HANDLER = "disentool.names"


def open_to_any_name(stream: TextIOWrapper) -> None:
    """Let a stream read and write every name of a file: bytes that need not be UTF-8, letters that it cannot encode.

    ASCII becomes UTF-8, of which it is a part, or, where names are read, what names of files are in. In another
    encoding, what it cannot encode is escaped: \\u03b2.
    """
    if codecs.lookup(stream.encoding).name == "ascii":
        stream.reconfigure(encoding="utf-8" if stream.writable() else sys.getfilesystemencoding())
    codecs.register_error(_HANDLER, _escaped)
    stream.reconfigure(errors=_HANDLER)


def _escaped(error: UnicodeError) -> tuple[str | bytes, int]:
    """An error handler of codecs: a file's bytes as they are, and letters that are not in the encoding by number."""
    if isinstance(error, UnicodeEncodeError):
        wrong = error.object[error.start : error.end]
        try:
            return wrong.encode("ascii", "surrogateescape"), error.end
        except UnicodeEncodeError:
            return wrong.encode("ascii", "backslashreplace"), error.end
    return codecs.lookup_error("surrogateescape")(error)
