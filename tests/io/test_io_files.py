"""Outputs are whole or not there, never replaced unasked, and written by one process at a time."""

import errno
import fcntl
import hashlib
import os
import signal
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from disentool.errors import MissingFile, NotWritable, OutputBusy, OutputExists, WrongUsage
from disentool.io import files
from disentool.system import locks


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


# ---- written whole or not at all


def test_written_whole_and_nothing_else_left(tmp_path):
    target = tmp_path / "new" / "folder" / "a.txt"
    files.write_text(target, "hello\n", overwrite=False)
    assert target.read_text() == "hello\n"
    assert names(target.parent) == ["a.txt"]


@pytest.mark.parametrize("error", [RuntimeError("a bug"), KeyboardInterrupt(), OSError(errno.EIO, "broken")])
@pytest.mark.parametrize("there", [True, False])
def test_an_error_half_way_leaves_what_was_there(tmp_path, error, there):
    target = tmp_path / "a.txt"
    if there:
        target.write_text("the last good one")

    def write():
        with files.whole(target, overwrite=True) as temporary:
            temporary.write_text("half")
            assert not there or target.read_text() == "the last good one"
            raise error

    with pytest.raises(NotWritable if isinstance(error, OSError) else type(error)):
        write()
    assert names(tmp_path) == (["a.txt"] if there else [])
    assert not there or target.read_text() == "the last good one"


def test_the_temporary_name_is_beside_the_output_and_keeps_its_suffix(tmp_path):
    with files.whole(tmp_path / "a.h5", overwrite=False) as temporary:
        assert temporary.parent == tmp_path
        assert temporary.suffix == ".h5"
        assert temporary.name.startswith(".")
        temporary.write_bytes(b"x")


def test_an_output_that_appears_meanwhile_is_not_replaced(tmp_path):
    target = tmp_path / "a.txt"

    def write():
        with files.whole(target, overwrite=False) as temporary:
            temporary.write_text("mine")
            target.write_text("theirs")

    with pytest.raises(OutputExists, match="--overwrite"):
        write()
    assert target.read_text() == "theirs"
    assert names(tmp_path) == ["a.txt"]


def test_where_hard_links_do_not_exist(tmp_path, monkeypatch):
    def refuse(*_):
        raise OSError(errno.EPERM, "no links here")

    monkeypatch.setattr(os, "link", refuse)
    files.write_text(tmp_path / "a.txt", "hello", overwrite=False)
    assert names(tmp_path) == ["a.txt"]


def test_synced_before_it_is_moved(tmp_path, monkeypatch):
    calls = []
    real = {name: getattr(os, name) for name in ("fsync", "replace")}
    for name in real:
        monkeypatch.setattr(os, name, lambda *a, name=name: (calls.append(name), real[name](*a))[1])
    files.write_text(tmp_path / "a.txt", "hello", overwrite=True)
    assert calls == ["fsync", "replace"]


