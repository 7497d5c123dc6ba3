"""Options that share a name and not a meaning, so that the help of each says what its name means elsewhere."""

from collections.abc import Mapping

TRAIN = "train"  # stands for every method of it
SEVERAL: Mapping[str, Mapping[str, tuple[str, ...]]] = {
    "--alpha": {"a weight of the loss": (TRAIN,), "how far codes are moved": ("traverse",)},
    "--class": {
        "numbers of a generator's classes": ("sample", "traverse", "find-direction", "invert"),
        "pictures whose class is taken": ("swap",),
    },
    "--codes": {
        "encoder or latent, where the codes come from": ("encode", "swap"),
        "the name of an array of codes": ("decode",),
        "the name of an array of codes, or encoder or latent": ("score",),
        "a latents file": ("traverse",),
    },
    "--content": {"where the content codes come from": (TRAIN,), "pictures whose content is kept": ("swap",)},
    "--dims": {
        "which dimensions are drawn": ("traverse",),
        "which dimensions are taken from the class side": ("swap",),
    },
    "--force": {
        "take another generator's directions": ("sample", "score", "traverse"),
        "write directions that are of no use": ("find-direction",),
    },
    "--height": {
        "the greatest height of a picture on paper": ("sample", "traverse", "swap"),
        "the height of the figure": ("plot",),
    },
    "--images": {"where the images are held": (TRAIN,), "how many images": ("traverse", "invert")},
    "--range": {
        "how far a dimension goes, in standard deviations": ("traverse",),
        "how far images are changed, in the unit of t": ("find-direction",),
    },
    "--rows": {
        "the part of the data's split": (TRAIN, "encode", "score"),
        "numbers of rows": ("traverse", "invert", "decode"),
        "what a row of the table stands for": ("table",),
    },
    "--size": {
        "the size of the data's images": ("prepare",),
        "the size of an image in a picture": ("sample", "traverse", "invert", "swap"),
    },
    "--steps": {
        "training steps": (TRAIN,),
        "values of a dimension": ("traverse",),
        "images from one input to the next": ("swap",),
        "target images on each side of t = 0": ("find-direction",),
        "steps of the search for a code": ("invert",),
    },
    "--strict": {
        "stop at a damaged file": ("prepare",),
        "take pictures of the model's size and colour only": ("swap",),
    },
    "--t": {"the law that t is drawn from": ("sample",), "the range that t goes through": ("traverse",)},
    "--verify": {"the data set file to check": ("prepare",), "compute the digest again": ("info",)},
    "--width": {
        "channels of a network": (TRAIN,),
        "the width of a picture on paper": ("sample", "traverse", "swap"),
        "the width of the figure": ("plot",),
    },
}


def meaning(flag: str, command: str) -> str | None:
    """What an option of several meanings means in a command; None for an option of one meaning."""
    return next((words for words, commands in SEVERAL.get(flag, {}).items() if command in commands), None)


def elsewhere(flag: str, command: str) -> str:
    """The other meanings of an option, each with its commands, as a sentence; "" where there are none."""
    own = meaning(flag, command)
    if own is None:
        return ""
    others = (f"{words} ({', '.join(commands)})" for words, commands in SEVERAL[flag].items() if words != own)
    return f"Elsewhere: {'; '.join(others)}."


def with_meanings(text: str, flag: str, command: str) -> str:
    """The help of an option, and before its default the sentence of :func:`elsewhere`."""
    said, marker, default = text.partition("  [default")
    return f"{said} {elsewhere(flag, command)}".rstrip() + marker + default
