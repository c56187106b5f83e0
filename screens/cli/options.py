"""The options of every command that connects to Azure, accepted before or after the command's name."""

import math
import os
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, TypeVar

import click
from click.core import ParameterSource

from screens.cli import candidates
from screens.cli.help import Choice, GlobalOption

CREDENTIALS = (
    *("auto", "environment", "workload-identity", "managed-identity"),
    *("azure-cli", "device-code", "browser"),
)
CLOUDS = ("AzureCloud", "AzureUSGovernment", "AzureChinaCloud")
COLORS = ("auto", "always", "never")
DEFAULT_CLOUD = CLOUDS[0]
ARM_ENDPOINT = "AKS_KMS_ARM_ENDPOINT"
DEFAULT_SCENARIO = "contoso"
COMPLETION = "_AKS_KMS_COMPLETE"
"""The environment variable with which a completion script asks for candidates, as click derives it from the program's name."""
DEFAULT_SPEED = 60.0

if TYPE_CHECKING:
    from wizard.reports.text import Detail

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


@dataclass(
    slots=True, eq=False, repr=False
)  # slots: an option whose name is no field is an error; the rest costs start-up time
class Settings:
    """The Azure environment and the authentication method on the command line; None if not given."""

    simulate: str | None = None
    speed: float | None = None
    cloud: str | None = None
    arm_endpoint: str | None = None
    credential: str | None = None
    timeouts: dict[str, float] = field(default_factory=dict)
    """Seconds, by the names of the fields of `Timeouts`."""
    color: str | None = None
    verbose: int = 0
    """How often `-v` is given."""

    @property
    def detail(self) -> "Detail":
        """How much of a report is printed: `-v` is 1, `-vv` and more is 2."""
        return 2 if self.verbose > 1 else 1 if self.verbose else 0

    @property
    def cluster_list(self) -> str:
        """The name of the list of this cloud's clusters that the shell completes."""
        from screens.cli.seen_clusters import list_name

        endpoint = self.arm_endpoint or os.environ.get(ARM_ENDPOINT)
        return list_name(self.simulate, endpoint, self.cloud or DEFAULT_CLOUD)

    def command(self, *words: str) -> str:
        """Return a command to paste, with the same options for Azure and the sign-in."""
        import shlex  # not for --help

        given: list[str] = []
        if self.simulate is not None:
            given.append("--simulate" if self.simulate == DEFAULT_SCENARIO else f"--simulate={self.simulate}")
        if self.speed is not None:
            given += ["--speed", "max" if math.isinf(self.speed) else f"{self.speed:.15g}"]
        for name in ("cloud", "arm_endpoint", "credential"):
            if (value := getattr(self, name)) is not None:
                given += [f"--{name.replace('_', '-')}", value]
        for name, seconds in self.timeouts.items():
            from wizard.cloud.timeouts import timeout_name  # not for --help

            given += ["--timeout", f"{timeout_name(name)}={seconds:.15g}"]
        return shlex.join(["aks-kms", *given, *words])

    def validate(self) -> None:
        """Raise click.UsageError if options contradict each other."""
        if self.simulate is None and self.speed is not None:
            raise click.UsageError("--speed requires --simulate. Add --simulate or remove --speed.")
        for name in ("cloud", "arm_endpoint"):
            if self.simulate is not None and getattr(self, name) is not None:
                option = f"--{name.replace('_', '-')}"
                raise click.UsageError(
                    f"{option} cannot be used with --simulate: the simulator is a cloud of its own. Remove one of them."
                )
        if self.cloud is not None and self.arm_endpoint is not None:
            raise click.UsageError("--cloud and --arm-endpoint both select the cloud. Remove one of them.")
        if self.cloud is not None and (endpoint := os.environ.get(ARM_ENDPOINT)):
            from wizard.system.sanitize import without_secret

            raise click.UsageError(
                f"--cloud {self.cloud} and {ARM_ENDPOINT}={without_secret(endpoint)} both select the cloud. Remove --cloud, or unset "
                "the variable and the credentials that belong to it."
            )


def expand_bare_simulate(args: list[str]) -> list[str]:
    """Return the arguments with a bare `--simulate` as the default scenario, never as `--simulate NEXT-WORD`."""
    end = args.index("--") if "--" in args else len(args)
    return [f"--simulate={DEFAULT_SCENARIO}" if arg == "--simulate" else arg for arg in args[:end]] + args[
        end:
    ]


def _store(ctx: click.Context, param: click.Parameter, value: object) -> object:
    settings = ctx.ensure_object(Settings)
    if param.name and ctx.get_parameter_source(param.name) is ParameterSource.COMMANDLINE:
        setattr(settings, param.name, value)
    return value


