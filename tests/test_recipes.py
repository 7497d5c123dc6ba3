"""Every recipe runs, small, and writes records that hold numbers."""

import json
import math
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from raw_files import idx, write_folder

RECIPES = sorted((Path(__file__).parents[1] / "recipes").glob("*/*.sh"))
RECORDS = {"fig5": 4, "apph": 2, "classes": 8, "dsprites": 2}  # that a smoke run writes


def mnist(folder: Path) -> Path:
    """The published test files' names and sizes, with noise and its labels in them."""
    rng = np.random.default_rng(0)
    images, labels = rng.integers(0, 256, (10_000, 28, 28), np.uint8), rng.integers(0, 10, 10_000).astype(np.uint8)
    parts = {"t10k-images-idx3-ubyte": idx(images), "t10k-labels-idx1-ubyte": idx(labels)}
    return write_folder(folder, parts)


@pytest.mark.slow
@pytest.mark.parametrize("script", RECIPES, ids=lambda p: f"{p.parent.name}/{p.name}")
def test_recipe_runs_at_smoke_scale_and_again_does_nothing(script, tmp_path):
    folder = tmp_path / "bin"
    folder.mkdir()
    command = folder / "disentool"
    command.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m disentool "$@"\n')
    command.chmod(0o755)
    environment = os.environ | {
        "SCALE": "smoke",
        "MNIST": str(mnist(tmp_path / "mnist")),
        "OUT": str(tmp_path / "out"),
        "DISENTOOL_CACHE": str(tmp_path / "cache"),
        "PATH": f"{folder}{os.pathsep}{os.environ['PATH']}",
    }
    for _ in range(2):
        done = subprocess.run(["bash", str(script)], env=environment, capture_output=True, text=True, timeout=600)
        assert done.returncode == 0, done.stderr
        records = [json.loads(line) for line in Path(done.stdout.strip()).read_text().splitlines()]
        assert len(records) == RECORDS[script.stem]
        assert all(math.isfinite(record["score"]) for record in records)
    assert "complete at" in done.stderr


def test_recipes_are_listed():
    table = (RECIPES[0].parents[1] / "README.md").read_text()
    for script in RECIPES:
        assert f"recipes/{script.parent.name}/{script.name}" in table
