"""Ctrl-C and SIGTERM while the program is still being loaded: it ends at once, with a line and the usual code."""

import os
import signal
import subprocess
import sys

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


# A signal where its exception is lost: a destructor, and a loaded module's own `except`.
LOST = """
import os, signal, sys
class Lost:
    def __del__(self):
        os.kill(os.getpid(), {number})
        sum(range(1000))
{where}
sys.exit("went on")
"""
IN_A_DESTRUCTOR = "lost = Lost()\ndel lost"
IN_A_MODULE = "import swallowing"
SWALLOWING = """
import os
try:
    os.kill(os.getpid(), {number})
    sum(range(1000))
except BaseException:
    pass
"""


@pytest.mark.parametrize("where", [IN_A_DESTRUCTOR, IN_A_MODULE])
@pytest.mark.parametrize(("number", "word"), [(signal.SIGINT, "interrupted"), (signal.SIGTERM, "terminated")])
def test_a_signal_is_never_swallowed(folder, where, number, word):
    (folder / "swallowing.py").write_text(SWALLOWING.format(number=int(number)))
    (folder / "click_command.py").write_text(LOST.format(number=int(number), where=where))
    program = (
        "import sys, disentool.cli as cli; sys.path.insert(0, '.');"
        "cli.run = lambda arguments: exec(open('click_command.py').read(), {}); cli.main()"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (128 + number, f"disentool: {word}\n")


@pytest.mark.skipif(sys.platform == "win32", reason="Windows keeps a folder that is in use")
def test_a_removed_current_folder_is_said(tmp_path, monkeypatch, cli):
    gone = tmp_path / "gone"
    gone.mkdir()
    monkeypatch.chdir(gone)
    gone.rmdir()
    try:
        cli("info", "x.pt").failed(1, "folder")
    finally:
        os.chdir(tmp_path)
