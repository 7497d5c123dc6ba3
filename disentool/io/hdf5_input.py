"""HDF5 files opened for reading: where there are no locks, and while another program has them open."""

from pathlib import Path

import h5py
import numpy as np

from disentool.errors import InputBusy
from disentool.system import locks

_NO_LOCK, _UNCLOSED = "unable to lock file", "file is already open for"  # in the words of HDF5


def reading(path: Path, *, cache: int = 1 << 20) -> h5py.File:
    """An HDF5 file opened for reading; on a file system without locks, without one. InputBusy, or what h5py raises."""
    options = {"rdcc_nbytes": cache, "rdcc_nslots": 100_003 if cache > 1 << 20 else None}
    try:
        return h5py.File(path, "r", **options)
    except OSError as error:
        if error.errno in locks.NONE_HERE:
            return h5py.File(path, "r", locking=False, **options)
        if _UNCLOSED in str(error):
            raise InputBusy(
                f"{path}: another program has it open for writing, or did not close it; close it there, or run"
                " `h5clear -s` on it"
            ) from None
        if error.errno in locks.HELD or _NO_LOCK in str(error):
            raise InputBusy(f"{path}: another program has it open for writing; close it there") from None
        raise


def busy(path: Path) -> bool:
    """Whether another program has a file open that does not look like HDF5, as one that it has not written out yet."""
    try:
        reading(path).close()
    except InputBusy:
        return True
    except (OSError, RuntimeError, ValueError):
        pass
    return False


def instead_of_numbers(dtype: np.dtype) -> str:
    """What an array of another type holds, and what could be read instead."""
    if dtype.names:
        return f"records of {', '.join(dtype.names)}, expected numbers; save the images as an array of their own"
    if h5py.check_string_dtype(dtype) or dtype.kind == "S":
        return "text, expected numbers"
    if h5py.check_vlen_dtype(dtype) or dtype.kind == "V":
        return "bytes, expected numbers; of pictures as bytes `disentool prepare` reads one array [N] of them"
    return f"{dtype}, expected numbers"
