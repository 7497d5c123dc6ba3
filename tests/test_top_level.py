"""The top folder holds what it is meant to hold, and nothing that a trial has left."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
KEPT = ["LICENSE", "README.md", "disentool", "examples", "pyproject.toml", "recipes", "tests"]


def test_nothing_else_lies_in_the_top_folder():
    if (ROOT / ".git").exists():
        listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True).stdout
        names = {name.split("/")[0] for name in listed.split("\0") if name}
    else:
        names = {path.name for path in ROOT.iterdir()}
    assert sorted(name for name in names if not name.startswith(".")) == KEPT
