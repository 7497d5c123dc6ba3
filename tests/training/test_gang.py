"""A gang of runs in one process: each is the run it would be alone; one that is lost does not stop the others."""

import io
import signal
from contextlib import nullcontext
from pathlib import Path

import pytest
import torch
from conftest import SMALL_FACTOR

from disentool.cli.progress import Stderr
from disentool.commands.train import train
from disentool.engine.precision import Bfloat16
from disentool.engine.training_loop import Training
from disentool.errors import DeviceFull, Interrupted, NonFinite
from disentool.io import checkpoint
from disentool.methods.lord.adain import adain
from disentool.reporting import Silent
from disentool.training import gang
from disentool.training.plan import plan
from disentool.training.signals import Signals


@pytest.fixture(autouse=True)
def in_turns(monkeypatch):
    """As on CUDA: on a CPU, where processes are possible, runs take no turns (see test_workers.py)."""
    monkeypatch.setattr("disentool.training.worker_process.possible", lambda method: False)


class Heard(Silent):
    """Keeps what is said."""

    def __init__(self):
        self.notes, self.errors = [], []

    def note(self, message):
        self.notes.append(message)

    def error(self, message):
        self.errors.append(message)


def run(output: str, data: Path, report=None, resume=False, **options) -> list[Path]:
    given = SMALL_FACTOR | {"data": str(data), "device": "cpu", "log_every": 4, "steps": 10} | options
    return list(train(plan("factorvae", given, output=output), resume=resume, report=report))


def weights(path: Path) -> dict[str, torch.Tensor]:
    content = checkpoint.read(path)
    return {f"{n}.{k}": v for n, state in content["networks"].items() for k, v in state.items()}


def test_each_member_is_the_run_it_would_be_alone(squares, tmp_path):
    """Seeds and a listed option, three at once of four: bit for bit, history and all."""
    together = run(str(tmp_path / "g-{gamma}-{seed}.pt"), squares, gamma=[5.0, 20.0], seed=[0, 1], gang=3)
    assert sorted(together) == [tmp_path / f"g-{gamma}-{seed}.pt" for gamma in ("20", "5") for seed in (0, 1)]
    for gamma in (5.0, 20.0):
        for seed in (0, 1):
            [alone] = run(str(tmp_path / "alone.pt"), squares, gamma=gamma, seed=seed)
            member = tmp_path / f"g-{gamma:g}-{seed}.pt"
            a, b = weights(alone), weights(member)
            assert a.keys() == b.keys() and all(torch.equal(a[k], b[k]) for k in a)
            first, second = (checkpoint.read(path) for path in (alone, member))
            assert [{**h, "time": 0} for h in first["history"]] == [{**h, "time": 0} for h in second["history"]]
            assert first["config"] == second["config"] and second["config"]["gamma"] == gamma
            for file in (alone, alone.with_suffix(".history.jsonl")):
                file.unlink()


def test_members_take_turns(squares, tmp_path, monkeypatch):
    order = []
    advance = Training.advance
    monkeypatch.setattr(Training, "advance", lambda self: (order.append(self.seed), advance(self)))
    run(str(tmp_path / "{seed}.pt"), squares, seed=[0, 1, 2], gang=2, steps=3)
    assert order == [0, 1, 0, 1, 0, 1, 2, 2, 2]
    order.clear()
    run(str(tmp_path / "{seed}-.pt"), squares, seed=[0, 1], steps=2)
    assert order == [0, 0, 1, 1]  # one after another, unless asked


def test_one_that_does_not_stay_finite_is_left_and_the_others_go_on(squares, tmp_path):
    report = Heard()
    made = []
    given = SMALL_FACTOR | {"data": str(squares), "device": "cpu", "log_every": 4, "steps": 10, "gang": 3}
    given |= {"learning_rate": [1e-4, 1e30, 1e-3]}
    runs = train(plan("factorvae", given, output=str(tmp_path / "{learning_rate}.pt")), report=report)
    with pytest.raises(NonFinite, match="1 of 3"):
        made.extend(runs)
    assert sorted(path.name for path in made) == ["0.0001.pt", "0.001.pt"]
    assert len(report.errors) == 1 and "1e+30.pt" in report.errors[0] and "other runs" in report.errors[0]
    assert all(checkpoint.read(path)["step"] == 10 for path in made)


