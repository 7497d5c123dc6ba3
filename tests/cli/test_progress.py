"""Progress: lines that fit, times without start-up, bars of several tasks, and other text above them."""

import io
import itertools
import re
import sys
from types import SimpleNamespace

import pytest
from conftest import SMALL

from disentool.cli.bars import Bars
from disentool.cli.progress import Stderr
from disentool.cli.progress_line import Pace, fitted_line, plain_line
from disentool.commands.train import train
from disentool.reporting import Silent
from disentool.training.plan import plan

LABEL, TERMS = "run 2 of 4: factorvae ckpt-10.pt", ["rec 250.1", "kl 12.34", "tc 0.5678", "D acc 0.8125"]


def pace(total: int = 300_000, done: int = 120_000, seconds: float = 7205.0) -> Pace:
    """Of a task that is begun, with a step a minute after it began, and the rest of ``done`` in ``seconds``."""
    found = Pace(total, 0, 0.0)
    found.update(1, 60.0)
    found.update(done, 60.0 + seconds)
    return found


def numbers(text: str) -> list[str]:
    return re.findall(r"[\d.,:]*\d", text)


def test_names_of_files_are_not_obeyed():
    evil = "\x1b]0;title\x07\x9b2J"
    for line in (
        plain_line(evil, pace(), "steps", [f"{evil} 1"]),
        fitted_line(evil, pace(), "steps", [evil], 300, "━─"),
    ):
        assert line.isprintable() and "title" in line


@pytest.mark.parametrize("width", [*range(20, 140)])
def test_a_line_fits_and_cuts_no_number(width):
    line = fitted_line(LABEL, pace(), "steps", TERMS, width, "━─")
    assert len(line) <= width
    whole = f"{plain_line(LABEL, pace(), 'steps', TERMS)} {pace().elapsed}"
    assert set(numbers(line)) <= set(numbers(whole))
    if width >= 59:  # a terminal of 60 columns
        assert "120,000/300,000" in line and "2:01:05" in line and "3:00:08 left" in line and "run 2 of 4" in line


def test_losses_go_before_the_bar_and_the_bar_before_all_else():
    wide, fewer, narrow = (fitted_line("vae m.pt", pace(), "steps", TERMS, width, "━─") for width in (140, 90, 70))
    assert "D acc 0.8125" in wide and "━" in wide
    assert "rec" not in fewer and "━" in fewer
    assert "━" not in narrow and "2:01:05 elapsed, 3:00:08 left" in narrow and "16.7/s" in narrow


def test_start_up_is_no_part_of_the_rate():
    """The first step takes a minute, each after it a second: of 11 steps 9 are left."""
    found = Pace(11, 0, 0.0)
    found.update(1, 60.0)
    assert (found.speed, found.left) == ("", "")
    found.update(2, 61.0)
    assert (found.speed, found.left, found.elapsed) == ("1.0/s", "0:09", "1:01")
    assert "9 left" in plain_line("vae", found, "steps", [])
    found.update(11, 70.0)
    assert plain_line("vae", found, "steps", []) == "vae: 11/11 steps, 1.0/s, done in 1:10"


def test_a_total_that_nobody_knows():
    found = Pace(0, 0, 0.0)
    found.update(10, 1.0)
    found.update(30, 2.0)
    assert plain_line("download", found, "bytes", []) == "download: 30 bytes, 20.0/s, 0:02 elapsed"
    assert "━" not in fitted_line("download", found, "bytes", [], 100, "━─")


def test_the_first_plain_line_does_not_count_start_up(monkeypatch, capsys):
    times = iter([0.0, 60.0, 61.0])  # begun; the first step, then the second are finished
    monkeypatch.setattr("disentool.cli.progress.time", SimpleNamespace(monotonic=times.__next__))
    monkeypatch.setattr("disentool.cli.progress._EVERY", 0.0)
    with Stderr().task("vae m.pt", 100, "steps") as task:
        task.update(1)
        assert capsys.readouterr().err == "vae m.pt: 1/100 steps, 1:00 elapsed\n"
        task.update(2)
    assert capsys.readouterr().err == "vae m.pt: 2/100 steps, 1.0/s, 1:01 elapsed, 1:38 left\n"


def test_a_plain_log_says_once_that_a_task_is_done(monkeypatch, capsys):
    times = iter([0.0, *(60.0 + n for n in range(20))])
    monkeypatch.setattr("disentool.cli.progress.time", SimpleNamespace(monotonic=times.__next__))
    with Stderr().task("all 2 runs", 4, "steps") as task:
        for done in (2, 3, 4, 4, 4):
            task.update(done)
    said = capsys.readouterr().err.splitlines()
    assert [line.partition(" steps")[0] for line in said] == ["all 2 runs: 2/4", "all 2 runs: 4/4"]


class Terminal(io.StringIO):
    """A terminal that says nothing of its size; its last screen is :meth:`screen`."""

    encoding = "utf-8"

    def isatty(self):
        return True

    def screen(self) -> list[str]:
        """The lines that are seen, by the few sequences that the bars use."""
        lines, row, column = [""], 0, 0
        for part in re.split(r"(\x1b\[\d*[A-Z]|\r|\n)", self.getvalue()):
            if part == "\r":
                column = 0
            elif part == "\n":
                row, column = row + 1, 0
                lines += [""] * (row + 1 - len(lines))
            elif part == "\x1b[J":
                lines = [*lines[:row], lines[row][:column]]
            elif part.startswith("\x1b"):
                row -= int(part[2:-1])
            else:
                lines[row] = lines[row][:column].ljust(column) + part + lines[row][column + len(part) :]
                column += len(part)
        return [line.rstrip() for line in lines]


