"""Changes of zips and tars: names that lead elsewhere, links, bombs, doubled names, numbers that lie; and of arrays."""

import gzip
import io
import random
import struct
import tarfile
import warnings
import zipfile
import zlib
from pathlib import Path

import numpy as np

_NAMES = (
    "../escaped.png",
    "../../escaped.png",
    "/tmp/fuzz-escaped.png",
    "a/../../escaped.png",
    "-o.png",
    "$(touch CANARY).png",
    "a\nb.png",
    "a\x1b[31m.png",
    "C:\\x.png",
    "x" * 300 + ".png",
    "",
    ".",
    "a/" * 200 + "x.png",
    "\udcff.png",
    "\u202egnp.a.png",
    "con.png",
    "a.png/b.png",
    "__MACOSX/._a.png",
    "a.PNG",
    "a.csv",
    "factors.npy",
)

_TYPES = (b"0", b"0", b"0", b"1", b"2", b"3", b"5", b"6", b"7", b"S", b"Z")  # files, links, devices, folders, others


def _members(path: Path) -> dict[str, bytes]:
    if zipfile.is_zipfile(path):
        with zipfile.ZipFile(path) as archive:
            return {name: archive.read(name) for name in archive.namelist()}
    with tarfile.open(path) as tar:
        return {m.name: tar.extractfile(m).read() for m in tar if m.isfile()}  # type: ignore[union-attr]


