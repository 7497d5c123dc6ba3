"""Changes of a file's bytes that know nothing of its format."""

import random
import struct
from collections.abc import Callable
from pathlib import Path

Mutation = Callable[[random.Random, Path], None]

_EXTREME = (0, 1, -1, 2**31 - 1, -(2**31), 2**32 - 1, 2**63 - 1, -(2**63), 2**64 - 1, 10**9, 2**40, 255, 65535)
_NUMBERS = (
    b"nan",
    b"-inf",
    b"1e400",
    b"1e-400",
    b"9" * 400,
    b"-1",
    b"0x10",
    b"1_000",
    "١".encode(),
    b"-0",
    b".",
    b"00",
)
_PIECES = (
    b"\0",
    b"\n",
    b"\r\n",
    b"\xff\xfe",
    b"\xef\xbb\xbf",
    b"\x1b[31m",
    b"\x1b]0;title\x07",
    b"\xed\xa0\x80",
    b"%s%n",
    b"../",
    b"'\"`$(touch CANARY)",
    "\u202e\u0085".encode(),
)


def positions(random_: random.Random, size: int) -> int:
    """A place in a file, more often near its ends, where formats keep what says how to read the rest."""
    where = random_.random()
    span = max(1, min(size, 512))
    if where < 0.35:
        return random_.randrange(span)
    if where < 0.6:
        return size - 1 - random_.randrange(span) if size else 0
    return random_.randrange(max(1, size))


def _changed(change: Callable[[random.Random, bytearray], None]) -> Mutation:
    def mutation(random_: random.Random, path: Path) -> None:
        data = bytearray(path.read_bytes())
        if data:
            change(random_, data)
        path.write_bytes(data)

    mutation.__name__ = change.__name__.strip("_")
    return mutation


@_changed
def bit_flips(random_: random.Random, data: bytearray) -> None:
    for _ in range(random_.choice((1, 1, 2, 8, 32))):
        data[positions(random_, len(data))] ^= 1 << random_.randrange(8)


@_changed
def other_bytes(random_: random.Random, data: bytearray) -> None:
    for _ in range(random_.choice((1, 2, 4, 16))):
        data[positions(random_, len(data))] = random_.choice((0, 1, 0x7F, 0x80, 0xFF, random_.randrange(256)))


@_changed
def cut_short(random_: random.Random, data: bytearray) -> None:
    del data[random_.choice((0, 1, random_.randrange(len(data)), len(data) - 1, positions(random_, len(data)))) :]


@_changed
def piece_removed(random_: random.Random, data: bytearray) -> None:
    at = positions(random_, len(data))
    del data[at : at + random_.choice((1, 2, 4, 8, 100, random_.randrange(1, len(data) + 1)))]


@_changed
def piece_inserted(random_: random.Random, data: bytearray) -> None:
    at = positions(random_, len(data))
    rubbish = random_.randbytes(random_.choice((1, 4, 64, 1000)))
    data[at:at] = random_.choice((rubbish, random_.choice(_PIECES), random_.choice(_PIECES) * 300))


@_changed
def piece_repeated(random_: random.Random, data: bytearray) -> None:
    at = positions(random_, len(data))
    piece = data[at : at + random_.choice((1, 8, 64, 1000, len(data)))]
    times = min(random_.choice((1, 2, 50)), max(1, (4 << 20) // max(1, len(piece))))
    data[at:at] = bytes(piece) * times


@_changed
def pieces_swapped(random_: random.Random, data: bytearray) -> None:
    size = random_.choice((1, 4, 8, 64, 512))
    one, other = positions(random_, len(data)), positions(random_, len(data))
    data[one : one + size], data[other : other + size] = data[other : other + size], data[one : one + size]


@_changed
def extreme_number(random_: random.Random, data: bytearray) -> None:
    value, code = random_.choice(_EXTREME), random_.choice(["<i", "<I", "<q", "<Q", ">i", ">I", ">H", "<H", "B", "<d"])
    try:
        packed = struct.pack(code, value)
    except struct.error:
        packed = b"\xff" * struct.calcsize(code)
    at = positions(random_, len(data))
    data[at : at + len(packed)] = packed


@_changed
def number_in_text(random_: random.Random, data: bytearray) -> None:
    """Digits that stand somewhere become another number."""
    starts = [i for i, byte in enumerate(data[:20_000]) if 48 <= byte <= 57 and not (i and 48 <= data[i - 1] <= 57)]
    if starts:
        at = random_.choice(starts)
        end = at
        while end < len(data) and 48 <= data[end] <= 57:
            end += 1
        data[at:end] = random_.choice(_NUMBERS)


@_changed
def another_file(random_: random.Random, data: bytearray) -> None:
    """Something else under the name: empty, text, a page, rubbish, the first bytes of another format."""
    data[:] = random_.choice(
        (
            b"",
            b"\n",
            b"<!DOCTYPE html><html><body>Sign in</body></html>",
            random_.randbytes(500),
            b"\x89HDF\r\n\x1a\n" + bytes(200),
            b"PK\x03\x04" + random_.randbytes(100),
            b"\x1f\x8b\x08" + random_.randbytes(100),
            b"\x80\x02cposix\nsystem\nX\x0c\x00\x00\x00touch CANARY\x85R.",
            b"%!PS\n(CANARY) (w) file closefile\n",
            b"\x93NUMPY\x01\x00v\x00" + b"{" * 400,
            b"GIF89a" + random_.randbytes(60),
        )
    )


MUTATIONS: tuple[Mutation, ...] = (
    bit_flips,
    other_bytes,
    cut_short,
    piece_removed,
    piece_inserted,
    piece_repeated,
    pieces_swapped,
    extreme_number,
    number_in_text,
    another_file,
)
