"""The house: imports point downwards only, torch is loaded only where it computes, and files stay short."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import square_grid, write_dataset

import disentool
from disentool import configs
from disentool.cli import COMMANDS
from disentool.datasets import DATASETS
from disentool.io.schema import FORMATS
from disentool.metrics import METRICS

ROOT = Path(disentool.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

# From the top down. A line may import the lines below it; packages on one line do not import each other, a package's
# own modules may. ``disentool`` itself (its version) is open to all.
LAYERS = (
    {"__main__"},
    {"cli"},
    {"stages"},
    {"methods", "metrics", "datasets", "directions", "engine"},
    {"nn", "io"},
    {"phase", "config", "configs", "errors"},
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
# On the lowest line: what a configuration is made of, below it the errors.
AMONG_THE_LOWEST = {("configs", "config"), ("configs", "errors"), ("config", "errors"), ("phase", "errors")}


def imports(path: Path) -> set[str]:
    """Every module that a file imports anywhere in it, relative ones resolved, and those named in tables."""
    package = ["disentool", *path.relative_to(ROOT).parts[:-1]]
    found = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else []
            module = ".".join([*base, *([node.module] if node.module else [])])
            found |= {module} if module != "disentool" else {f"disentool.{alias.name}" for alias in node.names}
            found |= {f"{module}.{alias.name}" for alias in node.names if module}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str) and node.value.startswith("disentool."):
            found |= {node.value.partition(":")[0]}  # "disentool.cli.train:train", loaded when used
    return found - FORMATS.keys()  # a file's format may be called as a package is


def room(module: str) -> str | None:
    """``disentool.io.files`` -> ``io``; None for modules of others."""
    parts = module.split(".")
    return parts[1] if parts[0] == "disentool" and len(parts) > 1 and parts[1] in LEVEL else None


def wrong(importer: str, imported: str) -> bool:
    if importer == imported or (importer, imported) in AMONG_THE_LOWEST:
        return False
    return LEVEL[imported] <= LEVEL[importer]


def own_room(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def test_every_file_has_a_place():
    assert {own_room(path) for path in FILES} - {"__init__"} <= LEVEL.keys()


def test_imports_point_downwards():
    found = []
    for path in FILES:
        here = own_room(path)
        if here == "__init__":
            assert not {room(module) for module in imports(path)} - {None}, "the version needs nothing"
            continue
        table = here == "configs" and path.name == "__init__.py"  # it names the implementations it does not import
        for module in imports(path):
            there = room(module)
            if there and wrong(here, there) and not (table and there == "methods"):
                found.append(f"{path.relative_to(ROOT)} imports {module}")
    assert not found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import disentool.cli", "disentool.cli"),
        ("from disentool import stages", "disentool.stages"),
        ("from disentool.stages import train", "disentool.stages.train"),
        ("from .. import stages", "disentool.stages"),
        ("from ..stages import train", "disentool.stages"),
        ("def f():\n    from ..cli.train import x", "disentool.cli.train"),
        ("T = {'a': 'disentool.cli.info:info'}", "disentool.cli.info"),
    ],
)
def test_every_way_to_import_is_seen(tmp_path, monkeypatch, text, expected):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    (tmp_path / "io").mkdir()
    (tmp_path / "io" / "a.py").write_text(text)
    found = imports(tmp_path / "io" / "a.py")
    assert expected in found
    assert any(room(module) and wrong("io", room(module)) for module in found)


def test_click_is_in_the_command_line_alone():
    for path in FILES:
        if own_room(path) != "cli":
            assert not any(module.split(".")[0] in ("click", "rich") for module in imports(path)), path


def test_commands_do_not_import_each_other():
    shared = {"options", "progress", "words"}
    for path in (ROOT / "cli").glob("*.py"):
        others = {module.split(".")[2] for module in imports(path) if module.startswith("disentool.cli.")}
        others &= {p.stem for p in (ROOT / "cli").glob("*.py")} - shared - {path.stem}
        assert path.name == "__init__.py" or not others


# information: mutual information of binned codes. importance: the entropies that every DCI has. split: train and test.
# hinge: the machines of SAP. classes: which part of factors and codes is the class. similarity: of images.
METRICS_SHARE = {"result", "sampling", "split", "information", "importance", "hinge", "classes", "similarity", "levels"}


def test_methods_and_metrics_do_not_import_each_other():
    for package, shared in (
        ("methods", set()),
        ("metrics", METRICS_SHARE),
        ("datasets", {"source", "labels", "catalogue", "pictured", "shapes3d_scene"}),
    ):
        for path in (ROOT / package).glob("*.py"):
            others = {m.split(".")[2] for m in imports(path) if m.startswith(f"disentool.{package}.")}
            others &= {p.stem for p in (ROOT / package).glob("*.py")} - shared - {path.stem}
            known = {
                "elbo.py": {"reconstruction", "kl"},
                "udr.py": {"kl"},
                "leakage.py": {"probing"},
                "probing.py": {"probes"},
                "transfer.py": {"true_pairs"},
            }.get(path.name, set())
            assert path.name == "__init__.py" or others <= known, path


def test_files_are_short():
    for path in FILES:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 400, path


def test_there_is_no_drawer():
    assert not [path for path in FILES if path.stem in ("utils", "util", "misc", "helpers", "common", "tools")]


# ---- tables


def load(reference: str):
    module, _, attribute = reference.partition(":")
    loaded = importlib.import_module(module)
    return getattr(loaded, attribute) if attribute else loaded


@pytest.mark.parametrize("name", COMMANDS)
def test_commands_load(name):
    reference, summary = COMMANDS[name]
    assert load(reference).name == name
    assert summary.endswith(".")


@pytest.mark.parametrize("name", configs.METHODS)
def test_methods_load(name):
    entry = configs.METHODS[name]
    assert load(entry.config).PRESETS
    assert all(hasattr(load(entry.implementation), part) for part in ("networks", "stages", "encode", "decode"))
    assert entry.summary


@pytest.mark.parametrize("name", METRICS)
def test_metrics_load(name):
    module = load(METRICS[name][0])
    assert isinstance(module.NEEDS, frozenset)
    assert module.PROTOCOLS
    assert callable(module.plan)
    assert callable(module.score)


@pytest.mark.parametrize("name", DATASETS)
def test_data_sets_load(name):
    assert callable(load(DATASETS[name][0]).open_source)


# ---- torch, whose import takes seconds, is loaded only where it computes

RUN = """
import sys
from disentool.cli import run
code = run(sys.argv[1:])
heavy = {"torch", "scipy", "sklearn", "matplotlib", "PIL", "imageio"} & set(sys.modules)
sys.exit(f"{code} {heavy}" if code or heavy else 0)
"""


def python(*arguments: str) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, "-c", *arguments], capture_output=True, text=True)


@pytest.fixture(scope="module")
def files(tmp_path_factory, trained) -> dict[str, str]:
    from disentool.stages.encode import encode

    folder = tmp_path_factory.mktemp("files")
    write_dataset(folder / "data.h5", *square_grid(16))
    encode(trained, folder / "z.h5", device="cpu")
    return {"DATA": str(folder / "data.h5"), "LATENTS": str(folder / "z.h5")}


@pytest.mark.parametrize(
    "command",
    [
        "--help",
        "--version",
        "train --help",
        *(f"train {name} --help" for name in configs.METHODS),
        *(f"{name} --help" for name in COMMANDS if name != "train"),
        "train factorvae --gamma 10,20 --seeds 0-4 --dry-run",
        "prepare --list",
        "score LATENTS",
        "score --codes mean --factors factors LATENTS",
        "info DATA",
        "info --verify LATENTS",
    ],
)
def test_torch_is_not_imported_for(command, files):
    done = python(RUN, *(files.get(word, word) for word in command.split()))
    assert done.returncode == 0, done.stderr
    assert done.stdout


def test_torch_is_not_imported_for_completion():
    done = subprocess.run(
        [sys.executable, "-X", "importtime", "-m", "disentool"],
        capture_output=True,
        text=True,
        env={"_DISENTOOL_COMPLETE": "bash_complete", "COMP_WORDS": "disentool train factorvae --ga", "COMP_CWORD": "3"},
    )
    assert "--gamma" in done.stdout
    assert " torch\n" not in done.stderr


@pytest.mark.parametrize(
    "module", ["disentool.configs.factorvae", "disentool.phase", "disentool.metrics.factor", "disentool.stages.score"]
)
def test_torch_is_not_imported_by(module):
    done = python(f"import sys, {module}; sys.exit('torch' in sys.modules)")
    assert done.returncode == 0, done.stderr
