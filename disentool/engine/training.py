"""The only training loop: it runs the phases a method declares."""

from typing import Any

import torch
from torch import Tensor, nn

from disentool.engine.feed import Feed
from disentool.engine.meter import Meter
from disentool.engine.randomness import Randomness
from disentool.errors import NonFinite
from disentool.phase import Adam, Method, Phase, Stage


class Training:
    """One run of one method: networks, optimisers and the step.

    Losses stay on the device (see :class:`Meter`); :meth:`window` fetches their means, :meth:`check` their health.
    """

    def __init__(self, method: Method, feed: Feed, seed: int, device: torch.device):
        self.method, self.feed, self.device = method, feed, device
        self.step = 0
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)  # initialised on the CPU, so that every device starts from the same weights
            self.networks: dict[str, nn.Module] = method.networks()
        for network in self.networks.values():
            network.to(device, memory_format=torch.channels_last)
        self.stages = method.stages()
        self.total = sum(stage.steps for stage in self.stages)
        self._randomness = Randomness(seed, len(feed))
        self._parameters: dict[str, list[nn.Parameter]] = {}
        self.optimizers: dict[str, torch.optim.Adam] = {}
        self._index: dict[str, int] = {}
        for stage in self.stages:
            for phase in stage.phases:
                parameters = [p for name in phase.updates for p in self.networks[name].parameters()]
                self._index[phase.name] = len(self._index)
                self._parameters[phase.name] = parameters
                self.optimizers[phase.name] = _adam(phase.optimiser, parameters, device)
        self._clock = torch.zeros((), dtype=torch.int64, device=device)
        self.meters = {name: Meter(device) for name in self._index}

    def advance(self) -> None:
        """One step: every phase of the current stage, in order."""
        stage, first = self._current()
        if self.step == first and stage.on_start is not None:
            stage.on_start(self.networks)
        self._clock.fill_(self.step)
        carry: dict[str, Any] = {}
        for phase in stage.phases:
            for repeat in range(phase.repeats):
                carry = self._update(phase, self.step - first, repeat, carry)
        self.step += 1

    def _current(self) -> tuple[Stage, int]:
        """The stage of this step, and the step it started at."""
        first = 0
        for stage in self.stages[:-1]:
            if self.step < first + stage.steps:
                return stage, first
            first += stage.steps
        return self.stages[-1], first

    def _update(self, phase: Phase, step: int, repeat: int, carry: dict[str, Any]) -> dict[str, Any]:
        rows, noise = self._randomness.draw(phase, self._index[phase.name], step, repeat)
        tensors = {name: torch.from_numpy(array).to(self.device) for name, array in noise.items()}
        loss, terms, carry = phase.loss(self.networks, self.feed.batch(rows), tensors, carry, self._clock)
        parameters = self._parameters[phase.name]
        # Only this phase's parameters: whatever else the loss touched gets no gradient.
        for parameter, gradient in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            # The fused optimiser walks memory, so a gradient must be laid out as its parameter is.
            parameter.grad = _laid_out_as(parameter, gradient)
        self.optimizers[phase.name].step()
        for parameter in parameters:
            parameter.grad = None
        self.meters[phase.name].add({f"{phase.name}_loss": loss} | terms, self._clock)
        return carry

    def check(self) -> None:
        """Raise NonFinite if a logged term or a parameter is not finite, naming it and the step."""
        bad = [entry for meter in self.meters.values() for entry in meter.bad()]
        if bad:
            first = min(step for step, _ in bad)
            terms = ", ".join(name for step, name in bad if step == first)
            raise NonFinite(f"{terms} became NaN or infinite at step {first}")
        for name, network in self.networks.items():
            if not all(bool(p.isfinite().all()) for p in network.parameters()):
                raise NonFinite(f"a weight of the {name} became NaN or infinite by step {self.step}")

    def window(self) -> dict[str, float]:
        """The mean of every logged term since the last call, nats per image; starts a new window."""
        return {name: mean for meter in self.meters.values() for name, mean in meter.means().items()}

    def state(self) -> dict[str, Any]:
        """All that resuming needs, as tensors on the CPU and plain Python."""
        return {
            "step": self.step,
            "networks": {name: _plain(network.state_dict()) for name, network in self.networks.items()},
            "optimizers": {name: _plain(optimizer.state_dict()) for name, optimizer in self.optimizers.items()},
            "window": {name: meter.state() for name, meter in self.meters.items()},
        }

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what :meth:`state` gave."""
        self.step = state["step"]
        for name, network in self.networks.items():
            network.load_state_dict(state["networks"][name])
        for name, optimizer in self.optimizers.items():
            optimizer.load_state_dict(state["optimizers"][name])
            for parameter, moments in optimizer.state.items():
                for key in ("exp_avg", "exp_avg_sq"):
                    moments[key] = _laid_out_as(parameter, moments[key])
        for name, meter in self.meters.items():
            meter.restore(state["window"][name])


def _adam(spec: Adam, parameters: list[nn.Parameter], device: torch.device) -> torch.optim.Adam:
    fused = device.type in ("cpu", "cuda")
    return torch.optim.Adam(parameters, spec.learning_rate, spec.betas, spec.epsilon, fused=fused)


def _laid_out_as(parameter: Tensor, other: Tensor) -> Tensor:
    if other.stride() == parameter.stride():
        return other
    return torch.empty_like(parameter).copy_(other)


def _plain(value: Any) -> Any:
    """A copy of nested dicts and lists with every tensor contiguous on the CPU."""
    if isinstance(value, Tensor):
        return value.detach().to("cpu", copy=True).contiguous()
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
