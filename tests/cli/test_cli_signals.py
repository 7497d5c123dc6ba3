"""Ctrl-C and SIGTERM while the program is still being loaded: it ends at once, with a line and the usual code."""

import os
import signal

import pytest
from conftest import shell

# A module that stands in for the real one, and never comes to an end.
SLOW = """
import sys, time
print("loading", file=sys.stderr, flush=True)
try:
    time.sleep(60)
except Exception:
    pass
sys.exit("was not stopped")
"""


@pytest.mark.parametrize("module", ["click", "torch"])
@pytest.mark.parametrize(("number", "word"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")])
def test_a_signal_in_start_up_ends_the_program(folder, module, number, word):
    (folder / f"{module}.py").write_text(SLOW)
    path = os.pathsep.join([str(folder), os.environ.get("PYTHONPATH", "")])
    program = shell("encode", "ckpt.pt", "-o", "z.h5", env=os.environ | {"PYTHONPATH": path})
    assert program.stderr.readline() == "loading\n"
    program.send_signal(number)
    _, error = program.communicate(timeout=30)
    assert (program.returncode, error) == (128 + number, f"disentool: {word}\n")
