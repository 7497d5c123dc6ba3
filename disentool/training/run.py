"""One training run: its steps, its history, its checkpoint."""

import time
from collections.abc import Generator, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import numpy as np

from disentool import methods, named_code
from disentool.contract import Method
from disentool.contract.optional import reconstruction_loss, stops_early
from disentool.engine.feed import Feed
from disentool.engine.graph import Graphs
from disentool.engine.training_loop import Training
from disentool.errors import DataCut, DataMismatch, Interrupted, NoFactors, NonFinite, WrongUsage
from disentool.io import checkpoint, files, tensorboard_events
from disentool.io.dataset import Dataset
from disentool.models import collapse
from disentool.models.model import data_facts, describe_classes
from disentool.reporting import Reporter, Task
from disentool.training import resuming, shorter_runs, statistics, styles
from disentool.training.entries import Entries
from disentool.training.plan import Job
from disentool.training.saving import Saving
from disentool.training.signals import Signals
from disentool.training.sweep import Sweep

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
        self._begun_to_save = 0.0  # when that was, the last time
        self._eager_noted = False  # whether it was said why the step is not captured
        self._saving = Saving(job)
        self._entries = Entries(job, self.training, data, rows)

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
            if (was := content["run"].get("precision", "auto")) != job.run.precision:
                self.report.note(
                    f"{job.output}: --precision was {was} up to step {content['step']:,}, it is {job.run.precision} now"
                )
            self._restore(content)
            resuming.require_needed(job, training.step)
            self._saving.holds = training.step
            resuming.mend(job, content)
            if training.step >= training.total or stops_early(training.method, self.history):
                yield from resuming.complete(job, training.step, self.report)
                return
            yield from (path for path in resuming.snapshots(job) if path.exists())
        if loss := reconstruction_loss(training.method):
            self.report.note(f"{job.output}: the reconstruction loss is {loss}")
        files.probe(job.output, overwrite=True, need_bytes=checkpoint.parameter_bytes(training.networks))
        with self._saving:
            try:
                with self.sweep.run(job, training.total, training.step) as task:
                    yield from self._steps(task, signals)
                yield from self._saved()
            except NonFinite as error:
                yield from self._saving.finish()
                raise NonFinite(f"{error}; {self._kept()}; try a smaller --learning-rate or weight") from None
            except DataCut as error:
                with suppress(DataCut):  # a save that is under way may need images, too
                    yield from self._saving.finish()
                raise DataCut(f"{error}; {self._kept()}") from None
        found = collapse.informative(self._saving.statistics or {}, training.step)
        if found is not None:
            self.report.note(f"{job.output}: {collapse.in_words(found, job.config)}")
        collapse.note_dead_content(job.output, training, self.report)
        yield job.output
        if signals.received is not None:
            raise Interrupted(signals.received, f"interrupted: {job.output} is complete")

    def _kept(self) -> str:
        holds = self._saving.holds is not None
        return f"{self.job.output} keeps the last good step" if holds else "nothing of this run was saved"

    def _steps(self, task: Task, signals: Signals) -> Iterator[Path | None]:
        run, training = self.job.run, self.training
        first = training.step
        begun = self._mark = self._begun_to_save = time.perf_counter()
        stopped = False
        while training.step < training.total and not stopped:
            training.advance()
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
                training.check()
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
                yield from self._begin_to_save(self.job.snapshot(step) if keep else None)
            elif self._saving.under_way:
                with self._untimed():
                    complete = self._saving.go_on()
                yield from complete
            if signals.received is not None and step < training.total and not stopped:
                yield from self._saved()
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
        with self._untimed(), np.errstate(all="ignore"):  # losses that are not finite: the history's next line says it
            found = collapse.informative(statistics.of_codes(self.training, self._entries.measured), self.training.step)
        if found is not None and found.collapsed:
            words = collapse.in_words_meanwhile(found, self.job.config)
            self.report.note(f"{self.job.output}: {words}")

    def _due(self, step: int) -> bool:
        """Whether it is time to save: every so many steps where that is asked, else a minute after the last time."""
        every = self.job.run.checkpoint_every
        if every is not None:
            return step % every == 0
        return not self._saving.under_way and time.perf_counter() - self._begun_to_save > _SAVE_SECONDS

    def _stop_clock(self) -> None:
        now = time.perf_counter()
        self.seconds += now - self._mark
        self._mark = now

    @contextmanager
    def _untimed(self) -> Iterator[None]:
        """What happens within is no time of training."""
        self._stop_clock()
        yield
        self._mark = time.perf_counter()

    def _saved(self) -> Iterator[Path]:
        """Wait until checkpoint and history are of this step; yields the snapshots that are complete by then."""
        yield from self._finish_saving()
        if self._saving.holds != self.training.step:
            yield from self._begin_to_save(None)
            yield from self._finish_saving()

    def _finish_saving(self) -> Iterator[Path]:
        with self._untimed():
            complete = self._saving.finish()
        yield from complete

    def _begin_to_save(self, snapshot: Path | None) -> Iterator[Path]:
        """Begin to write this step; a state that is not finite is refused, and the last good file stays.

        A save that is under way is waited for. Yields the snapshots that are complete by then.
        """
        yield from self._finish_saving()
        with self._untimed():
            self.training.check()
            self.training.check_weights()
            entries = self._entries.copied(self.history, self.seconds)
            self._saving.begin(entries, statistics.OfCopy(self.training, self._entries.measured), snapshot)
            self._begun_to_save = time.perf_counter()

    def _restore(self, content: dict[str, Any]) -> None:
        job, training = self.job, self.training
        resuming.require_same_data(job, content, self.data, reconstruction_loss(training.method))
        resuming.restore(job, training, content)
        self.history = list(content["history"])
        self.seconds = float(content.get("seconds", 0.0))
