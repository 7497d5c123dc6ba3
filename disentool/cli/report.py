"""``disentool report``."""

from pathlib import Path

import click

from disentool.cli import options
from disentool.cli.progress import reporter


@click.command(
    epilog="Example: disentool score runs/*.pt --format jsonl > runs/scores.jsonl;"
    " disentool report runs -o report.html",
)
@options.artefacts("[RUNS...|-]")
@click.option("-o", "--output", type=options.path, required=True, help="The page to write (.html).")
@options.device
@options.trust
@options.overwrite
@options.quiet
def report(artefacts: tuple[str, ...], output: Path, device: str, trust: bool, overwrite: bool, quiet: bool) -> None:
    """Write one page of what ran, its scores, pictures and explorers, and print its path.

    RUNS are checkpoints, histories, files of score records, correlations and directions, or folders of those (default:
    ckpt.pt); "-" reads their paths from stdin. Histories, scores and directions stand with the checkpoint they are of,
    published numbers beside the scores. The page is one file that a browser shows offline.
    """
    from disentool.commands.report import report as stage

    settings = {"device": device, "trust": trust, "overwrite": overwrite, "report": reporter(quiet)}
    for path in stage(options.stream(artefacts), output, **settings):
        print(path, flush=True)
