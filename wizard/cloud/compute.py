"""The VM size of a new cluster's nodes, and the vCPUs that the subscription has left: docs/azure.md#vm-sizes-and-quotas."""

import difflib
import urllib.parse
from dataclasses import dataclass

from wizard.cloud import reads
from wizard.cloud.arm import Json, dig, same
from wizard.cloud.azure import Azure
from wizard.cloud.paging import items, linked
from wizard.cloud.reads import Unknown, advisory
from wizard.system.sanitize import sanitize

_API = "2021-07-01"
_PROVIDER = "/providers/Microsoft.Compute"
ALL_VCPUS = "cores"
"""The name of the quota of all vCPUs in a region."""


@dataclass(frozen=True)
class NodeSize:
    """A VM size in a region."""

    name: str
    available: bool
    """Whether the region offers it to the subscription."""
    family: str = ""
    """The name of the quota that counts its vCPUs; empty if it is unknown."""
    vcpus: int = 0
    """The vCPUs of one node; 0 if unknown."""
    similar: tuple[str, ...] = ()
    """Available sizes with a similar name; empty if it is available."""


@dataclass(frozen=True)
class Vcpus:
    """A quota of vCPUs in a region, and how much of it is used."""

    limit: int
    used: int


async def node_size(azure: Azure, subscription: str, location: str, name: str) -> NodeSize | Unknown:
    """Return whether a region offers a VM size to a subscription."""

    async def read() -> NodeSize:
        where = urllib.parse.quote(f"location eq '{location}'")
        sizes = [
            row
            async for row in items(
                linked(
                    azure.get,
                    f"/subscriptions/{subscription}{_PROVIDER}/skus?api-version={_API}&$filter={where}",
                )
            )
            if same(row.get("resourceType"), "virtualMachines")
        ]
        if not sizes:
            raise ValueError("no VM sizes")
        usable = {sanitize(str(row.get("name"))): row for row in sizes if not _restricted(row)}
        row = next((row for each, row in usable.items() if same(each, name)), None)
        if row is None:
            similar = difflib.get_close_matches(name, sorted(usable), n=3, cutoff=0.5)
            return NodeSize(name, available=False, similar=tuple(similar))
        vcpus = next(
            (each.get("value") for each in row.get("capabilities") or () if same(each.get("name"), "vCPUs")),
            0,
        )
        return NodeSize(name, True, sanitize(str(row.get("family") or "")), int(vcpus or 0))

    return await advisory(reads.VM_SIZES, read(), azure.timeouts)


async def vcpus(azure: Azure, subscription: str, location: str) -> dict[str, Vcpus] | Unknown:
    """Return the quotas of vCPUs in a region, by name in lower case."""

    async def read() -> dict[str, Vcpus]:
        path = f"/subscriptions/{subscription}{_PROVIDER}/locations/{location}/usages"
        return {
            str(dig(row, "name", "value")).casefold(): Vcpus(int(row["limit"]), int(row["currentValue"]))
            async for row in items(linked(azure.get, path, _API))
        }

    return await advisory(reads.VCPU_QUOTAS, read(), azure.timeouts)


def _restricted(row: Json) -> bool:
    """Return whether the subscription may not use a size in the whole region, rather than in single zones."""
    return any(same(each.get("type"), "Location") for each in row.get("restrictions") or ())
