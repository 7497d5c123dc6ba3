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


def download(name: str, folder: Path, report: Reporter | None = None) -> Path:
    """Fetch data set ``name`` into ``folder``; what is there already is kept. Returns what to read: the file or folder.

    Each file's addresses are tried in turn. A part that is there from an earlier attempt at the same address goes on
    where it stopped, if the server can do that. A file appears under its name only when it is complete and, where its
    checksum is known, right. Raises WrongUsage for a data set that is not downloaded, DownloadFailed, NotWritable.
    """
    report = report or Silent()
    facts = PUBLISHED.get(name)
    if facts is None or not facts.files:
        where = f"; {facts.where}; then" if facts else ":"
        raise WrongUsage(f"--download: {name} has no stable address{where} name what you have with --from")
    missing = [file for file in facts.files if not (folder / file.name).exists()]
    for file in facts.files:
        if file not in missing and (problem := _wrong(folder / file.name, file.checksum)):
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
            _receive(address, part, target.name, report)
        except (OSError, http.client.HTTPException, ValueError) as error:  # urllib's own are OSErrors
            problems.append(f"{address} ({' '.join(str(error).split())[:100]})")
            continue
        if problem := _wrong(part, file.checksum):
            part.unlink()
            problems.append(f"{address} ({problem})")
            continue
        part.replace(target)
        return
    raise DownloadFailed(
        f"{target}: could not be downloaded: {'; '.join(problems)}; try again later, or get it yourself and"
        " name it with --from"
    )


def _receive(address: str, part: Path, label: str, report: Reporter) -> None:
    """Bring ``part`` up to the whole file. Raises OSError when the connection ends early."""
    if not address.startswith(("http://", "https://")):
        raise ValueError("not an address of the web")
    have = part.stat().st_size if part.exists() else 0
    request = urllib.request.Request(address, headers={"User-Agent": "disentool"})
    if have:
        request.add_header("Range", f"bytes={have}-")
    try:
        response = urllib.request.urlopen(request, timeout=_SECONDS)
    except urllib.error.HTTPError as error:
        with error:
            if not (have and error.code == 416):  # nothing after what is there: it may be whole, or of another file
                raise
        if error.headers.get("Content-Range", "").rpartition("/")[2] == str(have):
            return
        part.unlink()
        _receive(address, part, label, report)
        return
    with response:
        if response.status != 206 or not response.headers.get("Content-Range", "").startswith(f"bytes {have}-"):
            have = 0  # the server starts over
        length = response.headers.get("Content-Length")
        total = have + int(length) if length else None
        files.probe(part, overwrite=True, need_bytes=int(length or 0))
        with (
            report.task(f"download {label}", total or 0, "bytes", have) as task,
            part.open("r+b" if have else "wb") as out,
        ):
            out.seek(have)
            while block := response.read(_BLOCK):
                out.write(block)
                have += len(block)
                task.update(have)
    if total is not None and have != total:
        raise OSError(f"ended after {have:,} of {total:,} bytes")


def _wrong(part: Path, checksum: str) -> str:
    """What is wrong with a whole file; nothing where it is right, or nothing is known."""
    if not checksum:
        return ""
    kind, _, expected = checksum.partition(":")
    with part.open("rb") as file:
        found = hashlib.file_digest(file, kind).hexdigest()
    return "" if found == expected else f"has the {kind} {found}, expected {expected}"
