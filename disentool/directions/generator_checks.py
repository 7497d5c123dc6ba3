"""Whether what calls itself a generator is one, tried out before any work: each failure has a message of its own."""

from collections.abc import Callable

import torch
from torch import Tensor

from disentool.directions.generator import Generator
from disentool.directions.network import explained
from disentool.errors import ForeignFile

_ROWS = 7  # a batch that no network can have been made for; 1 and 2 are tried too
_GREY = 1 / 255  # a difference of images below half of it is none
_STEPS = (1e-2, 1e-3)  # of the difference quotient, along a unit vector of z
_AGREE = 0.1  # relative; rectifiers have kinks, and float32 rounds


def probe(generator: Generator, name: str, classes: tuple[int, ...] = (), seed: int = 0) -> None:
    """ForeignFile, with ``name`` and the first thing that is wrong, unless ``generator`` keeps its contract.

    Images are finite and in 0..1; 1, 2 and 7 of them come alike; the same z gives the same image, whatever else is in
    the batch; the gradient to z is finite and not zero; and it agrees with difference quotients, in the middle of 7
    images. ``classes``: those to try, where there are any; none: some of all.
    """
    z, chosen, random = _codes(generator, classes, seed)
    with torch.no_grad():
        images = _call(generator, name, z, chosen)
        _check_images(generator, name, images)
        again = _call(generator, name, z, chosen)
        _check_repeats(name, images, again)
        for rows in (1, 2):
            few = _call(generator, name, z[:rows], None if chosen is None else chosen[:rows])
            _check_independent(name, images[:rows], few)
    toward = torch.randn(images.shape, generator=random).to(generator.device)
    gradient = _gradient(generator, name, z, chosen, toward)
    alone = _gradient(generator, name, z, chosen, toward, of=0)
    _check_gradient(name, gradient, alone)
    ratio = _slope_ratio(generator, name, z, chosen, _unit(z, random), _once)
    if not abs(ratio - 1) <= _AGREE:
        raise ForeignFile(
            f"{name}: its gradient is not the slope of its images: {ratio:.2f} times the difference quotient's;"
            " does it round, detach or replace a gradient on the way?"
        )


def probe_twice(generator: Generator, name: str, classes: tuple[int, ...] = (), seed: int = 0) -> None:
    """ForeignFile unless a generator's Jacobian can be had by differentiating twice, and is the slope of its images.

    The gradient of v.G(z) for z is linear in v, and its own gradient for v is a column of the Jacobian.
    """
    z, chosen, random = _codes(generator, classes, seed)
    try:
        ratio = _slope_ratio(generator, name, z, chosen, _unit(z, random), _twice)
    except ForeignFile as error:
        raise ForeignFile(f"{error}; it cannot be differentiated twice, which --method paper does without") from None
    if not abs(ratio - 1) <= _AGREE:
        raise ForeignFile(
            f"{name}: its gradient's gradient is {ratio:.2f} times the slope of its images; --method paper does without"
        )


def _codes(generator: Generator, classes: tuple[int, ...], seed: int) -> tuple[Tensor, Tensor | None, torch.Generator]:
    """z [7,d] and classes [7] to try, and what to draw more from."""
    random = torch.Generator().manual_seed(seed)
    facts = generator.facts
    z = torch.randn(_ROWS, facts.latent_dim, generator=random).to(generator.device)
    if facts.num_classes is None:
        return z, None, random
    some = torch.tensor(classes or range(facts.num_classes))
    return z, some[torch.arange(_ROWS) % len(some)].to(generator.device), random


def _unit(z: Tensor, random: torch.Generator) -> Tensor:
    along = torch.randn(z.shape, generator=random)
    return (along / along.norm(dim=1, keepdim=True)).to(z.device)


def _call(generator: Generator, name: str, z: Tensor, classes: Tensor | None) -> Tensor:
    with explained(name, z):
        images = generator(z, classes)
    expected = (len(z), generator.facts.channels, generator.facts.height, generator.facts.width)
    if tuple(images.shape) != expected:
        raise ForeignFile(f"{name}: gives {list(images.shape)} for {len(z)} codes, expected {list(expected)}")
    return images


