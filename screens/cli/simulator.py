"""`aks-kms simulator`: serve the simulated Azure until interrupted."""

import asyncio
import json
import os
from pathlib import Path

import click

from screens.cli import gc_startup
from screens.cli.options import DEFAULT_SCENARIO, DEFAULT_SPEED, Speed
from screens.cli.outcome import Ended, carry_out, say, show
from screens.exit_codes import DONE, USAGE
from wizard.reports.table import table


@click.command("simulator")
@click.option(
    "--port", type=click.IntRange(0, 65535), default=0, show_default=True, help="0: any that is free."
)
@click.option(
    "--state",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Keep the world in this file, and go on from it.",
)
@click.option(
    "--scenario",
    default=DEFAULT_SCENARIO,
    show_default=True,
    metavar="SCENARIO",
    help="A built-in world, or a file.",
)
@click.option(
    "--speed",
    default=f"{DEFAULT_SPEED:g}",
    show_default=True,
    metavar="X",
    type=Speed(),
    help="How many times faster than real life Azure's waiting is; max: no waiting.",
)
@click.option(
    "--env",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Write shell export lines there once it listens; after `. FILE`, aks-kms, the SDKs and az all talk to it.",
)
@click.option(
    "--record",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Append every request, one JSON object a line.",
)
@click.option("--list", "only_list", is_flag=True, help="List the built-in worlds, and stop.")
@click.option(
    "--schema", "only_schema", is_flag=True, help="Print the JSON Schema of scenario files, and stop."
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
    """Serve the simulated Azure until interrupted."""
    if only_schema:
        from wizard.simulator import scenario_schema

        show(json.dumps(scenario_schema(), indent=2))
        return DONE
    if only_list:
        from wizard.simulator import scenarios

        show(table(("WORLD", "WHAT IT IS"), list(scenarios().items())))
        return DONE
    return carry_out(_serve(port, state, scenario, speed, env, record))


async def _serve(
    port: int, state: Path | None, scenario: str, speed: float, env: Path | None, record: Path | None
) -> int:
    from wizard.simulator import Simulator, env_lines

    try:
        simulator = Simulator(scenario, speed=speed, port=port, state=state, record=record)
        async with simulator:
            gc_startup.is_over()
            lines = env_lines(simulator.environment)
            if env:
                _write_private(env, lines)
                say(f"The simulated Azure listens on {simulator.arm_endpoint}. In another shell: . {env}")
            else:
                show(lines.rstrip("\n"))
                say(
                    f"The simulated Azure listens on {simulator.arm_endpoint}. The lines above make a shell talk to it."
                )
            say("Ctrl-C ends it.")
            await asyncio.Event().wait()
    except OSError as error:
        what = f"{error.filename}: {error.strerror}" if error.filename else (error.strerror or str(error))
        raise Ended(
            USAGE,
            f"✗ The simulated Azure cannot be served: {what}.\n"
            "  What to do: choose another --port (0 takes any), or a file that can be written.",
        ) from None
    return DONE


def _write_private(path: Path, text: str) -> None:
    """The environment holds a (simulated) secret: nobody else may read it, and nobody finds half of it."""
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    file = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL | getattr(os, "O_NOFOLLOW", 0), 0o600)
    with os.fdopen(file, "w", encoding="utf-8") as out:
        out.write(text)
    fresh.replace(path)
