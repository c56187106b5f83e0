"""Signs of infrastructure code that owns a cluster, as far as the role Reader shows them
(docs/azure.md#who-owns-a-cluster-and-who-changed-it). Every read here is advisory.

Terraform, OpenTofu and Pulumi leave no trace in Azure, so that nothing was found never means that no code owns the cluster.
"""

import asyncio
import re
from collections.abc import Coroutine, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import quote

from wizard.cloud import reads
from wizard.cloud.arm import MANAGED_CLUSTER, GroupId, Json, ResourceId, dig, same
from wizard.cloud.azure import Azure
from wizard.cloud.error_translation import none_if_missing
from wizard.cloud.paging import every_item, linked
from wizard.cloud.reads import Unknown, advisory
from wizard.system.sanitize import sanitize

_TOOLS = re.compile(
    r"terraform|opentofu|pulumi|bicep|azd-env-name|crossplane|managed[-_ ]?by|provisioner|\biac\b",
    re.IGNORECASE,
)
_CAPZ = "sigs.k8s.io_cluster-api-provider-azure_"
"""How the tags of Cluster API Provider Azure begin (its api/v1beta1/tags.go)."""

_WRITE = f"{MANAGED_CLUSTER}/write"
NEWEST = 100
"""The entries of a deployment history that are read. That the newest come first is UNCONFIRMED."""
_LOOK_BACK = timedelta(days=14)


def capz_tags(cluster: Json | None) -> tuple[str, ...]:
    """Return the tags with which Cluster API Provider Azure (CAPZ) marks a cluster that it owns."""
    return tuple(sanitize(name) for name in _tags(cluster) if name.casefold().startswith(_CAPZ))


def tool_tags(cluster: Json | None) -> tuple[str, ...]:
    """Return the tags that name a tool, `name=value`: a convention, no proof."""
    return tuple(
        sanitize(f"{name}={value}")
        for name, value in _tags(cluster).items()
        if not name.casefold().startswith(_CAPZ) and (_TOOLS.search(name) or _TOOLS.search(str(value)))
    )


def _tags(cluster: Json | None) -> Mapping[str, object]:
    return (cluster or {}).get("tags") or {}


@dataclass(frozen=True)
class Deployment:
    """An entry of a resource group's deployment history. Its parameters are never kept."""

    name: str
    group: str
    """The resource group's name."""
    complete: bool
    """Whether it was deployed in complete mode, which deletes what the template does not name."""
    at: str
    resources: tuple[str, ...]
    """The IDs of the resources that it deployed."""

    def has(self, resource_id: str) -> bool:
        """Return whether it deployed a resource."""
        return any(same(each, resource_id) for each in self.resources)


@dataclass(frozen=True)
class Stack:
    """A deployment stack of a resource group or of a subscription."""

    name: str
    scope: str
    """The name of the resource group, or `the subscription`."""
    denies: bool
    """Whether it denies writes or deletion of its resources to others."""
    deletes: bool
    """Whether it deletes a resource that leaves its template."""
    resources: tuple[str, ...]

    def has(self, *resource_ids: str) -> bool:
        """Return whether it manages one of these resources."""
        return any(same(each, one) for each in self.resources for one in resource_ids)


@dataclass(frozen=True)
class CodeSigns:
    """The deployment histories of some resource groups, and the stacks of these groups and of their subscriptions."""

    deployments: tuple[Deployment, ...] = ()
    stacks: tuple[Stack, ...] = ()
    unread: tuple[Unknown, ...] = ()
    """What could not be read of them."""

    @classmethod
    def of(cls, found: Iterable[tuple[Deployment, ...] | tuple[Stack, ...] | Unknown]) -> "CodeSigns":
        """Return the signs in lists that were read, or could not be read."""
        lists = list(found)
        each = [one for some in lists if not isinstance(some, Unknown) for one in some]
        return cls(
            tuple(one for one in each if isinstance(one, Deployment)),
            tuple(one for one in each if isinstance(one, Stack)),
            tuple(some for some in lists if isinstance(some, Unknown)),
        )

    @property
    def complete(self) -> tuple[Deployment, ...]:
        """The deployments in complete mode, newest first."""
        return tuple(
            sorted((each for each in self.deployments if each.complete), key=lambda d: d.at, reverse=True)
        )


Found = tuple[Deployment, ...] | tuple[Stack, ...] | Unknown
"""What one of the reads of signs returns."""


