"""Azure Policy: assignments with the effects deny and modify, and exemptions (docs/azure.md#azure-policy)."""

import json
from collections.abc import Iterator
from copy import deepcopy
from datetime import UTC, datetime

from wizard.simulator.protocol.ids import name_of, stable_guid, type_of, within
from wizard.simulator.protocol.wire import Call, FlatRefusal, Json, Refusal, merge
from wizard.simulator.scenario.limits import PolicySpec
from wizard.simulator.state.cluster_body import TYPE as CLUSTER
from wizard.simulator.state.cluster_body import node_group_name
from wizard.simulator.state.state import KeyVersion, Resource
from wizard.simulator.state.world import World

NODES = "Microsoft.Compute/virtualMachineScaleSets"
KEYS = "Microsoft.KeyVault.Data/vaults/keys"
"""The resource type of keys in policies of the mode Microsoft.KeyVault.Data."""
EXEMPTION = "Microsoft.Authorization/policyExemptions"
MISSING = object()


def check(world: World, call: Call) -> None:
    """Apply the policies to the body of a PUT or PATCH: those that modify it, then those that deny it.

    Raise the error of the first policy that denies the resource.
    """
    if not world.scenario.policies or call.body is None or call.method not in {"PUT", "PATCH"}:
        return
    kind = type_of(call.path)
    _modify(world, call, kind)
    body = call.body
    found = world.find(call.path)
    if found is not None and call.method == "PATCH":
        body = merge(found.body, body)
    for name, policy in policies_on(world, call.path, kind):
        if meets(policy, body):
            raise _disallowed(name, policy, name_of(call.path), body)
    if kind.lower() == CLUSTER.lower():
        _check_nodes(world, call, body)


def _modify(world: World, call: Call, kind: str) -> None:
    """Change the body as the policies with the effect modify ask; a new body does not show the caller's own again."""
    body: Json = deepcopy(call.body or {})
    found = world.find(call.path) if call.method == "PATCH" else None
    for _, policy in policies_on(world, call.path, kind, "modify"):
        if not meets(policy, merge(found.body, body) if found else body):
            continue
        *parents, last = policy.field.split(".")
        place = body
        for part in parents:
            if not isinstance(place.get(part), dict):
                place[part] = {}
            place = place[part]
        place[last] = deepcopy(policy.value)
        call.body = body


def _check_nodes(world: World, call: Call, body: Json) -> None:
    """Check the nodes, which are resources in the node resource group; every PUT of the cluster validates them again."""
    location = str(body.get("location", "")).lower().replace(" ", "")
    properties = body.get("properties")
    if not isinstance(properties, dict):
        properties = {}  # the provider refuses this body later
    group = properties.get("nodeResourceGroup") or node_group_name(call.path, location)
    scope = f"{'/'.join(call.path.split('/')[:3])}/resourceGroups/{group}"
    nodes = {"type": NODES, "location": location, "tags": body.get("tags") or {}}
    for name, policy in policies_on(world, scope, NODES):
        if meets(policy, nodes):
            scale_set = f"aks-{_first_pool(properties)}-{stable_guid(scope)[:8]}-vmss"
            inner = _disallowed(name, policy, scale_set, nodes)
            raise FlatRefusal(
                400, inner.code,
                f"Preflight validation check for resource(s) for container service {name_of(call.path)} in resource group {group} failed. "
                f"Message: {inner.message} Details: ",
            )  # fmt: skip


def _first_pool(properties: Json) -> str:
    pools = properties.get("agentPoolProfiles")
    first = pools[0] if isinstance(pools, list) and pools else None
    return str(first.get("name")) if isinstance(first, dict) else "nodepool1"


def policies_on(
    world: World, scope: str, kind: str, effect: str = "deny"
) -> Iterator[tuple[str, PolicySpec]]:
    """Yield the name and specification of the policies with an effect for resources of a type at a scope.

    Those from which the scope is exempt are left out.
    """
    for name, policy in world.scenario.policies.items():
        if (
            (policy.type.lower(), policy.effect) == (kind.lower(), effect)
            and within(scope, policy.scope)
            and not _exempt(world, scope, assignment_id(name, policy))
        ):
            yield name, policy


def _exempt(world: World, scope: str, assignment: str) -> bool:
    """Return whether an exemption that has not expired covers the scope."""
    for each in world.of_type(EXEMPTION):
        properties = each.body["properties"]
        expires = str(properties.get("expiresOn") or "")
        if (
            properties["policyAssignmentId"].lower() == assignment.lower()
            and within(scope, each.id[: each.id.lower().rindex("/providers/")])
            and (not expires or _moment(expires) > world.now())
        ):
            return True
    return False


