"""Resource providers are found by themselves: one file in `wizard/simulator/providers` makes a new one."""

import sys
from pathlib import Path

import pytest

from tests.simulated.simulator.clients import PRODUCTION, Start, cluster_path
from wizard.simulator import providers
from wizard.simulator.arm.provider import Provider, ResourceProviders
from wizard.simulator.arm.resource_manager import Router
from wizard.simulator.server.registry import find_providers

VERSION = "2026-01-01"
GROUP = f"/subscriptions/{PRODUCTION}/resourceGroups/rg-demo"
CATS = f"{GROUP}/providers/Contoso.Pets/cats"


@pytest.fixture
def pets(monkeypatch: pytest.MonkeyPatch) -> None:
    """Put the file of a made-up provider beside those of the simulator."""
    folder = Path(__file__).with_name("made_up_providers")
    monkeypatch.setattr(providers, "__path__", [*providers.__path__, str(folder)])
    monkeypatch.delitem(sys.modules, "wizard.simulator.providers.contoso_pets", raising=False)


@pytest.mark.usefixtures("pets")
async def test_a_provider_in_one_file_is_served(start: Start) -> None:
    cloud = await start("not_offered: {Contoso.Pets/cats: [uksouth]}")
    for path in (f"{CATS}/tom", f"{GROUP}/providers/Contoso.Pets/tags/red"):
        assert (await cloud.raw("PUT", path, VERSION, {}))[0] == 201
    status, answer, _ = await cloud.raw("GET", CATS, VERSION)
    assert (status, [each["name"] for each in answer["value"]]) == (200, ["tom"])
    _, listed, _ = await cloud.raw("GET", f"{GROUP}/resources", "2021-04-01")
    assert {"tom"} == {each["name"] for each in listed["value"]} & {"tom", "red"}
    collar = f"{cluster_path()}/providers/Contoso.Pets/collars/blue"
    status, answer, _ = await cloud.raw("GET", collar, VERSION)
    assert (status, answer) == (200, {"scope": cluster_path(), "name": "blue"})
    status, answer, _ = await cloud.raw("GET", CATS, "2020-01-01")
    assert (status, answer["error"]["code"]) == (400, "NoRegisteredProviderFound")
    status, answer, _ = await cloud.raw(
        "GET", f"/subscriptions/{PRODUCTION}/providers/Contoso.Pets", "2021-04-01"
    )
    assert (status, answer["registrationState"]) == (200, "Registered")
    assert [(each["resourceType"], each["apiVersions"]) for each in answer["resourceTypes"]] == [
        ("cats", [VERSION]), ("tags", [VERSION]), ("collars", [VERSION]),
    ]  # fmt: skip
    assert "UK South" not in answer["resourceTypes"][0]["locations"]


@pytest.mark.usefixtures("pets")
async def test_a_provider_in_one_file_needs_its_registration(start: Start) -> None:
    cloud = await start(f"subscriptions: {{{PRODUCTION}: {{providers: {{Contoso.Pets: NotRegistered}}}}}}")
    status, answer, _ = await cloud.raw("PUT", f"{CATS}/tom", VERSION, {})
    assert (status, answer["error"]["code"]) == (409, "MissingSubscriptionRegistration")


def test_every_provider_is_found_once() -> None:
    found = find_providers()
    assert "Contoso.Pets" not in found.types
    assert len(found.all) == len(set(map(id, found.all)))
    assert set(found.types) >= {"Microsoft.ContainerService", "Microsoft.KeyVault", "Microsoft.Storage"}
    assert all(len(types) == len(set(types)) > 0 for types in found.types.values())
    assert all(found.versions(namespace) for namespace in found.types)


def test_two_handlers_for_one_operation_are_an_error() -> None:
    first, second = (Provider("Contoso.Pets", (VERSION,)) for _ in range(2))
    for each in (first, second):
        each.on("GET", "/providers/Contoso.Pets/cats")(lambda _, __: pytest.fail("not called"))
    with pytest.raises(ValueError, match=r"GET providers/contoso\.pets/cats has two handlers"):
        Router([first, second])


def test_child_resources_and_unlisted_types_are_not_listed() -> None:
    found = ResourceProviders([Provider("Contoso.Pets", (VERSION,), types=("cats", "tags"), unlisted=("tags",))])  # fmt: skip
    assert found.is_listed("contoso.pets/cats")
    assert not found.is_listed("Contoso.Pets/Tags")
    assert not found.is_listed("Contoso.Pets/cats/kittens")
