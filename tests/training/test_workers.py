"""Several runs on a CPU, in processes of their own: each is the run it would be alone, and none is left behind."""

import os
import pickle
import signal
import subprocess
import sys
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import pytest
import torch
from conftest import SMALL, flags, shell

import disentool
from disentool.commands.train import train
from disentool.engine.training_loop import Training
from disentool.errors import DataMismatch, Interrupted, NonFinite, RunLost
from disentool.io import checkpoint
from disentool.io import dataset as dataset_file
from disentool.reporting import Silent
from disentool.training import shared_images, worker_process, workers
from disentool.training.plan import plan
from disentool.training.worker import carried
from disentool.training.worker_messages import Begin
from disentool.training.worker_process import WorkerProcess


class Heard(Silent):
    """Keeps what is said, and the labels of tasks with the steps that they came to."""

    def __init__(self):
        self.notes, self.errors, self.tasks = [], [], {}

    def note(self, message):
        self.notes.append(message)

    def error(self, message):
        self.errors.append(message)

    def task(self, label, total, unit, done=0):
        heard = self

        class Task:
            def __enter__(self):
                heard.tasks[label] = done
                return self

            def __exit__(self, *raised):
                return None

            def update(self, done, terms=None):
                heard.tasks[label] = done

        return Task()


@pytest.fixture
def given(monkeypatch) -> list[Path]:
    """The outputs of the runs that workers were given; until one was, this process is slow, and leaves runs to them."""
    monkeypatch.setattr(workers, "MANY_STEPS", 0)
    outputs = []
    advance, of = Training.advance, Begin.of

    def slow(self):
        if not outputs:
            time.sleep(0.2)
        advance(self)

    def noted(job):
        outputs.append(job.output)
        return of(job)

    monkeypatch.setattr(Training, "advance", slow)
    monkeypatch.setattr(Begin, "of", noted)
    return outputs


def run(output: Path, data: Path, report=None, resume=False, method="vae", **options) -> list[Path]:
    asked = SMALL | {"data": str(data), "device": "cpu", "log_every": 20, "steps": 100} | options
    return list(train(plan(method, asked, output=str(output)), resume=resume, report=report))


def same(a, b) -> bool:
    """Whether two nested states hold equal values, tensors bit for bit; times may differ."""
    if isinstance(a, torch.Tensor):
        return torch.equal(a, b)
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(same(a[k], b[k]) for k in a if k not in ("time", "seconds"))
    if isinstance(a, (list, tuple)):
        return len(a) == len(b) and all(same(x, y) for x, y in zip(a, b, strict=True))
    return a == b


def test_each_run_is_the_run_it_would_be_alone(squares, tmp_path, given):
    """Weights, history and all else; half of it is there before, and notes and progress are those of every run."""
    run(tmp_path / "2.pt", squares, steps=60, seed=2)
    report = Heard()
    paths = run(tmp_path / "{seed}.pt", squares, report, resume=True, seed=[0, 1, 2], gang=2)
    assert given and tmp_path / "0.pt" not in given
    assert sorted(paths) == [tmp_path / f"{seed}.pt" for seed in range(3)]
    for seed, path in enumerate(sorted(paths)):
        [alone] = run(tmp_path / "alone" / f"{seed}.pt", squares, seed=seed)
        first, second = checkpoint.read(alone), checkpoint.read(path)
        assert second["run"].pop("gang") == 2 and first["run"].pop("gang") is None
        assert same(first, second)
        assert sum(f"{path}: " in note and "information" in note for note in report.notes) == 1
    assert report.tasks == {"all 3 runs": 300} | {f"run {n + 1} of 3: vae {n}.pt": 100 for n in range(3)}
    assert report.errors == []


def test_threads_are_shared():
    torch.set_num_threads(4)
    shares = {asked: workers.share_of_threads(10, asked) for asked in (None, 1, 2, 3, 9, 99)}
    assert shares == {None: (4, 1), 1: (1, 4), 2: (2, 2), 3: (3, 1), 9: (9, 1), 99: (10, 1)}
    assert workers.share_of_threads(2, None) == (2, 2)
    assert workers.share_of_threads(1, None) == (1, 4)


def test_a_short_list_starts_no_process(squares, tmp_path, monkeypatch):
    monkeypatch.setattr(workers, "WorkerProcess", None)
    monkeypatch.setattr(workers, "PATIENCE", 60.0)
    assert [path.name for path in run(tmp_path / "{seed}.pt", squares, steps=2, seed=[0, 1], gang=2)] == [
        "0.pt",
        "1.pt",
    ]


