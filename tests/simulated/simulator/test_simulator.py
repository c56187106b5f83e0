"""The public interface of the simulator: start and stop, environment, record, state, faults, proxy, scenarios."""

import asyncio
import json
import math
import os
import re
import shlex
import ssl
import stat
import subprocess
import sys
import tempfile
from pathlib import Path

import aiohttp
import pytest
from azure.core.exceptions import HttpResponseError, ServiceRequestError

from tests.simulated.simulator.clients import (
    DEVELOPMENT,
    PRODUCTION,
    Cloud,
    Start,
    cluster_path,
    vault_path,
)
from wizard.simulator import ScenarioError, Simulator, env_lines, scenarios
from wizard.simulator.state.scenario_loading import load_scenario


async def test_environment_has_what_clients_need(cloud: Cloud) -> None:
    environment = cloud.simulator.environment
    assert environment["AKS_KMS_ARM_ENDPOINT"] == environment["AZURE_AUTHORITY_HOST"] == cloud.endpoint
    assert environment["AKS_KMS_SPEED"] == "max"
    assert environment["NO_PROXY"] == "localhost,127.0.0.1"
    assert environment["SSL_CERT_FILE"] == environment["REQUESTS_CA_BUNDLE"]
    assert set(cloud.simulator.managed_identity_environment) == {"IDENTITY_ENDPOINT", "IDENTITY_HEADER"}
    assert not set(environment) & set(cloud.simulator.managed_identity_environment)


def test_start_and_stop_without_an_event_loop_leave_no_files() -> None:
    simulator = Simulator("empty", speed=math.inf)
    with pytest.raises(RuntimeError, match="not started"):
        _ = simulator.environment
    simulator.start()
    certificate = Path(simulator.environment["SSL_CERT_FILE"])
    assert certificate.exists()
    simulator.stop()
    simulator.stop()
    assert not certificate.parent.exists()
    assert simulator.resource(cluster_path()) is None
    with pytest.raises(RuntimeError, match="already started"):
        simulator.start()


def test_port_in_use_is_reported() -> None:
    first = Simulator("empty")
    first.start()
    second = Simulator("empty", port=int(first.arm_endpoint.rpartition(":")[2]))
    with pytest.raises(OSError, match="address"):
        second.start()
    first.stop()


def test_env_lines_survive_a_shell() -> None:
    lines = env_lines({"AKS_KMS_ARM_ENDPOINT": "https://localhost:1", "X": "it's $HOME; `x`"})
    printed = subprocess.run(
        ["sh", "-c", f'{lines}\nprintf %s "$X"'], capture_output=True, text=True, check=True
    )
    assert printed.stdout == "it's $HOME; `x`"
    assert "az cloud register" in lines
    assert all(line.startswith(("export ", "#")) for line in lines.splitlines())
    assert shlex.split(lines.splitlines()[0])[1] == "AKS_KMS_ARM_ENDPOINT=https://localhost:1"


async def test_requests_unknown_and_writes(cloud: Cloud) -> None:
    await cloud.aks.managed_clusters.get("rg-demo", "aks-demo")
    await cloud.vaults.vaults.check_name_availability(
        {"name": "kv-demo", "type": "Microsoft.KeyVault/vaults"}
    )
    await cloud.raw("GET", "/nothing/here")
    assert cloud.simulator.writes() == []
    await cloud.make_identity()
    (write,) = cloud.simulator.writes()
    assert (write.method, write.status, write.request) == ("PUT", 201, {"location": "westus2"})
    assert write.path.endswith("/userAssignedIdentities/id-aks-demo")
    assert write.response is not None
    assert write.response["name"] == "id-aks-demo"
    assert [entry.path for entry in cloud.simulator.unknown] == ["/nothing/here"]


async def test_read_only_actions_are_not_writes(cloud: Cloud) -> None:
    await cloud.raw("POST", f"{cluster_path()}/listClusterUserCredential")
    assert cloud.simulator.writes() == []


async def test_record_has_no_secret(start: Start, tmp_path: Path) -> None:
    file = tmp_path / "record.jsonl"
    cloud = await start(record=file)
    await cloud.aks.managed_clusters.get("rg-demo", "aks-demo")
    entries = [json.loads(line) for line in file.read_text("utf-8").splitlines()]
    assert len(entries) == len(cloud.simulator.requests)
    assert {"time", "method", "path", "api_version", "status", "request", "response"} <= set(entries[0])
    text = file.read_text("utf-8")
    assert cloud.environment["AZURE_CLIENT_SECRET"] not in text
    assert await cloud.token() not in text


