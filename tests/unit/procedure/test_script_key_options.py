"""The script for the live state (`aks-kms script --live`) in every scenario: valid, clean, in the right order."""

import re
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from tests import facts
from tests.facts import (
    CUSTOMER_MANAGED,
    LEGACY,
    PLATFORM_MANAGED,
    cluster,
    complete_snapshot,
    empty_snapshot,
    user_assigned,
)
from tests.stub_az import check_syntax, named, ran, run_plan, value
from tests.support import DEVELOPMENT, TENANT, answers, identity_id
from wizard.answers.model import Answers
from wizard.cloud.arm import Json
from wizard.cloud.credential import SignedIn
from wizard.procedure.script import script
from wizard.state.snapshot import Snapshot

PLATFORM = answers("platform-managed")
PRIVATE, PUBLIC = answers("customer-managed-private"), answers("customer-managed-public")
LETTER: dict[str, Any] = {"key": {"create_through": "key-vault"}}
TAGS = {"team": "a b", "note": 'it\'s "$(touch pwned)" `touch pwned`'}
ODD_TAGS = {"=a": "b", "-c": "@d", "@e": "f"}
PUBLICLY: Json = {
    **CUSTOMER_MANAGED,
    "azureKeyVaultKms": {**CUSTOMER_MANAGED["azureKeyVaultKms"], "keyVaultNetworkAccess": "Public"},
}
APPLICATION = SignedIn("00000000-0000-0000-0000-0000000000cc", TENANT, "ServicePrincipal", "pipeline")


def in_use(profile: Json) -> Json:
    return cluster(profile, identity=user_assigned(identity_id()))


def by_policy(**properties: Any) -> Json:
    return facts.vault(denies=False, enableRbacAuthorization=False, accessPolicies=[], **properties)


KEY_OPTIONS: dict[str, tuple[Answers, Callable[[Answers], Snapshot]]] = {
    "everything exists": (PRIVATE, complete_snapshot),
    "everything exists but the key": (PUBLIC, lambda a: complete_snapshot(a, key=None)),
    "vault with access policies": (
        answers("customer-managed-public", **LETTER),
        lambda a: empty_snapshot(a, vault=by_policy()),
    ),
    "vault and identity elsewhere": (
        answers(
            "customer-managed-private",
            vault={"resource_group": "rg-keys", "subscription": DEVELOPMENT},
            identity={"resource_group": "rg-ids"},
            tags=ODD_TAGS,
        ),
        lambda a: replace(empty_snapshot(a), groups=dict.fromkeys(empty_snapshot(a).groups)),
    ),
    "public to private": (
        PRIVATE,
        lambda a: complete_snapshot(a, vault=facts.vault(denies=False), cluster=in_use(PUBLICLY)),
    ),
    "private to public": (
        PUBLIC,
        lambda a: complete_snapshot(a, vault=facts.vault(), cluster=in_use(CUSTOMER_MANAGED)),
    ),
    "customer to platform": (PLATFORM, lambda a: empty_snapshot(a, cluster=in_use(CUSTOMER_MANAGED))),
    "platform to customer": (PRIVATE, lambda a: empty_snapshot(a, cluster=cluster(PLATFORM_MANAGED))),
    "legacy to platform": (PLATFORM, lambda a: empty_snapshot(a, cluster=in_use(LEGACY))),
    "legacy to customer": (PUBLIC, lambda a: complete_snapshot(a, cluster=in_use(LEGACY))),
    "rotation, hardware, tags": (
        answers(
            "customer-managed-private",
            key={"create_through": "key-vault", "type": "RSA-HSM", "rotate_every": "P90D", "name": "-kms"},
            tags=TAGS,
        ),
        empty_snapshot,
    ),
    "odd tags through the vault": (
        answers("customer-managed-public", tags=ODD_TAGS, **LETTER),
        empty_snapshot,
    ),
    "new cluster with all options": (
        answers(
            "customer-managed-private",
            new=True,
            cluster={
                "create": {"kubernetes_version": "1.34", "node_count": 7, "node_vm_size": "Standard_B2s"}
            },
            tags=TAGS,
        ),
        empty_snapshot,
    ),
    "an application is signed in": (
        answers("customer-managed-public", **LETTER),
        lambda a: empty_snapshot(a, signed_in=APPLICATION),
    ),
    "the feature is on its way": (PLATFORM, lambda a: empty_snapshot(a, feature="Registering")),
}
every = pytest.mark.parametrize("key_option", KEY_OPTIONS)


def text(key_option: str) -> str:
    chosen, exists = KEY_OPTIONS[key_option]
    return script(chosen, snapshot=exists(chosen))


@every
def test_a_shell_can_parse_the_script_and_shellcheck_reports_nothing(key_option: str) -> None:
    check_syntax(text(key_option))


