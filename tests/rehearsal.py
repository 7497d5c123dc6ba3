"""What a CUDA graph asks of a step, checked on any device: the same operations, shapes and addresses every time."""

from collections.abc import Callable, Mapping
from contextlib import nullcontext
from typing import Any

from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from disentool.engine.graph import NotCapturable

# Operations whose result, or the size of it, has to be waited for.
WAITING = ("_local_scalar_dense", "nonzero", "masked_select", "unique", "is_nonzero", "equal.default", "item.default")
# Operations that compute nothing.
STILL = ("aten.empty", "aten.detach", "aten._unsafe_view", "aten.new_empty", "aten.scalar_tensor", "profiler.")
_ADAM = "_fused_adam"  # its learning rate is a number here, and a tensor on CUDA wherever it changes


class Rehearsal:
    """Stands in for :class:`disentool.engine.graph.CudaGraphs`: a "recorded" step runs again, and is compared."""

    def on_stream(self) -> nullcontext:
        """There is no other stream."""
        return nullcontext()

    def capture(self, step: Callable[[], None]) -> Callable[[], None]:
        """A call that runs ``step``; from the second on, NotCapturable where it is not the step that the first was."""
        first: list[tuple] = []

        def replay() -> None:
            with Recorder() as recorder:
                step()
            if not first:
                first.extend(recorder.operations)
                return
            if len(first) != len(recorder.operations):
                raise NotCapturable(f"{len(recorder.operations)} operations, and {len(first)} before")
            for number, (was, now) in enumerate(zip(first, recorder.operations, strict=True)):
                if was != now:
                    raise NotCapturable(f"operation {number} was {was}, and is {now}")

        return replay


class Recorder(TorchDispatchMode):
    """The operations of one step, each with the shapes of its tensors, its numbers, and what it reads from outside."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: list[tuple] = []
        self.kernels = 0  # operations that compute, other than to give a view or fresh memory
        self._inside: set[int] = set()  # memory that was allocated within the step
        self._alive: list[Tensor] = []  # kept, so that no address is given away twice

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple = (), kwargs: Mapping[str, Any] | None = None
    ) -> Any:
        kwargs = dict(kwargs or {})
        name = str(func)
        if any(f"aten.{word}" in name for word in WAITING):
            raise NotCapturable(f"{name} waits for the device")
        given = {key: value for key, value in kwargs.items() if not (_ADAM in name and key == "lr")}
        self.operations.append((name, *(self._described(leaf) for leaf in tree_leaves((args, given)))))
        outside = {_memory(leaf) for leaf in tree_leaves((args, kwargs)) if isinstance(leaf, Tensor)} - self._inside
        result = func(*args, **kwargs)
        views = not func._schema.is_mutable and any(r.alias_info for r in func._schema.returns)
        self.kernels += not views and not any(name.startswith(word) for word in STILL)
        for leaf in tree_leaves(result):
            if isinstance(leaf, Tensor) and _memory(leaf) not in outside:
                self._inside.add(_memory(leaf))
                self._alive.append(leaf)
        return result

    def _described(self, leaf: Any) -> Any:
        if not isinstance(leaf, Tensor):
            return leaf if isinstance(leaf, (bool, int, float, str)) else type(leaf).__name__
        where = None if _memory(leaf) in self._inside else leaf.data_ptr()
        return str(leaf.dtype), tuple(leaf.shape), leaf.stride(), where


def _memory(tensor: Tensor) -> int:
    return tensor.untyped_storage().data_ptr()
