"""Configurations and data -> checkpoints."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from functools import partial
from pathlib import Path

import torch

from disentool.datasets.cache import open_data
from disentool.engine import devices
from disentool.engine.feed import Feed
from disentool.engine.graph import CudaGraphs
from disentool.errors import DeviceFull, WrongUsage
from disentool.io import checkpoint, files, tensorboard_events
from disentool.io.dataset import Dataset, asked_rows
from disentool.reporting import Reporter, Silent
from disentool.training import gang, resuming, worker_process, workers
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
    """Carry out the jobs, several at once; yields each checkpoint (snapshots too) as it is complete.

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
        going_on = job.output in there
        if not going_on:
            resuming.probe(job, resume, overwrite)
        if not going_on and job.needed_steps:
            raise WrongUsage(
                resuming.needs(job, "there is none; train with --stage latent first" if resume else "give --resume")
            )
        if going_on:
            content = there[job.output]
            resuming.require_same(job, content)
            resuming.require_needed(job, content["step"])
            if resuming.is_complete(job, content):
                complete.append(content["step"])
            else:
                resuming.probe(job, resume, overwrite)
    if len(complete) == len(jobs):  # nothing to do; the data, which may have to be rendered, is not needed
        for job, step in zip(jobs, complete, strict=True):
            if resuming.lacks(job, there[job.output]):
                with files.claim(job.output):
                    resuming.mend(job, there[job.output])
            yield from resuming.complete(job, step, report)
        return
    given = data is not None
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
    at_once, threads = 1, torch.get_num_threads()
    if device.type == "cpu" and worker_process.possible(jobs[0].method):
        at_once, threads = workers.share_of_threads(len(jobs), how.gang)
        torch.set_num_threads(threads)
    with listening() as signals, sweep.begun():
        begin = partial(
            train_one,
            data=data,
            rows=rows,
            feed=feed,
            signals=signals,
            sweep=sweep,
            report=report,
            tensorboard=tensorboard,
            resume=resume,
            overwrite=overwrite,
        )
        if at_once > 1:
            setup = partial(
                worker_process.setup,
                data,
                opened_here=not given,
                threads=threads,
                resume=resume,
                overwrite=overwrite,
                tensorboard=tensorboard,
            )
            alone = partial(begin, graphs=None)
            yield from workers.train_at_once(jobs, at_once, alone, setup, signals, sweep, report)
            return
        members = []
        for job in jobs:
            graphs = CudaGraphs(device) if device.type == "cuda" and how.graph else None
            members.append(gang.Member(job.output, begin(job, graphs=graphs), graphs))
        yield from gang.train_together(members, size, signals, report)