@pytest.mark.parametrize(
    ("number", "words"), [(errno.ENOSPC, "disk"), (errno.EDQUOT, "quota"), (errno.EROFS, "read-only")]
)
def test_a_full_disk_keeps_the_last_good_file(tmp_path, monkeypatch, number, words):
    target = tmp_path / "a.txt"
    target.write_text("the last good one")

    def fail(_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    with pytest.raises(NotWritable, match=words):
        files.write_text(target, "new", overwrite=True)
    assert target.read_text() == "the last good one"
    assert names(tmp_path) == ["a.txt"]


def test_a_duplicate_keeps_what_its_source_was(tmp_path):
    source, target = tmp_path / "a.txt", tmp_path / "b.txt"
    files.write_text(source, "first", overwrite=False)
    target.write_text("in the way")
    files.duplicate(source, target)
    assert target.read_text() == "first"
    source.write_text("second")  # in place, as `cp` would
    assert target.read_text() == "first"
    assert names(tmp_path) == ["a.txt", "b.txt"]


# ---- noticed before any work


def test_probe_makes_the_folder_and_leaves_nothing_in_it(tmp_path):
    target = files.probe(tmp_path / "new" / "a.txt", overwrite=False)
    assert target.parent.is_dir()
    assert names(target.parent) == []


@pytest.mark.parametrize("kind", ["file", "link", "dangling link"])
def test_probe_refuses_what_is_there(tmp_path, kind):
    target = tmp_path / "a.txt"
    if kind == "file":
        target.write_text("x")
    else:
        if kind == "link":
            (tmp_path / "b.txt").write_text("x")
        target.symlink_to(tmp_path / "b.txt")
    with pytest.raises(OutputExists, match="--overwrite"):
        files.probe(target, overwrite=False)
    files.probe(target, overwrite=True)


def test_probe_refuses_folders_and_devices_even_with_overwrite(tmp_path):
    with pytest.raises(NotWritable, match="folder"):
        files.probe(tmp_path, overwrite=True)
    os.mkfifo(tmp_path / "fifo")
    for special in (tmp_path / "fifo", Path("/dev/null")):
        with pytest.raises(NotWritable, match="ordinary"):
            files.probe(special, overwrite=True)


def test_probe_refuses_a_file_as_a_folder(tmp_path):
    (tmp_path / "file").write_text("x")
    for below in ("file/a.txt", "file/b/a.txt"):
        with pytest.raises(NotWritable, match="folder"):
            files.probe(tmp_path / below, overwrite=False)


@pytest.mark.skipif(not Path("/proc/self").exists(), reason="needs /proc, where nobody can make a file")
def test_probe_refuses_a_folder_that_nobody_can_write_to():
    with pytest.raises(NotWritable, match=r"/proc/disentool/a\.txt"):
        files.probe(Path("/proc/disentool/a.txt"), overwrite=False)


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_probe_refuses_a_read_only_folder(tmp_path):
    tmp_path.chmod(0o500)
    with pytest.raises(NotWritable, match="permission"):
        files.probe(tmp_path / "a.txt", overwrite=False)


def test_probe_wants_room(tmp_path):
    with pytest.raises(NotWritable, match="1,000,000,000,000"):
        files.probe(tmp_path / "a.txt", overwrite=False, need_bytes=10**18)


def test_a_name_too_long_is_named(tmp_path):
    with pytest.raises(NotWritable, match="too long"):
        files.write_text(tmp_path / ("x" * 300), "hello", overwrite=False)


def test_an_output_is_no_input(tmp_path):
    source = tmp_path / "a.h5"
    source.write_text("x")
    (tmp_path / "link.h5").symlink_to(source)
    files.require_apart(tmp_path / "b.h5", source, tmp_path / "missing.h5")
    for same in (source, tmp_path / "." / "a.h5", tmp_path / "link.h5"):
        with pytest.raises(WrongUsage, match="very command"):
            files.require_apart(same, source)


def test_require_names_what_is_missing(tmp_path):
    assert files.require(str(__file__), "test") == Path(__file__)
    with pytest.raises(MissingFile, match=r"nothing\.pt"):
        files.require(tmp_path / "nothing.pt", "checkpoint", "run this")
    with pytest.raises(MissingFile, match="folder"):
        files.require(tmp_path, "checkpoint")
    os.mkfifo(tmp_path / "fifo")
    with pytest.raises(MissingFile, match="pipe"):
        files.require(tmp_path / "fifo", "checkpoint")


def test_sha256_is_of_the_bytes(tmp_path):
    (tmp_path / "a").write_bytes(b"abc" * 10**6)
    assert files.sha256(tmp_path / "a") == hashlib.sha256(b"abc" * 10**6).hexdigest()


# ---- one process at a time

HOLD = """
import sys, time
from pathlib import Path
from disentool.io import files
with files.claim(Path(sys.argv[1])):
    Path(sys.argv[1]).with_name(".a.h5.partial-0.h5").write_text("half")
    print("holding", flush=True)
    sys.stdin.readline()
"""


@pytest.fixture
def holder(tmp_path):
    """Another process that holds a.h5 until it gets a line."""
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path / "a.h5")], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout.readline() == "holding\n"
    yield process
    process.kill()
    process.communicate()