def _moment(text: str) -> float:
    """Return a time in ISO 8601 as seconds since the epoch; without a zone it is in UTC."""
    moment = datetime.fromisoformat(text)
    return (moment if moment.tzinfo else moment.replace(tzinfo=UTC)).timestamp()


def value_of(policy: PolicySpec, body: Json) -> object:
    """Return the value of the field of a policy in a body, or MISSING."""
    value: object = body
    for part in policy.field.split("."):
        value = value.get(part, MISSING) if isinstance(value, dict) else MISSING
    return value


def meets(policy: PolicySpec, body: Json) -> bool:
    """Return whether a body meets the condition of a policy, so that its effect applies."""
    return value_meets(policy, value_of(policy, body))


def value_meets(policy: PolicySpec, value: object) -> bool:
    """Return whether a value of its field meets the condition of a policy."""
    (operator, wanted), text = policy.conditions[0], _plain(value)
    match operator:
        case "exists":
            return (value is not MISSING and value is not None) is wanted
        case "equals":
            return text == _plain(wanted)
        case "notEquals":
            return text != _plain(wanted)
        case "in":
            return text in map(_plain, wanted)
        case "less":
            return isinstance(value, int) and value < wanted
        case _:
            return text not in map(_plain, wanted)


def check_key(world: World, vault: Resource, version: KeyVersion) -> None:
    """Raise Key Vault's error for a key that a policy of the mode Microsoft.KeyVault.Data denies (docs/azure.md#keys-through-resource-manager).

    Code, inner code and text UNCONFIRMED.
    """
    expires = {} if version.expires is None else {"expiresOn": version.expires}
    body: Json = {"keyType": version.kty, "attributes": {"enabled": version.enabled} | expires}
    body |= {"keySize": version.size} if version.size else {"curveName": version.curve}
    for name, policy in policies_on(world, vault.id, KEYS):
        if meets(policy, body):
            raise Refusal(
                403,
                "Forbidden",
                f"The operation was disallowed by policy. Policy assignment: '{assignment_id(name, policy)}' ({policy.display_name or name}). Policy "
                f"definition: '{definition_id(name, policy)}'.",
                inner="ForbiddenByPolicy",
            )


def _plain(value: object) -> object:
    """Return a value for comparison: texts are case-insensitive in Azure Policy."""
    return value.lower() if isinstance(value, str) else value


def assignment_id(name: str, policy: PolicySpec) -> str:
    """Return the id of a policy assignment."""
    return f"{policy.scope.rstrip('/')}/providers/Microsoft.Authorization/policyAssignments/{name}"


def definition_id(name: str, policy: PolicySpec) -> str:
    """Return the id of the policy definition of an assignment, which is that of Azure for a built-in one."""
    if policy.definition:
        return f"/providers/Microsoft.Authorization/policyDefinitions/{policy.definition}"
    subscription = "/".join(policy.scope.split("/")[:3])
    return f"{subscription}/providers/Microsoft.Authorization/policyDefinitions/{stable_guid('policy', name)}"


def expression(policy: PolicySpec, value: object) -> Json:
    """Return the evaluation of the condition of a policy, as errors and policy evaluations show it."""
    operator, wanted = policy.conditions[0]
    return {
        "result": "True", "expressionKind": "Field", "expression": policy.field, "path": policy.field,
        "expressionValue": None if value is MISSING else value, "targetValue": wanted, "operator": operator[0].upper() + operator[1:],
    }  # fmt: skip


def _disallowed(name: str, policy: PolicySpec, resource: str, body: Json) -> Refusal:
    shown, value = policy.display_name or name, value_of(policy, body)
    identifiers = [
        {
            "policyAssignment": {"name": shown, "id": assignment_id(name, policy)},
            "policyDefinition": {"name": shown, "id": definition_id(name, policy), "version": "1.0.0"},
        }
    ]
    info = {
        "policyAssignmentDisplayName": shown, "policyAssignmentId": assignment_id(name, policy), "policyAssignmentName": name,
        "policyAssignmentScope": policy.scope, "policyDefinitionDisplayName": shown, "policyDefinitionEffect": "deny",
        "policyDefinitionId": definition_id(name, policy), "policyDefinitionName": name_of(definition_id(name, policy)), "evaluationDetails": {"evaluatedExpressions": [expression(policy, value)]},
    }  # fmt: skip
    return Refusal(
        403,
        "RequestDisallowedByPolicy",
        f"Resource '{resource}' was disallowed by policy. Policy identifiers: '{json.dumps(identifiers, separators=(',', ':'))}'.",
        more={"target": resource, "additionalInfo": [{"type": "PolicyViolation", "info": info}]},
    )
