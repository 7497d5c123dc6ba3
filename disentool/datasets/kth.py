"""KTH actions (Schueldt, Laptev, Caputo 2004), read from the published videos.

``person01_boxing_d1_uncomp.avi``: 25 persons, 6 actions, 4 scenarios, 160x120 pixels, 25 frames a second, in one zip an
action or unpacked (one of the 600 was never published). ``00sequences.txt``, published beside them, has lines such as
``person01_boxing_d1  frame  1-95, 96-185``: where it is there, only the frames in these ranges (counted from 1, both
ends included) are taken, as the others may show nobody. (The list's layout is as others describe it; none was at hand.)
"""

import re
from collections.abc import Iterator
from itertools import pairwise
from pathlib import Path

import numpy as np

from disentool.datasets import picture_sizes
from disentool.datasets.catalogue import PUBLISHED
from disentool.datasets.source import Source, ascending, gathered, ranked, table
from disentool.errors import ForeignFile, MissingFile, WrongUsage
from disentool.io import archive, avi, published_images

NAMES = ("person", "action", "scenario")
ACTIONS = ("boxing", "handclapping", "handwaving", "jogging", "running", "walking")
WIDTH, HEIGHT = 160, 120
SEQUENCES = "00sequences.txt"
SIZE = (64, 64)  # height and width, unless asked otherwise
WHAT = "the folder of boxing.zip .. walking.zip, or of person01_boxing_d1_uncomp.avi and the like"

_NAME = re.compile(rf"(?:^|/)person(\d\d)_({'|'.join(ACTIONS)})_d([1-4])_uncomp\.avi$")
_LINE = re.compile(r"^(person\d\d_[a-z]+_d\d)\s+frames?\s+([\d\s,-]+)$")
_LIMIT = 128 * 2**20  # bytes of a video; the published ones have a few MB


def open_source(path: Path | None, *, size: tuple[int, int] | None = None, every: int = 1) -> Source:
    """Frames by person, action and scenario, in time, uint8 [N,H,W,1]: the centre 120x120, made smaller.

    LORD says "cropped"; this is the crop of DrNet. ``every``: only every so many frames, as neighbours hardly differ.
    One video at a time is in memory. How many frames there are is known only after decoding, so all is decoded once
    here and again for ``images``. Raises MissingExtra without ffmpeg, MissingFile or ForeignFile.
    """
    if path is None:
        raise MissingFile(f"kth is not rendered here: give {WHAT} with --from")
    size = size or SIZE
    if every < 1:
        raise WrongUsage(f"--every {every}: expected 1 or more")
    avi.require(Path(path))
    found = archive.members(path, (".avi", SEQUENCES), WHAT)
    videos = []
    for name in found.names:
        if name.endswith(".avi"):
            if not (parts := _NAME.search(name)):
                raise ForeignFile(f"{found.path}: {name} is no name of KTH's; give {WHAT}")
            videos.append((int(parts[1]), ACTIONS.index(parts[2]), int(parts[3]) - 1, name))
    if not videos:
        raise MissingFile(f"{found.path}: no .avi in it; give {WHAT}")
    videos.sort()
    for one, other in pairwise(videos):
        if one[:3] == other[:3]:
            raise ForeignFile(f"{found.path}: {one[3]} and {other[3]} are the same video; keep one")
    ranges = _sequences(found)
    names = [video[3] for video in videos]
    taken = []  # frames of each video
    for name, data in found.each(names, _LIMIT):
        count = sum(1 for _ in avi.frames(data, found.path, name, (HEIGHT, WIDTH)))
        taken.append(_taken(ranges, name, count)[::every])
    lengths = np.array([len(frames) for frames in taken])
    starts = np.concatenate([[0], np.cumsum(lengths)])
    total = int(starts[-1])
    if not total:
        raise ForeignFile(f"{found.path}: no frame is in the ranges of {SEQUENCES}; remove it to take all frames")
    notes = [f"{found.path}: no {SEQUENCES}: all frames are taken, also those without a person"] if not ranges else []
    if empty := [name for name, frames in zip(names, taken, strict=True) if not len(frames)]:
        notes.append(f"{found.path}: {len(empty)} videos have no frames in {SEQUENCES}, the first {empty[0]}; left out")
    person, persons = ranked(video[0] for video in videos)
    factors = np.array([video[:3] for video in videos], np.int32)
    factors[:, 0] = person

    def images(rows: np.ndarray | None) -> Iterator[np.ndarray]:
        rows = np.arange(total) if rows is None else ascending(rows, total)
        return gathered(_frames(found, names, taken, starts, rows, size))

    return Source(
        name="kth",
        shape=(total, *size, 1),
        images=images,
        factors=table(np.repeat(factors, lengths, axis=0)),
        factor_names=NAMES,
        factor_sizes=(len(persons), len(ACTIONS), 4),
        factor_values={"person": np.array(persons, np.float64), "scenario": np.arange(1.0, 5.0)},
        class_names={"action": ACTIONS},
        notes=tuple(notes),
        class_factor="person",
        source=f"{found.digest()}, one frame in {every}, centre {HEIGHT} to {size[0]}x{size[1]} by Lanczos",
        made=("" if every == 1 else f"one frame in {every} kept, ")
        + f"the middle {HEIGHT}x{HEIGHT} {picture_sizes.square_made(None, size)}",
        citation="Schueldt, Laptev, Caputo: Recognizing Human Actions: A Local SVM Approach, ICPR 2004, "
        "https://www.csc.kth.se/cvap/actions",
        licence=PUBLISHED["kth"].licence,
    )


