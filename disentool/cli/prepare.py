"""``disentool prepare``."""

from pathlib import Path
from typing import Any

import click

from disentool.cli import options
from disentool.cli.progress import reporter
from disentool.datasets import DATASETS, catalogue
from disentool.io import files


class Size(click.ParamType):
    """A size in pixels as ``64`` or ``48x64``, height by width."""

    name = "N|HxW"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> tuple[int, int]:
        """Text to (height, width)."""
        parts = str(value).lower().split("x")
        if len(parts) > 2 or not all(part.isdecimal() and 0 < int(part) <= 4096 for part in parts):
            self.fail(f"{value!r}: expected pixels, such as 64, or 48x64 for height and width, up to 4096", param, ctx)
        return int(parts[0]), int(parts[-1])


@click.command(
    epilog="Example: disentool prepare dsprites --subset 10000 -o small.h5;"
    " disentool prepare folder --from photos/ --size 64 -o photos.h5"
)
@click.argument("name", required=False, shell_complete=options.complete_from(lambda: DATASETS))
@click.option("-o", "--output", type=options.path, help="The data set file to write.  [default: NAME.h5]")
@click.option("--from", "raw", type=options.path, help="The published file or folder to read; without it, render.")
@click.option("--download", is_flag=True, help="Fetch the published files first, into --from FOLDER or the cache.")
@click.option(
    "--keep",
    metavar="FACTOR=VALUES",
    multiple=True,
    help="Only images with these values of a factor: names, numbers, ranges (shape=0,2; scale=0-3). Repeatable.",
)
@click.option("--subset", type=click.IntRange(1), metavar="N", help="Only N images, drawn without replacement.")
@click.option(
    "--split",
    metavar="RULE",
    help="Set rows apart for testing: rows:0.1, classes:20, FACTOR:20, or published.  [default: none]",
)
@options.seed
@click.option("--size", type=Size(), help="Crop images about their centre to this shape, and resize them, antialiased.")
@click.option("--grey/--rgb", default=None, help="Make the images grey, or RGB.  [default: as they are]")
@click.option("--csv", type=options.path, help="folder: a table with a row per image; its columns are factors.")
@click.option("--strict", is_flag=True, default=None, help="folder: stop at a file that is damaged or has no row.")
@click.option("--images-key", metavar="NAME", help="array: the images' array.  [default: the only one of 3 or 4 axes]")
@click.option("--factors-key", metavar="NAME", help="array: the factors' array, or a .npy file.")
@click.option(
    "--bins",
    type=click.IntRange(2),
    help="folder, array: classes of a measured factor (numbers with fractions, more than this many).  [default: 20]",
)
@click.option("--crop", type=click.IntRange(1), help="celeba: side of the centre square.  [default: 148; LORD's: 128]")
@click.option(
    "--class-protocol",
    type=click.Choice(["none", "instance", "pose"]),
    help="smallnorb: a factor `class`, of category and instance, or of all but the azimuth (LORD's).  [default: none]",
)
@click.option("--every", type=click.IntRange(1), help="kth: only every so many frames.  [default: 1]")
@click.option("--compress", is_flag=True, help="gzip the images: smaller, but loaded into memory when used.")
@click.option(
    "--preview",
    type=options.path,
    metavar="FILE.png",
    help="Draw a picture, a row per factor; the data set itself is then written only if -o names it.",
)
@click.option(
    "--list",
    "list_them",
    is_flag=True,
    help="Print the data sets, a line each: name, images, factors, where to get it, size, licence; tabs between.",
)
@click.option(
    "--verify",
    type=options.path,
    metavar="FILE",
    help="Check a data set file again: ranges, digest, factors, split; of a grid, that it is whole.",
)
@options.overwrite
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
    compress: bool,
    preview: Path | None,
    list_them: bool,
    verify: Path | None,
    overwrite: bool,
    quiet: bool,
    **own: Any,
) -> None:
    """Write data set NAME as one HDF5 file: rendered here, or read from its published files, or from yours.

    Prints the path of the file. Names: see --list.
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
        raise click.UsageError("Missing argument 'NAME'; --list prints them", click.get_current_context())
    given = {key: value for key, value in own.items() if value is not None}
    from disentool.datasets import filtered

    shared = {"raw": raw, "download": download, "size": size, "grey": grey, "options": given, "overwrite": overwrite}
    shared["keep"] = filtered.parse(keep)
    if preview is None or output is not None:
        from disentool.commands.prepare import prepare as stage

        if preview is not None:
            files.probe(preview, overwrite=overwrite)
        rest = {"subset": subset, "split": split, "seed": seed, "compress": compress}
        print(stage(name, output or Path(f"{name}.h5"), **shared, **rest, report=reporter(quiet)), flush=True)
    elif subset or split or compress:
        raise click.UsageError(
            "--preview alone draws the whole data set: leave out --subset, --split and --compress, or add -o",
            click.get_current_context(),
        )
    if preview is not None:
        from disentool.pictures.preview import preview as draw

        print(draw(name, preview, **shared, report=reporter(quiet)), flush=True)
