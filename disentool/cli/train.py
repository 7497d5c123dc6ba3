"""``disentool train METHOD``: one command per method, made from its configuration."""

import shlex
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from disentool import config, methods
from disentool.cli import LazyGroup, options
from disentool.cli.progress import reporter
from disentool.named_code import is_own
from disentool.training.config import RunConfig


class MethodGroup(LazyGroup):
    """The methods as commands."""

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command that trains one method."""
        own = is_own(name) and not ctx.resilient_parsing  # a Tab must not run anybody's code
        return _command(name) if name in self.table or own else None


@click.group(
    cls=MethodGroup,
    kind="method",
    table={name: (entry.config, entry.summary) for name, entry in methods.METHODS.items()},
    epilog="Example: disentool train factorvae --gamma 10,20,40 --seeds 0-4",
)
def train() -> None:
    """Train METHOD and write a checkpoint; prints its path. A method of your own is module:Class.

    Every option of a method takes a comma-separated list: one run per value. The command line beats --config beats
    --preset beats the defaults, which are the paper's. `disentool train METHOD --help` shows them.
    """


def _command(name: str) -> click.Command:
    entry = methods.find(name)
    config_class = methods.load(entry.config)
    run_options = config.options(RunConfig)
    seed = {"seed": run_options.pop("seed")}

    @click.command(
        name,
        help=f"Train {entry.summary}.\n\nWrites ./ckpt.pt (resumable, with its history beside it) and prints its path."
        " Options with N, X or a choice take a comma-separated list: one run per value.",
        epilog=f"Example: disentool train {name} --preset quick --seeds 0-4 -o 'runs/{{seed}}.pt'",
    )
    @options.from_config(config.options(config_class), listed=True)
    @options.from_config(seed, listed=True)
    @click.option("--seeds", metavar="RANGE", help="Several seeds, such as 0-4 or 0,3,7-9: one run each.")
    @options.from_config(run_options, listed=False)
    @click.option("--preset", type=click.Choice(list(config.presets_of(config_class))), help=_presets(config_class))
    @click.option("--config", "config_file", type=options.path, help="YAML file of options ('gamma: 10').")
    @click.option(
        "-o",
        "--output",
        help="The checkpoint to write; {seed}, {gamma}, ... stand for options."
        "  [default: ckpt.pt; with lists ckpt-{option}.pt]",
    )
    @click.option("--resume", is_flag=True, help="Go on where the checkpoint stopped; complete: do nothing.")
    @options.overwrite
    @click.option(
        "--tensorboard", type=options.path, metavar="DIR", help="Also write the history for TensorBoard there."
    )
    @click.option("--dry-run", is_flag=True, help="Print the runs as YAML, and stop.")
    @options.quiet
    def command(seeds: str | None, **values: Any) -> None:
        keywords = {key: values.pop(key) for key in ("preset", "config_file", "output")}
        how = {key: values.pop(key) for key in ("resume", "overwrite", "tensorboard")}
        dry_run, quiet = (values.pop(key) for key in ("dry_run", "quiet"))
        source = click.get_current_context().get_parameter_source
        given = {key: value for key, value in values.items() if source(key) is not ParameterSource.DEFAULT}
        if seeds is not None:
            if "seed" in given:
                raise click.UsageError("--seed and --seeds: give one", click.get_current_context())
            given["seed"] = options.ranges(seeds)
        _train(name, given, keywords, how, dry_run, quiet)

    return command


def _train(
    name: str,
    given: dict[str, Any],
    keywords: dict[str, Any],
    how: dict[str, Any],
    dry_run: bool,
    quiet: bool,
) -> None:
    from disentool.training.plan import plan

    jobs = plan(name, given, **keywords)
    if dry_run:
        for job in jobs:
            command = shlex.join(["disentool", "train", name, "-o", str(job.output)])
            print(f"--- # {command}\n{config.write_yaml(job.describe())}", end="")
        return
    from disentool.commands.train import train as stage

    report = reporter(quiet)
    for path in stage(jobs, **how, report=report):
        try:
            print(Path(path), flush=True)
        except BrokenPipeError:
            report.note(f"stopped after {path}: nobody reads the paths any more")
            raise


def _presets(config_class: type) -> str:
    """What each preset changes."""
    parts = []
    for name, values in config.presets_of(config_class).items():
        changes = ", ".join(f"{key.replace('_', '-')} {options.plain(value)}" for key, value in values.items())
        parts.append(f"{name}: {changes or 'the defaults'}")
    return "; ".join(parts) + "." if parts else "None for this method."
