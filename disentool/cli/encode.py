"""``disentool encode``."""

import shlex
from pathlib import Path

from disentool.arguments.bounds import CodesFrom
from disentool.cli import options
from disentool.cli.help import command, option
from disentool.cli.progress import reporter
from disentool.cli.results import print_path
from disentool.contract.precision import Precision
from disentool.errors import WrongUsage


@command(
    examples=(
        "disentool encode ckpt.pt -o z.h5",
        "disentool encode runs/*.pt -o 'runs/{stem}.z.h5'",
    )
)
@options.artefacts("[CKPT...|-]")
@option(
    "-o",
    "--output",
    group="Output",
    metavar="FILE",
    callback=options.not_empty,
    help="The latents file to write. {stem} stands for the checkpoint's name.  [default: {stem}.latents.h5]",
)
@options.overwrite
@options.data
@options.pictures
@options.rows
@options.codes
@options.device
@options.precision
@options.trust
@options.quiet
def encode(
    artefacts: tuple[str, ...],
    output: str | None,
    data: str | None,
    image_files: tuple[Path, ...],
    rows: str,
    codes: CodesFrom,
    device: str,
    precision: Precision,
    trust: bool,
    overwrite: bool,
    quiet: bool,
) -> None:
    """Encode a data set, or pictures, with each checkpoint CKPT (default: ckpt.pt), and print the latents files' paths.

    A latents file holds the factors of every row, and the mean and log variance of q(z|x). For a class-and-content
    method it also holds the class code and the content code. The latents of pictures (--image) name the file of each
    row.
    """
    checkpoints = options.stream(artefacts)
    if output and "{stem}" not in output and (len(artefacts) > 1 or artefacts == ("-",)):
        from disentool.io.read_images import SUFFIXES

        pictures = [name for name in artefacts if Path(name).is_dir() or Path(name).suffix.lower() in SUFFIXES]
        hint = f"; --image {shlex.quote(pictures[0])} encodes pictures" if pictures else ""
        raise WrongUsage(f"-o {output}: several checkpoints need {{stem}} in the name{hint}")
    from disentool.commands import encode as tool

    made = tool.encode_each(
        checkpoints,
        output,
        image_files=image_files,
        data=data,
        rows=rows,
        codes=codes,
        device=device,
        precision=precision,
        trust=trust,
        overwrite=overwrite,
        report=reporter(quiet),
    )
    for path in made:
        print_path(path)
