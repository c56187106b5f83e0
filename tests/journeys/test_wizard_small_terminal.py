"""At 80x24: the selection is visible, keys do what the page says, and everything important can be reached."""

import math
from pathlib import Path

import pytest
from textual import events
from textual.widgets import Input

from screens.pages import prerequisites
from screens.session.preferences import chosen_theme
from tests.operator import SMALL, wizard
from tests.support import PRODUCTION
from wizard.simulator import Simulator


async def test_arrow_keys_and_tab_show_each_card_completely_below_the_titles_of_all(tmp_path: Path) -> None:
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, SMALL) as operator,
    ):
        await operator.walk_to_clusters(register=False)
        await operator.choose("payments-prod")
        whose = operator.app
        await operator.until(
            lambda: whose.focused is not None and whose.focused.id == "card-Private", "a card"
        )
        first = await operator.sees("1 Platform-managed", "3 Public vault", "production with a requirement")
        assert "✓ Prerequisites – Feature ✓ Cluster" in first
        for key, option, texts in (
            (
                "down",
                "Public",
                ("Customer-managed key, public vault", "networks that cannot use a key vault"),
            ),
            (
                "shift+tab",
                "Private",
                ("Customer-managed key, private vault", "production with a requirement"),
            ),
            ("up", "platform-managed", ("Platform-managed key", "encryption without a key to manage")),
        ):
            await operator.press(key)
            await operator.sees(*texts)
            assert whose.focused is not None
            assert whose.focused.id == f"card-{option}"
        await operator.press("enter")
        await operator.sees("not encrypted → a platform-managed key")
        assert whose.session.draft.option == "platform-managed"


async def test_log_follows_its_end_while_the_steps_grow(tmp_path: Path) -> None:
    async with (
        Simulator("never-ends", speed=600) as simulator,
        wizard(simulator, tmp_path, SMALL) as operator,
    ):
        await operator.to_clusters(register=False)
        await operator.choose("payments-prod")
        await operator.to_review("Private")
        await operator.start("payments-prod")
        assert operator.app.session.active is not None
        steps = len(operator.app.session.active.steps)
        await operator.sees(f"{steps - 2} of {steps} done", "log: events, following")
        await operator.press("l", "l")
        await operator.sees(
            "log: all, following · ←→ scroll", "following the operation, at most", f"Steps 1 to {steps - 2}: "
        )
        await operator.press("right", "right")
        await operator.sees("--timeout operation)")
        await operator.press("up")
        await operator.sees("log: all, paused")
        await operator.press("end")
        await operator.sees("log: all, following", "operation)")
        await operator.press("a")
        await operator.sees("Create the key vault  ")
        await operator.press("slash", *"quux", "enter")
        await operator.sees("with “quux”")
        await operator.press("escape")
        await operator.until(
            lambda: "quux" not in operator.frame() and "Create the key vault  " in operator.frame(),
            "no filter",
        )
        assert not operator.app.screen.query_one("#log-filter").display


async def test_fast_typing_goes_to_the_filter(tmp_path: Path) -> None:
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, SMALL) as operator,
    ):
        await operator.to_clusters(register=False)
        for letter in "/pay/a":
            operator.app.post_message(events.Key("slash" if letter == "/" else letter, letter))
        field = operator.app.screen.query_one("#filter", Input)
        await operator.until(lambda: field.value == "pay/a", "all of it in the filter")
        await operator.sees("Which cluster?")


async def test_review_opens_its_gate_at_the_end_of_the_plan_and_no_message_covers_it(
    tmp_path: Path,
) -> None:
    async with (
        Simulator("contoso", speed=math.inf) as simulator,
        wizard(simulator, tmp_path, SMALL) as operator,
    ):
        await operator.to_clusters(register=False)
        await operator.choose("orders-prod")
        await operator.to_review("Private")
        await operator.sees(
            "AKS cannot disable this encryption later.",
            "Purge protection of kv-orders-prod-kms cannot be disabled later",
            "orders-prod changes to a user-assigned identity",
            "never delete, 2 warnings ",
        )
        await operator.sees("enter read on", "Read the plan to its end with Enter, then type orders-prod.")
        await operator.press("enter")
        field = operator.app.screen.query_one("#typed", Input)
        assert field.disabled
        while field.disabled:
            await operator.press("pagedown")
        await operator.sees(
            "No blocking problems", "enter to the name", "Press Enter, then type orders-prod."
        )
        await operator.press("enter")
        await operator.sees("No blocking problems", "Type orders-prod, then press Enter.")
        await operator.type("orders-p")
        await operator.sees("8 of 11 letters match.")
        await operator.type("rod")
        operator.app.notify("A message of two lines. " * 5)
        await operator.sees(
            "A message of two lines.", "✓ Name matches. Enter applies this plan.", "enter apply"
        )


async def test_default_subscription_is_preselected_and_many_have_a_filter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(prerequisites, "_MANY", 1)
    profile = f'{{"subscriptions": [{{"id": "{PRODUCTION}", "isDefault": true}}]}}'
    (tmp_path / "azureProfile.json").write_text(profile, "utf-8")
    async with (
        Simulator("contoso") as simulator,
        wizard(simulator, tmp_path, SMALL, AZURE_CONFIG_DIR=str(tmp_path)) as operator,
    ):
        await operator.sees("Signed in to")
        await operator.press("enter")
        await operator.sees("enter select", f"{PRODUCTION} default", "2 subscriptions")
        await operator.press("slash")
        await operator.sees("esc to the list")
        await operator.type("dev")
        await operator.sees("1 of 2 subscriptions", "esc clear filter")
        await operator.press("escape")
        await operator.sees("2 subscriptions", "esc back")
        await operator.press("enter")
        await operator.sees("The preview feature")
        subscription = operator.app.session.draft.subscription
        assert subscription
        assert subscription.id == PRODUCTION


async def test_palette_offers_help_the_keys_of_the_footer_and_themes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    async with Simulator("contoso") as simulator, wizard(simulator, tmp_path, SMALL) as operator:
        await operator.sees("Signed in to")
        await operator.press("ctrl+p")
        await operator.sees("Quit the wizard ^q")
        assert "Back" not in operator.frame()
        await operator.type("verify an existing")
        await operator.sees("Verify an existing cluster, without")
        await operator.press("ctrl+a", "ctrl+k")
        await operator.type("help")
        await operator.sees("Show the help of this page")
        await operator.press("enter")
        await operator.sees("The wizard goes through the steps in the step rail")
        await operator.press("escape", "ctrl+p")
        await operator.type("calm-light")
        await operator.sees("Theme: calm-light")
        await operator.press("enter")
        await operator.sees("Theme calm-light saved in")
        assert operator.app.theme == "calm-light"
        assert chosen_theme({}) == "calm-light"
