"""What networks may compute in."""

from typing import Literal

# auto: what repeats bit for bit where results are compared, and what is fast where a run is trained.
Precision = Literal["auto", "fp32", "tf32", "bf16"]
