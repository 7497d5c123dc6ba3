"""Files that were taken for something else: what each is, and the command that reads it, or makes it readable."""

import shlex
import zipfile
from contextlib import suppress
from pathlib import Path

from disentool.errors import DisentoolError, ForeignFile
from disentool.io import hdf5, picture_kinds, read_images
from disentool.io.schema import CHECKPOINT, DATASET
from disentool.io.zip_kinds import is_zip

_LOOKED_AT = 2000  # names of a zip's members
_STARTS = (
    (b"\x93NUMPY", "arrays"),
    (b"\x1f\x8b", "archive"),
    (b"7z\xbc\xaf\x27\x1c", "a 7z archive"),
    (b"Rar!", "a rar archive"),
    (b"\xfd7zXZ\0", "an xz archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
)
# Files of many pictures that are not read, by their first bytes or by their suffix.
_COLLECTIONS = (
    (b"PAR1", "a Parquet file"),
    (b"ARROW1", "an Arrow file"),
    (b"SQLite format 3", "an SQLite data base"),
    (b"\0\0\x08", "an IDX file, as those of MNIST (`disentool prepare mnist` reads MNIST's own)"),
    (".tfrecord", "a TFRecord file"),
    (".tfrecords", "a TFRecord file"),
    (".mdb", "an LMDB data base"),
)
# Pictures that are not read, and texts with pictures: what each is, and a command that makes a PNG or TIFF of it.
_UNREAD = (
    (b"%PDF", "a PDF", "pdftoppm -png {file} {stem}"),
    (b"SIMPLE  =", "a FITS file", ""),
    (b"8BPS", "a Photoshop file", "convert {file} {stem}.png"),
    (b"FUJIFILMCCD-RAW", "a camera's raw picture", "dcraw -T {file}"),
    (".heic", "a HEIC picture", "heif-convert {file} {stem}.png"),
    (".heif", "a HEIC picture", "heif-convert {file} {stem}.png"),
    (".dcm", "a DICOM file", "dcm2pnm +on {file} {stem}.png"),
    (".svg", "a drawing (SVG)", "rsvg-convert {file} > {stem}.png"),
    *((raw, "a camera's raw picture", "dcraw -T {file}") for raw in (".dng", ".cr2", ".cr3", ".nef", ".arw", ".orf")),
)
_AVIF, _HEIC = (b"avif", b"avis"), (b"heic", b"heix", b"heim", b"heis", b"hevc", b"mif1", b"msf1")  # brands


def described(path: Path) -> str:
    """What a file is, told from its first bytes, and what to do with it; nothing of it is decoded or executed."""
    if kind := kind_of(path):
        return kind
    if path.suffix.lower() in (".csv", ".tsv", ".txt"):
        table = shlex.quote(str(path))
        return f"a text; `disentool prepare folder --from FOLDER --csv {table}` takes a table of factors"
    return "a file of another kind; `disentool prepare` reads folders of pictures, and .npy, .npz, HDF5 or .pt arrays"


def kind_of(path: Path) -> str:
    """What :func:`described` says of a file that is no text; empty where its kind is not known."""
    name, folder = shlex.quote(str(path)), shlex.quote(path.name.partition(".")[0])
    with open(path, "rb") as file:
        start = file.read(512)
    if not start:
        return "an empty file; make it anew"
    kind = next((kind for begin, kind in _STARTS if start.startswith(begin)), "")
    if start[257:262] == b"ustar":
        kind = "archive"
    if start.startswith(b"PK"):
        kind = _kind_of_zip(path)
    for begin, collection in _COLLECTIONS:
        if start.startswith(begin) if isinstance(begin, bytes) else path.suffix.lower() == begin:
            return f"{collection}; write each picture in it as a file, for `disentool prepare folder`"
    if (picture := _unread_picture(path, start)) or (picture := _picture(path, start)):
        return picture
    if _is_video(start):
        return f"a video; `ffmpeg -i {name} {folder}/%06d.png` makes a folder of pictures of it"
    if kind == "damaged":
        return "a damaged zip archive; make it anew"
    if kind == "torch" and (model := trained(path)):
        return model
    if is_data_set(path):
        return f"a data set; --data {name} takes it"
    if kind in ("arrays", "torch") or hdf5.is_hdf5(path):
        what = {"arrays": "arrays", "torch": "torch (a checkpoint, or tensors)"}.get(kind, "HDF5")
        it = "tensors of images" if kind == "torch" else "it"
        return f"a file of {what}; `disentool prepare array --from {name}` reads {it}"
    if kind == "archive":
        return f"an archive; `disentool prepare folder --from {name}` reads its pictures"
    if kind:
        return f"{kind}; unpack it into a folder, {folder}, for `disentool prepare folder --from {folder}`"
    if start.startswith(b"MATLAB"):
        return (
            "a MATLAB file older than 7.3; save it in MATLAB with -v7.3, or in Python with np.savez what"
            " scipy.io.loadmat reads of it"
        )
    if start.startswith(b"\x80") or path.suffix.lower() in (".pt", ".pth", ".pkl", ".pickle"):
        return "a pickle, which could execute code when read; save its images as .npy"
    return ""


def _picture(path: Path, start: bytes) -> str:
    """What a picture is that can be read; empty for any other file."""
    if path.suffix.lower() in read_images.SUFFIXES:
        return "one picture; name the folder that it lies in"
    suffix = picture_kinds.suffix_of(start)
    if suffix and suffix != ".bmp" and (suffix != ".webp" or start[8:12] == b"WEBP"):  # BM begins many a text
        return f"a picture without the suffix of its kind; rename it to {path.name}{suffix}"
    return ""


def _unread_picture(path: Path, start: bytes) -> str:
    """What a picture is that cannot be read, and a command that converts it; empty for any other file."""
    suffix = path.suffix.lower()
    if start[4:8] == b"ftyp" and start[8:12] in _HEIC and suffix != ".avif":
        suffix = ".heic"
    if start[128:132] == b"DICM":
        suffix = ".dcm"
    for begin, what, command in _UNREAD:
        if start.startswith(begin) if isinstance(begin, bytes) else suffix == begin:
            file, stem = shlex.quote(str(path)), shlex.quote(str(path.with_suffix("")))
            how = command.format(file=file, stem=stem) or "save its arrays with np.savez"
            return f"{what}, which is not read; convert it: {how}"
    return ""


def is_data_set(path: Path) -> bool:
    """Whether a file is a data set of disentool; not where that cannot be read."""
    if path.is_file() and hdf5.is_hdf5(path):
        with suppress(DisentoolError), hdf5.opened(path) as file:
            return bool(hdf5.attribute(file, "format", None) == DATASET.name)
    return False


def _is_video(start: bytes) -> bool:
    """Whether a file that begins so is an AVI, a Matroska, or of the kin of MP4."""
    mp4 = start[4:8] == b"ftyp" and start[8:12] not in _AVIF + _HEIC
    return mp4 or start.startswith(b"\x1aE\xdf\xa3") or (start[:4] == b"RIFF" and start[8:12] == b"AVI ")


def trained(path: Path) -> str:
    """What a checkpoint of disentool is, and of which data; empty for any other file of torch."""
    from disentool.io import torch_file  # it loads torch, which takes seconds

    try:
        content = torch_file.load(path, "checkpoint", "", mapped=True)
        torch_file.check_leaves(path, content)
    except ForeignFile:
        return ""
    if not isinstance(content, dict) or content.get("format") != CHECKPOINT.name:
        return ""
    data = content.get("data")
    spec = f" trained on {str(data.get('spec', data.get('name')))[:200]}" if isinstance(data, dict) else ""
    return (
        f"a checkpoint of disentool, {str(content.get('method'))[:80]}{spec}; `disentool encode` writes its"
        " codes, `disentool prepare` a data set"
    )


def is_archive(path: Path) -> bool:
    """Whether a file is a tar, or a zip that holds neither arrays of NumPy nor what torch saved."""
    if not path.is_file():
        return False
    with open(path, "rb") as file:
        start = file.read(512)
    if start.startswith(b"PK"):
        return _kind_of_zip(path) == "archive"
    return start.startswith(b"\x1f\x8b") or start[257:262] == b"ustar"


def is_torch(path: Path) -> bool:
    """Whether a file is a zip as torch saves it."""
    return path.is_file() and is_zip(path) and _kind_of_zip(path) == "torch"


def _kind_of_zip(path: Path) -> str:
    """Whether a zip holds ``arrays`` of NumPy, what ``torch`` saved, or is another ``archive``; or is ``damaged``."""
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()[:_LOOKED_AT]
    except (zipfile.BadZipFile, OSError, ValueError, NotImplementedError):
        return "damaged"
    if any(member.endswith("data.pkl") for member in names):
        return "torch"
    return "arrays" if names and all(member.endswith(".npy") for member in names) else "archive"
