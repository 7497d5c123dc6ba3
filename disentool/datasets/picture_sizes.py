"""Pictures of users, of any size and kind: what is made of them, and which ``--size`` would do."""

import math
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from disentool.datasets.folder_listing import counted
from disentool.errors import DataMismatch
from disentool.io.read_images import Header, Picture

_SMALLEST, _LARGE = 8, 128  # pixels of a side: the networks' least, and more than the papers' methods were made for
_WHITE = 65535  # of 16 bits
_SUGGESTED = (16, 64)  # the smallest and the largest


def common_size(root: Path, images: Sequence[Path], headers: Sequence[Header]) -> tuple[int, int]:
    """The (height, width) that all of them have; DataMismatch where they differ."""
    sizes = Counter((header.height, header.width) for header in headers)
    if len(sizes) > 1:
        (first, many), (second, few), *_ = sizes.most_common()
        example = images[[(h.height, h.width) for h in headers].index(second)]
        side = suggested(first)
        raise DataMismatch(
            f"{root}: images of {len(sizes)} sizes (height x width: {many} of {first[0]}x{first[1]} pixels, {few}"
            f" of {second[0]}x{second[1]}, such as {example}); --size {side} crops and resizes all to {side}x{side}"
        )
    return next(iter(sizes))


def suggested(size: tuple[int, int]) -> int:
    """The power of two, from 16 to 64, that is nearest to the shorter side of (height, width)."""
    least, most = _SUGGESTED
    return min(most, max(least, 2 ** round(math.log2(min(size)))))


def remarks(size: tuple[int, int], asked: tuple[int, int] | None) -> list[str]:
    """What people should know of images of ``size`` (height, width); ``asked``: that of ``--size``, or None."""
    height, width = size
    if min(height, width) < _SMALLEST:
        why = f"no method takes images with a side below {_SMALLEST}"
    elif max(height, width) > _LARGE and asked is None:
        why = "training will take long"
    else:
        return []
    return [f"images of {height}x{width} pixels (height x width): {why}; --size {suggested(size)} resizes them"]


def made(headers: Sequence[Header], size: tuple[int, int], channels: int) -> str:
    """What makes images of ``size`` (height, width) and ``channels`` of the pictures with these headers."""
    words = []
    others = [(h.height, h.width) for h in headers if (h.height, h.width) != size]
    if others:
        least, most = min(others, key=math.prod), max(others, key=math.prod)
        had = f"{least[0]}x{least[1]}" + (f", the smallest, up to {most[0]}x{most[1]}" if most != least else "")
        cropped = sum(height * size[1] != width * size[0] for height, width in others)
        crops = f" ({cropped:,} cropped about the centre for it)" if cropped else ""
        words.append(f"{len(others):,} resized{crops}; they had {had} pixels (height x width)")
    grey = sum(header.grey for header in headers)
    if channels == 3 and grey:
        words.append(f"{grey:,} grey made RGB")
    if channels == 1 and grey < len(headers):
        words.append(f"{len(headers) - grey:,} made grey")
    return ", ".join(words)


def dark(name: str, most: int) -> str:
    """A remark on images of bytes of which none is above a sixteenth of white; empty for others, and where all are 0.

    ``most``: the largest value, of 0..255.
    """
    if not 0 < most <= _WHITE // 257 // 16:
        return ""
    return f"nothing in {name} is above {most} of 255: the images look black; if {most} stands for white, scale them"


def square_made(side: int | None, size: tuple[int, int]) -> str:
    """What makes images of ``size`` (height, width) of square ones, with this side in pixels where it is known."""
    if size == (side, side):
        return ""
    cropped = "" if size[0] == size[1] else "cropped about its centre and "
    return f"{cropped}resized{f' from {side}x{side}' if side else ''} to {size[0]}x{size[1]}"


def blank(images: np.ndarray) -> np.ndarray:
    """Of images uint8 [N,H,W,C], which ones have pixels that are all alike: bool [N]."""
    return (images == images[:, :1, :1]).all(axis=(1, 2, 3))


def all_alike(images: Sequence[Any], what: str) -> list[str]:
    """A remark on the images that are :func:`blank`, by their names or rows; ``what`` they are."""
    return [f"all pixels are alike in {counted(images, what)}"] if images else []


@dataclass(frozen=True)
class Shown:
    """What decoding has shown of picture files; several threads may add to it.

    ``frames``: how many frames or pages a file has, where there is more than one. ``largest``: of a picture with more
    than 8 bits a pixel its largest value, of 0..65535. ``transparent``: those laid on white. ``blank``: those whose
    pixels are all alike. ``brightest``: the largest value of 0..255 of each block of images.
    """

    frames: dict[Path, int] = field(default_factory=dict)
    largest: dict[Path, int] = field(default_factory=dict)
    transparent: set[Path] = field(default_factory=set)
    blank: set[Path] = field(default_factory=set)
    brightest: list[int] = field(default_factory=list)

    def add(self, file: Path, found: Picture) -> None:
        """What one picture has shown."""
        if found.frames > 1:
            self.frames[file] = found.frames
        if found.largest is not None:
            self.largest[file] = found.largest
        if found.transparent:
            self.transparent.add(file)
        if blank(found.pixels[None])[0]:
            self.blank.add(file)

    def remarks(self) -> list[str]:
        """What people should know of it."""
        notes = []
        if self.frames:
            files = [f"{file} (of {count})" for file, count in sorted(self.frames.items())]
            notes.append(f"only the first frame or page is read of {counted(files, 'file')}; save the others as files")
        if self.transparent:
            notes.append(f"transparency is laid on white in {counted(sorted(self.transparent), 'picture')}")
        lost = "; on white, white shapes cannot be seen" if self.blank & self.transparent else ""
        notes += [alike + lost for alike in all_alike(sorted(self.blank), "picture")]
        most = max(self.largest.values(), default=_WHITE)
        if most <= _WHITE // 16:
            notes.append(
                f"nothing is above {most:,}, a sixteenth of white, in {counted(sorted(self.largest), 'picture')} of 16"
                " bits: they look black; if they hold 12 bits, multiply them by 16"
            )
        elif remark := dark("the pictures", max(self.brightest, default=0)):
            notes.append(remark)
        return notes
