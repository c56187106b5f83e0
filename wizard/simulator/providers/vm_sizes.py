"""The VM sizes of the simulated cloud, their quotas in vCPUs, and AKS's checks of both (docs/azure.md#vm-sizes-and-quotas)."""

from collections import Counter
from dataclasses import dataclass
from functools import cache

from wizard.simulator.protocol.ids import subscription_of
from wizard.simulator.protocol.wire import FlatRefusal, Json
from wizard.simulator.state.cluster_body import DEFAULT_VM_SIZE, TYPE
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World

TOTAL = "cores"
"""The name of the quota of all vCPUs in a region."""
_SERIES = (
    # The part before and after the number of vCPUs, the family, GB of memory for each vCPU, and the numbers of vCPUs.
    ("B", "ms", "standardBSFamily", 4.0, (2, 4, 8, 16)),
    ("B", "s", "standardBSFamily", 2.0, (2,)),
    ("B", "s_v2", "standardBsv2Family", 4.0, (2, 4, 8, 16, 32)),
    ("B", "as_v2", "standardBasv2Family", 4.0, (2, 4, 8, 16, 32)),
    ("D", "s_v3", "standardDSv3Family", 4.0, (2, 4, 8, 16, 32, 48, 64)),
    ("D", "ds_v4", "standardDDSv4Family", 4.0, (2, 4, 8, 16, 32, 48, 64)),
    ("D", "s_v5", "standardDSv5Family", 4.0, (2, 4, 8, 16, 32, 48, 64, 96)),
    ("D", "ds_v5", "standardDDSv5Family", 4.0, (2, 4, 8, 16, 32, 48, 64, 96)),
    ("D", "as_v5", "standardDASv5Family", 4.0, (2, 4, 8, 16, 32, 48, 64, 96)),
    ("D", "ads_v5", "standardDADSv5Family", 4.0, (2, 4, 8, 16, 32, 48, 64, 96)),
    ("D", "lds_v5", "standardDLDSv5Family", 2.0, (2, 4, 8, 16, 32, 48, 64, 96)),
    ("D", "ps_v5", "standardDPSv5Family", 4.0, (2, 4, 8, 16, 32, 48, 64)),
    ("D", "s_v6", "StandardDsv6Family", 4.0, (2, 4, 8, 16, 32, 48, 64, 96)),
    ("D", "ds_v6", "StandardDdsv6Family", 4.0, (2, 4, 8, 16, 32, 48, 64, 96)),
    ("E", "s_v5", "standardESv5Family", 8.0, (2, 4, 8, 16, 32, 48, 64, 96)),
    ("E", "ds_v5", "standardEDSv5Family", 8.0, (2, 4, 8, 16, 32, 48, 64, 96)),
    ("E", "as_v5", "standardEASv5Family", 8.0, (2, 4, 8, 16, 32, 48, 64, 96)),
    ("F", "s_v2", "standardFSv2Family", 2.0, (2, 4, 8, 16, 32, 48, 64, 72)),
)


@dataclass(frozen=True, slots=True)
class VmSize:
    """A VM size: its name, family, number of vCPUs and memory in GB."""

    name: str
    family: str
    vcpus: int
    memory: float


@cache
def _built_in() -> tuple[VmSize, ...]:
    older = [
        VmSize(f"Standard_D{'S' if premium else ''}{number}_v2", f"standardD{'S' if premium else ''}v2Family", vcpus, vcpus * 3.5)
        for premium in (True, False)
        for number, vcpus in ((2, 2), (3, 4), (4, 8), (5, 16))
    ]  # fmt: skip
    return (
        *(
            VmSize(f"Standard_{letter}{vcpus}{rest}", family, vcpus, vcpus * memory)
            for letter, rest, family, memory, numbers in _SERIES
            for vcpus in numbers
        ),
        *older,
    )


def sizes(world: World) -> dict[str, VmSize]:
    """Return the VM sizes, by name in lower case: the built-in ones and those of the scenario."""
    every = {each.name.lower(): each for each in _built_in()}
    for name, given in world.scenario.vm_sizes.items():
        if given.vcpus:
            every[name.lower()] = VmSize(name, given.family, given.vcpus, given.memory)
    return every


