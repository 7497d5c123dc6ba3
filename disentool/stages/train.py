"""Configuration and data -> checkpoints."""

import time
from collections.abc import Iterator
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import numpy as np

from disentool import config as configuration
from disentool import configs
from disentool.engine import device as devices
from disentool.engine import inference
from disentool.engine.feed import Feed
from disentool.engine.training import Training
from disentool.errors import DataMismatch, ForeignFile, Interrupted, NonFinite, WrongUsage
from disentool.io import checkpoint, files, results
from disentool.io.dataset import Dataset
from disentool.stages import model as models
from disentool.stages.interrupt import Signals, listen
from disentool.stages.jobs import Job
from disentool.stages.prepare import open_data
from disentool.stages.reporting import Reporter, Silent

_STATISTICS_ROWS = 1000
_SAMPLES = 16
_TIMED_STEPS = 10
_LONG = 600  # seconds; a run that would take longer on a CPU is announced


def train(
    jobs: list[Job], *, resume: bool = False, overwrite: bool = False, report: Reporter | None = None
) -> Iterator[Path]:
    """Carry out the jobs one after another; yields each checkpoint (snapshots too) as it is complete.

    Outputs are probed and claimed, and what is resumed is read, before anything is rendered or trained. Raises
    Interrupted after saving, NonFinite with the last good checkpoint kept.
    """
    report = report or Silent()
    if resume and overwrite:
        raise WrongUsage("--resume goes on with what is there, --overwrite replaces it; give one")
    device = devices.choose(jobs[0].run.device, jobs[0].run.deterministic)
    with ExitStack() as claims:
        for job in jobs:
            there = resume and job.output.exists()
            files.probe(job.output, overwrite=overwrite or there)
            for path in (job.history, *_snapshots(job)):
                files.probe(path, overwrite=overwrite or resume)
            claims.enter_context(files.claim(job.output))
        saved = [checkpoint.read(job.output) if resume and job.output.exists() else None for job in jobs]
        for job, content in zip(jobs, saved, strict=True):
            if content:
                _require_same(job, content)
        data = open_data(jobs[0].run.data, report)
        for job, content in zip(jobs, saved, strict=True):
            yield from _Run(job.with_rows(len(data)), data, device, report).carry_out(content)


def _snapshots(job: Job) -> list[Path]:
    """The snapshot files a job will write, as far as its steps are known before the data is open."""
    every = job.run.keep_every
    return [] if every is None or job.run.epochs else [job.snapshot(s) for s in range(every, job.config.steps, every)]


def _require_same(job: Job, content: dict[str, Any]) -> None:
    """Raise DataMismatch, naming the option, if a checkpoint was made with another configuration than the job's."""
    differing = [("method", content["method"], job.method), ("--seed", content["rng"].get("seed"), job.run.seed)]
    for name, option in configuration.options(type(job.config)).items():
        if name != "steps":
            differing.append((option.flag, content["config"].get(name, option.default), getattr(job.config, name)))
    for name, was, now in differing:
        if was != now:
            raise DataMismatch(
                f"{job.output}: was made with {name} {was}, not {now}; resume it with {name} {was}, or name another -o"
            )


