"""``disentool decode``."""

from pathlib import Path

import click

from disentool.cli import options
from disentool.cli.help import command, option
from disentool.cli.progress import reporter
from disentool.cli.results import print_path


@command(
    examples=(
        "disentool decode ckpt.pt z.h5 -o decoded.h5",
        "disentool decode ckpt.pt z.h5 --rows 0-9 -o pictures",
    )
)
@click.argument("checkpoint", metavar="CKPT", type=options.path)
@click.argument("latents", metavar="LATENTS", type=options.path)
@option(
    "-o",
    "--output",
    group="Output",
    metavar="FILE|FOLDER",
    type=options.path,
    required=True,
    help="What to write: a data set (.h5), or a folder of PNGs (a name without a suffix).",
)
@options.overwrite
@option("--rows", group="Codes", metavar="N,N-N", help="The codes to decode, such as 0,3,7-9.  [default: all]")
@option(
    "--codes",
    "key",
    group="Codes",
    metavar="KEY",
    help="The name of the array of codes [N,D]. LATENTS may then be any HDF5 or .npz file.",
)
@options.device
@options.trust
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
    """Decode the codes in LATENTS with the checkpoint CKPT, and print the path of the output.

    A data set holds the images, their codes and their factors. PNGs are named by the row of their code.
    """
    chosen = None if rows is None else options.ranges(rows, "--rows")
    from disentool.commands import decode as tool

    made = tool.decode(
        checkpoint,
        latents,
        output,
        key=key,
        rows=chosen,
        device=device,
        trust=trust,
        overwrite=overwrite,
        report=reporter(quiet),
    )
    print_path(made)
