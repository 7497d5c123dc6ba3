"""The packages: imports point downwards only, torch is loaded only where it computes, and files stay short."""

import ast
import importlib
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import square_grid, write_dataset

import disentool
from disentool import methods
from disentool.cli import COMMANDS
from disentool.datasets import DATASETS
from disentool.io.schema import FORMATS
from disentool.metrics import METRICS
from disentool.scoring import DRAWINGS

ROOT = Path(disentool.__file__).parent
FILES = sorted(ROOT.rglob("*.py"))

# From the top down. A line may import the lines below it. Packages on one line do not import each other; a
# package's own modules may, as long as there is no circle. ``disentool`` itself (its version) is open to all.
LAYERS = (
    {"__main__"},
    {"cli", "api"},
    {"commands"},
    {"arguments"},
    {"pages"},
    {"pictures", "plots", "training", "scoring", "steering"},
    {"models", "results"},
    {"methods", "metrics", "datasets", "directions", "engine"},
    {"nn", "io"},
    {"named_code"},
    {"contract", "config", "reporting", "system"},
    {"errors"},
)
LEVEL = {name: level for level, names in enumerate(LAYERS) for name in names}
MOST_LEVELS = 5  # of imports inside one package


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


def package_of(module: str) -> str | None:
    """``disentool.io.files`` -> ``io``; None for modules of others."""
    parts = module.split(".")
    return parts[1] if parts[0] == "disentool" and len(parts) > 1 and parts[1] in LEVEL else None


def wrong(importer: str, imported: str) -> bool:
    return importer != imported and LEVEL[imported] <= LEVEL[importer]


def own_package(path: Path) -> str:
    return path.relative_to(ROOT).parts[0].removesuffix(".py")


def test_every_file_has_a_place():
    assert {own_package(path) for path in FILES} - {"__init__"} <= LEVEL.keys()


def test_imports_point_downwards():
    found = []
    for path in FILES:
        here = own_package(path)
        if here == "__init__":
            offered = {"api", "errors", "io", "metrics", "reporting"}  # by name, loaded when used
            assert {package_of(module) for module in imports(path)} <= offered | {None}
            continue
        for module in imports(path):
            there = package_of(module)
            if there and wrong(here, there):
                found.append(f"{path.relative_to(ROOT)} imports {module}")
    assert not found


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("import disentool.cli", "disentool.cli"),
        ("from disentool import models", "disentool.models"),
        ("from disentool.commands import train", "disentool.commands.train"),
        ("from .. import scoring", "disentool.scoring"),
        ("from ..commands import train", "disentool.commands"),
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
    assert any(package_of(module) and wrong("io", package_of(module)) for module in found)


def files_of(name: str) -> dict[str, Path]:
    """The modules of a package, without those that are loaded from tables of names."""
    return {
        ".".join(["disentool", *path.relative_to(ROOT).with_suffix("").parts]): path
        for path in (ROOT / name).rglob("*.py")
    }


def levels(modules: dict[str, Path]) -> dict[str, int]:
    """How many levels each module of a package stands on: 1 for one that imports none. AssertionError for a circle."""
    below = {
        name: {m for m in imports(path) if m in modules and m != name}
        for name, path in modules.items()
        if path.name != "__init__.py"
    }
    depth: dict[str, int] = {}

    def visit(name: str, above: tuple[str, ...]) -> int:
        assert name not in above, f"a circle of imports: {' -> '.join((*above, name))}"
        if name not in depth:
            depth[name] = 1 + max((visit(m, (*above, name)) for m in below.get(name, ())), default=0)
        return depth[name]

    for name in below:
        visit(name, ())
    return depth


@pytest.mark.parametrize("name", sorted(path.name for path in ROOT.iterdir() if (path / "__init__.py").exists()))
def test_a_package_has_no_circle_and_few_levels(name):
    depth = levels(files_of(name))
    assert not {module: level for module, level in depth.items() if level > MOST_LEVELS}


def test_circles_are_seen(tmp_path, monkeypatch):
    monkeypatch.setitem(globals(), "ROOT", tmp_path)
    (tmp_path / "io").mkdir()
    for name, text in (("a", "from disentool.io import b"), ("b", "import disentool.io.c"), ("c", "from .a import x")):
        (tmp_path / "io" / f"{name}.py").write_text(text)
    with pytest.raises(AssertionError, match=r"disentool\.io\.a -> disentool\.io\.b"):
        levels(files_of("io"))


def test_papers_do_not_import_each_other():
    for path in (ROOT / "methods").rglob("*.py"):
        own = path.relative_to(ROOT / "methods").parts[0]
        papers = {m.split(".")[2] for m in imports(path) if m.startswith("disentool.methods.")} - {own}
        assert path.name == "__init__.py" or all(paper.startswith("_") for paper in papers), path


