"""``disentool info``."""

from pathlib import Path
from typing import Any

import click

from disentool.cli import options
from disentool.io.schema import text as formats

_LONG = 20  # numbers; longer lists are printed in full as JSON only


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
    from disentool.commands.info import info as stage
    from disentool.config import write_yaml
    from disentool.io.records import to_json

    for path in options.stream(artefacts):
        facts = stage(Path(path), verify=verify)
        print(to_json(facts) if as_json else write_yaml(_short(facts)).rstrip(), flush=True)


def _short(value: Any) -> Any:
    """The same, for people: of a long list of numbers how many they are, and from where to where."""
    if isinstance(value, dict):
        return {key: _short(each) for key, each in value.items()}
    if isinstance(value, list) and len(value) > _LONG and all(type(each) in (int, float) for each in value):
        return f"{len(value):,} numbers, {min(value):.4g} to {max(value):.4g}"
    return value
