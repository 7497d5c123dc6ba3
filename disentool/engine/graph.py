"""A training step as a CUDA graph: recorded once, then replayed by one call instead of about 150 kernel launches."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any, Protocol

import torch

WARM_UP = 3  # steps that run as they are before one is recorded: they choose the kernels and allocate what stays


class NotCapturable(RuntimeError):
    """A step cannot be recorded; the message says why."""


class Graphs(Protocol):
    """What records the steps of a run: :class:`CudaGraphs`, or what stands in for it on another device."""

    def on_stream(self) -> AbstractContextManager[Any]:
        """A context in which work is put where the recorded steps run."""

    def capture(self, step: Callable[[], None]) -> Callable[[], None]:
        """``step`` recorded: a call that runs it. Raises NotCapturable."""


class CudaGraphs:
    """Records the steps of one run on a CUDA stream of its own; the run should use :meth:`on_stream` too.

    Graphs of several runs then share no workspace, and may be replayed side by side. A recorded step reads and writes
    the addresses that it was recorded with: parameters, moments, meters and inputs stay where they are. Recording
    computes nothing, and the steps before it count as steps of the run: weights, moments and draws are as without it.
    """

    def __init__(self, device: torch.device):
        self._stream: torch.cuda.Stream = torch.cuda.Stream(device)  # type: ignore[no-untyped-call]  # of torch

    def on_stream(self) -> torch.cuda.StreamContext:
        """A context in which work is put on the run's stream."""
        return torch.cuda.stream(self._stream)

    def capture(self, step: Callable[[], None]) -> Callable[[], None]:
        """``step`` recorded: a call that runs it. Raises NotCapturable, and the stream can go on."""
        graph = torch.cuda.CUDAGraph()
        torch.cuda.synchronize()
        try:
            # Only errors of this thread end the recording: another run of the gang may copy its rows meanwhile.
            with torch.cuda.graph(graph, stream=self._stream, capture_error_mode="thread_local"):
                step()
        except torch.OutOfMemoryError:
            raise
        except RuntimeError as error:
            cause = error.__context__ or error
            torch.cuda.synchronize()
            raise NotCapturable(str(cause).splitlines()[0]) from error
        return graph.replay
