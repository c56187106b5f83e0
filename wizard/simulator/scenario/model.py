"""The model of a scenario file, which is validated strictly.

A scenario is YAML. `extends: NAME` starts from another scenario, built in or else a file beside this one, and merges this
file into it: mappings are merged key by key, `null` removes a key, any other value replaces. All durations are in
real-life seconds; the simulator divides them by its speed.
"""

import ipaddress
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, Field, StringConstraints

from wizard.simulator.scenario.access import DenyAssignmentSpec, PrincipalSpec, RoleSpec
from wizard.simulator.scenario.base import FeatureName, FeatureState, Guid, Model, Scope, Version
from wizard.simulator.scenario.faults import FaultSpec
from wizard.simulator.scenario.fleet import FleetSpec
from wizard.simulator.scenario.history import DeploymentSpec, StackSpec
from wizard.simulator.scenario.limits import PolicySpec, QuotaSpec, ThrottlingSpec, VmSizeSpec
from wizard.simulator.scenario.rules import Rules
from wizard.simulator.scenario.vaults import IdentitySpec, VaultSpec


class Tenant(Model):
    """The Entra tenant."""

    id: Guid
    name: str
    domain: str


class PoolSpec(Model):
    """An agent pool."""

    count: int = Field(3, ge=0, le=1000)
    vm_size: str = "Standard_D4ds_v5"
    mode: Literal["System", "User"] = "System"
    version: Version | Literal[""] = ""


class EncryptionSpec(Model):
    """How a cluster's secrets are encrypted.

    `key` is `VAULT/KEY`. `legacy` is the legacy KMS experience, in which the key id includes a version.
    """

    platform_managed: bool = False
    key: str = ""
    network: Literal["Public", "Private"] = "Public"
    legacy: bool = False


class SecretSpec(Model):
    """A Kubernetes secret; `data` is plain text."""

    type: str = "Opaque"
    data: dict[str, str] = Field({}, repr=False)
    labels: dict[str, str] = {}


class ClusterSpec(Model):
    """A managed cluster. `identity` is `system`, `service-principal`, or a user-assigned identity (name or full id).

    `secrets` maps NAMESPACE/NAME to the Kubernetes secrets in the cluster. Default: a few typical ones.
    `body` is merged into the complete ARM body, for properties that this model does not have.
    """

    version: Version = "1.34.2"
    location: str = ""
    identity: str = "system"
    pools: dict[str, PoolSpec] = {"nodepool1": PoolSpec()}
    encryption: EncryptionSpec = EncryptionSpec()
    power: Literal["Running", "Stopped"] = "Running"
    provisioning_state: Literal["Succeeded", "Failed", "Canceled"] = "Succeeded"
    tags: dict[str, str] = {}
    secrets: (
        dict[Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+/[a-z0-9.-]+$")], SecretSpec] | None
    ) = None
    body: dict[str, Any] = {}


class GroupSpec(Model):
    """A resource group and the resources in it."""

    location: str
    tags: dict[str, str] = {}
    identities: dict[str, IdentitySpec] = {}
    vaults: dict[str, VaultSpec] = {}
    clusters: dict[str, ClusterSpec] = {}
    deployments: dict[str, DeploymentSpec] = {}
    stacks: dict[str, StackSpec] = {}


class LockSpec(Model):
    """A management lock."""

    scope: Scope
    level: Literal["CanNotDelete", "ReadOnly"]
    notes: str = ""


class SubscriptionSpec(Model):
    """A subscription. `features` maps `NAMESPACE/FEATURE` to its current state; a feature that is not listed does not exist.

    A `Disabled` or `Warned` subscription can be read and deleted from, and refuses all other writes.
    """

    name: str
    state: Literal["Enabled", "Warned", "PastDue", "Disabled"] = "Enabled"
    features: dict[FeatureName, FeatureState] = {}
    providers: dict[str, Literal["Registered", "NotRegistered"]] = {}
    groups: dict[str, GroupSpec] = {}
    locks: dict[str, LockSpec] = {}
    stacks: dict[str, StackSpec] = {}


Seconds = Annotated[float, Field(ge=0, allow_inf_nan=False)]


class Durations(Model):
    """How long operations of Azure take, in real-life seconds."""

    feature: Seconds = 360
    provider: Seconds = 20
    vault_dns: Seconds = 25
    role_propagation: Seconds = 120
    principal_replication: Seconds = 15
    cluster_create: Seconds = 360
    cluster_update: Seconds = 240
    cluster_delete: Seconds = 300
    group_delete: Seconds = Field(60, description="Plus `cluster_delete` if the group contains a cluster.")
    secret_migration: Seconds = Field(
        120, description="Time until AKS has rewritten all secrets of a cluster with a new key."
    )
    key_rotation_detection: Seconds = Field(
        21600, description="Interval at which AKS checks for a new version of a customer-managed key."
    )
    graph_lag: Seconds = Field(60, description="Time until Resource Graph shows a change.")
    poll_interval: Seconds = 10
    token_lifetime: Seconds = Field(3599, description="Not divided by the speed: tokens expire in real time.")


class KubernetesVersionSpec(Model):
    """A minor version that AKS offers in every region: its patch versions, newest last."""

    patches: list[Version] = Field(min_length=1)
    default: bool = False
    preview: bool = False
    lts_only: bool = False


def _ip_address(text: str) -> str:
    return str(ipaddress.ip_address(text))


class Scenario(Model):
    """A simulated environment."""

    description: str
    extends: str = ""
    tenant: Tenant
    vault_suffix: Annotated[str, StringConstraints(pattern=r"^[a-z0-9-]+(\.[a-z0-9-]+)*$")] = (
        "vault.local.test"
    )
    sign_in: str = Field(description="The application whose credentials are in the environment.")
    device_code: str = Field(description="The user who signs in with every device code, once it is approved.")
    managed_identity: str = Field(
        "", description="The managed identity behind IDENTITY_ENDPOINT; empty for none."
    )
    principals: dict[str, PrincipalSpec]
    custom_roles: dict[str, RoleSpec] = {}
    locations: dict[str, str]
    kubernetes_versions: dict[
        Annotated[str, StringConstraints(pattern=r"^\d+\.\d+$")], KubernetesVersionSpec
    ] = Field(description="By minor version; exactly one of them is the default.")
    subscriptions: dict[Guid, SubscriptionSpec]
    durations: Durations = Durations()
    rules: Rules = Rules()
    faults: list[FaultSpec] = []
    fleet: FleetSpec | None = Field(None, description="Generated subscriptions with many clusters.")
    throttling: ThrottlingSpec = ThrottlingSpec()
    quotas: QuotaSpec = QuotaSpec()
    vm_sizes: dict[str, VmSizeSpec] = Field(
        {}, description="VM sizes that differ from the built-in ones, by name."
    )
    policies: dict[str, PolicySpec] = {}
    deny_assignments: dict[str, DenyAssignmentSpec] = {}
    not_offered: dict[str, list[str]] = Field(
        {}, description="For each resource type, the regions in which it is not offered."
    )
    page_size: int = Field(1000, ge=1, description="Number of entries on a page of a list.")
    caller_address: Annotated[str, AfterValidator(_ip_address)] = Field(
        "203.0.113.7", description="The client IP address that vaults see."
    )
    taken_vault_names: list[str] = Field([], description="Vault names that are used in another tenant.")
