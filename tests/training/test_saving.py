"""Saving while training goes on: what is written, in which order, and what is there when something fails."""

import errno
import os
import shutil
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SMALL, flags, square_grid, write_dataset

from disentool.commands.train import train
from disentool.engine.training_loop import Training
from disentool.errors import ForeignFile, Interrupted, NotWritable
from disentool.io import checkpoint, records
from disentool.io.history_file import HistoryFile
from disentool.training.plan import plan

SAVED = ("networks", "optimizers", "window", "statistics", "step")  # bit for bit the same in the same run


@pytest.fixture(scope="module")
def data(tmp_path_factory) -> Path:
    """768 images: three batches of statistics."""
    images, factors = square_grid()
    path = tmp_path_factory.mktemp("data") / "more.h5"
    return write_dataset(path, np.tile(images, (4, 1, 1, 1)), np.tile(factors, (4, 1)), grid=False)


@pytest.fixture(autouse=True)
def no_thread_is_left():
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def steps(output: Path, data: Path, **options):
    """The generator of a run."""
    given = SMALL | {"data": str(data), "device": "cpu", "log_every": 5} | options
    resume = given.pop("resume", False)
    return train(plan("vae", given, output=str(output)), resume=resume)


def same(a, b) -> bool:
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a)
    return a == b


def require_same(one: Path, two: Path) -> None:
    a, b = checkpoint.read(one), checkpoint.read(two)
    assert [entry for entry in SAVED if not same(a[entry], b[entry])] == []
    assert [{**line, "time": 0} for line in a["history"]] == [{**line, "time": 0} for line in b["history"]]


def test_a_save_holds_the_step_at_which_it_began(data, tmp_path):
    list(steps(tmp_path / "long.pt", data, steps=20, keep_every=7))
    for step in (7, 14):
        list(steps(tmp_path / f"{step}.pt", data, steps=step))
        # The window of a run that ended is a new one, and its last line of the history is an additional one.
        long, alone = (checkpoint.read(tmp_path / name) for name in (f"long-{step}.pt", f"{step}.pt"))
        for entry in ("networks", "optimizers", "statistics", "step"):
            assert same(long[entry], alone[entry]), entry
        assert [line["step"] for line in long["history"]] == list(range(5, step + 1, 5))


def test_training_goes_on_while_a_save_is_written(data, tmp_path, monkeypatch):
    """The disk does not answer before step 18, and would be waited for at the second save, step 20."""
    reached, waited = threading.Event(), []
    advance, fsync = Training.advance, os.fsync

    def counted(self):
        advance(self)
        if self.step == 18:
            reached.set()

    def slow(number):
        waited.append(reached.wait(30))
        fsync(number)

    monkeypatch.setattr(Training, "advance", counted)
    monkeypatch.setattr(os, "fsync", slow)
    list(steps(tmp_path / "m.pt", data, steps=20, checkpoint_every=10))
    assert waited and all(waited)
    assert checkpoint.read(tmp_path / "m.pt")["step"] == 20


def test_checkpoint_then_history_then_snapshot(data, tmp_path, monkeypatch):
    written, replace, write = [], os.replace, HistoryFile.write
    monkeypatch.setattr(os, "replace", lambda a, b: (written.append(Path(b).name), replace(a, b)))
    monkeypatch.setattr(HistoryFile, "write", lambda file, lines: (written.append(len(lines)), write(file, lines)))
    paths = list(steps(tmp_path / "m.pt", data, steps=12, keep_every=5, log_every=1))
    # Of the history, the first write alone puts a file in place.
    assert written == ["m.pt", 5, "m.history.jsonl", "m-5.pt", "m.pt", 10, "m-10.pt", "m.pt", 12]
    assert [path.name for path in paths] == ["m-5.pt", "m-10.pt", "m.pt"]
    assert records.read_lines(tmp_path / "m.history.jsonl")[1] == checkpoint.read(tmp_path / "m.pt")["history"]


@pytest.mark.parametrize("call", ["fsync", "replace"])
def test_a_disk_that_fills_up_stops_the_run_and_keeps_the_last_good_save(call, data, tmp_path, monkeypatch):
    begun, real = [], getattr(os, call)

    def full(*arguments):
        begun.append(1)
        if len(begun) > 2:  # after the first checkpoint and its history
            raise OSError(errno.ENOSPC, "No space left on device")
        return real(*arguments)

    with monkeypatch.context() as patch:
        patch.setattr(os, call, full)
        with pytest.raises(NotWritable, match="disk"):
            list(steps(tmp_path / "m.pt", data, steps=200, checkpoint_every=10))
    assert len(begun) == 3  # it stopped at once
    assert checkpoint.read(tmp_path / "m.pt")["step"] == 10
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.history.jsonl", "m.pt"]
    list(steps(tmp_path / "m.pt", data, steps=25, resume=True))
    list(steps(tmp_path / "whole.pt", data, steps=25))
    require_same(tmp_path / "m.pt", tmp_path / "whole.pt")


def test_a_signal_during_a_write_saves_the_step_it_stops_at(data, tmp_path, monkeypatch):
    fsync, sent = os.fsync, []

    def signalled(number):
        if not sent:
            sent.append(1)
            signal.raise_signal(signal.SIGINT)
            time.sleep(0.05)
        fsync(number)

    monkeypatch.setattr(os, "fsync", signalled)
    with pytest.raises(Interrupted):
        list(steps(tmp_path / "m.pt", data, steps=1000, checkpoint_every=10))
    step = checkpoint.read(tmp_path / "m.pt")["step"]
    assert 10 < step < 1000
    list(steps(tmp_path / "m.pt", data, steps=step + 5, resume=True))
    list(steps(tmp_path / "whole.pt", data, steps=step + 5))
    require_same(tmp_path / "m.pt", tmp_path / "whole.pt")


