"""What etcd holds and what the API servers report when encryption is enabled, rotated, broken and disabled (docs/azure.md#keys-that-expire-are-disabled-or-lost, docs/azure.md#proof-from-inside-a-cluster)."""

import hashlib
import time
from collections.abc import Awaitable, Callable
from typing import Any

import pytest

from tests.simulated.simulator.clients import (
    CRYPTO_OFFICER,
    OPERATOR,
    PRODUCTION,
    Cloud,
    Start,
    cluster_path,
    until,
    vault_path,
)
from tests.simulated.simulator.kubernetes.api import PREFIX, ApiServer, api_server, etcd, started

KMS = PREFIX.decode()
PLATFORM = {"kubernetesResourceObjectEncryptionProfile": {"infrastructureEncryption": "Enabled"}}
CARDS = ("bank-cards", "rg-bank")
CARDS_VAULT = vault_path("kv-bank-cards", "rg-bank")
SECRET = "/api/v1/namespaces/default/secrets/proof"
SLOW = "durations: {feature: 0, provider: 0, cluster_update: 0, secret_migration: "


async def enable(cloud: Cloud, **changes: Any) -> None:
    """Enable platform-managed keys, or make these changes."""
    await cloud.register_feature()
    status, body, _ = await cloud.put_cluster(**({"security": PLATFORM} | changes))
    assert status == 200, body

    async def done() -> bool:
        return bool(cloud.cluster()["properties"]["provisioningState"] != "Updating")

    await until(done, "the update ends")


async def readyz(api: ApiServer) -> tuple[int, str]:
    status, text = await api.ask("GET", "/readyz?verbose")
    return status, next(line for line in text.splitlines() if "kms-providers" in line)


async def expected_hash(cloud: Cloud, vault: str, key: str, group: str) -> str:
    """Return the hash of the legacy plugin: the hash of the hash of the versioned key identifier."""
    found = await cloud.vaults.keys.get(group, vault, key)
    key_id = hashlib.sha256(found.key_uri_with_version.encode()).hexdigest()
    return "sha256:" + hashlib.sha256(key_id.encode()).hexdigest()


# -- before and after --------------------------------------------------------------------------------------------------


async def test_without_encryption_secrets_are_plain_and_readyz_is_ok(cloud: Cloud) -> None:
    async with api_server(cloud) as api:
        await api.secret()
        assert len(etcd(cloud)) == 5
        assert all(value.startswith(b"k8s\0") for value in etcd(cloud).values())
        assert not any(
            "encryption" in name or "storage" in name for each in await api.metrics() for name, _ in each
        )
        assert await readyz(api) == (200, "[+]kms-providers ok"), (
            "the trap of docs/azure.md#proof-from-inside-a-cluster"
        )


async def test_platform_managed_keys(cloud: Cloud) -> None:
    async with api_server(cloud) as api:
        before = await api.metrics()
        _, plain = await api.secret()
        await enable(cloud)
        stored = etcd(cloud)
        assert all(value.startswith(PREFIX) for value in stored.values())
        assert b'"Yg=="' not in stored["/registry/secrets/default/proof"]
        status, read = await api.ask("GET", SECRET)
        assert (status, read["data"]) == (200, plain["data"])
        assert started((await api.metrics())[0]) > started(before[1]), "the API servers were restarted"
        plain_reads = await api.total(transformation_type="from_storage", transformer_prefix="identity")
        assert plain_reads == 2 * len(stored), "the controller reads, and its write reads once more"
        written = {"transformation_type": "to_storage", "transformer_prefix": KMS, "status": "OK"}
        assert await api.total(**written) == len(stored)
        await api.secret("canary")
        assert await api.total(**written) == len(stored) + 1
        assert len(await api.hashes()) == 1
        namespaces = [
            value for key, value in cloud.simulator.etcd(cluster_path()).items() if "/namespaces/" in key
        ]
        assert all(value.startswith(b"k8s\0") for value in namespaces), "only secrets are encrypted"


async def test_new_secrets_are_encrypted_immediately_and_old_ones_by_the_controller(start: Start) -> None:
    cloud = await start(SLOW + "100000}", speed=1)
    async with api_server(cloud) as api:
        await enable(cloud)
        await api.secret()
        stored = etcd(cloud)
        assert stored.pop("/registry/secrets/default/proof").startswith(PREFIX)
        assert all(value.startswith(b"k8s\0") for value in stored.values())
        plain = {"transformation_type": "from_storage", "transformer_prefix": "identity"}
        assert await api.total(**plain) == 0
        await api.ask("GET", "/api/v1/secrets")
        assert await api.total(**plain) == len(stored)