def other_zip(random_: random.Random, path: Path) -> None:
    """Members of odd names, doubled, compressed in other ways, linked, or much larger than they are stored."""
    members = [*_members(path).items()]
    out = io.BytesIO()
    with zipfile.ZipFile(out, "w") as archive:
        for _ in range(random_.choice((1, 1, 3))):
            kind, at = random_.randrange(6), random_.randrange(len(members))
            name, data = members[at]
            if kind < 2:
                members[at] = (random_.choice(_NAMES).encode("utf-8", "replace").decode() or "x", data)
            elif kind == 2:
                members.append((name, data[::-1]))
            elif kind == 3:
                members[at] = (name, random_.choice((b"", bytes(8 << 20), data * 3, data[: len(data) // 2])))
            elif kind == 4:
                members += [(f"many/{i}.png", data) for i in range(200)]
        for name, data in members:
            info = zipfile.ZipInfo(name)
            if random_.random() < 0.1:
                info.external_attr = 0o120777 << 16  # a symbolic link
                data = random_.choice((b"/etc/passwd", b"../..", data))
            how = random_.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA))
            with warnings.catch_warnings():
                warnings.simplefilter("ignore")
                archive.writestr(info, data, how if random_.random() < 0.3 else zipfile.ZIP_DEFLATED)
        archive.comment = random_.choice((b"", b"", b"PK\x05\x06" + bytes(18), b"x" * 60_000))
    data = bytearray(out.getvalue())
    if random_.random() < 0.3:  # sizes that lie: of the local header, or of the directory
        sign = random_.choice((b"PK\x03\x04", b"PK\x01\x02"))
        at = data.find(sign, random_.randrange(len(data) // 2))
        offset = random_.choice((6, 8, 14, 18, 22, 26)) + (2 if sign[2] == 1 else 0)
        if at >= 0:
            data[at + offset : at + offset + 4] = struct.pack("<I", random_.choice((0, 1, 2**31, 2**32 - 1, 99)))
    path.write_bytes(random_.choice((data, data, data, data + data, b"#!/bin/sh\n" + data)))


def other_tar(random_: random.Random, path: Path) -> None:
    """Members of odd names and kinds, links, devices, sizes that lie, bombs, wrong sums."""
    members = [*_members(path).items()]
    zipped = path.suffix == ".gz" and random_.random() < 0.8
    format_ = random_.choice((tarfile.GNU_FORMAT, tarfile.PAX_FORMAT, tarfile.USTAR_FORMAT))
    out = io.BytesIO()
    with tarfile.open(fileobj=out, mode="w", format=format_, errors="surrogateescape") as tar:
        for _ in range(random_.choice((1, 1, 3))):
            at = random_.randrange(len(members))
            name, data = members[at]
            info = tarfile.TarInfo(random_.choice(_NAMES) if random_.random() < 0.5 else name)
            info.type = random_.choice(_TYPES)
            info.linkname = random_.choice(("/etc/passwd", "../../x", name, info.name))
            if format_ == tarfile.PAX_FORMAT and random_.random() < 0.6:
                odd = ("999999999999", "-1", "abc", "1.5")
                info.pax_headers = {
                    random_.choice(("size", "path", "GNU.sparse.size", "x")): random_.choice((*odd, *_NAMES))
                }
            body = random_.choice((data, b"", bytes(8 << 20) if zipped else data))
            info.size = len(body) if info.isreg() else 0
            try:
                tar.addfile(info, io.BytesIO(body))
            except (ValueError, UnicodeError):
                continue
        for name, data in members:
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    data = bytearray(out.getvalue())
    if random_.random() < 0.4:
        at = random_.randrange(max(1, len(data) // 512)) * 512
        size = random_.choice((b"77777777777\0", b"\x80" + bytes(3) + b"\xff" * 8, b"-0000000001\0", b"xyz"))
        data[at + 124 : at + 124 + len(size)] = size
        if random_.random() < 0.7:
            header = data[at : at + 512]
            total = sum(header[:148]) + 8 * 32 + sum(header[156:])
            data[at + 148 : at + 156] = b"%06o\0 " % total
    path.write_bytes(gzip.compress(data, 1, mtime=0) if zipped else data)


def other_gzip(random_: random.Random, path: Path) -> None:
    """A gzip that unpacks to much more, to another thing, in several parts, or with a wrong sum."""
    try:
        inner = gzip.decompress(path.read_bytes())
    except (OSError, EOFError, zlib.error):
        inner = path.read_bytes()
    kind = random_.randrange(6)
    if kind == 0:
        data = gzip.compress(inner + bytes(64 << 20), 1, mtime=0)
    elif kind == 1:
        data = gzip.compress(inner[: len(inner) // 2], 1, mtime=0)
    elif kind == 2:
        data = gzip.compress(inner, 1, mtime=0) + gzip.compress(b"more", mtime=0)
    elif kind == 3:
        data = gzip.compress(inner, 1, mtime=0)[:-8] + random_.randbytes(8)
    elif kind == 4:
        data = gzip.compress(gzip.compress(inner, 1, mtime=0), mtime=0)
    else:
        at = random_.randrange(min(40, len(inner)))
        data = gzip.compress(inner[:at] + random_.randbytes(4) + inner[at + 4 :], 1, mtime=0)
    path.write_bytes(data)


def other_arrays(random_: random.Random, path: Path) -> None:
    """An .npz: arrays of other types and shapes, objects (pickles), headers that claim more, odd names."""
    with np.load(path) as file:
        arrays = {name: file[name] for name in file.files}
    members = {}
    for name, values in arrays.items():
        out = io.BytesIO()
        np.lib.format.write_array(out, values)
        members[f"{name}.npy"] = out.getvalue()
    name = random_.choice(list(members))
    values, kind, out = arrays[name[:-4]], random_.randrange(8), io.BytesIO()
    if kind == 0:
        dtype = random_.choice(["u1", "i8", ">f4", "f2", "c16", "?", "S3", "U5", "V4", "M8[s]"])
        np.lib.format.write_array(out, values.astype("u1").astype(dtype) if dtype != "V4" else np.zeros(3, "V4"))
    elif kind == 1:
        shape = random_.choice(((), (0,), (0, 5), (1,) * 20, (7,), (3, 3)))
        np.lib.format.write_array(out, np.zeros(shape, values.dtype))
    elif kind == 2:
        np.lib.format.write_array(out, np.array([{"a": 1}, None], object), allow_pickle=True)
    elif kind == 3:
        shape = random_.choice(
            ("(9999999999,)", "(-1,)", "(2, 'a')", "5", "(10**9, 10**9)", "(0, 4611686018427387904)")
        )
        header = f"{{'descr': '<f4', 'fortran_order': False, 'shape': {shape}, }}"
        header = random_.choice((header, "{" * 3000, header * 500, "__import__('os').system('touch CANARY')", ""))
        out.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) % 65536) + header.encode())
    elif kind == 4:
        odd = values.astype("f8").reshape(-1)
        odd[:: random_.choice((1, 2, 7))] = random_.choice((np.nan, np.inf, 1e308, -1, 2**40))
        np.lib.format.write_array(out, odd.reshape(values.shape))
    elif kind == 5:
        record = np.zeros(4, [("a", "i4"), ("b", "f4", (2,))])
        np.lib.format.write_array(out, record)
    else:
        out.write(members.pop(name))
        name = random_.choice(
            ("../escaped.npy", "a\x1b[31m.npy", "images.npy", "x" * 2000 + ".npy", "a.txt", "z/z.npy")
        )
    members[name] = out.getvalue()
    zipped = io.BytesIO()
    with zipfile.ZipFile(zipped, "w", random_.choice((zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED))) as archive:
        for member, data in members.items():
            archive.writestr(zipfile.ZipInfo(member), data)
    path.write_bytes(zipped.getvalue())
