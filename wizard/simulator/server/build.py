"""The initial state, built from a scenario."""

from typing import TYPE_CHECKING

from wizard.simulator.arm import rbac
from wizard.simulator.arm.locks import TYPE as LOCK
from wizard.simulator.arm.locks import new_lock
from wizard.simulator.arm.provider import ResourceProviders
from wizard.simulator.protocol.errors import ScenarioError
from wizard.simulator.protocol.ids import stable_guid
from wizard.simulator.protocol.wire import Json, Refusal, merge
from wizard.simulator.providers.container_service import add_node_group
from wizard.simulator.providers.deleted_vaults import soft_delete
from wizard.simulator.providers.deployments import new_deployment, new_stack
from wizard.simulator.providers.key_vault import finished
from wizard.simulator.providers.managed_identity import TYPE as IDENTITY
from wizard.simulator.providers.managed_identity import new_identity
from wizard.simulator.providers.monitor import new_setting
from wizard.simulator.providers.resource_groups import new_group
from wizard.simulator.scenario.model import ClusterSpec, GroupSpec, Scenario
from wizard.simulator.scenario.vaults import KeySpec, RotationPolicySpec, VaultSpec
from wizard.simulator.state.body_fields import fields_of, problems
from wizard.simulator.state.cluster_body import (
    ENCRYPTION_PROFILE,
    NEWEST,
    canonical_id,
    finish,
    hosted,
    set_state,
)
from wizard.simulator.state.cluster_body import TYPE as CLUSTER
from wizard.simulator.state.kept_fields import overlay
from wizard.simulator.state.state import Assignment, Key, Principal, Resource
from wizard.simulator.state.world import DAY, World, iso, new_secret
from wizard.simulator.vaults import rotation
from wizard.simulator.vaults.key_store import TYPE as VAULT
from wizard.simulator.vaults.key_store import add, key_uri, new_version, soft_delete_key, vault_name

if TYPE_CHECKING:
    from wizard.simulator.state.synthetic_fleet import Fleet

_OBJECTS = {"agentPoolProfiles", "networkProfile", "securityProfile", "storageProfile", "identityProfile"}
"""Properties that are never null here."""
LONG_AGO = int(30 * DAY)


def fleet_of(scenario: Scenario) -> "Fleet | None":
    """Return the generated clusters of a scenario, or None."""
    if scenario.fleet is None:
        return None
    from wizard.simulator.state.synthetic_fleet import Fleet

    return Fleet(scenario, scenario.fleet)


def populate(world: World, providers: ResourceProviders) -> None:
    """Fill an empty world with the content of its scenario.

    Raise ScenarioError if the scenario refers to something that does not exist in it.
    """
    scenario = world.scenario
    _principals(world, scenario)
    groups: list[tuple[str, GroupSpec]] = []
    for subscription, specification in scenario.subscriptions.items():
        registered = {name.lower(): state for name, state in specification.providers.items()}
        for namespace in providers.types:
            world.state.registrations[f"{subscription}/{namespace.lower()}"] = registered.get(
                namespace.lower(), "Registered"
            )
        for feature, state in specification.features.items():
            world.state.features[f"{subscription}/{feature}".lower()] = state
        for name, group in specification.groups.items():
            group_id = f"/subscriptions/{subscription}/resourceGroups/{name}"
            world.put(new_group(group_id, group.location, group.tags))
            groups.append((group_id, group))
            for title, deployment in group.deployments.items():
                world.put(new_deployment(world, group_id, title, deployment))
            for title, stack in group.stacks.items():
                world.put(new_stack(group_id, title, stack))
        for name, stack in specification.stacks.items():
            world.put(new_stack(f"/subscriptions/{subscription}", name, stack))
        for name, lock in specification.locks.items():
            world.put(new_lock(f"{lock.scope}/providers/{LOCK}/{name}", lock.level, lock.notes))
    # Resources are created before those that refer to them, across all groups.
    for fill in (_identities, _vaults, _clusters):
        for group_id, group in groups:
            fill(world, group_id, group)
    _drop_deleted_identities(world, scenario)
    world.state.refreshed.update(world.state.features)
    for _, principal in world.state.principals.loaded():
        principal.visible_at = 0.0
    world.changed = False


