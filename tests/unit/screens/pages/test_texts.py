"""The pure functions that make what pages show."""

import pytest
from textual.content import Content
from textual.style import Style

from screens.pages import feature, run_text, vault_text
from screens.pages.prerequisites import tool_line
from screens.session.draft import Draft, NewClusterForm
from screens.session.feature_registration import GONE, FeatureRegistration
from screens.widgets.fields import Said
from wizard.cloud.inventory import VaultRow
from wizard.cloud.tools import Prerequisite
from wizard.errors import Problem
from wizard.rules import Finding


@pytest.mark.parametrize(
    ("registration", "text"),
    [
        (FeatureRegistration(), "reading its state"),
        (FeatureRegistration("Registered"), "is registered. No action required."),
        (FeatureRegistration(GONE), "not needed any more"),
        (FeatureRegistration("Pending"), "requires approval by Microsoft"),
        (FeatureRegistration("NotRegistered"), "is not registered yet (NotRegistered)"),
        (FeatureRegistration("Registering", following=True, seconds=61), "Registering, 1:01 so far"),
        (FeatureRegistration(problem=Problem("azure", "Not read.", "", "")), "Not read."),
    ],
)
def test_state_of_the_feature(registration: FeatureRegistration, text: str) -> None:
    assert text in feature.state_of(registration, "KMSPMKPreview in Contoso", "◐", 76)[0].plain


def test_command_that_registers_the_feature() -> None:
    command = feature.register_command("2222")
    assert (
        command
        == "az feature register --namespace Microsoft.ContainerService --name KMSPMKPreview --subscription 2222"
    )


@pytest.mark.parametrize(
    ("state", "following", "offered"),
    [
        (None, False, False),
        ("NotRegistered", False, True),
        ("NotRegistered", True, False),
        ("Pending", False, False),
    ],
)
def test_registration_is_offered_only_if_it_is_possible(
    state: str | None, following: bool, offered: bool
) -> None:
    assert feature.can_register(FeatureRegistration(state, following=following)) == offered


def test_missing_tool_shows_how_to_fix_it() -> None:
    tool = Prerequisite(
        "kubectl", "checks inside a cluster", "any version", None, "missing", "az aks install-cli", None
    )
    text = tool_line(tool, narrow=False).plain
    assert "– kubectl" in text
    assert "to fix it, run  az aks install-cli" in text


@pytest.mark.parametrize(
    ("invalid", "mistakes", "loading", "reason"),
    [
        ([], [], False, None),
        (["vault-name"], ["key"], True, "Required: the vault name"),
        ([], ["key"], True, "Loading existing resources from Azure"),
        ([], ["key", "vault-group"], False, "Fix the errors marked ✗ at the key, the vault group"),
    ],
)
def test_reason_why_the_vault_form_cannot_be_completed(
    invalid: list[str], mistakes: list[str], loading: bool, reason: str | None
) -> None:
    assert vault_text.why_not_continue(invalid, mistakes, loading=loading) == reason


def test_state_of_the_form_is_empty_if_nothing_is_in_progress() -> None:
    assert vault_text.state(None, (), pending=False) == Content("")
    assert "running preflight checks" in vault_text.state(None, (), pending=True).plain
    assert "listing" in vault_text.state(None, ["listing the identities…"], pending=True).plain


def test_checks_that_are_not_read_say_why() -> None:
    problem = Problem("azure", "The vault could not be read.", "A cause.", "A remedy.")
    assert [
        vault_text.why_not_read(problem, [("vault-name", "Enter a name.")], valid=False, pending=False),
        vault_text.why_not_read(problem, [], valid=True, pending=False),
        vault_text.why_not_read(problem, [], valid=True, pending=True)[:16],
    ] == [
        "They run once every entry is valid.\n✗ vault name: Enter a name.",
        "The vault could not be read. The review checks again.",
        "They are running",
    ]


def test_panel_shows_the_entry_with_the_focus_then_what_is_wrong_elsewhere() -> None:
    fix = "Recover it: az keyvault recover -n kv"
    deleted = Finding("error", "vault-soft-deleted", "kv is soft-deleted.", fix)
    moves = Finding("warning", "identity-moves", "The identity changes.", "Assign its roles.")
    vault = Said("vault-name", "name", hint="unique", findings=(deleted,))
    identity = Said("identity", "Identity", findings=(moves,))
    done = Content("")
    here = vault_text.panel(vault, [identity], (), ["not offered: kv-2"], done, 60).plain
    assert here.splitlines() == [
        "Vault name",
        "unique",
        "✗ kv is soft-deleted.",
        "Fix  Recover it. ^y copies the az command.",
        "",
        "! Identity",
        "  The identity changes.",
        "",
        "not offered: kv-2",
    ]
    there = vault_text.panel(identity, [vault], (), [], done, 60).plain
    assert there.splitlines()[1:3] == ["! The identity changes.", "  Assign its roles."]
    assert there.splitlines()[-2:] == ["✗ Vault name", "  kv is soft-deleted."]
    assert "az keyvault" not in here + there


@pytest.mark.parametrize(
    ("following", "only", "words", "title"),
    [
        (True, "", "", "log: events, following"),
        (False, "vault", "denied", "log: events, paused; end follows · only vault · with “denied”"),
    ],
)
def test_title_of_the_log(following: bool, only: str, words: str, title: str) -> None:
    assert run_text.log_title(following=following, only=only, words=words) == title


def test_what_exists_is_linked_to_the_portal_and_what_is_new_is_not() -> None:
    vault = VaultRow("/kv", "kv-bank", "rg", "s", "westus2", True, True, True, {})
    draft = Draft(new_cluster=NewClusterForm("aks-new"), option="Private")
    for row, name in ((vault, "kv-bank ↗ (deny)"), (None, "kv-new (deny)")):
        text = vault_text.drawing(draft, row, "kv-new", lambda id_: f"https://portal{id_}", narrow=True)
        assert text.plain == f"aks-new ──trusted──▶ {name} ◀──✗── internet"
        links = {span.style.link for span in text.spans if isinstance(span.style, Style) and span.style.link}
        assert links == ({"https://portal/kv"} if row else set())
