"""What all commands share: help, exit codes, one line for every error, streams that close, and bad files."""

import os
import shutil
import signal
import subprocess
import sys
import time
from pathlib import Path

import h5py
import pytest
import torch
from conftest import shell

import disentool
from disentool import cli as command_line
from disentool import errors
from disentool.cli import COMMANDS

LINUX = pytest.mark.skipif(sys.platform != "linux", reason="needs Linux's /dev and /proc")


# ---- help


def test_version(cli):
    cli("--version").printed(f"disentool {disentool.__version__}")


@pytest.mark.parametrize("arguments", [(), ("train",)])
def test_nothing_at_all_gets_the_help_on_stderr(cli, arguments):
    outcome = cli(*arguments)
    assert (outcome.code, outcome.out) == (2, "")
    assert outcome.err.startswith("Usage: disentool")
    assert "Examples:\n  disentool train" in outcome.err
    assert outcome.err.count("\n") > 10


def test_help_lists_every_command(cli):
    for arguments in (["--help"], ["-h"]):
        outcome = cli(*arguments)
        assert (outcome.code, outcome.err) == (0, "")
        assert all(f"  {name} " in outcome.out for name in COMMANDS)


def test_unknown_names_get_the_nearest(cli):
    cli("scor").failed(2, "score?")
    cli("frobnicate").failed(2, "correlate")
    cli("train", "factorva").failed(2, "factorvae?")
    cli("train", "factorvae", "--gama", "3").failed(2, "--gamma")
    cli("score", "--metric", "facto").failed(2, "factor?")
    cli("score", "--protocol", "dblib").failed(2, "dlib?")
    cli("score", "--format", "json").failed(2, "'--format'")
    cli("prepare", "dsprite").failed(2, "dsprites?")
    cli("--frobnicate").failed(2, "--frobnicate")
    cli("info", "--frobnicate").failed(2, "--frobnicate")


# ---- errors


@pytest.mark.parametrize(
    ("error", "code", "words"),
    [
        (errors.WrongUsage("a: b"), 2, "disentool: a: b\n"),
        (errors.ForeignFile("two\nlines  of text"), 1, "disentool: two lines of text\n"),
        (errors.Interrupted(signal.SIGTERM, "terminated"), 143, "disentool: terminated\n"),
        (errors.Interrupted(signal.SIGINT, "stopped"), 130, "disentool: stopped\n"),
        (KeyboardInterrupt(), 130, "interrupted\n"),
        (MemoryError(), 1, "disentool: out of memory; "),
        (RuntimeError("CUDA out of memory. Tried to allocate"), 1, "disentool: out of memory; "),
        (RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"), 1, "disentool: out of memory; "),
        (PermissionError(13, "Permission denied", "some/file"), 1, "disentool: some/file: Permission denied\n"),
        (ZeroDivisionError("oops"), 1, "disentool: internal error, please report: ZeroDivisionError: oops (--debug"),
    ],
    ids=lambda value: type(value).__name__ if isinstance(value, BaseException) else "",
)
def test_every_error_is_one_line_and_a_code(cli, monkeypatch, error, code, words):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr("disentool.commands.info.info", fail)
    outcome = cli("info", "x")
    assert (outcome.code, outcome.out) == (code, "")
    assert words in outcome.err
    assert outcome.err.strip().count("\n") == 0
    if isinstance(error, Exception):
        with pytest.raises(type(error)):
            command_line.run(["--debug", "info", "x"])


@pytest.mark.parametrize("name", [name for name in vars(errors) if isinstance(getattr(errors, name), type)])
def test_exit_codes_are_one_or_two(name):
    error = getattr(errors, name)
    if issubclass(error, errors.DisentoolError) and error is not errors.Interrupted:
        assert error.exit_code == (2 if issubclass(error, errors.WrongUsage) else 1)


# ---- streams


def test_a_reader_that_has_seen_enough(squares):
    """`| head -1`, with more output than a pipe holds."""
    with shell("info", "--json", *[squares] * 500) as process:
        first = process.stdout.readline()
        process.stdout.close()
        assert process.wait(timeout=60) == 0
        assert process.stderr.read() == ""
    assert first.startswith('{"file": ')


def test_head_in_a_shell(squares):
    script = f"set -o pipefail; {sys.executable} -m disentool info {' '.join([str(squares)] * 300)} | head -1"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"file: {squares}\n", "")


@LINUX
def test_a_full_disk_behind_stdout(squares):
    with open("/dev/full", "w") as full, shell("info", squares, stdout=full) as process:
        _, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (1, "disentool: stdout: No space left on device\n")


