"""The form for vault, key and identity: findings in the panel beside it, existing resources, and why some are not offered."""

import json
import math
from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from textual.widgets import TextArea

from screens.pages.review import ReviewScreen
from screens.pages.vault import VaultScreen
from screens.pages.vault_entries import form_of
from screens.session.draft import Draft, VaultForm
from screens.widgets.fields import Field
from tests.journeys.test_wizard_existing import pick
from tests.operator import LARGE, SMALL, Operator, wizard
from tests.support import DEVELOPMENT, vault_id
from wizard.answers.model import Answers, load
from wizard.simulator import Simulator

Form = Callable[..., AbstractAsyncContextManager[tuple[Simulator, Operator]]]


@pytest.fixture
def form(tmp_path: Path) -> Form:
    """A wizard at the form for vault, key and identity of aks-demo."""

    @asynccontextmanager
    async def begin(
        scenario: str | Path, option: str = "Private", size: tuple[int, int] = LARGE
    ) -> AsyncIterator[tuple[Simulator, Operator]]:
        async with (
            Simulator(scenario, speed=math.inf) as simulator,
            wizard(simulator, tmp_path, size) as operator,
        ):
            await operator.to_clusters(register=False)
            await operator.choose("aks-demo")
            await operator.take_key(option)
            await operator.sees("Vault, key and identity for aks-demo")
            yield simulator, operator

    return begin


async def named(operator: Operator, entry: str, name: str) -> None:
    """Write another name into an entry, and leave it."""
    operator.app.screen.query_one(f"#{entry}-input").focus()
    await operator.press("ctrl+a", "ctrl+k")
    await operator.paste(name)
    await operator.press("tab")


def chosen(operator: Operator) -> Answers:
    """The answers as they stand once the form is left."""
    return operator.app.session.draft.answers()


async def test_vault_with_access_policies_is_used_and_saved_answers_are_those_of_the_plan(
    form: Form, tmp_path: Path
) -> None:
    async with form("vault-access-policies") as (_, operator):
        await pick(operator, "vault", "kv-demo · rg-demo")
        await operator.sees(
            "uses access policies: the identity gets its own, and no other policy is changed",
            "! The key vault kv-demo allows public access now; the plan denies it.",
        )
        operator.app.screen.query_one("#identity-name-input").focus()
        await operator.sees("gets an access policy (encrypt, decrypt, get)")
        await operator.press("ctrl+n")
        await operator.sees("access policy", "encrypt, decrypt, get", "Enter, then type aks-demo")
        await operator.press("ctrl+s")
        await operator.sees("Save the answers")
        await operator.press("ctrl+a", "ctrl+k")
        await operator.paste(str(tmp_path / "answers.yaml"))
        await operator.press("enter", "enter")
        await operator.until((tmp_path / "answers.yaml").exists, "the file")
        assert load(tmp_path / "answers.yaml") == chosen(operator)
        await operator.press("f2")
        await operator.sees("Azure CLI commands", "set -euo pipefail")
        await operator.press("escape", "f1")
        await operator.sees("Help", "The plan was made from the current state in Azure")


@pytest.mark.matrix
async def test_vault_and_identity_of_another_subscription_are_offered_last_and_kept_in_the_answers(
    form: Form,
) -> None:
    async with form("vault-elsewhere", "Public") as (_, operator):
        await pick(operator, "vault", "kv-demo · rg-keys · westus2 · Contoso Development")
        await pick(operator, "key", "aks-kms")
        await pick(operator, "identity", "id-aks-demo · rg-keys · westus2 · Contoso Development")
        await operator.press("ctrl+n")
        await operator.sees("Enter, then type aks-demo")
        answers = chosen(operator)
        assert answers.vault is not None
        assert answers.identity is not None
        assert (answers.vault.subscription, answers.vault.resource_group) == (DEVELOPMENT, "rg-keys")
        assert (answers.identity.subscription, answers.identity.resource_group) == (DEVELOPMENT, "rg-keys")


@pytest.mark.sampled(4)
@pytest.mark.parametrize(
    ("scenario", "choose", "why"),
    [
        ("vault-perimeter", "", "The key vault kv-demo is secured by a network security perimeter"),
        ("vault-other-tenant", "", "The key vault kv-demo belongs to another tenant"),
        ("key-elliptic", "kv-demo", "The key kv-demo/aks-kms is EC, which cannot encrypt"),
        ("key-expired", "kv-demo", "The key kv-demo/aks-kms expired on"),
    ],
)
async def test_unusable_resources_are_not_offered_and_the_reason_is_shown(
    form: Form, scenario: str, choose: str, why: str
) -> None:
    async with form(scenario) as (simulator, operator):
        if choose:
            await pick(operator, "vault", choose)
        await operator.sees("not offered:", why)
        assert simulator.writes() == []


@pytest.mark.sampled(2)
@pytest.mark.parametrize("size", [SMALL, LARGE], ids=["80x24", "120x40"])
async def test_name_of_a_soft_deleted_vault_is_reported_on_leaving_and_cleared_on_the_next_keystroke(
    form: Form, size: tuple[int, int]
) -> None:
    async with form("vault-soft-deleted", size=size) as (simulator, operator):
        await named(operator, "vault-name", "kv-demo")
        await operator.sees("✗ Vault name The key vault kv-demo is soft-deleted, so its name is reserved")
        operator.app.screen.query_one("#tags-input").focus()
        await operator.sees("Fix the errors marked ✗ at the vault name")
        await operator.press("ctrl+n")
        assert isinstance(operator.app.screen, VaultScreen)
        await operator.sees("is soft-deleted, so its name is reserved")
        operator.app.screen.query_one("#tags-input").focus()
        await operator.press("f3")
        await operator.sees("Preflight checks", " passed, 1 problem", "(vault-soft-deleted)")
        await operator.press("escape")
        await operator.press("f8", "ctrl+y")
        assert operator.app.clipboard.startswith("az keyvault recover --name kv-demo")
        await operator.press("end", "2", "f3")
        await operator.sees("Preflight checks", "not yet read. They are running")
        await operator.press("escape")
        await operator.until(lambda: "was deleted" not in operator.frame(), "the finding to go")
        await operator.press("tab", "ctrl+n")
        await operator.sees("Enter, then type aks-demo")
        assert simulator.writes() == []


