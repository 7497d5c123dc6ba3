"""From options to training runs: one job for every combination of listed values, with an output each. Torch-free."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

from disentool import config, methods, named_code
from disentool.contract.configuration import MethodConfig, needed_steps, preset_values, total_steps
from disentool.errors import UnknownName, WrongUsage
from disentool.io import files
from disentool.io.output_template import check_template
from disentool.training.config import RunConfig

_MOST_STEPS = 10**12  # more than a machine can do in its time


@dataclass(frozen=True)
class Job:
    """One training run: a method, its configuration, how to run it, and the checkpoint it writes."""

    method: str
    config: MethodConfig
    run: RunConfig
    output: Path
    # The options that were asked for by name, not by a preset or as defaults; no part of what the run is.
    named: frozenset[str] = field(default=frozenset({"data"}), compare=False)

    @property
    def history(self) -> Path:
        """The history beside the checkpoint."""
        return self.output.with_suffix(".history.jsonl")

    @property
    def steps(self) -> int:
        """The step it goes to: that of its last stage, or of the one that ``--stage`` ends with."""
        return total_steps(self.config)

    @property
    def needed_steps(self) -> int:
        """The steps that its checkpoint must have done already."""
        return needed_steps(self.config)

    def snapshot(self, step: int) -> Path:
        """Where ``--keep-every`` keeps the checkpoint of this step."""
        return self.output.with_name(f"{self.output.stem}-{step}{self.output.suffix}")

    def with_rows(self, rows: int) -> "Job":
        """The same job with ``--epochs`` turned into steps over a data set of ``rows`` rows."""
        if self.run.epochs is None:
            return self
        steps = max(1, round(self.run.epochs * rows / self.config.batch_size))
        return replace(self, config=replace(self.config, steps=steps), run=replace(self.run, epochs=None))

    def describe(self) -> dict[str, Any]:
        """Every option of the job by name: what ``--dry-run`` prints and ``--config`` reads."""
        values = {**config.values(self.config), **config.values(self.run)}
        if self.run.epochs is not None:
            del values["steps"]
        return values


def plan(
    method: str,
    given: Mapping[str, Any],
    *,
    preset: str | None = None,
    config_file: Path | None = None,
    output: str | None = None,
) -> list[Job]:
    """The jobs that these options mean. A list as an option's value makes one job per value.

    ``given`` (the command line) beats ``config_file`` (YAML) beats ``preset`` beats the defaults. ``output`` may hold
    ``{option}`` placeholders, and must hold one for every option with several values.
    """
    entry = methods.find(method)
    config_class = named_code.load(entry.config)
    method_options, run_options = config.options(config_class), config.options(RunConfig)
    known = method_options | run_options
    values: dict[str, Any] = dict(preset_values(config_class, preset)) if preset else {}
    of_file = _read(config_file, known) if config_file else {}
    for layer, where in ((of_file, f"{config_file}: "), (dict(given), "")):
        if "steps" in layer and layer.get("epochs") is not None:
            raise WrongUsage(f"{where}--steps and --epochs both say how long to train; give one")
        if "steps" in layer:  # the stronger layer decides which of the two counts
            values.pop("epochs", None)
        values |= layer
    for name in values:
        if name not in known:
            raise UnknownName("option", name, known)
    named = frozenset({*of_file, *given})
    several = [n for n in known if isinstance(values.get(n), (list, tuple)) and len(values[n]) > 1]
    for name in several:
        if name in run_options and name != "seed":
            where = "" if name in given else f"{config_file}: "
            raise WrongUsage(f"{where}{known[name].flag}: takes one value, got {len(values[name])}")
    template = output or "-".join(["ckpt", *(f"{{{name}}}" for name in several)]) + ".pt"
    check_template(template, several, {*known, "method"})
    ordered = {name: values[name] for name in known if name in values}
    jobs = []
    from_file = [known[name].flag for name in of_file if name not in given]
    for combination in config.sweep(ordered):
        with _naming(config_file, from_file):
            method_config = config.build(config_class, {k: v for k, v in combination.items() if k in method_options})
            if method_config.steps > _MOST_STEPS:
                raise WrongUsage(f"--steps {method_config.steps:,}: expected at most {_MOST_STEPS:,}")
            run = config.build(RunConfig, {k: v for k, v in combination.items() if k in run_options})
        options = config.values(method_config) | config.values(run)
        shown = {"method": _short(method), **{name: _short(value) for name, value in options.items()}}
        path = Path(template.format(**shown))
        files.require_file_name(path)
        if path.suffix != ".pt":
            raise WrongUsage(f"-o {template}: expected a checkpoint's name, ending in .pt")
        jobs.append(Job(method, method_config, run, path, named))
    path, runs = Counter(job.output for job in jobs).most_common(1)[0]
    if runs > 1:
        raise WrongUsage(f"{path}: {runs} runs would write it; list values that differ (in their first six digits)")
    return jobs


@contextmanager
def _naming(path: Path | None, flags: Sequence[str]) -> Iterator[None]:
    """Put the file's name before a refusal of options, where it names one of ``flags``, whose values are the file's."""
    try:
        yield
    except WrongUsage as error:
        if path is None or not any(re.search(rf"{flag}(?![\w-])", str(error)) for flag in flags):
            raise
        raise WrongUsage(f"{path}: {error}") from None


def _read(path: Path, known: Mapping[str, config.Option]) -> dict[str, Any]:
    """The options in a YAML file, each value checked, so that an error names the file."""
    values = config.read_yaml(path, known)
    for name, value in values.items():
        for item in value if isinstance(value, list) else [value]:
            try:
                known[name].parse(item)
            except WrongUsage as error:
                raise WrongUsage(f"{path}: {error}") from None
    return values


def _short(value: Any) -> str:
    text = f"{value:g}" if isinstance(value, float) else str(value)
    return text.replace("/", "_").replace(":", ".")
