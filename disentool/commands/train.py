"""Configurations and data -> checkpoints."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

from disentool.datasets.cache import open_data
from disentool.engine import devices
from disentool.engine.feed import Feed
from disentool.engine.graph import CudaGraphs
from disentool.errors import DeviceFull, WrongUsage
from disentool.io import checkpoint, tensorboard_events
from disentool.io.dataset import Dataset, asked_rows
from disentool.reporting import Reporter, Silent
from disentool.training import gang, resuming
from disentool.training.plan import Job
from disentool.training.run import train_one
from disentool.training.signals import Signals, listen
from disentool.training.sweep import Sweep

_BFLOAT16 = (
    "this processor has AMX, with which --precision bf16 is faster than fp32: on a Xeon with two threads, FactorVAE"
    " trained 1.3 times and beta-VAE 1.4 times as fast"
)


def train(
    jobs: list[Job],
    *,
    data: Dataset | None = None,
    resume: bool = False,
    overwrite: bool = False,
    tensorboard: Path | None = None,
    report: Reporter | None = None,
    listening: Callable[[], AbstractContextManager[Signals]] = listen,
) -> Iterator[Path]:
    """Carry out the jobs, on CUDA several at once; yields each checkpoint (snapshots too) as it is complete.

    ``data``: the data set that the jobs name, where it is open already.
    ``tensorboard``: a folder for the history as TensorBoard reads it, with a folder for each checkpoint in it.
    ``listening``: a context within which signals are noted; it is open while runs train.

    Every output is probed, and each checkpoint to resume is read, before anything is rendered or trained. A run claims
    its output when it begins. Raises Interrupted after saving, NonFinite with the last good checkpoint kept.
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
    jobs = resuming.as_begun(resuming.on_their_data(jobs, there), there)
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
    if len(complete) == len(jobs):  # nothing to do; the data, which may have to be rendered, is not needed
        for job, step in zip(jobs, complete, strict=True):
            yield from resuming.complete(job, step, report)
        return
    data = open_data(jobs[0].run.data, report) if data is None else data
    if device.type == "cpu" and how.precision in ("auto", "fp32") and devices.has_amx():
        report.note(_BFLOAT16)
    rows = asked_rows(data, jobs[0].run.rows)
    if len(rows) < len(data):
        report.note(f"{data.path}: {len(rows):,} of {len(data):,} rows are trained on (--rows {jobs[0].run.rows})")
    jobs = [job.with_rows(len(rows)) for job in jobs]
    for job in jobs:
        resuming.probe(job, resume, overwrite)  # --epochs has become steps, so that the snapshots are known
    feed = Feed(data.images, data.factors, device, rows=rows, resident=how.images != "memory")
    if how.images == "device" and not feed.resident:
        raise DeviceFull(f"{data.path}: {data.images.nbytes / 1e9:.1f} GB do not fit on the device; --images memory")
    size = how.gang or (gang.LARGEST if device.type == "cuda" else 1)
    done = sum(min(there[job.output]["step"], job.steps) for job in jobs if job.output in there)
    sweep = Sweep(jobs, done, report)
    with listening() as signals, sweep.begun():
        members = []
        for job in jobs:
            graphs = CudaGraphs(device) if device.type == "cuda" and how.graph else None
            steps = train_one(
                job=job,
                data=data,
                rows=rows,
                feed=feed,
                graphs=graphs,
                signals=signals,
                sweep=sweep,
                report=report,
                tensorboard=tensorboard,
                resume=resume,
                overwrite=overwrite,
            )
            members.append(gang.Member(job.output, steps, graphs))
        yield from gang.train_together(members, size, signals, report)
