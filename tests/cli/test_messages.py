"""The full wording of messages: command lines, their exit codes and what they print on stderr, in one golden file.

``data/messages.txt`` has a section for each command: a line ``# command``, then blocks of a line ``$ disentool ...``,
a line ``exit N`` and the lines on stderr. The files that the command lines name are made by ``message_files.py``. To
add a message, add a ``$`` line; to accept new wording, run

    DISENTOOL_WRITE_MESSAGES=1 python -m pytest -n 0 tests/cli/test_messages.py

and read the difference before it is committed. Other tests assert the exit code and a noun.
"""

import os
import re
import shlex
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path

import click
import message_files
import pytest
from conftest import DATA

from disentool.cli import COMMANDS, group

GOLDEN = DATA / "messages.txt"
WRITE = "DISENTOOL_WRITE_MESSAGES"
ANY = "any command"
RUN = "$ disentool "


def sections(text: str) -> dict[str, list[str]]:
    """command -> the lines below its heading."""
    found: dict[str, list[str]] = {}
    for line in text.splitlines():
        if line.startswith("# "):
            found[line.removeprefix("# ")] = lines = []
        else:
            lines.append(line)
    return found


@pytest.fixture(scope="module")
def made(trained, tmp_path_factory) -> Path:
    """A folder with the files that the command lines name."""
    folder = tmp_path_factory.mktemp("messages")
    before = Path.cwd()
    os.chdir(folder)
    try:
        message_files.make(trained)
    finally:
        os.chdir(before)
    return folder


@pytest.fixture
def work(made, squares, folder, monkeypatch) -> list[Path]:
    """The working folder, a copy of it; and the folders that messages shall not name."""
    shutil.copytree(made, folder, dirs_exist_ok=True)
    known = set(sys.modules)
    monkeypatch.setattr(sys, "path", [str(folder), *sys.path])
    yield [folder, made, squares.parent]
    for name in [name for name in sys.modules if name.startswith("own_") and name not in known]:
        del sys.modules[name]


def test_every_command_has_messages():
    assert list(sections(GOLDEN.read_text(encoding="utf-8"))) == [ANY, *sorted(COMMANDS)]


@pytest.mark.parametrize("command", [ANY, *sorted(COMMANDS)])
def test_messages(cli, work, command):
    """One after the other in one folder, so that a command may find what one before it has written."""
    golden = GOLDEN.read_text(encoding="utf-8")
    blocks = []
    for line in sections(golden)[command]:
        if line.startswith(RUN):
            outcome = cli(*shlex.split(line.removeprefix(RUN)))
            said = outcome.err
            for folder in work:
                said = said.replace(f"{folder}/", "")
            blocks.append(f"{line}\nexit {outcome.code}\n{said}")
    found = "\n".join(blocks)
    expected = "\n".join(sections(golden)[command])
    assert blocks
    if os.environ.get(WRITE):
        others = sections(golden) | {command: found.splitlines()}
        text = "\n".join(f"# {name}\n" + "".join(f"{line}\n" for line in lines) for name, lines in others.items())
        GOLDEN.write_text(text.replace("\n\n\n", "\n\n"), encoding="utf-8")
        return
    assert found.strip() == expected.strip(), f"the wording has changed; if it is meant to, run this with {WRITE}=1"


_OPTION = re.compile(r"(?<![\w-])--[a-z][a-z-]*")
_QUOTED = re.compile(r"`disentool ([\w-]+)([^`]*)`")


def options(command: click.Command) -> set[str]:
    """The options of a command, and of the commands in it."""
    found = {"--help"}.union(*(parameter.opts + parameter.secondary_opts for parameter in command.params))
    if isinstance(command, click.Group):
        context = click.Context(command)
        found.update(*(options(command.get_command(context, name)) for name in command.list_commands(context)))
    return found


def hints(text: str) -> Iterator[tuple[str, str, set[str]]]:
    """Each option that a message of the golden file names, with the message and the commands that it may be one of.

    That is the command whose message it is, any that the message names in its words, or, of a command in backticks,
    that one alone.
    """
    for command, lines in sections(text).items():
        typed = ""
        for line in lines:
            if line.startswith(RUN):
                typed = line
                continue
            for name, rest in _QUOTED.findall(line):
                yield from ((line, option, {name}) for option in _OPTION.findall(rest))
            named = {name for name in COMMANDS if re.search(rf"(?<![\w-]){name}(?![\w-])", line)}
            for option in _OPTION.findall(_QUOTED.sub("", line)):
                if option not in typed.split():  # what was typed may be no option at all
                    yield line, option, {command, *named}


def test_every_option_that_a_message_names_is_one_of_its_command():
    context = click.Context(group)
    known = {name: options(group.get_command(context, name)) for name in COMMANDS} | {ANY: set()}
    everywhere = {option for parameter in group.params for option in parameter.opts}
    found = list(hints(GOLDEN.read_text(encoding="utf-8")))
    assert len(found) > 200
    wrong = [
        (option, line)
        for line, option, commands in found
        if option not in everywhere and not any(option in known[command] for command in commands)
    ]
    assert not wrong