KILLED = """
import os, signal, sys
from disentool.cli import run
real, begun = os.fsync, []
def fsync(number):
    begun.append(1)
    if len(begun) == 3:  # of the second checkpoint
        os.kill(os.getpid(), signal.SIGKILL)
    real(number)
os.fsync = fsync
run(sys.argv[1:])
"""


def test_killed_during_a_write_it_resumes_bit_for_bit(data, tmp_path):
    given = SMALL | {"data": data, "device": "cpu", "log_every": 5, "checkpoint_every": 10, "steps": 200}
    command = [sys.executable, "-c", KILLED, "train", "vae", *flags(given), "-o", "m.pt", "-q"]
    assert subprocess.run(command, cwd=tmp_path, check=False).returncode == -signal.SIGKILL
    assert checkpoint.read(tmp_path / "m.pt")["step"] == 10
    assert [path for path in tmp_path.iterdir() if ".partial-" in path.name]
    list(steps(tmp_path / "m.pt", data, steps=25, resume=True))
    assert sorted(path.name for path in tmp_path.iterdir()) == ["m.history.jsonl", "m.pt"]
    list(steps(tmp_path / "whole.pt", data, steps=25))
    require_same(tmp_path / "m.pt", tmp_path / "whole.pt")


def test_a_run_that_is_left_waits_for_its_write(data, tmp_path):
    run = steps(tmp_path / "m.pt", data, steps=1000, checkpoint_every=10, keep_every=10)
    assert next(run).name == "m-10.pt"
    run.close()
    assert checkpoint.read(tmp_path / "m.pt")["step"] % 10 == 0
    assert [path.name for path in tmp_path.iterdir() if ".partial-" in path.name] == []


def test_no_step_waits_for_a_save(data, tmp_path, monkeypatch):
    """By the processor time of training, since a busy machine does not count; the bound is generous."""
    begun, advance = [], Training.advance

    def noted(self):
        begun.append(time.thread_time())
        advance(self)

    monkeypatch.setattr(Training, "advance", noted)
    list(steps(tmp_path / "m.pt", data, steps=120, checkpoint_every=20, hidden_units=256))
    taken = np.diff(begun)[5:]
    assert taken.max() < np.median(taken) + 0.1


def killed(function, event: str, path: Path, number: int = 1) -> None:
    """Call it in a process that is killed as soon as Python reports its ``number``-th ``event`` on a file of the name.

    ``event``: of ``sys.addaudithook``; ``path``: an argument of it, by the beginning of its name.
    """
    child = os.fork()
    if child == 0:
        seen = []

        def hook(name, arguments):
            words = [os.fspath(a) for a in arguments if isinstance(a, (str, Path))]
            if name == event and any(Path(word).name.startswith(path.name) for word in words):
                seen.append(name)
                if len(seen) == number:
                    os.kill(os.getpid(), signal.SIGKILL)

        sys.addaudithook(hook)
        try:
            function()
        finally:
            os._exit(0)
    assert os.WTERMSIG(os.waitpid(child, 0)[1]) == signal.SIGKILL


forks = pytest.mark.skipif(not hasattr(os, "fork"), reason="the system does not fork")


@forks
@pytest.mark.parametrize("total", [20, 30], ids=["complete", "goes-on"])
@pytest.mark.parametrize(("lost", "event"), [("m.history.jsonl", "open"), ("m-20.pt", "os.rename")])
def test_what_a_kill_between_two_files_left_out_is_mended(data, tmp_path, lost, event, total):
    given = {"checkpoint_every": 10, "keep_every": 10, "steps": 20}
    killed(lambda: list(steps(tmp_path / "m.pt", data, **given)), event, tmp_path / lost)
    assert checkpoint.read(tmp_path / "m.pt")["step"] == 20
    list(steps(tmp_path / "m.pt", data, **given | {"steps": total}, resume=True))
    history = checkpoint.read(tmp_path / "m.pt")["history"]
    assert records.read_lines(tmp_path / "m.history.jsonl")[1] == history and history[-1]["step"] == total
    assert checkpoint.read(tmp_path / "m-20.pt")["step"] == 20
    assert [path.name for path in tmp_path.iterdir() if path.name.startswith(".m") and ".partial-" in path.name] == []


def test_a_complete_run_needs_nothing_written(data, tmp_path, monkeypatch):
    list(steps(tmp_path / "m.pt", data, steps=20))
    monkeypatch.setattr("disentool.io.files.probe", lambda *_, **__: pytest.fail("probed"))
    monkeypatch.setattr("disentool.io.files.claim", lambda *_, **__: pytest.fail("claimed"))
    assert list(steps(tmp_path / "m.pt", data, steps=20, resume=True)) == [tmp_path / "m.pt"]


def test_a_data_file_that_is_cut_short_leaves_the_last_good_step(data, tmp_path):
    """And no bus error, which would end this process."""
    own = Path(shutil.copy(data, tmp_path / "own.h5"))
    run = steps(tmp_path / "m.pt", own, steps=1000, checkpoint_every=10, keep_every=10)
    assert next(path for path in run if path) == tmp_path / "m-10.pt"
    os.truncate(own, 4096)
    with pytest.raises(ForeignFile, match=r"own\.h5.*m\.pt"):
        list(run)
    assert checkpoint.read(tmp_path / "m.pt")["step"] >= 10
    list(steps(tmp_path / "m.pt", data, steps=30, resume=True))
    list(steps(tmp_path / "whole.pt", data, steps=30))
    require_same(tmp_path / "m.pt", tmp_path / "whole.pt")
