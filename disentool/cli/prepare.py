"""``disentool prepare``."""

from pathlib import Path
from typing import Any, get_args

import click

from disentool.arguments.bounds import BINS, CROP, EVERY, RESIZED_PIXELS, SUBSET, ClassProtocol
from disentool.cli import options
from disentool.cli.help import command, option
from disentool.cli.progress import reporter
from disentool.cli.results import print_lines, print_path, print_row
from disentool.datasets import DATASETS, catalogue


class Size(click.ParamType):
    """A size in pixels as ``64`` or ``48x64``, height by width."""

    name = "PIXELS|HxW"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Text to (height, width)."""
        parts = str(value).lower().split("x")
        if len(parts) > 2 or not all(part.isdecimal() and RESIZED_PIXELS.hold(int(part)) for part in parts):
            most = RESIZED_PIXELS.high
            self.fail(
                f"{value!r}: expected pixels, such as 64, or 48x64 for height and width, up to {most}", param, ctx
            )
        return int(parts[0]), int(parts[-1])


_OF_ONE = "For one data set only"


@command(
    examples=(
        "disentool prepare dsprites --subset 10000 -o small.h5",
        "disentool prepare photos/ --size 64 --split rows:0.1 -o photos.h5",
    ),
    names={"Data sets": [(name, summary) for name, (_, summary) in DATASETS.items()]},
)
@click.argument("name", required=False, shell_complete=options.complete_from(lambda: DATASETS, files=True))
@click.argument("path", required=False, type=options.path)
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
    help="A picture (.png .pdf .svg) to draw, with a row for each factor. Without -o no data set is written.",
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
@option("--subset", group="Images", type=options.whole(SUBSET), metavar="N", help="Only N images, drawn at random.")
@option(
    "--keep",
    group="Images",
    metavar="FACTOR=VALUE,...",
    multiple=True,
    help="Only images with these values of a factor: names, numbers or ranges, such as rating=1,3-4. A factor of a"
    " rendered data set has classes 0, 1, ...: there a number means a class. Repeatable.",
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
@option("--grey", group="Images", is_flag=True, help="Make the images grey.  [default: as they are]")
@option("--rgb", group="Images", is_flag=True, help="Make the images RGB.  [default: as they are]")
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
@option(
    "--factors-key",
    group=_OF_ONE,
    metavar="KEY|FILE",
    help="array: the array of factors, or a .npy file; '' for none.  [default: factors or labels]",
)
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
    type=options.whole(BINS),
    help="folder, array, prepared: the number of classes into which a measured factor is cut. A factor is measured if"
    " it has fractions and more than N values.  [default: 20]",
)
@option(
    "--crop",
    group=_OF_ONE,
    metavar="PIXELS",
    type=options.whole(CROP),
    help="celeba: the side of the square that is cut from the centre (LORD: 128).  [default: 148]",
)
@option(
    "--class-protocol",
    group=_OF_ONE,
    type=click.Choice(get_args(ClassProtocol)),
    help="smallnorb: add a factor `class`. instance: made of category and instance. pose: made of all factors but the"
    " azimuth (LORD).  [default: none]",
)
@option(
    "--every",
    group=_OF_ONE,
    metavar="FRAMES",
    type=options.whole(EVERY),
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
    path: Path | None,
    output: Path | None,
    raw: Path | None,
    download: bool,
    keep: tuple[str, ...],
    subset: int | None,
    split: str | None,
    seed: int,
    size: tuple[int, int] | None,
    grey: bool,
    rgb: bool,
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
    their published files, or from your own (PATH, --from or --download). A folder of images, or a file of arrays, needs
    no NAME.
    """
    context = click.get_current_context()
    alone = "--list" if list_them else "--verify" if verify is not None else ""
    if alone and (name or output or raw or preview or download):
        raise click.UsageError(f"{alone} stands alone", context)
    if list_them:
        for known, (_, summary) in DATASETS.items():
            print_row(catalogue.row(known, summary))
        return
    from disentool.commands import prepare as tool
    from disentool.datasets import filtered

    if verify is not None:
        print_lines(str(tool.verify(verify, report=reporter(quiet))))
        return
    if name is None:
        raise click.UsageError("Missing argument 'NAME'; --list prints the names", context)
    if path is not None and raw is not None:
        raise click.UsageError(f"{path}: --from names the files already; give them once", context)
    if grey and rgb:
        raise click.UsageError("--grey and --rgb exclude each other; give one of them", context)
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
    for written in tool.prepare_and_preview(
        name,
        output,
        preview,
        raw=path or raw,
        download=download,
        keep=filtered.parse(keep),
        subset=subset,
        seed=seed,
        compress=compress,
        size=size,
        grey=grey if grey or rgb else None,
        options={key: value for key, value in of_one.items() if value is not None},
        split=split,
        overwrite=overwrite,
        report=reporter(quiet),
    ):
        print_path(written)
