"""``disentool export``."""

from pathlib import Path

import click

from disentool.cli import options
from disentool.cli.help import command, option
from disentool.cli.results import print_path


@command(
    examples=(
        "disentool export ckpt.pt -o weights.safetensors",
        "disentool export model.safetensors -o again.pt",
    )
)
@click.argument("checkpoint", metavar="[CKPT]", type=options.path, default=Path("ckpt.pt"))
@option(
    "-o",
    "--output",
    group="Output",
    metavar="FILE",
    type=options.path,
    help="The file to write: .safetensors; or .pt, where CKPT is a .safetensors file."
    "  [default: beside CKPT, with the other suffix]",
)
@options.overwrite
@options.trust
def export(checkpoint: Path, output: Path | None, trust: bool, overwrite: bool) -> None:
    """Write the weights of CKPT (default: ckpt.pt) as .safetensors, with its configuration beside them as .json.

    Networks that only training uses, such as a discriminator, are left out. A .safetensors file becomes a checkpoint
    again. That checkpoint encodes, scores and traverses, but its training cannot be resumed. Prints the paths of the
    files.
    """
    back = checkpoint.suffix.lower() == ".safetensors"
    from disentool.commands import export as tool

    target = output or checkpoint.with_suffix(".pt" if back else ".safetensors")
    for path in tool.export(checkpoint, target, trust=trust, overwrite=overwrite):
        print_path(path)
