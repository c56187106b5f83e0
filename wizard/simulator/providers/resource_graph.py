"""Azure Resource Graph: one POST that queries resources of all subscriptions (learn.microsoft.com: Resource Graph, REST)."""

import base64
import json

from wizard.simulator.arm import rbac
from wizard.simulator.arm.provider import Provider
from wizard.simulator.protocol.wire import Answer, Call, Json, Refusal
from wizard.simulator.resource_graph.service import MOST_ROWS, ResourceGraph, refused
from wizard.simulator.state.world import World

provider = Provider(
    "Microsoft.ResourceGraph",
    ("2019-04-01", "2020-04-01-preview", "2021-03-01", "2021-06-01-preview", "2022-10-01", "2024-04-01"),
    types=("resources",),
    registration_free=True,
)
_MEMBERS: dict[str, type] = {
    "query": str,
    "subscriptions": list,
    "managementGroups": list,
    "options": dict,
    "facets": list,
}
_OPTIONS: dict[str, type] = {
    "$skipToken": str, "$top": int, "$skip": int, "resultFormat": str, "allowPartialScopes": bool, "authorizationScopeFilter": str,
}  # fmt: skip


@provider.on("POST", "/providers/Microsoft.ResourceGraph/resources")
async def query_resources(world: World, call: Call) -> Answer:
    """Return one page of the rows of a query."""
    body = call.require_body()
    body = _checked(world, body, _MEMBERS, "request")
    options = _checked(world, body.get("options", {}), _OPTIONS, "options")
    for name, code in (("facets", "UnsupportedFacet"), ("managementGroups", "UnsupportedScope")):
        if body.get(name):
            raise _bad(world, code, f"The simulated Resource Graph does not support {name}.")
    if str(options.get("resultFormat", "objectArray")).lower() != "objectarray":
        raise _bad(
            world, "UnsupportedResultFormat", "The simulated Resource Graph supports only the result format 'objectArray'."
        )  # fmt: skip
    if not str(body.get("query") or "").strip():
        raise _bad(world, "InvalidQuery", "Query is missing or empty.")
    top, skip = options.get("$top", MOST_ROWS), options.get("$skip", 0)
    if not 1 <= top <= MOST_ROWS or skip < 0:
        raise _bad(world, "InvalidPaging", f"$top must be between 1 and {MOST_ROWS}, and $skip not below 0.")
    graph = world.service(ResourceGraph)
    headers = graph.take(call.caller)
    subscriptions = _subscriptions(world, call.caller, body)
    start, kept = (skip, "") if not options.get("$skipToken") else _read_token(world, options["$skipToken"])
    kept, result = await graph.result(body["query"], call.caller, subscriptions, kept)
    rows = result.rows(start, top)
    more = start + len(rows) < result.total
    # Resource Graph pages by resource id. Without that column it truncates the result and reports it.
    truncated = more and "id" not in result.columns
    answer: Json = {
        "totalRecords": result.total, "count": len(rows), "facets": [], "resultTruncated": "true" if truncated else "false",
        "data": rows,
    }  # fmt: skip
    if more and not truncated:
        answer["$skipToken"] = _token(start + len(rows), kept)
    return Answer(200, answer, headers)


def _bad(world: World, code: str, message: str) -> Refusal:
    return refused(world, "BadRequest", [{"code": code, "message": message}])


def _checked(world: World, given: Json, known: dict[str, type], what: str) -> Json:
    """Return the members that are not null. Raise 400 for an unknown member or a value of the wrong type."""
    for name, value in given.items():
        if name not in known:
            raise _bad(world, "InvalidRequestBody", f"Could not find member '{name}' in the {what}.")
        if value is not None and type(value) is not known[name]:  # to isinstance, true is an int
            raise _bad(
                world,
                "InvalidRequestBody",
                f"The member '{name}' of the {what} must be of type {known[name].__name__}.",
            )
    return {name: value for name, value in given.items() if value is not None}


def _subscriptions(world: World, caller: str, body: Json) -> list[str]:
    """Return the requested subscriptions in which the caller may read anything. Raise 400 if there are none."""
    known = world.scenario.subscriptions
    wanted = [str(each).lower() for each in body.get("subscriptions") or []]
    eligible = [each for each in known if (not wanted or each in wanted) and rbac.sees(world, caller, each)]
    if not eligible:
        given = ", ".join(wanted)
        raise _bad(
            world, "NoValidSubscriptionsInQueryRequest",
            f"There must be at least one subscription that is eligible to contain resources. Given: '{given}'.",
        )  # fmt: skip
    return eligible


def _token(start: int, kept: str) -> str:
    return base64.b64encode(json.dumps([start, kept]).encode()).decode()


def _read_token(world: World, token: str) -> tuple[int, str]:
    try:
        start, kept = json.loads(base64.b64decode(token))
        if type(start) is not int or start < 0:
            raise ValueError(start)
    except (ValueError, TypeError, RecursionError) as problem:
        raise _bad(world, "InvalidSkipToken", f"The skip token '{token}' is invalid.") from problem
    return start, str(kept)