def test_click_is_in_the_command_line_alone():
    for path in FILES:
        if own_package(path) != "cli":
            assert not any(module.split(".")[0] in ("click", "rich") for module in imports(path)), path


def test_commands_do_not_import_each_other():
    shared = {
        "bars",
        "fields",
        "help",
        "meanings",
        "options",
        "progress",
        "progress_line",
        "results",
        "text_table",
        "words",
    }
    for path in (ROOT / "cli").glob("*.py"):
        others = {module.split(".")[2] for module in imports(path) if module.startswith("disentool.cli.")}
        others &= {p.stem for p in (ROOT / "cli").glob("*.py")} - shared - {path.stem}
        assert path.name == "__init__.py" or not others


# What several metrics are made of: their constants and facts, checks of arrays, intervals; information of binned codes,
# the entropies that every DCI has, the trees of DCI, the machines of SAP, likeness of images, probes, statistics of
# levels, scikit-learn.
METRICS_SHARE = {
    "result",
    "bounds",
    "constants",
    "facts",
    "arrays",
    "intervals",
    "information",
    "importance",
    "boosted_trees",
    "best_splits",
    "sorted_codes",
    "hinge",
    "similarity",
    "exchanged_images",
    "parts",
    "levels",
    "scikit_learn",
}


# What the readers of published files and of users' own share: facts, columns and tables of factors, files of pictures.
DATASETS_SHARE = {
    "source",
    "unpacked",
    "factor_columns",
    "factor_arrays",
    "one_hot",
    "number_marks",
    "same_numbers",
    "word_remarks",
    "measurement_units",
    "missing_values",
    "factor_table",
    "image_column",
    "bare_names",
    "row_numbers",
    "split_words",
    "table_paths",
    "folder_listing",
    "labels_beside",
    "other_files",
    "picture_sizes",
    "summary",
    "catalogue",
    "picture_files",
    "shapes3d_scene",
}


def test_metrics_and_data_sets_do_not_import_each_other():
    for package, shared in (
        ("metrics", METRICS_SHARE),
        ("datasets", DATASETS_SHARE),
    ):
        for path in (ROOT / package).glob("*.py"):
            others = {m.split(".")[2] for m in imports(path) if m.startswith(f"disentool.{package}.")}
            others &= {p.stem for p in (ROOT / package).glob("*.py")} - shared - {path.stem}
            known = {
                "elbo.py": {"kl"},
                "udr.py": {"kl"},
                "code_information.py": {"marginal_kl"},
                "marginal_kl.py": {"kl"},
                "leakage.py": {"probe_accuracies"},
                "probe_accuracies.py": {"probe_classifiers"},
                "opening.py": {"resized", "filtered"},
                "cache.py": {"opening", "writing", "download"},
            }.get(path.name, set())
            assert path.name == "__init__.py" or others <= known, path


def test_files_are_short():
    for path in FILES:
        assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, path


def test_members_are_looked_for_in_the_contract_alone():
    """No ``hasattr``, and no ``getattr`` with a default: what an object may have is a group of the contract."""
    found = []
    for path in FILES:
        if own_package(path) == "contract":
            continue
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
                probes = node.func.id == "hasattr" or (node.func.id == "getattr" and len(node.args) > 2)
                found += [f"{path.relative_to(ROOT)}:{node.lineno}"] if probes else []
    assert not found


def test_no_file_holds_odds_and_ends():
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


@pytest.mark.parametrize("name", methods.METHODS)
def test_methods_load(name):
    entry = methods.METHODS[name]
    assert load(entry.config).PRESETS
    assert all(hasattr(load(entry.implementation), part) for part in ("networks", "stages", "encode", "decode"))
    assert entry.summary


@pytest.mark.parametrize("name", METRICS)
def test_metrics_load(name):
    facts = METRICS[name]
    assert (facts.name, load(facts.function)) == (name, facts.load())
    drawing = load(DRAWINGS[facts.drawing])
    assert callable(drawing.draw)
    assert callable(drawing.score)


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
    from disentool.commands.encode import encode

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
        *(f"train {name} --help" for name in methods.METHODS),
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
    "module",
    [
        "disentool",
        "disentool.api.scoring",
        "disentool.methods.factorvae.config",
        "disentool.contract",
        "disentool.metrics.factor",
        "disentool.commands.score",
    ],
)
def test_torch_is_not_imported_by(module):
    done = python(f"import sys, {module}; sys.exit('torch' in sys.modules)")
    assert done.returncode == 0, done.stderr
