"""The options that every command which talks to Azure takes, before or after the command's name."""

import math
import os
import shlex
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, TypeVar

import click
from click.core import ParameterSource

from wizard.cloud.timeouts import budgets, parse_timeouts, timeout_name

CREDENTIALS = (
    *("auto", "environment", "workload-identity", "managed-identity"),
    *("azure-cli", "device-code", "browser"),
)
CLOUDS = ("AzureCloud", "AzureUSGovernment", "AzureChinaCloud")
DEFAULT_CLOUD = CLOUDS[0]
ARM_ENDPOINT = "AKS_KMS_ARM_ENDPOINT"
DEFAULT_SCENARIO = "contoso"
DEFAULT_SPEED = 60.0

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass(slots=True)  # slots: an option whose name is no field is an error, never ignored
class Settings:
    """The Azure environment and the authentication method given on the command line; None if not given."""

    simulate: str | None = None
    speed: float | None = None
    cloud: str | None = None
    arm_endpoint: str | None = None
    credential: str | None = None
    timeouts: dict[str, float] = field(default_factory=dict)
    """Seconds, by the names of the fields of `Timeouts`."""
    verbose: bool = False

    def command(self, *words: str) -> str:
        """A command to paste, with the options as they were given: the same Azure, the same sign-in."""
        given: list[str] = []
        if self.simulate is not None:
            given.append("--simulate" if self.simulate == DEFAULT_SCENARIO else f"--simulate={self.simulate}")
        if self.speed is not None:
            given += ["--speed", "max" if math.isinf(self.speed) else f"{self.speed:.15g}"]
        for name in ("cloud", "arm_endpoint", "credential"):
            if (value := getattr(self, name)) is not None:
                given += [f"--{name.replace('_', '-')}", value]
        for name, seconds in self.timeouts.items():
            given += ["--timeout", f"{timeout_name(name)}={seconds:.15g}"]
        return shlex.join(["aks-kms", *given, *words])

    def agree(self) -> None:
        """Refuse options that contradict each other. Raises click.UsageError."""
        if self.simulate is None and self.speed is not None:
            raise click.UsageError(
                "--speed says how fast a simulated Azure is; the real one takes its time. Add --simulate, or leave --speed out."
            )
        for name in ("cloud", "arm_endpoint"):
            if self.simulate is not None and getattr(self, name) is not None:
                option = f"--{name.replace('_', '-')}"
                raise click.UsageError(
                    f"{option} and --simulate both say which Azure: the simulated one is a cloud of its own. Leave one out."
                )
        if self.cloud is not None and self.arm_endpoint is not None:
            raise click.UsageError("--cloud and --arm-endpoint both say which Azure. Leave one out.")
        if self.cloud is not None and (elsewhere := os.environ.get(ARM_ENDPOINT)):
            from wizard.system.sanitize import without_secret

            raise click.UsageError(
                f"--cloud {self.cloud} and {ARM_ENDPOINT}={without_secret(elsewhere)} both say which Azure. Leave --cloud out, or unset the "
                "variable, and with it what signs in there."
            )


def bare_simulate(args: list[str]) -> list[str]:
    """The arguments with a bare `--simulate` read as the default scenario, never as `--simulate NEXT-WORD`."""
    end = args.index("--") if "--" in args else len(args)
    return [f"--simulate={DEFAULT_SCENARIO}" if arg == "--simulate" else arg for arg in args[:end]] + args[
        end:
    ]


def _remember(ctx: click.Context, param: click.Parameter, value: object) -> object:
    settings = ctx.ensure_object(Settings)
    if param.name and ctx.get_parameter_source(param.name) is ParameterSource.COMMANDLINE:
        setattr(settings, param.name, value)
    return value


class Speed(click.ParamType[float]):
    """A number above 0, or `max`, as a number (`max` is infinity)."""

    name = "speed"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number. Raise click.BadParameter."""
        from wizard.system.clock import parse_speed  # only who gives a speed pays for it

        try:
            return value if isinstance(value, float) else parse_speed(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


def _timeouts(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> None:
    try:
        ctx.ensure_object(Settings).timeouts |= parse_timeouts(*value)
    except ValueError as error:
        raise click.BadParameter(f"{error}.", ctx, param) from None


def _renamed(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> None:
    if value:
        raise click.BadParameter("This option is now --timeout NAME=SECONDS.", ctx, param)


def azure_options(command: Decorated) -> Decorated:
    """Which Azure and who signs in. What is given is found in `settings_of(ctx)`, wherever it was given."""
    for option in reversed(
        (
            click.option(
                "--simulate",
                metavar="[=SCENARIO]",
                callback=_remember,
                expose_value=False,
                help=f"Use an embedded simulated Azure, a fresh world each time. SCENARIO: a built-in world "
                f"(`aks-kms simulator --list`) or a scenario file; default {DEFAULT_SCENARIO}.",
            ),
            click.option(
                "--speed",
                metavar="X",
                type=Speed(),
                callback=_remember,
                expose_value=False,
                help=f"With --simulate: how many times faster than real life Azure's waiting is; max: no waiting. "
                f"Default {DEFAULT_SPEED:g}.",
            ),
            click.option(
                "--cloud",
                type=click.Choice(CLOUDS, case_sensitive=False),
                callback=_remember,
                expose_value=False,
                metavar="NAME",
                help=f"Which of Azure's clouds: {', '.join(CLOUDS)}; default {DEFAULT_CLOUD}.",
            ),
            click.option(
                "--arm-endpoint",
                metavar="URL",
                callback=_remember,
                expose_value=False,
                help=f"Any other cloud, found from URL/metadata/endpoints. Also: {ARM_ENDPOINT}.",
            ),
            click.option(
                "--credential",
                type=click.Choice(CREDENTIALS),
                callback=_remember,
                expose_value=False,
                help="Who signs in; default auto.",
            ),
            click.option(
                "--timeout",
                "timeouts",
                metavar="NAME=SECONDS",
                multiple=True,
                callback=_timeouts,
                expose_value=False,
                help="How long a wait may last, in Azure's seconds; may be given several times. NAME, with what is usual: "
                + ", ".join(f"{name} ({seconds:.0f})" for name, (seconds, _) in budgets().items())
                + ". Also: AKS_KMS_TIMEOUTS, with commas between.",
            ),
            click.option("--patience", multiple=True, hidden=True, expose_value=False, callback=_renamed),
            click.option(
                "-v",
                "--verbose",
                is_flag=True,
                callback=_remember,
                expose_value=False,
                help="Say more on stderr.",
            ),
        )
    ):
        command = option(command)
    return command


def settings_of(ctx: click.Context) -> Settings:
    """What the command line says of Azure, checked. Raises click.UsageError where it contradicts itself."""
    settings = ctx.ensure_object(Settings)
    settings.agree()
    return settings


def output_option(*formats: str) -> Callable[[Decorated], Decorated]:
    """`-o`, the first format being the default."""
    return click.option(
        "-o",
        "--output",
        type=click.Choice(formats),
        default=formats[0],
        show_default=True,
        help="How the data on stdout is written.",
    )


def answers_option(command: Decorated) -> Decorated:
    """`-f`, the path of an answers file; it is read by `read_answers`."""
    return click.option(
        "-f",
        "--file",
        "path",
        metavar="FILE",
        required=True,
        help="An answers file (`aks-kms answers example` shows one); - for stdin.",
    )(command)
