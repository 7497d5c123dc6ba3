"""What is said of a run that will take long: how long, and which runs are shorter."""

from disentool.contract.configuration import MethodConfig, presets_of

_LONG = 600  # seconds; a run that takes longer is announced


def advice(config: MethodConfig, total: int, left: int, rate: float) -> str:
    """A note on a run of ``total`` steps with ``left`` steps left at ``rate`` steps a second; empty: it is not long.

    What it advises takes less time than what is left of the run.
    """
    if left / rate <= _LONG:
        return ""
    quick = presets_of(type(config)).get("quick", {}).get("steps")
    shorter = f"--preset quick ({quick:,} steps, {duration(quick / rate)}) or " if quick and quick < left else ""
    return (
        f"{total:,} steps at {rate:.1f} a second on this CPU will take {duration(left / rate)};"
        f" shorter: {shorter}fewer --steps; Ctrl-C saves, --resume goes on"
    )


def duration(seconds: float) -> str:
    """Seconds as people say them."""
    for size, unit in ((86400, "days"), (3600, "hours"), (60, "minutes")):
        if seconds >= 1.5 * size:
            return f"about {seconds / size:.0f} {unit}"
    return f"about {seconds:.0f} seconds"
