"""The options that filter clusters, for `clusters` and `verify --all`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from screens.cli.help import Choice
from wizard.cloud.arm import same

if TYPE_CHECKING:
    from wizard.cloud.encryption import EncryptionKind
    from wizard.fleet.filters import Filters
    from wizard.fleet.progress import Progress

KINDS = ("none", "platform-managed", "customer-managed", "legacy-kms")

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def fleet_options(prefix: str = "") -> Callable[[Decorated], Decorated]:
    """Add `--location`, `--encryption` and `--failed`; `prefix` precedes each help text."""

    def decorate(command: Decorated) -> Decorated:
        for option in reversed(
            (
                click.option(
                    "--location",
                    "locations",
                    metavar="REGION",
                    multiple=True,
                    help=f"{prefix}Only clusters in this region. Repeatable.",
                ),
                click.option(
                    "--encryption",
                    "kinds",
                    type=Choice(KINDS),
                    multiple=True,
                    help=f"{prefix}Only clusters with this kind of encryption. Repeatable.",
                ),
                click.option(
                    "--failed",
                    is_flag=True,
                    help=f"{prefix}Print only clusters that fail the verification. The others are still counted.",
                ),
            )
        ):
            command = option(command)
        return command

    return decorate


def fleet_filter(
    groups: tuple[str, ...], locations: tuple[str, ...], kinds: tuple[str, ...], *, failed: bool
) -> "Filters":
    """Return the filter options as the engine's filter."""
    from wizard.fleet.filters import Filters

    return Filters(groups, locations, cast("tuple[EncryptionKind, ...]", kinds), failed)


def no_match_remedy(filters: "Filters", progress: "Progress") -> str:
    """Return what to do about filters that match no cluster, with the nearest names that match one."""
    import difflib

    nearest = [
        f"{option} {close[0]}"
        for option, given, there in (
            ("-g", filters.groups, progress.other_groups),
            ("--location", filters.locations, progress.other_locations),
        )
        for name in given
        if (close := difflib.get_close_matches(name, sorted(there), n=1, cutoff=0.5))
        and not same(name, close[0])
    ]
    suggestion = f"Did you mean {' or '.join(nearest)}?" if nearest else "Check the filters."
    return f"  What to do: {suggestion} `aks-kms clusters` lists all clusters."