async def test_record_contains_error_codes(cloud: Cloud) -> None:
    await cloud.raw("GET", cluster_path("none"))
    assert cloud.simulator.requests[-1].response is not None
    assert cloud.simulator.requests[-1].response["error"]["code"] == "ResourceNotFound"


async def test_proxy_connects_only_to_simulated_hosts(cloud: Cloud) -> None:
    proxy = cloud.simulator.environment["HTTPS_PROXY"]
    context = ssl.create_default_context(cafile=cloud.environment["SSL_CERT_FILE"])
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(ssl=context)) as session:
        async with session.get(
            "https://kv-bank-cards.vault.local.test/keys?api-version=7.6", proxy=proxy
        ) as response:
            assert response.status == 401
        with pytest.raises(aiohttp.ClientHttpProxyError) as refused:
            await session.get("https://management.azure.com/", proxy=proxy)
        assert refused.value.status == 403


async def test_state_survives_a_restart(tmp_path: Path, start: Start) -> None:
    state = tmp_path / "world.json"
    first = await start(state=state)
    await first.make_vault()
    key = await first.make_key()
    token, secret = await first.token(), first.environment["AZURE_CLIENT_SECRET"]
    port = int(first.endpoint.rpartition(":")[2])
    first.simulator.stop()
    second = await start(state=state, port=port)
    assert second.environment["AZURE_CLIENT_SECRET"] == secret
    assert second.environment["SSL_CERT_FILE"] == first.environment["SSL_CERT_FILE"]
    assert (await second.raw("GET", vault_path(), "2026-05-15", token=token))[0] == 200, (
        "the old token is still valid"
    )
    kept = await second.vaults.keys.get("rg-demo", "kv-demo", "aks-kms")
    assert kept.properties.key_uri_with_version == key.properties.key_uri_with_version


async def test_operation_continues_after_a_restart(tmp_path: Path, start: Start) -> None:
    state = tmp_path / "world.json"
    first = await start("durations: {cluster_update: 6000}", speed=1, state=state)
    _, _, headers = await first.put_cluster()
    first.simulator.stop()
    second = await start("durations: {cluster_update: 6000}", speed=1, state=state)
    poll = headers["Azure-AsyncOperation"].removeprefix(first.endpoint)
    assert (await second.raw("GET", poll, ""))[1]["status"] == "InProgress"
    assert (await second.put_cluster())[0] == 409


async def test_lagging_operation_does_not_block_another_after_a_restart(tmp_path: Path, start: Start) -> None:
    first = await start("operation-lags", state=tmp_path / "state")
    _, _, headers = await first.put_cluster()
    poll = headers["Azure-AsyncOperation"].removeprefix(first.endpoint)
    assert (await first.raw("GET", poll, ""))[1]["status"] == "InProgress"
    first.simulator.stop()
    second = await start("operation-lags", state=tmp_path / "state")
    assert (await second.raw("GET", poll, ""))[1]["status"] == "InProgress"
    assert (await second.put_cluster())[0] == 200


def test_file_that_is_not_a_state_file_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "world.json"
    file.write_text('{"resources": 3}', "utf-8")
    with pytest.raises(ValueError, match=r"world\.json is not a valid state file"):
        Simulator(state=file).start()
    assert file.read_text("utf-8") == '{"resources": 3}'


@pytest.mark.parametrize(
    ("other", "said"),
    [
        ("key-expired", r"another scenario \('contoso'\), not from 'key-expired'\. Start the simulator with"),
        ("custom_roles: {Reader of all: {actions: ['*/read']}}", r"\('contoso'\), not from '.*mine\.yaml'"),
        ("principals: {reader: {object_id: 99999999-9999-9999-9999-999999999999}}", "another scenario"),
    ],
)
def test_state_of_another_scenario_is_refused(tmp_path: Path, other: str, said: str) -> None:
    state, scenario = tmp_path / "state", other
    first = Simulator(state=state)
    first.start()
    first.stop()
    if ":" in other:
        scenario = str(tmp_path / "mine.yaml")
        Path(scenario).write_text(f"description: x\nextends: contoso\n{other}\n", "utf-8")
    with pytest.raises(ScenarioError, match=said):
        Simulator(scenario, state=state).start()


