"""Every recipe runs, small, writes what it says, and finds it done the next time."""

import itertools
import json
import math
import os
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from raw_files import encoded, idx, picture, write_folder, write_tar
from test_biggan import tiny_biggan
from test_biggan import write_folder as write_biggan

ROOT = Path(__file__).parents[1]
RECIPES = sorted((ROOT / "recipes").glob("*/*.sh"))
RECIPES = [script for script in RECIPES if script.name != "sets.sh"]  # sourced by others


def mnist(folder: Path) -> Path:
    """The published test files' names and sizes, with noise and its labels in them."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (10_000, 28, 28), np.uint8), rng.integers(0, 10, 10_000).astype(np.uint8)
    parts = {"t10k-images-idx3-ubyte": idx(images), "t10k-labels-idx1-ubyte": idx(labels)}
    return write_folder(folder, parts)


def chairs(path: Path) -> Path:
    """Two models of 40 views, named as published."""
    files = {}
    for model, number in itertools.product(("d1ef", "1028"), range(40)):
        view = f"image_{number + 1:03}_p{20 + 10 * (number % 2):03}_t{number // 2:03}_r096.png"
        name = f"rendered_chairs/{model}/renders/{view}"
        files[name] = encoded(picture(number, 150, 150), "PNG")
    return write_tar(path, files)


def rafd(folder: Path) -> Path:
    """Four people, four expressions, three cameras, named as published."""
    shots = itertools.product((45, 90, 135), (1, 2, 3, 4), ("sad", "angry", "happy", "neutral"))
    names = [f"Rafd{c:03}_{p:02}_Caucasian_female_{expression}_frontal.jpg" for c, p, expression in shots]
    return write_folder(folder, {name: encoded(picture(n, 128, 85), "JPEG") for n, name in enumerate(names)})


def shoes(folder: Path) -> Path:
    """Twenty pairs of pictures side by side, named as published."""
    names = [f"edges2shoes/train/{number}_AB.jpg" for number in range(1, 21)]
    return write_folder(folder, {name: encoded(picture(n, 256, 512), "JPEG") for n, name in enumerate(names)})


def biggan(folder: Path) -> Path:
    return write_biggan(folder, tiny_biggan())


def coil(folder: Path) -> Path:
    """Six objects of four views, a folder each."""
    views = itertools.product(range(1, 7), range(4))
    return write_folder(folder, {f"obj{o}/{v}.png": encoded(picture(4 * o + v, 32, 32), "PNG") for o, v in views})


# Recipes that take somebody's files: the variable that names them, and what writes some. Some do without, too.
FILES = {"apph": ("MNIST", mnist), "fig12": ("CHAIRS", lambda folder: chairs(folder.with_suffix(".tar")))}
FILES |= {"expressions": ("RAFD", rafd), "domains": ("EDGES2SHOES", shoes), "biggan": ("BIGGAN", biggan)}
FILES |= {"unseen": ("COIL20", coil)}
ALSO_WITHOUT = {"domains", "unseen"}
RUNS = [(script, script.stem in FILES) for script in RECIPES]
RUNS += [(script, False) for script in RECIPES if script.stem in ALSO_WITHOUT]


@pytest.fixture
def shell(tmp_path):
    """Runs a recipe at smoke scale."""
    (tmp_path / "bin").mkdir()

    def command(name: str, *run: object) -> None:
        (tmp_path / "bin" / name).write_text(f'#!/bin/sh\nexec "{sys.executable}" {" ".join(map(str, run))} "$@"\n')
        (tmp_path / "bin" / name).chmod(0o755)

    def run(script: Path, disentool=("-m", "disentool"), **variables) -> subprocess.CompletedProcess:
        command("python")
        command("disentool", *disentool)
        environment = os.environ | {
            "SCALE": "smoke",
            "OUT": str(tmp_path / "out"),
            "DISENTOOL_CACHE": str(tmp_path / "cache"),
            "PATH": f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}",
        }
        return subprocess.run(
            ["bash", str(script)], env=environment | variables, capture_output=True, text=True, timeout=900
        )

    return run


def check(path: Path) -> None:
    """A file that a recipe says it made: records hold finite numbers, pictures something."""
    assert path.stat().st_size > 0, path
    if path.suffix == ".jsonl":
        records = [json.loads(line) for line in path.read_text().splitlines()]
        assert records, path
        assert all(math.isfinite(record["score"]) for record in records if "score" in record), path
        assert "NaN" not in path.read_text()


@pytest.mark.recipe
@pytest.mark.parametrize(
    ("script", "with_files"), RUNS, ids=[f"{p.parent.name}/{p.name}{'-files' if f else ''}" for p, f in RUNS]
)
def test_recipe_runs_at_smoke_scale_and_again_does_nothing(script, with_files, shell, tmp_path):
    variables = {}
    if with_files:
        name, write = FILES[script.stem]
        variables[name] = str(write(tmp_path / "published"))
    first = shell(script, **variables)
    assert first.returncode == 0, first.stderr
    made = [Path(line) for line in first.stdout.splitlines()]
    assert any(path.suffix == ".jsonl" for path in made)
    for path in made:
        check(path)
    times = {path: path.stat().st_mtime_ns for path in made}
    again = shell(script, **variables)
    assert (again.returncode, again.stdout) == (0, first.stdout), again.stderr
    assert {path: path.stat().st_mtime_ns for path in made} == times


@pytest.mark.recipe
@pytest.mark.parametrize("scale", ["paper", "short"])
@pytest.mark.parametrize("script", RECIPES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_every_command_parses_at_the_larger_scales(script, scale, shell, tmp_path):
    """With every data set named; nothing is computed."""
    named = (
        "MNIST",
        "CHAIRS",
        "FACES",
        "CELEBA",
        "CARS3D",
        "SMALLNORB",
        "KTH",
        "COIL20",
        "FOLDER",
        "RAFD",
        "EDGES2SHOES",
    )
    variables = dict.fromkeys((*named, "BIGGAN"), str(tmp_path)) | {"SCALE": scale}
    if script.stem == "fig12":  # elsewhere it stands for the set that the recipe renders
        variables["DATA"] = "dsprites"
    done = shell(script, [ROOT / "tests" / "parsed_command.py"], **variables)
    assert done.returncode == 0, done.stderr
    assert all(Path(line).exists() for line in done.stdout.splitlines())


@pytest.mark.parametrize("script", RECIPES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_recipe_is_explained_and_listed(script):
    text = script.read_text()
    assert re.match(r"#!/usr/bin/env bash\n# (Kim & Mnih|Plumerault et al\.|Gabbay & Hoshen)", text)
    named = f"recipes/{script.parent.name}/{script.name}"
    assert f"bash {named}" in text
    assert named in (ROOT / "recipes" / "README.md").read_text()
    assert subprocess.run(["bash", "-n", str(script)], capture_output=True).returncode == 0
    assert all(len(line) <= 140 for line in text.splitlines())


def test_readme_lists_recipes_that_are_there():
    for named in re.findall(r"recipes/\w+/\w+\.(?:sh|py)", (ROOT / "recipes" / "README.md").read_text()):
        assert (ROOT / named).exists(), named


def test_a_failing_step_is_named(shell):
    done = shell(ROOT / "recipes" / "factorvae" / "fig6.sh", DATA="none.h5")
    assert done.returncode != 0
    assert "none.h5" in done.stderr and re.search(r"fig6: line \d+", done.stderr)
    done = shell(ROOT / "recipes" / "factorvae" / "fig6.sh", SCALE="large")
    assert (done.returncode, done.stderr) == (2, "SCALE=large: expected paper, short or smoke\n")
    done = shell(ROOT / "recipes" / "lord" / "expressions.sh")
    assert (done.returncode, done.stderr) == (2, "expressions: RAFD=folder names the published pictures\n")
