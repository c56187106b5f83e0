"""`python -m tests.benchmarks [NAME...] [--json FILE] [--against FILE]`: prints medians, ratios and aims; without names, all."""

import argparse
import json
import os
from collections.abc import Callable
from pathlib import Path

from tests.benchmarks import fleet, pairs, simulator, start_up, whole_runs, wizard_frames
from tests.benchmarks.measure import Report

BENCHMARKS: dict[str, Callable[[Report], None]] = {
    "help": start_up.help_and_version,
    "first-frame": start_up.first_frame,
    "pairs": pairs.beside_the_azure_cli,
    "simulated-start": pairs.simulated_start,
    "no-waiting": whole_runs.without_waiting,
    "simulator": simulator.simulator,
    "fleet": fleet.fleet,
    "wizard-frames": wizard_frames.frames,
    "many-runs": wizard_frames.many_runs,
    "many-vaults": wizard_frames.many_vaults,
    "critical-path": whole_runs.against_its_critical_path,
}


def main() -> None:
    """Run the benchmarks of these names; keep the results in a file, compare them with those of an earlier run."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"one of: {', '.join(BENCHMARKS)}")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write the results to this file")
    parser.add_argument("--against", type=Path, metavar="FILE", help="compare with the results in this file")
    given = parser.parse_args()
    os.environ.pop("PYTHONDONTWRITEBYTECODE", None)  # an installed program is compiled
    if unknown := set(given.names) - BENCHMARKS.keys():
        parser.error(f"There is no benchmark {min(unknown)!r}. There are: {', '.join(BENCHMARKS)}.")
    earlier = json.loads(given.against.read_text("utf-8")) if given.against else []
    report = Report({result["what"]: result["value"] for result in earlier})
    for name in given.names or BENCHMARKS:
        print(name, flush=True)
        BENCHMARKS[name](report)
    if given.json:
        given.json.write_text(json.dumps(report.to_json(), indent=2) + "\n", "utf-8")


main()