def test_a_signal_saves_every_member_and_resume_goes_on(squares, tmp_path, monkeypatch):
    advance = Training.advance

    def interrupted(self):
        advance(self)
        if (self.seed, self.step) == (1, 4):
            signal.raise_signal(signal.SIGTERM)

    name = str(tmp_path / "{seed}.pt")
    monkeypatch.setattr(Training, "advance", interrupted)
    with pytest.raises(Interrupted, match=r"1\.pt") as caught:
        run(name, squares, seed=[0, 1, 2], gang=2)
    assert caught.value.exit_code == 143
    assert [checkpoint.read(tmp_path / f"{seed}.pt")["step"] for seed in (0, 1)] == [5, 4]
    assert not (tmp_path / "2.pt").exists()
    monkeypatch.setattr(Training, "advance", advance)
    run(name, squares, seed=[0, 1, 2], gang=2, resume=True)
    [alone] = run(str(tmp_path / "alone.pt"), squares, seed=1)
    a, b = weights(alone), weights(tmp_path / "1.pt")
    assert all(torch.equal(a[k], b[k]) for k in a)


def test_a_full_device_says_what_would_fit():
    def steps(fails_at):
        for step in range(9):
            if step == fails_at:
                raise torch.OutOfMemoryError("CUDA out of memory")
            yield None

    def members(*fails):
        return [gang.Member(Path(f"{i}.pt"), steps(at)) for i, at in enumerate(fails)]

    with pytest.raises(DeviceFull, match="--gang 2"):
        list(gang.train_together(members(None, None, None, 0), 4, Signals(), Silent()))
    with pytest.raises(DeviceFull, match="--images memory"):
        list(gang.train_together(members(0), 4, Signals(), Silent()))


def test_members_are_closed_when_one_fails():
    closed = []

    def fine():
        try:
            while True:
                yield None
        finally:
            closed.append(True)

    def fails():
        yield None
        raise ValueError("broken")

    members = [gang.Member(Path("a"), fine()), gang.Member(Path("b"), fails())]
    with pytest.raises(ValueError, match="broken"):
        list(gang.train_together(members, 2, Signals(), Silent()))
    assert closed == [True]


def test_everything_of_a_member_is_put_on_its_stream():
    entered = []

    class Recorder:
        def __init__(self, name):
            self.name = name

        def on_stream(self):
            entered.append(self.name)
            return nullcontext()

    def steps():
        yield None
        yield Path("done")

    members = [gang.Member(Path(name), steps(), Recorder(name)) for name in "ab"]
    assert list(gang.train_together(members, 2, Signals(), Silent())) == [Path("done")] * 2
    assert entered == ["a", "b"] * 3


def test_bars_of_several_tasks_share_the_terminal(monkeypatch):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stderr", Terminal())
    report = Stderr()
    with report.task("one", 10, "steps") as one:
        one.update(5)
        with report.task("two", 10, "steps") as two:
            two.update(10, {"reconstruction": 3.0})
            report.note("between")
        one.update(10)
    report.note("after")
    import sys

    text = sys.stderr.getvalue()
    assert all(word in text for word in ("one", "two", "disentool: between", "disentool: after", "rec 3"))


def test_bfloat16_networks_give_float32_and_learn(squares, tmp_path):
    layer = torch.nn.Linear(8, 4)
    x = torch.randn(5, 8, generator=torch.Generator().manual_seed(0))
    low = Bfloat16(layer)(x)
    assert low.dtype == torch.float32 and layer.weight.dtype == torch.float32
    assert 0 < (low - layer(x)).abs().max() < 0.02
    (gradient,) = torch.autograd.grad(low.sum(), [layer.weight])
    assert gradient.dtype == torch.float32
    [path] = run(str(tmp_path / "b.pt"), squares, precision="bf16", steps=30)
    [full] = run(str(tmp_path / "f.pt"), squares, steps=30)
    history, exact = (checkpoint.read(p)["history"] for p in (path, full))
    assert history[-1]["reconstruction"] == pytest.approx(exact[-1]["reconstruction"], rel=0.05)
    assert checkpoint.read(path)["run"]["precision"] == "bf16"
    assert all(value.dtype == torch.float32 for value in weights(path).values() if value.is_floating_point())


def test_instance_statistics_are_float32_of_bfloat16_features():
    x = 100 + torch.randn(2, 3, 16, 16, generator=torch.Generator().manual_seed(0))
    offset, scale = torch.zeros(2, 3), torch.ones(2, 3)
    low = adain(x.bfloat16(), offset.bfloat16(), scale.bfloat16(), "std")
    assert low.dtype == torch.float32
    torch.testing.assert_close(low, adain(x.bfloat16().float(), offset, scale, "std"))
    assert low.mean().abs() < 1e-4
