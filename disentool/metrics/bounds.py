"""What the constants of a metric have in common: a protocol, and bounds that are refused in words.

NumPy-free, so that help is instant.
"""

import dataclasses
import math
from dataclasses import dataclass
from typing import Any, Literal, get_args, get_origin

from disentool.errors import WrongUsage


@dataclass(frozen=True)
class Constants:
    """What every metric's constants have: the protocol that they belong to; ``WrongUsage`` for values that cannot be.

    None is a value of its own where a field may have it, and is not compared with the bounds.
    """

    protocol: str

    @property
    def mixtures(self) -> bool:
        """Whether mixtures of Gaussians are evaluated, on a device, also where codes are ready."""
        return False

    def __post_init__(self) -> None:
        for field in dataclasses.fields(self):
            value = getattr(self, field.name)
            if field.metadata and value is not None:
                _refuse(field.name, value, field.metadata["low"], field.metadata["high"], field.metadata["above"])
            if get_origin(field.type) is Literal and value not in get_args(field.type):
                known = get_args(field.type)
                raise WrongUsage(f"{field.name} {value}: expected {(' or ' if len(known) == 2 else ', ').join(known)}")


def _refuse(name: str, value: Any, low: float | None, high: float | None, above: float | None) -> None:
    if low is not None and not low <= value < math.inf:  # NaN is refused too
        raise WrongUsage(f"{name} {value}: expected at least {low}")
    if above is not None and low is not None and value <= above:
        raise WrongUsage(f"{name} {value:g}: expected more than {above}")
    if above is not None and not above < value < math.inf:
        raise WrongUsage(f"{name} {value}: expected a number above {above}")
    if high is not None and not value <= high:
        raise WrongUsage(f"{name} {value}: expected at most {high}")
