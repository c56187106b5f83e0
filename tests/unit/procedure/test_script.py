"""The exported script: the how-to's commands in its order, with every value quoted for the shell."""

import json
import shlex
from pathlib import Path

import pytest

from tests.facts import target
from tests.stub_az import check_syntax, named, ran, run_plan, value
from tests.support import KEY_OPTIONS, PRODUCTION, KeyOption, answers, identity_id, vault_id
from wizard.answers.model import Answers
from wizard.procedure.script import script
from wizard.procedure.steps import STEPS
from wizard.procedure.variables import spelled_out

HOSTILE = 'it\'s "$(touch pwned)" `touch pwned`; touch pwned && second line \\ * ~ & | <x> \u00fc'
HOSTILE_NAME = 'it\'s "$(touch pwned)" `touch pwned`; $HOME * ~ |'

REGISTRATION = ["feature register", "feature show", "provider register"]
VAULT = ["keyvault create", "keyvault show"]
OFFICER = ["role assignment create Key Vault Crypto Officer"]
IDENTITY = [
    "identity create",
    "identity show",
    "identity show",
    "role assignment create Key Vault Crypto User",
    "role assignment create Key Vault Contributor",
]
HOW_TO: dict[str, list[str]] = {
    "platform-managed": [],
    "customer-managed-public": [*VAULT, *OFFICER, "keyvault key create", "keyvault key show", *IDENTITY],
    "customer-managed-private by the letter": [
        *VAULT,
        *OFFICER,
        "keyvault key create",
        "keyvault key show",
        "keyvault update",
        *IDENTITY,
    ],
    "customer-managed-private": [*VAULT, "rest put", "rest get", *IDENTITY],
}
"""The commands of each scenario between the resource group and the cluster; the last one is required by the how-to's note."""

LETTER = answers("customer-managed-private", key={"create_through": "key-vault"})
EVERY = [answers(key_option, new=new) for key_option in KEY_OPTIONS for new in (False, True)] + [LETTER]
IDS = [
    f"{key_option}-{'new' if new else 'existing'}" for key_option in KEY_OPTIONS for new in (False, True)
] + ["letter"]
SCRIPTS = pytest.mark.parametrize("chosen", EVERY, ids=IDS)


@pytest.mark.parametrize("key_option", HOW_TO)
@pytest.mark.parametrize("new", [False, True])
def test_the_commands_are_in_the_how_tos_order(key_option: str, new: bool, tmp_path: Path) -> None:
    letter = {"key": {"create_through": "key-vault"}} if key_option.endswith("letter") else {}
    base: KeyOption = next(r for r in KEY_OPTIONS if key_option.startswith(r))
    calls = [named(call) for call in run_plan(script(answers(base, new=new, **letter)), tmp_path)]
    asked_back = {"group show", "ad signed-in-user show", "aks get-versions", "keyvault key list"}
    once: list[str] = [
        c for i, c in enumerate(calls) if c not in asked_back and not (c == calls[i - 1] == "feature show")
    ]
    verb = "aks create" if new else "aks update"
    assert once == ["account set", *REGISTRATION, "group create", *HOW_TO[key_option], verb, "aks show"]


@pytest.mark.parametrize("key_option", KEY_OPTIONS)
def test_the_cluster_command_has_the_how_tos_options(key_option: KeyOption, tmp_path: Path) -> None:
    call = next(c for c in run_plan(script(answers(key_option)), tmp_path) if c[:2] == ["aks", "update"])
    common = [
        "--name",
        "aks-demo",
        "--resource-group",
        "rg-demo",
        "--kms-infrastructure-encryption",
        "Enabled",
    ]
    own = [
        *("--enable-azure-keyvault-kms", "--azure-keyvault-kms-key-id"),
        "https://kv-demo.vault.azure.net/keys/aks-kms",
        *("--azure-keyvault-kms-key-vault-resource-id", "VAULT_ID"),
        *("--azure-keyvault-kms-key-vault-network-access", key_option.rsplit("-", 1)[-1].capitalize()),
        *("--assign-identity", "IDENTITY_ID", "--enable-managed-identity", "--yes"),
    ]
    assert call[2:] == common + ([] if key_option == "platform-managed" else own)


def test_a_new_cluster_gets_the_newest_version_of_the_right_subscription(tmp_path: Path) -> None:
    calls = run_plan(script(answers("platform-managed", new=True)), tmp_path)
    assert calls[0] == ["account", "set", "--subscription", PRODUCTION]
    create = next(call for call in calls if call[:2] == ["aks", "create"])
    assert value(create, "--kubernetes-version") == "1.34"
    assert create[-1] == "--generate-ssh-keys"


@SCRIPTS
def test_a_shell_can_parse_the_script_and_shellcheck_reports_nothing(chosen: Answers) -> None:
    check_syntax(script(chosen))


def hostile(key_option: KeyOption) -> Answers:
    """Return unusual but valid answers, with free text that looks like a command."""
    return answers(
        key_option,
        resource_group="rg.(demo)_ü",
        cluster={"name": "aks-new", "create": {"node_vm_size": "Standard_B2s", "node_count": 7}},
        tags={HOSTILE_NAME: HOSTILE},
    )


@pytest.mark.parametrize("key_option", KEY_OPTIONS)
def test_no_value_is_executed_as_a_command(key_option: KeyOption, tmp_path: Path) -> None:
    calls = run_plan(script(hostile(key_option)), tmp_path)
    assert not (tmp_path / "pwned").exists()
    create = next(call for call in calls if call[:2] == ["aks", "create"])
    assert value(create, "--resource-group") == "rg.(demo)_ü"
    assert value(create, "--node-vm-size") == "Standard_B2s"
    assert value(create, "--node-count") == "7"
    if key_option == "customer-managed-private":
        put = next(call for call in calls if call[:3] == ["rest", "--method", "put"])
        assert json.loads(value(put, "--body"))["tags"] == {HOSTILE_NAME: HOSTILE}


