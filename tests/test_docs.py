"""README, guides and help are product: every command in them runs."""

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from click import Argument, Command, Context, Group
from PIL import Image

from disentool import config, methods
from disentool.cli import COMMANDS, group
from disentool.commands.prepare import prepare
from disentool.datasets import DATASETS
from disentool.datasets.catalogue import PUBLISHED
from disentool.metrics.table.class_and_content import CLASS_AND_CONTENT
from disentool.metrics.table.codes_alone import CODES_ALONE
from disentool.metrics.table.directions import DIRECTIONS
from disentool.metrics.table.disentanglement import DISENTANGLEMENT
from disentool.metrics.table.images import IMAGES
from disentool.pictures import writing
from disentool.training.plan import plan

ROOT = Path(__file__).parents[1]
README = ROOT / "README.md"
GUIDES = sorted((ROOT / "examples").glob("*.md"))
# The others change the package itself: test_add_your_own.py runs them in a copy of it.
RUN_HERE = [README, *(guide for guide in GUIDES if guide.name != "add-your-own.md")]
TEXTS = [README, *GUIDES, ROOT / "recipes" / "README.md", ROOT / "tests" / "bench" / "README.md"]
TEXTS += [ROOT / ".github" / "CONTRIBUTING.md"]


def named(path: Path) -> str:
    return str(path.relative_to(ROOT))


def blocks(path: Path, *languages: str) -> list[tuple[str, str]]:
    """The document's blocks of these languages, (language, text) in their order."""
    found = re.findall(r"^```(\w*)\n(.*?)^```", path.read_text(encoding="utf-8"), re.S | re.M)
    return [(language, text) for language, text in found if language in languages]


def console(path: Path) -> list[tuple[str, str]]:
    """The document's ``$ command`` lines, each with the output that is shown below it."""
    text = "".join(text for _, text in blocks(path, "console"))
    return [tuple(f"{part}\n".split("\n", 1)) for part in text.strip().removeprefix("$ ").split("\n$ ")]


def sets_up(block: str) -> bool:
    """Whether a block is that of the set-up: scripts that make an environment, which CI runs."""
    return all(line.startswith("bash ") for line in block.splitlines())


def without_numbers(output: str) -> list[str]:
    """An output's words, without intervals (a collapsed code has none), and # for a number.

    A model of two steps has other numbers than the one that is shown.
    """
    marked = re.sub(r"(?<![\w.])-?\d[\d.,]*(e[+-]\d+)?(?![\w.])", "#", output)
    return re.sub(r"# \.\. #", "", marked).split()


class Shell:
    """Runs the blocks of documents, with a small data set in the cache, and few training steps.

    README's three commands run once, in a folder of their own. Each document begins in a copy of it.
    """

    def __init__(self, folder: Path):
        self.folder = folder
        for name in ("cache", "bin", "start"):
            (folder / name).mkdir()
        prepare("dsprites", folder / "cache" / "dsprites.h5", subset=2000)
        for i in range(40):  # a user's own images, by class
            name = folder / "start" / "coil20" / f"obj{i // 10 + 1}" / f"{i % 10}.png"
            name.parent.mkdir(parents=True, exist_ok=True)
            Image.fromarray(np.full((32, 32), 6 * i, np.uint8)).save(name)
        (folder / "start" / "examples").symlink_to(ROOT / "examples")
        # An option is given once, so that of the document is left out.
        few = 'skip=; for word do shift; case "$skip$word" in --steps) skip=- ;; *)'
        few += ' if [ -n "$skip" ]; then skip=; else set -- "$@" "$word"; fi ;; esac; done; set -- "$@" --steps 2'
        short = f'case "$1 $*" in "train "*--dry-run*) ;; "train "*) {few} ;; esac'
        self._command("disentool", f'{short}\nexec "{sys.executable}" -m disentool "$@"')
        self._command("python", f'exec "{sys.executable}" "$@"')
        self.shown = [(shown, self.on_terminal(command)) for command, shown in console(README)]

    def _command(self, name: str, script: str) -> None:
        here = f'PYTHONPATH="{ROOT}${{PYTHONPATH:+:$PYTHONPATH}}"\nexport PYTHONPATH'  # this code, not one installed
        (self.folder / "bin" / name).write_text(f"#!/bin/sh\n{here}\n{script}\n")
        (self.folder / "bin" / name).chmod(0o755)

    def begin(self, document: Path) -> Path:
        """A folder for a document, as README's three commands leave it."""
        return shutil.copytree(self.folder / "start", self.folder / document.stem, symlinks=True)

    def run(self, command: list[str], folder: Path, stdout: int = subprocess.PIPE) -> subprocess.CompletedProcess:
        environment = os.environ | {
            "PATH": f"{self.folder / 'bin'}{os.pathsep}{os.environ['PATH']}",
            "DISENTOOL_CACHE": str(self.folder / "cache"),
            "NO_COLOR": "1",
        }
        settings = {"cwd": folder, "env": environment, "stdout": stdout, "stderr": subprocess.PIPE}
        return subprocess.run(command, **settings, text=True, timeout=300)

    def bash(self, script: str, folder: Path) -> subprocess.CompletedProcess:
        return self.run(["bash", "-euo", "pipefail", "-c", script], folder)

    def python(self, block: str, folder: Path) -> subprocess.CompletedProcess:
        return self.run(["python", "-c", re.sub(r"\bsteps=[\d_]+", "steps=2", block)], folder)

    def on_terminal(self, command: str) -> str:
        """What a command prints on stdout where that is a terminal."""
        ours, its = os.openpty()
        try:
            done = self.run(["bash", "-c", command], self.folder / "start", its)
            assert done.returncode == 0, (command, done.stderr)
            return re.sub(r"\x1b\[[\d;]*m", "", os.read(ours, 1 << 16).decode())  # without the head's bold type
        finally:
            os.close(its)
            os.close(ours)


