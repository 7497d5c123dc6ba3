"""Outputs that are written whole or not at all, and claimed before any work starts."""

import errno
import glob
import hashlib
import os
import re
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager, nullcontext, suppress
from pathlib import Path

from disentool.errors import MissingFile, NotWritable, OutputBusy, OutputExists, WrongUsage, with_article
from disentool.system import locks, unfinished
from disentool.system.names_as_text import as_utf8

_LETTING_GO = 0.1  # seconds given to a holder that is just letting go, before an output counts as busy
_STREAM = re.compile(r"/dev/(stdout|stderr|stdin|tty|fd/\d+)|/proc/(self|\d+)/fd/\d+")
_PICTURES = {".png", ".jpg", ".jpeg", ".gif", ".webp", ".svg", ".pdf", ".mp4", ".webm", ".html"}
_TEXT = {".txt", ".csv", ".tsv", ".json", ".jsonl", ".yaml", ".yml", ".md", ".xlsx"}
_BINARY = {".npy", ".npz", ".mat", ".pt", ".pth", ".pkl", ".pickle", ".safetensors", ".parquet", ".zip", ".tar", ".gz"}
_WINDOWS = {  # by the numbers that it gives to errors
    5: "permission denied, or another program has it open; close it there, or name another",
    32: "another program has it open; close it there",
    33: "another program has locked it; close it there",
}
_POLL, _WAITING_POLL = 0.01, 0.5  # seconds between two attempts: for a moment, and while another one works


def require(path: Path | str, what: str, hint: str = "") -> Path:
    """``path`` if it is a file; MissingFile names it and says what to do next."""
    path = Path(path)
    if path.is_dir():
        raise MissingFile(f"{path}: expected {with_article(what)}, found a folder")
    if path.exists() and not path.is_file():
        raise MissingFile(f"{path}: expected {with_article(what)}, found a pipe or a device; make it a file first")
    if not path.is_file():
        raise MissingFile(f"{path}: no such {what}{'; ' + hint if hint else ''}")
    try:
        with open(path, "rb"):
            return path
    except OSError as error:
        raise MissingFile(f"{path}: cannot be read: {_reason(error)}") from None


def damage_of(error: Exception) -> str:
    """Why a library failed on a file, in words: the system's reason, or else that the file is damaged."""
    if isinstance(error, OSError) and error.errno and error.strerror == os.strerror(error.errno):
        return f"cannot be read: {error.strerror}"
    return "damaged or cut short"


def require_apart(output: Path, *inputs: Path) -> None:
    """WrongUsage if the output would replace one of the inputs it is made from."""
    for path in inputs:
        if output.exists() and path.exists() and output.samefile(path):
            raise WrongUsage(f"{output}: is read by this very command; name another file")


