"""The existing vaults, keys and identities that the form offers, and why it does not offer others."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from screens.widgets.picker import Row
from wizard.cloud.arm import same, same_region
from wizard.cloud.inventory import IdentityRow, KeyRow, VaultRow, regions, resource_groups
from wizard.errors import AzureError, Problem
from wizard.rules import Finding
from wizard.rules.key import unfit as key_unfit
from wizard.rules.vault import unfit as vault_unfit
from wizard.state.key import KeyState
from wizard.state.vault import VaultState

if TYPE_CHECKING:
    from screens.session.draft import Draft
    from screens.session.session import Session
    from wizard.cloud.azure import Azure, Subscription

Listed = TypeVar("Listed", VaultRow, IdentityRow)

_AT_ONCE = 8
"""Subscriptions that are read at the same time."""
_NAMED = 3
"""For how many of those that are not offered the reason is shown."""


async def groups_of(session: "Session") -> list[Row]:
    """Return the resource groups of the cluster's subscription, to choose from. Raise AzureError."""
    own = session.draft.subscription
    found = await resource_groups(session.azure, own.id) if own else []
    return [Row(name, (name, region)) for name, region in found]


async def regions_of(session: "Session") -> list[Row]:
    """Return the regions of the cluster's subscription, to choose from. Raise AzureError."""
    own = session.draft.subscription
    found = await regions(session.azure, own.id) if own else {}
    return [Row(name, (name, display)) for name, display in found.items()]


async def everywhere(
    azure: "Azure",
    subscriptions: "Iterable[Subscription]",
    read: "Callable[[Azure, str], Awaitable[list[Listed]]]",
) -> tuple[list[Listed], list[Problem]]:
    """Return the rows of all these subscriptions, and the problems of those that could not be read."""
    gate = asyncio.Semaphore(_AT_ONCE)

    async def one(subscription: str) -> list[Listed] | Problem:
        async with gate:
            try:
                return await read(azure, subscription)
            except AzureError as error:
                return error.problem

    rows: list[Listed] = []
    problems = []
    for result in await asyncio.gather(*(one(s.id) for s in subscriptions)):
        if isinstance(result, Problem):
            problems.append(result)
        else:
            rows += result
    return rows, problems


def nearest_first(draft: "Draft", rows: Iterable[Listed]) -> list[Listed]:
    """Return the rows sorted: the subscription of the cluster first, in it its resource group, then its region."""
    own = draft.subscription.id if draft.subscription else ""
    return sorted(
        rows,
        key=lambda row: (
            not same(row.subscription, own),
            not same(row.resource_group, draft.resource_group),
            not same_region(row.location, draft.location),
            row.subscription,
        ),
    )


def offers_of_vaults(
    rows: Sequence[VaultRow], tenant: str, draft: "Draft", subscriptions: "Iterable[Subscription]"
) -> tuple[list[VaultRow], str, list[Row]]:
    """Return the vaults that the cluster can use, nearest first; why the others are not offered; and an option for each.

    It and `offers_of_identities` are called in a thread: a frame would wait 50 ms for five thousand.
    """
    usable, left_out = usable_vaults(rows, tenant)
    usable = nearest_first(draft, usable)
    return usable, left_out, _offers(usable, draft, subscriptions)


def offers_of_identities(
    rows: Sequence[IdentityRow], draft: "Draft", subscriptions: "Iterable[Subscription]"
) -> tuple[list[IdentityRow], list[Row]]:
    """Return the identities, nearest first, and an option for each."""
    sorted_ = nearest_first(draft, rows)
    return sorted_, _offers(sorted_, draft, subscriptions)


def _offers(rows: Sequence[Listed], draft: "Draft", subscriptions: "Iterable[Subscription]") -> list[Row]:
    """Return options: name, resource group, region and subscription. The form shows the subscription only if it is not that of
    the cluster.
    """
    ids = {row.subscription for row in rows}
    names = {id_: next((s.name for s in subscriptions if same(s.id, id_)), id_) for id_ in ids}
    own = {id_ for id_ in ids if draft.subscription is None or same(id_, draft.subscription.id)}
    offers = []
    for row in rows:
        cells = (row.name, row.resource_group, row.location, names[row.subscription])
        offers.append(Row(row.id, cells, " · ".join(cells[:3] if row.subscription in own else cells)))
    return offers


def offer_of_key(row: KeyRow) -> Row:
    """Return an option: name and type."""
    return Row(row.name, (row.name, f"{row.type} {row.size or ''}".rstrip()))


def usable_vaults(rows: Sequence[VaultRow], tenant: str) -> tuple[list[VaultRow], str]:
    """Return the vaults that a cluster can use, and why the others are not offered."""
    judged = [(row, list(vault_unfit(row.name, VaultState(row.body), tenant))) for row in rows]
    return [row for row, found in judged if not found], _left_out([found for _, found in judged])


def usable_keys(vault: VaultRow, rows: Sequence[KeyRow]) -> tuple[list[KeyRow], str]:
    """Return the keys that AKS can use, and why the others are not offered."""
    judged = [
        (row, list(key_unfit(vault.name, row.name, KeyState(row.body), vault.subscription))) for row in rows
    ]
    return [row for row, found in judged if not found], _left_out([found for _, found in judged])


def _left_out(found: Sequence[Sequence[Finding]]) -> str:
    """Return why some are not offered, in the words of the preflight checks; empty if all are offered."""
    reasons = [f"{one[0].message} {one[0].remedy}".strip() for one in found if one]
    if not reasons:
        return ""
    rest = f" And {len(reasons) - _NAMED} more." if len(reasons) > _NAMED else ""
    return f"not offered: {' '.join(reasons[:_NAMED])}{rest}"
