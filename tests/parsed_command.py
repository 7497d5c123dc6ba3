"""Stands in for ``disentool``: parses a command with the real parser, and leaves what it would have made, empty.

A recipe that runs with it shows that every command of it parses, and that each step finds what the ones before it made.
"""

import contextlib
import io
import json
import re
import sys
from pathlib import Path

from disentool.cli import group


def parse(args: list[str]) -> str:
    """The command's name; raises what click raises for one that is none, an option it lacks, or a value it refuses."""
    context = group.make_context("disentool", list(args))
    while hasattr(context.command, "resolve_command"):
        name, command, rest = context.command.resolve_command(context, [*context._protected_args, *context.args])
        context = command.make_context(name, rest, parent=context)
    return str(context.info_name)


def made(args: list[str]) -> list[str]:
    """The files that the command writes."""
    if args[0] != "train":
        return [args[i + 1] for i, arg in enumerate(args) if arg in ("-o", "--gif")]
    with contextlib.redirect_stdout(io.StringIO()) as out:
        group(["train", *args[1:], "--dry-run"], standalone_mode=False)
    paths = re.findall(r"^--- # .* -o (\S+)$", out.getvalue(), re.MULTILINE)
    if "--keep-every" in args:
        paths += [f"{path.removesuffix('.pt')}-{step}.pt" for path in paths for step in (10, 20)]
    return paths


def printed(args: list[str], files: list[str]) -> str:
    """What the command prints: paths, or records of the artefacts named."""
    if args[0] in ("score", "correlate", "info"):
        named = [arg for arg in args if arg.endswith((".pt", ".h5", ".npz"))]
        if "-" in args:
            named = sys.stdin.read().split()
        missing = [name for name in named if not Path(name).exists()]
        assert not missing, missing
        record = {"score": 0.5, "method": "tangent", "details": {"transform": "shift-x"}}
        return "".join(json.dumps({"artefact": name} | record) + "\n" for name in named)
    return "".join(f"{file}\n" for file in files)


if __name__ == "__main__":
    arguments = sys.argv[1:]
    parse(arguments)
    outputs = made(arguments)
    for output in outputs:
        Path(output).touch()
    print(printed(arguments, outputs), end="")