def test_state_is_resumed_with_an_equal_scenario_of_any_name(tmp_path: Path) -> None:
    state = tmp_path / "state"

    def begin(scenario: str, *, speed: float = 60) -> None:
        simulator = Simulator(scenario, state=state, speed=speed)
        simulator.start()
        simulator.stop()

    begin("contoso")
    mine = tmp_path / "mine.yaml"
    mine.write_text("description: x\nextends: contoso\n", "utf-8")
    begin(str(mine), speed=1)
    mine.write_text("description: x\nextends: contoso\ndurations: {feature: 1}\n", "utf-8")
    with pytest.raises(ScenarioError, match=r"from '.*mine\.yaml' before it was changed\. Undo"):
        begin(str(mine))
    begin("contoso")


def test_next_start_removes_the_folder_of_a_killed_simulator(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It removes nothing else: no folder of a running process or another host, no link, and no folder with another name."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    program = (
        f"import tempfile; tempfile.tempdir = {str(tmp_path)!r}\nfrom wizard.simulator import Simulator\n"
        "Simulator().start(); print(flush=True); input()"
    )
    killed = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    with killed:
        assert killed.stdout is not None
        killed.stdout.readline()
        killed.kill()
    (left,) = tmp_path.iterdir()
    assert f"-{killed.pid}-" in left.name
    kept = [
        left.with_name(left.name.replace(str(killed.pid), str(os.getpid()))),
        left.with_name(left.name.replace("simulated-azure-", "simulated-azure-elsewhere.")),
        left.with_name(f"my-{left.name}"),
        tmp_path / "simulated-azure-notes",
    ]
    for folder in kept:
        folder.mkdir()
        (folder / "file").touch()
    link = left.with_name(f"{left.name}-link")
    link.symlink_to(kept[-1])
    simulator = Simulator()
    simulator.start()
    (served,) = set(tmp_path.iterdir()) - {*kept, link}
    assert f"-{os.getpid()}-" in served.name
    assert stat.S_IMODE(served.stat().st_mode) == 0o700
    simulator.stop()
    assert set(tmp_path.iterdir()) == {*kept, link}
    assert all((folder / "file").exists() for folder in kept)


# -- faults ------------------------------------------------------------------------------------------------------------


async def test_sdk_retries_throttled_requests(start: Start) -> None:
    cloud = await start("throttled")
    for _ in range(4):
        await cloud.aks.managed_clusters.get("rg-demo", "aks-demo")
    assert 429 in [entry.status for entry in cloud.simulator.requests]


async def test_fault_by_count_and_by_number(start: Start) -> None:
    cloud = await start(
        """
faults:
  - match: {method: GET, path: "*/managedclusters/aks-demo", nth: 2}
    answer: {status: 404, code: Unexpected, message: Unexpected response.}
  - match: {method: GET, path: "*/resourcegroups/*", count: 1}
    answer: {status: 403, code: Early, message: Too early.}
"""
    )
    got = [(await cloud.raw("GET", cluster_path()))[0] for _ in range(4)]
    assert got == [403, 404, 200, 200]


async def test_reset_and_hang(start: Start) -> None:
    cloud = await start(
        """
faults:
  - match: {path: "*/rg-web"}
    reset: true
  - match: {path: "*/rg-batch"}
    hang: true
"""
    )
    with pytest.raises(ServiceRequestError):
        await cloud.resources.resource_groups.get("rg-web", retry_total=0)
    with pytest.raises(TimeoutError):
        await asyncio.wait_for(cloud.resources.resource_groups.get("rg-batch"), 0.2)
    assert (await cloud.resources.resource_groups.get("rg-demo")).name == "rg-demo"


# -- scenarios ---------------------------------------------------------------------------------------------------------


@pytest.mark.sampled(5)
@pytest.mark.parametrize("name", sorted(scenarios()))
async def test_every_built_in_scenario_starts_and_is_described(start: Start, name: str) -> None:
    cloud = await start(name)
    assert scenarios()[name].endswith(".")
    found = [entry.subscription_id async for entry in cloud.subscriptions.subscriptions.list()]
    assert PRODUCTION in found


async def test_no_rights_and_empty(start: Start) -> None:
    weak = await start("no-rights")
    with pytest.raises(HttpResponseError, match="AuthorizationFailed"):
        await weak.make_identity()
    empty = await start("empty")
    assert [entry async for entry in empty.aks.managed_clusters.list()] == []


def mine(text: str) -> str:
    """Return a scenario that extends contoso."""
    return f"description: x\nextends: contoso\n{text}\n"


