"""The full wording of the messages that Python callers read, in one golden file.

``data/python_messages.txt`` has a section for each argument, and for each call: a line ``# heading``, then a line for
each message. To accept new wording, run

    DISENTOOL_WRITE_MESSAGES=1 python -m pytest -n 0 tests/api

and read the difference before it is committed.
"""

import os
from collections.abc import Iterable
from pathlib import Path

from conftest import DATA

GOLDEN = DATA / "python_messages.txt"


def golden_sections() -> dict[str, list[str]]:
    """heading -> the lines below it."""
    blocks = GOLDEN.read_text(encoding="utf-8").removeprefix("# ").split("\n# ") if GOLDEN.exists() else []
    return {lines[0]: lines[1:] for lines in (block.splitlines() for block in blocks if block)}


def assert_worded(heading: str, said: Iterable[str], places: Iterable[Path]) -> None:
    """The messages are those below the heading, each once, without the folders of the day, ``places``."""
    found = list(said)
    for place in places:
        found = [message.replace(f"{place}{os.sep}", "").replace(str(place), ".") for message in found]
    found = list(dict.fromkeys(found))
    golden = golden_sections()
    if os.environ.get("DISENTOOL_WRITE_MESSAGES"):
        golden[heading] = found
        blocks = ["\n".join([f"# {name}", *golden[name], ""]) for name in sorted(golden) if golden[name]]
        GOLDEN.write_text("".join(blocks), encoding="utf-8")
    assert found == golden.get(heading, [])