async def test_the_controller_migrates_the_secrets_gradually(start: Start) -> None:
    cloud = await start(SLOW + "0.4}", speed=1)
    async with api_server(cloud) as api:
        await enable(cloud)
        counts: list[int] = []

        async def migrated() -> bool:
            stored = etcd(cloud)
            counts.append(sum(value.startswith(PREFIX) for value in stored.values()))
            return counts[-1] == len(stored)

        await until(migrated, "all are migrated")
        assert counts == sorted(counts)
        _, answer = await api.ask("GET", "/api/v1/secrets")
        assert len(answer["items"]) == counts[-1]


async def test_two_api_servers_answer_in_turn(start: Start) -> None:
    cloud = await start()
    async with api_server(cloud, "web-stage", "rg-web") as api:
        for number in range(4):
            await api.secret(f"number-{number}")
        both = await api.metrics()
        having = [{dict(labels).get("apiserver_id_hash") for _, labels in each} - {None} for each in both]
        assert [len(each) for each in having] == [1, 1]
        assert having[0] != having[1]
        name = "apiserver_envelope_encryption_key_id_hash_total"
        assert [sum(value for (series, _), value in each.items() if series == name) for each in both] == [
            2,
            2,
        ]


async def test_an_upgrade_resets_the_counters(cloud: Cloud) -> None:
    async with api_server(cloud, "web-stage", "rg-web") as api:
        await api.secret()
        before, hashes = await api.metrics(), await api.hashes()
        assert await api.total(transformation_type="to_storage") == 1
        await cloud.put_cluster("web-stage", "rg-web", properties={"kubernetesVersion": "1.35.1"})
        assert (await api.ask("GET", "/version"))[1]["gitVersion"] == "v1.35.1"
        assert await api.total(transformation_type="to_storage") == 0
        assert started((await api.metrics())[0]) > started(before[1])
        assert await api.hashes() == hashes


async def test_before_1_32_metrics_have_no_resource_label(start: Start) -> None:
    cloud = await start(
        f"subscriptions: {{{PRODUCTION}: {{groups: {{rg-batch: {{clusters: {{batch-eu: {{version: 1.31.5}}}}}}}}}}}}"
    )
    async with api_server(cloud, "batch-eu", "rg-batch") as api:
        await api.secret()
        assert await api.total(transformation_type="to_storage") == 1
        assert await api.total(resource="secrets") == 0


# -- which key ---------------------------------------------------------------------------------------------------------


async def test_the_key_id_of_legacy_kms_includes_the_key_version(cloud: Cloud) -> None:
    async with api_server(cloud, "batch-eu", "rg-batch") as api:
        assert await api.hashes() == {await expected_hash(cloud, "kv-batch-eu", "batch-kms", "rg-batch")}
    assert all(value.startswith(PREFIX) for value in etcd(cloud, "batch-eu", "rg-batch").values())


async def legacy(cloud: Cloud) -> dict[str, Any]:
    """Return the settings of legacy KMS on aks-demo: a versioned key, without the new profile."""
    security, identity = await cloud.customer_key()
    key = await cloud.vaults.keys.get("rg-demo", "kv-demo", "aks-kms")
    kms = security["azureKeyVaultKms"] | {"keyId": key.key_uri_with_version}
    return {"security": {"azureKeyVaultKms": kms}, "identity": identity}


async def test_legacy_kms_does_not_rewrite_old_secrets(cloud: Cloud) -> None:
    async with api_server(cloud) as api:
        _, plain = await api.secret()
        await enable(cloud, **await legacy(cloud))
        assert etcd(cloud)["/registry/secrets/default/proof"].startswith(b"k8s\0")
        status, replaced = await api.ask("PUT", SECRET, plain)
        assert status == 200
        assert replaced["metadata"]["resourceVersion"] != plain["metadata"]["resourceVersion"]
        assert etcd(cloud)["/registry/secrets/default/proof"].startswith(PREFIX)


