"""The credentials of a managed cluster: kubeconfig files for kubectl."""

import base64

from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.tokens import AKS_SERVER_APPLICATION
from wizard.simulator.protocol import certificates
from wizard.simulator.protocol.ids import group_of, name_of
from wizard.simulator.protocol.wire import Answer, Call, Refusal
from wizard.simulator.providers import container_service
from wizard.simulator.state.cluster_body import TYPE, canonical_id
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World

_ONE = f"/subscriptions/{{subscription}}/resourceGroups/{{group}}/providers/{TYPE}/{{name}}"
_CLIENT_APPLICATION = "80faf920-1908-4b52-b5ef-a8e7bedfc67a"

provider = Provider("Microsoft.ContainerService", container_service.provider.versions)


@provider.on("POST", f"{_ONE}/listClusterUserCredential", f"{TYPE}/listClusterUserCredential/action")
async def list_user(world: World, call: Call) -> Answer:
    """Return the kubeconfig of the cluster's users. It uses kubelogin if the cluster has Entra integration."""
    return _listed(world, call, "clusterUser")


@provider.on("POST", f"{_ONE}/listClusterAdminCredential", f"{TYPE}/listClusterAdminCredential/action")
async def list_admin(world: World, call: Call) -> Answer:
    """Return the kubeconfig of the local administrator."""
    return _listed(world, call, "clusterAdmin")


def _listed(world: World, call: Call, role: str) -> Answer:
    cluster_id = canonical_id(call.names["subscription"], call.names["group"], call.names["name"])
    text = _kubeconfig(world, world.get(cluster_id), role)
    return Answer(200, {"kubeconfigs": [{"name": role, "value": base64.b64encode(text.encode()).decode()}]})


def _kubeconfig(world: World, cluster: Resource, role: str) -> str:
    """Return a kubeconfig as AKS writes it, except that the API server is reached through the simulator's proxy.

    Raise Refusal if local accounts are disabled.
    """
    from wizard.simulator.kubernetes.access import takes_entra  # few runs use a cluster's API server
    from wizard.simulator.kubernetes.lifecycle import memory_of
    from wizard.simulator.kubernetes.plane import address

    properties, name = cluster.body["properties"], name_of(cluster.id)
    entra = takes_entra(cluster) and role == "clusterUser"
    if properties.get("disableLocalAccounts") and not entra:
        raise Refusal(
            400, "BadRequest",
            "Getting static credential is not allowed because this cluster is set to disable local accounts.",
        )  # fmt: skip
    authority = (
        certificates.restore_authority(world.state.authority)
        if world.state.authority
        else certificates.process_authority()
    )
    user = f"{role}_{group_of(cluster.id)}_{name}"
    token = f"    token: {memory_of(world, cluster).tokens[role]}"
    credential = _LOGIN.format(tenant=world.scenario.tenant.id) if entra else token
    return f"""apiVersion: v1
clusters:
- cluster:
    certificate-authority-data: {base64.b64encode(authority.cert_pem.bytes()).decode()}
    proxy-url: {world.proxy_url}
    server: https://{address(cluster)}:443
  name: {name}
contexts:
- context:
    cluster: {name}
    user: {user}
  name: {name}
current-context: {name}
kind: Config
preferences: {{}}
users:
- name: {user}
  user:
{credential}
"""


_LOGIN = f"""    exec:
      apiVersion: client.authentication.k8s.io/v1beta1
      args:
      - get-token
      - --environment
      - AzurePublicCloud
      - --server-id
      - {AKS_SERVER_APPLICATION}
      - --client-id
      - {_CLIENT_APPLICATION}
      - --tenant-id
      - {{tenant}}
      - --login
      - devicecode
      command: kubelogin
      env: null
      installHint: |2

        kubelogin is not installed which is required to connect to AAD enabled cluster.

        To learn more, please go to https://aka.ms/aks/kubelogin
      provideClusterInfo: false"""
