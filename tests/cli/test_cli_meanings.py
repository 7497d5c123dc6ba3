"""One word, one meaning: options of one name mean the same in every command, or their helps say otherwise."""

from collections import defaultdict

import click
import pytest
from same_files import assert_same_bytes

from disentool import methods
from disentool.cli import COMMANDS, group
from disentool.cli.help import Option
from disentool.cli.meanings import SEVERAL, TRAIN, meaning

# Options whose helps differ in words, or in what fits the command, and which mean the same wherever they are.
ONE_MEANING = {
    "--class-label",
    "--config",
    "--data",
    "--device",
    "--format",
    "--image",
    "--lpips",
    "--learning-rate",
    "--loss",
    "--metrics",
    "--output",
    "--precision",
    "--seed",
    "--sigma",
    "--starts",
}


PARENT = click.Context(group, info_name="disentool")
TRAIN_CONTEXT = click.Context(group.get_command(PARENT, TRAIN), info_name=TRAIN, parent=PARENT)


def found(name: str) -> click.Command:
    """The command of this name, or the method of ``train NAME``."""
    of_train = name in methods.METHODS
    return TRAIN_CONTEXT.command.get_command(TRAIN_CONTEXT, name) if of_train else group.get_command(PARENT, name)


def helps() -> dict[str, dict[str, str]]:
    """Option -> command -> its help before the default; ``train`` stands for all methods, each has its own."""
    gathered = defaultdict(lambda: defaultdict(str))
    for name in [*(name for name in COMMANDS if name != TRAIN), *methods.METHODS]:
        for parameter in found(name).params:
            if isinstance(parameter, Option):
                command = TRAIN if name in methods.METHODS else name
                told, text = gathered[parameter.opts[-1]], parameter.help.partition("  [default")[0]
                told[command] += "" if text in told[command] else f"{text}\n"
    return gathered


HELPS = helps()


@pytest.mark.parametrize("flag", sorted(flag for flag, told in HELPS.items() if len(set(told.values())) > 1))
def test_options_of_one_name_and_several_meanings_say_so(flag):
    """A new option of an old name belongs into the table of meanings, or above, where it means the same."""
    assert (flag in SEVERAL) != (flag in ONE_MEANING)
    for command, told in HELPS[flag].items() if flag in SEVERAL else ():
        own = meaning(flag, command)
        assert own is not None, command
        for words, commands in SEVERAL[flag].items():
            if words != own:
                assert f"{words} ({', '.join(commands)})" in told


@pytest.mark.parametrize("flag", SEVERAL)
def test_the_table_of_meanings_names_what_is_there(flag):
    named = [command for commands in SEVERAL[flag].values() for command in commands]
    assert sorted(named) == sorted(HELPS[flag])
    assert len(SEVERAL[flag]) > 1


@pytest.mark.parametrize("flag", ["--steps", "--rows", "--images", "--class", "--codes", "--t"])
def test_the_defaults_stay_last(flag):
    for name in COMMANDS:
        for parameter in found(name).params if name != TRAIN else ():
            if flag in parameter.opts:
                text = parameter.get_help_record(click.Context(found(name)))[1]
                assert "Elsewhere: " in text
                assert "[default" not in text or text.endswith("]")


# ---- where one meaning can be, it is


@pytest.mark.parametrize("option", ["--rows", "--dims"])
def test_numbers_are_named_in_ranges_everywhere(cli, trained, folder, option):
    call = ("traverse", trained, "--device", "cpu", "--size", 16)
    for text, name in (("0,2-3", "a.png"), ("0,2,3", "b.png")):
        cli(*call, option, text, "-o", name).printed(name)
    assert_same_bytes(folder / "a.png", folder / "b.png")
    cli(*call, option, "3-2", "-o", "c.png").failed(2, option)
    assert not (folder / "c.png").exists()