@every
def test_it_completes_and_sets_every_variable_that_it_uses(key_option: str, tmp_path: Path) -> None:
    calls = run_plan(text(key_option), tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["bin", "calls"]
    assert calls[0][:2] == ["account", "set"]
    assert calls[-1][:2] == ["aks", "show"]


@every
def test_every_value_is_set_at_the_top(key_option: str) -> None:
    lines = text(key_option).splitlines()
    first = next(number for number, line in enumerate(lines) if line.startswith("az "))
    given = [number for number, line in enumerate(lines) if re.match(r"(export [A-Z_]+=[^$]|TAGS=)", line)]
    assert given
    assert max(given) < first


def names(key_option: str, folder: Path) -> list[str]:
    return [named(call) for call in run_plan(text(key_option), folder)]


def call(key_option: str, name: str, folder: Path) -> list[str]:
    return next(call for call in run_plan(text(key_option), folder) if named(call) == name)


def test_public_access_is_denied_after_the_cluster_update(tmp_path: Path) -> None:
    order = names("public to private", tmp_path)
    assert order.index("aks update") < order.index("keyvault update")


def test_public_access_is_allowed_before_the_cluster_update(tmp_path: Path) -> None:
    order = names("private to public", tmp_path)
    assert order.index("keyvault update") < order.index("aks update")
    opened = call("private to public", "keyvault update", tmp_path)
    assert value(opened, "--default-action") == "Allow"


@pytest.mark.parametrize("key_option", ["customer to platform", "legacy to platform"])
def test_migration_to_a_platform_managed_key(key_option: str, tmp_path: Path) -> None:
    update = call(key_option, "aks update", tmp_path)
    assert update[-1] == "--disable-azure-keyvault-kms"
    assert value(update, "--kms-infrastructure-encryption") == "Enabled"


def test_a_vault_with_access_policies_gets_a_policy_and_no_crypto_role(tmp_path: Path) -> None:
    order = names("vault with access policies", tmp_path)
    assert order.count("keyvault set-policy") == 2
    assert [name for name in order if name.startswith("role assignment")] == [
        "role assignment create Key Vault Contributor"
    ]


def test_existing_resources_are_only_looked_up(tmp_path: Path) -> None:
    order = names("everything exists", tmp_path)
    writes = [name for name in order if name.rpartition(" ")[2] not in {"show", "get", "set", "register"}]
    assert writes == ["aks update"]


@pytest.mark.parametrize("name", ["keyvault create", "keyvault key create"])
def test_tags_are_passed_as_separate_arguments(name: str, tmp_path: Path) -> None:
    made = call("rotation, hardware, tags", name, tmp_path)
    assert made[made.index("--tags") + 1 :] == [f"{tag}={content}" for tag, content in TAGS.items()]


def test_a_name_with_a_leading_hyphen_is_no_option(tmp_path: Path) -> None:
    assert "--name=-kms" in call("rotation, hardware, tags", "keyvault key create", tmp_path)


def test_an_application_assigns_the_role_to_itself(tmp_path: Path) -> None:
    given = call("an application is signed in", "role assignment create Key Vault Crypto Officer", tmp_path)
    assert value(given, "--assignee-object-id") == APPLICATION.object_id
    assert value(given, "--assignee-principal-type") == "ServicePrincipal"


def test_a_script_stops_at_the_first_failure_and_reports_its_line(tmp_path: Path) -> None:
    printed = script(PRIVATE)
    done, calls = ran(printed, tmp_path, FAILS="identity create")
    assert done.returncode == 3
    assert calls[-1][:2] == ["identity", "create"]
    line = 1 + printed.splitlines().index(
        'az identity create --name "$IDENTITY_NAME" --resource-group "$RESOURCE_GROUP"'
    )
    assert f"Stopped in line {line}: az identity create" in done.stderr
    assert "aks-kms script --live" in done.stderr


@pytest.mark.parametrize(
    ("fails", "said"),
    [
        (
            "feature show --namespace Microsoft.ContainerService --name KMSPMKPreview --query",
            "is not registered",
        ),
        ("keyvault key list", "still cannot list the keys"),
    ],
)
def test_every_wait_has_a_limit(fails: str, said: str, tmp_path: Path) -> None:
    done, calls = ran(script(answers("customer-managed-private", **LETTER)), tmp_path, FAILS=fails)
    assert done.returncode == 1
    assert said in done.stderr
    assert sum(" ".join(call).startswith(fails) for call in calls) == 121


@pytest.mark.parametrize("failing", ["group create", "rest --method patch"])
def test_a_group_that_cannot_be_created_stops_it(failing: str, tmp_path: Path) -> None:
    done, calls = ran(script(answers("platform-managed", tags=ODD_TAGS)), tmp_path, FAILS=failing)
    assert done.returncode == 3
    assert " ".join(calls[-1]).startswith(failing)
    assert "Stopped in line" in done.stderr


def test_a_failure_in_a_command_substitution_stops_it_too(tmp_path: Path) -> None:
    done, calls = ran(script(PRIVATE), tmp_path, FAILS="keyvault show")
    assert done.returncode == 3
    assert calls[-1][:2] == ["keyvault", "show"]
    assert done.stderr.count("Stopped in line") == 1
