"""Read-only operations for deny assignments. They are enforced in `arm.deny`."""

from wizard.simulator.arm import deny
from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.resource_manager import listing
from wizard.simulator.protocol.odata import filter_terms
from wizard.simulator.protocol.wire import Answer, Call, Refusal
from wizard.simulator.providers.authorization import check_scope
from wizard.simulator.state.world import World

provider = Provider("Microsoft.Authorization", ("2018-07-01-preview", "2022-04-01", "2024-07-01-preview"))
_READ = "Microsoft.Authorization/denyAssignments/read"


@provider.on("GET", "{scope}/providers/Microsoft.Authorization/denyAssignments", _READ, query=("$filter",))
async def list_deny_assignments(world: World, call: Call) -> Answer:
    """List the deny assignments at, above and below a scope; `atScope()` leaves out those below.

    `principalId` returns those that name a principal, `assignedTo()` those that apply to it (that these include the ones for
    everyone is UNCONFIRMED), `gdprExportPrincipalId` those that name it anywhere, with name and description only.
    """
    scope = call.names["scope"]
    check_scope(world, scope)
    terms = filter_terms(
        call, "atscope", "principalid", "assignedto", "gdprexportprincipalid", "denyassignmentname"
    )
    found = deny.held_at(world, scope, only_at="atscope" in terms)
    if name := terms.get("denyassignmentname"):
        found = [each for each in found if each[0].lower() == name.lower()]
    if direct := terms.get("principalid"):
        found = [each for each in found if direct.lower() in deny.named(world, each[1].principals)]
    if wanted := terms.get("assignedto"):
        mine = {*world.effective_principals(wanted), deny.ALL_PRINCIPALS}
        found = [each for each in found if mine & deny.named(world, each[1].principals)]
    if exported := terms.get("gdprexportprincipalid"):
        found = [
            each
            for each in found
            if exported.lower() in deny.named(world, [*each[1].principals, *each[1].exclude])
        ]
        return listing([deny.show(world, *each, only_named=True) for each in found])
    return listing([deny.show(world, *each) for each in found])


@provider.on("GET", "{scope}/providers/Microsoft.Authorization/denyAssignments/{name}", _READ)
async def get_deny_assignment(world: World, call: Call) -> Answer:
    """Return one deny assignment."""
    scope = call.names["scope"]
    check_scope(world, scope)
    for name, held in deny.held_at(world, scope, only_at=True):
        if (deny.guid_of(name, held), held.scope.lower()) == (call.names["name"].lower(), scope.lower()):
            return Answer(200, deny.show(world, name, held))
    raise Refusal(  # code and text UNCONFIRMED
        404, "DenyAssignmentNotFound", f"The deny assignment '{call.names['name']}' is not found."
    )
