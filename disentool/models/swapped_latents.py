"""Latents -> latents: the content code of some rows with the class code of others, to be decoded later."""

import json
from collections.abc import Sequence
from pathlib import Path

import numpy as np

from disentool.errors import DataMismatch, ForeignFile, WrongUsage
from disentool.io import files, hdf5, latents
from disentool.io.call_checks import checked_rows
from disentool.io.classes import ClassFactor, choose
from disentool.io.latents import Latents
from disentool.io.schema import LATENTS
from disentool.models import mixed_codes
from disentool.models.swap_inputs import SideSelection
from disentool.reporting import Reporter

_MAX_CODES = 1_000_000


def write(
    path: Path,
    output: Path,
    *,
    content: SideSelection,
    classes: SideSelection,
    average: bool,
    dims: Sequence[int] | None,
    interpolate: str | None,
    steps: int | None,
    overwrite: bool,
    report: Reporter,
) -> Path:
    """Put the rows of a latents file together: every content with every class, all classes of the first content first.

    ``content`` and ``classes``: lists of rows of the file; ``classes`` also labels, whose code is the mean of the class
    codes of all rows of that class. ``average``: each list of rows of ``classes`` is one class, of the mean class code.
    ``dims``, ``interpolate``, ``steps``: see :func:`disentool.commands.swap.swap`.

    The file written has no ``logvar`` where codes were averaged or interpolated; it has the factors, those of the class
    being the class row's, where the class has factors; ``row`` is the data's row that the content (where several are
    interpolated: the nearest) is of, and ``class_row`` that of the class, or -1.

    Raises WrongUsage, MissingFile, ForeignFile or DataMismatch.
    """
    table = latents.read(path)
    files.require_apart(output, path)
    for wanted, flag in ((content, "--content"), (classes, "--class")):
        if wanted.files:
            raise WrongUsage(f"{flag} {wanted.files[0]}: {path} holds codes; name rows of it with {flag}-rows")
        if not wanted:
            raise WrongUsage(f"{path}: name its rows to take from: --content-rows N,N and --class-rows N,N")
    if dims is not None and classes.labels:
        raise WrongUsage(
            f"--dims needs an image for the class, not --class-label {classes.labels[0]}; name one with --class-rows"
        )
    of_class = mixed_codes.columns(_widths(table), dims, str(path))
    factor = choose(table.classes["factor"], table.factor_names, table.factor_sizes) if table.classes else None
    left = _chosen(table, content, "--content", factor, average=False)
    top = _chosen(table, classes, "--class", factor, average=average)
    means = [np.stack([table.mean[rows].mean(axis=0) for rows in side]) for side in (left, top)]
    if not all(np.isfinite(mean).all() for mean in means):
        raise ForeignFile(
            f"{path}: holds codes that are NaN or infinite; the model diverged: encode another checkpoint"
        )
    lines = [
        mixed_codes.along(mean, (steps or mixed_codes.STEPS) if interpolate == side else None, closed=False)
        for mean, side in zip(means, ("content", "class"), strict=True)
    ]
    count = len(lines[0]) * len(lines[1])
    if count > _MAX_CODES:
        raise WrongUsage(f"{output}: {count:,} codes, expected at most {_MAX_CODES:,}; name fewer rows")
    mean = mixed_codes.product(lines[0].codes, lines[1].codes, of_class)
    exact = interpolate is None and all(len(rows) == 1 for rows in top)
    if table.logvar is not None and not exact:
        report.note(f"{output}: has no logvar, as codes of several rows were put together")
    assert table.row is not None  # as of every latents file
    data_rows = [
        np.array([table.row[rows[0]] if len(rows) == 1 else -1 for rows in side])[line.nearest]
        for side, line in zip((left, top), lines, strict=True)
    ]
    factors = None if dims is not None or interpolate else _factors(table, left, top, factor)
    with files.claim(output), hdf5.create(output, LATENTS, overwrite=overwrite) as out:
        out.array("mean", mean)
        if table.logvar is not None and exact:
            of_content, of_classes = (table.logvar[np.concatenate(side)] for side in (left, top))
            out.array("logvar", mixed_codes.product(of_content, of_classes, of_class))
        if table.class_code is not None:
            out.array("class_code", mean[:, : table.class_code.shape[1]])
            out.array("content_code", mean[:, table.class_code.shape[1] :])
        out.array("row", np.repeat(data_rows[0], len(lines[1])))
        out.array("class_row", np.tile(data_rows[1], len(lines[0])))
        if factors is not None:
            out.array("factors", factors.astype(np.int32))
            out.attributes(factor_names=table.factor_names, factor_sizes=table.factor_sizes)
            out.attributes(class_names=json.dumps(table.class_names, ensure_ascii=False))
        out.attributes(
            method=table.method,
            name=f"{table.name or path.stem}, swapped",
            grid=False,
            classes=json.dumps(table.classes if factors is not None else {}, ensure_ascii=False),
            checkpoint_sha256=table.checkpoint_sha256,
            dataset_sha256=table.dataset_sha256,
            provenance=json.dumps(table.provenance),
        )
    return output


def _widths(table: Latents) -> dict[str, int]:
    """The codes' widths by name."""
    codes = {"mean": table.mean, "class_code": table.class_code, "content_code": table.content_code}
    return {name: code.shape[1] for name, code in codes.items() if code is not None}


def _chosen(
    table: Latents, wanted: SideSelection, flag: str, factor: ClassFactor | None, *, average: bool
) -> list[np.ndarray]:
    """The rows int64 [k] of each input: one, or the several that are averaged."""
    found = []
    for rows in wanted.rows:
        chosen = checked_rows(rows, len(table.mean), table.path, f"{flag}-rows")
        found += [chosen] if average else list(chosen[:, None])
    for text in wanted.labels:
        if factor is None or table.factors is None:
            raise WrongUsage(
                f"{flag}-label {text}: {table.path} does not say of which class it has what; name {flag}-rows"
            )
        own = np.flatnonzero(factor.of(table.factors) == factor.index(text, table.classes["names"]))
        if not len(own):
            raise DataMismatch(f"{flag}-label {text}: {table.path} has no row of it")
        found.append(own)
    return found


def _factors(
    table: Latents, left: list[np.ndarray], top: list[np.ndarray], factor: ClassFactor | None
) -> np.ndarray | None:
    """The factors int [n,K] of what was put together, where they are known."""
    if factor is None or table.factors is None:
        return None
    if any(len(set(factor.of(table.factors[rows]).tolist())) > 1 for rows in top):
        return None
    content, classes = (table.factors[[rows[0] for rows in side]] for side in (left, top))
    return mixed_codes.factors(content, classes, factor)
