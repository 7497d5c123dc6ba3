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

_AHEAD = 64 << 20  # bytes of results that are kept


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
        picture = published_images.decode(data, found.path, name, channels, expected=expected)
        return published_images.resized(picture if crop is None else published_images.centre(picture, crop), size)

    def images(rows: np.ndarray | None) -> Iterator[np.ndarray]:
        rows = np.arange(len(names)) if rows is None else ascending(rows, len(names))
        return gathered(in_threads(image, found.each((names[row] for row in rows), published_images.LIMIT)))

    return images


def in_threads(function: Callable[[Any], Any], items: Iterable, result_bytes: int = 1) -> Iterator:
    """``map``, several at once and a few ahead: Pillow decodes and resizes outside Python's lock.

    ``result_bytes``: of one result, of which so many are kept as fit into 64 MB, and two at least.
    When it is interrupted, those that have not begun are dropped.
    """
    workers = cpu_count()
    ahead = max(1, min(4 * workers, _AHEAD // result_bytes))
    threads = ThreadPoolExecutor(workers)
    try:
        waiting: deque = deque()
        for item in items:
            waiting.append(threads.submit(function, item))
            if len(waiting) > ahead:
                yield waiting.popleft().result()
        while waiting:
            yield waiting.popleft().result()
    finally:
        threads.shutdown(cancel_futures=True)
