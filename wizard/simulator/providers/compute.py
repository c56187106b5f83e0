"""The VM sizes and vCPU quotas that Microsoft.Compute shows (docs/azure.md#vm-sizes-and-quotas)."""

import re

from wizard.simulator.arm.locations import check_location
from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.resource_manager import listing
from wizard.simulator.protocol.odata import filter_terms
from wizard.simulator.protocol.wire import Answer, Call, Json
from wizard.simulator.providers import vm_sizes
from wizard.simulator.providers.vm_sizes import TOTAL, VmSize
from wizard.simulator.state.world import World

provider = Provider(
    "Microsoft.Compute",
    ("2019-04-01", "2021-07-01", "2022-03-01", "2023-03-01", "2024-03-01", "2024-07-01", "2024-11-01", "2025-04-01"),
    types=("virtualMachines", "virtualMachineScaleSets", "disks", "skus", "locations/usages", "locations/vmSizes"),
    unlisted=("skus",),
)  # fmt: skip
_PLACE = "/subscriptions/{subscription}/providers/Microsoft.Compute/locations/{location}"


def _sku(size: VmSize, region: str, *, restricted: bool) -> Json:
    """Return a size in one region, as the list has it: one entry for each region."""
    capabilities = {"vCPUs": size.vcpus, "MemoryGB": f"{size.memory:g}", "vCPUsAvailable": size.vcpus}
    restrictions = {
        "type": "Location",
        "values": [region],
        "restrictionInfo": {"locations": [region]},
        "reasonCode": "NotAvailableForSubscription",
    }
    return {
        "resourceType": "virtualMachines",
        "name": size.name,
        "tier": "Standard",
        "size": size.name.partition("_")[2],
        "family": size.family,
        "locations": [region],
        "locationInfo": [{"location": region, "zones": ["1", "2", "3"], "zoneDetails": []}],
        "capabilities": [{"name": name, "value": str(value)} for name, value in capabilities.items()],
        "restrictions": [restrictions] if restricted else [],
    }


@provider.on(
    "GET",
    "/subscriptions/{subscription}/providers/Microsoft.Compute/skus",
    "Microsoft.Compute/skus/read",
    query=("$filter", "includeextendedlocations"),
)
async def list_skus(world: World, call: Call) -> Answer:
    """List the VM sizes, optionally of one region (`location eq 'westus2'`)."""
    only = filter_terms(call, "location").get("location", "").lower()
    shown = []
    for size in vm_sizes.sizes(world).values():
        offered, restricted = vm_sizes.regions_of(world, size)
        shown += [
            _sku(size, region, restricted=region in restricted)
            for region in offered
            if only in {"", region.lower()}
        ]
    return listing(shown)


def _localized(quota: str) -> str:
    if quota == TOTAL:
        return "Total Regional vCPUs"
    return re.sub(r"^standard(.*)Family$", r"Standard \1 Family vCPUs", quota, flags=re.IGNORECASE)


@provider.on("GET", f"{_PLACE}/usages", "Microsoft.Compute/locations/usages/read")
async def list_usages(world: World, call: Call) -> Answer:
    """List the vCPU quotas of a region, in total and by family, and how much of each is used."""
    region = check_location(world, call.names["location"], "Microsoft.Compute/locations/usages")
    used = vm_sizes.usage(world, call.names["subscription"].lower(), region)
    families = sorted({size.family for size in vm_sizes.sizes(world).values()}, key=str.lower)
    return listing([
        {
            "limit": vm_sizes.limit(world, region, quota), "unit": "Count", "currentValue": used[quota],
            "name": {"value": quota, "localizedValue": _localized(quota)},
        }
        for quota in (TOTAL, *families)
    ])  # fmt: skip
