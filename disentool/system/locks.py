"""Lock files: held by one process at a time, let go by the system if it dies, and done without where there are none."""

import errno
import os
import sys
import time
import warnings
from pathlib import Path
from typing import Protocol

with warnings.catch_warnings():  # filelock's own, of a Python without fcntl: said here, where it matters
    warnings.simplefilter("ignore", UserWarning)
    import filelock

# What a file system answers that has no locks: Lustre without -o flock, NFS without lockd, some of FUSE.
NONE_HERE = frozenset({errno.ENOSYS, errno.ENOLCK, errno.EOPNOTSUPP, errno.ENOTSUP})
HELD = frozenset({errno.EAGAIN, errno.EWOULDBLOCK})  # what a system answers while another process holds a lock
UNLINKED_WHILE_OPEN = os.name != "nt"  # Windows keeps a file that is open; there filelock removes it on release
_ANY = filelock.has_fcntl or sys.platform == "win32"


Timeout = filelock.Timeout  # another process held the lock for all the time that there was


class WithoutLock(UserWarning):
    """There are no locks here, and the work goes on without one."""


class Lock(Protocol):
    """A lock file that is held."""

    def release(self) -> object:
        """Let it go."""


def take(lock: Path, *, patience: float, poll: float) -> Lock | None:
    """Hold the lock file; None, with a warning, where the file system or Python has no locks.

    ``patience``: seconds to wait for another holder, below 0 without end. ``poll``: seconds between two attempts. The
    lock file is the one that is there, not one removed meanwhile. Raises Timeout, or OSError where the file
    cannot be made.
    """
    if not _ANY:
        _warn("this Python")
        return None
    held = filelock.FileLock(lock, thread_local=False, fallback_to_soft=False, preserve_lock_file=UNLINKED_WHILE_OPEN)
    try:
        held.acquire(timeout=patience, poll_interval=poll)
        return held
    except PermissionError:
        if not lock.exists():
            raise
        return _of_another_user(lock, patience, poll)
    except OSError as error:
        if error.errno == errno.EROFS:  # nobody can write there: what reads alone needs no lock, and a write says why
            return None
        if error.errno not in NONE_HERE:
            raise
        _warn(f"{lock.parent}: its file system")
        return None


def _warn(where: str) -> None:
    warnings.warn(
        f"{where} has no file locks; goes on without: start no second command that writes the same file",
        WithoutLock,
        stacklevel=2,
    )


class _Descriptor:
    """The lock of an open file."""

    def __init__(self, number: int):
        self._number = number

    def release(self) -> None:
        """Close the file, and its lock with it."""
        os.close(self._number)


def _of_another_user(lock: Path, patience: float, poll: float) -> Lock | None:
    """The lock of a file that may be read but not written, as another user's in a shared cache."""
    end = time.monotonic() + patience
    while True:
        try:
            number = os.open(lock, os.O_RDONLY)
        except FileNotFoundError:  # let go just now: the folder may be one that this user can write to
            return take(lock, patience=patience, poll=poll)
        try:
            if filelock.lock_descriptor(number, blocking=False):
                if os.fstat(number).st_nlink:
                    return _Descriptor(os.dup(number))
            elif patience >= 0 and time.monotonic() >= end:
                raise Timeout(str(lock))
        except OSError as error:
            if error.errno not in NONE_HERE | {errno.EBADF}:  # the latter: NFS locks only what is open for writing
                raise
            _warn(f"{lock.parent}: its file system")
            return None
        finally:
            os.close(number)
        time.sleep(poll)