@pytest.mark.matrix
async def test_public_access_of_a_shared_vault_is_not_denied(form: Form) -> None:
    async with form("shared-vault") as (_, operator):
        await pick(operator, "vault", "kv-demo")
        await operator.sees("✗ Denying public access to kv-demo would block aks-shop")
        operator.app.screen.query_one("#tags-input").focus()
        await operator.sees("Fix the errors marked ✗ at the vault")
        await operator.press("f3")
        await operator.sees("Preflight checks", "(vault-shared)", "az aks update -n aks-shop")


@pytest.mark.matrix
async def test_missing_permissions_are_shown_and_do_not_block_the_review(form: Form) -> None:
    async with form("no-grant") as (_, operator):
        await named(operator, "vault-name", "kv-mine")
        operator.app.screen.query_one("#tags-input").focus()
        await operator.sees(
            "✗ application",
            "has no permission for Microsoft.Author",  # where the panel breaks it
            "group rg-demo. Fix Ask an owner",
        )
        await operator.press("ctrl+n")
        await operator.until(lambda: isinstance(operator.app.screen, ReviewScreen), "the review")
        await operator.sees("This plan cannot be applied")


@pytest.mark.matrix
async def test_selected_rotation_interval_is_in_the_answers(form: Form) -> None:
    async with form("contoso") as (_, operator):
        await pick(operator, "rotate", "every year")
        await operator.sees("AKS uses each new version within 6 hours")
        await operator.press("ctrl+n")
        await operator.sees("rotated every year", "Enter, then type aks-demo")
        answers = chosen(operator)
        assert answers.key is not None
        assert answers.key.rotate_every == "P1Y"


async def test_form_cannot_be_completed_before_existing_resources_are_listed(tmp_path: Path) -> None:
    match = {"method": "GET", "path": "*/providers/Microsoft.KeyVault/vaults", "count": 2}
    slow = {
        "extends": "encrypted",
        "description": "Vaults take their time.",
        "faults": [{"match": match, "hang": True}],
    }
    path = tmp_path / "world.yaml"
    path.write_text(json.dumps(slow), "utf-8")
    async with Simulator(path, speed=math.inf) as simulator, wizard(simulator, tmp_path, LARGE) as operator:
        await operator.to_clusters(register=False)
        await operator.choose("aks-demo")
        await operator.take_key("Private")
        await operator.sees("Vault, key and identity for aks-demo", "Loading existing resources from Azure")
        await operator.press("ctrl+n")
        assert isinstance(operator.app.screen, VaultScreen)
        assert simulator.writes() == []


@pytest.mark.parametrize("asked", [(), ("vault",), ("key",), ("identity",), ("vault", "identity")])
def test_selected_existing_resources_stay_while_they_are_listed(asked: tuple[str, ...]) -> None:
    """The form, where nothing that exists is offered yet: what is not being asked is new."""
    vault = vault_id("kv-keys", "rg-keys", DEVELOPMENT)
    before = VaultForm(
        vault="kv-keys", vault_group="rg-keys", vault_subscription=DEVELOPMENT, vault_id=vault, key="theirs",
        key_exists=True, key_size=4096, identity="id-theirs", identity_group="rg-keys", identity_id="/an/id", seen=True,
    )  # fmt: skip
    typed = dict.fromkeys(
        ("vault-name", "vault-group", "key-name", "identity-name", "identity-group", "tags"), ""
    )
    typed |= {"purge": "on", "key-type": "RSA:3072", "rotate": "", "through": "", "vault-name": "kv-new"}
    form = form_of(Draft(vault=before, option="Private"), typed, None, None, None, loading=asked)
    assert (form.vault, form.vault_subscription, form.vault_id) == (
        ("kv-keys", DEVELOPMENT, vault) if "vault" in asked else ("kv-new", "", "")
    )
    assert (form.key, form.key_exists, form.key_size) == (
        ("theirs", True, 4096) if "vault" in asked else ("", False, 3072)
    )
    assert form.identity_id == ("/an/id" if "identity" in asked else "")


async def test_resources_of_the_cluster_are_preselected_and_a_new_key_gets_an_unused_name(
    form: Form,
) -> None:
    async with form("encrypted") as (_, operator):
        await operator.sees(
            "kv-demo · rg-demo",
            "aks-kms · RSA",
            "id-aks-demo · rg-demo",
            "the cluster is updated first, then public access is denied",
        )
        await pick(operator, "key", "a new key")
        field = operator.app.screen.query_one("#key-name", Field)
        assert field.value == "aks-kms-2", "an unused name"
        field.edit()
        await operator.press("end", "backspace", "backspace")
        await operator.sees("exists already and is used unchanged")
        assert field.value == "aks-kms"
        await operator.press("ctrl+n")
        await operator.sees(
            "kv-demo/aks-kms (Public), identity id-aks-demo → kv-demo/aks-kms (Private), identity id-aks-demo",
            "after the cluster update",
            "Enter, then type aks-demo",
        )
        await operator.press("f2")
        await operator.sees("Azure CLI commands for the current state")
        text = operator.app.screen.query_one(TextArea).text
        assert "Look up the existing key vault" in text
        assert "az keyvault create" not in text