def here(text: str) -> str:
    """Return a scenario that extends the first subscription of contoso."""
    return mine(f"subscriptions: {{{PRODUCTION}: {{{text}}}}}")


@pytest.mark.parametrize(
    ("text", "place"),
    [
        ("description: x\nextends: contoso\nduratoins: {}", "duratoins"),
        ("description: x\nextends: contoso\ndurations: {feature: soon}", "durations.feature"),
        ("description: x\nextends: contoso\nsign_in: nobody", "nobody"),
        ("description: x\nextends: nowhere", "nowhere"),
        ("description: [", "not YAML"),
        ("just text", "no mapping"),
        ("description: x\nextends: contoso\nfaults: [{match: {}, reset: true, hang: true}]", "exactly one"),
        (mine("sign_in: ops"), "`sign_in` names 'ops', whose kind is user"),
        (mine("device_code: operator"), "`device_code` names 'operator', whose kind is application"),
        (mine("device_code: ''"), "`device_code` names the principal ''"),
        (mine("managed_identity: ops"), "`managed_identity` names 'ops', whose kind is user"),
        (mine("sign_in: operater"), "Did you mean operator"),
        (mine("caller_address: my-laptop"), "caller_address"),
        (mine("durations: {feature: -1}"), "durations.feature"),
        (mine("durations: {poll_interval: .inf}"), "durations.poll_interval"),
        (mine("principals: {staff: {kind: group, object_id: 88888888-8888-8888-8888-8888888888aa, members: [everyone]}}"), "group 'staff' names 'everyone'"),
        (mine("vault_suffix: Vault.Local.Test"), "vault_suffix"),
        (mine('kubernetes_versions: {"1.34": {patches: []}}'), "kubernetes_versions.1.34.patches"),
        (mine('kubernetes_versions: {"1.34": {patches: [1.33.1]}}'), "patch version '1.33.1'"),
        (mine('kubernetes_versions: {"1.34": {default: false}}'), "no version with `default: true`"),
        (mine('kubernetes_versions: {"1.33": {default: true}}'), "1.33, 1.34 with `default: true`"),
        (mine("fleet: {versions: {latest: 1}}"), "fleet.versions.latest"),
        (mine("fleet: {teams: [it's]}"), "fleet.teams.0"),
        (mine("fleet: {features: {A/b: On}}"), "fleet.features.A/b"),
        (mine("fleet: {locations: {mars: 1}}"), "region 'mars'"),
        (mine("quotas: {in_region: {westus: 1}}"), "Did you mean westus"),
        (mine("not_offered: {Microsoft.KeyVault/vaults: [mars]}"), "region 'mars'"),
        (mine("not_offered: {Microsoft.KeyVault/vault: [westus2]}"), "Did you mean Microsoft.KeyVault/vaults"),
        (mine("principals: {reader: {roles: {subscriptions/x: [Owner]}}}"), "principals.reader.roles.subscriptions/x"),
        (mine("taken_vault_names: [KV-Bank-Cards]"), "vault names are global"),
        (here("providers: {Microsoft.KeyVaults: NotRegistered}"), "Did you mean Microsoft.KeyVault"),
        (here("features: {KMSPMKPreview: Registered}"), "features.KMSPMKPreview"),
        (here("locks: {no: {scope: rg-demo, level: ReadOnly}}"), "locks.no.scope"),
        (here("groups: {rg-new: {location: mars}}"), "the group 'rg-new' names the region 'mars'"),
        (here("groups: {rg-demo: {vaults: {kv-new: {location: mars}}}}"), "'kv-new' in the group 'rg-demo'"),
        (here("groups: {rg-demo: {vaults: {KV-Batch-EU: {}}}}"), "(?i)the vault 'kv-batch-eu', which is also in the group"),
        (here("groups: {rg-demo: {clusters: {aks-demo: {version: latest}}}}"), "clusters.aks-demo.version"),
        (here("groups: {rg-demo: {vaults: {kv-demo: {keys: {k: {rotation_policy: {expiry: P}}}}}}}"), "rotation_policy.expiry"),
    ],
)  # fmt: skip
def test_error_in_a_scenario_names_its_place(tmp_path: Path, text: str, place: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(text, "utf-8")
    with pytest.raises(ScenarioError, match=place):
        Simulator(file)


def test_unknown_scenario_lists_the_built_in_ones() -> None:
    with pytest.raises(ScenarioError, match="contoso"):
        Simulator("contosso")


@pytest.mark.parametrize(
    "text",
    [
        "principals: {operator: {roles: {/subscriptions/x: [Emperor]}}}",
        f"subscriptions: {{{PRODUCTION}: {{groups: {{rg-demo: {{clusters: {{aks-demo: {{encryption: {{key: kv-none/k}}}}}}}}}}}}}}",
        f"subscriptions: {{{PRODUCTION}: {{groups: {{rg-demo: {{clusters: {{aks-demo: {{identity: id-none}}}}}}}}}}}}",
    ],
)
def test_reference_to_something_that_does_not_exist_is_refused(tmp_path: Path, text: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(f"description: x\nextends: contoso\n{text}\n", "utf-8")
    with pytest.raises(ScenarioError):
        Simulator(file).start()


async def test_reference_to_a_resource_in_a_later_group(start: Start) -> None:
    identity = f"/subscriptions/{DEVELOPMENT}/resourceGroups/rg-keys/providers/Microsoft.ManagedIdentity/userAssignedIdentities/id-far"
    cloud = await start(
        f"""
subscriptions:
  {PRODUCTION}:
    groups:
      rg-demo: {{clusters: {{aks-demo: {{identity: {identity}, encryption: {{key: kv-far/far}}}}}}}}
  {DEVELOPMENT}:
    groups:
      rg-keys: {{location: westus2, identities: {{id-far: {{}}}}, vaults: {{kv-far: {{keys: {{far: {{}}}}, access: {{id-far: [Key Vault Crypto User]}}}}}}}}
"""
    )
    assert list(cloud.cluster()["identity"]["userAssignedIdentities"]) == [identity]
    assert (await cloud.put_cluster())[0] == 200


async def test_taken_vault_names_are_case_insensitive(start: Start) -> None:
    cloud = await start("taken_vault_names: [KV-Demo]")
    with pytest.raises(HttpResponseError, match="VaultAlreadyExists"):
        await cloud.make_vault()


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ("{properties: {agentPoolProfiles: 5}}", "properties.agentPoolProfiles has the JSON type number"),
        ("{properties: {securityProfile: x}}", "properties.securityProfile has the JSON type string"),
        ("{sku: [x]}", "sku has the JSON type array"),
    ],
)
def test_invalid_body_of_a_cluster_is_refused(tmp_path: Path, body: str, said: str) -> None:
    file = tmp_path / "mine.yaml"
    file.write_text(here(f"groups: {{rg-demo: {{clusters: {{aks-demo: {{body: {body}}}}}}}}}"), "utf-8")
    with pytest.raises(ScenarioError, match=f"cluster 'aks-demo'.* {re.escape(said)}"):
        Simulator(file).start()