def _principals(world: World, scenario: Scenario) -> None:
    for name, specification in scenario.principals.items():
        principal = world.add_principal(
            Principal(
                specification.object_id, specification.kind, name, app_id=specification.app_id, upn=specification.upn,
                secret=specification.secret or new_secret(),
            )
        )  # fmt: skip
        for scope, roles in specification.roles.items():
            for role in roles:
                _assign(world, scope, role, principal)
        for scope, roles in specification.eligible.items():
            for role in roles:
                _role(world, scope, role, principal)


def _role(world: World, scope: str, role: str, principal: Principal) -> rbac.RoleDefinition:
    """Return the role with this name, or raise ScenarioError."""
    try:
        return rbac.role_named(world, role)
    except KeyError as problem:
        known = ", ".join(sorted(entry.name for entry in rbac.known_roles(world).values()))
        raise ScenarioError(
            f"The scenario assigns the role '{role}' to '{principal.name}' at {scope}, but it is neither a built-in role nor in `custom_roles`. "
            f"Known roles: {known}."
        ) from problem


def _assign(world: World, scope: str, role: str, principal: Principal) -> None:
    """Add a role assignment that was created long ago and is in effect."""
    definition = _role(world, scope, role, principal)
    name, created = stable_guid(scope, principal.object_id, definition.guid), world.now() - LONG_AGO
    world.grant(
        Assignment(
            id=f"{scope.rstrip('/')}/providers/Microsoft.Authorization/roleAssignments/{name}", name=name, scope=scope.rstrip("/") or "/",
            role_guid=definition.guid, principal_id=principal.object_id, principal_type=principal.type, created_by="", created_on=iso(created),
            effective_at=created,
        )
    )  # fmt: skip


def _identities(world: World, group_id: str, group: GroupSpec) -> None:
    for name, identity in group.identities.items():
        resource_id = f"{group_id}/providers/{IDENTITY}/{name}"
        principal = Principal(
            stable_guid(resource_id, "principal"),
            "managed-identity",
            name,
            app_id=stable_guid(resource_id, "client"),
            resource_id=resource_id,
        )
        world.add_principal(principal)
        world.put(
            new_identity(world, resource_id, identity.location or group.location, identity.tags, principal)
        )


def _vaults(world: World, group_id: str, group: GroupSpec) -> None:
    for name, vault in group.vaults.items():
        _vault(world, f"{group_id}/providers/{VAULT}/{name}", vault, group)


def _clusters(world: World, group_id: str, group: GroupSpec) -> None:
    for name, cluster in group.clusters.items():
        for problem in problems(fields_of("managed_cluster"), cluster.body):
            if problem.wanted is not None:  # unknown fields are allowed here
                raise ScenarioError(
                    f"The `body` of the cluster '{name}' in {group_id} is invalid: {'.'.join(problem.path)} has the JSON type "
                    f"{problem.given}, which AKS does not accept. Write it as ARM returns it."
                )
        try:
            _cluster(world, group_id, name, cluster, group)
        except (TypeError, AttributeError, KeyError) as problem:
            if not cluster.body:
                raise
            raise ScenarioError(
                f"The `body` of the cluster '{name}' in {group_id} is invalid ({problem!r}). Write it as ARM returns it."
            ) from problem


def _drop_deleted_identities(world: World, scenario: Scenario) -> None:
    """Remove the identities that are marked as deleted; clusters and role assignments still refer to them."""
    for subscription, specification in scenario.subscriptions.items():
        for group_name, group in specification.groups.items():
            for name, identity in group.identities.items():
                if identity.deleted:
                    world.remove(
                        f"/subscriptions/{subscription}/resourceGroups/{group_name}/providers/{IDENTITY}/{name}"
                    )


