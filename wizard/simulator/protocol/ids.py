"""Resource ids: `/subscriptions/S/resourceGroups/G/providers/NS/TYPE/NAME…`, compared without regard to case."""

import uuid

SUBSCRIPTION_DEPTH, GROUP_DEPTH = 2, 4
API_SERVERS = ".azmk8s.io"
"""The domain of the clusters' API servers."""
_NAMESPACE = uuid.UUID("6f0d0a6c-6a2b-4d5e-9a5c-5a1d5a4f3c11")


def stable_guid(*parts: str) -> str:
    """Return a GUID that is the same for the same parts in every run, so that demos and documents can name it."""
    return str(uuid.uuid5(_NAMESPACE, "/".join(parts).lower()))


def segments(resource_id: str) -> list[str]:
    """Return the parts of the id between its slashes, without empty ones."""
    return [part for part in resource_id.split("/") if part]


def subscription_of(resource_id: str) -> str:
    """Return the subscription id in lower case, or "" for an id of the tenant."""
    parts = segments(resource_id)
    return (
        parts[1].lower() if len(parts) >= SUBSCRIPTION_DEPTH and parts[0].lower() == "subscriptions" else ""
    )


def group_of(resource_id: str) -> str:
    """Return the name of the resource group as written, or "" if the id is not in one."""
    parts = segments(resource_id)
    return parts[3] if len(parts) >= GROUP_DEPTH and parts[2].lower() == "resourcegroups" else ""


def group_id(resource_id: str) -> str:
    """Return the id of the resource group that contains the resource, or "" if there is none."""
    return "/" + "/".join(segments(resource_id)[:GROUP_DEPTH]) if group_of(resource_id) else ""


def name_of(resource_id: str) -> str:
    """Return the last part of the id."""
    return segments(resource_id)[-1]


def type_of(resource_id: str) -> str:
    """Return the resource type, such as `Microsoft.KeyVault/vaults/keys`; groups and subscriptions have Microsoft.Resources types."""
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
    """Return the scope of a request path: the innermost named resource. The scope of a list or an action is its parent.

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
    """Return whether the resource is the scope or is below it."""
    inner, outer = resource_id.lower().rstrip("/"), scope.lower().rstrip("/")
    return inner == outer or inner.startswith(outer + "/")


def kind_of(key: str) -> str:
    """Return the type of the resource with this lower-case id."""
    tail = key.rpartition("/providers/")[2]
    if tail == key:
        return "microsoft.resources/resourcegroups"
    namespace, *rest = tail.split("/")
    return "/".join([namespace, *rest[::2]])