def _sequences(found: archive.Members) -> dict[str, list[tuple[int, int]]]:
    """Video -> its ranges of frames, counted from 0, the end excluded; empty where the list is not there."""
    lists = [name for name in found.names if name.endswith(SEQUENCES)]
    if len(lists) > 1:
        raise ForeignFile(f"{found.path}: {' and '.join(lists)} are both there; keep one")
    ranges = {}
    for line in found.read(lists[0], 1 << 20).decode("utf-8", "replace").splitlines() if lists else []:
        if parts := _LINE.match(line.strip()):
            pairs = re.findall(r"(\d{1,9})\s*-\s*(\d{1,9})", parts[2])
            ranges[parts[1]] = [(int(first) - 1, int(last)) for first, last in pairs]
    if lists and not ranges:
        raise ForeignFile(f"{found.path}: {lists[0]} has no line such as `person01_boxing_d1 frame 1-95, 96-185`")
    return ranges


def _taken(ranges: dict[str, list[tuple[int, int]]], name: str, count: int) -> np.ndarray:
    """Which of a video's frames are taken, ascending."""
    video = name.rsplit("/", 1)[-1].removesuffix("_uncomp.avi")
    if video not in ranges:
        return np.arange(count) if not ranges else np.arange(0)
    inside = np.zeros(count, bool)
    for first, last in ranges[video]:
        inside[max(first, 0) : last] = True
    return np.flatnonzero(inside)


def _frames(
    found: archive.Members,
    names: list[str],
    taken: list[np.ndarray],
    starts: np.ndarray,
    rows: np.ndarray,
    size: tuple[int, int],
) -> Iterator[np.ndarray]:
    """The frames of ``rows``, video by video."""
    video = np.searchsorted(starts, rows, side="right") - 1
    videos = np.unique(video)
    for number, (name, data) in zip(videos, found.each([names[v] for v in videos], _LIMIT), strict=True):
        wanted = taken[number][rows[video == number] - starts[number]]
        done = 0
        for at, frame in enumerate(avi.frames(data, found.path, name, (HEIGHT, WIDTH))):
            while done < len(wanted) and wanted[done] == at:
                yield published_images.resized(published_images.centre(frame, HEIGHT), size)
                done += 1
            if done == len(wanted):
                break