class _Run:
    """One job under way."""

    def __init__(self, job: Job, data: Dataset, device, report: Reporter):
        self.job, self.data, self.report = job, data, report
        method = configs.load(configs.find(job.method).implementation)(job.config, models.facts(data))
        self.training = Training(method, Feed(data.images, data.factors, device), job.run.seed, device)
        self.history: list[dict[str, Any]] = []
        self.seconds = 0.0  # of training, over all sittings
        self._mark = 0.0

    def carry_out(self, content: dict[str, Any] | None) -> Iterator[Path]:
        """Train from the start, or from a checkpoint's content, to the last step."""
        job, training = self.job, self.training
        if content:
            self._restore(content)
            if training.step == training.total:
                self.report.note(f"{job.output}: complete at {training.step:,} steps")
                yield job.output
                return
            if training.step > training.total:
                raise DataMismatch(
                    f"{job.output}: has {training.step:,} steps already, {training.total:,} were asked;"
                    " ask for more, or name another -o"
                )
        files.probe(job.output, overwrite=True, need_bytes=checkpoint.parameter_bytes(training.networks))
        label = f"{job.method} {job.output.name}"
        with listen() as signals, self.report.task(label, training.total, "steps", training.step) as task:
            yield from self._steps(task, signals)
        self._save(job.output)
        yield job.output

    def _steps(self, task, signals: Signals) -> Iterator[Path]:
        run, training = self.job.run, self.training
        first, self._mark = training.step, time.perf_counter()
        saved = -1
        while training.step < training.total:
            training.advance()
            step = training.step
            if step == first + _TIMED_STEPS:
                self._announce(training.total - step)
            task.update(step)
            if step % run.log_every == 0 or step == training.total:
                self._stop_clock()
                self._check()
                line = {"step": step, "time": round(self.seconds, 3), **training.window()}
                self.history.append(line)
                task.update(step, {k: v for k, v in line.items() if k not in ("step", "time")})
            keep = run.keep_every is not None and step % run.keep_every == 0 and step < training.total
            if keep or (step % run.checkpoint_every == 0 and step < training.total):
                self._save(self.job.output)
                saved = step
            if keep:
                self._save(self.job.snapshot(step))
                yield self.job.snapshot(step)
            if signals.received is not None and step < training.total:
                if saved != step:
                    self._save(self.job.output)
                raise Interrupted(
                    signals.received,
                    f"interrupted: {self.job.output} holds step {step:,} of {training.total:,};"
                    " the same command with --resume goes on",
                )

    def _announce(self, left: int) -> None:
        """On a CPU, say at once how long the run will take and how to shorten it."""
        if self.training.device.type != "cpu":
            return
        rate = _TIMED_STEPS / (time.perf_counter() - self._mark)
        if left / rate > _LONG:
            self.report.note(
                f"{self.training.total:,} steps at {rate:.1f} a second on this CPU will take {_duration(left / rate)};"
                f" shorter: --preset quick (1,000 steps, {_duration(1000 / rate)}) or --steps N;"
                " Ctrl-C saves, --resume goes on"
            )

    def _stop_clock(self) -> None:
        now = time.perf_counter()
        self.seconds += now - self._mark
        self._mark = now

    def _check(self) -> None:
        try:
            self.training.check()
        except NonFinite as error:
            kept = f"{self.job.output} keeps the last good step" if self.job.output.exists() else "nothing was saved"
            raise NonFinite(f"{error}; {kept}; try a smaller --learning-rate or weight") from None

    def _save(self, path: Path) -> None:
        """Write checkpoint and history; a state that is not finite is refused, and the last good file stays."""
        self._stop_clock()
        self._check()
        job, training = self.job, self.training
        rows = np.sort(np.random.default_rng(0).permutation(len(self.data))[:_STATISTICS_ROWS])
        samples = np.random.default_rng(1).permutation(len(self.data))[:_SAMPLES]
        content = {
            "method": job.method,
            "config": {name: getattr(job.config, name) for name in configuration.options(type(job.config))},
            "run": {name: getattr(job.run, name) for name in configuration.options(type(job.run))},
            "data": models.describe(self.data, job.run.data),
            "rng": {"seed": job.run.seed},
            "history": self.history,
            "seconds": self.seconds,
            "statistics": _statistics(training, rows),
            "samples": {"images": _tensor(self.data.images[samples]), "rows": samples.tolist()},
            **training.state(),
        }
        checkpoint.write(path, content, overwrite=True)
        if path == job.output:
            results.write_history(job.history, self.history)
        self._mark = time.perf_counter()

    def _restore(self, content: dict[str, Any]) -> None:
        job, training = self.job, self.training
        was, now = content["data"].get("content_sha256"), self.data.content_sha256
        if was != now:
            raise DataMismatch(
                f"{job.output}: was trained on {content['data'].get('name')} ({str(was)[:12]}), but --data"
                f" {job.run.data} is other data ({now[:12]}); resume it with the same data, or name another -o"
            )
        try:
            checkpoint.check_networks(job.output, training.networks, content["networks"])
            training.restore(content)
        except (KeyError, TypeError, ValueError, AttributeError, RuntimeError) as error:
            raise ForeignFile(f"{job.output}: cannot be resumed: {str(error).splitlines()[0]}") from None
        self.history = list(content["history"])
        self.seconds = float(content.get("seconds", 0.0))


def _statistics(training: Training, rows: np.ndarray) -> dict[str, Any]:
    """Per-dimension KL (nats), mean and standard deviation of the codes over a few rows; what `traverse` orders by."""
    parts = list(inference.encode(training.method, training.networks, training.feed, rows))
    mean = np.concatenate([p["mean"] for p in parts]).astype(np.float64)
    out = {"rows": len(rows), "mean_mean": mean.mean(0).tolist(), "mean_std": mean.std(0).tolist()}
    if "logvar" in parts[0]:
        logvar = np.concatenate([p["logvar"] for p in parts]).astype(np.float64)
        out["kl"] = (0.5 * (mean**2 + np.exp(logvar) - logvar - 1)).mean(0).tolist()
    return out


def _tensor(images: np.ndarray):
    import torch

    return torch.from_numpy(np.ascontiguousarray(images))


def _duration(seconds: float) -> str:
    """Seconds as people say them."""
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 1.5 * size:
            return f"about {seconds / size:.0f} {unit}"
    return f"about {seconds:.0f} seconds"
