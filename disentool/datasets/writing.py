"""A source of images and factors -> a data-set file."""

import json
from pathlib import Path

import numpy as np

from disentool.datasets.source import Source
from disentool.io import hdf5
from disentool.io.schema import DATASET
from disentool.reporting import Reporter


def size_in_bytes(source: Source, rows: np.ndarray | None) -> int:
    """About how large the file of ``rows`` (int64 [n]; None: all) of a source will be, uncompressed."""
    total, *pixel = source.shape
    images = total if rows is None else len(rows)
    return images * (int(np.prod(pixel)) + 4 * len(source.factor_names)) + (1 << 20)


def write(
    source: Source,
    rows: np.ndarray | None,
    split: tuple[np.ndarray, str] | None,
    output: Path,
    seed: int,
    compress: bool,
    overwrite: bool,
    report: Reporter,
) -> None:
    """Write ``rows`` of a source (int64 [n], sorted; None: all) to ``output`` as a ``disentool.dataset`` file.

    ``split``: uint8 [n], which rows are for testing, and the rule in words. ``seed``: what the rows were drawn with.
    ``compress``: images in gzip chunks. Raises OutputExists, NotWritable, or what reading the source raises.
    """
    shape = source.shape if rows is None else (len(rows), *source.shape[1:])
    done = 0
    with (
        report.task(f"prepare {source.name}", shape[0], "images") as task,
        hdf5.create(output, DATASET, overwrite=overwrite) as out,
    ):
        with out.stream("images", shape, np.uint8, compress=compress) as append:
            for block in source.images(rows):
                append(block)
                done += len(block)
                task.update(done)
        if source.factor_names:
            out.array("factors", source.factors(rows).astype(np.int32, copy=False))
        for name, values in source.factor_values.items():
            out.array(f"factor_values/{name}", np.asarray(values, np.float64))
        for name, values in source.continuous.items():
            out.array(f"continuous/{name}", np.asarray(values, np.float64)[slice(None) if rows is None else rows])
        if split is not None:
            out.array("split", split[0])
            out.attributes(split_rule=split[1])
        out.attributes(
            name=source.name,
            source=source.source if rows is None else f"{source.source}; {len(rows)} rows drawn with seed {seed}",
            likelihood=source.likelihood,
            grid=source.grid and rows is None,
            factor_names=source.factor_names,
            factor_sizes=source.factor_sizes,
            class_factor=source.class_factor if source.class_factor in source.factor_names else "",
            class_names=json.dumps(source.class_names, ensure_ascii=False),
            named_by_value=source.named_by_value(),
            binning=json.dumps(source.binning, ensure_ascii=False),
            citation=source.citation,
            licence=source.licence,
        )