def test_scenario_name_that_is_too_long_for_a_file() -> None:
    with pytest.raises(ScenarioError, match="cannot be read"):
        Simulator("x" * 5000)


def test_extends_is_relative_to_the_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "scenarios"
    folder.mkdir()
    (folder / "base.yaml").write_text(mine("vault_suffix: vault.base.test"), "utf-8")
    (folder / "empty").write_text(mine("vault_suffix: vault.mine.test"), "utf-8")
    (folder / "top.yaml").write_text("description: x\nextends: base.yaml\n", "utf-8")
    (folder / "ring.yaml").write_text("description: x\nextends: ../scenarios/ring.yaml\n", "utf-8")
    (folder / "lost.yaml").write_text("description: x\nextends: nowhere.yaml\n", "utf-8")
    (folder / "built-in.yaml").write_text("description: x\nextends: empty\n", "utf-8")
    monkeypatch.chdir(tmp_path)
    assert load_scenario("scenarios/top.yaml").vault_suffix == "vault.base.test"
    assert load_scenario("scenarios/built-in.yaml").vault_suffix == "vault.local.test", (
        "a built-in scenario takes precedence"
    )
    with pytest.raises(ScenarioError, match="extends itself"):
        load_scenario("scenarios/ring.yaml")
    with pytest.raises(ScenarioError, match="There is no scenario 'scenarios/nowhere"):
        load_scenario("scenarios/lost.yaml")


def test_importing_the_simulator_does_not_import_heavy_packages() -> None:
    heavy = "aiohttp,pydantic,cryptography,ruamel,trustme,jwt,azure"
    program = (
        f"import sys, wizard.simulator; print([name for name in {heavy.split(',')!r} if name in sys.modules])"
    )
    printed = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True, env=dict(os.environ)
    )
    assert printed.stdout.strip() == "[]"
