"""The Terraform export: parsed by HashiCorp's own parser and read back by another one."""

from pathlib import Path
from typing import Any

import hcl2
import pytest
import tfparse

from tests.unit.export.setups import (
    AUTOMATIC,
    ELSEWHERE,
    GOLDEN,
    HOSTILE,
    HOSTILE_TEXT,
    KEY_ID,
    LEGACY,
    PLATFORM_MANAGED,
    POLICIES,
    PRIVATE,
    SETUPS,
)
from tests.unit.reports.golden import holds
from wizard.export.hcl import Block, block, quoted
from wizard.export.model import Setup
from wizard.export.terraform import merged, terraform

BROKEN = {
    "unclosed": 'resource "a" "b" {\n',
    "quote": 'resource "a" "b" {\n  x = "y\n}\n',
    "equals": 'resource "a" "b" {\n  x == "y"\n}\n',
    "two on a line": 'resource "a" "b" {\n  x = 1 y = 2\n}\n',
}


def parsed(folder: Path, text: str) -> dict[str, Any]:
    """Parse with HashiCorp's parser. Raise if it finds an error."""
    (folder / "main.tf").write_text(text, "utf-8")
    found: dict[str, Any] = tfparse.load_from_path(str(folder), stop_on_hcl_error=True)
    return found


def read_back(text: str) -> dict[str, Any]:
    """The blocks of one type, by the path of their labels."""
    found: dict[str, Any] = hcl2.loads(text)
    return found


def resources(text: str) -> dict[str, Any]:
    """Every resource by `type.label`."""
    return {
        f"{unquoted(kind)}.{unquoted(label)}": body
        for each in read_back(text).get("resource", [])
        for kind, labelled in each.items()
        for label, body in labelled.items()
    }


def unquoted(text: str) -> str:
    return text.strip('"')


@pytest.mark.parametrize("manage", [False, True], ids=["hands-off", "manage"])
@pytest.mark.parametrize("name", SETUPS)
def test_every_export_is_parsed_by_hashicorps_parser(name: str, manage: bool, tmp_path: Path) -> None:
    text = terraform(SETUPS[name], manage=manage)
    parsed(tmp_path, text)
    parsed(
        tmp_path,
        block(Block("resource", ("azurerm_kubernetes_cluster", "this"), blocks=merged(SETUPS[name]))),
    )
    holds(f"{name}{'-manage' if manage else ''}.tf", text, GOLDEN)


@pytest.mark.parametrize("name", BROKEN)
def test_broken_code_is_refused_by_the_parser(name: str, tmp_path: Path) -> None:
    with pytest.raises(Exception, match=r"(?i)main\.tf|expected|invalid|unclosed|missing|argument"):
        parsed(tmp_path, BROKEN[name])


@pytest.mark.parametrize(
    "setup", [PRIVATE, LEGACY, POLICIES, ELSEWHERE], ids=["private", "legacy", "policies", "elsewhere"]
)
def test_what_is_imported_is_announced_and_protected(setup: Setup) -> None:
    text = terraform(setup)
    imports = read_back(text).get("import", [])
    assert len(imports) == setup.imports
    assert f"{setup.imports} to import, 0 to add" in text
    for name, body in resources(text).items():
        assert body["lifecycle"][0]["prevent_destroy"] is True, name


def test_no_code_names_a_key_version_but_that_of_legacy_kms() -> None:
    for setup in (PRIVATE, AUTOMATIC, ELSEWHERE):
        assert f"{KEY_ID}/" not in terraform(setup, manage=True)
    assert f'key_vault_key_id         = "{KEY_ID}/0123456789abcdef"' in "\n".join(
        block(each) for each in merged(LEGACY)
    )


def test_a_platform_managed_key_needs_only_the_drift_check() -> None:
    text = terraform(PLATFORM_MANAGED)
    assert "0 to import" in text
    assert resources(text) == {}
    assert merged(PLATFORM_MANAGED) == ()
    assert "infrastructureEncryption" in text


def test_an_automatic_cluster_has_no_block_to_ignore() -> None:
    assert [each.type for each in merged(AUTOMATIC)] == ["identity"]
    assert [each.type for each in merged(PRIVATE)] == ["identity", "lifecycle"]


def test_the_managed_form_writes_the_profile_that_the_cluster_has() -> None:
    body = resources(terraform(PRIVATE, manage=True))["azapi_update_resource.aks_kms"]["body"]
    profile = body["properties"]["securityProfile"]
    assert (
        unquoted(profile["kubernetesResourceObjectEncryptionProfile"]["infrastructureEncryption"])
        == "Enabled"
    )
    own = profile["azureKeyVaultKms"]
    assert unquoted(own["keyId"]) == KEY_ID
    assert unquoted(own["keyVaultNetworkAccess"]) == "Private"
    assert own["enabled"] is True


def test_resources_of_another_subscription_have_a_provider_of_their_own() -> None:
    text = terraform(ELSEWHERE)
    assert "provider                      = azurerm.aks_kms_1" in text
    assert 'subscription_id = "33333333-3333-3333-3333-333333333333"' in text


def test_hostile_names_stay_text(tmp_path: Path) -> None:
    text = terraform(HOSTILE)
    found = parsed(tmp_path, text)
    (vault,) = found["azurerm_key_vault"]
    assert vault["tags"][HOSTILE_TEXT] == HOSTILE_TEXT
    assert vault["tags"]["it's"] == "${v}"
    (role,) = found["azurerm_role_assignment"]
    assert role["condition"] == HOSTILE_TEXT


@pytest.mark.parametrize("text", [HOSTILE_TEXT, "$${x}", "%%{y}", "\\", '"', "\x7f\x00", "ä€𝄞"])
def test_a_literal_means_exactly_its_text(text: str, tmp_path: Path) -> None:
    found = parsed(tmp_path, block(Block("resource", ("t", "l"), {"x": text})))
    assert found["t"][0]["x"] == text.replace("\x00", "\x00")
    assert "\n" not in quoted(text)