def test_what_no_process_can_load(monkeypatch):
    assert worker_process.possible("vae") and worker_process.possible("disentool.methods:METHODS")
    assert not worker_process.possible("__main__:Mine") and not worker_process.possible("no_such_module:Mine")
    monkeypatch.setattr(sys, "executable", "")
    assert not worker_process.possible("vae")


def killed(monkeypatch, number: int) -> None:
    """The first run that a worker is given ends by this signal to its process."""
    say, done = WorkerProcess.say, []

    def ended(self, message):
        say(self, message)
        if isinstance(message, Begin) and not done:
            done.append(message)
            os.kill(self.process.pid, number)

    monkeypatch.setattr(WorkerProcess, "say", ended)


def test_a_killed_process_names_its_run_and_the_others_go_on(squares, tmp_path, given, monkeypatch):
    killed(monkeypatch, signal.SIGKILL)
    report = Heard()
    with pytest.raises(RunLost, match=r"1 of 3 .*1\.pt.*SIGKILL"):
        run(tmp_path / "{seed}.pt", squares, report, seed=[0, 1, 2], gang=2)
    assert len(report.errors) == 1 and "1.pt" in report.errors[0] and "memory" in report.errors[0]
    assert sorted(path.name for path in tmp_path.glob("*.pt")) == ["0.pt", "2.pt"]
    assert not list(tmp_path.glob(".*"))


def test_a_run_that_does_not_stay_finite_is_left(squares, tmp_path, given):
    report = Heard()
    rates = [1e-4, 1e30, 1e-3]
    with pytest.raises(NonFinite, match="1 of 3"):
        run(tmp_path / "{learning_rate}.pt", squares, report, learning_rate=rates, gang=2)
    assert len(report.errors) == 1 and "1e+30.pt" in report.errors[0]
    assert sorted(path.name for path in tmp_path.glob("*.pt")) == ["0.0001.pt", "0.001.pt"]


def test_an_error_of_one_run_ends_all_and_those_under_way_are_saved(squares, tmp_path, given, monkeypatch):
    """The output of the worker's run appears meanwhile, so that it cannot begin."""
    say = WorkerProcess.say

    def appears(self, message):
        if isinstance(message, Begin):
            (tmp_path / "1.history.jsonl").write_text("precious")
        say(self, message)

    monkeypatch.setattr(WorkerProcess, "say", appears)
    report = Heard()
    with pytest.raises(disentool.errors.OutputExists, match=r"1\.history"):
        run(tmp_path / "{seed}.pt", squares, report, seed=[0, 1, 2], gang=2, steps=100_000)
    assert 0 < checkpoint.read(tmp_path / "0.pt")["step"] < 100_000
    assert any("0.pt holds step" in note for note in report.notes)
    assert not (tmp_path / "2.pt").exists()


