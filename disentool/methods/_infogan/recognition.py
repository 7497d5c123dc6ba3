"""What the InfoGAN family shares before and in training: its codes, its networks, what Q says, and when to stop."""

from collections.abc import Mapping, Sequence
from typing import Any

from torch import Tensor, nn

from disentool.contract import DataFacts, Networks
from disentool.errors import DataMismatch
from disentool.methods._infogan import networks
from disentool.methods._infogan.config import AdversarialConfig
from disentool.methods._infogan.latent_codes import LatentCodes

_REFERENCE = 64  # draws that the generator is normalised by


def latent_codes(config: AdversarialConfig, facts: DataFacts) -> LatentCodes:
    """The codes that the configuration asks for; DataMismatch if there are fewer images than classes."""
    for count in config.categories:
        if count > facts.rows:
            raise DataMismatch(
                f"{facts.rows:,} images cannot fill the {count:,} classes of --categorical {config.categorical};"
                " ask for fewer"
            )
    return LatentCodes(config.categories, config.continuous, config.continuous_law, config.noise_dim)


def build(config: AdversarialConfig, facts: DataFacts, latent: LatentCodes, head: str) -> dict[str, nn.Module]:
    """Generator; trunk, and on it ``head`` (one number per image) and q; q_trunk where Q does not share the trunk."""
    large = config.architecture == "large"
    units = 1024 if large else 128
    size = (facts.channels, facts.height, facts.width)
    made = {
        "generator": networks.Generator(latent.reference(_REFERENCE), *size, units, large),
        "trunk": networks.trunk(*size, units, large),
        head: nn.Linear(units, 1),
        "q": networks.recogniser(units, latent.outputs),
    }
    if config.recogniser == "own":
        made["q_trunk"] = networks.trunk(*size, units, large)
    return made


def q_networks(config: AdversarialConfig) -> tuple[str, ...]:
    """The networks that are Q's alone."""
    return ("q", "q_trunk") if config.recogniser == "own" else ("q",)


def outputs(networks: Networks, images: Tensor, features: Tensor | None = None) -> Tensor:
    """What Q says of images float32 [B,C,H,W]; ``features``: the trunk's of the same images, where they are known."""
    if "q_trunk" in networks:
        features = networks["q_trunk"](images)
    elif features is None:
        features = networks["trunk"](images)
    found: Tensor = networks["q"](features)
    return found


def stop_early(history: Sequence[Mapping[str, Any]], patience: int | None) -> bool:
    """Whether the history's ``information`` was highest ``patience`` or more steps before its last line."""
    lines = [line for line in history if isinstance(line.get("information"), float)]
    if patience is None or not lines:
        return False
    best = max(lines, key=lambda line: line["information"])  # the first of equals
    since: int = lines[-1]["step"] - best["step"]
    return since >= patience
