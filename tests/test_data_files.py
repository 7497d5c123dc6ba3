"""The files that the tests read: each is described where it lies, and nothing else is."""

import re
from pathlib import Path

TESTS = Path(__file__).parent
DATA = TESTS / "data"


def rows() -> dict[str, str]:
    """The README's tables of files: from the first cell, a file's name, to the whole row."""
    lines = (DATA / "README.md").read_text(encoding="utf-8").splitlines()
    files = [line for line in lines if re.match(r"\| `[^`]*\.\w+` \|", line)]
    return {line.split("`")[1]: line for line in files}


def test_the_readme_names_every_file_and_no_other():
    there = {path.relative_to(DATA).as_posix() for path in DATA.rglob("*") if path.is_file()}
    assert sorted(rows()) == sorted(name for name in there if name != "README.md" and "__pycache__" not in name)


def test_the_readers_it_names_are_there():
    readers = {name for row in rows().values() for name in re.findall(r"`(\w+\.py)`", row)}
    assert readers
    assert not [name for name in readers if not list(TESTS.rglob(name))]