def _identity_of(world: World, place: str, name: str) -> Resource:
    """Return a user-assigned identity by its full id, or by its name in the group of `place`."""
    resource_id = (
        name if name.startswith("/") else f"{'/'.join(place.split('/')[:5])}/providers/{IDENTITY}/{name}"
    )
    found = world.find(resource_id)
    if found is None:
        raise ScenarioError(
            f"The scenario refers to the identity '{name}' at {place}, but {resource_id} does not exist. Add it to `identities` of its group."
        )
    return found


def _vault(world: World, resource_id: str, specification: VaultSpec, group: GroupSpec) -> None:
    name, tenant = resource_id.rpartition("/")[2], world.scenario.tenant.id
    given: Json = {
        "tenantId": specification.tenant or tenant,
        "sku": {"family": "A", "name": specification.sku},
        "enableRbacAuthorization": specification.rbac,
        "softDeleteRetentionInDays": specification.soft_delete_days,
        "enablePurgeProtection": specification.purge_protection or None,
        "publicNetworkAccess": specification.public_network_access,
        "networkAcls": {"defaultAction": specification.default_action, "bypass": specification.bypass},
        "accessPolicies": [
            {
                "tenantId": tenant,
                "objectId": _object_id(world, resource_id, policy.principal),
                "permissions": {"keys": policy.keys},
            }
            for policy in specification.access_policies
        ],
    }
    body: Json = {
        "id": resource_id,
        "name": name,
        "type": VAULT,
        "location": specification.location or group.location,
        "tags": dict(specification.tags),
        "properties": finished(world, name, given, {}, rbac_default=True)
        | {"provisioningState": "Succeeded"},
    }
    vault = world.put(Resource(resource_id, VAULT, body))
    for key_name, key in specification.keys.items():
        _key(world, vault, key_name, key)
    for title, setting in specification.diagnostic_settings.items():
        world.put(new_setting(resource_id, title, setting))
    for who, roles in specification.access.items():
        principal = world.state.principals[_object_id(world, resource_id, who)]
        for role in roles:
            _assign(world, resource_id, role, principal)
    if specification.deleted:
        soft_delete(world, vault)


def _key(world: World, vault: Resource, name: str, specification: KeySpec) -> None:
    def days(span: float | None) -> int | None:
        return None if span is None else int(world.now() + span * DAY)

    for number in range(specification.versions):
        version = new_version(
            world,
            kty=specification.kty,
            size=specification.size,
            curve=specification.curve,
            ops=specification.ops,
        )
        version.version = stable_guid(vault.id, name, str(number)).replace("-", "")
        version.enabled = specification.enabled
        version.created = version.updated = version.created - LONG_AGO
        version.expires, version.not_before = days(specification.expires), days(specification.not_before)
        key = add(world, vault_name(vault), name, version)
        if specification.rotation_policy:
            key.rotation_policy = _rotation_policy(key, specification.rotation_policy, version.created)
    if specification.deleted:
        soft_delete_key(world, vault, key)


def _rotation_policy(key: Key, specification: RotationPolicySpec, created: int) -> Json:
    """Return a rotation policy as the data plane stores it."""
    triggers = {
        "timeAfterCreate": specification.rotate_after, "timeBeforeExpiry": specification.rotate_before_expiry,
    }  # fmt: skip
    actions = [
        {"trigger": {name: span}, "action": {"type": "Rotate"}} for name, span in triggers.items() if span
    ]
    given: Json = {"lifetimeActions": actions, "attributes": {"expiryTime": specification.expiry}}
    try:
        return rotation.kept(given, {}, created)
    except Refusal as refusal:
        raise ScenarioError(
            f"The `rotation_policy` of the key '{key.vault}/{key.name}' in the scenario is not valid in Key Vault: {refusal.message}"
        ) from refusal