@pytest.mark.parametrize(
    ("rewritten", "rule", "sticks"), [(False, "true", True), (False, "false", False), (True, "true", False)]
)
async def test_rotating_a_legacy_key_twice_requires_rewriting_secrets_in_between(
    start: Start, rewritten: bool, rule: str, sticks: bool
) -> None:
    """docs/azure.md#refusals-of-the-aks-resource-provider, stuck: secrets that neither of the two key slots can decrypt any more (Azure/kubernetes-kms#291)."""
    cloud = await start(f"rules: {{second_rotation_sticks: {rule}}}")
    vault, place = vault_path("kv-batch-eu", "rg-batch"), ("batch-eu", "rg-batch")
    await cloud.grant(vault, CRYPTO_OFFICER, OPERATOR)
    kms = cloud.cluster(*place)["properties"]["securityProfile"]["azureKeyVaultKms"]
    async with api_server(cloud, *place) as api:
        for number in (1, 2):
            key_id = (await cloud.keys("kv-batch-eu").rotate_key("batch-kms")).id
            status, body, _ = await cloud.put_cluster(
                *place, security={"azureKeyVaultKms": kms | {"keyId": key_id}}
            )
            assert status == 200, body
            await cloud.raw("GET", cluster_path(*place))
            if rewritten:
                _, listed = await api.ask("GET", "/api/v1/secrets")
                for secret in listed["items"]:
                    name, namespace = secret["metadata"]["name"], secret["metadata"]["namespace"]
                    whole = {"apiVersion": "v1", "kind": "Secret"} | secret
                    replaced, _ = await api.ask(
                        "PUT", f"/api/v1/namespaces/{namespace}/secrets/{name}", whole
                    )
                    assert replaced == 200
            state = cloud.cluster(*place)["properties"]["provisioningState"]
            assert state == ("Updating" if sticks and number == 2 else "Succeeded")


async def test_disabling_legacy_kms_still_needs_the_old_key(cloud: Cloud) -> None:
    async with api_server(cloud) as api:
        wanted = await legacy(cloud)
        await enable(cloud, **wanted)
        await api.secret()
        await enable(cloud, security={"azureKeyVaultKms": {"enabled": False}}, identity=wanted["identity"])
        await api.secret("later")
        stored = etcd(cloud)
        assert stored["/registry/secrets/default/proof"].startswith(PREFIX)
        assert stored["/registry/secrets/default/later"].startswith(b"k8s\0")
        assert await api.total(transformation_type="to_storage", transformer_prefix="") == 1
        assert (await api.ask("GET", SECRET))[0] == 200
        cloud.simulator.remove(vault_path())
        await restart(cloud, "aks-demo", "rg-demo")
        assert (await api.ask("GET", SECRET))[0] == 500


async def test_a_new_version_of_a_customer_key_is_picked_up(cloud: Cloud) -> None:
    async with api_server(cloud, *CARDS) as api:
        await api.secret()
        before, stored = await api.hashes(), etcd(cloud, *CARDS)
        await officer(cloud)
        await cloud.keys("kv-bank-cards").rotate_key("cards-kms")
        after = await api.hashes()
        assert len(after - before) == 1
        assert all(etcd(cloud, *CARDS)[key] != value for key, value in stored.items())
        assert (await api.ask("GET", SECRET))[0] == 200


async def test_a_new_version_is_picked_up_at_the_next_check_only(start: Start) -> None:
    cloud = await start("durations: {role_propagation: 0}", speed=1)
    async with api_server(cloud, *CARDS) as api:
        before = await api.hashes()
        await officer(cloud)
        await cloud.keys("kv-bank-cards").rotate_key("cards-kms")
        assert await api.hashes() == before


# -- a key that cannot be used -----------------------------------------------------------------------------------------


async def officer(cloud: Cloud) -> None:
    """Give the operator permission for all key operations."""
    await cloud.grant(CARDS_VAULT, CRYPTO_OFFICER, OPERATOR)


async def restart(cloud: Cloud, name: str, group: str) -> None:
    for action in ("stop", "start"):
        assert (await cloud.raw("POST", f"{cluster_path(name, group)}/{action}"))[0] == 202


async def roles_removed(cloud: Cloud) -> None:
    identity = await cloud.identities.user_assigned_identities.get("rg-bank", "id-cards")
    held = [entry async for entry in cloud.authorization.role_assignments.list_for_scope(CARDS_VAULT)]
    for assignment in held:
        if assignment.principal_id == identity.principal_id:
            await cloud.authorization.role_assignments.delete_by_id(assignment.id)


async def key_disabled(cloud: Cloud) -> None:
    await officer(cloud)
    await cloud.keys("kv-bank-cards").update_key_properties("cards-kms", enabled=False)


async def key_deleted(cloud: Cloud) -> None:
    await officer(cloud)
    await cloud.keys("kv-bank-cards").delete_key("cards-kms")


async def vault_closed(cloud: Cloud) -> None:
    cloud.simulator.change(CARDS_VAULT, {"properties": {"networkAcls": {"defaultAction": "Deny"}}})


async def vault_gone(cloud: Cloud) -> None:
    await cloud.vaults.vaults.update("rg-bank", "kv-bank-cards", {"properties": {}})
    cloud.simulator.remove(CARDS_VAULT)


