"""Kill a run at the boundaries of its requests, resume it, and compare its end with that of an undisturbed run.

`python -m tests.survival.kill --full` tries every moment of every request on every procedure; without `--full`, some of them.
Exit code 0 where every point ended well or in a clear error after which it was carried on well; 1 otherwise; 130
where it was stopped before all were tried.
"""

import argparse
import os
import random
import sys
import time
from collections import Counter

from tests.survival.matrix import all_points, go_through, some_points
from tests.survival.procedures import PROCEDURES

GOOD = ("well", "clear error", "not killed")


def main() -> int:
    """The command."""
    parser = argparse.ArgumentParser(prog="python -m tests.survival.kill", description=__doc__)
    parser.add_argument("--full", action="store_true", help="every point instead of some")
    parser.add_argument("--doubles", type=int, default=20, help="with --full: double kills on each procedure")
    parser.add_argument("--count", type=int, default=10, help="without --full: points on each procedure")
    parser.add_argument("--seed", type=int, default=20261127)
    parser.add_argument("--workers", type=int, default=os.cpu_count() or 1)
    parser.add_argument(
        "--procedure", action="append", choices=list(PROCEDURES), help="only this one; repeatable"
    )
    chosen = parser.parse_args()
    procedures = chosen.procedure or list(PROCEDURES)
    if chosen.full:
        points = all_points(procedures, chosen.doubles, chosen.seed)
    else:
        points = [p for procedure in procedures for p in some_points(procedure, chosen.count, chosen.seed)]
    random.Random(chosen.seed).shuffle(points)
    begun, tally = time.monotonic(), Counter[tuple[str, str]]()
    done = 0
    try:
        for done, outcome in enumerate(go_through(points, chosen.workers), 1):
            tally[outcome.procedure, outcome.result] += 1
            if outcome.result not in GOOD:
                print(outcome, *outcome.faults, outcome.said, "", sep="\n  ", flush=True)
            if done % 50 == 0 or done == len(points):
                spent = time.monotonic() - begun
                print(f"{done} of {len(points)} after {spent:.0f} s", file=sys.stderr, flush=True)
    except KeyboardInterrupt:
        summary(tally, procedures, time.monotonic() - begun)
        print(f"stopped at {done} of {len(points)}", file=sys.stderr)
        return 130
    return summary(tally, procedures, time.monotonic() - begun)


def summary(tally: Counter[tuple[str, str]], procedures: list[str], seconds: float) -> int:
    """Print what came of the points, by procedure; the exit code."""
    results = [*GOOD, *sorted({result for _, result in tally} - {*GOOD})]
    print(f"\n{'procedure':<24}" + "".join(f"{result:>14}" for result in results))
    for procedure in procedures:
        print(f"{procedure:<24}" + "".join(f"{tally[procedure, result]:>14}" for result in results))
    print(f"{'all':<24}" + "".join(f"{sum(tally[r, result] for r in procedures):>14}" for result in results))
    faults = sum(count for (_, result), count in tally.items() if result not in GOOD)
    print(f"\n{tally.total()} points in {seconds:.0f} s; anything else than well or a clear error: {faults}")
    return 1 if faults else 0


if __name__ == "__main__":
    sys.exit(main())
