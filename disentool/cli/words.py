"""What is said to people on stderr, fit for a terminal."""

_LONGEST = 2000  # characters


def printable(message: str) -> str:
    """A message as one line that a terminal shows and does not obey: what is in it may come from anyone's file."""
    line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode() for c in " ".join(message.split()))
    return line if len(line) <= _LONGEST else f"{line[:_LONGEST]} ..."
