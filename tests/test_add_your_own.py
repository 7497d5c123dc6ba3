"""examples/add-your-own.md holds: its blocks, run in order in a copy of the repository, add what they say."""

import ast
import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
TEXT = (ROOT / "examples" / "add-your-own.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(.+?)\n(.*?)^```$", TEXT, re.S | re.M)


def end_of(table: str, source: str) -> int:
    """The line, counted from 0, that closes the table of this name in a module's source."""
    for node in ast.parse(source).body:
        if isinstance(node, ast.AnnAssign) and isinstance(node.target, ast.Name) and node.target.id == table:
            value = node.value.args[0] if isinstance(node.value, ast.Call) else node.value
            return value.end_lineno - 1
    raise AssertionError(f"no table {table}")


@pytest.fixture(scope="module")
def copied(tmp_path_factory) -> Path:
    """A copy of the package and the examples, to which every Python block has been added as the text says."""
    folder = tmp_path_factory.mktemp("copy")
    for name in ("disentool", "examples"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    (folder / "bin").mkdir()
    shim = folder / "bin" / "disentool"
    shim.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m disentool "$@"\n')
    shim.chmod(0o755)
    return folder


def shell(folder: Path, script: str) -> subprocess.CompletedProcess:
    environment = os.environ | {
        "PATH": f"{folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(folder),
        "DISENTOOL_CACHE": str(folder / "cache"),
    }
    command = ["bash", "-euo", "pipefail", "-c", script]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, timeout=300)


def add(folder: Path, where: str, block: str) -> None:
    """A Python block: a new file, lines at the end of one, or an entry at the end of a table."""
    name, _, place = where.partition(", at the end")
    path, table = folder / name, place.removeprefix(" of ")
    if where.endswith(", at the end"):
        path.write_text(f"{path.read_text(encoding='utf-8')}\n\n{block}", encoding="utf-8")
        return
    if not table:
        assert not path.exists(), f"{name} is there already"
        path.write_text(block, encoding="utf-8")
        return
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    lines.insert(end_of(table, "".join(lines)), block.rstrip(",\n") + ",\n")  # the formatter takes an entry's comma
    path.write_text("".join(lines), encoding="utf-8")


def test_the_text_adds_a_data_set_a_method_and_a_metric(copied):
    """One test, as each part uses what the parts before it have added."""
    printed = []
    for kind, block in BLOCKS:
        language, _, where = kind.partition(" ")
        if language == "python":
            add(copied, where, block)
            continue
        done = shell(copied, block)
        assert done.returncode == 0, (block, done.stderr)
        printed += done.stdout.splitlines()
    assert {"bars.h5", "mine.pt", "mine.latents.h5", "mine.png"} <= set(printed)
    records = [json.loads(line) for line in printed if line.startswith("{")]
    scores = {(record["metric"], record["artefact"]): record["score"] for record in records}
    assert scores["reconstruction", "mine.pt"] > 0
    for name in ("mine.pt", "mine.latents.h5"):
        assert 0 < scores["best-correlation", name] <= 1
    listed = shell(copied, "disentool train --help && disentool prepare --list && disentool train mine --help")
    assert all(word in listed.stdout for word in ("an autoencoder (authors year)", "bars", "--latent-dim"))


def test_blocks_are_code_as_the_project_writes_it(tmp_path):
    """New files, and files with their new lines, are formatted and linted as the package is."""
    files = [(kind.partition(" ")[2], block) for kind, block in BLOCKS if kind.startswith("python disentool/")]
    for where, block in files:
        name, changes, _ = where.partition(", at the end")
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        if changes:
            shutil.copy(ROOT / name, tmp_path / name)
        add(tmp_path, where, block)
    assert len(list(tmp_path.rglob("*.py"))) == len(files) == 6
    config = ROOT / "pyproject.toml"
    for command in (["check"], ["format", "--check"]):
        done = subprocess.run(
            [sys.executable, "-m", "ruff", *command, "--config", str(config), str(tmp_path)],
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout
