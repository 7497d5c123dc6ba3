"""``disentool report``."""

from pathlib import Path

from disentool.cli import options
from disentool.cli.help import command, option
from disentool.cli.progress import reporter
from disentool.cli.results import print_path


@command(
    examples=(
        "disentool score runs/*.pt --format jsonl > runs/scores.jsonl && disentool report runs -o report.html",
        "disentool report ckpt.pt scores.jsonl -o report.html",
    )
)
@options.artefacts("[RUNS...|-]")
@option(
    "-o",
    "--output",
    group="Output",
    metavar="FILE",
    type=options.path,
    required=True,
    help="The page to write (.html).",
)
@options.overwrite
@options.device
@options.trust
@options.quiet
def report(artefacts: tuple[str, ...], output: Path, device: str, trust: bool, overwrite: bool, quiet: bool) -> None:
    """Write one page with all runs, their scores, pictures and explorers, and print its path.

    RUNS are checkpoints, histories, score records, correlations and directions, or folders of those (default:
    ckpt.pt). "-" reads their paths from stdin. A history, a score or a direction is shown with its checkpoint.
    Published numbers stand beside the scores. The page is one file; a browser shows it offline.
    """
    from disentool.commands import report as tool

    made = tool.report(
        options.stream(artefacts), output, device=device, trust=trust, overwrite=overwrite, report=reporter(quiet)
    )
    for path in made:
        print_path(path)