class Speed(click.ParamType[float]):
    """A number above 0, or `max`, which is infinity."""

    name = "speed"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Return the number. Raise click.BadParameter."""
        from wizard.system.clock import parse_speed  # only this option needs it

        try:
            return value if isinstance(value, float) else parse_speed(value)
        except ValueError as error:
            self.fail(f"{error}.", param, ctx)


def _timeouts(ctx: click.Context, param: click.Parameter, value: tuple[str, ...]) -> None:
    if not value:
        return
    from wizard.cloud.timeouts import parse_timeouts  # only this option needs it

    try:
        ctx.ensure_object(Settings).timeouts |= parse_timeouts(*value)
    except ValueError as error:
        raise click.BadParameter(f"{error}.", ctx, param) from None


def _global(*names: str, **attributes: Any) -> Callable[[Decorated], Decorated]:
    """Return an option that every command has, and whose value `settings_of` returns."""
    attributes = {"callback": _store, "expose_value": False} | attributes
    return click.option(*names, cls=GlobalOption, **attributes)


_presentation = (
    _global(
        "--color",
        type=Choice(COLORS),
        metavar="WHEN",
        help=f"Colour: {', '.join(COLORS)}. Default: auto.",
    ),
    _global("-v", "--verbose", count=True, help="Print more; -vv prints IDs and provenance too."),
)


def renamed_option(old: str, new: str, **attributes: Any) -> Callable[[Decorated], Decorated]:
    """Return a hidden option that keeps an old name, only to refuse it with the new one. `attributes`: how the old one was written."""

    def refuse(ctx: click.Context, param: click.Parameter, value: object) -> None:
        if value:
            raise click.BadParameter(f"This option is now {new}.", ctx, param)

    return click.option(old, hidden=True, expose_value=False, callback=refuse, **attributes)


def presentation_options(command: Decorated) -> Decorated:
    """Add the global options of commands that do not connect to Azure."""
    for option in reversed(_presentation):
        command = option(command)
    return command


def azure_options(command: Decorated) -> Decorated:
    """Add the global options, with those that select the cloud and the sign-in. `settings_of(ctx)` returns their values."""
    for option in reversed(
        (
            _global(
                "--simulate",
                metavar="[=SCENARIO]",
                shell_complete=candidates.scenarios,
                help="Use the Azure simulator; see `simulator --list`.",
            ),
            _global(
                "--speed",
                metavar="X",
                type=Speed(),
                help=f"With --simulate: speed factor, or max. Default: {DEFAULT_SPEED:g}.",
            ),
            _global(
                "--cloud",
                type=Choice(CLOUDS, case_sensitive=False),
                metavar="NAME",
                shell_complete=candidates.clouds,
                help=f"{', '.join(CLOUDS)}. Default: {DEFAULT_CLOUD}.",
                short="Azure cloud; `aks-kms --help` lists them.",
            ),
            _global(
                "--arm-endpoint", metavar="URL", help="Azure Resource Manager endpoint of another cloud."
            ),
            _global(
                "--credential",
                type=Choice(CREDENTIALS),
                metavar="METHOD",
                help=f"Sign-in: {', '.join(CREDENTIALS)}. Default: auto.",
                short="Sign-in method; `aks-kms --help` lists them.",
            ),
            _global(
                "--timeout",
                "timeouts",
                metavar="NAME=SECONDS",
                multiple=True,
                shell_complete=candidates.timeouts,
                callback=_timeouts,
                help="Timeout of a wait, repeatable (docs/timeouts.md).",
            ),
            renamed_option("--patience", "--timeout NAME=SECONDS", multiple=True),
            *_presentation,
        )
    ):
        command = option(command)
    return command


def settings_of(ctx: click.Context) -> Settings:
    """Return the settings of the command line. Raise click.UsageError if options contradict each other."""
    settings = ctx.ensure_object(Settings)
    settings.validate()
    return settings


def output_option(*formats: str) -> Callable[[Decorated], Decorated]:
    """Add `-o`; the first format is the default."""
    return click.option(
        "-o",
        "--output",
        type=Choice(formats),
        default=formats[0],
        show_default=True,
        help="Output format.",
    )


def answers_option(command: Decorated) -> Decorated:
    """Add `-f`, the path of an answers file for `read_answers`."""
    return click.option(
        "-f",
        "--file",
        "path",
        metavar="FILE",
        required=True,
        shell_complete=candidates.files,
        help="Answers file; '-' reads stdin. `aks-kms answers example` prints one.",
    )(command)
