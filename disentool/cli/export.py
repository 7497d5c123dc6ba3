"""``disentool export``."""

from pathlib import Path

import click

from disentool.cli import options


@click.command(epilog="Example: disentool export ckpt.pt -o model.safetensors && disentool export model.safetensors")
@click.argument("checkpoint", metavar="[CKPT]", type=options.path, default=Path("ckpt.pt"))
@click.option(
    "-o",
    "--output",
    type=options.path,
    help="The file to write: .safetensors, or .pt to go back from one.  [default: beside CKPT, with the other suffix]",
)
@options.trust
@options.overwrite
def export(checkpoint: Path, output: Path | None, trust: bool, overwrite: bool) -> None:
    """Write the weights of CKPT (default: ckpt.pt) as .safetensors, and its configuration as .json beside them.

    From a .safetensors file, the checkpoint that it was: it encodes, scores and traverses, but cannot be resumed.
    Prints the paths of the files.
    """
    back = checkpoint.suffix.lower() == ".safetensors"
    from disentool.commands.export import export as stage

    target = output or checkpoint.with_suffix(".pt" if back else ".safetensors")
    for path in stage(checkpoint, target, trust=trust, overwrite=overwrite):
        print(path, flush=True)
