"""Messages in a Python caller's words: ``dims``, where the command line says ``--dims``.

The core names options as the command line does, in some two hundred places; whoever reads a message of a command most
often reads it in a shell. Rewriting the few forms that occur, here at the boundary, leaves those places simple: raising
with bare names instead would need marks in each of them, so that the command line could tell names from other words.
"""

import re
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager

from disentool.errors import DisentoolError
from disentool.reporting import Reporter, Task

# Options whose argument has another name.
_ARGUMENTS = {
    "range": "extent",
    "from": "raw",
    "class": "classes",
    "class-label": "class_labels",
    "config": "config_file",
    "seeds": "seed",
}
_FUNCTIONS = ("prepare", "train", "encode", "decode", "sample", "score", "traverse", "find-direction", "swap")
_OF_A_SHELL = ("debug", "list", "dry-run", "quiet", "verify", "schema")  # options that no function has

_QUOTED = re.compile(r"((?<!\w)'[^']*'(?!\w))")  # what a caller gave, which stays as it is
_OPTION = re.compile(r"(?<![\w.=/-])--(no-)?([a-z][a-z0-9-]*)(?!\.?\w)")
_OUTPUT = re.compile(r"(?<![\w.=/-])-o(?![\w=-])")
_COMMAND = re.compile(rf"`(disentool [a-z-]+|{'|'.join(_FUNCTIONS)})\b([^`]*)`")
_ASIDE = re.compile(rf" \([^()]*--(?:{'|'.join(_OF_A_SHELL)})\b[^()]*\)")


@contextmanager
def in_python(switches: Collection[str]) -> Iterator[None]:
    """Named errors raised within are raised on, with :func:`worded` messages; the class stays."""
    try:
        yield
    except DisentoolError as error:
        error.args = (worded(str(error), switches), *error.args[1:])
        raise


def worded(message: str, switches: Collection[str] = ()) -> str:
    """The message without a shell's words: options become arguments, commands functions, ``switches`` are set True.

    A clause with a hint that only a shell can follow is left out.
    """
    first, *others = _ASIDE.sub("", message).split("; ")
    clauses = [first, *(clause for clause in others if not _needs_shell(clause))]
    parts = _QUOTED.split("; ".join(clauses))
    return "".join(part if place % 2 else _plain(part, switches) for place, part in enumerate(parts))


class Worded:
    """A caller's reporter, told of everything in the same words."""

    def __init__(self, report: Reporter, switches: Collection[str]):
        self._report, self._switches = report, switches

    def note(self, message: str) -> None:
        """One line for people."""
        self._report.note(worded(message, self._switches))

    def error(self, message: str) -> None:
        """One line for people."""
        self._report.error(worded(message, self._switches))

    def task(self, label: str, total: int, unit: str, done: int = 0) -> AbstractContextManager[Task]:
        """As the caller's."""
        return self._report.task(label, total, unit, done)


def _needs_shell(clause: str) -> bool:
    """Whether a hint sets a variable of the shell, or names a command or an option that no function has."""
    if "PYTHONPATH=" in clause:
        return True
    commands = [(command[1].split()[-1], _options(command[2])) for command in _COMMAND.finditer(clause)]
    return any(name not in _FUNCTIONS or set(options) & set(_OF_A_SHELL) for name, options in commands)


def _plain(text: str, switches: Collection[str]) -> str:
    text = _COMMAND.sub(lambda found: _call(found[1].split()[-1], found[2]), text)
    text = _OUTPUT.sub("output", text).replace("--set ", "")
    return _OPTION.sub(lambda found: _argument(found[2], switches, "False" if found[1] else "True"), text)


def _argument(option: str, switches: Collection[str], value: str) -> str:
    name = _ARGUMENTS.get(option, option.replace("-", "_"))
    return f"{name}={value}" if name in switches or value == "False" else name


def _call(command: str, rest: str) -> str:
    """``prepare --split`` as a call of the function."""
    if command not in _FUNCTIONS:
        return f"the command {command}"
    given = ", ".join(f"{_argument(option, (), 'True')}=..." for option in _options(rest))
    return f"disentool.{command.replace('-', '_')}" + (f"({given})" if given else "")


def _options(words: str) -> list[str]:
    output = ["output"] if _OUTPUT.search(words) else []
    return [found[2] for found in _OPTION.finditer(words)] + output
