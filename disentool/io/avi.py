"""Frames of an AVI in memory, decoded by ffmpeg in a process of its own that is given nothing but the bytes."""

import subprocess
import threading
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import IO

import numpy as np

from disentool.errors import MissingExtra
from disentool.io.published_images import foreign

_MOST = 1_000_000  # frames


def require(path: Path) -> str:
    """The ffmpeg program of imageio-ffmpeg; MissingExtra if that is not installed."""
    try:
        import imageio_ffmpeg
    except ImportError:
        raise MissingExtra(
            f"{path}: reading videos needs the package imageio-ffmpeg: pip install 'disentool[video]'"
        ) from None
    return imageio_ffmpeg.get_ffmpeg_exe()


def frames(data: bytes, path: Path, name: str, expected: tuple[int, int]) -> Iterator[np.ndarray]:
    """The frames, grey, uint8 [H,W,1], one at a time; ``expected``: their (height, width).

    Raises ForeignFile, which names ``name`` in ``path``. ffmpeg is told the format and may open nothing else.
    """

    if data[:4] != b"RIFF" or data[8:12] != b"AVI ":
        raise foreign(path, name, "not an AVI video")
    claimed = int.from_bytes(data[4:8], "little")
    if claimed > len(data):  # the pad byte at the end may be left out
        raise foreign(path, name, f"cut short: {len(data):,} of {claimed + 8:,} bytes")
    # One picture in PGM a frame, which states its size: what comes is known before it is taken. Frames are counted, not
    # timed, so that none is dropped or doubled for the sake of an even rate.
    command = [
        require(path),
        "-v",
        "error",
        "-threads",
        "1",
        "-protocol_whitelist",
        "pipe",
        "-f",
        "avi",
        "-i",
        "pipe:0",
    ]
    command += [
        "-an",
        "-vf",
        "setpts=N/(25*TB)",
        "-r",
        "25",
        "-f",
        "image2pipe",
        "-c:v",
        "pgm",
        "-pix_fmt",
        "gray",
        "pipe:1",
    ]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    assert process.stdin and process.stdout and process.stderr  # as they are pipes
    streams = process.stdin, process.stdout, process.stderr
    said: list[bytes] = []
    helpers = [
        threading.Thread(target=_feed, args=(streams[0], data), daemon=True),
        threading.Thread(target=_listen, args=(streams[2], said), daemon=True),
    ]
    try:
        for helper in helpers:
            helper.start()
        count = 0
        while header := process.stdout.readline(4):
            size = process.stdout.readline(32).split()
            depth = process.stdout.readline(8)
            if header != b"P5\n" or len(size) != 2 or depth != b"255\n":
                raise foreign(path, name, "ffmpeg's answer cannot be read")
            height, width = int(size[1]), int(size[0])
            if (height, width) != expected:
                raise foreign(
                    path,
                    name,
                    f"is {height}x{width} pixels (height x width), expected {expected[0]}x{expected[1]}",
                )
            pixels = process.stdout.read(height * width)
            if len(pixels) != height * width:
                raise foreign(path, name, "ffmpeg's answer ends early")
            count += 1
            if count > _MOST:
                raise foreign(path, name, f"has more than {_MOST:,} frames")
            yield np.frombuffer(pixels, np.uint8).reshape(height, width, 1)
        code = process.wait()
        helpers[1].join()
        if code or said or not count:  # a video that is damaged in the middle is decoded all the same, and wrongly
            why = " ".join(b"".join(said).decode("utf-8", "replace").split())[:120]
            raise foreign(path, name, f"no video that ffmpeg can read ({why or 'no frames'})")
    finally:
        process.kill()
        process.wait()
        for helper in helpers:
            helper.join()
        for stream in streams:
            with suppress(OSError):  # what was not taken of the input
                stream.close()


def _feed(stream: IO[bytes], data: bytes) -> None:
    with suppress(OSError):  # it has seen enough
        stream.write(data)
        stream.close()


def _listen(stream: IO[bytes], said: list[bytes]) -> None:
    for line in stream:
        if len(said) < 20:
            said.append(line[:400])
