"""Every error the toolkit raises on purpose.

The message is one line that names the file or option, what was expected, and what to do next. The command line prints
it and exits with ``exit_code``: 1 could not, 2 wrong usage, 128 + signal when interrupted.
"""

import difflib
import re
from collections.abc import Collection, Iterable, Sequence
from pathlib import Path
from typing import Any


def counted(number: int, one: str, several: str = "") -> str:
    """``1 row``, ``2 rows``; ``several``: the plural where it is not formed by an s."""
    return f"{number:,} {one if number == 1 else several or f'{one}s'}"


def some(found: Sequence[object]) -> str:
    """The first three, and whether there are more: ``a.png, b.png, c.png, ...``."""
    return ", ".join(map(str, found[:3])) + (", ..." if len(found) > 3 else "")


def typed(value: object) -> str:
    """``a list``, ``an int``: the type of a value, with its article."""
    return with_article(type(value).__name__)


def with_article(noun: str) -> str:
    """``a file``, ``an image``, ``an HDF5 file``."""
    return f"{'an' if noun.startswith((*'aeiouAEIOU', 'HDF')) else 'a'} {noun}"


# What other programs and papers call an option, a method, a metric, a protocol or a value; case and dashes are ignored.
_SYNONYMS = {
    "annotations": ("csv",),
    "attributes": ("csv",),
    "bs": ("batchsize",),
    "batch": ("batchsize",),
    "betavae": ("higgins",),
    "cuda": ("device",),
    "dataset": ("data",),
    "disentanglementlib": ("dlib",),
    "force": ("overwrite",),
    "gpu": ("device", "cuda"),
    "iterations": ("steps",),
    "iters": ("steps",),
    "labels": ("csv",),
    "lr": ("learningrate",),
    "metadata": ("csv",),
    "mutualinformationgap": ("mig",),
    "numepochs": ("epochs",),
    "numlatents": ("latentdim",),
    "out": ("output",),
    "tcvae": ("betatcvae",),
    "randomseed": ("seed",),
    "separatedattributepredictability": ("sap",),
    "verbose": ("debug",),
    "zdim": ("latentdim",),
    "3dshapes": ("shapes3d",),
}


def nearest(name: str, known: Iterable[str], likeness: float = 0.6) -> list[str]:
    """The names that may be meant, at most three: the same but for case and dashes, a synonym, or spelt alike.

    ``likeness``: how alike they must be at least, 0..1, as :func:`difflib.get_close_matches` measures it.
    """
    plain = {each: _plain(each) for each in known}
    wanted = _plain(name)
    for meant in ((wanted,), _SYNONYMS.get(wanted, ())):
        if found := [each for each, text in plain.items() if text in meant]:
            return found[:3]
    close = difflib.get_close_matches(wanted, sorted(set(plain.values())), n=3, cutoff=likeness)
    return [each for text in close for each in plain if plain[each] == text][:3]


def _plain(name: str) -> str:
    return re.sub(r"[-_ ]", "", name).lower()


class DisentoolError(Exception):
    """Could not do what was asked."""

    exit_code = 1

    def __reduce__(self) -> tuple[Any, ...]:
        """Pickled by its class, its message and its attributes: the constructors take other arguments."""
        return _unpickled, (type(self), self.args, vars(self))


def _unpickled(kind: type[DisentoolError], args: tuple[Any, ...], attributes: dict[str, Any]) -> DisentoolError:
    error = kind.__new__(kind, *args)
    vars(error).update(attributes)
    return error


class WrongUsage(DisentoolError):
    """A call is wrong: the value of an option is, or two options contradict each other."""

    exit_code = 2


class UnknownName(WrongUsage):
    """A metric, method, option value or key that is in no table; ``others``: of the same list."""

    def __init__(self, kind: str, name: str, known: Iterable[str], others: Sequence[str] = ()):
        known = sorted(known)
        close = {str(each): nearest(str(each), known) for each in (name, *others)}
        meant = {each: f"did you mean {' or '.join(found)}?" if found else "" for each, found in close.items()}
        hint = "" if all(close.values()) else f"known: {', '.join(known) or 'none'}"
        if others:
            told = ", ".join(f"{each!r} ({words})" if words else repr(each) for each, words in meant.items())
            super().__init__(f"unknown {kind}: {told}{hint and f'; {hint}'}")
        else:
            super().__init__(f"unknown {kind} {str(name)!r}; {meant[str(name)] or hint}")


def require_known(kind: str, names: Iterable[str], known: Collection[str]) -> None:
    """UnknownName of all of ``names`` that are not ``known``."""
    unknown = [name for name in dict.fromkeys(names) if name not in known]
    if unknown:
        raise UnknownName(kind, unknown[0], known, unknown[1:])


class MissingFile(DisentoolError):
    """An input that is not there."""


class ForeignFile(DisentoolError):
    """An input that is not what it was taken for: another format, damaged, or of a newer version."""


class UnsafeFile(ForeignFile):
    """An input that could execute code or exhaust memory when opened; it was not opened further."""


class OutputExists(DisentoolError):
    """An output is already there, and nothing is overwritten unasked."""


class OutputBusy(DisentoolError):
    """Another running command is writing the same output."""


class InputBusy(DisentoolError):
    """An input that another program has open for writing."""


class NotWritable(DisentoolError):
    """An output cannot be written: folder, permission or disk space."""


class DataMismatch(DisentoolError):
    """Two inputs, each fine by itself, that do not fit together."""


class PartlyDone(DataMismatch):
    """Some of what was asked for could not be done; ``written`` holds the rest."""

    def __init__(self, message: str, written: Path):
        super().__init__(message)
        self.written = written


class NoFactors(DisentoolError):
    """The data carries no factors of variation, and the metric needs them."""


class NonFinite(DisentoolError):
    """A loss became NaN or infinite."""


class DataCut(ForeignFile):
    """A file of data became shorter while it was read."""


class RunLost(DisentoolError):
    """One of several runs was ended from outside, or by a lack of memory; the others were carried out."""


class DeviceFull(DisentoolError):
    """The memory of a device does not suffice; says what would."""


class DownloadFailed(DisentoolError):
    """A file could not be fetched from any of its addresses, or what came is not it."""


class DeviceUnavailable(DisentoolError):
    """The device asked for is not on this machine."""


class MissingExtra(DisentoolError):
    """An optional package is needed for this and is not installed."""


class Interrupted(DisentoolError):
    """SIGINT or SIGTERM arrived; what can be resumed was saved."""

    def __init__(self, signal_number: int, message: str):
        self.exit_code = 128 + signal_number
        super().__init__(message)
