"""What made a file: the toolkit's version and the command, the same words for every artefact."""

import shlex
from collections.abc import Sequence
from contextvars import ContextVar

import disentool
from disentool.system.names_as_text import as_text

_command: ContextVar[str] = ContextVar("command", default="")


def set_command(arguments: Sequence[str]) -> None:
    """Note the command line that is running; files written from now on carry it."""
    _command.set(as_text(shlex.join(["disentool", *arguments])))


def command() -> str:
    """The command line that is running; empty when the toolkit is used from Python."""
    return _command.get()


def created_by() -> str:
    """The toolkit and its version."""
    return f"disentool {disentool.__version__}"
