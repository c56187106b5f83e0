"""Microsoft Graph, as far as `az ad` and role listings use it: me, users, groups, service principals, objects by id."""

import re

from wizard.simulator.arm.resource_manager import ResourceManager, UnknownRoute
from wizard.simulator.protocol.wire import Answer, Call, Json, Refusal
from wizard.simulator.state.state import Principal
from wizard.simulator.state.world import World

_TERM = re.compile(
    r"servicePrincipalNames/any\((\w+):\s*\1 eq '(?P<spn>[^']*)'\)|(?P<property>id|appId|displayName|userPrincipalName) eq '(?P<value>[^']*)'"
    r"|startswith\(displayName,\s*'(?P<start>[^']*)'\)"
)

_COLLECTIONS = {
    "/users": frozenset({"user"}),
    "/groups": frozenset({"group"}),
    "/serviceprincipals": frozenset({"application", "managed-identity"}),
    "/applications": frozenset[str](),
}


def _show(principal: Principal) -> Json:
    if principal.kind == "group":
        return {
            "@odata.type": "#microsoft.graph.group", "id": principal.object_id, "displayName": principal.name, "securityEnabled": True,
            "mailEnabled": False,
        }  # fmt: skip
    if principal.kind == "user":
        return {
            "@odata.type": "#microsoft.graph.user", "id": principal.object_id, "displayName": principal.name, "userPrincipalName": principal.upn,
            "mail": principal.upn,
        }  # fmt: skip
    names = [principal.app_id, *([principal.resource_id] if principal.resource_id else [])]
    return {
        "@odata.type": "#microsoft.graph.servicePrincipal", "id": principal.object_id, "appId": principal.app_id, "displayName": principal.name,
        "servicePrincipalNames": names, "servicePrincipalType": "ManagedIdentity" if principal.kind == "managed-identity" else "Application",
    }  # fmt: skip


class Graph:
    """The directory. It accepts the same tokens as ARM, because it has the same address."""

    def __init__(self, world: World, arm: ResourceManager) -> None:
        self._world, self._arm = world, arm

    async def answer(self, call: Call) -> Answer:
        """Serve one call below `/v1.0`.

        Raise Refusal.
        """
        call.caller = await self._arm.authenticate(call)
        path = call.path.removeprefix("/v1.0").lower()
        if call.method == "POST" and path == "/directoryobjects/getbyids":
            ids = call.require_body().get("ids") or []
            if not isinstance(ids, list):
                raise Refusal(  # code and text UNCONFIRMED
                    400,
                    "Request_BadRequest",
                    "Invalid value specified for property 'ids': a list is expected.",
                )
            wanted = {str(each).lower() for each in ids}
            return Answer(
                200, {"value": [_show(each) for each in self._visible() if each.object_id in wanted]}
            )
        if call.method != "GET":
            raise UnknownRoute(
                405, "Request_BadRequest", f"The method {call.method} is not supported at {call.path}."
            )
        if path == "/me":
            me = self._world.state.principals[call.caller]
            if me.kind != "user":
                raise Refusal(
                    400, "BadRequest", "/me request is only valid with delegated authentication flow."
                )
            return Answer(200, _show(me))
        if path in _COLLECTIONS:
            return Answer(200, {"value": [_show(each) for each in self._filtered(call, _COLLECTIONS[path])]})
        match = re.fullmatch(r"/(?:serviceprincipals|users|groups)/(?P<id>[^/]+)", path)
        if match is None:
            raise UnknownRoute(
                404, "Request_ResourceNotFound", f"Resource not found for the segment '{call.path}'."
            )
        for principal in self._visible():
            if match["id"] in {principal.object_id, principal.upn.lower()}:
                return Answer(200, _show(principal))
        raise Refusal(
            404,
            "Request_ResourceNotFound",
            f"Resource '{match['id']}' does not exist or one of its queried reference-property objects are not present.",
        )

    def _visible(self) -> list[Principal]:
        now = self._world.now()
        return [each for each in self._world.state.principals.values() if each.visible_at <= now]

    def _filtered(self, call: Call, kinds: frozenset[str]) -> list[Principal]:
        found = [each for each in self._visible() if each.kind in kinds]
        for part in filter(None, re.split(r"\s+and\s+", call.query.get("$filter", "").strip())):
            term = _TERM.fullmatch(part)
            if term is None:
                raise Refusal(
                    400,
                    "Request_UnsupportedQuery",
                    f"Unsupported or invalid query filter clause specified: {part}.",
                )
            found = [each for each in found if _holds(term, _show(each))]
        return found


def _holds(term: re.Match[str], shown: Json) -> bool:
    if term["spn"] is not None:
        return term["spn"].lower() in {name.lower() for name in shown.get("servicePrincipalNames", ())}
    if term["start"] is not None:
        return str(shown["displayName"]).lower().startswith(term["start"].lower())
    return str(shown.get(term["property"], "")).lower() == term["value"].lower()