def _object_id(world: World, place: str, name: str) -> str:
    if name in world.scenario.principals:
        return world.scenario.principals[name].object_id
    return str(_identity_of(world, place, name).body["properties"]["principalId"])


def _cluster(world: World, group_id: str, name: str, specification: ClusterSpec, group: GroupSpec) -> None:
    subscription, group_name = group_id.split("/")[2], group_id.split("/")[4]
    cluster_id, tenant = canonical_id(subscription, group_name, name), world.scenario.tenant.id
    properties: Json = {
        "kubernetesVersion": specification.version,
        "dnsPrefix": f"{name}-dns",
        "agentPoolProfiles": [
            {
                "name": pool_name,
                "count": pool.count,
                "vmSize": pool.vm_size,
                "mode": pool.mode,
                "orchestratorVersion": pool.version or specification.version,
            }
            for pool_name, pool in specification.pools.items()
        ],
        "securityProfile": _security(world, group_id, specification),
    }
    if specification.identity == "service-principal":
        properties["servicePrincipalProfile"] = {"clientId": stable_guid(cluster_id, "service-principal")}
    wanted: Json = {
        "location": specification.location or group.location,
        "tags": specification.tags,
        "properties": properties,
    }
    given: Json = specification.body.get("properties") or {}
    if hosted(given) and "agentPoolProfiles" not in given:
        properties["agentPoolProfiles"] = []
    body = finish(cluster_id, merge(wanted, specification.body), None, specification.version, NEWEST)
    body["properties"] = _as_given(body["properties"], given)
    if specification.identity == "system":
        principal = world.add_principal(
            Principal(
                stable_guid(cluster_id, "principal"),
                "managed-identity",
                name,
                app_id=stable_guid(cluster_id, "client"),
                resource_id=cluster_id,
            )
        )
        body["identity"] = {"type": "SystemAssigned", "principalId": principal.object_id, "tenantId": tenant}
    elif specification.identity != "service-principal":
        identity = _identity_of(world, group_id, specification.identity)
        shown = {key: identity.body["properties"][key] for key in ("clientId", "principalId")}
        body["identity"] = {"type": "UserAssigned", "userAssignedIdentities": {identity.id: shown}}
    body["properties"]["powerState"] = {"code": specification.power}
    add_node_group(world, body)
    set_state(body, specification.provisioning_state)
    body |= {name: specification.body[name] for name in ("eTag", "systemData") if name in specification.body}
    world.put(Resource(cluster_id, CLUSTER, body))


def _as_given(properties: Json, given: Json) -> Json:
    """Return the properties with what the `body` of a scenario says: also what only Azure writes, and nulls."""
    own = {"provisioningState", "powerState", "currentKubernetesVersion"}
    return overlay(
        properties,
        {
            name: value
            for name, value in given.items()
            if name not in own and not (value is None and name in _OBJECTS)
        },
    )


def _security(world: World, group_id: str, specification: ClusterSpec) -> Json:
    encryption, security = specification.encryption, {}
    if encryption.key:
        vault, _, key_name = encryption.key.partition("/")
        key = world.state.keys.get(f"{vault}/{key_name}".lower())
        if key is None:
            raise ScenarioError(
                f"A cluster of {group_id} is encrypted with the key '{encryption.key}', which does not exist. "
                "Write it as VAULT/KEY, and add it to `keys` of the vault."
            )
        vault_id = next(
            each.id for each in world.of_type(VAULT) if each.body["name"].lower() == vault.lower()
        )
        security["azureKeyVaultKms"] = {
            "enabled": True,
            "keyId": key_uri(world, vault, key.name, key.current.version if encryption.legacy else ""),
            "keyVaultNetworkAccess": encryption.network,
            "keyVaultResourceId": vault_id,
        }
    if encryption.platform_managed or (encryption.key and not encryption.legacy):
        security[ENCRYPTION_PROFILE] = {"infrastructureEncryption": "Enabled"}
    return security
