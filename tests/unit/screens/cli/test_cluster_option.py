"""A cluster that is selected by its name: what could not be read is not called missing."""

from types import SimpleNamespace
from typing import Any

import click
import pytest

from screens.cli.cluster_option import find_cluster
from screens.cli.outcome import CommandExit
from tests.support import TENANT
from wizard.cloud.azure import Subscription
from wizard.cloud.inventory import Unreadable
from wizard.errors import Problem, ProblemKind
from wizard.fleet import search

SUBSCRIPTIONS = [Subscription(f"s-{number}", f"Team {number}", TENANT, "Enabled") for number in range(8)]


async def subscriptions() -> list[Subscription]:
    return SUBSCRIPTIONS


@pytest.mark.parametrize(
    ("kinds", "code", "said"),
    [
        ((), 1, "There is no cluster aks-demo"),
        (("transient", "unreachable"), 3, "in a resource group rg-demo is not complete. Subscriptions that could not be read: Team 0, Team 1."),
        (("transient", "azure"), 1, "is not complete"),
    ],
)  # fmt: skip
async def test_a_cluster_is_missing_only_if_every_subscription_could_be_read(
    kinds: tuple[ProblemKind, ...], code: int, said: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    unread = [
        Unreadable(each.id, each.name, Problem(kind, "It could not be read."))
        for each, kind in zip(SUBSCRIPTIONS, kinds, strict=False)
    ]

    async def nothing(*_: Any) -> Any:
        return [], unread

    monkeypatch.setattr(search, "search", nothing)
    azure: Any = SimpleNamespace(subscriptions=subscriptions)
    with click.Context(click.Command("verify")), pytest.raises(CommandExit) as ended:
        await find_cluster(azure, "rg-demo", "aks-demo", ())
    assert (ended.value.code, said in str(ended.value)) == (code, True)
