"""Policy exemptions, which can be created. They are considered in `arm.policy`."""

from datetime import datetime

from wizard.simulator.arm.policy import EXEMPTION as TYPE
from wizard.simulator.arm.provider import Provider
from wizard.simulator.protocol.wire import Answer, Call, Json, Refusal
from wizard.simulator.providers.authorization import check_scope
from wizard.simulator.state.body_fields import check as check_body
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World

provider = Provider(
    "Microsoft.Authorization",
    (
        "2020-07-01-preview",
        "2022-07-01-preview",
        "2022-08-01-preview",
        "2024-12-01-preview",
        "2026-01-01-preview",
    ),
    types=("policyExemptions",),
    unlisted=("policyExemptions",),
)
CATEGORIES = ("Waiver", "Mitigated")


@provider.on("PUT", f"{{scope}}/providers/{TYPE}/{{name}}", f"{TYPE}/write")
async def put_exemption(world: World, call: Call) -> Answer:
    """Exempt a scope from a policy assignment. The codes of invalid bodies are UNCONFIRMED."""
    check_scope(world, call.names["scope"])
    check_body("policy_exemption", call.require_body(), "PolicyExemptionDefinition")
    properties: Json = call.require_body().get("properties") or {}
    if properties.get("exemptionCategory") not in CATEGORIES or not properties.get("policyAssignmentId"):
        raise Refusal(
            400,
            "InvalidRequestContent",
            f"The request content was invalid: 'properties' needs a 'policyAssignmentId' and an 'exemptionCategory' of {', '.join(CATEGORIES)}.",
        )
    try:
        datetime.fromisoformat(str(properties.get("expiresOn") or "2000-01-01"))
    except ValueError as problem:
        raise Refusal(
            400, "InvalidRequestContent", "The request content was invalid: 'expiresOn' is not a time."
        ) from problem
    id_ = f"{call.names['scope'].rstrip('/')}/providers/{TYPE}/{call.names['name']}"
    before = world.find(id_)
    body: Json = {
        "id": id_,
        "name": call.names["name"],
        "type": TYPE,
        "properties": properties,
        "systemData": world.system_data(call.caller, before.body["systemData"] if before else None),
    }
    return Answer(200 if before else 201, world.put(Resource(id_, TYPE, body)).body)
