"""From every way of being encrypted to every other: the end is right, nothing else has changed, and a second run does nothing.

How-to, "Migrate between key management options"; the migration article for the legacy experience; docs/azure.md#request-bodies.
"""

from pathlib import Path
from typing import Any

import pytest

from tests.support import PRODUCTION, answers, cluster_id, identity_id, scenario_file, signed_in, vault_id
from wizard.answers.model import Answers
from wizard.cloud.arm import Json, dig, same
from wizard.cloud.encryption import Encryption
from wizard.procedure.planning import make_plan
from wizard.procedure.run import Run
from wizard.simulator import Simulator

OLD_ROLES = {"id-old": ["Key Vault Crypto User", "Key Vault Contributor"]}


def old_vault(**vault: Any) -> Json:
    """What the cluster uses before it moves: `kv-old`, with the key `key-old`, and `id-old` with its roles there."""
    return {"keys": {"key-old": {}}, "access": OLD_ROLES, **vault}


CLOSED = {"default_action": "Deny"}
INTEGRATED = {"properties": {"apiServerAccessProfile": {"enableVnetIntegration": True}}}

FROM: dict[str, Json] = {
    "none": {"clusters": {"aks-demo": {}}},
    "platform": {"clusters": {"aks-demo": {"encryption": {"platform_managed": True}}}},
    "public": {
        "identities": {"id-old": {}},
        "vaults": {"kv-old": old_vault()},
        "clusters": {
            "aks-demo": {"identity": "id-old", "encryption": {"key": "kv-old/key-old", "network": "Public"}}
        },
    },
    "private": {
        "identities": {"id-old": {}},
        "vaults": {"kv-old": old_vault(**CLOSED)},
        "clusters": {
            "aks-demo": {"identity": "id-old", "encryption": {"key": "kv-old/key-old", "network": "Private"}}
        },
    },
    "legacy-public": {
        "identities": {"id-old": {}},
        "vaults": {"kv-old": old_vault()},
        "clusters": {
            "aks-demo": {"identity": "id-old", "encryption": {"key": "kv-old/key-old", "legacy": True}}
        },
    },
    "legacy-private": {
        "identities": {"id-old": {}},
        "vaults": {"kv-old": old_vault(**CLOSED)},
        "clusters": {
            "aks-demo": {
                "identity": "id-old",
                "encryption": {"key": "kv-old/key-old", "legacy": True, "network": "Private"},
                "body": INTEGRATED,
            }
        },
    },
    "failed": {
        "identities": {"id-old": {}},
        "vaults": {"kv-old": {"keys": {"key-old": {}}, **CLOSED}},
        "clusters": {
            "aks-demo": {
                "identity": "id-old",
                "encryption": {"key": "kv-old/key-old", "network": "Private"},
                "provisioning_state": "Failed",
            }
        },
    },
}
"""How things are before, laid over the group `rg-demo` of `contoso`."""

EXISTING: Json = {
    "identities": {"id-aks-demo": {}},
    "vaults": {
        "kv-demo": {
            "keys": {"aks-kms": {}},
            "access": {"id-aks-demo": ["Key Vault Crypto User", "Key Vault Contributor"]},
            "purge_protection": True,
        }
    },
}
"""The vault, key and identity of the answers, there already and open to all networks."""


def own(
    access: str, *, vault: str = "kv-demo", key: str = "aks-kms", identity: str = "id-aks-demo"
) -> Answers:
    return answers(
        "customer-managed-private" if access == "Private" else "customer-managed-public",
        vault={"name": vault},
        key={"name": key},
        identity={"name": identity},
    )


TO: dict[str, tuple[Answers, Json]] = {
    "platform": (answers("platform-managed"), {}),
    "new-private": (own("Private"), {}),
    "new-public": (own("Public"), {}),
    "existing-private": (own("Private"), EXISTING),
    "existing-public": (own("Public"), EXISTING),
    "same-vault-private": (own("Private", vault="kv-old", key="key-old", identity="id-old"), {}),
    "same-vault-public": (own("Public", vault="kv-old", key="key-old", identity="id-old"), {}),
    "same-vault-new-key": (own("Private", vault="kv-old", identity="id-old"), {}),
    "same-key-new-identity": (own("Private", vault="kv-old", key="key-old"), {}),
}

OLD = [vault_id("kv-old"), identity_id("id-old"), f"{vault_id('kv-old')}/keys/key-old"]
OTHERS = [
    cluster_id("payments-prod", "rg-payments"),
    cluster_id("orders-prod", "rg-orders"),
    vault_id("kv-bank-cards", "rg-bank"),
]


def laid_over(under: Json, over: Json) -> Json:
    merged = dict(under)
    for name, value in over.items():
        merged[name] = (
            laid_over(merged[name], value)
            if isinstance(value, dict) and isinstance(merged.get(name), dict)
            else value
        )
    return merged