def regions_of(world: World, size: VmSize) -> tuple[list[str], list[str]]:
    """Return the regions that have a size, and those of them in which the subscription may not use it."""
    given = {name.lower(): each for name, each in world.scenario.vm_sizes.items()}.get(size.name.lower())
    absent, restricted = (given.not_offered, given.restricted) if given else ([], [])
    offered = [region for region in world.scenario.locations if region not in absent]
    return offered, [region for region in offered if region in restricted]


def available(world: World, size: VmSize, region: str) -> bool:
    """Return whether a subscription can use a size in a region."""
    offered, restricted = regions_of(world, size)
    return region in offered and region not in restricted


def limit(world: World, region: str, quota: str) -> int:
    """Return the limit of a quota in a region: of a family, or of all vCPUs."""
    quotas = world.scenario.quotas
    given = {name.lower(): most for name, most in quotas.vcpus.get(region, {}).items()}
    return given.get(quota.lower(), quotas.vcpus_per_region)


def _vcpus(world: World, properties: Json) -> Counter[str]:
    """Return the vCPUs of the pools of a cluster, by family and in total; those of unknown sizes are not counted."""
    known, used = sizes(world), Counter[str]()
    for pool in properties.get("agentPoolProfiles") or []:
        size = known.get(str(pool.get("vmSize") or DEFAULT_VM_SIZE).lower())
        if size is not None:
            used[size.family] += size.vcpus * int(pool.get("count") or 0)
    used[TOTAL] = used.total()
    return used


def usage(world: World, subscription: str, region: str) -> Counter[str]:
    """Return the vCPUs that the clusters of a subscription use in a region, by family and in total. Stopped ones use none."""
    used = Counter[str]()
    for cluster in world.of_type(TYPE, f"/subscriptions/{subscription}"):
        properties = cluster.body["properties"]
        if cluster.body["location"] == region and properties["powerState"]["code"] == "Running":
            used += _vcpus(world, properties)
    return used


def check(world: World, cluster_id: str, region: str, properties: Json, before: Resource | None) -> None:
    """Raise AKS's 400 for a new pool with a VM size that the subscription cannot use, and for too many vCPUs."""
    old: Json = before.body["properties"] if before else {}
    held = {pool["name"]: str(pool.get("vmSize")).lower() for pool in old.get("agentPoolProfiles") or []}
    for pool in properties["agentPoolProfiles"]:
        name = str(pool.get("vmSize") or DEFAULT_VM_SIZE)
        size = sizes(world).get(name.lower())
        if held.get(pool["name"]) != name.lower() and (size is None or not available(world, size, region)):
            raise FlatRefusal(
                400,
                "BadRequest",
                f"The VM size of {name} is not allowed in your subscription in location '{region}'. The available VM sizes are "
                f"'{','.join(sorted(each for each, size in sizes(world).items() if available(world, size, region)))}'. "
                "For more details, please visit https://aka.ms/aks/quotas-skus-regions",
            )
    more = _vcpus(world, properties)
    more.subtract(_vcpus(world, old))
    wanted = {quota: number for quota, number in more.items() if number > 0}
    used = usage(world, subscription_of(cluster_id), region) if wanted else Counter[str]()
    for quota, number in wanted.items():
        left = max(0, limit(world, region, quota) - used[quota])
        if number > left:
            what = (
                f"Insufficient regional vcpu quota left for location {region}. left regional vcpu quota {left}, requested quota {number}."
                if quota == TOTAL
                else f"Insufficient vcpu quota requested {number}, remaining {left} for family {quota} for region {region}."
            )
            raise FlatRefusal(
                400,
                "ErrCode_InsufficientVCPUQuota",
                f"{what} If you want to increase the quota, please follow this instruction: https://learn.microsoft.com/en-us/azure/quotas/view-quotas. "
                "Surge nodes would also consume vcpu quota, please consider use smaller maxSurge or use maxUnavailable to proceed upgrade without surge "
                "nodes, details: aka.ms/aks/maxUnavailable.",
            )
