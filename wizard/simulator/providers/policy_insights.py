"""Check in advance what policies would deny (Azure Policy, "Check policy restrictions")."""

from wizard.simulator.arm import policy
from wizard.simulator.arm.provider import Provider
from wizard.simulator.protocol.wire import Answer, Call, Json, Refusal
from wizard.simulator.scenario.limits import PolicySpec
from wizard.simulator.state.body_fields import check as check_body
from wizard.simulator.state.world import World

provider = Provider(
    "Microsoft.PolicyInsights",
    ("2020-07-01", "2022-03-01", "2023-03-01", "2024-10-01"),
    types=("checkPolicyRestrictions",),
)
_ACTION = "Microsoft.PolicyInsights/checkPolicyRestrictions/read"
_SHOWS_EFFECT = "2023-03-01"


@provider.on(
    "POST",
    "/subscriptions/{subscription}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions",
    _ACTION,
)
@provider.on(
    "POST",
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.PolicyInsights/checkPolicyRestrictions",
    _ACTION,
)
async def check_restrictions(world: World, call: Call) -> Answer:
    """Return the policies that would deny a resource, and what they allow in its pending fields.

    In a subscription: a resource group, or a resource in a group that does not exist yet. In a group: a resource.
    Whether policies of resource providers' own modes (Microsoft.KeyVault.Data) are evaluated here is UNCONFIRMED.
    """
    world.require_group(call.path)
    scope = call.path[: call.path.lower().rindex("/providers/")]
    body = call.require_body()
    check_body("policy_restrictions", body, "CheckRestrictionsRequest")
    details: Json = body.get("resourceDetails") or {}
    content = details.get("resourceContent")
    if not isinstance(content, dict) or not isinstance(content.get("type"), str):
        raise Refusal(  # code and text UNCONFIRMED
            400,
            "InvalidCheckRestrictionsRequest",
            "The property 'resourceDetails.resourceContent' with a 'type' is required.",
        )
    inside = str(details.get("scope") or scope)
    pending: list[Json] = body.get("pendingFields") or []
    undecided = {str(entry.get("field")).lower() for entry in pending}
    held = list(policy.policies_on(world, inside, content["type"]))
    effect = {"effectDetails": {"policyEffect": "Deny"}} if call.api_version >= _SHOWS_EFFECT else {}
    evaluations = [
        {
            "policyInfo": _reference(name, each),
            "evaluationResult": "NonCompliant",
            "evaluationDetails": {
                "evaluatedExpressions": [policy.expression(each, policy.value_of(each, content))]
            },
        }
        | effect
        for name, each in held
        if each.field.lower() not in undecided and policy.meets(each, content)
    ]
    restrictions = [
        {
            "field": entry.get("field"),
            "restrictions": [
                restriction
                for name, each in held
                if each.field.lower() == str(entry.get("field")).lower()
                for restriction in _restrictions(name, each, entry.get("values") or [])
            ],
        }
        for entry in pending
    ]
    return Answer(
        200,
        {
            "fieldRestrictions": [entry for entry in restrictions if entry["restrictions"]],
            "contentEvaluationResult": {"policyEvaluations": evaluations},
        },
    )


def _reference(name: str, held: PolicySpec) -> Json:
    return {
        "policyDefinitionId": policy.definition_id(name, held),
        "policySetDefinitionId": None,
        "policyDefinitionReferenceId": None,
        "policyAssignmentId": policy.assignment_id(name, held),
    }


def _restrictions(name: str, held: PolicySpec, considered: list[object]) -> list[Json]:
    """Return what a policy says about a pending field: the values that it denies, or those that it requires."""
    reference = _reference(name, held)
    if considered:
        denied = [value for value in considered if policy.value_meets(held, value)]
        return [{"result": "Deny", "values": denied, "policy": reference}] if denied else []
    operator, value = held.conditions[0]
    if operator == "exists":
        return [{"result": "Deny" if value else "Required", "policy": reference}]
    if operator in {"notEquals", "notIn"}:
        wanted = value if isinstance(value, list) else [value]
        return [{"result": "Required", "values": [str(each) for each in wanted], "policy": reference}]
    if operator in {"equals", "in"}:
        refused = value if isinstance(value, list) else [value]
        return [{"result": "Deny", "values": [str(each) for each in refused], "policy": reference}]
    return []