def possible(start: str, end: str) -> bool:
    """A vault that is used on has to be there before."""
    return not end.startswith("same-") or start not in {"none", "platform"}


PAIRS = [(start, end) for start in FROM for end in TO if possible(start, end)]


def without_firewall(body: Json | None) -> Json:
    """A vault's body but for what a change of network access changes."""
    shown = dict(body or {})
    shown["properties"] = {
        name: value
        for name, value in (shown.get("properties") or {}).items()
        if name not in {"networkAcls", "publicNetworkAccess"}
    }
    shown.pop("systemData", None)
    return shown


def writes_in_order(simulator: Simulator) -> list[str]:
    """What was written to the cluster and to a vault's firewall, in the order in which Azure got it."""
    kinds = []
    for request in simulator.writes():
        if request.method == "PUT" and "/managedclusters/" in request.path.lower():
            kinds.append("cluster")
        elif request.method == "PATCH" and "/vaults/" in request.path.lower():
            kinds.append("firewall")
    return kinds


@pytest.mark.sampled(11)
@pytest.mark.parametrize(("start", "end"), PAIRS, ids=[f"{start}-to-{end}" for start, end in PAIRS])
async def test_a_cluster_gets_from_here_to_there(start: str, end: str, tmp_path: Path) -> None:
    chosen, there = TO[end]
    group = laid_over(FROM[start], there)
    subscriptions = {PRODUCTION: {"groups": {"rg-demo": group}}}
    async with signed_in(scenario_file(tmp_path, subscriptions=subscriptions)) as (simulator, azure):
        plan = await make_plan(azure, chosen)
        assert plan.errors == ()
        before = {id_: simulator.resource(id_) for id_ in [*OLD, *OTHERS]}
        original = simulator.resource(cluster_id())

        run = Run(azure, chosen, plan)
        assert (await run.execute(plan.digest), run.problems) == ("succeeded", {})

        after = simulator.resource(cluster_id())
        assert dig(after, "properties", "provisioningState") == "Succeeded"
        check_encryption(chosen, after, azure.cloud.vault_suffix)
        check_firewall(chosen, simulator)
        assert settings(after) == settings(original), "nothing but encryption and identity has changed"
        for id_, body in before.items():
            assert without_firewall(simulator.resource(id_)) == without_firewall(body), f"{id_} was changed"
        assert not [request for request in simulator.writes() if request.method == "DELETE"]
        assert simulator.unknown == ()
        check_order(start, end, writes_in_order(simulator))

        count = len(simulator.writes())
        again = await make_plan(azure, chosen)
        assert not again.writes
        assert await Run(azure, chosen, again).execute(again.digest) == "succeeded"
        assert len(simulator.writes()) == count


def check_encryption(chosen: Answers, cluster: Json | None, suffix: str) -> None:
    there = Encryption.of(cluster)
    assert there.kind == chosen.key_option
    if chosen.customer_managed is None:
        assert not there.kms_enabled
        return
    wanted = chosen.customer_managed
    assert there.key_id == f"https://{wanted.vault.name}{suffix}/keys/{wanted.key.name}"
    assert there.network_access == wanted.vault.network_access
    assert same(there.vault_id, vault_id(wanted.vault.name))
    attached = list(dig(cluster, "identity", "userAssignedIdentities"))
    assert [identity.casefold() for identity in attached] == [identity_id(wanted.identity.name).casefold()]


def check_firewall(chosen: Answers, simulator: Simulator) -> None:
    if chosen.customer_managed is None:
        return
    vault = simulator.resource(vault_id(chosen.customer_managed.vault.name))
    denies = dig(vault, "properties", "networkAcls", "defaultAction") == "Deny"
    assert denies is (chosen.customer_managed.vault.network_access == "Private")


def check_order(start: str, end: str, writes: list[str]) -> None:
    """A cluster that reaches its vault as Public is updated before public access is denied, and after it is allowed."""
    uses_it_publicly = start in {"public", "legacy-public"} and end.startswith("same-")
    if "firewall" in writes and "cluster" in writes:
        closes_last = uses_it_publicly and end != "same-vault-public"
        assert (writes.index("firewall") > writes.index("cluster")) is closes_last


OURS = {"identity", "kubernetesResourceObjectEncryptionProfile", "azureKeyVaultKms"}
AZURES = {"eTag", "systemData", "provisioningState", "status"}


def settings(body: Any) -> Any:
    """Everything of a cluster that is its owner's, but for encryption and identity."""
    if isinstance(body, dict):
        return {name: settings(value) for name, value in body.items() if name not in OURS | AZURES}
    return [settings(item) for item in body] if isinstance(body, list) else body


def test_every_pair_is_there() -> None:
    """Nine ends from five beginnings with a key of their own, and five from the two without."""
    assert len(PAIRS) == 5 * len(TO) + 2 * 5
