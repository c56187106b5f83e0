"""The Kubernetes versions to which a managed cluster can be upgraded (`az aks get-upgrades`)."""

from wizard.simulator.arm.provider import Provider
from wizard.simulator.protocol.wire import Answer, Call, Json
from wizard.simulator.providers.container_service import can_upgrade
from wizard.simulator.providers.container_service import provider as cluster_provider
from wizard.simulator.state.cluster_body import TYPE
from wizard.simulator.state.world import World

provider = Provider("Microsoft.ContainerService", cluster_provider.versions)
_ONE = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{TYPE}/{{name}}"


def _profile(world: World, version: str, name: str = "") -> Json:
    upgrades = [
        {"kubernetesVersion": patch} | ({"isPreview": True} if minor.preview else {})
        for minor in world.scenario.kubernetes_versions.values()
        for patch in minor.patches
        if can_upgrade(version, patch)
    ]
    profile: Json = {"kubernetesVersion": version, "osType": "Linux"}
    return profile | ({"name": name} if name else {}) | ({"upgrades": upgrades} if upgrades else {})


@provider.on("GET", f"{_ONE}/upgradeProfiles/default", f"{TYPE}/upgradeProfiles/read")
async def get_upgrade_profile(world: World, call: Call) -> Answer:
    """Return the versions above those of the cluster and its agent pools."""
    cluster = world.get(call.path.rsplit("/", 2)[0])
    properties = cluster.body["properties"]
    return Answer(200, {
        "id": f"{cluster.id}/upgradeprofiles/default",
        "name": "default",
        "type": f"{TYPE}/upgradeprofiles",
        "properties": {
            "controlPlaneProfile": _profile(world, properties["currentKubernetesVersion"]),
            "agentPoolProfiles": [
                _profile(world, pool["currentOrchestratorVersion"], pool["name"]) for pool in properties["agentPoolProfiles"]
            ],
        },
    })  # fmt: skip