def sha256(path: Path) -> str:
    """The hex digest of a file's bytes."""
    with open(path, "rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def probe(path: Path, *, overwrite: bool, need_bytes: int = 0) -> Path:
    """Check that ``path`` can be written, before any work: not there yet, folder made and writable, disk large enough.

    A missing parent folder is made. Raises WrongUsage, OutputExists or NotWritable.
    """
    path = Path(path)
    require_file_name(path)
    if path.is_dir():
        raise NotWritable(f"{path}: is a folder; name a file in it")
    if path.exists() and not path.is_file():
        raise NotWritable(f"{path}: is no ordinary file; name another")  # /dev/null must not become a data set
    if os.path.lexists(path) and not overwrite:
        raise OutputExists(f"{path}: already there; --overwrite replaces it, or name another file")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        # Of a name that the next claim clears away, if this process is killed; or at this moment, if there is one.
        handle, name = tempfile.mkstemp(prefix=_partial(path), suffix=".probe", dir=path.parent)
        os.close(handle)
        Path(name).unlink(missing_ok=True)
    except OSError as error:
        raise not_writable(path, error) from None
    free = shutil.disk_usage(path.parent).free
    if free < need_bytes:
        raise NotWritable(
            f"{path}: needs {need_bytes / 1e6:,.0f} MB, its disk has {free / 1e6:,.0f} MB free;"
            " free some or name another disk"
        )
    return path


def require_file_name(path: Path) -> None:
    """WrongUsage for what names standard output and not a file: a dash, /dev/stdout and its like."""
    if str(path) == "-" or _STREAM.fullmatch(path.as_posix()):
        raise WrongUsage(
            f"-o {path}: outputs are files, and stdout gets their names; name a file (./- for one named -)"
        )


def require_hdf5_name(path: Path, what: str) -> None:
    """WrongUsage for a name that promises another kind of file than the HDF5 file that would be written."""
    if path.suffix.lower() in _PICTURES | _TEXT | _BINARY:
        raise WrongUsage(f"-o {path}: {what} are an HDF5 file; expected a name ending in .h5")


def probe_folder(path: Path) -> None:
    """Check that a folder can be made: nothing of its name is there yet, as a folder is never replaced."""
    require_file_name(path)
    if os.path.lexists(path):
        raise OutputExists(f"{path}: already there, and a folder is never replaced; remove it, or name another")
    probe(path, overwrite=False)


def require_free(path: Path) -> None:
    """OutputExists if there is anything of this name."""
    if os.path.lexists(path):
        raise OutputExists(f"{path}: already there; --overwrite replaces it, or name another file")


@contextmanager
def claim(path: Path, *, wait: Callable[[], None] | None = None) -> Iterator[None]:
    """Hold ``path`` as the output of this process, and clear away what a killed one left half written.

    While another process holds it: OutputBusy; or, with ``wait``, call that once and wait. The claim is a lock file
    beside the output, let go by the system if the process dies. Where there are no locks, it goes on without, and warns
    once (:class:`disentool.system.locks.WithoutLock`).
    """
    path = _followed(path)
    lock = path.with_name(f".{path.name[:200]}.lock")
    held = _locked(path, lock, wait)
    try:
        with unfinished.removed_at_the_end(lock) if held is not None else nullcontext():
            if held is not None:  # else what looks left over may be another process's work
                _clear(path)
            yield
    finally:
        if locks.UNLINKED_WHILE_OPEN:  # after the release, the file could be the next holder's
            with suppress(OSError):
                lock.unlink(missing_ok=True)
        if held is not None:
            held.release()


@contextmanager
def claim_all(paths: Sequence[Path], *, overwrite: bool) -> Iterator[None]:
    """Probe and claim every output before any work; see :func:`probe` and :func:`claim`."""
    with ExitStack() as claims:
        for path in paths:
            probe(path, overwrite=overwrite)
            claims.enter_context(claim(path))
        yield


def _locked(path: Path, lock: Path, wait: Callable[[], None] | None) -> locks.Lock | None:
    """The lock of this file, held; None where there are no locks."""
    patience, poll = _LETTING_GO, _POLL
    while True:
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            return locks.take(lock, patience=patience, poll=poll)
        except locks.Timeout:
            if wait is None:
                raise OutputBusy(
                    f"{path}: another running disentool is writing it; wait, or name another file"
                ) from None
            wait()
            patience, poll = -1, _WAITING_POLL
        except OSError as error:
            raise not_writable(path, error) from None


def _clear(path: Path) -> None:
    """Remove the half-written files of a killed process; what another user left may stay."""
    for left in path.parent.glob(f"{glob.escape(_partial(path))}*"):
        if left.is_dir() and not left.is_symlink():
            shutil.rmtree(left, ignore_errors=True)
        else:
            with suppress(OSError):
                left.unlink(missing_ok=True)


def _followed(path: Path) -> Path:
    """What a link points to: the link stays one, and its target is replaced."""
    return Path(path).resolve() if os.path.islink(path) else Path(path)


def _partial(path: Path) -> str:
    """How the names of half-written files of this output begin."""
    return f".{path.name[:200]}.partial-"


@contextmanager
def whole(path: Path, *, overwrite: bool) -> Iterator[Path]:
    """A temporary name beside ``path``; on success it is synced and moved into place, on any error it is removed."""
    path = _followed(path)
    temporary = path.with_name(f"{_partial(path)}{os.getpid()}{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with unfinished.removed_at_the_end(temporary):
            yield temporary
            with open(temporary, "rb+") as file:
                os.fsync(file.fileno())
            if overwrite:
                os.replace(temporary, path)
            else:
                try:
                    os.link(temporary, path)  # fails, in one stroke, if another process was faster
                except FileExistsError:
                    raise OutputExists(f"{path}: appeared meanwhile; --overwrite replaces it") from None
                except OSError:  # a file system without hard links
                    os.replace(temporary, path)
            temporary.unlink(missing_ok=True)
    except OSError as error:
        raise not_writable(path, error) from None
    finally:
        temporary.unlink(missing_ok=True)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A temporary folder beside ``path``; on success it is moved into place, on any error it is removed."""
    temporary = path.with_name(f"{_partial(path)}{os.getpid()}")
    try:
        temporary.mkdir(parents=True)
        with unfinished.removed_at_the_end(temporary):
            yield temporary
            os.rename(temporary, path)  # fails if a folder with anything in it appeared meanwhile
    except OSError as error:
        raise not_writable(path, error) from None
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


@contextmanager
def scratch_folder(beside: Path) -> Iterator[Path]:
    """An empty folder beside an output, removed at the end; what a killed process left goes with the next claim."""
    beside = _followed(beside)
    folder = beside.with_name(f"{_partial(beside)}{os.getpid()}.d")
    try:
        folder.mkdir(parents=True)
    except OSError as error:
        raise not_writable(folder, error) from None
    try:
        with unfinished.removed_at_the_end(folder):
            yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def duplicate(source: Path, target: Path) -> None:
    """Copy ``source`` to ``target``, whole or not at all, replacing what was there, and what a killed copy left."""
    with claim(target), whole(target, overwrite=True) as temporary:
        shutil.copyfile(source, temporary)


def write_text(path: Path, text: str, *, overwrite: bool) -> None:
    """Write a text file whole or not at all."""
    with whole(path, overwrite=overwrite) as temporary:
        temporary.write_text(as_utf8(text), encoding="utf-8", newline="\n")


def not_writable(path: Path, error: OSError) -> NotWritable:
    """The one-line error for a write that failed."""
    reasons = {
        errno.ENOSPC: "the disk is full; free some space or name another disk",
        errno.EDQUOT: "the disk quota is used up",
        errno.EACCES: "permission denied; name a folder you can write to",
        errno.EPERM: "permission denied; name a folder you can write to",
        errno.EROFS: "a read-only file system; name another folder",
        errno.ENOTDIR: "a part of the path is a file, not a folder",
        errno.EEXIST: "a part of the path is a file, not a folder",
        errno.ENOTEMPTY: "a folder of this name appeared meanwhile",
        errno.ENAMETOOLONG: "the name is too long",
    }
    reason = _in_use(error) or reasons.get(error.errno or 0) or _reason(error)
    return NotWritable(f"{path}: cannot be written: {reason}")


def _reason(error: OSError) -> str:
    return _in_use(error) or error.strerror or str(error)


def _in_use(error: OSError) -> str:
    """What to do where the system does not share a file that another program has open, as Windows."""
    if sys.platform == "win32":
        return _WINDOWS.get(error.winerror, "")
    return ""
