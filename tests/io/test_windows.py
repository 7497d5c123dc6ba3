"""What differs on Windows, as far as another system can stand in for it: modules, signals, paths, open files."""

import ast
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

import disentool
from disentool import named_code
from disentool.datasets.cache import open_data
from disentool.errors import MissingFile, NotWritable, UnknownName
from disentool.io import directions_file, files
from disentool.system import locks
from disentool.training.signals import listen

ROOT = Path(disentool.__file__).parent
UNIX_MODULES = {"fcntl", "grp", "pty", "pwd", "resource", "syslog", "termios", "tty"}
UNIX_NAMES = {
    "os": {"fork", "geteuid", "getuid", "killpg", "setsid", "chown", "mkfifo", "uname", "sched_getaffinity", "statvfs"},
    "signal": {"SIGKILL", "SIGUSR1", "SIGUSR2", "SIGALRM", "alarm", "pause", "setitimer", "pthread_sigmask"},
}


def nodes() -> Iterator[tuple[str, ast.AST]]:
    paths = sorted(ROOT.rglob("*.py"))
    assert len(paths) > 100
    for path in paths:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.stmt | ast.expr):
                yield f"{path.relative_to(ROOT)}:{node.lineno}", node


def test_no_module_needs_what_windows_lacks():
    found = []
    for place, node in nodes():
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
        found += [f"{place}: {name}" for name in names if name.split(".")[0] in UNIX_MODULES]
        if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            found += [place] if node.attr in UNIX_NAMES.get(node.value.id, ()) else []
    assert not found


def test_every_text_file_is_opened_with_an_encoding():
    """Windows' own is not UTF-8."""
    found = []
    for place, node in nodes():
        if not isinstance(node, ast.Call) or any(keyword.arg == "encoding" for keyword in node.keywords):
            continue
        if isinstance(node.func, ast.Attribute) and node.func.attr in ("read_text", "write_text"):
            found += [] if isinstance(node.func.value, ast.Name) and node.func.value.id == "files" else [place]
        if isinstance(node.func, ast.Name) and node.func.id == "open":
            modes = [ast.unparse(argument) for argument in (*node.args[1:], *(k.value for k in node.keywords))]
            found += [] if any("b" in mode for mode in modes) else [place]
    assert not found


@pytest.fixture
def windows(monkeypatch):
    """A system that calls itself Windows, and has no SIGHUP."""
    monkeypatch.delattr(signal, "SIGHUP", raising=False)
    monkeypatch.setattr(sys, "platform", "win32")


def test_signals_that_are_not_there_are_not_asked_for(windows):
    before = signal.getsignal(signal.SIGTERM)
    with listen() as signals:
        assert signal.getsignal(signal.SIGTERM) is not before
    assert signals.received is None
    assert signal.getsignal(signal.SIGTERM) is before


@pytest.mark.parametrize("number", [5, 32])
def test_a_file_that_another_program_has_open_is_not_replaced_and_said_to_be_open(
    tmp_path, windows, monkeypatch, number
):
    class Shared(PermissionError):
        winerror = number

    def refuse(*_, **__):
        raise Shared(13, "Permission denied")

    target = tmp_path / "a.txt"
    target.write_text("the last good one")
    monkeypatch.setattr(os, "replace", refuse)
    with pytest.raises(NotWritable, match="another program"):
        files.write_text(target, "new", overwrite=True)
    assert [path.read_text() for path in tmp_path.iterdir()] == ["the last good one"]
    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(MissingFile, match="another program"):
        files.require(target, "text")


def test_a_lock_file_that_is_open_is_left_to_its_holder(tmp_path, monkeypatch):
    """Windows removes no file that is open."""
    monkeypatch.setattr(locks, "UNLINKED_WHILE_OPEN", False)
    for _ in range(2):
        with files.claim(tmp_path / "a.h5"):
            assert (tmp_path / ".a.h5.lock").exists()


def test_paths_of_windows_are_paths(windows):
    for path in ("C:\\runs\\dirs.h5", "C:\\dirs.h5"):
        assert directions_file.reference(path) == (Path(path), None)
        assert not named_code.is_own(path)
    assert directions_file.reference("C:\\dirs.h5:shift-x") == (Path("C:\\dirs.h5"), "shift-x")
    assert named_code.is_own("module:Class")
    with pytest.raises(MissingFile):
        open_data("data/squares")  # a path, with either slash
    with pytest.raises(UnknownName):
        open_data("squares")


def test_text_is_the_same_bytes_everywhere(tmp_path):
    files.write_text(tmp_path / "a.jsonl", "one\ntwo\n", overwrite=False)
    assert (tmp_path / "a.jsonl").read_bytes() == b"one\ntwo\n"
