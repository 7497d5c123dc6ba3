"""``disentool prepare``."""

from pathlib import Path
from typing import Any

import click

from disentool.cli import options
from disentool.cli.help import command, option
from disentool.cli.progress import reporter
from disentool.datasets import DATASETS, catalogue
from disentool.io import files


class Size(click.ParamType):
    """A size in pixels as ``64`` or ``48x64``, height by width."""

    name = "PIXELS|HxW"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Text to (height, width)."""
        parts = str(value).lower().split("x")
        if len(parts) > 2 or not all(part.isdecimal() and 0 < int(part) <= 4096 for part in parts):
            self.fail(f"{value!r}: expected pixels, such as 64, or 48x64 for height and width, up to 4096", param, ctx)
        return int(parts[0]), int(parts[-1])


_OF_ONE = "For one data set only"


@command(
    examples=(
        "disentool prepare dsprites --subset 10000 -o small.h5",
        "disentool prepare folder --from photos/ --size 64 --split rows:0.1 -o photos.h5",
    ),
    names={"Data sets": [(name, summary) for name, (_, summary) in DATASETS.items()]},
)
@click.argument("name", required=False, shell_complete=options.complete_from(lambda: DATASETS))
@option(
    "-o",
    "--output",
    group="Output",
    metavar="FILE",
    type=options.path,
    help="The data set file to write.  [default: NAME.h5]",
)
@option("--compress", group="Output", is_flag=True, help="Compress the images (gzip). They are then read into memory.")
@option(
    "--preview",
    group="Output",
    type=options.path,
    metavar="FILE",
    help="A picture (.png) to draw, with a row for each factor. Without -o no data set is written.",
)
@options.overwrite
@option(
    "--from",
    "raw",
    group="Source",
    metavar="FILE|FOLDER",
    type=options.path,
    help="The published files, or your own, to read.  [default: render the data set]",
)
@option(
    "--download",
    group="Source",
    is_flag=True,
    help="Fetch the published files first, into the folder of --from, or else into the cache.",
)
@option("--subset", group="Images", type=click.IntRange(1), metavar="N", help="Only N images, drawn at random.")
@option(
    "--keep",
    group="Images",
    metavar="FACTOR=VALUE,...",
    multiple=True,
    help="Only images with these values of a factor: names, numbers or ranges, such as rating=1,3-4. Of rendered sets,"
    " a number is that of a class, from 0. Repeatable.",
)
@option(
    "--split",
    group="Images",
    metavar="RULE",
    help="Which rows are for testing: rows:0.1, classes:20, FACTOR:20, or published.  [default: none]",
)
@option(
    "--size", group="Images", type=Size(), help="Crop the images about their centre to this shape, and resize them."
)
@option(
    "--grey/--rgb",
    group="Images",
    default=None,
    help="Make the images grey, or RGB.  [default: as they are]",
)
@option(
    "--csv",
    group=_OF_ONE,
    metavar="FILE",
    type=options.path,
    help="folder: a table with a row for each image; its columns are factors.",
)
@option(
    "--strict",
    group=_OF_ONE,
    is_flag=True,
    default=None,
    help="folder: stop at a file that is damaged or has no row.",
)
@option(
    "--images-key",
    group=_OF_ONE,
    metavar="KEY",
    help="array: the array of images.  [default: the only array with 3 or 4 axes]",
)
@option("--factors-key", group=_OF_ONE, metavar="KEY|FILE", help="array: the array of factors, or a .npy file.")
@option(
    "--axes",
    group=_OF_ONE,
    metavar="LETTERS",
    help="array: the axes of the array of images in their order, such as HWCN.  [default: by their sizes]",
)
@option(
    "--bins",
    group=_OF_ONE,
    metavar="N",
    type=click.IntRange(2),
    help="folder, array: the number of classes into which a measured factor is cut. A factor is measured if it has"
    " fractions and more than N values.  [default: 20]",
)
@option(
    "--crop",
    group=_OF_ONE,
    metavar="PIXELS",
    type=click.IntRange(1),
    help="celeba: the side of the square that is cut from the centre (LORD: 128).  [default: 148]",
)
@option(
    "--class-protocol",
    group=_OF_ONE,
    type=click.Choice(["none", "instance", "pose"]),
    help="smallnorb: add a factor `class`. instance: made of category and instance. pose: made of all factors but the"
    " azimuth (LORD).  [default: none]",
)
@option(
    "--every",
    group=_OF_ONE,
    metavar="FRAMES",
    type=click.IntRange(1),
    help="kth: the distance from one frame that is kept to the next.  [default: 1]",
)
@option(
    "--list",
    "list_them",
    group="Instead of a data set",
    is_flag=True,
    help="Print a line for each data set: name, images, factors, address, size, licence; with tabs between them.",
)
@option(
    "--verify",
    group="Instead of a data set",
    type=options.path,
    metavar="FILE",
    help="Check a data set file: ranges, digest, factors and split; for a grid, that no image is missing.",
)
@options.seed
@options.quiet
def prepare(
    name: str | None,
    output: Path | None,
    raw: Path | None,
    download: bool,
    keep: tuple[str, ...],
    subset: int | None,
    split: str | None,
    seed: int,
    size: tuple[int, int] | None,
    grey: bool | None,
    csv: Path | None,
    strict: bool | None,
    images_key: str | None,
    factors_key: str | None,
    axes: str | None,
    bins: int | None,
    crop: int | None,
    class_protocol: str | None,
    every: int | None,
    compress: bool,
    preview: Path | None,
    list_them: bool,
    verify: Path | None,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Write data set NAME as one HDF5 file, and print its path.

    2D Shapes and 3D Shapes are rendered, unless --from names their published files. The other data sets are read from
    their published files, or from your own (--from or --download).
    """
    alone = "--list" if list_them else "--verify" if verify is not None else ""
    if alone and (name or output or raw or preview or download):
        raise click.UsageError(f"{alone} stands alone", click.get_current_context())
    if list_them:
        for known, (_, summary) in DATASETS.items():
            click.echo("\t".join(catalogue.row(known, summary)))
        return
    if verify is not None:
        from disentool.datasets.verify import verify as check

        print(check(verify, report=reporter(quiet)), flush=True)
        return
    if name is None:
        raise click.UsageError("Missing argument 'NAME'; --list prints the names", click.get_current_context())
    if preview is not None and output is None and (subset or split or compress):
        raise click.UsageError(
            "--preview alone draws the whole data set: leave out --subset, --split and --compress, or add -o",
            click.get_current_context(),
        )
    from disentool.datasets import filtered

    wanted = filtered.parse(keep)
    of_one = {
        "csv": csv,
        "strict": strict,
        "images_key": images_key,
        "factors_key": factors_key,
        "axes": axes,
        "bins": bins,
        "crop": crop,
        "class_protocol": class_protocol,
        "every": every,
    }
    own = {key: value for key, value in of_one.items() if value is not None}
    if preview is None or output is not None:
        from disentool.commands import prepare as tool

        if preview is not None:
            files.probe(preview, overwrite=overwrite)
        made = tool.prepare(
            name,
            output or Path(f"{name}.h5"),
            raw=raw,
            download=download,
            keep=wanted,
            subset=subset,
            seed=seed,
            compress=compress,
            size=size,
            grey=grey,
            options=own,
            split=split,
            overwrite=overwrite,
            report=reporter(quiet),
        )
        print(made, flush=True)
    if preview is not None:
        from disentool.pictures import preview as drawing

        drawn = drawing.preview(
            name,
            preview,
            raw=raw,
            download=download,
            keep=wanted,
            size=size,
            grey=grey,
            options=own,
            overwrite=overwrite,
            report=reporter(quiet),
        )
        print(drawn, flush=True)
