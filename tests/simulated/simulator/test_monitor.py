"""Azure Monitor: the log settings of a vault, and the last write of a cluster in the Activity Log; the deployments of a group."""

from tests.simulated.simulator.clients import OPERATOR, PRODUCTION, Start, cluster_path, vault_path
from wizard.simulator.protocol.wire import Json

SUBSCRIPTION = f"/subscriptions/{PRODUCTION}"
SETTINGS = "/providers/Microsoft.Insights/diagnosticSettings"
API = "2021-05-01-preview"
LOG = f"{SUBSCRIPTION}/providers/Microsoft.Insights/eventtypes/management/values"
EVENTS = "2015-04-01"


async def test_log_settings_are_kept_on_the_resource_that_they_are_of(start: Start) -> None:
    cloud = await start("encrypted")
    vault = vault_path("kv-demo")
    body: Json = {"properties": {"logs": [{"categoryGroup": "audit", "enabled": True}]}}
    status, answer, _ = await cloud.raw("PUT", f"{vault}{SETTINGS}/l", API, body)
    assert (status, answer["error"]["message"]) == (400, "At least one data sink needs to be specified.")
    body["properties"]["storageAccountId"] = f"{SUBSCRIPTION}/resourceGroups/rg-demo/providers/Microsoft.Storage/storageAccounts/s"  # fmt: skip
    assert (await cloud.raw("PUT", f"{vault}{SETTINGS}/l", API, body | {"tags": 1}))[0] == 400
    assert (await cloud.raw("PUT", f"{vault}{SETTINGS}/l", API, body))[0] == 200
    [kept] = (await cloud.raw("GET", f"{vault}{SETTINGS}", API))[1]["value"]
    assert (kept["name"], kept["properties"]) == ("l", body["properties"])
    assert (await cloud.raw("GET", f"{cluster_path()}{SETTINGS}", API))[1]["value"] == []


async def test_the_activity_log_has_the_last_write_of_a_cluster(start: Start) -> None:
    cloud = await start("encrypted")
    wanted = f"eventTimestamp ge '2026-01-01T00:00:00Z' and resourceUri eq '{cluster_path()}'"
    assert (await cloud.raw("GET", f"{LOG}?$filter={wanted}", EVENTS))[1]["value"] == []
    _, body, _ = await cloud.raw("GET", cluster_path())
    assert (await cloud.raw("PUT", cluster_path(), "2026-08-01", body))[0] == 200
    [event] = (await cloud.raw("GET", f"{LOG}?$filter={wanted}", EVENTS))[1]["value"]
    assert (event["caller"], event["status"]["value"]) == (OPERATOR, "Succeeded")
    assert event["operationName"]["value"] == "Microsoft.ContainerService/managedClusters/write"
    assert (await cloud.raw("GET", LOG, EVENTS))[0] == 400


async def test_the_newest_deployments_come_first(start: Start) -> None:
    cloud = await start("code-owned")
    path = f"{SUBSCRIPTION}/resourceGroups/rg-demo/providers/Microsoft.Resources/deployments"
    found = (await cloud.raw("GET", path, "2021-04-01"))[1]["value"]
    assert [each["name"] for each in found] == ["platform-main", "clean-up"]
    assert [each["properties"]["mode"] for each in found] == ["Incremental", "Complete"]
    assert len((await cloud.raw("GET", f"{path}?$top=1", "2021-04-01"))[1]["value"]) == 1
    assert (await cloud.raw("GET", f"{path}?$top=x", "2021-04-01"))[0] == 400
