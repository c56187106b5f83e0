"""Azure Monitor: the diagnostic settings of a resource, and the last write of each cluster in the Activity Log."""

import re

from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.resource_manager import listing
from wizard.simulator.protocol.wire import Answer, Call, Json, Refusal
from wizard.simulator.providers.authorization import check_scope
from wizard.simulator.scenario.history import DiagnosticSettingSpec
from wizard.simulator.state.body_fields import check as check_body
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World, iso

SETTING = "Microsoft.Insights/diagnosticSettings"
EVENT = "Microsoft.Insights/lastWrites"
"""Where the simulator keeps the last write of a resource; Azure has no such type."""
provider = Provider(
    "Microsoft.Insights",
    ("2017-05-01-preview", "2021-05-01-preview"),
    types=("diagnosticSettings",),
    unlisted=("diagnosticSettings", "lastWrites"),
)
activity_log = Provider("Microsoft.Insights", ("2015-04-01",))
_ALL = f"{{scope}}/providers/{SETTING}"
_DESTINATIONS = ("workspaceId", "storageAccountId", "eventHubAuthorizationRuleId", "marketplacePartnerId")
_FILTER = re.compile(r"eventTimestamp ge '[^']+'(?: and eventTimestamp le '[^']+')? and resourceUri eq '([^']+)'", re.IGNORECASE)  # fmt: skip


@provider.on("GET", _ALL, f"{SETTING}/read")
async def list_settings(world: World, call: Call) -> Answer:
    """List the diagnostic settings of a resource."""
    check_scope(world, call.names["scope"])
    return listing([each.body for each in world.of_type(SETTING, call.names["scope"])])


@provider.on("PUT", f"{_ALL}/{{name}}", f"{SETTING}/write")
async def put_setting(world: World, call: Call) -> Answer:
    """Create or replace a diagnostic setting; it needs a destination. The texts of its errors are UNCONFIRMED."""
    check_scope(world, call.names["scope"])
    check_body("diagnostic_setting", call.require_body(), "DiagnosticSettingsResource")
    properties: Json = call.require_body().get("properties") or {}
    if not any(properties.get(name) for name in _DESTINATIONS):
        raise Refusal(400, "BadRequest", "At least one data sink needs to be specified.")
    id_ = f"{call.names['scope'].rstrip('/')}/providers/{SETTING}/{call.names['name']}"
    return Answer(200, world.put(_setting(id_, properties)).body)


def new_setting(resource_id: str, name: str, specification: DiagnosticSettingSpec) -> Resource:
    """Return a diagnostic setting of a scenario."""
    group = "/".join(resource_id.split("/")[:5])
    properties: Json = {
        "workspaceId": f"{group}/providers/Microsoft.OperationalInsights/workspaces/{specification.workspace}",
        "logs": [
            {"categoryGroup" if name in {"audit", "allLogs"} else "category": name, "enabled": specification.enabled}
            for name in specification.logs
        ],
        "metrics": [],
    }  # fmt: skip
    return _setting(f"{resource_id}/providers/{SETTING}/{name}", properties)


def _setting(id_: str, properties: Json) -> Resource:
    body: Json = {"id": id_, "type": SETTING, "name": id_.rpartition("/")[2], "properties": properties}
    return Resource(id_, SETTING, body)


def note_write(world: World, call: Call, resource_id: str, action: str) -> None:
    """Keep who wrote a resource last, for the Activity Log."""
    principal = world.state.principals[call.caller]
    is_user = principal.kind == "user"
    id_ = f"{resource_id}/providers/{EVENT}/last"
    body: Json = {
        "id": id_,
        "caller": principal.upn if is_user else principal.object_id,
        "claims": {"idtyp": "user" if is_user else "app", "appid": principal.app_id},
        "category": {"value": "Administrative", "localizedValue": "Administrative"},
        "operationName": {"value": action, "localizedValue": action},
        "status": {"value": "Succeeded", "localizedValue": "Succeeded"},
        "eventTimestamp": iso(world.now()),
        "resourceId": resource_id,
    }
    world.put(Resource(id_, EVENT, body))


@activity_log.on(
    "GET",
    "/subscriptions/{subscription}/providers/Microsoft.Insights/eventtypes/management/values",
    "Microsoft.Insights/eventtypes/values/read",
    query=("$filter", "$select"),
)
async def list_events(world: World, call: Call) -> Answer:
    """List the events of one resource. Only the last write of each cluster is kept."""
    match = _FILTER.fullmatch(call.query.get("$filter", "").strip())
    if match is None:
        raise Refusal(400, "BadRequest", "The filter needs eventTimestamp ge '…' and resourceUri eq '…'.")
    return listing([each.body for each in world.of_type(EVENT, match[1])])
