"""Azure Resource Manager's JSON: bodies, and the resource IDs in them."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import lru_cache
from typing import Any

Json = dict[str, Any]
"""A JSON object as a service sent it."""


def dig(body: Mapping[str, Any] | None, *path: str) -> Any:
    """Return the value at `path`, or None if a part of the path is missing or is not an object."""
    value: Any = body
    for name in path:
        if type(value) is not dict and not isinstance(
            value, Mapping
        ):  # the first is the common case, and quick
            return None
        value = value.get(name)
    return value


def moment(seconds: object) -> datetime | None:
    """Return a time that Azure writes as seconds since the epoch; None if it is not set or not valid."""
    if isinstance(seconds, bool) or not isinstance(seconds, int | float):
        return None
    try:
        return datetime.fromtimestamp(seconds, UTC)
    except (OverflowError, OSError, ValueError):
        return None


def same(one: str | None, other: str | None) -> bool:
    """Return whether two IDs, names or regions are the same to ARM, which ignores case and a trailing slash."""
    if one == other:
        return True
    return (one or "").rstrip("/").casefold() == (other or "").rstrip("/").casefold()


def documented_spelling(word: object, words: Collection[str]) -> str:
    """Return a word of Azure's, one of the documented `words` in their spelling, and any other as it is; empty for None.

    To Azure, letter case is insignificant in the values of an enumeration (docs/azure.md#letter-case-and-null).
    """
    text = str(word or "")
    return next((each for each in words if each.casefold() == text.casefold()), text)


def canonical(value: Any) -> Any:
    """Return a value of a body in the form in which it is compared: letter case, null and what is empty say nothing to Azure
    (docs/azure.md#letter-case-and-null)."""
    match value:
        case str():
            return value.casefold().rstrip("/")
        case Mapping():
            inner = {str(name).casefold(): canonical(each) for name, each in value.items()}
            return {name: each for name, each in inner.items() if each not in (None, {}, [])}
        case list() | tuple():
            return [canonical(each) for each in value]
    return value


def host_of(uri: str) -> str:
    """Return the host of `https://HOST/…`, in lower case."""
    return uri.rpartition("://")[2].partition("/")[0].casefold()


def covers(scope: str, other: str) -> bool:
    """Return whether `other` is the scope itself or below it."""
    above = scope.rstrip("/").casefold()
    return same(other, scope) or other.casefold().startswith(above + "/")


def same_region(one: str, other: str) -> bool:
    """Return whether two names mean the same region, such as `West Europe` and `westeurope`."""
    return same(one.replace(" ", ""), other.replace(" ", ""))


@dataclass(frozen=True)
class ResourceId:
    """The parts of a resource ID: /subscriptions/S/resourceGroups/G/providers/NAMESPACE/TYPE/NAME."""

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
    @lru_cache(1024)  # the checks on one cluster parse its ID ten times
    def parse(cls, text: str) -> "ResourceId":
        """Return the parts of the ID of a top-level resource. Raise ValueError with an example if it is not one."""
        match text.strip("/").split("/"):
            case [subs, s, groups, g, providers, namespace, kind, name] if (
                subs.lower() == "subscriptions"
                and groups.lower() == "resourcegroups"
                and providers.lower() == "providers"
                and all((s, g, namespace, kind, name))
            ):
                return cls(s, g, f"{namespace}/{kind}", name)
        raise ValueError(
            f"{text!r} is not a resource ID, for example "
            "/subscriptions/…/resourceGroups/…/providers/Microsoft.ContainerService/managedClusters/…"
        )


@dataclass(frozen=True)
class GroupId:
    """The ID of a resource group."""

    subscription: str
    name: str

    def __str__(self) -> str:
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.name}"

    @property
    def key(self) -> str:
        """The ID in lower case, to compare it as ARM does."""
        return str(self).casefold()


MANAGED_CLUSTER = "Microsoft.ContainerService/managedClusters"
CLUSTER_API = "2026-08-01"
"""The default version of azure-mgmt-containerservice 41.8. `kubernetesResourceObjectEncryptionProfile` is in
the stable versions from 2026-07-01 on (docs/azure.md#api-versions-that-show-the-encryption)."""
RESOURCES_API, SUBSCRIPTIONS_API = "2025-04-01", "2022-12-01"
"""The default versions of azure-mgmt-resource 26, for resource groups and providers, and for subscriptions."""
KEY_VAULT = "Microsoft.KeyVault/vaults"
USER_ASSIGNED_IDENTITY = "Microsoft.ManagedIdentity/userAssignedIdentities"
