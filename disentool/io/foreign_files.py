"""Files that were taken for something else: what each is, and the command that reads it, or makes it readable."""

import shlex
import zipfile
from pathlib import Path

from disentool.io import hdf5, read_images

_LOOKED_AT = 2000  # names of a zip's members
_STARTS = (
    (b"\x93NUMPY", "array"),
    (b"\x1f\x8b", "tar"),
    (b"7z\xbc\xaf\x27\x1c", "7z"),
    (b"Rar!", "rar"),
)


def described(path: Path) -> str:
    """What a file is, told from its first bytes, and what to do with it; nothing of it is decoded or executed."""
    name, folder = shlex.quote(str(path)), shlex.quote(path.name.partition(".")[0])
    with open(path, "rb") as file:
        start = file.read(512)
    kind = next((kind for begin, kind in _STARTS if start.startswith(begin)), "")
    if start[257:262] == b"ustar":
        kind = "tar"
    if start.startswith(b"PK"):
        return _zip(path, name, folder)
    if kind == "array" or hdf5.is_hdf5(path):
        return f"a file of {'arrays' if kind == 'array' else 'HDF5'}; `disentool prepare array --from {name}` reads it"
    if kind == "tar":
        return f"an archive; `mkdir {folder} && tar -xf {name} -C {folder}` unpacks it {_then(folder)}"
    if kind:
        return f"a {kind} archive; unpack it into a folder, {folder}, {_then(folder)}"
    if start.startswith(b"MATLAB"):
        return "a MATLAB file older than 7.3; save it with -v7.3, or its arrays as .npy"
    if start.startswith(b"\x80") or path.suffix.lower() in (".pt", ".pth", ".pkl", ".pickle"):
        return "a pickle, which could execute code when read; save its images as .npy"
    if path.suffix.lower() in read_images.SUFFIXES:
        return "one picture; name the folder that it lies in"
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        return f"a text; `disentool prepare folder --from FOLDER --csv {name}` takes a table of factors"
    return "a file of another kind; `disentool prepare` reads folders of pictures, and .npy, .npz or HDF5 arrays"


def _zip(path: Path, name: str, folder: str) -> str:
    """What a zip is: arrays of NumPy, a file of torch, or an archive."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:_LOOKED_AT]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "a damaged zip archive; make it anew"
    if any(member.endswith("data.pkl") for member in names):
        return (
            "a file of torch (a checkpoint, or tensors); save a tensor of images by"
            " `numpy.save('images.npy', tensor.numpy())` for `disentool prepare array --from images.npy`"
        )
    if names and all(member.endswith(".npy") for member in names):
        return f"a file of arrays; `disentool prepare array --from {name}` reads it"
    return f"a zip archive; `unzip {name} -d {folder}` unpacks it {_then(folder)}"


def _then(folder: str) -> str:
    return f"for `disentool prepare folder --from {folder}`"