def test_a_claim_leaves_nothing(tmp_path):
    with files.claim(tmp_path / "new" / "a.h5"):
        assert names(tmp_path / "new") == [".a.h5.lock"]
    assert names(tmp_path / "new") == []
    with pytest.raises(ZeroDivisionError), files.claim(tmp_path / "a.h5"):
        1 / 0  # noqa: B018
    assert names(tmp_path) == ["new"]


def test_a_second_process_is_told(tmp_path, holder):
    with pytest.raises(OutputBusy, match=r"a\.h5"), files.claim(tmp_path / "a.h5"):
        pass
    with files.claim(tmp_path / "b.h5"):  # another output is free
        pass
    holder.communicate("done\n")
    with files.claim(tmp_path / "a.h5"):
        pass


def test_a_second_process_waits_where_that_is_wanted(tmp_path, holder):
    waits = []

    def wait():
        waits.append(time.monotonic())
        holder.stdin.write("done\n")
        holder.stdin.flush()

    with files.claim(tmp_path / "a.h5", wait=wait):
        assert holder.wait(timeout=10) == 0
        assert len(waits) == 1
    assert names(tmp_path) == []


def test_a_killed_holder_holds_nothing_and_its_leavings_go(tmp_path, holder):
    holder.kill()
    holder.wait()
    assert names(tmp_path) == [".a.h5.lock", ".a.h5.partial-0.h5"]
    (tmp_path / ".b.h5.partial-0.h5").write_text("somebody else's")
    with files.claim(tmp_path / "a.h5"):
        assert names(tmp_path) == [".a.h5.lock", ".b.h5.partial-0.h5"]


def test_names_with_wildcards_clear_only_their_own(tmp_path):
    other = tmp_path / ".a1.h5.partial-0.h5"
    other.write_text("half")
    with files.claim(tmp_path / "a[0-9].h5"):
        pass
    assert other.exists()


def test_a_claim_in_a_folder_that_goes_away(tmp_path):
    target = tmp_path / "gone" / "a.h5"
    with files.claim(target):
        (target.parent / ".a.h5.lock").unlink()
        target.parent.rmdir()
    assert names(tmp_path) == []