@pytest.mark.parametrize("redirection", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_closed_streams(squares, redirection):
    script = f"{sys.executable} -m disentool info {squares} {redirection}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stderr) == (0, "")
    assert bool(done.stdout) == (redirection in ("<&-", "2>&-"))
    script = f"{sys.executable} -m disentool info nothing.pt {redirection}"
    done = subprocess.run(["bash", "-c", script], capture_output=True, text=True)
    assert (done.returncode, done.stdout) == (1, "")
    assert bool(done.stderr) == ("2>" not in redirection)


@LINUX
def test_file_names_are_bytes(squares, folder):
    name = os.fsdecode(b"caf\xe9 \xff.h5")
    shutil.copy(squares, name)
    with shell("info", "--json", name, text=False) as process:
        out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (0, b"")
    assert b'"file": "caf\xe9 \xff.h5"' in out
    with shell("info", "--json", "-", text=False) as process:
        assert process.communicate(b"caf\xe9 \xff.h5\n", timeout=60)[0] == out
    with shell("info", os.fsdecode(b"\xff.h5"), text=False) as process:
        assert process.communicate(timeout=60)[1] == b"disentool: \\udcff.h5: no such file\n"


@pytest.mark.parametrize(("number", "code"), [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_signals_while_waiting_for_input(squares, number, code):
    with shell("info", "--json", "-") as process:
        process.stdin.write(f"{squares}\n")
        process.stdin.flush()
        assert process.stdout.readline().startswith("{")
        process.send_signal(number)
        out, err = process.communicate(timeout=10)
    assert (process.returncode, out) == (code, "")
    assert err.strip() in ("disentool: interrupted", "disentool: terminated")


def test_paths_from_stdin(cli, squares, monkeypatch, tmp_path):
    monkeypatch.setattr("sys.stdin", (tmp_path / "in").open("w+"))
    sys.stdin.write(f"{squares}\n\n  \n{squares}")  # the last one without its end of line
    sys.stdin.seek(0)
    assert cli("info", "--json", "-").out.count("\n") == 2
    cli("info", "--json", "-").printed()  # nothing left: nothing to do
    cli("info", "-", squares).failed(2, "stdin")
    sys.stdin.close()


# ---- bad files, given to every command that reads files


def contents(folder: Path) -> dict[str, bytes | None]:
    """What a folder holds; an empty one that was made for an output does not count."""
    return {path.name: None if path.is_dir() else path.read_bytes() for path in folder.iterdir() if path.name != "new"}


def bad_files(folder: Path, squares: Path, trained: Path) -> dict[str, bytes | None]:
    """name -> bytes. Each is something else that is not what it should be."""
    files = {
        "missing.h5": None,
        "empty.h5": b"",
        "empty.pt": b"",
        "text.h5": b"hello\n",
        "text.pt": b"hello\n",
        "cut.h5": squares.read_bytes()[:-1000],
        "cut.pt": trained.read_bytes()[:-1000],
        "picture.pt": b"\x89PNG\r\n\x1a\n" + bytes(100),
    }
    for name, change in {"newer.h5": {"version": 99}, "unfinished.h5": {"format": None}}.items():
        shutil.copy(squares, folder / name)
        with h5py.File(folder / name, "r+") as file:
            for key, value in change.items():
                if value is None:
                    del file.attrs[key]
                else:
                    file.attrs[key] = value
    content = torch.load(trained, weights_only=True)
    torch.save(content | {"version": 99}, folder / "newer.pt")
    torch.save({"state_dict": {"w": torch.zeros(3)}}, folder / "foreign.pt")
    torch.save(content | {"method": Code(f"touch {folder / 'executed'}")}, folder / "code.pt")
    torch.save({k: v for k, v in content.items() if k != "networks"}, folder / "part.pt")
    with h5py.File(folder / "foreign.h5", "w") as file:
        file["x"] = [1, 2]
    (folder / "folder.h5").mkdir()
    for name, data in files.items():
        if data is not None:
            (folder / name).write_bytes(data)
    return files


class Code:
    """What pickles as a call of os.system."""

    def __init__(self, command: str):
        self.command = command

    def __reduce__(self):
        return os.system, (self.command,)


BAD = (
    "missing.h5 empty.h5 empty.pt text.h5 text.pt cut.h5 cut.pt picture.pt newer.h5 unfinished.h5 newer.pt foreign.pt"
    " code.pt part.pt foreign.h5 folder.h5"
)


@pytest.mark.parametrize(
    "command",
    [
        "info FILE",
        "info --json --verify FILE",
        "score FILE",
        "score --codes z --factors y FILE",
        "score GOOD --data FILE",
        "encode FILE -o out.h5",
        "encode GOOD --data FILE -o out.h5",
        "traverse FILE -o out.png",
        "train vae --data FILE -o new/out.pt --steps 1",
        "train vae --config FILE -o out.pt --steps 1 --data SQUARES",
        "train factorvae --resume -o COPY.pt --steps 1 --data SQUARES",
        "prepare dsprites --from FILE -o out.h5",
    ],
)
def test_bad_files_are_named_in_one_line_and_nothing_is_lost(cli, folder, squares, trained, command):
    bad_files(folder, squares, trained)
    for name in BAD.split():
        if "COPY" in command:
            if name.endswith(".h5"):
                continue
            shutil.copy(folder / name, folder / "COPY.pt")
        if "--config" in command and name.startswith("empty"):
            continue  # no options at all are fine
        before = contents(folder)
        words = {"FILE": name, "GOOD": str(trained), "SQUARES": str(squares)}
        outcome = cli(*(words.get(word, word) for word in command.split()))
        expected = "COPY.pt" if "COPY" in command else name
        if name == "newer.h5" and "score --codes" in command:  # anyone's HDF5 will do; it lacks that array
            outcome.failed(1, "'z'")
            continue
        outcome.failed(2 if outcome.code == 2 else 1, expected)
        assert outcome.code == 1 or "--config" in command or "--codes" in command or "--data" in command, outcome
        assert contents(folder) == before
    assert not (folder / "executed").exists()


def test_a_missing_checkpoint_says_what_makes_one(cli, folder):
    for command in ("score", "encode", "traverse"):
        arguments = [command] if command != "traverse" else [command, "--gif", "a.gif"]
        cli(*arguments).failed(1, "ckpt.pt", "factorvae")
    assert list(folder.iterdir()) == []


def test_time_to_start(tmp_path):
    """Help must feel instant; the limit leaves room for a busy machine."""
    for arguments in (["--help"], ["train", "factorvae", "--help"]):
        start = time.monotonic()
        with shell(*arguments) as process:
            process.communicate(timeout=60)
        assert time.monotonic() - start < 3


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("disentool ", ["prepare", "train", "encode", "decode", "sample", "score", "traverse", "export", "info"]),
        ("disentool train ", ["vae", "betavae", "factorvae"]),
        ("disentool train factorvae --dis", ["--discriminator-learning-rate", "--discriminator-layers"]),
        ("disentool train betavae --objective ", ["higgins", "burgess"]),
        ("disentool train factorvae --preset ", ["paper", "quick"]),
        ("disentool train factorvae --data ds", ["dsprites"]),
        ("disentool prepare ", ["dsprites", "folder", "array"]),
        ("disentool score --metric ", ["factor", "higgins", "reconstruction"]),
    ],
)
@pytest.mark.parametrize("shell_name", ["bash", "zsh", "fish"])
def test_completion(words, expected, shell_name, monkeypatch):
    """What each shell's script asks of the command; the scripts are click's own."""
    parts = words.split(" ")
    settings = {"COMP_WORDS": words, "COMP_CWORD": str(len(parts) - 1)}
    if shell_name == "fish":
        settings = {"COMP_WORDS": words, "COMP_CWORD": parts[-1]}
    process = shell(env={**os.environ, **settings, "_DISENTOOL_COMPLETE": f"{shell_name}_complete"})
    out, err = process.communicate(timeout=60)
    assert err == ""
    assert not [name for name in expected if name not in out], out


def test_completion_runs_nobodys_code_and_says_no_errors(tmp_path):
    (tmp_path / "mine.py").write_text("raise SystemExit(print('ran'))")
    for words in ("disentool train mine:Thing --", "disentool train bogus --x", "disentool bogus "):
        settings = {"COMP_WORDS": words, "COMP_CWORD": str(words.count(" ")), "_DISENTOOL_COMPLETE": "bash_complete"}
        out, err = shell(env={**os.environ, **settings}, cwd=tmp_path).communicate(timeout=60)
        assert err == "" and "ran" not in out, words


def test_the_shells_get_their_scripts():
    for name in ("bash", "zsh", "fish"):
        process = shell(env={**os.environ, "_DISENTOOL_COMPLETE": f"{name}_source"})
        out, _ = process.communicate(timeout=60)
        assert "_disentool_completion" in out and f"{name}_complete" in out
