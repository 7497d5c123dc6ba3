"""Rendering the whole grids of 2D Shapes and 3D Shapes, alone and as a file."""

import tempfile
from collections.abc import Iterator
from pathlib import Path
from types import ModuleType

import numpy as np
from measure import Machine, Row, timed
from test_dataset_dsprites import plain_image

from disentool.commands.prepare import prepare
from disentool.datasets import dsprites, shapes3d


def render(machine: Machine) -> Iterator[Row]:
    """Both data sets in blocks, as a run would take them; 2D Shapes as a file too."""

    def whole(module: ModuleType) -> None:
        for _ in module.open_source(None).images(None):
            pass

    some = np.random.default_rng(0).permutation(dsprites.ROWS)[:20]
    classes = np.stack(np.unravel_index(some, dsprites.SIZES), 1)
    plain = timed(lambda: [plain_image(*(int(value) for value in row)) for row in classes]) / len(some)
    for module, count in ((dsprites, dsprites.ROWS), (shapes3d, 480_000)):
        seconds, memory = machine.once(lambda module=module: whole(module))
        yield Row(
            f"render {module.__name__.rpartition('.')[2]}, {count:,} images",
            f"{seconds:.1f} s, {count / seconds:,.0f} images/s",
            plain * count / seconds if module is dsprites else None,
            memory,
            note="plain: pixel by pixel, as the tests have it" if module is dsprites else "",
        )
    with tempfile.TemporaryDirectory() as folder:
        seconds, memory = machine.once(lambda: prepare("dsprites", Path(folder) / "dsprites.h5"))
        yield Row("prepare dsprites, 3.0 GB, digested", f"{seconds:.1f} s", memory=memory)