def test_a_claim_below_a_file(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(NotWritable, match="folder"), files.claim(tmp_path / "file" / "a.h5"):
        pass


FORKED = """
import os, sys, time
from pathlib import Path
from disentool.io import files
with files.claim(Path(sys.argv[1])):
    if os.fork() == 0:  # as a worker that outlives a killed parent
        print("forked", flush=True)
        time.sleep(60)
        os._exit(0)
    time.sleep(60)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows does not fork")
def test_a_killed_holders_children_hold_nothing(tmp_path):
    process = subprocess.Popen(
        [sys.executable, "-c", FORKED, str(tmp_path / "a.h5")],
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        assert process.stdout.readline() == "forked\n"
        with pytest.raises(OutputBusy), files.claim(tmp_path / "a.h5"):
            pass
        process.kill()
        process.wait()
        with files.claim(tmp_path / "a.h5"):
            pass
    finally:
        os.killpg(process.pid, signal.SIGKILL)
        process.stdout.close()


@pytest.mark.parametrize("number", [errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP])
def test_a_file_system_without_locks_is_said_once_and_written_to(tmp_path, monkeypatch, number):
    def refuse(*_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr("fcntl.flock", refuse)
    (tmp_path / ".a.h5.partial-0.h5").write_text("perhaps another process's work")
    with warnings.catch_warnings(record=True) as said:
        warnings.simplefilter("default")
        for name in ("a.h5", "a.h5", "b.h5"):
            with files.claim(tmp_path / name):
                files.write_text(tmp_path / name, "hello", overwrite=True)
    assert [(w.category, str(w.message).split(":")[0]) for w in said] == [(locks.WithoutLock, str(tmp_path))]
    assert names(tmp_path) == [".a.h5.partial-0.h5", "a.h5", "b.h5"]


def test_a_python_without_locks(tmp_path):
    """As where there is no fcntl: nothing fails, and nothing but the one line is said."""
    code = """
import sys
sys.modules["fcntl"] = None
from pathlib import Path
from disentool.io import files
with files.claim(Path(sys.argv[1])):
    files.write_text(Path(sys.argv[1]), "hello", overwrite=True)
"""
    done = subprocess.run([sys.executable, "-c", code, tmp_path / "a.txt"], capture_output=True, text=True)
    assert (done.returncode, done.stderr.count("WithoutLock")) == (0, 1), done
    assert "soft" not in done.stderr
    assert (tmp_path / "a.txt").read_text() == "hello"


def test_a_lock_of_another_user_is_held_or_waited_for(tmp_path, monkeypatch):
    """As in a shared cache, whose lock file this user may read and not write."""

    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, "Permission denied")

    monkeypatch.setattr("filelock.FileLock.acquire", refuse)
    with pytest.raises(NotWritable, match="permission"), files.claim(tmp_path / "a.h5"):
        pass  # there is no lock file, and none can be made
    lock = tmp_path / ".a.h5.lock"
    lock.touch(0o444)
    waits = []
    with open(lock) as other:
        fcntl.flock(other, fcntl.LOCK_EX | fcntl.LOCK_NB)
        with pytest.raises(OutputBusy), files.claim(tmp_path / "a.h5"):
            pass

        def wait():
            waits.append(1)
            fcntl.flock(other, fcntl.LOCK_UN)

        with files.claim(tmp_path / "a.h5", wait=wait), open(lock) as third, pytest.raises(BlockingIOError):
            fcntl.flock(third, fcntl.LOCK_EX | fcntl.LOCK_NB)
    assert waits == [1]


def test_a_file_that_cannot_be_read_is_not_called_damaged(tmp_path, monkeypatch):
    (tmp_path / "a.h5").write_bytes(b"x")

    def refuse(*_, **__):
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES))

    monkeypatch.setattr("builtins.open", refuse)
    with pytest.raises(MissingFile, match=r"a\.h5: .*[Pp]ermission"):
        files.require(tmp_path / "a.h5", "data set")


RACE = """
import sys, time
from pathlib import Path
from disentool.errors import OutputBusy
from disentool.io import files
target, go = Path(sys.argv[1]), Path(sys.argv[2])
print("ready", flush=True)
while not go.exists():
    pass
for _ in range(200):
    with files.claim(target, wait=lambda: None):
        number = int(target.read_text())
        files.write_text(target, str(number + 1), overwrite=True)
"""


def test_processes_started_together_take_turns(tmp_path):
    target, go = tmp_path / "count", tmp_path / "go"
    target.write_text("0")
    racers = [
        subprocess.Popen([sys.executable, "-c", RACE, str(target), str(go)], stdout=subprocess.PIPE) for _ in range(3)
    ]
    for racer in racers:
        assert racer.stdout.readline() == b"ready\n"
    go.touch()
    for racer in racers:
        racer.communicate(timeout=60)
        assert racer.returncode == 0
    assert target.read_text() == "600"
    assert names(tmp_path) == ["count", "go"]


def test_a_link_stays_a_link(tmp_path):
    (tmp_path / "there").mkdir()
    link = tmp_path / "a.txt"
    link.symlink_to(tmp_path / "there" / "b.txt")
    for text in ("one", "two"):
        files.write_text(link, text, overwrite=True)
        assert link.is_symlink()
        assert (tmp_path / "there" / "b.txt").read_text() == text