def on_terminal(monkeypatch) -> Terminal:
    """Makes one of stdout and stderr; in the test itself, since pytest puts its own streams before it."""
    found = Terminal()
    monkeypatch.setattr("sys.stderr", found)
    monkeypatch.setattr("sys.stdout", found)
    monkeypatch.delenv("TERM", raising=False)
    monkeypatch.setenv("NO_COLOR", "1")
    ticks = itertools.count()
    monkeypatch.setattr("disentool.cli.bars.time", SimpleNamespace(monotonic=lambda: float(next(ticks))))
    return found


def test_each_task_has_one_line_and_other_text_stands_above(monkeypatch):
    terminal = on_terminal(monkeypatch)
    report = Stderr()
    with report.task("all 2 runs", 20, "steps") as both:
        with report.task("one", 10, "steps") as one:
            for step in range(1, 11):
                one.update(step)
                both.update(step)
                if step == 5:
                    print("snapshot.pt")
                    report.note("a note")
        assert [line.split("  ")[0] for line in terminal.screen()] == [
            "snapshot.pt",
            "disentool: a note",
            "one",
            "all 2 runs",
        ]
        both.update(20)
    print("end.pt")
    seen = terminal.screen()
    assert [line.split("  ")[0] for line in seen] == [
        "snapshot.pt",
        "disentool: a note",
        "one",
        "all 2 runs",
        "end.pt",
        "",
    ]
    assert "20/20" in seen[3]
    assert sys.stdout is terminal and sys.stderr is terminal


def test_what_ctrl_c_writes_leaves_no_trace(monkeypatch):
    terminal = on_terminal(monkeypatch)
    task = Stderr().task("vae m.pt", 10, "steps")
    task.__enter__().update(3)
    terminal.write("^C")  # what the terminal itself does
    assert not task.__exit__(KeyboardInterrupt, KeyboardInterrupt(), None)
    first, *rest = terminal.screen()
    assert first.startswith("vae m.pt") and "3/10" in first and rest == [""]


def test_text_without_an_end_of_line_waits_for_it(monkeypatch):
    terminal = on_terminal(monkeypatch)
    with Bars(terminal).bar("one", 3, "steps", 0) as bar:
        print("a", end="", flush=True)
        bar.update(1)
        bar.update(2)
        print("", end="")
        print("b")
        assert terminal.screen()[0] == "ab"
        assert terminal.screen()[1].startswith("one")


def test_tasks_may_end_in_any_order(monkeypatch):
    terminal = on_terminal(monkeypatch)
    report = Stderr()
    first, second = report.task("first", 2, "steps"), report.task("second", 2, "steps")
    first.__enter__().update(1)
    second.__enter__().update(1)
    first.__exit__(None, None, None)
    print("between")
    second.__exit__(None, None, None)
    assert [line.split("  ")[0] for line in terminal.screen()] == ["first", "between", "second", ""]


def test_a_terminal_without_the_bar_characters(monkeypatch):
    stream = Terminal()
    monkeypatch.setattr(Terminal, "encoding", "ascii")
    with Bars(stream).bar("one", 2, "steps", 0) as bar:
        bar.update(1)
    stream.getvalue().encode("ascii")
    assert "#" in stream.getvalue()


class Tasks(Silent):
    """Keeps what each task was told."""

    def __init__(self):
        self.told: dict[str, list[int]] = {}

    def task(self, label, total, unit, done=0):
        self.told[f"{label} {total}"] = updates = [done]
        kept = super().task(label, total, unit, done)

        class Kept:
            def __enter__(self):
                kept.__enter__()
                return self

            def __exit__(self, *error):
                return kept.__exit__(*error)

            def update(self, done, terms=None):
                updates.append(done)

        return Kept()


def test_a_sweep_says_which_run_it_is_and_how_far_all_are(squares, tmp_path):
    options = SMALL | {"data": str(squares), "device": "cpu", "log_every": 2, "steps": 4}
    report = Tasks()
    list(train(plan("vae", options | {"seed": [0, 1]}, output=str(tmp_path / "{seed}.pt")), report=report))
    assert list(report.told) == ["all 2 runs 8", "run 1 of 2: vae 0.pt 4", "run 2 of 2: vae 1.pt 4"]
    together = report.told["all 2 runs 8"]
    assert together == sorted(together) and together[-1] == 8
    again = Tasks()
    longer = plan("vae", options | {"seed": [0, 1], "steps": 6}, output=str(tmp_path / "{seed}.pt"))
    list(train(longer, resume=True, report=again))
    assert again.told["all 2 runs 12"][0] == 8 and again.told["all 2 runs 12"][-1] == 12
    alone = Tasks()
    list(train(plan("vae", options, output=str(tmp_path / "alone.pt")), report=alone))
    assert list(alone.told) == ["vae alone.pt 4"]
