"""What to do where a training run has files already: refuse, go on with them, or note that it is complete."""

import shlex
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from disentool import config
from disentool.contract.configuration import (
    StagedConfig,
    beginning_options,
    extending_options,
    follows_data_likelihood,
)
from disentool.contract.optional import stops_early
from disentool.datasets.cache import data_spec
from disentool.engine.training_loop import Training, WrongState
from disentool.errors import DataMismatch, ForeignFile, WrongUsage, counted
from disentool.io import checkpoint, files
from disentool.io.dataset import Dataset
from disentool.io.history_file import HistoryFile, history_text
from disentool.models.model import build_method
from disentool.reporting import Reporter
from disentool.training.plan import Job

MOST_SNAPSHOTS = 100_000  # of one run: each is looked for before it begins


def probe(job: Job, resume: bool, overwrite: bool) -> None:
    """Raise OutputExists if a file of the job is there, unless ``overwrite``, or ``resume`` with its checkpoint."""
    mine = resume and job.output.exists()
    files.probe(job.output, overwrite=overwrite or mine)
    if not (overwrite or mine):
        for path in (job.history, *snapshots(job)):
            files.require_free(path)


def snapshots(job: Job) -> list[Path]:
    """The snapshot files a job will write, as far as its steps are known before the data is open.

    WrongUsage if they are more than MOST_SNAPSHOTS.
    """
    every = job.run.keep_every
    if every is None or job.run.epochs is not None:
        return []
    if job.steps // every > MOST_SNAPSHOTS:
        raise WrongUsage(
            f"--keep-every {every}: keeps {job.steps // every:,} checkpoints, at most {MOST_SNAPSHOTS:,}; keep fewer"
        )
    return [job.snapshot(step) for step in range(every, job.steps + 1, every)]


def is_complete(job: Job, content: dict[str, Any]) -> bool:
    """Whether a checkpoint needs no more steps, as far as can be told without the data."""
    same_data = content["data"].get("spec") == data_spec(job.run.data)
    if not same_data or job.run.epochs is not None:
        return False
    if content["step"] >= job.steps:
        return True
    as_asked = content | {"config": config.values(job.config)}  # it may have been told to stop later
    return stops_early(build_method(job.output, as_asked), content["history"])


def lacks(job: Job, content: dict[str, Any]) -> bool:
    """Whether a kill between two files has left out what belongs to the checkpoint ``content``."""
    return _stale_history(job, content) or _missing_snapshot(job, content)


def mend(job: Job, content: dict[str, Any]) -> None:
    """Write what it lacks: history, and snapshot of its step. The output must be claimed. Raises NotWritable."""
    if _stale_history(job, content):
        HistoryFile(job.history).write(content["history"])
    if _missing_snapshot(job, content):
        files.duplicate(job.output, job.snapshot(content["step"]))


def _stale_history(job: Job, content: dict[str, Any]) -> bool:
    lines = history_text(content["history"]).encode()
    return not job.history.is_file() or job.history.read_bytes() != lines


def _missing_snapshot(job: Job, content: dict[str, Any]) -> bool:
    step, every = content["step"], job.run.keep_every
    return every is not None and 0 < step <= job.steps and step % every == 0 and not job.snapshot(step).exists()


def complete(job: Job, step: int, report: Reporter) -> Iterator[Path]:
    """Note that a run is complete at ``step``; yields the snapshots that are there, and the checkpoint."""
    more = f", more than the {job.steps:,} asked for" if step > job.steps else ""
    more = ", where it stopped early" if step < job.steps else more
    report.note(f"{job.output}: complete at {counted(step, 'step')}{more}")
    yield from (path for path in snapshots(job) if path.exists())
    yield job.output


def require_same(job: Job, content: dict[str, Any]) -> None:
    """Raise DataMismatch, naming the option, if a checkpoint was made with another configuration than the job's."""
    seed = content["rng"].get("seed")
    if not isinstance(seed, int):
        raise ForeignFile(f"{job.output}: entry rng.seed is missing or damaged; --overwrite trains it anew")
    differing = [("method", content["method"], job.method), ("--seed", seed, job.run.seed)]
    differing.append(("--rows", content["run"].get("rows", "auto"), job.run.rows))
    values, extends = config.values(job.config), extending_options(job.config)
    for name, option in config.options(type(job.config)).items():
        if name not in extends:
            differing.append((option.flag, content["config"].get(name, option.default), values[name]))
    other = [each for each in differing if each[1] != each[2]]
    if other and other[0][0] == "method":  # whose options are others
        other = other[:1]
    if other:
        made = "; ".join(f"{name} {_word(was)}, not {_word(now)}" for name, was, now in other)
        options = " ".join(_given(name, was) for name, was, _ in other)
        again = "that method" if other[0][0] == "method" else f"`{options}`"
        raise DataMismatch(f"{job.output}: was made with {made}; resume it with {again}, or name another -o")