def _check_images(generator: Generator, name: str, images: Tensor) -> None:
    if not bool(images.isfinite().all()):
        raise ForeignFile(f"{name}: gives NaN or infinite pixels; its training diverged, or its weights do not fit")
    low, high = images.min().item(), images.max().item()
    if low < -_GREY / 2 or high > 1 + _GREY / 2:
        raise ForeignFile(
            f"{name}: black being 0 and white 1, its pixels go from {low:.3g} to {high:.3g};"
            ' say what its numbers mean, such as "image_range": [-1, 1], or "clip": true'
        )


def _check_repeats(name: str, images: Tensor, again: Tensor) -> None:
    if _difference(images, again) > _GREY / 2:
        raise ForeignFile(
            f"{name}: the same z gives another image each time; it draws noise, or has dropout in training mode"
        )


def _check_independent(name: str, images: Tensor, few: Tensor) -> None:
    if _difference(images, few) > _GREY / 2:
        raise ForeignFile(
            f"{name}: an image depends on what else is in its batch; is a batch norm in training mode? (call .eval())"
        )


def _difference(a: Tensor, b: Tensor) -> float:
    return (a - b).abs().max().item()


def _gradient(
    generator: Generator, name: str, z: Tensor, classes: Tensor | None, toward: Tensor, of: int | None = None
) -> Tensor:
    """The gradient [B,d] of <images, toward> to z; ``of``: of one row's part of it."""
    with torch.enable_grad():
        z = z.detach().clone().requires_grad_(True)
        images = _call(generator, name, z, classes)
        if not images.requires_grad:
            raise ForeignFile(
                f"{name}: its images carry no gradient to z; does it run under no_grad, detach, or leave torch?"
            )
        with explained(name, z):
            product = images * toward
            (found,) = torch.autograd.grad((product if of is None else product[of]).sum(), z, allow_unused=True)
    return torch.zeros_like(z) if found is None else found


def _check_gradient(name: str, gradient: Tensor, alone: Tensor) -> None:
    if not bool(gradient.isfinite().all()):
        raise ForeignFile(f"{name}: its gradient to z is NaN or infinite")
    if not bool((gradient.abs().amax(1) > 0).all()):
        raise ForeignFile(f"{name}: its gradient to z is zero; the images do not change with z, or not smoothly")
    if alone[1:].abs().max() > 1e-5 * alone[0].abs().max():
        raise ForeignFile(
            f"{name}: the gradient of an image reaches the z of others in its batch; is a batch norm in training mode?"
            " (call .eval())"
        )


def _slope_ratio(
    generator: Generator, name: str, z: Tensor, classes: Tensor | None, along: Tensor, slope: Callable[..., Tensor]
) -> float:
    """<J v, q> / <q, q> with the difference quotient q along v: 1 for a true gradient; the median over the images.

    Of two steps of the quotient the one that agrees better: a small one rounds, a large one meets kinks. J v comes by
    reverse mode: forward mode silently gives zeros for some kinds of network.
    """
    ratios = []
    for step in _STEPS:
        with torch.no_grad():
            ahead, behind = (_call(generator, name, z + sign * step * along, classes) for sign in (1, -1))
        quotient = (ahead - behind) / (2 * step)
        size = quotient.flatten(1).square().sum(1)
        found = slope(generator, name, z, classes, along, quotient)
        # Along v an image may not move at all; nor does its gradient then.
        ratios.append(torch.where(size > 0, found / size, torch.ones_like(size)).median().item())
    return min(ratios, key=lambda ratio: abs(ratio - 1))


def _once(generator: Generator, name: str, z: Tensor, classes: Tensor | None, along: Tensor, q: Tensor) -> Tensor:
    """<J v, q> [B] as <v, J'q>."""
    return (_gradient(generator, name, z, classes, q) * along).sum(1)


def _twice(generator: Generator, name: str, z: Tensor, classes: Tensor | None, along: Tensor, q: Tensor) -> Tensor:
    """<J v, q> [B] with J v as the gradient for w of <v, J'w>."""
    with torch.enable_grad(), explained(name, z):
        z = z.detach().clone().requires_grad_(True)
        images = generator(z, classes)
        weights = torch.zeros_like(images, requires_grad=True)
        (gradient,) = torch.autograd.grad(images, z, weights, create_graph=True)
        (product,) = torch.autograd.grad((gradient * along).sum(), weights)
    return (product * q).flatten(1).sum(1)
