"""Published files fetched from where they lie: only when asked for, resumed where they stopped, and checked."""

import hashlib
import http.client
import urllib.error
import urllib.request
from pathlib import Path

from disentool.datasets.catalogue import PUBLISHED, File
from disentool.errors import DownloadFailed, WrongUsage
from disentool.io import files
from disentool.reporting import Reporter, Silent

_BLOCK = 1 << 20
_SECONDS = 60  # without a byte
# What files of these names begin with: a page of a portal or of an error does not.
_STARTS = {
    (".gz", ".tgz"): (b"\x1f\x8b",),
    (".zip", ".npz"): (b"PK",),
    (".h5", ".hdf5"): (b"\x89HDF",),
    (".npy",): (b"\x93NUMPY",),
    (".mat",): (b"MATLAB", b"\x89HDF"),
}
_PAGE = (b"<!doctype", b"<html", b"<?xml", b"<head")


def download(name: str, folder: Path, report: Reporter | None = None) -> Path:
    """Fetch data set ``name`` into ``folder``; what is there already is kept. Returns what to read: the file or folder.

    Each file's addresses are tried in turn. A part that is there from an earlier attempt at the same address goes on
    where it stopped, if the server can do that and says that the file is the same. A file appears under its name only
    when it is complete, of the right kind and, where its checksum is known, right. Raises WrongUsage for a data set
    that is not downloaded, DownloadFailed, NotWritable.
    """
    report = report or Silent()
    facts = PUBLISHED.get(name)
    if facts is None or not facts.files:
        where = f"; {facts.where}; then" if facts else ":"
        raise WrongUsage(f"--download: {name} has no stable address{where} name what you have with --from")
    missing = [file for file in facts.files if not (folder / file.name).exists()]
    for file in facts.files:
        if file not in missing and (problem := _wrong(folder / file.name, file)):
            raise DownloadFailed(f"{folder / file.name}: is there already and {problem}; remove it to download it anew")
    if missing:
        report.note(f"{name} ({facts.size}; licence: {facts.licence}) is downloaded into {folder}")
    for file in missing:
        with files.claim(folder / file.name):
            _fetch(file, folder / file.name, report)
    return folder / facts.files[0].name if len(facts.files) == 1 else folder


def _fetch(file: File, target: Path, report: Reporter) -> None:
    problems = []
    for address in file.mirrors:
        # A part belongs to its address: two servers may hold different files under one name.
        part = target.with_name(f".{target.name}.{hashlib.sha256(address.encode()).hexdigest()[:8]}.part")
        try:
            _receive(address, part, file, report)
        except (OSError, http.client.HTTPException, ValueError) as error:  # urllib's own are OSErrors
            problems.append(f"{address} ({' '.join(str(error).split())[:100]})")
            continue
        _tag(part).unlink(missing_ok=True)
        if problem := _wrong(part, file):
            part.unlink()
            problems.append(f"{address} ({problem})")
            continue
        part.replace(target)
        return
    raise DownloadFailed(
        f"{target}: could not be downloaded: {'; '.join(problems)}; try again later, or get it yourself and"
        " name it with --from"
    )


def _tag(part: Path) -> Path:
    """Where it is noted which version of a file the part is of, in the words of its server."""
    return part.with_suffix(".tag")


def _receive(address: str, part: Path, file: File, report: Reporter) -> None:
    """Bring ``part`` up to the whole file. Raises OSError when the connection ends early."""
    if not address.startswith(("http://", "https://")):
        raise ValueError("not an address of the web")
    have = part.stat().st_size if part.exists() else 0
    tag = _tag(part).read_text(encoding="latin-1") if have and _tag(part).exists() else ""
    if not (tag or file.checksum):
        have = 0  # nothing would tell that what follows is of the same file
    request = urllib.request.Request(address, headers={"User-Agent": "disentool"})
    if have:
        request.add_header("Range", f"bytes={have}-")
        if tag:
            request.add_header("If-Range", tag)
    try:
        response = urllib.request.urlopen(request, timeout=_SECONDS)
    except urllib.error.HTTPError as error:
        with error:
            if not (have and error.code == 416):  # nothing after what is there: it may be whole, or of another file
                raise
        if error.headers.get("Content-Range", "").rpartition("/")[2] == str(have):
            return
        part.unlink()
        _receive(address, part, file, report)
        return
    with response:
        have, total = _extent(response, have)
        if total is None and not file.checksum:
            raise OSError("the server does not say how long the file is, and no checksum of it is known")
        files.probe(part, overwrite=True, need_bytes=(total or 0) - have)
        _note(_tag(part), response)
        with (
            report.task(f"download {file.name}", total or 0, "bytes", have) as task,
            part.open("r+b" if have else "wb") as out,
        ):
            out.seek(have)
            while block := response.read(_BLOCK):
                out.write(block)
                have += len(block)
                task.update(have)
    if total is not None and have != total:
        raise OSError(f"ended after {have:,} of {total:,} bytes")


def _extent(response: http.client.HTTPResponse, asked: int) -> tuple[int, int | None]:
    """Where in the file the answer begins, and how long the whole file is, if that is said.

    OSError for a part that was not asked for, which nothing would tell from the whole.
    """
    length = response.headers.get("Content-Length")
    if response.status != 206:
        return 0, int(length) if length else None  # the whole file: the server starts over
    begins, _, whole = response.headers.get("Content-Range", "").removeprefix("bytes ").partition("/")
    if begins.partition("-")[0] != str(asked):
        raise OSError("the server sends a part that was not asked for")
    return asked, int(whole) if whole.isdecimal() else None


def _note(tag: Path, response: http.client.HTTPResponse) -> None:
    """Note the version of the file that comes: its strong entity tag, else when it was changed (RFC 9110, 13.1.5)."""
    entity = response.headers.get("ETag", "")
    said = entity if entity.startswith('"') else response.headers.get("Last-Modified", "")
    if said and said.isprintable():
        tag.write_text(said, encoding="latin-1")
    else:
        tag.unlink(missing_ok=True)


def _wrong(part: Path, file: File) -> str:
    """What is wrong with a whole file; empty where it is right, as far as that is known."""
    with part.open("rb") as opened:
        start = opened.read(32)
        if file.checksum:
            kind, _, expected = file.checksum.partition(":")
            opened.seek(0)
            found = hashlib.file_digest(opened, kind).hexdigest()
            return "" if found == expected else f"has the {kind} {found}, expected {expected}"
    if start.lstrip().lower().startswith(_PAGE):
        return "is a page of the web: a network may want you to log in first"
    suffix = Path(file.name).suffix.lower()
    for suffixes, starts in _STARTS.items():
        if suffix in suffixes and not start.startswith(starts):
            return f"is no {suffix} file"
    return ""
