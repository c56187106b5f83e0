"""`python -m tests.benchmarks [NAME...]`: prints medians and ratios; without names, all of them."""

import sys

from tests.benchmarks import fleet, simulator, start_up, whole_runs

BENCHMARKS = {
    "help": start_up.help_and_version,
    "first-frame": start_up.first_frame,
    "no-waiting": whole_runs.without_waiting,
    "simulator": simulator.simulator,
    "fleet": fleet.fleet,
    "critical-path": whole_runs.against_its_critical_path,
}


def main(names: list[str]) -> None:
    """Run the benchmarks of these names."""
    unknown = [name for name in names if name not in BENCHMARKS]
    if unknown:
        sys.exit(f"There is no benchmark {unknown[0]!r}. There are: {', '.join(BENCHMARKS)}.")
    for name in names or BENCHMARKS:
        print(name)
        BENCHMARKS[name]()


main(sys.argv[1:])
