"""`aks-kms simulator`: run the Azure simulator until interrupted."""

import asyncio
import json
import os
from pathlib import Path

import click

from screens.cli import candidates, gc_startup
from screens.cli.help import Command
from screens.cli.options import DEFAULT_SCENARIO, DEFAULT_SPEED, Speed
from screens.cli.outcome import CommandExit, run_command, write_result, write_stderr, write_stdout
from screens.exit_codes import SUCCESS, USAGE
from wizard.reports.table import table


class _Port(click.IntRange):
    name = "integer"


@click.command(
    "simulator",
    cls=Command,
    examples=(
        (
            "Run a simulated Azure whose state is kept in a file",
            "aks-kms simulator --state azure.db --env azure.env",
        ),
        ("Use it in another shell", "source azure.env && aks-kms clusters"),
        ("List the scenarios", "aks-kms simulator --list"),
    ),
)
@click.option(
    "--port",
    type=_Port(0, 65535),
    metavar="N",
    default=0,
    show_default=True,
    help="TCP port. 0: any free port.",
)
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Persist the simulator state in this file and resume from it.",
)
@click.option(
    "--scenario",
    default=DEFAULT_SCENARIO,
    show_default=True,
    metavar="SCENARIO",
    shell_complete=candidates.scenarios,
    help="Built-in scenario or scenario file.",
)
@click.option(
    "--speed",
    default=f"{DEFAULT_SPEED:g}",
    show_default=True,
    metavar="X",
    type=Speed(),
    help="Speed factor for Azure wait times; 'max' disables waiting.",
)
@click.option(
    "--env",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write shell export lines to this file once the simulator listens. After `. FILE`, aks-kms, the Azure SDKs and az "
    "connect to it.",
)
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append every request to this file, one JSON object per line.",
)
@click.option("--list", "only_list", is_flag=True, help="List the built-in scenarios and exit.")
@click.option(
    "--schema", "only_schema", is_flag=True, help="Print the JSON Schema of scenario files and exit."
)
def command(
    port: int,
    state: Path | None,
    scenario: str,
    speed: float,
    env: Path | None,
    record: Path | None,
    *,
    only_list: bool,
    only_schema: bool,
) -> int:
    """Run the Azure simulator until interrupted."""
    if only_schema:
        from wizard.simulator import scenario_schema

        write_stdout(json.dumps(scenario_schema(), indent=2))
        return SUCCESS
    if only_list:
        from wizard.simulator import scenarios

        write_result(table(("SCENARIO", "DESCRIPTION"), list(scenarios().items())))
        return SUCCESS
    return run_command(_serve(port, state, scenario, speed, env, record))


async def _serve(
    port: int, state: Path | None, scenario: str, speed: float, env: Path | None, record: Path | None
) -> int:
    from wizard.simulator import Simulator, env_lines

    try:
        simulator = Simulator(scenario, speed=speed, port=port, state=state, record=record)
        async with simulator:
            gc_startup.end()
            lines = env_lines(simulator.environment)
            if env:
                _write_private(env, lines)
                write_stderr(
                    f"The simulator listens on {simulator.arm_endpoint}. To use it from another shell: . {env}"
                )
            else:
                write_stdout(lines.rstrip("\n"))
                write_stderr(
                    f"The simulator listens on {simulator.arm_endpoint}. Run the lines above in a shell to use it there."
                )
            write_stderr("Press Ctrl-C to stop it.")
            await asyncio.Event().wait()
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else (error.strerror or str(error))
        raise CommandExit(
            USAGE,
            f"✗ The simulator cannot start: {what}.\n"
            "  What to do: choose another --port (0 takes any free port), or a file that can be written.",
        ) from None
    return SUCCESS


def _write_private(path: Path, text: str) -> None:
    """Write a file at once and readable only by the user: the environment contains a (simulated) secret."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    with os.fdopen(file, "w", encoding="utf-8", newline="\n") as out:
        out.write(text)
    fresh.replace(path)