async def vault_of_another_tenant(cloud: Cloud) -> None:
    cloud.simulator.change(CARDS_VAULT, {"properties": {"tenantId": "99999999-9999-9999-9999-999999999999"}})


LOSSES: dict[str, tuple[Callable[[Cloud], Awaitable[None]], str]] = {
    "roles": (roles_removed, "Caller is not authorized to perform action on resource"),
    "disabled": (key_disabled, "Operation decrypt is not allowed on a disabled key"),
    "deleted": (key_deleted, "was not found in this key vault"),
    "firewall": (vault_closed, "Client address is not authorized and caller is not a trusted service"),
    "vault": (vault_gone, "no such host"),
    "tenant": (vault_of_another_tenant, "AKV10032: Invalid issuer"),
}


@pytest.mark.parametrize("loss", LOSSES)
async def test_losing_a_key_stops_writes_first_and_reads_after_a_restart(cloud: Cloud, loss: str) -> None:
    lose, why = LOSSES[loss]
    async with api_server(cloud, *CARDS) as api:
        await api.secret()
        assert await readyz(api) == (200, "[+]kms-providers ok")
        await lose(cloud)
        assert await readyz(api) == (500, "[-]kms-providers failed: reason withheld")
        assert (await api.ask("GET", "/livez"))[0] == 200, "livez does not ask the KMS"
        status, refused = await api.secret("later")
        assert (status, refused["reason"]) == (500, "InternalError")
        assert refused["message"].startswith(
            'Internal error occurred: encryptedDEKSource with keyID hash "sha256:'
        )
        assert (await api.ask("GET", SECRET))[0] == 200, "what is in memory stays readable"
        await restart(cloud, *CARDS)
        status, refused = await api.ask("GET", SECRET)
        assert (status, refused["code"]) == (500, 500)
        assert "failed to decrypt DEK, error: rpc error: code = Unknown desc = " in refused["message"]
        assert why in refused["message"]
        assert (await api.ask("GET", "/api/v1/secrets"))[0] == 500
        status, refused = await api.secret("later")
        assert "failed to encrypt DEK, error: rpc error: code = Unknown desc = " in refused["message"]
        assert await api.total(status="Unknown", transformation_type="from_storage") >= 2
        assert (await api.ask("GET", "/api/v1/namespaces"))[0] == 200


async def test_an_expired_key_still_decrypts(cloud: Cloud) -> None:
    async with api_server(cloud, *CARDS) as api:
        await api.secret()
        await officer(cloud)
        await cloud.keys("kv-bank-cards").update_key_properties("cards-kms", expires_on=_yesterday())
        await restart(cloud, *CARDS)
        assert (await api.ask("GET", SECRET))[0] == 200
        status, refused = await api.secret("later")
        assert status == 500
        assert "Operation encrypt isn't allowed on an expired key" in refused["message"]
        assert 'InnerError={"code":"KeyExpired"}' in refused["message"]
        assert (await readyz(api))[0] == 500


def _yesterday() -> Any:
    from datetime import UTC, datetime

    return datetime.fromtimestamp(time.time() - 86400, UTC)


async def test_secrets_are_readable_again_when_the_key_is_back(cloud: Cloud) -> None:
    async with api_server(cloud, *CARDS) as api:
        await api.secret()
        await vault_closed(cloud)
        await restart(cloud, *CARDS)
        assert (await api.ask("GET", SECRET))[0] == 500
        cloud.simulator.change(CARDS_VAULT, {"properties": {"networkAcls": {"defaultAction": "Allow"}}})
        assert (await api.ask("GET", SECRET))[0] == 200
        assert await readyz(api) == (200, "[+]kms-providers ok")
        assert (await api.secret("later"))[0] == 201


async def test_writes_continue_for_three_minutes_after_a_key_is_lost(start: Start) -> None:
    cloud = await start(speed=1)
    async with api_server(cloud, *CARDS) as api:
        await vault_closed(cloud)
        assert (await api.secret())[0] == 201


async def test_a_private_vault_without_access_breaks_the_api_server_late(cloud: Cloud) -> None:
    async with api_server(cloud) as api:
        await api.secret()
        security, identity = await cloud.customer_key(access="Private", grant=False)
        await enable(cloud, security=security, identity=identity)
        assert cloud.cluster()["properties"]["provisioningState"] == "Failed"
        assert (await readyz(api))[0] == 500
        assert (await api.secret("later"))[0] == 500
        assert (await api.ask("GET", SECRET))[0] == 200, "it is still plain"
        assert etcd(cloud)["/registry/secrets/default/proof"].startswith(b"k8s\0")
