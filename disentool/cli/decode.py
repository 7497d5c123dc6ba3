"""``disentool decode``."""

from pathlib import Path

import click

from disentool.cli import options
from disentool.cli.progress import reporter


@click.command(epilog="Example: disentool encode ckpt.pt -o z.h5 && disentool decode ckpt.pt z.h5 --rows 0-9 -o out")
@click.argument("checkpoint", metavar="CKPT", type=options.path)
@click.argument("latents", metavar="LATENTS", type=options.path)
@click.option(
    "-o", "--output", type=options.path, required=True, help="A data set (.h5), or a folder of PNGs (no suffix)."
)
@click.option("--codes", "key", metavar="KEY", help="Read codes [N,D] from this array of any HDF5 or .npz file.")
@click.option("--rows", metavar="N,N-N", help="Only these codes, such as 0,3,7-9.  [default: all]")
@options.device
@options.trust
@options.overwrite
@options.quiet
def decode(
    checkpoint: Path,
    latents: Path,
    output: Path,
    key: str | None,
    rows: str | None,
    device: str,
    trust: bool,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Decode the codes in LATENTS with checkpoint CKPT into images, and print the path of what was made.

    A data set keeps the factors, and the codes beside the images; PNGs are named by row.
    """
    chosen = None if rows is None else options.ranges(rows, "--rows")
    from disentool.commands.decode import decode as stage

    settings = {"key": key, "rows": chosen, "device": device, "trust": trust, "overwrite": overwrite}
    print(stage(checkpoint, latents, output, **settings, report=reporter(quiet)), flush=True)
