"""README and help are product: every command in them runs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click import Context
from PIL import Image

from disentool import config, methods
from disentool.cli import COMMANDS, group
from disentool.commands.prepare import prepare
from disentool.training.plan import plan

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = [block for block in re.findall(r"```sh\n(.*?)```", README, re.S) if "bash " not in block]


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    """A folder where README's blocks run one after another: a small data set in the cache, and few training steps."""
    folder = tmp_path_factory.mktemp("readme")
    (folder / "cache").mkdir()
    (folder / "bin").mkdir()
    (folder / "work").mkdir()
    prepare("dsprites", folder / "cache" / "dsprites.h5", subset=2000)
    for i in range(40):  # a user's own images, by class
        name = folder / "work" / "coil20" / f"obj{i // 10 + 1}" / f"{i % 10}.png"
        name.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((32, 32), 6 * i, np.uint8)).save(name)
    (folder / "work" / "examples").symlink_to(ROOT / "examples")
    shim = folder / "bin" / "disentool"
    short = 'case "$1 $*" in "train "*--dry-run*) ;; "train "*) set -- "$@" --steps 2 ;; esac'
    shim.write_text(f'#!/bin/sh\n{short}\nexec "{sys.executable}" -m disentool "$@"\n')
    shim.chmod(0o755)
    environment = os.environ | {
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "DISENTOOL_CACHE": str(folder / "cache"),
    }

    def run(script: str) -> subprocess.CompletedProcess:
        command = ["bash", "-euo", "pipefail", "-c", script]
        settings = {"cwd": folder / "work", "env": environment, "capture_output": True, "text": True}
        return subprocess.run(command, **settings, timeout=300)

    return run


@pytest.mark.slow
def test_readme_blocks_run_in_order(shell):
    assert len(BLOCKS) >= 5
    for block in BLOCKS:
        if "jq " in block and shutil.which("jq") is None:
            block = re.sub(r"\| jq .*", "", block)
        done = shell(block)
        assert done.returncode == 0, (block, done.stderr)
        assert "Traceback" not in done.stderr


def test_readme_names_every_command():
    for name in COMMANDS:
        assert f"`{name} " in README or f"disentool {name} " in README, name


def test_readme_links_exist():
    for target in re.findall(r"\]\(([^)#:]+)\)", README):
        assert (ROOT / target).exists(), target


def test_readme_holds_no_unfilled_number():
    assert "{{" not in README


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_and_says_what_every_option_does(name):
    command = group.get_command(Context(group), name)
    assert command.help and re.search(r"Examples?:\s+disentool ", command.epilog)
    for parameter in command.params:
        if parameter.param_type_name == "option":
            assert parameter.help, parameter.name


@pytest.mark.parametrize("method", methods.METHODS)
def test_every_method_option_has_help_and_every_preset_builds(method):
    config_class = methods.load(methods.find(method).config)
    assert all(option.help for option in config.options(config_class).values())
    for preset in config_class.PRESETS:
        plan(method, {}, preset=preset)