@pytest.fixture(scope="module")
def shell(tmp_path_factory):
    return Shell(tmp_path_factory.mktemp("docs"))


@pytest.mark.slow
@pytest.mark.parametrize("document", RUN_HERE, ids=named)
def test_blocks_of_the_shell_run_in_order(shell, document):
    ready = [text for _, text in blocks(document, "sh") if not sets_up(text)]
    assert ready
    folder = shell.begin(document)
    for block in ready:
        if "jq " in block and shutil.which("jq") is None:
            block = re.sub(r"\| jq .*", "", block)
        done = shell.bash(block, folder)
        assert done.returncode == 0, (block, done.stderr)
        assert "Traceback" not in done.stderr


@pytest.mark.slow
def test_readme_shows_what_its_commands_print(shell):
    assert len(shell.shown) == 3
    for shown, printed in shell.shown:
        assert without_numbers(printed) == without_numbers(shown)


PYTHON = [document for document in RUN_HERE if blocks(document, "python")]


@pytest.mark.slow
@pytest.mark.parametrize("document", PYTHON, ids=named)
def test_blocks_of_python_run_in_order(shell, document, tmp_path):
    """In one process, after the document's ``prepare`` commands."""
    folder = shutil.copytree(shell.folder / "start", tmp_path / "python", symlinks=True)
    for line in "".join(text for _, text in blocks(document, "sh")).splitlines():
        if line.startswith("disentool prepare "):
            assert shell.bash(line, folder).returncode == 0, line
    done = shell.python("".join(text for _, text in blocks(document, "python")), folder)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("document", [README, *GUIDES], ids=named)
def test_every_block_is_of_a_kind_that_is_run(document):
    """A block without a language is left to the reader: it needs published files, hours, or another shell."""
    text = document.read_text(encoding="utf-8")
    assert set(re.findall(r"^```(\w+)$", text, re.M)) <= {"sh", "python", "console"}
    assert text.count("```") % 2 == 0
    if document != README:
        assert not blocks(document, "console"), "only README's are run"


def test_texts_are_short():
    assert len(README.read_text(encoding="utf-8").splitlines()) <= 160
    for guide in GUIDES:
        assert len(guide.read_text(encoding="utf-8").splitlines()) <= 180, guide.name


def test_readme_names_every_guide():
    text = README.read_text(encoding="utf-8")
    for guide in GUIDES:
        assert f"(examples/{guide.name})" in text, guide.name


def rows(path: Path, head: str) -> list[tuple[str, ...]]:
    """The rows, cell by cell, of the document's table whose first column is headed so."""
    text = path.read_text(encoding="utf-8")
    (table,) = re.findall(rf"^\| {re.escape(head)} \|.*\n\|[-|]+\n((?:\|.*\n)+)", text, re.M)
    return [tuple(cell.strip() for cell in re.split(r"(?<!\\)\|", line)[1:-1]) for line in table.splitlines()]


def coded(cell: str) -> list[str]:
    """What is printed as code in a cell."""
    return re.findall(r"`([^`]*)`", cell)


def command_named(name: str) -> Command:
    command = group.get_command(Context(group, **group.context_settings), name)
    assert command is not None
    return command


def usage(name: str) -> str:
    """What a command calls its arguments."""
    command = command_named(name)
    if isinstance(command, Group):
        return "METHOD"
    context = Context(command)
    return " ".join(each.make_metavar(context) for each in command.params if isinstance(each, Argument))


def test_readmes_table_of_commands_has_every_command_with_its_arguments():
    found = [coded(row[0]) for row in rows(README, "command")]
    assert [names[0].split()[0] for names in found] == list(COMMANDS)
    for name, *arguments in (words.split() for names in found for words in names):
        assert set(arguments) <= set(re.findall(r"[A-Z]+", usage(name))), name


