"""The plain facts of Azure Resource Manager's JSON: bodies, and the resource ids inside them."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Json = dict[str, Any]
"""A JSON object as a service sent it. The one place where the outside's shape is taken as it comes."""


def dig(body: Mapping[str, Any] | None, *path: str) -> Any:
    """The value at `path`, or None where any part of the way is missing or is not an object."""
    value: Any = body
    for name in path:
        if not isinstance(value, Mapping):
            return None
        value = value.get(name)
    return value


def moment(seconds: object) -> datetime | None:
    """A moment that Azure writes as seconds since the epoch; None where it is not set, or is none."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def same(one: str | None, other: str | None) -> bool:
    """Whether two ids, names or regions are the same to ARM, which ignores case and a trailing slash."""
    return (one or "").rstrip("/").casefold() == (other or "").rstrip("/").casefold()


def covers(scope: str, other: str) -> bool:
    """Whether what holds on one scope holds on the other as well: the same, or somewhere below."""
    above = scope.rstrip("/").casefold()
    return same(other, scope) or other.casefold().startswith(above + "/")


def same_region(one: str, other: str) -> bool:
    """Whether two region names mean one region: `West Europe` and `westeurope` do."""
    return same(one.replace(" ", ""), other.replace(" ", ""))


@dataclass(frozen=True)
class ResourceId:
    """An ARM resource id, taken apart: /subscriptions/S/resourceGroups/G/providers/NAMESPACE/TYPE/NAME."""

    subscription: str
    resource_group: str
    type: str
    """Namespace and type, such as `Microsoft.KeyVault/vaults`."""
    name: str

    def __str__(self) -> str:
        return (
            f"/subscriptions/{self.subscription}/resourceGroups/{self.resource_group}"
            f"/providers/{self.type}/{self.name}"
        )

    @classmethod
    def parse(cls, text: str) -> "ResourceId":
        """Take apart the id of a top-level resource. Raises ValueError that shows what one looks like."""
        match text.strip("/").split("/"):
            case [subs, s, groups, g, providers, namespace, kind, name] if (
                subs.lower() == "subscriptions"
                and groups.lower() == "resourcegroups"
                and providers.lower() == "providers"
                and all((s, g, namespace, kind, name))
            ):
                return cls(s, g, f"{namespace}/{kind}", name)
        raise ValueError(
            f"{text!r} is not a resource id; one looks like "
            "/subscriptions/…/resourceGroups/…/providers/Microsoft.ContainerService/managedClusters/…"
        )


@dataclass(frozen=True)
class GroupId:
    """A resource group of a subscription."""

    subscription: str
    name: str

    def __str__(self) -> str:
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.name}"

    @property
    def key(self) -> str:
        """Its id in lower case: what is the same to ARM is the same here."""
        return str(self).casefold()


MANAGED_CLUSTER = "Microsoft.ContainerService/managedClusters"
CLUSTER_API = "2026-08-01"
"""The version that azure-mgmt-containerservice 41.8 speaks by itself. `kubernetesResourceObjectEncryptionProfile` is in
the stable versions from 2026-07-01 on (AZURE.md §0 A)."""
KEY_VAULT = "Microsoft.KeyVault/vaults"
USER_ASSIGNED_IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
