"""A resource provider that Azure does not have: all that a new provider needs, in one file."""

from wizard.simulator.arm.provider import Provider
from wizard.simulator.arm.resource_manager import listing
from wizard.simulator.protocol.wire import Answer, Call
from wizard.simulator.state.state import Resource
from wizard.simulator.state.world import World

provider = Provider("Contoso.Pets", ("2026-01-01",), types=("cats", "tags", "collars"), unlisted=("tags",))
_CATS = "/subscriptions/{subscription}/resourceGroups/{group}/providers/Contoso.Pets/cats"


@provider.on("PUT", _CATS + "/{name}", "Contoso.Pets/cats/write")
@provider.on("PUT", _CATS.replace("cats", "tags") + "/{name}", "Contoso.Pets/tags/write")
async def put(world: World, call: Call) -> Answer:
    kind = call.path.split("/")[-2]
    body = {
        "id": call.path,
        "name": call.names["name"],
        "type": f"Contoso.Pets/{kind}",
        "location": "westus2",
    }
    world.put(Resource(call.path, f"Contoso.Pets/{kind}", body))
    return Answer(201, body)


@provider.on("GET", _CATS, "Contoso.Pets/cats/read")
async def list_cats(world: World, call: Call) -> Answer:
    return listing([cat.body for cat in world.of_type("Contoso.Pets/cats", call.path.partition("/prov")[0])])


@provider.on("GET", "{scope}/providers/Contoso.Pets/collars/{name}", "Contoso.Pets/collars/read")
async def get_collar(world: World, call: Call) -> Answer:
    del world
    return Answer(200, {"scope": call.names["scope"], "name": call.names["name"]})
