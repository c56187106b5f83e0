"""Resource ids: `/subscriptions/S/resourceGroups/G/providers/NS/TYPE/NAME…`, compared without regard to case."""

import uuid

SUBSCRIPTION_DEPTH, GROUP_DEPTH = 2, 4
API_SERVERS = ".azmk8s.io"
"""What the host names of the clusters' API servers end with."""
_NAMESPACE = uuid.UUID("6f0d0a6c-6a2b-4d5e-9a5c-5a1d5a4f3c11")


def stable_guid(*parts: str) -> str:
    """The same GUID for the same parts in every run, so that demos and documents can name it."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(parts).lower()))


def segments(resource_id: str) -> list[str]:
    """The id cut at its slashes, without empty parts."""
    return [part for part in resource_id.split("/") if part]


def subscription_of(resource_id: str) -> str:
    """The subscription id in lower case, or "" where the id is of the tenant."""
    parts = segments(resource_id)
    return (
        parts[1].lower() if len(parts) >= SUBSCRIPTION_DEPTH and parts[0].lower() == "subscriptions" else ""
    )


def group_of(resource_id: str) -> str:
    """The resource group's name as written, or "" where the id is outside of any."""
    parts = segments(resource_id)
    return parts[3] if len(parts) >= GROUP_DEPTH and parts[2].lower() == "resourcegroups" else ""


def group_id(resource_id: str) -> str:
    """The id of the resource group that the resource is in ("" where it is in none)."""
    return "/" + "/".join(segments(resource_id)[:GROUP_DEPTH]) if group_of(resource_id) else ""


def name_of(resource_id: str) -> str:
    """The last part of the id."""
    return segments(resource_id)[-1]


def type_of(resource_id: str) -> str:
    """`Microsoft.KeyVault/vaults/keys` for a key's id; groups and subscriptions have Microsoft.Resources types."""
    parts = segments(resource_id)
    lowered = [part.lower() for part in parts]
    if "providers" in lowered:
        at = len(lowered) - 1 - lowered[::-1].index("providers")
        return "/".join([parts[at + 1], *parts[at + 2 :: 2]])
    return (
        "Microsoft.Resources/resourceGroups"
        if len(parts) == GROUP_DEPTH
        else "Microsoft.Resources/subscriptions"
    )


def scope_of(path: str) -> str:
    """The scope that a request path acts on: the innermost named thing; a list or an action acts on what holds it.

    >>> scope_of("/subscriptions/S/resourceGroups/G/providers/Microsoft.KeyVault/vaults")
    '/subscriptions/S/resourceGroups/G'
    """
    parts = segments(path)
    lowered = [part.lower() for part in parts]
    if "providers" not in lowered:
        return "/" + "/".join(parts[: len(parts) // 2 * 2])
    at = len(lowered) - 1 - lowered[::-1].index("providers")
    tail = len(parts) - at - 2
    keep = at + 2 + tail // 2 * 2
    return "/" + "/".join(parts[: keep if keep > at + 2 else at])


def within(resource_id: str, scope: str) -> bool:
    """Whether the resource is the scope or lies below it."""
    inner, outer = resource_id.lower().rstrip("/"), scope.lower().rstrip("/")
    return inner == outer or inner.startswith(outer + "/")


def kind_of(key: str) -> str:
    """The type of the resource of a (lower-case) id."""
    tail = key.rpartition("/providers/")[2]
    if tail == key:
        return "microsoft.resources/resourcegroups"
    namespace, *rest = tail.split("/")
    return "/".join([namespace, *rest[::2]])
