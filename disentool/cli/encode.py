"""``disentool encode``."""

import click

from disentool.cli import options
from disentool.cli.progress import reporter
from disentool.errors import WrongUsage


@click.command(epilog="Example: disentool encode ckpt.pt -o z.h5 && disentool score z.h5")
@options.artefacts("[CKPT...|-]")
@click.option(
    "-o", "--output", help="The latents file to write; {stem} is the checkpoint's name.  [default: {stem}.latents.h5]"
)
@options.data
@options.rows
@options.codes
@options.device
@options.trust
@options.overwrite
@options.quiet
def encode(
    artefacts: tuple[str, ...],
    output: str | None,
    data: str | None,
    rows: str,
    codes: str,
    device: str,
    trust: bool,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Encode a whole data set with each checkpoint CKPT (default: ckpt.pt) and print the latents files' paths.

    A latents file holds mean and log variance of q(z|x) for every row, and the factors; of methods of class and content
    also the two codes by themselves.
    """
    checkpoints = options.stream(artefacts)
    if output and "{stem}" not in output and (len(artefacts) > 1 or artefacts == ("-",)):
        raise WrongUsage(f"-o {output}: several checkpoints need {{stem}} in the name")
    from disentool.commands.encode import encode_each

    settings = {"data": data, "rows": rows, "codes": codes, "device": device, "trust": trust, "overwrite": overwrite}
    for path in encode_each(checkpoints, output, **settings, report=reporter(quiet)):
        print(path, flush=True)
