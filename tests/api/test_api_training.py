"""Training from Python: that of the command; options, interruptions and threads."""

import signal
import threading
from pathlib import Path

import pytest
import torch
from conftest import SMALL, SMALL_FACTOR

import disentool
from disentool.errors import (
    OutputExists,
    UnknownName,
    WrongUsage,
)
from disentool.io import checkpoint

QUICK = SMALL_FACTOR | {"steps": 4, "log_every": 2, "device": "cpu"}


def test_training_is_the_command(squares, folder, cli):
    assert disentool.train("factorvae", data=squares, output="a.pt", **QUICK) == [Path("a.pt")]
    words = [word for name, value in QUICK.items() for word in (f"--{name.replace('_', '-')}", value)]
    cli("train", "factorvae", "--data", squares, "-o", "b.pt", *words).printed("b.pt")
    first, second = checkpoint.read(Path("a.pt")), checkpoint.read(Path("b.pt"))
    assert first["config"] == second["config"]
    for name, weight in first["networks"]["encoder"].items():
        assert torch.equal(weight, second["networks"]["encoder"][name])


def test_lists_make_runs_and_resuming_goes_on(squares, folder):
    paths = disentool.train("vae", data=squares, output="{seed}.pt", seed=range(2), **SMALL, steps=2, device="cpu")
    assert paths == [Path("0.pt"), Path("1.pt")]
    with pytest.raises(OutputExists):
        disentool.train("vae", data=squares, output="0.pt", **SMALL, steps=3, device="cpu")
    disentool.train("vae", data=squares, output="0.pt", resume=True, **SMALL, steps=3, device="cpu")
    assert disentool.load("0.pt").step == 3
    (folder / "options.yaml").write_text("steps: 1\n")
    disentool.train("vae", data=squares, config_file="options.yaml", **SMALL, device="cpu", tensorboard=None)
    assert disentool.load("ckpt.pt").step == 1


@pytest.mark.parametrize(
    ("method", "options", "error"),
    [
        ("factorva", {}, UnknownName),
        ("factorvae", {"gama": 1}, UnknownName),
        ("factorvae", {"gamma": "much"}, WrongUsage),
        ("factorvae", {"preset": "best"}, UnknownName),
        ("factorvae", {"output": "a.txt"}, WrongUsage),
        ("factorvae", {"device": "gpu"}, UnknownName),
        ("factorvae", {"resume": True, "overwrite": True}, WrongUsage),
    ],
)
def test_wrong_options_are_refused(method, options, error, squares, folder):
    with pytest.raises(error):
        disentool.train(method, data=squares, **options)
    assert not list(folder.iterdir())


class Once:
    """A reporter that does something once, when two steps are done."""

    def __init__(self, act):
        self.act, self.acted = act, False

    def note(self, message):
        pass

    def error(self, message):
        pass

    def task(self, label, total, unit, done=0):
        return self

    def __enter__(self):
        return self

    def __exit__(self, *raised):
        return None

    def update(self, done, terms=None):
        if done == 2 and not self.acted:
            self.acted = True
            self.act()


def press():
    signal.raise_signal(signal.SIGINT)


def test_ctrl_c_saves_and_raises(squares, folder):
    handlers = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)}
    assert handlers[signal.SIGINT] is signal.default_int_handler
    with pytest.raises(KeyboardInterrupt, match="interrupted"):
        disentool.train("factorvae", data=squares, report=Once(press), **QUICK)
    assert 2 <= disentool.load("ckpt.pt").step < 4
    assert {number: signal.getsignal(number) for number in handlers} == handlers
    disentool.train("factorvae", data=squares, resume=True, **QUICK)
    assert disentool.load("ckpt.pt").step == 4


def test_the_callers_handlers_are_left_alone(squares, folder):
    seen = []

    def own(number, frame):
        seen.append(number)

    def act():
        for number in numbers:
            assert signal.getsignal(number) is own
            signal.raise_signal(number)

    numbers = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    former = {number: signal.signal(number, own) for number in numbers}
    try:
        disentool.train("factorvae", data=squares, report=Once(act), **QUICK)
    finally:
        for number, handler in former.items():
            signal.signal(number, handler)
    assert seen == list(numbers)
    assert disentool.load("ckpt.pt").step == 4


def test_training_in_another_thread(squares, folder):
    found = []
    thread = threading.Thread(target=lambda: found.extend(disentool.train("factorvae", data=squares, **QUICK)))
    thread.start()
    thread.join()
    assert found == [Path("ckpt.pt")]