def test_readmes_suffixes_are_those_of_the_program():
    out = {coded(row[0])[0].split()[0]: re.findall(r"(?<=\.)[a-z]\w+", row[2]) for row in rows(README, "command")}
    assert {f".{suffix}" for suffix in out["traverse"]} == {*writing.STILL, *writing.MOVING, ".html"}
    for name in ("prepare", "encode", "sample", "find-direction", "invert", "plot", "report", "export"):
        command = command_named(name)
        said = command.get_help(Context(command, info_name=name))
        assert out[name] and all(suffix in said for suffix in out[name]), name


def test_readme_says_which_commands_read_stdin():
    said = re.search(
        r"`-` reads paths from stdin \((.*?)\) or records \((.*?)\)", README.read_text(encoding="utf-8"), re.S
    )
    paths, records = (coded(part) for part in said.groups())
    reads = [name for name in COMMANDS if usage(name).rstrip("]").endswith("|-")]
    assert sorted(records) == sorted(name for name in reads if "RECORDS" in usage(name))
    assert sorted(paths) == sorted(name for name in reads if "RECORDS" not in usage(name))


METHOD_TABLES = [(README, "`train ...`"), (ROOT / "examples" / "training.md", "method")]


@pytest.mark.parametrize(("document", "head"), METHOD_TABLES, ids=["readme", "training"])
def test_tables_of_methods_have_every_method_with_its_paper_and_its_options(document, head):
    found = rows(document, head)
    assert sorted(name for row in found for name in coded(row[0])) == sorted(methods.METHODS)
    for names, paper in found:
        if "class-and-content.md" in paper:
            continue
        options = set()
        for name in coded(names):
            entry = methods.find(name)
            options |= config.options(methods.load(entry.config)).keys()
            cited = re.findall(r"([A-Z][\w& ]+?(?: et al\.)?) \(?(\d{4})\)", entry.summary)
            assert cited and all(f"{authors} {year}" in paper for authors, year in cited), name
        assert {option.replace("-", "_") for option in re.findall(r"--([\w-]+)", paper)} <= options, names


def test_readmes_table_of_data_sets_has_every_set_with_its_facts():
    found = rows(README, "name")
    assert sorted(name for row in found for name in coded(row[0])) == sorted(DATASETS)
    for names, images, source in found:
        for name in coded(names):
            facts = PUBLISHED.get(name)
            assert (facts is not None and facts.where.startswith("rendered here")) == (source == "rendered, or read")
            if facts is not None and re.search(r"\d", images):
                assert images.replace(" of ", " x ").replace(", ", " ") == facts.images
            assert (name in PUBLISHED) == (images != "yours")


KINDS = (DISENTANGLEMENT, CODES_ALONE, IMAGES, CLASS_AND_CONTENT, DIRECTIONS)


def test_readmes_table_of_metrics_has_a_row_for_each_kind_with_every_metric_of_it():
    found = rows(README, "what they look at")
    assert [coded(names) for _, names in found] == [[facts.name for facts in kind] for kind in KINDS]
    several = [name for _, names in found for name in re.findall(r"`([\w-]+)` \(of several models\)", names)]
    assert several == [facts.name for kind in KINDS for facts in kind if "others" in facts.needs]


def slug(heading: str) -> str:
    """The anchor of a heading, as code hosts make it."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


@pytest.mark.parametrize("document", TEXTS, ids=named)
def test_links_lead_somewhere(document):
    for target, anchor in re.findall(r"\]\(([^)#:]*)(?:#([^)]*))?\)", document.read_text(encoding="utf-8")):
        found = document.parent / target if target else document
        assert found.exists(), target
        if anchor:
            headings = re.findall(r"^#+ (.*)$", found.read_text(encoding="utf-8"), re.M)
            assert anchor in [slug(heading) for heading in headings], (target, anchor)


MAKES = {"shapes3d.png": "--preview shapes3d.png", "explorer.png": "--html pan.html"}  # others: -o PICTURE


def test_every_picture_is_shown_with_the_command_that_makes_it():
    texts = [document.read_text(encoding="utf-8") for document in (README, *GUIDES)]
    for picture in sorted(path.name for path in (ROOT / "examples").glob("*.png")):
        shown = [text for text in texts if re.search(rf"!\[[^]]+\]\([^)]*{re.escape(picture)}\)", text)]
        assert shown and MAKES.get(picture, f"-o {picture}") in shown[0], picture


@pytest.mark.parametrize("document", TEXTS, ids=named)
def test_no_text_names_a_room_that_is_gone(document):
    text = document.read_text(encoding="utf-8")
    assert not re.search(r"disentool[/.](stages|configs|phase)\b|`(stages|configs|phase)/?`|\bstages/|phase\.py", text)


@pytest.mark.parametrize("document", TEXTS, ids=named)
def test_no_text_holds_an_unfilled_number(document):
    assert "{{" not in document.read_text(encoding="utf-8")


@pytest.mark.parametrize("name", COMMANDS)
def test_help_has_an_example_and_says_what_every_option_does(name):
    command = command_named(name)
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
