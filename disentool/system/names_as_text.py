"""The names of files as text that UTF-8 can hold: they are bytes, and not every system's are UTF-8."""


def as_text(text: str) -> str:
    r"""Text in which names of files may stand, for people: a name's bytes that are no UTF-8 as ``\xff``."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    except UnicodeEncodeError:  # half a pair of UTF-16, which is no name's byte
        return text.encode("utf-8", "backslashreplace").decode("utf-8")


def as_utf8(text: str) -> str:
    """Text in which names of files may stand, for a file: such bytes as U+FFFD, which JSON and HTML take as it is."""
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    except UnicodeEncodeError:
        return text.encode("utf-8", "replace").decode("utf-8")
