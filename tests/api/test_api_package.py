"""The package itself: what it offers, what importing it loads, the examples of its docstrings, the example script."""

import doctest
import importlib
import os
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

import disentool

MODULES = sorted(path.stem for path in Path(disentool.__file__).parent.glob("api/*.py") if path.stem != "__init__")


# ---- the package


def test_every_name_is_offered():
    assert set(disentool.__all__) <= set(dir(disentool))
    assert set(disentool._OFFERED) == set(disentool.__all__) - {"__version__"}
    for name in disentool.__all__:
        assert getattr(disentool, name) is not None
    with pytest.raises(AttributeError, match="nothing"):
        _ = disentool.nothing


def test_importing_it_loads_nothing():
    code = "import sys, disentool; sys.exit(str({'torch', 'numpy', 'click', 'h5py'} & set(sys.modules) or ''))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert done.stderr.strip() == ""


def test_everything_offered_says_what_it_does():
    for name in disentool._OFFERED:
        assert getattr(disentool, name).__doc__


@pytest.mark.parametrize("name", MODULES)
def test_examples_in_the_docstrings(name, trained, squares, folder):
    (folder / "ckpt.pt").symlink_to(trained)
    (folder / "squares.h5").symlink_to(squares)
    module = importlib.import_module(f"disentool.api.{name}")
    result = doctest.testmod(module)
    assert result.failed == 0
    assert result.attempted == Path(module.__file__).read_text(encoding="utf-8").count(">>> ")


# ---- the example


def test_the_example_runs(folder):
    script = ROOT / "examples" / "python_api.py"
    done = subprocess.run(
        [sys.executable, "-W", "error", script], env=os.environ | {"STEPS": "3"}, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    assert "6144, 10" in done.stdout
    written = {path.name for path in (folder / "python_api").iterdir()}
    assert written >= {
        "shapes.pt",
        "traversal.png",
        "traversal.gif",
        "explore.html",
        "swap.png",
        "dirs.h5",
        "shift.gif",
    }
