"""Policy exemptions as resources: list, read, create and delete. They are considered in `arm.policy`."""

from datetime import datetime

from wizard.simulator.arm.policy import EXEMPTION as TYPE
from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.resource_manager import listing
from wizard.simulator.protocol.ids import within
from wizard.simulator.protocol.odata import filter_terms
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
_ALL = f"{{scope}}/providers/{TYPE}"
_ONE = f"{_ALL}/{{name}}"
_QUERY = ("$filter",)


def _id(call: Call) -> str:
    return f"{call.names['scope'].rstrip('/')}/providers/{TYPE}/{call.names['name']}"


@provider.on("GET", _ALL, f"{TYPE}/read", query=_QUERY)
async def list_exemptions(world: World, call: Call) -> Answer:
    """List the exemptions at, above and below a scope; `atScope()` leaves out those below."""
    scope, terms = call.names["scope"], filter_terms(call, "atscope")
    check_scope(world, scope)

    def shown(held: str) -> bool:
        return within(scope, held) or ("atscope" not in terms and within(held, scope))

    return listing([
        each.body for each in world.of_type(TYPE) if shown(each.id[: each.id.lower().rindex("/providers/")])
    ])  # fmt: skip


@provider.on("GET", _ONE, f"{TYPE}/read")
async def get_exemption(world: World, call: Call) -> Answer:
    """Return one exemption."""
    check_scope(world, call.names["scope"])
    found = world.find(_id(call))
    if found is None:
        raise Refusal(
            404, "PolicyExemptionNotFound", f"The policy exemption '{call.names['name']}' is not found."
        )
    return Answer(200, found.body)


@provider.on("PUT", _ONE, f"{TYPE}/write")
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
    before = world.find(_id(call))
    body: Json = {
        "id": _id(call),
        "name": call.names["name"],
        "type": TYPE,
        "properties": properties,
        "systemData": world.system_data(call.caller, before.body["systemData"] if before else None),
    }
    return Answer(200 if before else 201, world.put(Resource(_id(call), TYPE, body)).body)


@provider.on("DELETE", _ONE, f"{TYPE}/delete")
async def delete_exemption(world: World, call: Call) -> Answer:
    """Delete an exemption. Answer 204 if there is none."""
    check_scope(world, call.names["scope"])
    if world.find(_id(call)) is None:
        return Answer(204)
    world.remove(_id(call))
    return Answer(200)
