"""Messages in a Python caller's words: ``dims``, where the command line says ``--dims``.

The core names options as the command line does, in some two hundred places; whoever reads a message of a command most
often reads it in a shell. Rewriting the few forms that occur, here at the boundary, leaves those places simple: raising
with bare names instead would need marks in each of them, so that the command line could tell names from other words.
"""

import re
import shlex
from collections.abc import Collection, Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from disentool.arguments.option_values import option_values
from disentool.errors import DisentoolError
from disentool.reporting import Reporter, Task

# Options whose argument has another name; of several names, a function has one.
_ARGUMENTS = {
    "range": ("extent",),
    "from": ("raw",),
    "class": ("classes",),
    "class-label": ("class_labels",),
    "config": ("config_file",),
    "seeds": ("seed",),
    "codes": ("codes_from", "codes_key", "latents"),
}
_FUNCTIONS = ("prepare", "train", "encode", "decode", "sample", "score", "traverse", "find-direction", "swap")
_OF_A_SHELL = ("debug", "list", "dry-run", "quiet", "verify", "schema")  # options that no function has

_QUOTED = re.compile(r"((?<!\w)'[^']*'(?!\w))")  # what a caller gave, which stays as it is
_OPTION = re.compile(r"(?<![\w.=/-])--(no-)?([a-z][a-z0-9-]*)(?!\.?\w)(?: (\w[\w-]*)(?![\w.,:/+*{-]*[\w:]))?")
_PLACEHOLDER = re.compile(r"(?<![\w.=/-])((?:--[a-z-]+|-o)) (?:FILE|FOLDER|NAME|KEY|CKPT|N|X)(?:,N)*(?!\w)")
_CONSTANT = re.compile(r"--set (\w+)=((?:[\w.-]|:(?=\w))*+)(?=[\s;,)]|$)")
_GIVEN = re.compile(r"`(--[^`]*)`")  # options with their values, as they can be typed
_OUTPUT = re.compile(r"(?<![\w.=/-])-o(?![\w=-])")
_COMMAND = re.compile(rf"`(disentool [a-z-]+|{'|'.join(_FUNCTIONS)})\b([^`]*)`")
_ASIDE = re.compile(rf" \([^()]*--(?:{'|'.join(_OF_A_SHELL)})\b[^()]*\)|, such as `grep [^`]*`")


@dataclass(frozen=True)
class Arguments:
    """The names of a function's arguments, and which of them are set to True by the option alone."""

    names: Collection[str] = ()
    switches: Collection[str] = ()


_ANY = Arguments()


@contextmanager
def in_python(arguments: Arguments) -> Iterator[None]:
    """Named errors raised within are raised on, with :func:`worded` messages; the class stays."""
    try:
        yield
    except DisentoolError as error:
        error.args = (worded(str(error), arguments), *error.args[1:])
        raise


def worded(message: str, arguments: Arguments = _ANY) -> str:
    """The message without a shell's words: options become ``arguments`` of the function called, commands functions.

    A clause with a hint that only a shell can follow is left out.
    """
    first, *others = _ASIDE.sub("", message).split("; ")
    clauses = [first, *(clause for clause in others if not _needs_shell(clause))]
    parts = _QUOTED.split("; ".join(clauses))
    return "".join(part if place % 2 else _plain(part, arguments) for place, part in enumerate(parts))


class Worded:
    """A caller's reporter, told of everything in the same words."""

    def __init__(self, report: Reporter, arguments: Arguments):
        self._report, self._arguments = report, arguments

    def note(self, message: str) -> None:
        """One line for people."""
        self._report.note(worded(message, self._arguments))

    def error(self, message: str) -> None:
        """One line for people."""
        self._report.error(worded(message, self._arguments))

    def task(self, label: str, total: int, unit: str, done: int = 0) -> AbstractContextManager[Task]:
        """As the caller's."""
        return self._report.task(label, total, unit, done)


def _needs_shell(clause: str) -> bool:
    """Whether a hint sets a variable of the shell, or names a command or an option that no function has."""
    if "PYTHONPATH=" in clause:
        return True
    commands = [(command[1].split()[-1], _options(command[2])) for command in _COMMAND.finditer(clause)]
    return any(name not in _FUNCTIONS or set(options) & set(_OF_A_SHELL) for name, options in commands)


def _plain(text: str, arguments: Arguments) -> str:
    text = _COMMAND.sub(lambda found: _call(found[1].split()[-1], found[2]), text)
    text = _GIVEN.sub(lambda found: _keywords(found[1], arguments), text)
    text = _CONSTANT.sub(lambda found: f"constants={{{found[1]!r}: {_value(found[2])}}}", text)
    text = _PLACEHOLDER.sub(r"\1", text)
    text = _OUTPUT.sub("output", text).replace("--set ", "")
    return _OPTION.sub(lambda found: _option(found, arguments), text)


def _option(found: re.Match[str], arguments: Arguments) -> str:
    """``--stage both`` as ``stage='both'``; a word that is no value of the option stays as it is."""
    off, option, word = found[1], found[2], found[3]
    if word is None:
        return _argument(option, arguments, "False" if off else "True")
    ends = found.string[found.end() : found.end() + 1]
    if ends != ":" and (word.isdigit() or word in option_values().get(option.replace("-", "_"), ())):
        return f"{_name(option, arguments)}={word if word.isdigit() else repr(word)}"
    return f"{_argument(option, arguments, 'False' if off else 'True')} {word}"


def _keywords(words: str, arguments: Arguments) -> str:
    """``--gamma 40 --rows test --no-skip`` as ``gamma=40, rows='test', skip=False``."""
    found: list[str] = []
    for word in shlex.split(words):
        if word.startswith("--"):
            option = word.removeprefix("--no-").removeprefix("--")
            found.append(f"{_name(option, arguments)}={not word.startswith('--no-')}")
        else:  # the value of the option before
            found[-1] = f"{found[-1].removesuffix('True')}{_literal(word)}"
    return ", ".join(found)


def _literal(word: str) -> str:
    """A value of the command line as Python writes it."""
    if word in ("true", "false", "none"):
        return word.capitalize()
    try:
        float(word)
    except ValueError:
        return repr(word)
    return word


def _value(word: str) -> str:
    """The value of a constant; a placeholder, or none, is three dots."""
    return "..." if not word or word.isupper() else _literal(word)


def _name(option: str, arguments: Arguments) -> str:
    names = _ARGUMENTS.get(option, (option.replace("-", "_"),))
    return next((name for name in names if name in arguments.names), names[0])


def _argument(option: str, arguments: Arguments, value: str) -> str:
    name = _name(option, arguments)
    return f"{name}={value}" if name in arguments.switches or value == "False" else name


def _call(command: str, rest: str) -> str:
    """``prepare --split`` as a call of the function."""
    if command not in _FUNCTIONS:
        return f"the command {command}"
    given = ", ".join(f"{_name(option, _ANY)}=..." for option in _options(rest))
    return f"disentool.{command.replace('-', '_')}" + (f"({given})" if given else "")


def _options(words: str) -> list[str]:
    output = ["output"] if _OUTPUT.search(words) else []
    return [found[2] for found in _OPTION.finditer(words)] + output
