"""Subscriptions that are not enabled (docs/azure.md#subscriptions)."""

from typing import Any

import pytest

from tests.simulated.simulator.clients import PRODUCTION, Start, cluster_path, said, vault_path

PLACE = f"/subscriptions/{PRODUCTION}"


@pytest.mark.parametrize("state", ["Disabled", "Warned"])
async def test_a_read_only_subscription_can_be_read_and_deleted_from(start: Start, state: str) -> None:
    """vscode-azureappservice#1646."""
    cloud = await start(f"subscriptions: {{{PRODUCTION}: {{state: {state}}}}}")
    _, listed, _ = await cloud.raw("GET", "/subscriptions", "2022-12-01")
    assert {each["subscriptionId"]: each["state"] for each in listed["value"]}[PRODUCTION] == state
    assert (await cloud.raw("GET", PLACE, "2022-12-01"))[1]["state"] == state
    vault: dict[str, Any] = {"location": "westus2", "properties": {}}
    writes: tuple[tuple[str, str, str, Any], ...] = (
        ("PUT", vault_path(), "2026-02-01", vault),
        ("PATCH", cluster_path(), "2026-08-01", {"tags": {}}),
        ("POST", f"{cluster_path()}/stop", "2026-08-01", None),
        ("POST", f"{PLACE}/providers/Microsoft.KeyVault/register", "2024-11-01", None),
    )
    for method, path, version, body in writes:
        status, answer, _ = await cloud.raw(method, path, version, body)
        assert (status, said(answer)["code"]) == (409, "ReadOnlyDisabledSubscription"), path
        assert f"The subscription '{PRODUCTION}' is disabled and therefore marked" in said(answer)["message"]
    assert (await cloud.raw("DELETE", cluster_path(), "2026-08-01"))[0] == 202


async def test_all_operations_work_in_a_past_due_subscription(start: Start) -> None:
    cloud = await start(f"subscriptions: {{{PRODUCTION}: {{state: PastDue}}}}")
    assert (await cloud.raw("GET", PLACE, "2022-12-01"))[1]["state"] == "PastDue"
    assert (await cloud.put_cluster())[0] == 200