def test_python_reports_and_needs_no_guard(squares, folder):
    """A script without `if __name__ == "__main__"`, with an open data set whose pixels were changed in memory."""
    Path("script.py").write_text(f"""
import disentool
from disentool.reporting import Silent
from disentool.training import workers
workers.MANY_STEPS = 0

class Report(Silent):
    def task(self, label, total, unit, done=0):
        print(label)
        return super().task(label, total, unit, done)

data = disentool.open_dataset({str(squares)!r})
data.images[0] = 255
given = dict(data=data, seed=[0, 1], steps=300, device="cpu", latent_dim=4, hidden_units=32, batch_size=16)
print(disentool.train("vae", gang=2, report=Report(), output="{{seed}}.pt", **given))
""")
    done = subprocess.run([sys.executable, "script.py"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    labels = ["all 2 runs", "run 1 of 2: vae 0.pt", "run 2 of 2: vae 1.pt"]
    assert done.stdout.splitlines()[:3] == labels and "PosixPath('1.pt')" in done.stdout.splitlines()[3]


def test_what_a_users_method_prints_and_warns_of(squares, own_module, given, capsys):
    own_module(
        "mine",
        "import warnings\n"
        "from disentool.methods.vae.config import VAEConfig\n"
        "from disentool.methods.vae.method import VAE\n"
        "class Mine(VAE):\n"
        "    Config = VAEConfig\n"
        "    def networks(self):\n"
        "        print('networks', end=' ')\n"
        "        print('made')\n"
        "        warnings.warn('careful')\n"
        "        return super().networks()\n",
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("default")
        run(Path("{seed}.pt"), squares, method="mine:Mine", seed=[0, 1, 2, 3], gang=3)
    assert capsys.readouterr().out == "networks made\n" * 4
    assert 1 <= sum("careful" in str(each.message) for each in caught) <= 2  # of this process, and of the workers


def test_images_are_shared(squares, tmp_path):
    """Those of a file are mapped; those in memory, or changed there, are copied once for all."""
    data = dataset_file.read(squares)
    with shared_images.share(data.images, opened_here=True) as shared:
        assert shared.offset == data.images.offset > 0
        np.testing.assert_array_equal(shared.mapped(), data.images)
    for images in (np.array(data.images), data.images[3:, ::2], data.images):
        images[0] = 7
        with shared_images.share(images, opened_here=False) as shared:
            assert shared.offset == 0 and isinstance(shared.mapped(), np.memmap)
            np.testing.assert_array_equal(shared.mapped(), images)


def test_errors_of_workers_come_as_they_are():
    class Own(Exception):
        pass

    for error in (DataMismatch("a"), Interrupted(2, "b"), disentool.errors.UnknownName("method", "v", ["vae"])):
        back = pickle.loads(pickle.dumps(carried(error)))
        assert (type(back), str(back), back.exit_code) == (type(error), str(error), error.exit_code)
    assert str(carried(Own("c"))) == "Own: c"
    assert carried(OSError(28, "full")).errno == 28


# ---- real processes


def descendants(pid: int) -> list[int]:
    """The processes that a process has started."""
    table = subprocess.run(["ps", "-A", "-o", "pid=,ppid="], capture_output=True, text=True, check=True).stdout
    pairs = [tuple(map(int, line.split())) for line in table.splitlines()]
    return [child for child, parent in pairs if parent == pid]


def alive(pid: int) -> bool:
    """Whether a process runs."""
    state = subprocess.run(["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False).stdout
    return bool(state) and not state.startswith("Z")


def until(condition, seconds: float = 120.0) -> None:
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


@contextmanager
def started(folder: Path, data: Path) -> Iterator[tuple[subprocess.Popen, list[int]]]:
    """A command whose two first runs are under way and saved, and its workers."""
    many = {**SMALL, "steps": 10**6, "gang": 2, "checkpoint_every": 5, "seeds": "0-2", "device": "cpu", "data": data}
    with shell("train", "vae", *flags(many), start_new_session=True) as process:
        try:
            both = [folder / "ckpt-0.pt", folder / "ckpt-1.pt"]
            until(lambda: process.poll() is not None or all(path.exists() for path in both))
            assert process.poll() is None, process.communicate()
            found = descendants(process.pid)
            assert len(found) == 1
            yield process, found
        finally:
            process.kill()


@pytest.mark.parametrize(
    ("number", "code", "to_all"), [(signal.SIGINT, 130, True), (signal.SIGTERM, 143, False), (signal.SIGHUP, 129, True)]
)
def test_a_signal_saves_all_and_leaves_no_process(folder, squares, number, code, to_all):
    """Ctrl-C and a closed terminal reach the workers too."""
    with started(folder, squares) as (process, found):
        sent = time.monotonic()
        (os.killpg if to_all else os.kill)(process.pid, number)
        out, err = process.communicate(timeout=30)
        assert time.monotonic() - sent < 5
    assert (process.returncode, out) == (code, "")
    last = err.splitlines()[-1]
    assert "interrupted: ckpt-" in last and "--resume" in last and "Traceback" not in err
    assert not any(alive(pid) for pid in found)
    assert sorted(path.name for path in folder.glob("*.pt")) == ["ckpt-0.pt", "ckpt-1.pt"]
    assert not [path for path in folder.glob(".*") if path.is_file()]


def test_workers_of_a_killed_command_save_and_end(folder, squares, cli):
    with started(folder, squares) as (process, found):
        process.kill()
        until(lambda: not any(alive(pid) for pid in found))
    step = checkpoint.read(folder / "ckpt-1.pt")["step"]
    more = {**SMALL, "steps": step + 1, "seed": 1, "device": "cpu", "data": squares}
    cli("train", "vae", *flags(more), "-o", "ckpt-1.pt", "--resume").printed("ckpt-1.pt")


def test_two_commands_in_one_folder(folder, squares, cli):
    with started(folder, squares) as (process, found):
        same_runs = {**SMALL, "steps": 10**6, "gang": 2, "seeds": "0-2", "device": "cpu", "data": squares}
        cli("train", "vae", *flags(same_runs), "--resume").failed(1, "running")
        assert process.poll() is None and all(alive(pid) for pid in found)
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=30)
    assert not (folder / "ckpt-2.pt").exists()
