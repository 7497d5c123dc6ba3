"""All benchmarks, or the named ones, as one table: `python tests/bench [PART ...]`.

Ratios are of one run; single figures depend on the machine and on its load.
"""

import argparse
import sys
from pathlib import Path

sys.path += [str(Path(__file__).parents[1]), str(Path(__file__).parents[1] / "datasets")]

import directions
import encode
import lord
import metrics
import render
import saving
import start
import steps
from measure import HEAD, Machine

from disentool.engine import devices

PARTS = {
    "methods": steps.methods,
    "factorvae": steps.factorvae,
    "growth": steps.growth,
    "lord": lord.lord,
    "encode": encode.encode,
    "directions": directions.directions,
    "render": render.render,
    "metrics": metrics.metrics,
    "saving": saving.saving,
    "start": start.start,
    "boosted": metrics.boosted,
}


def main() -> None:
    """Print the table as it comes."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("part", nargs="*", help=f"{', '.join(PARTS)}; all if none is named")
    parser.add_argument("--method", action="append", default=[], help="of the methods, only this; repeatable")
    parser.add_argument("--device", default="auto")
    parser.add_argument("--precision", default="auto", help="of products: fp32, tf32")
    parser.add_argument("--seconds", type=float, default=2.0, help="for each figure")
    parser.add_argument("--plot", type=Path, help="an SVG of the growth")
    given = parser.parse_args()
    if unknown := set(given.part) - set(PARTS):
        parser.error(f"no part {', '.join(sorted(unknown))}; there are {', '.join(PARTS)}")
    device = devices.choose(given.device)
    devices.configure(device, precision=given.precision)
    machine = Machine(device, given.seconds)
    print(f"{machine.name}\n\n{HEAD}", flush=True)
    more = {"methods": (given.method,), "growth": (given.plot,)}
    for part in given.part or PARTS:
        for row in PARTS[part](machine, *more.get(part, ())):
            print(row, flush=True)


if __name__ == "__main__":
    main()
