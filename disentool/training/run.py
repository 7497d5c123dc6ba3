"""One training run: its steps, its history, its checkpoint."""

import time
from collections.abc import Generator, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import torch

from disentool import config, methods, named_code
from disentool.contract import Method
from disentool.contract.configuration import splits_classes
from disentool.contract.optional import reconstruction_loss, stops_early
from disentool.engine.feed import Feed
from disentool.engine.graph import Graphs
from disentool.engine.training_loop import Training
from disentool.errors import DataMismatch, Interrupted, NoFactors, NonFinite, WrongUsage
from disentool.io import checkpoint, files, records, tensorboard_events
from disentool.io.dataset import Dataset
from disentool.models import collapse
from disentool.models.model import data_facts, describe_classes, describe_data
from disentool.reporting import Reporter, Task
from disentool.training import resuming, shorter_runs, statistics, styles
from disentool.training.plan import Job
from disentool.training.signals import Signals
from disentool.training.sweep import Sweep

_STATISTICS_ROWS = 1000
_SAMPLES = 16
_TIMED_STEPS = 10
_UNINFORMATIVE_STEPS = 500  # without a dimension that carries information, until a note says so
_SAVE_SECONDS = 60


def train_one(
    job: Job,
    data: Dataset,
    rows: np.ndarray,
    feed: Feed,
    graphs: Graphs | None,
    signals: Signals,
    sweep: Sweep,
    report: Reporter,
    *,
    tensorboard: Path | None,
    resume: bool,
    overwrite: bool,
) -> Generator[Path | None, None, None]:
    """Train one job from the start, or from its checkpoint, to the last step.

    Yields None after every step, and the path of each file as it is complete. Nothing happens before the first of
    them: until then the output is not claimed and no network is made.

    ``rows``: int64 [n], the rows of ``data`` that are trained on. ``feed``: those rows on the device. ``graphs``: what
    records the steps; None: nothing. ``sweep``: the runs that it is one of. ``tensorboard``: a folder for TensorBoard's
    events.

    Raises Interrupted after saving, NonFinite with the last good checkpoint kept, OutputBusy, OutputExists,
    DataMismatch or ForeignFile for a checkpoint of another run, NoFactors or WrongUsage for data of which the method
    cannot learn.
    """
    events_folder = tensorboard and tensorboard / tensorboard_events.folder_of(job.output)
    with files.claim(job.output), tensorboard_events.Events(events_folder) as events:
        resuming.probe(job, resume, overwrite)  # another process may have finished it meanwhile
        own = styles.with_styles(job, data, rows, resume, report)
        if own is not data:  # it has one more factor
            feed = Feed(own.images, own.factors, feed.device, rows=rows, resident=feed.resident)
        run = _TrainingRun(job, own, rows, feed, events, sweep, report, graphs)
        yield from run.train(resume, overwrite, signals)


