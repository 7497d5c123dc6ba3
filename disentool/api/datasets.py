"""Data sets: opened, and made of raw files or rendered."""

from collections.abc import Mapping, Sequence
from os import fspath
from pathlib import Path
from typing import Annotated, TypedDict, Unpack

from disentool.api.arguments import FilePath, Seed, public
from disentool.arguments.bounds import BINS, CROP, EVERY, RESIZED_PIXELS, SUBSET, ClassProtocol
from disentool.commands import prepare as preparing
from disentool.datasets.cache import open_data
from disentool.io.dataset import Dataset
from disentool.reporting import Reporter

_Pixels = Annotated[int, RESIZED_PIXELS]


class OwnOptions(TypedDict, total=False):
    """Options of :func:`prepare` that one or two data sets take; None is the default."""

    csv: FilePath | None
    strict: bool | None
    images_key: str | None
    factors_key: FilePath | None
    bins: Annotated[int, BINS] | None
    crop: Annotated[int, CROP] | None
    class_protocol: ClassProtocol | None
    every: Annotated[int, EVERY] | None


@public
def open_dataset(data: FilePath, *, report: Reporter | None = None) -> Dataset:
    """Open a data-set file (.h5), or a named data set such as ``dsprites``, which is rendered once, into the cache.

    Its ``images`` are uint8 [N,H,W,C], memory-mapped where the file is not compressed; ``factors`` int32 [N,K] or None,
    with ``factor_names``, ``factor_sizes`` and ``factor_values``. Raises MissingFile, ForeignFile, UnknownName,
    NotWritable (no room for what is rendered), or WrongUsage (a name that cannot be rendered).

    >>> import disentool
    >>> data = disentool.open_dataset("squares.h5")
    >>> data.images.shape, data.factor_names, data.factor_sizes
    ((192, 32, 32, 1), ('size', 'pos_x', 'pos_y'), (3, 8, 8))
    >>> data.factors[-1].tolist()
    [2, 7, 7]
    """
    return open_data(fspath(data), report)


@public
def prepare(
    name: str,
    output: FilePath,
    *,
    raw: FilePath | None = None,
    download: bool = False,
    keep: Mapping[str, Sequence[str | int]] | None = None,
    subset: Annotated[int, SUBSET] | None = None,
    seed: Seed = 0,
    compress: bool = False,
    size: tuple[_Pixels, _Pixels] | None = None,
    grey: bool | None = None,
    split: str | None = None,
    overwrite: bool = False,
    report: Reporter | None = None,
    **options: Unpack[OwnOptions],
) -> Path:
    """Write a data-set file (.h5), as ``disentool prepare`` does. Returns its path, ``output``.

    ``name``: ``dsprites``, ``cars3d``, ``folder``, ... (``disentool prepare --list`` prints them). ``raw``: the
    published files to read, or your own images; without it the data set is rendered. ``download``: fetch the published
    files first. ``keep``: a dict from a factor's name to a list of values; only images with these values are kept. A
    value is the number or the name of a class, or a range (``"3-5"``). ``subset``: keep only this many images, drawn at
    random with ``seed``. ``compress``: compress the images; they are then read into memory when the file is opened.
    ``size``: (height, width) in pixels; images are cropped about their centre to this shape and resized. ``grey``: True
    makes the images grey, False makes them RGB. ``split``: which rows are for testing: ``rows:0.1``, ``classes:20``,
    ``FACTOR:20`` or ``published``. ``overwrite``: replace the file. ``options``: options that belong to one data set,
    such as ``crop`` and ``csv``; ``disentool prepare --help`` explains them.

    Raises UnknownName, WrongUsage, MissingFile, ForeignFile, OutputExists, NotWritable or DownloadFailed.

    >>> import disentool
    >>> disentool.prepare("dsprites", "few.h5", keep={"shape": [0], "scale": ["3-5"], "orientation": [0]}, subset=50)
    PosixPath('few.h5')
    >>> disentool.open_dataset("few.h5").factor_sizes
    (1, 3, 1, 32, 32)
    """
    return preparing.prepare(
        name,
        Path(output),
        raw=None if raw is None else Path(raw),
        download=download,
        keep=None if keep is None else {factor: [str(value) for value in values] for factor, values in keep.items()},
        subset=subset,
        seed=seed,
        compress=compress,
        size=size,
        grey=grey,
        options={name: value for name, value in options.items() if value is not None},
        split=split,
        overwrite=overwrite,
        report=report,
    )
