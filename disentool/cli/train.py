"""``disentool train METHOD``: one command per method, made from its configuration."""

import shlex
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import click
from click.core import ParameterSource

from disentool import config, methods, named_code
from disentool.cli import LazyGroup, options
from disentool.cli.fields import Value, from_config, plain
from disentool.cli.help import Option, command, option
from disentool.cli.meanings import TRAIN
from disentool.cli.progress import reporter
from disentool.cli.results import print_lines, print_path
from disentool.contract.configuration import presets_of
from disentool.datasets import DATASETS
from disentool.errors import WrongUsage, nearest
from disentool.named_code import is_own
from disentool.training.config import RunConfig

_GROUPS = ("Method", "Optimiser", "Data", "Run", "Output")
# These options stand first below their heading; the others follow as the configuration declares them.
_COMMONEST = ("preset", "steps", "epochs", "batch_size", "learning_rate", "data", "seed", "seeds", "device", "output")


class MethodGroup(LazyGroup):
    """The methods as commands."""

    def get_command(self, ctx: click.Context, name: str) -> click.Command | None:
        """The command that trains one method."""
        own = is_own(name) and not ctx.resilient_parsing  # a Tab must not run anybody's code
        return _command(name) if name in self.table or own else None

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """As for any unknown name; but that of a data set is told to be one."""
        name = args[0] if args else ""
        unknown = bool(name) and not name.startswith("-") and not is_own(name) and not nearest(name, self.table)
        if unknown and (meant := nearest(name, DATASETS)) and not ctx.resilient_parsing:
            raise WrongUsage(
                f"{name}: expected a method; a data set goes with --data: `train METHOD --data {meant[0]}`"
            )
        return super().resolve_command(ctx, args)


@click.group(
    cls=MethodGroup,
    kind="method",
    table={name: (entry.config, entry.summary) for name, entry in methods.METHODS.items()},
    examples=(
        "disentool train factorvae --preset quick",
        "disentool train factorvae --gamma 10,20,40 --seeds 0-4",
    ),
)
def train() -> None:
    """Train METHOD, write a checkpoint, and print its path. For a method of your own, METHOD is module:Class.

    An option of a method takes a value or a comma-separated list; a list makes one run per value. The command line
    beats --config, --config beats --preset, and --preset beats the defaults, which are the paper's.
    `disentool train METHOD --help` shows the options.
    """


def _command(name: str) -> click.Command:
    entry = methods.find(name)
    config_class = named_code.load(entry.config)
    run_fields = config.options(RunConfig)
    seed_field = run_fields.pop("seed")
    presets = _presets(config_class)

    @command(
        name,
        help=f"Train {entry.summary}.\n\nWrites a checkpoint, which can be resumed, and its history beside it."
        " Prints the path. An option shown with ,... takes a comma-separated list: one run per value.",
        examples=(
            f"disentool train {name} --preset quick" if "quick" in dict(presets) else f"disentool train {name}",
            f"disentool train {name} --seeds 0-4 -o 'runs/{{seed}}.pt'",
        ),
        names={"Presets": presets},
        words_of=TRAIN,
    )
    @option(
        "--config",
        "config_file",
        group="Method",
        metavar="FILE",
        type=options.path,
        help="A YAML file of options, such as `gamma: 10`.",
    )
    @from_config(config.options(config_class).values(), listed=True)
    @from_config([seed_field], listed=True)
    @option("--seeds", group="Run", metavar="N-N", help="Several seeds, such as 0-4 or 0,3,7-9: one run for each.")
    @from_config(run_fields.values(), listed=False)
    @option(
        "--resume", group="Run", is_flag=True, help="Continue from the checkpoint. If it is complete, nothing is done."
    )
    @option("--dry-run", group="Run", is_flag=True, help="Print the runs as YAML, and stop.")
    @options.quiet
    @option(
        "-o",
        "--output",
        group="Output",
        metavar="FILE",
        callback=options.not_empty,
        help="The checkpoint to write; {seed}, {gamma} and so on stand for the values of options."
        "  [default: ckpt.pt; with lists ckpt-{option}.pt]",
    )
    @options.overwrite
    @option(
        "--tensorboard",
        group="Output",
        metavar="FOLDER",
        type=options.path,
        help="Write the history for TensorBoard too, into this folder.",
    )
    def train_method(
        config_file: Path | None,
        seeds: str | None,
        output: str | None,
        resume: bool,
        overwrite: bool,
        tensorboard: Path | None,
        dry_run: bool,
        quiet: bool,
        preset: str | None = None,
        **fields: Value,
    ) -> None:
        from disentool.training.plan import plan

        given = _given(click.get_current_context(), fields, seeds)
        jobs = plan(name, given, preset=preset, config_file=config_file, output=output)
        if dry_run:
            for job in jobs:
                line = shlex.join(["disentool", "train", name, "-o", str(job.output)])
                print_lines(f"--- # {line}\n{config.write_yaml(job.describe())}")
            return
        from disentool.commands import train as tool

        report = reporter(quiet)
        made = tool.train(jobs, resume=resume, overwrite=overwrite, tensorboard=tensorboard, report=report)
        for path in made:
            try:
                print_path(path)
            except BrokenPipeError:
                report.note(f"stopped after {path}: nobody reads the paths any more")
                raise

    if presets:
        train_method.params.append(_preset([name for name, _ in presets]))
    train_method.params.sort(key=_place)
    return train_method


def _preset(names: Sequence[str]) -> Option:
    """The option that names one of a method's presets."""
    text = "A set of values for options; see the list."
    return Option(["--preset"], group="Method", type=click.Choice(names), help=text)


def _place(parameter: click.Parameter) -> tuple[int, int]:
    """Where an option stands in the help."""
    group = parameter.group if isinstance(parameter, Option) else _GROUPS[-1]
    common = _COMMONEST.index(parameter.name) if parameter.name in _COMMONEST else len(_COMMONEST)
    return _GROUPS.index(group), common


def _given(context: click.Context, fields: Mapping[str, Value], seeds: str | None) -> dict[str, Any]:
    """The options of the method and of the run by name, without those that the command line leaves to other layers."""
    source = context.get_parameter_source
    given: dict[str, Any] = {k: v for k, v in fields.items() if source(k) is not ParameterSource.DEFAULT}
    if seeds is not None:
        if "seed" in given:
            raise click.UsageError("--seed and --seeds: give one", context)
        given["seed"] = options.ranges(seeds)
    return given


def _presets(config_class: type) -> Sequence[tuple[str, str]]:
    """Each preset, and what it changes."""
    return [
        (name, ", ".join(f"{key.replace('_', '-')} {plain(value)}" for key, value in values.items()) or "the defaults")
        for name, values in presets_of(config_class).items()
    ]
