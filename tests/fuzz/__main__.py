"""Changed files of every kind that the tool reads, given to the commands that read them.

    python tests/fuzz --count 1000 --seed 0 --kind csv
    python tests/fuzz --kind csv --only 4711 --keep folder

Each case is made by its kind and its number alone, so that it can be made again. A case is lost if the command is
killed, takes more than 20 s or more memory than its kind's bound, ends with another status than 0, 1 or 2, shows a
traceback, "internal error" or more than a line, runs code of the file, prints its control characters, or leaves half a
file. Each lost case is a line of JSON on stdout; the summary follows.
"""

import argparse
import collections
import json
import os
import sys
import tempfile
from pathlib import Path

os.environ["OMP_NUM_THREADS"] = "1"
sys.path[:0] = [str(Path(__file__).parents[1]), str(Path(__file__).parents[2])]

from cases import Case, Trials
from kinds import KINDS
from limited_command import preload


def _line(case: Case) -> str:
    told = case.ended.err.decode("utf-8", "backslashreplace")
    facts = {"kind": case.kind, "number": case.number, "faults": case.faults, "change": case.change}
    facts |= {"target": case.target, "command": case.command, "status": case.ended.status}
    facts |= {"seconds": round(case.ended.seconds, 2), "mib": round(case.ended.mib), "stderr": told[:600]}
    return json.dumps(facts)


def main() -> None:
    """Try the cases, print those that are lost, and how many there were."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--count", type=int, default=1000, help="cases of each kind")
    parser.add_argument("--seed", type=int, default=0, help="the first case's number is this times a million")
    parser.add_argument("--kind", action="append", choices=sorted(KINDS), help="repeatable; default: every kind")
    parser.add_argument("--only", type=int, help="this case alone, with all that it prints")
    parser.add_argument("--keep", type=Path, help="with --only: where the changed files are kept")
    options = parser.parse_args()
    preload()
    with tempfile.TemporaryDirectory() as scratch:
        trials = Trials(Path(scratch))
        total = lost = 0
        for kind in options.kind or KINDS:
            if options.only is not None:
                case = trials.tried(kind, options.only, keep=options.keep)
                print(_line(case), case.ended.out.decode("utf-8", "backslashreplace"), sep="\n")
                continue
            ended, changes = collections.Counter[int](), collections.Counter[str]()
            seconds, mib, here = 0.0, 0.0, 0
            for number in range(options.seed * 1_000_000, options.seed * 1_000_000 + options.count):
                case = trials.tried(kind, number)
                ended[case.ended.status] += 1
                changes[case.change] += 1
                seconds, mib = max(seconds, case.ended.seconds), max(mib, case.ended.mib)
                if case.faults:
                    here += 1
                    print(_line(case), flush=True)
            total, lost = total + options.count, lost + here
            facts = {"kind": kind, "cases": options.count, "lost": here, "statuses": dict(sorted(ended.items()))}
            facts |= {"longest_s": round(seconds, 2), "most_mib": round(mib), "bound_mib": KINDS[kind].mib}
            print(json.dumps(facts | {"changes": dict(changes)}), flush=True)
        if options.only is None:
            print(f"{total:,} cases, {lost:,} lost")
            sys.exit(lost > 0)


if __name__ == "__main__":
    main()
