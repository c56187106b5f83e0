"""The preview feature: registered, followed, waiting for approval by Microsoft, or no longer needed."""

from pathlib import Path

import pytest

from tests.support import DEVELOPMENT, PRODUCTION, signed_in
from wizard.cloud.features import (
    FEATURE,
    NOT_NEEDED,
    Registration,
    feature_state,
    follow_feature,
    provider_state,
    refresh_provider,
    register_feature,
)
from wizard.errors import AzureError


async def test_registration_is_followed_until_registered() -> None:
    seen: list[tuple[str, float]] = []
    async with signed_in(speed=600) as (simulator, azure):
        assert await feature_state(azure, PRODUCTION) == "NotRegistered"
        await Registration(azure, PRODUCTION).follow(lambda state, spent: seen.append((state, spent)))
        assert await feature_state(azure, PRODUCTION) == "Registered"
        assert await feature_state(azure, DEVELOPMENT) == "NotRegistered", (
            "a feature belongs to one subscription"
        )
        posted = [request.path.rsplit("/", 2)[-2:] for request in simulator.writes()]
        assert posted == [[FEATURE, "register"], ["Microsoft.ContainerService", "register"]]
    assert seen[0][0] == "Registering"
    assert seen[-1][0] == "Registered"
    spent = [seconds for _, seconds in seen]
    assert spent == sorted(spent)
    assert spent[-1] >= 300, "in seconds of Azure's time"


async def test_registered_feature_only_refreshes_the_provider() -> None:
    async with signed_in() as (simulator, azure):
        await Registration(azure, PRODUCTION).follow(lambda _, __: None)
        before = len(simulator.writes())
        await Registration(azure, PRODUCTION).follow(lambda _, __: None)
        again = [request.path.rsplit("/", 2)[-2:] for request in simulator.writes()[before:]]
        assert again == [["Microsoft.ContainerService", "register"]]


async def test_pending_feature_needs_approval_by_microsoft() -> None:
    seen: set[str] = set()
    async with signed_in("feature-pending") as (_, azure):
        await register_feature(azure, PRODUCTION)
        with pytest.raises(AzureError) as refusal:
            await follow_feature(azure, PRODUCTION, lambda state, _: seen.add(state), wait=100)
    assert seen == {"Pending"}
    assert "waiting for Microsoft's approval" in refusal.value.problem.summary
    assert "support" in refusal.value.problem.remedy
    assert not refusal.value.problem.retryable


async def test_feature_that_no_longer_exists_is_not_needed() -> None:
    seen: list[str] = []
    async with signed_in("feature-gone") as (simulator, azure):
        assert await feature_state(azure, PRODUCTION) is None
        await Registration(azure, PRODUCTION).follow(lambda state, _: seen.append(state))
        assert simulator.writes() == []
    assert seen[-1] == NOT_NEEDED


async def test_slow_registration_is_transient_and_says_how_long() -> None:
    async with signed_in(speed=600) as (_, azure):
        await register_feature(azure, PRODUCTION)
        with pytest.raises(AzureError) as refusal:
            await follow_feature(azure, PRODUCTION, lambda _, __: None, wait=60)
    assert refusal.value.problem.kind == "transient"
    assert refusal.value.problem.retryable
    assert "after 1 minutes" in refusal.value.problem.summary


async def test_state_that_does_not_lead_to_registration_is_an_error() -> None:
    async with signed_in() as (_, azure):
        with pytest.raises(AzureError) as refusal:
            await follow_feature(azure, PRODUCTION, lambda _, __: None)
    assert "NotRegistered, although its registration was requested" in refusal.value.problem.summary
    assert "az feature register" in refusal.value.problem.remedy


async def test_provider_is_registered_and_read_back() -> None:
    seen: set[str] = set()
    async with signed_in() as (simulator, azure):
        await refresh_provider(azure, PRODUCTION, lambda state, _: seen.add(state))
        assert await provider_state(azure, PRODUCTION) == "Registered"
        assert len(simulator.writes()) == 1
    assert "Registered" not in seen, "only states that are waited for are reported"


async def test_missing_permission_to_register() -> None:
    async with signed_in("no-rights") as (_, azure):
        assert await feature_state(azure, PRODUCTION) == "NotRegistered"
        with pytest.raises(AzureError) as refusal:
            await Registration(azure, PRODUCTION).follow(lambda _, __: None)
    assert refusal.value.problem.code == "AuthorizationFailed"
    assert FEATURE in refusal.value.problem.summary


async def test_feature_being_unregistered_is_registered_again(tmp_path: Path) -> None:
    world = tmp_path / "world.yaml"
    world.write_text(
        "description: A feature that somebody is giving back.\nextends: contoso\nsubscriptions:\n"
        f"  {PRODUCTION}: {{features: {{Microsoft.ContainerService/KMSPMKPreview: Unregistering}}}}\n"
    )
    async with signed_in(world) as (_, azure):
        await Registration(azure, PRODUCTION).follow(lambda _, __: None)
        assert await feature_state(azure, PRODUCTION) == "Registered"
