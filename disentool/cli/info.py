"""``disentool info``."""

from pathlib import Path

import click

from disentool.cli import options
from disentool.io.schema import text as formats


@click.command(epilog="Example: disentool info --json ckpt.pt | jq .step")
@options.artefacts("[FILE...|-]")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a file, a line each.")
@click.option("--verify", is_flag=True, help="Recompute the content digest of HDF5 files.")
@click.option("--schema", is_flag=True, help="Print the definitions of the file formats instead, and stop.")
def info(artefacts: tuple[str, ...], as_json: bool, verify: bool, schema: bool) -> None:
    """Say what FILE is (default: ckpt.pt), what made it and what is in it.

    Files: data sets, latents, checkpoints, score records, training histories.
    """
    if schema:
        print(formats())
        return
    from disentool.config import write_yaml
    from disentool.io.results import to_json
    from disentool.stages.info import info as stage

    for path in options.stream(artefacts):
        facts = stage(Path(path), verify=verify)
        print(to_json(facts) if as_json else write_yaml(facts).rstrip(), flush=True)