class _TrainingRun:
    """One job while it trains."""

    def __init__(
        self,
        job: Job,
        data: Dataset,
        rows: np.ndarray,
        feed: Feed,
        events: tensorboard_events.Events,
        sweep: Sweep,
        report: Reporter,
        graphs: Graphs | None,
    ):
        self.job, self.data, self.rows, self.events, self.sweep, self.report = job, data, rows, events, sweep, report
        try:
            made = named_code.load(methods.find(job.method).implementation)
            method: Method = made(job.config, data_facts(data, len(rows)))
            self.training = Training(
                method, feed, job.run.seed, feed.device, graphs, bfloat16=job.run.precision == "bf16"
            )
        except (DataMismatch, NoFactors, WrongUsage) as error:  # images or factors that the method cannot learn from
            kind = WrongUsage if isinstance(error, WrongUsage) else type(error)
            raise kind(f"{data.path}: {error}") from None
        self._note_small_classes()
        self.history: list[dict[str, Any]] = []
        self.seconds = 0.0  # of training, in all the processes that carried out the run
        self._mark = 0.0  # when the clock of training was last read
        self._saved = 0.0  # when the checkpoint was last written
        self._unsaved = True  # whether there is anything that the checkpoint does not hold
        self._eager_noted = False  # whether it was said why the step is not captured
        self._informative: collapse.Informative | None = None  # as the checkpoint has it
        self._kept = False  # whether the checkpoint that is there is this run's

    def _note_small_classes(self) -> None:
        """Note classes of one image, and those that have fewer images than a group of one class holds."""
        phases = [phase for stage in self.training.stages for phase in stage.phases]
        each = max((phase.draw.each for phase in phases), default=1)
        described = describe_classes(self.training.method, self.data, self.rows)
        images = [count for count in described.get("classes", {}).get("images", ()) if count]
        few = [count for count in images if count < each]
        if not few and 1 in images:
            self.report.note(
                f"{self.data.path}: {images.count(1):,} of {len(images):,} classes have one image, which their class"
                " code can hold alone"
            )
        if few:
            alone = f", {few.count(1):,} of them one alone" if 1 in few else ""
            self.report.note(
                f"{self.data.path}: {len(few):,} of {len(images):,} classes have fewer than {each} images{alone}; in a"
                " group of a class its images then come more than once"
            )

    def train(self, resume: bool, overwrite: bool, signals: Signals) -> Iterator[Path | None]:
        """Train from the start, or from the checkpoint that is there, to the last step.

        Yields None after every step, and the path of each file as it is complete.
        """
        job, training = self.job, self.training
        self._how_to_go_on = "--resume instead of --overwrite" if overwrite else "--resume"
        if resume and job.output.exists():
            content = checkpoint.read(job.output)
            resuming.require_same(job, content)
            self._restore(content)
            resuming.require_needed(job, training.step)
            self._kept = True
            snapshot = job.snapshot(training.step)
            if job.run.keep_every and training.step % job.run.keep_every == 0 and not snapshot.exists():
                files.duplicate(job.output, snapshot)  # the run was killed between the two
            if training.step >= training.total or stops_early(training.method, self.history):
                yield from resuming.complete(job, training.step, self.report)
                return
            yield from (path for path in resuming.snapshots(job) if path.exists())
        if loss := reconstruction_loss(training.method):
            self.report.note(f"{job.output}: the reconstruction loss is {loss}")
        files.probe(job.output, overwrite=True, need_bytes=checkpoint.parameter_bytes(training.networks))
        with self.sweep.run(job, training.total, training.step) as task:
            yield from self._steps(task, signals)
        if self._unsaved:
            self._save()
        if self._informative is not None:
            words = collapse.in_words(self._informative, job.config)
            self.report.note(f"{job.output}: {words}")
        collapse.note_dead_content(job.output, training, self.report)
        yield job.output
        if signals.received is not None:
            raise Interrupted(signals.received, f"interrupted: {job.output} is complete")

    def _steps(self, task: Task, signals: Signals) -> Iterator[Path | None]:
        run, training = self.job.run, self.training
        first = training.step
        begun = self._mark = self._saved = time.perf_counter()
        stopped = False
        while training.step < training.total and not stopped:
            training.advance()
            self._unsaved = True
            self._note_if_eager()
            step = training.step
            if step == first + 1:
                begun = time.perf_counter()  # the first step also starts up what the others find there
            if step == first + 1 + _TIMED_STEPS and training.device.type == "cpu":
                rate = _TIMED_STEPS / (time.perf_counter() - begun)
                if advice := shorter_runs.advice(self.job.config, training.total, training.total - step, rate):
                    self.report.note(advice)
            if step < training.total:
                task.update(step)
            if step % run.log_every == 0 or step == training.total:
                self._stop_clock()
                self._check()
                line = {"step": step, "time": round(self.seconds, 3), **training.window()}
                self.history.append(line)
                task.update(step, {k: v for k, v in line.items() if k not in ("step", "time")})
                self.events.write(line)
                if stopped := stops_early(training.method, self.history) and step < training.total:
                    self.report.note(
                        f"{self.job.output}: stopped early, and holds step {step:,} of {training.total:,};"
                        " --keep-every keeps steps before it"
                    )
            if step == training.stages[0].steps < training.total:
                collapse.note_dead_content(self.job.output, training, self.report)
            if step == _UNINFORMATIVE_STEPS < training.total:
                self._note_if_uninformative()
            keep = run.keep_every is not None and step % run.keep_every == 0
            if keep or self._due(step):
                self._save()
            if keep:
                files.duplicate(self.job.output, self.job.snapshot(step))
                yield self.job.snapshot(step)
            if signals.received is not None and step < training.total and not stopped:
                if self._unsaved:
                    self._save()
                raise Interrupted(
                    signals.received,
                    f"interrupted: {self.job.output} holds step {step:,} of {training.total:,};"
                    f" the same command with {self._how_to_go_on} goes on",
                )
            yield None

    def _note_if_eager(self) -> None:
        """Say once why the step is not replayed as it should be."""
        if self.training.why_eager and not self._eager_noted:
            self.report.note(f"{self.job.output}: the step is not captured, which is slower: {self.training.why_eager}")
            self._eager_noted = True

    def _note_if_uninformative(self) -> None:
        """Say so where no dimension of the codes carries information yet."""
        codes = self.training.method.codes()
        if "logvar" not in codes:
            return
        last = self.history[-1] if self.history else {}
        if last.get("kl", 0.0) >= collapse.INFORMS_FROM * codes["mean"]:
            return  # so one dimension does; the others need not be computed
        self._stop_clock()
        with np.errstate(all="ignore"):  # losses that are not finite are named at the next line of the history
            found = collapse.informative(self._statistics(), self.training.step)
        if found is not None and found.collapsed:
            words = collapse.in_words_meanwhile(found, self.job.config)
            self.report.note(f"{self.job.output}: {words}")
        self._mark = time.perf_counter()

    def _due(self, step: int) -> bool:
        """Whether it is time to save: every so many steps where that is asked, else every minute."""
        every = self.job.run.checkpoint_every
        if every is not None:
            return step % every == 0
        return time.perf_counter() - self._saved > _SAVE_SECONDS

    def _stop_clock(self) -> None:
        now = time.perf_counter()
        self.seconds += now - self._mark
        self._mark = now

    def _check(self, *, weights: bool = False) -> None:
        try:
            self.training.check()
            if weights:
                self.training.check_weights()
        except NonFinite as error:
            output = self.job.output
            kept = f"{output} keeps the last good step" if self._kept else "nothing of this run was saved"
            raise NonFinite(f"{error}; {kept}; try a smaller --learning-rate or weight") from None

    def _save(self) -> None:
        """Write checkpoint and history; a state that is not finite is refused, and the last good file stays."""
        self._stop_clock()
        self._check(weights=True)
        job, training = self.job, self.training
        samples = self.rows[np.random.default_rng(1).permutation(len(self.rows))[:_SAMPLES]]
        content = {
            "method": job.method,
            "config": config.values(job.config),
            "run": config.values(job.run),
            "data": describe_data(self.data, job.run.data, len(self.rows))
            | describe_classes(training.method, self.data, self.rows),
            "rng": {"seed": job.run.seed},
            "reconstruction_loss": reconstruction_loss(training.method),
            "history": self.history,
            "seconds": self.seconds,
            "statistics": (found := self._statistics()),
            **self._styles(),
            "samples": {"images": torch.from_numpy(self.data.images[samples]), "rows": samples.tolist()},
            **training.state(),
        }
        checkpoint.write(job.output, content, overwrite=True)
        records.write_history(job.history, self.history)
        self._informative = collapse.informative(found, training.step)
        self._unsaved, self._kept = False, True
        self._mark = self._saved = time.perf_counter()

    def _statistics(self) -> dict[str, Any]:
        """Those of the codes of a few training rows, the same at every step."""
        rows = np.sort(np.random.default_rng(0).permutation(len(self.rows))[:_STATISTICS_ROWS])
        return statistics.of_codes(self.training, rows)

    def _styles(self) -> dict[str, torch.Tensor]:
        """The style of each row of the data, where they are this run's own."""
        if splits_classes(self.job.config) is None:
            return {}
        assert self.data.factors is not None  # the last of them is the style
        return {"styles": torch.from_numpy(self.data.factors[:, -1].astype(np.int32))}

    def _restore(self, content: dict[str, Any]) -> None:
        job, training = self.job, self.training
        resuming.require_same_data(job, content, self.data, reconstruction_loss(training.method))
        resuming.restore(job, training, content)
        self.history = list(content["history"])
        self.seconds = float(content.get("seconds", 0.0))
