"""Configurations and data -> checkpoints."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import partial
from pathlib import Path

from disentool.datasets.cache import open_data
from disentool.engine import device as devices
from disentool.engine.feed import Feed
from disentool.engine.graph import CudaGraphs
from disentool.errors import DeviceFull, WrongUsage
from disentool.io import checkpoint, files, tensorboard_events
from disentool.reporting import Reporter, Silent
from disentool.training import resuming, side_by_side, styles
from disentool.training.plan import Job
from disentool.training.run import Run
from disentool.training.signals import Signals, listen


def train(
    jobs: list[Job],
    *,
    resume: bool = False,
    overwrite: bool = False,
    tensorboard: Path | None = None,
    report: Reporter | None = None,
    listening: Callable[[], AbstractContextManager[Signals]] = listen,
) -> Iterator[Path]:
    """Carry out the jobs, on CUDA side by side; yields each checkpoint (snapshots too) as it is complete.

    ``tensorboard``: a folder for the history as TensorBoard reads it, a folder per checkpoint in it. ``listening``: how
    signals are noted while runs are under way.

    Every output is probed, and what is resumed is read, before anything is rendered or trained; each is claimed when
    its turn comes. Raises Interrupted after saving, NonFinite with the last good checkpoint kept.
    """
    report = report or Silent()
    if resume and overwrite:
        raise WrongUsage("--resume goes on with what is there, --overwrite replaces it; give one")
    if tensorboard is not None:
        tensorboard_events.require(tensorboard, [job.output for job in jobs])
    how = jobs[0].run
    device = devices.choose(how.device)
    devices.configure(device, how.deterministic, how.precision)
    complete: list[int] = []
    there = {job.output: checkpoint.read(job.output) for job in jobs if resume and job.output.exists()}
    jobs = resuming.on_their_data(jobs, there)
    for job in jobs:
        resuming.probe(job, resume, overwrite)
        going_on = job.output in there
        if not going_on and job.needed_steps:
            raise WrongUsage(
                resuming.needs(job, "there is none; train with --stage latent first" if resume else "give --resume")
            )
        if going_on:
            content = there[job.output]
            resuming.require_same(job, content)
            resuming.require_needed(job, content["step"])
            complete += [content["step"]] if resuming.is_complete(job, content) else []
    if len(complete) == len(jobs):  # nothing to do: the data is not needed, which may have to be rendered first
        for job, step in zip(jobs, complete, strict=True):
            yield from resuming.complete(job, step, report)
        return
    data = open_data(jobs[0].run.data, report)
    rows = data.rows(jobs[0].run.rows)
    if len(rows) < len(data):
        report.note(f"{data.path}: {len(rows):,} of {len(data):,} rows are trained on (--rows {jobs[0].run.rows})")
    jobs = [job.with_rows(len(rows)) for job in jobs]
    for job in jobs:
        resuming.probe(job, resume, overwrite)  # --epochs has become steps, so that the snapshots are known
    resident = how.images != "memory"
    feed = Feed(data.images, data.factors, device, rows=rows, resident=resident)
    if how.images == "device" and not feed.resident:
        raise DeviceFull(f"{data.path}: {data.images.nbytes / 1e9:.1f} GB do not fit on the device; --images memory")

    def course(job: Job, graphs: CudaGraphs | None, signals: Signals) -> side_by_side.Course:
        with files.claim(job.output):
            resuming.probe(job, resume, overwrite)  # another process may have finished it meanwhile
            with tensorboard_events.Events(
                tensorboard and tensorboard / tensorboard_events.folder_of(job.output)
            ) as written:
                own = styles.with_own(job, data, rows, resume, report)
                fed = feed if own is data else Feed(own.images, own.factors, device, rows=rows, resident=resident)
                run = Run(job, own, rows, fed, written, report, graphs)
                yield from run.carry_out(resume, overwrite, signals)

    members = []
    for job in jobs:
        graphs = CudaGraphs(device) if device.type == "cuda" and how.graph else None
        stream = graphs.on_stream if graphs else nullcontext
        members.append(side_by_side.Member(job.output, partial(course, job, graphs), stream))
    size = how.gang or (side_by_side.LARGEST if device.type == "cuda" else 1)
    yield from side_by_side.together(members, size, report, listening)
