"""Codes that follow a transformation, by each method, against algorithm 1 of the paper one start after another."""

from collections.abc import Iterator
from typing import Any

import torch
from measure import Machine, Row, against, rate
from runs import Made, method_of

from disentool.directions import search, trajectories
from disentool.directions.generator import GeneratorFacts
from disentool.directions.search import Search
from disentool.directions.trajectories import Objective

STARTS, PLAIN_STARTS, STEPS, ITERATIONS, EXTENT = 16, 1, 2, 50, 0.1


class Decoder:
    """A decoder with drawn weights: speed does not ask what its images are."""

    def __init__(self, device: torch.device):
        made = Made(100)
        method = method_of("betavae", made)
        torch.manual_seed(0)
        networks = method.networks()
        self.network = networks["decoder"].to(device, memory_format=torch.channels_last).requires_grad_(False)
        self.facts, self.device = GeneratorFacts(10, 1, 64, 64), device

    def __call__(self, z: torch.Tensor, classes: Any = None) -> torch.Tensor:
        return torch.sigmoid(self.network(z))


def plain_follow(generator: Decoder, objective: Objective, z0: torch.Tensor) -> None:
    """Algorithm 1, for each start, each sign and each t: Adam from the code before, back into the ball."""
    for start in z0:
        image = generator(start[None])
        for sign in (-1, 1):
            z = start.clone()
            for number in range(1, STEPS + 1):
                t = torch.tensor([sign * EXTENT * number / STEPS], device=start.device)
                target, mask = objective.target(image, t)
                z = z.detach().requires_grad_()
                optimiser = torch.optim.Adam([z], lr=0.01)
                for _ in range(ITERATIONS):
                    loss = objective.distance(generator(z[None]), target, mask).mean()
                    optimiser.zero_grad()
                    loss.backward()
                    optimiser.step()
                    with torch.no_grad():
                        z *= (10**0.5 / z.norm()).clamp(max=1)


def directions(machine: Machine) -> Iterator[Row]:
    """Starts followed a second, of a decoder of 64 x 64 pixels and ten latents."""
    generator = Decoder(machine.device)
    objective = Objective("shift-x", "blur", 1.5)
    starts = trajectories.begin(generator, torch.randn(STARTS, 10), None)
    plain = 0.0  # starts a second
    for method, iterations, value in (("paper", ITERATIONS, 0.01), ("lm", 4, 0.1), ("tangent", 1, 0.1)):
        asked = Search(method, EXTENT, STEPS, iterations, value)

        def follow(asked: Search = asked) -> None:
            search.follow(generator, [objective], asked, starts, lambda *_: None)

        if method == "paper":
            ours, ratio = against(follow, lambda: plain_follow(generator, objective, starts.z[:PLAIN_STARTS]), machine)
            plain = ours / ratio * PLAIN_STARTS
        else:
            ours = rate(follow, machine)
        figure = f"{ours * STARTS:,.1f} starts/s"
        yield Row(f"follow shift-x, {method}", figure, ours * STARTS / plain, machine.peak(follow))
