"""The only training loop: it runs the phases a method declares."""

from collections.abc import Callable, Iterable
from typing import Any

import torch
from torch import Tensor, nn

from disentool.contract import Batch, Carry, Cosine, Method, Networks, Noises, Phase, Plateau, Rate, Stage, optional
from disentool.engine.feed import Feed, to_device
from disentool.engine.graph import WARM_UP, Graphs, NotCapturable
from disentool.engine.inputs import Inputs
from disentool.engine.meter import Meter
from disentool.engine.precision import Bfloat16
from disentool.engine.randomness import Randomness
from disentool.engine.rates import Rates
from disentool.errors import NonFinite, counted
from disentool.nn.adam import Adam


class WrongState(ValueError):
    """A saved state that is not this training's. The message says in words what differs."""


class Training:
    """One run of one method: networks, optimisers and the step.

    Losses stay on the device (see :class:`Meter`); :meth:`window` fetches their means, :meth:`check` their health.
    With ``graphs`` the first steps of each stage run without a graph; then the step is recorded, and from there on
    replayed. Where it cannot be recorded, :attr:`why_eager` says why, and all steps run without a graph. ``bfloat16``:
    see :class:`Bfloat16`.
    """

    def __init__(
        self,
        method: Method,
        feed: Feed,
        seed: int,
        device: torch.device,
        graphs: Graphs | None = None,
        *,
        bfloat16: bool = False,
    ):
        self.method, self.feed, self.seed, self.device = method, feed, seed, device
        self.step = 0
        self.why_eager = ""
        self.graphs = graphs
        self._inputs: Inputs | None = None  # of the current stage
        self._replay: Callable[[], None] | None = None
        self._stage, self._ran = -1, 0  # the stage that these are of; how many steps of it ran as they are
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(seed)  # initialised on the CPU, so that every device starts from the same weights
            self.networks: dict[str, nn.Module] = method.networks()
        given = self.networks | optional.frozen_networks(method)
        for network in given.values():
            to_device(network, device)
        low = {name: Bfloat16(network) for name, network in given.items()} if bfloat16 else {}
        self._called: Networks = low or given  # the networks that losses are given
        self._low = {name: low[name] for name in self.networks if low}  # of these, those whose parameters change
        self.stages = method.stages()
        self.total = sum(stage.steps for stage in self.stages)
        self._randomness = Randomness(seed, len(feed), feed.labels())
        self._parameters: dict[str, dict[str, nn.Parameter]] = {}  # by phase, then by network.parameter
        self.optimizers: dict[str, Adam] = {}
        self._rates: dict[str, Rates] = {}
        self._index: dict[str, int] = {}
        for stage in self.stages:
            for phase in stage.phases:
                if phase.name in self._index:
                    raise ValueError(f"two phases are called {phase.name}")
                parameters = {
                    f"{name}.{key}": parameter
                    for name in phase.updates
                    for key, parameter in self.networks[name].named_parameters()
                }
                self._index[phase.name] = len(self._index)
                self._randomness.check(phase, self._index[phase.name])
                self._parameters[phase.name] = parameters
                self.optimizers[phase.name], self._rates[phase.name] = _adam(phase, parameters, device)
        self._clock = torch.zeros((), dtype=torch.int64, device=device)
        self.meters = {name: Meter(device) for name in self._index}
        if device.type == "cuda":
            torch.cuda.synchronize(device)  # from here on the run may go on on another stream

    def advance(self) -> None:
        """One step: every phase of the current stage, in order."""
        number, first = self._current()
        stage = self.stages[number]
        if self.step == first and stage.on_start is not None:
            with torch.random.fork_rng(devices=[]):
                torch.manual_seed((self.seed * 1_000_003 + number) % 2**63)  # whatever it draws is the run's own
                drawn = stage.reference
                rows = None if drawn is None else self._randomness.reference(drawn, number)
                stage.on_start(self.networks, None if rows is None else self.feed.batch(rows))
        if number != self._stage:
            self._inputs = Inputs(stage, self._index, self._randomness, self.feed)
            self._stage, self._ran, self._replay = number, 0, None
        self._advance(stage, self.step - first)
        self.step += 1

    def _advance(self, stage: Stage, step: int) -> None:
        """Draw the inputs of a step and set its rates, then run it, or replay it from its graph."""
        inputs = self._inputs
        assert inputs is not None  # of this stage, since :meth:`advance`
        self._clock.fill_(self.step)
        inputs.fill(step)
        for phase in stage.phases:
            self._rates[phase.name].before(step)
        if self.graphs and self._replay is None and not self.why_eager and self._ran == WARM_UP:
            try:
                self._replay = self.graphs.capture(lambda: self._updates(stage, inputs))
            except NotCapturable as error:
                self.why_eager = str(error)
        if self._replay is not None:
            self._replay()
        else:
            self._updates(stage, inputs)
            self._ran += 1
        for phase in stage.phases:
            self.meters[phase.name].count += phase.repeats
            self._rates[phase.name].after(phase.repeats)

    def _updates(self, stage: Stage, inputs: Inputs) -> None:
        """Every update of a step, from its inputs; nothing in it waits for the device, or changes from step to step."""
        carry: Carry = {}
        number = 0
        for network in self._low.values():
            network.forget()
        for phase in stage.phases:
            for _ in range(phase.repeats):
                batch, noise = inputs.of(number)
                carry = self._update(phase, batch, noise, carry)
                number += 1

    def _current(self) -> tuple[int, int]:
        """The number of this step's stage, and the step it started at."""
        first = 0
        for number, stage in enumerate(self.stages[:-1]):
            if self.step < first + stage.steps:
                return number, first
            first += stage.steps
        return len(self.stages) - 1, first

    def _update(self, phase: Phase, batch: Batch, noise: Noises, carry: Carry) -> Carry:
        loss, terms, carry = phase.loss(self._called, batch, noise, carry, self._clock)
        parameters = self._parameters[phase.name]
        # Only this phase's parameters: whatever else the loss touched gets no gradient.
        gradients = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
        for (name, parameter), gradient in zip(parameters.items(), gradients, strict=True):
            if gradient is None:
                raise ValueError(f"phase {phase.name} updates {name}, which its loss does not depend on")
            # The fused optimiser walks memory, so a gradient must be laid out as its parameter is.
            parameter.grad = _laid_out_as(parameter, gradient)
        self.optimizers[phase.name].step()
        for name in phase.updates:
            if name in self._low:
                self._low[name].forget()
        self._rates[phase.name].add_loss(loss)
        for parameter in parameters.values():
            parameter.grad = None
        self.meters[phase.name].add({f"{phase.name}_loss": loss} | terms, self._clock)
        return carry

    def check(self) -> None:
        """Raise NonFinite if a logged term was not finite, naming it and the step."""
        bad = [entry for meter in self.meters.values() for entry in meter.bad()]
        if bad:
            first = min(step for step, _ in bad)
            terms = ", ".join(name for step, name in bad if step == first)
            raise NonFinite(f"{terms} became NaN or infinite at step {first + 1}")

    def check_weights(self) -> None:
        """Raise NonFinite if a weight or a moment of it is not finite: what a checkpoint would hold."""
        for name, network in self.networks.items():
            if not _finite(network.state_dict().values()):
                raise NonFinite(f"a weight of the {name} became NaN or infinite by step {self.step}")
        for phase, optimizer in self.optimizers.items():
            for moments in optimizer.state.values():
                if not _finite(moments.values()):
                    raise NonFinite(f"a gradient of phase {phase} became too large by step {self.step}")

    def window(self) -> dict[str, float]:
        """The mean of every logged term since the last call, nats per image; starts a new window."""
        means: dict[str, float] = {}
        for stage in self.stages:
            logged = [(phase.name, self.meters[phase.name].means()) for phase in stage.phases]
            for index, (phase, terms) in enumerate(logged):
                for other, others in logged[:index]:
                    if twice := terms.keys() & others.keys():
                        raise ValueError(f"phases {other} and {phase} both log {', '.join(sorted(twice))}")
                means |= terms
        return means

    def state(self) -> dict[str, Any]:
        """All that resuming needs, copied: tensors on the CPU and plain Python."""
        state = {
            "step": self.step,
            "networks": {name: _plain(network.state_dict()) for name, network in self.networks.items()},
            "optimizers": {name: self._moments(name) for name in self.optimizers},
            "rates": {name: rates.state() for name, rates in self._rates.items()},
            "stages": [stage.steps for stage in self.stages],
            "window": {name: meter.state() for name, meter in self.meters.items()},
        }
        if self.device.type == "cuda":
            torch.cuda.current_stream(self.device).synchronize()  # once, for all that is being sent
        return state

    def _moments(self, phase: str) -> dict[str, Any]:
        """Adam's state of every parameter by its name; empty before the phase's first update."""
        state = self.optimizers[phase].state
        return {name: _plain(state[p]) for name, p in self._parameters[phase].items() if p in state}

    def restore(self, state: dict[str, Any]) -> None:
        """Continue from what :meth:`state` gave; WrongState if it is of other networks, phases or stages.

        The optimisers' settings are the method's own: of the saved state only the moments are used, each compared with
        its parameter first, since the fused optimiser would walk past the end of a shorter one.
        """
        begun = 0
        for was, stage in zip(state["stages"][:-1], self.stages, strict=False):
            if was != stage.steps and state["step"] > begun + min(was, stage.steps):
                raise WrongState(
                    f"one of its complete stages was {counted(was, 'step')} long, and would be {stage.steps:,} now"
                )
            begun += was
        if len(state["stages"]) != len(self.stages):
            raise WrongState(f"it has {counted(len(state['stages']), 'stage')}, expected {len(self.stages)}")
        for phase, parameters in self._parameters.items():
            _check_moments(phase, parameters, state["optimizers"][phase])
        self.step = state["step"]
        for name, network in self.networks.items():
            network.load_state_dict(state["networks"][name])
        for phase, parameters in self._parameters.items():
            optimizer = self.optimizers[phase]
            for name, moments in state["optimizers"][phase].items():
                parameter = parameters[name]
                on_device = {key: moments[key].to(self.device) for key in ("exp_avg", "exp_avg_sq")}
                optimizer.state[parameter] = {
                    "step": moments["step"].to(self.device if optimizer.defaults["fused"] else "cpu", copy=True),
                    **{key: torch.empty_like(parameter).copy_(value) for key, value in on_device.items()},
                }
        for name, rates in self._rates.items():
            rates.restore(state.get("rates", {}).get(name, []))  # checkpoints made before there were any lack it
        for name, meter in self.meters.items():
            meter.restore(state["window"][name])


