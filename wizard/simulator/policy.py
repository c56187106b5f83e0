"""Azure Policy, as far as it says no: assignments with the effect deny (AZURE.md §1a, RequestDisallowedByPolicy)."""

import json
from collections.abc import Iterator

from wizard.simulator.cluster_body import TYPE as CLUSTER
from wizard.simulator.cluster_body import node_group_name
from wizard.simulator.ids import name_of, stable_guid, type_of, within
from wizard.simulator.scenario import merge
from wizard.simulator.scenario_limits import PolicySpec
from wizard.simulator.wire import Call, Json, Refusal
from wizard.simulator.world import World

NODES = "Microsoft.Compute/virtualMachineScaleSets"
_MISSING = object()


def check(world: World, call: Call) -> None:
    """Pass, or raise the refusal of the first policy that the resource of a PUT or PATCH would break."""
    if not world.scenario.policies or call.body is None or call.method not in {"PUT", "PATCH"}:
        return
    kind, body = type_of(call.path), call.body
    found = world.find(call.path)
    if found is not None and call.method == "PATCH":
        body = merge(found.body, body)
    for name, policy in _on(world, call.path, kind):
        if _breaks(policy, body):
            raise _disallowed(name, policy, name_of(call.path))
    if kind.lower() == CLUSTER.lower():
        _check_nodes(world, call, body)


def _check_nodes(world: World, call: Call, body: Json) -> None:
    """The nodes are resources of their own, in a group of their own; every PUT of the cluster validates them again."""
    location = str(body.get("location", "")).lower().replace(" ", "")
    group = (body.get("properties") or {}).get("nodeResourceGroup") or node_group_name(call.path, location)
    scope = f"{'/'.join(call.path.split('/')[:3])}/resourceGroups/{group}"
    nodes = {"type": NODES, "location": location, "tags": body.get("tags") or {}}
    for name, policy in _on(world, scope, NODES):
        if _breaks(policy, nodes):
            pools = (body.get("properties") or {}).get("agentPoolProfiles") or [{"name": "nodepool1"}]
            scale_set = f"aks-{pools[0].get('name')}-{stable_guid(scope)[:8]}-vmss"
            inner = _disallowed(name, policy, scale_set)
            raise Refusal(
                400, inner.code,
                f"Preflight validation check for resource(s) for container service {name_of(call.path)} in resource group {group} failed. "
                f"Message: {inner.message} Details: ",
            )  # fmt: skip


def _on(world: World, scope: str, kind: str) -> Iterator[tuple[str, PolicySpec]]:
    for name, policy in world.scenario.policies.items():
        if policy.type.lower() == kind.lower() and within(scope, policy.scope):
            yield name, policy


def _breaks(policy: PolicySpec, body: Json) -> bool:
    value: object = body
    for part in policy.field.split("."):
        value = value.get(part, _MISSING) if isinstance(value, dict) else _MISSING
    if policy.exists is not None:
        return (value is not _MISSING and value is not None) is policy.exists
    text = _plain(value)
    if policy.equals is not None:
        return text == _plain(policy.equals)
    if policy.not_equals is not None:
        return text != _plain(policy.not_equals)
    if policy.any_of is not None:
        return text in map(_plain, policy.any_of)
    return text not in map(_plain, policy.none_of or [])


def _plain(value: object) -> object:
    """Policy compares texts without regard to case."""
    return value.lower() if isinstance(value, str) else value


def assignment_id(name: str, policy: PolicySpec) -> str:
    """The id of a policy assignment."""
    return f"{policy.scope.rstrip('/')}/providers/Microsoft.Authorization/policyAssignments/{name}"


def definition_id(name: str, policy: PolicySpec) -> str:
    """The id of the policy definition behind an assignment."""
    subscription = "/".join(policy.scope.split("/")[:3])
    return f"{subscription}/providers/Microsoft.Authorization/policyDefinitions/{stable_guid('policy', name)}"


def show(name: str, policy: PolicySpec) -> Json:
    """An assignment as ARM shows it."""
    return {
        "id": assignment_id(name, policy), "name": name, "type": "Microsoft.Authorization/policyAssignments",
        "properties": {
            "displayName": policy.display_name or name, "scope": policy.scope, "policyDefinitionId": definition_id(name, policy),
            "enforcementMode": "Default", "parameters": {}, "notScopes": [],
        },
    }  # fmt: skip


def _disallowed(name: str, policy: PolicySpec, resource: str) -> Refusal:
    shown = policy.display_name or name
    identifiers = [
        {
            "policyAssignment": {"name": shown, "id": assignment_id(name, policy)},
            "policyDefinition": {"name": shown, "id": definition_id(name, policy), "version": "1.0.0"},
        }
    ]
    info = {
        "policyAssignmentDisplayName": shown, "policyAssignmentId": assignment_id(name, policy), "policyAssignmentName": name,
        "policyAssignmentScope": policy.scope, "policyDefinitionDisplayName": shown, "policyDefinitionEffect": "deny",
        "policyDefinitionId": definition_id(name, policy), "policyDefinitionName": stable_guid("policy", name),
        "evaluationDetails": {"evaluatedExpressions": [{"path": policy.field, "expression": policy.field, "expressionKind": "Field", "result": "True"}]},
    }  # fmt: skip
    return Refusal(
        403,
        "RequestDisallowedByPolicy",
        f"Resource '{resource}' was disallowed by policy. Policy identifiers: '{json.dumps(identifiers, separators=(',', ':'))}'.",
        more={"target": resource, "additionalInfo": [{"type": "PolicyViolation", "info": info}]},
    )