def _word(value: Any) -> str:
    """A value as the command line takes it."""
    return "none" if value is None else str(value)


def _given(flag: str, value: Any) -> str:
    """An option with its value as it is typed."""
    if isinstance(value, bool):
        return flag if value else f"--no-{flag.removeprefix('--')}"
    return f"{flag} {shlex.quote(_word(value))}"


def as_begun(jobs: Sequence[Job], contents: Mapping[Path, dict[str, Any]]) -> list[Job]:
    """The jobs, with the options of the first step that their checkpoints (content by path) began with.

    A preset may have changed since. What was asked for by name stays, and is compared like every other option.
    """
    found = []
    for job in jobs:
        begun = beginning_options(job.config) - job.named if job.output in contents else set()
        options = config.options(type(job.config))
        own = {name: contents[job.output]["config"].get(name, options[name].default) for name in begun}
        found.append(replace(job, config=config.build(type(job.config), config.values(job.config) | own)))
    return found


def on_their_data(jobs: Sequence[Job], contents: Mapping[Path, dict[str, Any]]) -> list[Job]:
    """The jobs, those that name no data on what their checkpoints (content by path) were trained on.

    Jobs without a checkpoint yet take the same. WrongUsage where the checkpoints were trained on several data sets.
    """
    known = {str(content["data"].get("spec")) for content in contents.values() if content["data"].get("spec")}
    if not known or all("data" in job.named for job in jobs):
        return list(jobs)
    if len(known) > 1:
        raise WrongUsage(f"--resume: was trained on different data: {', '.join(sorted(known))}; name it with --data")
    spec = known.pop()
    return [job if "data" in job.named else replace(job, run=replace(job.run, data=spec)) for job in jobs]


def require_same_data(job: Job, content: dict[str, Any], data: Dataset, loss: str) -> None:
    """Raise DataMismatch if a checkpoint was trained on other data than ``data``, or with another loss than ``loss``.

    ``loss``: the word for the reconstruction loss in use, empty where the method has no choice. Raises ForeignFile for
    a checkpoint that came from an export, which cannot be resumed.
    """
    was, now = content["data"].get("content_sha256"), data.content_sha256
    if was != now:
        raise DataMismatch(
            f"{job.output}: was trained on {content['data'].get('name')} ({str(was)[:12]}), but --data"
            f" {job.run.data} is other data ({now[:12]}); resume it with the same data, or name another -o"
        )
    law = content["data"].get("likelihood")
    if follows_data_likelihood(job.config) and law != data.likelihood:
        raise DataMismatch(
            f"{job.output}: was trained with the data's likelihood {law}, which now is {data.likelihood};"
            " prepare the data as it was, or name another -o"
        )
    was, now = content.get("reconstruction_loss", ""), loss
    if was != now:
        raise DataMismatch(
            f"{job.output}: was trained with the {was} reconstruction loss, which now is {now} (VGG16's weights"
            f" {'were' if now == 'perceptual' else 'are not'} found); --reconstruction {was}, or name another -o"
        )
    if not content["window"]:
        raise ForeignFile(f"{job.output}: holds weights only, as it came from an export; it cannot be resumed")


def require_needed(job: Job, step: int) -> None:
    """WrongUsage if a checkpoint at ``step`` has fewer steps than its job needs, where their number is known yet."""
    if job.run.epochs is None and step < job.needed_steps:
        raise WrongUsage(needs(job, f"it holds step {step:,} of {job.needed_steps:,}"))


def needs(job: Job, why: str) -> str:
    """The message that a job's checkpoint is not far enough, and why."""
    assert isinstance(job.config, StagedConfig)  # no other configuration needs steps
    return (
        f"{job.output}: --stage {job.config.stage} needs a checkpoint whose earlier stages are complete; {why};"
        " --stage both trains all of them"
    )


def restore(job: Job, training: Training, content: dict[str, Any]) -> None:
    """Give ``training`` the state in a checkpoint; ForeignFile, naming it, where the state is damaged or another's."""
    try:
        checkpoint.check_networks(job.output, training.networks, content["networks"])
        training.restore(content)
    except WrongState as error:
        raise ForeignFile(
            f"{job.output}: cannot be resumed, because {error}; resume it with the options that it was made with,"
            " or --overwrite trains it anew"
        ) from None
    except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
        raise ForeignFile(
            f"{job.output}: its state of training is damaged, so it cannot be resumed; --overwrite trains it anew"
        ) from error
