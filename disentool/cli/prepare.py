"""``disentool prepare``."""

from pathlib import Path

import click

from disentool.cli import options
from disentool.cli.progress import reporter
from disentool.datasets import DATASETS


@click.command(epilog="Example: disentool prepare dsprites --subset 10000 -o small.h5")
@click.argument("name", required=False)
@click.option("-o", "--output", type=options.path, help="The data set file to write.  [default: NAME.h5]")
@click.option("--from", "raw", type=options.path, help="The published file or folder to read; without it, render.")
@click.option("--subset", type=click.IntRange(1), metavar="N", help="Only N images, drawn without replacement.")
@options.seed
@click.option("--compress", is_flag=True, help="gzip the images: smaller, but loaded into memory when used.")
@click.option("--list", "list_them", is_flag=True, help="Print the data sets, one a line: name, tab, what it is.")
@options.overwrite
@options.quiet
def prepare(
    name: str | None,
    output: Path | None,
    raw: Path | None,
    subset: int | None,
    seed: int,
    compress: bool,
    list_them: bool,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Write data set NAME as one HDF5 file: rendered here, or read from its published files.

    Prints the path of the file. Names: see --list.
    """
    if list_them:
        for known, (_, summary) in DATASETS.items():
            click.echo(f"{known}\t{summary}")
        return
    if name is None:
        raise click.UsageError("Missing argument 'NAME'; --list prints them", click.get_current_context())
    from disentool.stages.prepare import prepare as stage

    path = stage(
        name,
        output or Path(f"{name}.h5"),
        raw=raw,
        subset=subset,
        seed=seed,
        compress=compress,
        overwrite=overwrite,
        report=reporter(quiet),
    )
    print(path, flush=True)
