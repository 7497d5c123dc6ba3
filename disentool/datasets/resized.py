"""Any source with its images cropped, resized, made grey or coloured on their way."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
from joblib import cpu_count

from disentool.datasets.source import Source
from disentool.io import published_images


def resized(source: Source, size: tuple[int, int] | None, grey: bool | None) -> Source:
    """The source with images of ``size`` (height, width), and grey or RGB; None leaves either as it is.

    Another shape is cropped about the centre, then resized with antialiasing; grey is Rec. 601 luma.
    """
    count, height, width, channels = source.shape
    size = size or (height, width)
    wanted = channels if grey is None else 1 if grey else 3
    if (size, wanted) == ((height, width), channels):
        return source

    def images(rows: np.ndarray | None) -> Iterator[np.ndarray]:
        with ThreadPoolExecutor(cpu_count()) as threads:  # Pillow resizes outside Python's lock
            for block in source.images(rows):
                fit = threads.map(lambda image: published_images.fitted(image, size, wanted), block)
                yield np.array(list(fit), np.uint8).reshape(-1, *size, wanted)  # a block may be empty

    how = "cropped and resized" if height * size[1] != width * size[0] else "resized"
    made = [f"{how} from {height}x{width} to {size[0]}x{size[1]}"] if size != (height, width) else []
    changed = [f"cropped and resized to {size[0]}x{size[1]}"] if size != (height, width) else []
    colours = ["made grey" if grey else "made RGB"] if wanted != channels else []
    changed += colours
    return replace(
        source,
        shape=(count, *size, wanted),
        images=images,
        source=f"{source.source}, {' and '.join(changed)}",
        made=", ".join([*([source.made] if source.made else []), *made, *colours]),
    )
