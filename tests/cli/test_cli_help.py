"""Help: options under headings, lists of names, and examples that parse, of which the cheap ones run."""

import glob
import io
import re
import shlex
import shutil
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import click
import numpy as np
import parsed_command
import pytest
from conftest import SMALL_FACTOR, square_grid
from PIL import Image

from disentool import config, methods
from disentool.cli import COMMANDS, group
from disentool.cli.help import Command, Option
from disentool.commands.encode import encode
from disentool.commands.export import export
from disentool.commands.score import score
from disentool.commands.train import train
from disentool.io import directions_file
from disentool.io.directions_file import Direction, Directions
from disentool.io.files import sha256
from disentool.io.records import to_json
from disentool.metrics import METRICS
from disentool.scoring.metric import choose_metrics
from disentool.training.config import RunConfig
from disentool.training.plan import plan

# click keeps the help option of the first context that a command meets: it must be the real one.
PARENT = click.Context(group, info_name="disentool", **group.context_settings)
TRAIN = click.Context(group.get_command(PARENT, "train"), info_name="train", parent=PARENT)


def found(name: str) -> click.Command:
    """The command of this name, or the method of ``train NAME``."""
    return TRAIN.command.get_command(TRAIN, name) if name in methods.METHODS else group.get_command(PARENT, name)


ALL = [*(name for name in COMMANDS if name != "train"), *methods.METHODS]
EXAMPLES = [(name, example) for name in ("", "train", *ALL) for example in (found(name) if name else group).examples]


def commands(example: str) -> Iterator[tuple[list[str], str]]:
    """The command lines of an example in turn, and the file that the shell writes the output of each to, if any."""
    for part in re.split(r" && | \| ", example):
        line, _, target = part.partition(" > ")
        program, *words = shlex.split(line)
        assert program == "disentool", example
        yield words, target


@pytest.mark.parametrize("name", ALL)
def test_every_option_stands_under_a_heading_and_says_what_it_does(name):
    command = found(name)
    assert isinstance(command, Command)
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert isinstance(parameter, Option), parameter.name
            assert parameter.help[0].isalnum() or parameter.help[0] == "-", parameter.help
            assert parameter.help.split("  [default")[0].endswith("."), parameter.help


@pytest.mark.parametrize("name", ALL)
def test_no_command_takes_options_that_it_does_not_name(name):
    """A method's own options are its configuration's fields; every other option is a parameter of the function."""
    command = found(name)
    code = command.callback.__code__
    named = set(code.co_varnames[: code.co_argcount + code.co_kwonlyargcount])
    fields = {}
    if name in methods.METHODS:
        fields = config.options(methods.load(methods.find(name).config)) | config.options(RunConfig)
    assert {parameter.name for parameter in command.params} - fields.keys() == named


def test_the_headings_of_a_method_stand_in_order():
    text = found("factorvae").get_help(TRAIN)
    headings = ["Method:", "Optimiser:", "Data:", "Run:", "Output:", "Presets:", "Examples:"]
    lines = text.splitlines()
    assert [line for line in lines if line in headings] == headings
    optimiser = lines[lines.index("Optimiser:") : lines.index("Data:")]
    assert any("--discriminator-learning-rate" in line for line in optimiser)
    assert optimiser[1].startswith("  --steps N,...")
    assert "  quick " in text and "learning-rate 0.001" in text


def test_metrics_are_a_list():
    lines = found("score").get_help(PARENT).splitlines()
    listed = lines[lines.index("Metrics:") : next(i for i, line in enumerate(lines) if line.startswith("Protocols"))]
    assert all(any(line.startswith(f"  {name} ") for line in listed) for name in METRICS)


# ---- examples


def test_every_command_has_two_examples():
    assert all(len(found(name).examples) == 2 for name in ("train", *ALL))
    for name in ("train", *ALL):
        command = f"disentool {'train ' if name in methods.METHODS else ''}{name}"
        assert all(command in example for example in found(name).examples), name


@pytest.mark.parametrize(("name", "example"), EXAMPLES)
def test_an_example_parses(name, example):
    parsed = [parsed_command.parse(words) for words, _ in commands(example)]
    assert parsed and (name in ("", "train") or name in parsed)


def is_cheap(example: str) -> bool:
    """Not those that train at full length, render dSprites, or need a model that has learnt to shift or to swap."""
    costly = ("disentool train", "prepare dsprites", "find-direction", "lord.pt")
    return not any(words in example for words in costly)


@pytest.fixture(scope="module")
def inputs(tmp_path_factory, trained, squares) -> Path:
    """A folder with every file that the cheap examples read."""
    folder = tmp_path_factory.mktemp("inputs")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(folder)
        (folder / "runs").mkdir()
        shutil.copy(trained, "ckpt.pt")
        shutil.copy(trained.with_suffix(".history.jsonl"), "ckpt.history.jsonl")
        given = SMALL_FACTOR | {"steps": 2, "data": str(squares), "device": "cpu", "seed": [0, 1, 2]}
        list(train(plan("factorvae", given, output="runs/{seed}.pt")))
        for index, name in enumerate(("a.png", "b.png")):
            Image.fromarray(square_grid()[0][index * 50, :, :, 0]).save(name)
        for index in range(20):
            path = Path("photos", "ab"[index % 2], f"{index}.png")
            path.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((70, 70), 12 * index, np.uint8)).save(path)
        knots = np.linspace(-3, 3, 13)
        shift = Direction("shift-x", np.eye(4, dtype=np.float32)[0], knots, 0.1 * knots, (-0.3, 0.3), "image widths")
        directions_file.write(
            Directions(Path("dirs.h5"), {"shift-x": shift}, "ckpt.pt", sha256(Path("ckpt.pt")), "known", 0),
            overwrite=False,
        )
        encode(Path("ckpt.pt"), Path("z.h5"), device="cpu")
        metrics = choose_metrics(["factor", "mig", "reconstruction"], None)
        records = score(["runs/0.pt", "runs/1.pt", "runs/2.pt"], metrics, device="cpu")
        Path("scores.jsonl").write_text("".join(f"{to_json(record)}\n" for record in records))
        export(Path("ckpt.pt"), Path("model.safetensors"))
    return folder


@pytest.mark.parametrize(("name", "example"), [case for case in EXAMPLES if is_cheap(case[1])])
def test_a_cheap_example_runs(cli, inputs, monkeypatch, tmp_path, name, example):
    """Each command of it in turn, as a shell runs them."""
    shutil.copytree(inputs, tmp_path / "work")
    monkeypatch.chdir(tmp_path / "work")
    printed = ""
    for words, target in commands(example):
        files = [path for word in words for path in (sorted(glob.glob(word)) or [word])]
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(printed.encode())))
        for flag, word in pairwise(words):
            if flag == "-o":
                Path(word).unlink(missing_ok=True)  # an example of another command reads it
        outcome = cli(*files)
        assert outcome.code == 0 and outcome.out, outcome
        printed = outcome.out
        if target:
            Path(target).write_text(printed)
