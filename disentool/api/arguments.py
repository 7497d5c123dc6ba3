"""What the command line's option types refuse, refused of a Python caller's arguments too."""

from collections.abc import Iterable

from disentool.errors import UnknownName, WrongUsage

DEVICES = ("auto", "cpu", "cuda", "mps")
PARTS = ("all", "train", "test")
CODES = ("auto", "encoder", "latent")
SIDES = ("content", "class")


def require_known(name: str, value: str | None, known: Iterable[str]) -> None:
    """UnknownName unless the argument ``name`` is None or one of ``known``."""
    if value is not None and value not in known:
        raise UnknownName(name, value, known)


def require_draw(count: int, seed: int) -> None:
    """WrongUsage unless so many draws can be made from this seed."""
    if count < 1:
        raise WrongUsage(f"count {count}: expected at least 1")
    require_seed(seed)


def require_seed(seed: int) -> None:
    """WrongUsage unless ``seed`` is in 0..2**32 - 1."""
    if not 0 <= seed < 2**32:
        raise WrongUsage(f"seed {seed}: expected 0 to 2**32 - 1")
