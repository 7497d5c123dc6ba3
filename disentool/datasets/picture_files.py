"""Images of a data set whose members are one picture file each."""

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np
from joblib import cpu_count

from disentool.datasets.source import ascending, gathered
from disentool.io import published_images
from disentool.io.archive import Members

_AHEAD = 64 << 20  # bytes of results that are kept, and of items


def images_in(
    found: Members,
    names: list[str],
    channels: int,
    size: tuple[int, int],
    *,
    crop: int | None = None,
    expected: tuple[int, int] | None = None,
) -> Callable[[np.ndarray | None], Iterator[np.ndarray]]:
    """``Source.images`` of the members ``names``, a row each: grey or RGB, cropped about the centre, resized.

    ``crop``: the side of a square that is kept first. ``expected``: the (height, width) that every picture must have.
    """

    def image(member: tuple[str, bytes]) -> np.ndarray:
        name, data = member
        with published_images.decoded(data, found.path, name, channels, expected=expected) as picture:
            return published_images.resized(picture if crop is None else published_images.centre(picture, crop), size)

    def images(rows: np.ndarray | None) -> Iterator[np.ndarray]:
        rows = np.arange(len(names)) if rows is None else ascending(rows, len(names))
        members = found.each((names[row] for row in rows), published_images.LIMIT)
        return gathered(in_threads(image, members, item_bytes=lambda member: len(member[1])))

    return images


def in_threads(
    function: Callable[[Any], Any],
    items: Iterable,
    result_bytes: int = 1,
    item_bytes: Callable[[Any], int] = lambda item: 0,
) -> Iterator:
    """``map``, several at once and a few ahead: Pillow decodes and resizes outside Python's lock.

    ``result_bytes``: of one result, ``item_bytes``: of an item; so many are kept as fit into 64 MB each, and two at
    least. What a picture takes while it is decoded is not known here: :mod:`disentool.io.decoding_room` bounds it.
    When it is interrupted, those that have not begun are dropped.
    """
    workers = cpu_count()
    ahead = max(1, min(4 * workers, _AHEAD // result_bytes))
    threads = ThreadPoolExecutor(workers)
    try:
        waiting: deque = deque()
        kept = 0
        for item in items:
            kept += item_bytes(item)
            waiting.append((threads.submit(function, item), item_bytes(item)))
            while len(waiting) > ahead or (kept > _AHEAD and len(waiting) > 1):
                first, of_item = waiting.popleft()
                yield first.result()
                kept -= of_item
        while waiting:
            yield waiting.popleft()[0].result()
    finally:
        threads.shutdown(cancel_futures=True)
