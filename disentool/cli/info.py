"""``disentool info``."""

from pathlib import Path
from typing import Any

from disentool.cli import options
from disentool.cli.help import command, option
from disentool.cli.results import print_json, print_lines
from disentool.io.schema import text as formats

_LONG = 20  # numbers; longer lists are printed in full as JSON only


@command(
    examples=(
        "disentool info ckpt.pt",
        "disentool info --json runs/*.pt",
    )
)
@options.artefacts("[FILE...|-]")
@option("--json", "as_json", group="Output", is_flag=True, help="Print one JSON object for each file, a line each.")
@option("--verify", group="Output", is_flag=True, help="Compute the content digest of HDF5 files again, and compare.")
@option("--schema", group="Output", is_flag=True, help="Print the definitions of the file formats, and stop.")
def info(artefacts: tuple[str, ...], as_json: bool, verify: bool, schema: bool) -> None:
    """Say what each FILE is (default: ckpt.pt), what made it, and what is in it.

    A FILE is a data set, latents, a checkpoint, directions, score records or a training history.
    """
    if schema:
        print_lines(formats())
        return
    from disentool.commands import info as tool
    from disentool.config import write_yaml

    for path in options.stream(artefacts):
        facts = tool.info(Path(path), verify=verify)
        if as_json:
            print_json(facts)
        else:
            print_lines(write_yaml(_for_people(facts)))


def _for_people(facts: dict[str, Any]) -> Any:
    """The facts with long lists of words and numbers made short."""
    facts = dict(facts)
    if isinstance(names := facts.get("class_names"), dict):
        facts["class_names"] = {name: _words(words) for name, words in names.items()}
    if isinstance(facts.get("images"), list):
        facts["images"] = _words(facts["images"])
    return _short(facts)


def _words(words: Any) -> str:
    """How many there are, and the first few."""
    if not isinstance(words, list):
        return str(words)[:80]
    shown = [*map(str, words[:5])] + (["..."] if len(words) > 6 else []) + [*map(str, words[5:][-1:])]
    return f"{len(words):,}: {', '.join(shown)}"


def _short(value: Any) -> Any:
    """The same for people: a long list of numbers becomes its length and its range."""
    if isinstance(value, dict):
        return {key: _short(each) for key, each in value.items()}
    if isinstance(value, list) and len(value) > _LONG and all(type(each) in (int, float) for each in value):
        return f"{len(value):,} numbers, {min(value):.4g} to {max(value):.4g}"
    return value
