"""The options that choose among many clusters, the same for `clusters` and `verify --all`."""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeVar, cast

import click

from wizard.cloud.arm import same

if TYPE_CHECKING:
    from wizard.cloud.encryption import EncryptionKind
    from wizard.fleet.progress import Progress
    from wizard.fleet.wanted import Wanted

KINDS = ("none", "platform-managed", "customer-managed", "legacy-kms")

Decorated = TypeVar("Decorated", bound=Callable[..., Any])


def fleet_options(prefix: str = "") -> Callable[[Decorated], Decorated]:
    """`--location`, `--encryption` and `--failed`; `prefix` begins each help text."""

    def decorate(command: Decorated) -> Decorated:
        for option in reversed(
            (
                click.option(
                    "--location",
                    "locations",
                    metavar="REGION",
                    multiple=True,
                    help=f"{prefix}Only clusters in this region; repeatable.",
                ),
                click.option(
                    "--encryption",
                    "kinds",
                    type=click.Choice(KINDS),
                    multiple=True,
                    help=f"{prefix}Only clusters encrypted in this way now; repeatable.",
                ),
                click.option(
                    "--failed",
                    is_flag=True,
                    help=f"{prefix}Only clusters that are not as they should be. What is left out is still counted.",
                ),
            )
        ):
            command = option(command)
        return command

    return decorate


def wanted(
    groups: tuple[str, ...], locations: tuple[str, ...], kinds: tuple[str, ...], *, failed: bool
) -> "Wanted":
    """These options, for the engine."""
    from wizard.fleet.wanted import Wanted

    return Wanted(groups, locations, cast("tuple[EncryptionKind, ...]", kinds), failed)


def what_fits(wanted: "Wanted", progress: "Progress") -> str:
    """What to do about filters that fit no cluster that was read, with the nearest names that would."""
    import difflib

    nearest = [
        f"{option} {close[0]}"
        for option, given, there in (
            ("-g", wanted.groups, progress.other_groups),
            ("--location", wanted.locations, progress.other_locations),
        )
        for name in given
        if (close := difflib.get_close_matches(name, sorted(there), n=1, cutoff=0.5))
        and not same(name, close[0])
    ]
    meant = f"did you mean {' or '.join(nearest)}? " if nearest else ""
    return f"  What to do: {meant}check the filters; `aks-kms clusters` lists what there is."
