"""The settings of a cluster besides its encryption and identity, and which of them differ between two bodies. Pure."""

import json
import re
from collections.abc import Iterator
from typing import Any

from wizard.cloud.arm import Json

_OURS = (
    "identity",
    "properties.securityProfile.azureKeyVaultKms",
    "properties.securityProfile.kubernetesResourceObjectEncryptionProfile",
)
"""What the update changes."""
_KEPT_CHANGING = (
    "etag",
    "systemData",
    "properties.etag",
    "properties.provisioningState",
    "properties.powerState",
    "properties.currentKubernetesVersion",
    "properties.resourceUID",
    "properties.status",
    "properties.networkProfile.loadBalancerProfile.effectiveOutboundIPs",
    "properties.networkProfile.natGatewayProfile.effectiveOutboundIPs",
    "properties.podIdentityProfile.userAssignedIdentities[].provisioningInfo",
    "properties.podIdentityProfile.userAssignedIdentities[].provisioningState",
    "properties.addonProfiles.*.identity",
    "properties.ingressProfile.webAppRouting.identity",
    "properties.agentPoolProfiles[].etag",
    "properties.agentPoolProfiles[].count",
    "properties.agentPoolProfiles[].currentOrchestratorVersion",
    "properties.agentPoolProfiles[].localDNSProfile.state",
    "properties.agentPoolProfiles[].nodeImageVersion",
    "properties.agentPoolProfiles[].powerState",
    "properties.agentPoolProfiles[].provisioningState",
    "properties.agentPoolProfiles[].status",
    "properties.agentPoolProfiles[].virtualMachineNodesStatus",
)
"""What Azure itself keeps changing, such as the count of a pool with an autoscaler; `[]` is any entry of a list, `*` of a map."""
_LEFT_OUT = re.compile(
    "|".join(
        re.escape(path).replace(re.escape("[]"), r"\[[^\]]*\]").replace(re.escape("*"), r"[^.]+")
        for path in _OURS + _KEPT_CHANGING
    ),
    re.IGNORECASE,
)


def compared(before: Json, after: Json) -> tuple[int, tuple[str, ...]]:
    """Return how many settings besides encryption and identity were compared, and the paths of those that differ.

    As in Azure, names of properties and resource ids are compared without regard to case, lists of plain values without
    regard to order, and lists of objects (such as node pools) by name. A null is no setting.
    """
    old, new = _by_path(before), _by_path(after)
    paths = [old.get(path) or new[path] for path in old.keys() | new.keys()]
    differing = {
        shown for shown, _ in paths if _value(old, shown.casefold()) != _value(new, shown.casefold())
    }
    return len(old), tuple(sorted(differing))


def _by_path(body: Json) -> dict[str, tuple[str, Any]]:
    """Return each setting, with its path as Azure writes it, by its path in lower case."""
    return {path.casefold(): (path, value) for path, value in _settings(body, "")}


def _value(settings: dict[str, tuple[str, Any]], path: str) -> Any:
    return settings.get(path, ("", None))[1]


def _settings(value: Any, path: str) -> Iterator[tuple[str, Any]]:
    """Yield every setting of a body, with its path."""
    if value is None or _LEFT_OUT.fullmatch(path):
        return
    if isinstance(value, dict):
        for name, inner in value.items():
            yield from _settings(inner, f"{path}.{name}" if path else name)
    elif isinstance(value, list) and any(isinstance(entry, dict | list) for entry in value):
        for name, entry in _named(value):
            yield from _settings(entry, f"{path}[{name}]")
    elif isinstance(value, list):
        if value:
            yield path, sorted({json.dumps(_plain(entry)) for entry in value})
    else:
        yield path, _plain(value)


def _plain(value: Any) -> Any:
    is_id = isinstance(value, str) and value.casefold().startswith("/subscriptions/")
    return value.casefold().rstrip("/") if is_id else value


def _named(entries: list[Any]) -> list[tuple[str, Any]]:
    """Return the entries of a list, each with its unique name or id; otherwise with its number in an order of their own."""
    for key in ("name", "id"):
        names = [str(entry[key]) for entry in entries if isinstance(entry, dict) and entry.get(key)]
        if len({name.casefold() for name in names}) == len(entries):
            return list(zip(names, entries, strict=True))
    ordered = sorted(entries, key=lambda entry: json.dumps(entry, sort_keys=True, default=str))
    return [(str(number), entry) for number, entry in enumerate(ordered)]