def _check_moments(phase: str, parameters: dict[str, nn.Parameter], saved: dict[str, Any]) -> None:
    if saved and set(saved) != set(parameters):
        raise WrongState(f"the optimiser of phase {phase} has moments of other parameters")
    for name, moments in saved.items():
        shapes = {"step": (), "exp_avg": parameters[name].shape, "exp_avg_sq": parameters[name].shape}
        for key, shape in shapes.items():
            value = moments[key]
            if not (isinstance(value, Tensor) and value.shape == shape and value.dtype == torch.float32):
                raise WrongState(f"{key} of {name} does not fit its parameter")
            if not bool(value.isfinite().all()):
                raise WrongState(f"{key} of {name} is not finite")


def _adam(phase: Phase, parameters: dict[str, nn.Parameter], device: torch.device) -> tuple[Adam, Rates]:
    """The optimiser of a phase's parameters (by network.parameter), with a group for each learning rate."""
    spec = phase.optimiser
    groups: dict[Rate, list[nn.Parameter]] = {}
    for name, parameter in parameters.items():
        groups.setdefault(spec.networks.get(name.partition(".")[0], spec.learning_rate), []).append(parameter)
    rates = list(groups)
    cuda = device.type == "cuda"
    listed = []
    for rate, members in groups.items():
        start: float | Tensor = rate.start if isinstance(rate, (Cosine, Plateau)) else rate
        if cuda and start is not rate:
            start = torch.tensor(start, device=device)  # a recorded step finds a rate that changes where it was
        listed.append({"params": members, "lr": start})
    fused = device.type in ("cpu", "cuda")
    optimizer = Adam(listed, betas=spec.betas, eps=spec.epsilon, fused=fused, capturable=cuda)
    return optimizer, Rates(phase, optimizer, rates, device)


def _finite(tensors: Iterable[Tensor]) -> bool:
    """Whether all numbers of all tensors are finite; a finite sum tells so in a fifth of the time."""
    return all(bool(tensor.sum().isfinite()) or bool(tensor.isfinite().all()) for tensor in tensors)


def _laid_out_as(parameter: Tensor, other: Tensor) -> Tensor:
    if other.stride() == parameter.stride():
        return other
    return torch.empty_like(parameter).copy_(other)


def _plain(value: Any) -> Any:
    """A copy of nested dicts and lists with every tensor contiguous on the CPU; from CUDA it is still being sent."""
    if isinstance(value, Tensor):
        cuda = value.is_cuda
        return torch.empty(value.shape, dtype=value.dtype, pin_memory=cuda).copy_(value.detach(), non_blocking=cuda)
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(item) for item in value]
    return value
