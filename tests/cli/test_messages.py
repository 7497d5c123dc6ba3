"""The full wording of messages: command lines, their exit codes and what they print on stderr, in one golden file.

``data/messages.txt`` holds blocks of a line ``$ disentool ...``, a line ``exit N`` and the lines on stderr. To add a
message, add a ``$`` line; to accept new wording, run

    DISENTOOL_WRITE_MESSAGES=1 python -m pytest tests/cli/test_messages.py

and read the difference before it is committed. Other tests assert the exit code and a word or two.
"""

import os
import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest
from conftest import DATA, square_grid, write_dataset
from PIL import Image

from disentool.commands.encode import encode
from disentool.commands.score import score
from disentool.io.records import to_json
from disentool.scoring.metric import choose_metrics

GOLDEN = DATA / "messages.txt"
WRITE = "DISENTOOL_WRITE_MESSAGES"


@pytest.fixture
def work(folder, trained) -> Path:
    """The files that the command lines name."""
    shutil.copy(trained, "ckpt.pt")
    images, factors = square_grid()
    write_dataset(Path("squares.h5"), images, factors)
    write_dataset(Path("unlabelled.h5"), images, None)
    write_dataset(Path("wide.h5"), *square_grid(64, channels=3))
    encode(Path("ckpt.pt"), Path("z.h5"), data="squares.h5", device="cpu")
    Path("text.h5").write_text("hello\n")
    Path("text.pt").write_text("hello\n")
    Path("there.png").write_text("an output of before\n")
    Path("options.yaml").write_text("gama: 10\n")
    records = score(["z.h5"], choose_metrics(["mig", "modularity"], None))
    Path("scores.jsonl").write_text("".join(f"{to_json(record)}\n" for record in records))
    for index in range(6):
        path = Path("photos", "ab"[index % 2], f"{index}.png")
        path.parent.mkdir(parents=True, exist_ok=True)
        Image.fromarray(np.full((40 + 10 * (index == 3), 40), 12 * index, np.uint8)).save(path)
    Path("photos", "a", "broken.png").write_text("no picture\n")
    return folder


def test_messages(cli, work):
    """One after the other in one folder, so that a command may find what one before it has written."""
    golden = GOLDEN.read_text(encoding="utf-8")
    blocks = []
    for line in golden.splitlines():
        if line.startswith("$ disentool "):
            outcome = cli(*shlex.split(line.removeprefix("$ disentool ")))
            blocks.append(f"{line}\nexit {outcome.code}\n{outcome.err.replace(f'{work}/', '')}")
    found = "\n".join(blocks)
    assert len(blocks) >= 36
    if os.environ.get(WRITE):
        GOLDEN.write_text(found, encoding="utf-8")
        return
    assert found == golden, f"the wording has changed; if it is meant to, run this test with {WRITE}=1"