def sign_reads(azure: Azure, groups: Iterable[GroupId]) -> list[Coroutine[Any, Any, Found]]:
    """Return the reads of the signs in resource groups and their subscriptions, each once. None of them raises."""
    different = {group.key: group for group in groups}.values()
    subscriptions = {group.subscription.casefold(): group.subscription for group in different}.values()
    requests: list[Coroutine[Any, Any, Found]] = [
        read(azure, group) for group in different for read in (deployments, stacks)
    ]
    return requests + [stacks(azure, subscription) for subscription in subscriptions]


async def code_signs(azure: Azure, groups: Iterable[GroupId]) -> CodeSigns:
    """Return the signs of infrastructure code in resource groups and their subscriptions. It never raises."""
    return CodeSigns.of(await asyncio.gather(*sign_reads(azure, groups)))


async def deployments(azure: Azure, group: GroupId) -> tuple[Deployment, ...] | Unknown:
    """Return the newest part of the deployment history of a resource group. Azure keeps 800 entries, each with all its parameters
    and outputs, so that the whole history would be megabytes. A group that does not exist has none."""

    async def read() -> tuple[Deployment, ...]:
        address = f"{group}/providers/Microsoft.Resources/deployments?$top={NEWEST}"
        page = await none_if_missing(azure.get(address, "2021-04-01"))
        return tuple(_deployment(group, one) for one in page["value"]) if page else ()

    return await advisory(reads.DEPLOYMENTS, read(), azure.timeouts)


def _deployment(group: GroupId, body: Json) -> Deployment:
    resources = dig(body, "properties", "outputResources") or ()
    return Deployment(
        sanitize(str(body.get("name", ""))),
        group.name,
        same(str(dig(body, "properties", "mode") or ""), "Complete"),
        sanitize(str(dig(body, "properties", "timestamp") or "")),
        tuple(str(each.get("id", "")) for each in resources),
    )


async def stacks(azure: Azure, where: GroupId | str) -> tuple[Stack, ...] | Unknown:
    """Return the deployment stacks of a resource group, or of a subscription by its ID; none of a group that does not exist."""
    scope = f"/subscriptions/{where}" if isinstance(where, str) else str(where)
    name = "the subscription" if isinstance(where, str) else where.name

    async def read() -> tuple[Stack, ...]:
        address = f"{scope}/providers/Microsoft.Resources/deploymentStacks"
        found = await none_if_missing(every_item(linked(azure.get, address, "2024-03-01")))
        return tuple(_stack(name, one) for one in found or ())

    return await advisory(reads.STACKS, read(), azure.timeouts)


def _stack(scope: str, body: Json) -> Stack:
    properties = body.get("properties") or {}
    mode = str(dig(properties, "denySettings", "mode") or "none")
    return Stack(
        sanitize(str(body.get("name", ""))),
        scope,
        not same(mode, "none"),
        same(str(dig(properties, "actionOnUnmanage", "resources") or ""), "delete"),
        tuple(str(each.get("id", "")) for each in properties.get("resources") or ()),
    )


@dataclass(frozen=True)
class LastWrite:
    """The last write of a cluster in the Activity Log."""

    caller: str
    """The name of a user, or the object ID of an application."""
    by_application: bool
    at: str


async def last_write(azure: Azure, cluster_id: str) -> LastWrite | Unknown | None:
    """Return who wrote a cluster last, from the Activity Log of its subscription; None if there was no write in 14 days.

    The log keeps 90 days. `systemData`, which would say the same, is null in the answers of AKS.
    """

    async def read() -> LastWrite | None:
        since = f"{datetime.now(UTC) - _LOOK_BACK:%Y-%m-%dT%H:%M:%SZ}"
        wanted = quote(f"eventTimestamp ge '{since}' and resourceUri eq '{cluster_id}'")
        subscription = ResourceId.parse(cluster_id).subscription
        log = f"/subscriptions/{subscription}/providers/Microsoft.Insights/eventtypes/management/values"
        events = await every_item(linked(azure.get, f"{log}?$filter={wanted}", "2015-04-01"))
        writes = [
            one
            for one in events
            if same(str(dig(one, "operationName", "value")), _WRITE)
            and str(dig(one, "status", "value")).casefold() in {"accepted", "succeeded"}
        ]
        if not writes:
            return None
        last = max(writes, key=lambda one: str(one["eventTimestamp"]))
        caller = sanitize(str(last.get("caller") or ""))
        is_user = "@" in caller or same(str(dig(last, "claims", "idtyp") or ""), "user")
        return LastWrite(caller, not is_user, sanitize(str(last["eventTimestamp"])))

    return await advisory(reads.ACTIVITY_LOG, read(), azure.timeouts)