@pytest.mark.parametrize("key_option", KEY_OPTIONS)
def test_a_spelled_out_command_contains_the_values(key_option: KeyOption) -> None:
    for chosen in (answers(key_option), hostile(key_option)):
        there = target(chosen)
        for step in STEPS:
            for command in step.commands(there, None) if step.applies(there, None) else ():
                words = shlex.split(spelled_out(command, there), posix=True)
                assert words[0] in {"az", "export"}
                known = {
                    "$RESOURCE_GROUP",
                    "$LOCATION",
                    "$CLUSTER_NAME",
                    "$KEY_VAULT_NAME",
                    "$KEY_BODY",
                    "$NODE_VM_SIZE",
                }
                assert not known & set(words)


def test_tags_and_leading_hyphens_are_spelled_out_unchanged() -> None:
    there = target(answers("customer-managed-public", key={"name": "-kms"}, tags={HOSTILE_NAME: HOSTILE}))
    [command] = [
        command
        for step in STEPS
        if step.key == "key"
        for command in step.commands(there, None)
        if command.startswith("az keyvault key create")
    ]
    words = shlex.split(spelled_out(command, there))
    assert "--name=-kms" in words
    assert words[words.index("--tags") + 1 :] == [f"{HOSTILE_NAME}={HOSTILE}"]


def test_spelled_out_ids_are_those_of_the_target() -> None:
    there = target(answers("customer-managed-private"))
    cluster = next(step for step in STEPS if step.key == "cluster")
    words = shlex.split(spelled_out(cluster.commands(there, None)[0], there))
    assert value(words, "--azure-keyvault-kms-key-id") == "https://kv-demo.vault.azure.net/keys/aks-kms"
    assert value(words, "--azure-keyvault-kms-key-vault-resource-id") == vault_id()
    assert value(words, "--assign-identity") == identity_id()


def test_values_known_only_at_run_time_stay_variables() -> None:
    there = target(answers("customer-managed-private"))
    role = next(step for step in STEPS if step.key == "crypto-role")
    assert "--assignee-object-id $IDENTITY_OBJECT_ID" in spelled_out(role.commands(there, None)[0], there)


def test_vault_and_identity_in_separate_groups(tmp_path: Path) -> None:
    chosen = answers(
        "customer-managed-private", vault={"resource_group": "rg-keys"}, identity={"resource_group": "rg-ids"}
    )
    calls = run_plan(script(chosen), tmp_path)
    groups = [value(call, "--name") for call in calls if call[:2] == ["group", "create"]]
    assert groups == ["rg-demo", "rg-keys", "rg-ids"]
    assert {value(c, "--resource-group") for c in calls if c[0] == "keyvault"} == {"rg-keys"}
    assert {value(c, "--resource-group") for c in calls if c[0] == "identity"} == {"rg-ids"}
    assert {value(c, "--resource-group") for c in calls if c[0] == "aks"} == {"rg-demo"}


@pytest.mark.parametrize(("declined", "sent"), [(False, True), (True, False)])
def test_purge_protection_can_be_declined(declined: bool, sent: bool) -> None:
    text = script(answers("customer-managed-private", vault={"purge_protection": not declined}))
    assert ("--enable-purge-protection true" in text) is sent


def test_an_hsm_key_needs_a_premium_vault(tmp_path: Path) -> None:
    chosen = answers("customer-managed-public", key={"type": "RSA-HSM", "size": 4096})
    calls = run_plan(script(chosen), tmp_path)
    create = next(call for call in calls if named(call) == "keyvault create")
    key = next(call for call in calls if named(call) == "keyvault key create")
    assert value(create, "--sku") == "premium"
    assert (value(key, "--kty"), value(key, "--size"), value(key, "--protection")) == (
        "RSA-HSM",
        "4096",
        "hsm",
    )


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"CLI_VERSION": "2.72.9"}, "az upgrade"),
        ({"CLI_VERSION": ""}, "az upgrade"),
        ({"PREVIEW_VERSION": ""}, "az extension add --name aks-preview"),
        ({"PREVIEW_VERSION": "19.0.0b9"}, "az extension update --name aks-preview"),
        ({"PREVIEW_VERSION": "18.9.9"}, "az extension update --name aks-preview"),
        ({"USER_TYPE": "servicePrincipal"}, "aks-kms script --live"),
        ({"FAILS": "ad signed-in-user show"}, "Stopped in line"),
    ],
    ids=str,
)
def test_it_stops_before_the_first_write_with_what_to_do(
    given: dict[str, str], says: str, tmp_path: Path
) -> None:
    """Without the extension, it would make a vault that cannot be undone, and then fail at the cluster."""
    done, calls = ran(script(answers("customer-managed-public")), tmp_path, **given)
    assert done.returncode == (3 if "FAILS" in given else 1)
    assert says in done.stderr
    assert [
        call[:2] for call in calls if call[:2] not in (["account", "set"], ["ad", "signed-in-user"])
    ] == []


@pytest.mark.parametrize("version", ["19.0.0b13", "19.0.0", "20.0.0b1"])
def test_versions_that_suffice(version: str, tmp_path: Path) -> None:
    done, _ = ran(
        script(answers("platform-managed")), tmp_path, PREVIEW_VERSION=version, USER_TYPE="servicePrincipal"
    )
    assert done.returncode == 0, done.stderr
