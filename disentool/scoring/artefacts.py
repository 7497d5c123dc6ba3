"""What an artefact is that is to be scored: a checkpoint, codes, anyone's arrays, directions."""

import zipfile
from pathlib import Path
from typing import Literal

from disentool.errors import ForeignFile
from disentool.io import directions_file, files, hdf5
from disentool.io.schema import DIRECTIONS

Kind = Literal["checkpoint", "codes", "arrays", "directions"]


def kind_of(path: Path) -> Kind:
    """By what the file holds, whatever its name: MissingFile or ForeignFile where it is none of these."""
    if _holds_directions(directions_file.reference(str(path))[0]):
        return "directions"
    files.require(path, "checkpoint or file of codes", "`disentool train factorvae` writes ./ckpt.pt")
    if hdf5.is_hdf5(path):
        return "codes"
    with open(path, "rb") as file:
        if file.read(2) == b"PK":
            return "arrays" if _is_npz(path) else "checkpoint"
    raise ForeignFile(f"{path}: neither a checkpoint (.pt) nor HDF5 or .npz codes; see `disentool info {path}`")


def _holds_directions(path: Path) -> bool:
    if not path.is_file() or not hdf5.is_hdf5(path):
        return False
    try:
        with hdf5.opened(path) as file:
            return hdf5.attribute(file, "format", None) == DIRECTIONS.name
    except ForeignFile:
        return False  # a damaged file, which its reader names


def _is_npz(path: Path) -> bool:
    try:
        with zipfile.ZipFile(path) as archive:
            return any(name.endswith(".npy") for name in archive.namelist())
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return False  # a checkpoint cut short, which its reader names
