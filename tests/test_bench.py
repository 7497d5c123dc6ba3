"""The benchmarks run, and print a table; what they measure is not for tests."""

import subprocess
import sys
from pathlib import Path

import pytest

BENCH = Path(__file__).parent / "bench"


@pytest.mark.slow
def test_one_command_prints_one_table():
    options = ("--device", "cpu", "--seconds", "0.01", "--method", "betavae")
    parts = ("methods", "encode")
    done = subprocess.run([sys.executable, BENCH, *options, *parts], capture_output=True, text=True, check=True)
    name, blank, *table = done.stdout.splitlines()
    assert "a launch takes" in name and not blank and done.stderr == ""
    assert len({line.count("|") for line in table}) == 1 and table[0].startswith("| what | figure |")
    what = [line.split(" | ")[0].removeprefix("| ") for line in table[2:]]
    assert what == ["betavae", "encode 2,048 images"]


def test_a_part_that_there_is_not():
    done = subprocess.run([sys.executable, BENCH, "steps"], capture_output=True, text=True)
    assert done.returncode == 2 and "steps" in done.stderr
